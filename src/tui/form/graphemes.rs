//! Editing by user-perceived characters (graphemes), which may consist of several characters of
//! Unicode.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::sanitize;

/// Makes control characters visible and a tab four spaces. Everything else is preserved, including
/// characters without width: joiners belong to the text.
pub(super) fn show_controls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for ch in text.replace("\r\n", "\n").chars() {
        match ch {
            '\n' => shown.push(ch),
            '\t' => shown.push_str("    "),
            _ if ch.is_control() => shown.push_str(&sanitize(ch)),
            _ => shown.push(ch),
        }
    }
    shown
}

/// Applies a key to an editor. Keys that move over or delete one character treat a grapheme as one.
pub(super) fn input(area: &mut TextArea<'static>, key: KeyEvent) {
    let plain = key.modifiers.is_empty() && !area.is_selecting();
    let (before, after) = neighbours(area);
    match key.code {
        KeyCode::Backspace if plain && before > 1 => {
            step(area, CursorMove::Back, before);
            area.delete_str(before);
        }
        KeyCode::Delete if plain && after > 1 => {
            area.delete_str(after);
        }
        KeyCode::Left if plain && before > 1 => step(area, CursorMove::Back, before),
        KeyCode::Right if plain && after > 1 => step(area, CursorMove::Forward, after),
        KeyCode::Char('h') if key.modifiers == KeyModifiers::CONTROL && before > 1 => {
            step(area, CursorMove::Back, before);
            area.delete_str(before);
        }
        // A line feed, which pasted text and programs that type send, is a line break. The editor would
        // delete the line up to the cursor.
        KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => area.insert_newline(),
        _ => {
            area.input(key);
        }
    }
}

fn step(area: &mut TextArea<'static>, motion: CursorMove, times: usize) {
    for _ in 0..times {
        area.move_cursor(motion);
    }
}

/// Returns how many characters the graphemes before and after the cursor have; 0 at an end of the
/// line.
fn neighbours(area: &TextArea<'_>) -> (usize, usize) {
    let cursor = area.cursor();
    let Some(line) = area.lines().get(cursor.0) else { return (0, 0) };
    let at = line.char_indices().nth(cursor.1).map_or(line.len(), |(index, _)| index);
    let count = |grapheme: Option<&str>| grapheme.map_or(0, |text| text.chars().count());
    (count(line[..at].graphemes(true).next_back()), count(line[at..].graphemes(true).next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_feed_breaks_the_line() {
        let mut area = TextArea::from(["seen from the train"]);
        area.move_cursor(CursorMove::End);
        input(&mut area, KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL));
        assert_eq!(area.lines(), ["seen from the train", ""]);
    }
}
