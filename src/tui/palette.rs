//! The command palette: everything by name, with what is typed behind the name.
//!
//! Pure state; what its lines are and lead to is `update::palette`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Entry;
use super::picker::Item;
use super::plan::Target;

/// The most characters of a line.
const MAX_LINE_BYTES: usize = 2000;

/// What choosing a line leads to.
#[derive(Clone, Debug)]
pub enum ChoiceKind {
    /// Do it, as its key would.
    Action(&'static Entry),
    /// Carry out a line again.
    Repeat(String),
    /// What an item of a list leads to.
    Item(Box<Item>),
}

/// A line that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is called.
    pub text: String,
    /// What helps to choose.
    pub about: String,
    /// Its keys.
    pub keys: String,
    /// Why it can't be chosen now.
    pub disabled_reason: Option<String>,
    /// Matched graphemes of the text.
    pub marks: Vec<usize>,
    /// Matched graphemes of what helps to choose.
    pub about_marks: Vec<usize>,
    /// What it leads to.
    pub kind: ChoiceKind,
}

/// The palette, as it is typed into.
#[derive(Clone, Debug)]
pub struct Palette {
    /// The incidents that verbs are about: fixed when it was opened.
    pub targets: Vec<Target>,
    /// What was typed.
    pub input: String,
    /// The action whose argument is being typed.
    pub command: Option<&'static Entry>,
    /// What can be chosen, in order.
    pub choices: Vec<Choice>,
    /// The selected one among them.
    pub selected_index: usize,
    /// The first one on the screen.
    pub top: usize,
    /// It was selected by hand: what is typed stands back.
    pub selection_moved: bool,
    /// What is typed behind the name stands by itself: `Enter` does not take the first line.
    pub runs_as_typed: bool,
    /// What `Enter` will do, or why it can't.
    pub enter_preview: Option<Result<String, String>>,
}

impl Palette {
    /// With something typed already.
    #[must_use]
    pub fn new(targets: Vec<Target>, typed: &str) -> Self {
        Self {
            targets,
            input: typed.to_owned(),
            command: None,
            choices: Vec::new(),
            selected_index: 0,
            top: 0,
            selection_moved: false,
            runs_as_typed: false,
            enter_preview: None,
        }
    }

    /// The selected line.
    #[must_use]
    pub fn selected(&self) -> Option<&Choice> {
        self.choices.get(self.selected_index)
    }

    /// What is typed behind the name.
    #[must_use]
    pub fn argument(&self) -> &str {
        split(&self.input).map_or("", |(_, argument)| argument)
    }

    /// One down or up, or further; the ends do not wrap.
    pub fn move_selection(&mut self, by: isize) {
        let last = self.choices.len().saturating_sub(1);
        self.selected_index = self.selected_index.saturating_add_signed(by).min(last);
        self.selection_moved = true;
    }

    /// A key that is no action; says whether something was typed.
    pub fn handle_key(&mut self, key: KeyEvent) -> bool {
        edit_line(&mut self.input, key)
    }

    /// Pasted text is typed, as one line.
    pub fn paste(&mut self, pasted: &str) {
        paste_into(&mut self.input, pasted);
    }

    /// Keeps the selected line on a page of so many rows.
    pub fn scroll_to_selected(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.selected_index = self.selected_index.min(self.choices.len().saturating_sub(1));
        self.top =
            self.top.min(self.selected_index).max((self.selected_index + 1).saturating_sub(rows));
    }
}

/// A name and what is typed behind it; `None` while the name is being typed.
#[must_use]
pub fn split(typed: &str) -> Option<(&str, &str)> {
    let (name, argument) = typed.trim_start().split_once(char::is_whitespace)?;
    Some((name.trim_start_matches(':'), argument.trim_start()))
}

/// A key in a line that is only written at its end; says whether it changed.
pub fn edit_line(line: &mut String, key: KeyEvent) -> bool {
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let before = line.len();
    match key.code {
        KeyCode::Char(ch) if plain && !ch.is_control() && before < MAX_LINE_BYTES => line.push(ch),
        KeyCode::Backspace if plain => {
            line.pop();
        }
        // As a shell does: the line, or its last word.
        KeyCode::Char('u') if !plain => line.clear(),
        KeyCode::Char('w') | KeyCode::Backspace if !plain => {
            let kept = line.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            line.truncate(kept);
        }
        _ => {}
    }
    line.len() != before
}

/// Pasted text in such a line: its first line, without what is not to be seen.
pub fn paste_into(line: &mut String, pasted: &str) {
    let text = pasted.split(['\n', '\r']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let room = MAX_LINE_BYTES.saturating_sub(line.len());
    line.extend(text.chars().filter(|ch| !ch.is_control()).take(room));
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("assign", None)]
    #[case("assign ", Some(("assign", "")))]
    #[case(" :assign  ines ", Some(("assign", "ines ")))]
    #[case("note one two", Some(("note", "one two")))]
    fn a_name_ends_at_the_first_blank(#[case] typed: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(split(typed), expected);
    }

    #[rstest]
    #[case("assign ines", 'w', "assign ")]
    #[case("assign ", 'w', "")]
    #[case("assign ines", 'u', "")]
    #[case("assign", 'x', "assign")]
    fn control_keys_take_back_as_in_a_shell(
        #[case] line: &str,
        #[case] key: char,
        #[case] expected: &str,
    ) {
        let mut line = line.to_owned();
        edit_line(&mut line, KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL));
        assert_eq!(line, expected);
    }

    #[test]
    fn what_is_pasted_is_one_line_without_control_characters() {
        let mut line = "note ".to_owned();
        paste_into(&mut line, "\r\nrolled\u{1b} back\nsecond");
        assert_eq!(line, "note rolled back");
    }
}
