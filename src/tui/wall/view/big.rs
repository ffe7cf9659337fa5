//! Letters that can be read from across a room: each pixel is two cells wide and one high, or a
//! multiple.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::widgets::text::fill;

/// The height of a letter, in pixels.
pub(in crate::tui) const GLYPH_HEIGHT: u16 = 5;

/// Capital letters, digits, marks, and the small letters of units.
const GLYPHS: &[(char, [&str; 5])] = &[
    ('0', ["###", "# #", "# #", "# #", "###"]),
    ('1', [" # ", "## ", " # ", " # ", "###"]),
    ('2', ["###", "  #", "###", "#  ", "###"]),
    ('3', ["###", "  #", "###", "  #", "###"]),
    ('4', ["# #", "# #", "###", "  #", "  #"]),
    ('5', ["###", "#  ", "###", "  #", "###"]),
    ('6', ["###", "#  ", "###", "# #", "###"]),
    ('7', ["###", "  #", "  #", "  #", "  #"]),
    ('8', ["###", "# #", "###", "# #", "###"]),
    ('9', ["###", "# #", "###", "  #", "###"]),
    ('A', ["###", "# #", "###", "# #", "# #"]),
    ('B', ["## ", "# #", "## ", "# #", "## "]),
    ('C', ["###", "#  ", "#  ", "#  ", "###"]),
    ('D', ["## ", "# #", "# #", "# #", "## "]),
    ('E', ["###", "#  ", "###", "#  ", "###"]),
    ('F', ["###", "#  ", "###", "#  ", "#  "]),
    ('G', ["###", "#  ", "# #", "# #", "###"]),
    ('H', ["# #", "# #", "###", "# #", "# #"]),
    ('I', ["###", " # ", " # ", " # ", "###"]),
    ('J', ["  #", "  #", "  #", "# #", "###"]),
    ('K', ["# #", "# #", "## ", "# #", "# #"]),
    ('L', ["#  ", "#  ", "#  ", "#  ", "###"]),
    ('M', ["#   #", "## ##", "# # #", "#   #", "#   #"]),
    ('N', ["#  #", "## #", "# ##", "#  #", "#  #"]),
    ('O', ["###", "# #", "# #", "# #", "###"]),
    ('P', ["###", "# #", "###", "#  ", "#  "]),
    ('Q', ["###", "# #", "# #", "###", "  #"]),
    ('R', ["## ", "# #", "## ", "# #", "# #"]),
    ('S', ["###", "#  ", "###", "  #", "###"]),
    ('T', ["###", " # ", " # ", " # ", " # "]),
    ('U', ["# #", "# #", "# #", "# #", "###"]),
    ('V', ["# #", "# #", "# #", "# #", " # "]),
    ('W', ["#   #", "#   #", "# # #", "## ##", "#   #"]),
    ('X', ["# #", "# #", " # ", "# #", "# #"]),
    ('Y', ["# #", "# #", " # ", " # ", " # "]),
    ('Z', ["###", "  #", " # ", "#  ", "###"]),
    ('d', ["  #", "  #", "###", "# #", "###"]),
    ('h', ["#  ", "#  ", "###", "# #", "# #"]),
    ('m', ["     ", "     ", "#### ", "# # #", "# # #"]),
    ('s', ["   ", " ##", "#  ", "  #", "## "]),
    ('w', ["     ", "     ", "# # #", "# # #", " # # "]),
    ('<', ["  #", " # ", "#  ", " # ", "  #"]),
    ('%', ["# #", "  #", " # ", "#  ", "# #"]),
    ('–', ["  ", "  ", "##", "  ", "  "]),
    ('-', ["  ", "  ", "##", "  ", "  "]),
    ('.', [" ", " ", " ", " ", "#"]),
    (',', [" ", " ", " ", "#", "#"]),
    (':', [" ", "#", " ", "#", " "]),
    ('/', ["  #", "  #", " # ", "#  ", "#  "]),
    ('\'', ["#", "#", " ", " ", " "]),
    ('(', [" #", "# ", "# ", "# ", " #"]),
    (')', ["# ", " #", " #", " #", "# "]),
    ('+', ["   ", " # ", "###", " # ", "   "]),
    ('!', ["#", "#", "#", " ", "#"]),
    ('?', ["###", "  #", " # ", "   ", " # "]),
    ('&', [" # ", "# #", " # ", "# #", " ##"]),
    (' ', ["  ", "  ", "  ", "  ", "  "]),
];

fn glyph(letter: char) -> Option<&'static [&'static str; 5]> {
    GLYPHS.iter().find(|(ch, _)| *ch == letter).map(|(_, rows)| rows)
}

/// Whether there is a glyph for each character of a text.
pub(in crate::tui) fn can_render(text: &str) -> bool {
    text.chars().all(|ch| glyph(ch).is_some())
}

/// Returns the width of a text at a scale, in columns.
pub(in crate::tui) fn width(text: &str, scale: u16) -> u16 {
    let pixels: usize = text.chars().filter_map(glyph).map(|rows| rows[0].len() + 1).sum::<usize>();
    u16::try_from(pixels.saturating_sub(1)).unwrap_or(u16::MAX).saturating_mul(2 * scale)
}

/// Returns the height of a line at a scale, in rows.
pub(in crate::tui) const fn height(scale: u16) -> u16 {
    GLYPH_HEIGHT * scale
}

/// Draws a text from the upper left corner of `area`, clipped to it.
pub(in crate::tui) fn draw(text: &str, style: Style, scale: u16, area: Rect, buffer: &mut Buffer) {
    draw_glyphs(text, scale, area, buffer, |_| style);
}

/// Draws a duration like [`draw`], with a separate style for the units after the figures.
pub(in crate::tui) fn draw_span(
    text: &str,
    (figure, unit): (Style, Style),
    scale: u16,
    area: Rect,
    buffer: &mut Buffer,
) {
    draw_glyphs(text, scale, area, buffer, |ch| if ch.is_ascii_digit() { figure } else { unit });
}

fn draw_glyphs(
    text: &str,
    scale: u16,
    area: Rect,
    buffer: &mut Buffer,
    style: impl Fn(char) -> Style,
) {
    let area = area.intersection(buffer.area);
    let pixel = 2 * scale;
    let mut x = area.x;
    for ch in text.chars() {
        let Some(rows) = glyph(ch) else { continue };
        for (row, y) in rows.iter().zip((area.y..).step_by(usize::from(scale))) {
            for (mark, left) in row.chars().zip((x..).step_by(usize::from(pixel))) {
                if mark == '#' {
                    let dot = Rect { x: left, y, width: pixel, height: scale };
                    fill("█", style(ch), dot.intersection(area), buffer);
                }
            }
        }
        let columns = u16::try_from(rows[0].len() + 1).unwrap_or(1);
        x = x.saturating_add(columns.saturating_mul(pixel));
    }
}

/// Wraps a text in capitals into lines of at most `columns` columns. `None` if a character has no
/// glyph, or a word is too long.
pub(in crate::tui) fn lines(text: &str, scale: u16, columns: u16) -> Option<Vec<String>> {
    let text = text.to_uppercase();
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if !can_render(word) || width(word, scale) > columns {
            return None;
        }
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), scale) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    Some(lines)
}
