//! The command palette: every action by name, followed by its argument.
//!
//! State only; [`update`] fills in the choices and runs them.

pub mod arguments;
pub mod layout;
mod matching;
mod names;
pub mod update;
pub mod view;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::text::SafeText;

use crate::tui::action::Entry;
use crate::tui::picker::Item;
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::target::Target;

/// The maximum length of the typed line, in bytes.
const MAX_LINE_BYTES: usize = 2000;

/// The effect of choosing a line.
#[derive(Clone, Debug)]
pub enum ChoiceKind {
    /// Runs an action, as its key would.
    Action(&'static Entry),
    /// Runs an earlier line again.
    Repeat(String),
    /// Has the effect of choosing an item of a picker.
    Item(Box<Item>),
}

/// A line that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The listed text: the name of an action, an earlier line, or an item of a picker.
    pub text: SafeText<'static>,
    /// A description that helps to choose.
    pub about: SafeText<'static>,
    /// The keys of the action.
    pub keys: String,
    /// The reason why it can't be chosen now; `None` if it can.
    pub disabled_reason: Option<String>,
    /// Indices of the matched graphemes in the text.
    pub marks: Vec<usize>,
    /// Indices of the matched graphemes in the description.
    pub about_marks: Vec<usize>,
    /// The effect of choosing it.
    pub kind: ChoiceKind,
}

/// The reason why `Enter` does nothing. Displayed as a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnterError {
    /// The action can't be used now, for this reason.
    #[error("{0}")]
    Disabled(String),
    /// The typed argument is invalid.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// The rules refuse the command for its only incident.
    #[error("{incident}: {reason}")]
    Refused {
        /// The incident, as messages name it.
        incident: String,
        /// The sentence of the rules.
        reason: String,
    },
}

/// The open command palette.
#[derive(Clone, Debug)]
pub struct Palette {
    /// The incidents that verbs apply to; fixed when the palette was opened.
    pub targets: Vec<Target>,
    /// The line typed so far, with the action's name and its argument.
    pub input: String,
    /// The action whose argument is being typed; `None` while its name is typed.
    pub command: Option<&'static Entry>,
    /// The lines that can be chosen, in order.
    pub choices: Vec<Choice>,
    /// Index of the selected choice.
    pub selected_index: usize,
    /// Index of the first choice on the screen.
    pub top: usize,
    /// Whether the person moved the selection: it then has precedence over the typed line.
    pub selection_moved: bool,
    /// Whether the typed argument is complete: `Enter` then runs it and not the first choice.
    pub runs_as_typed: bool,
    /// The effect of `Enter`, or the reason why it has none.
    pub enter_preview: Option<Result<String, EnterError>>,
}

impl Palette {
    /// Creates a palette with text typed already.
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

    /// Returns the selected choice.
    #[must_use]
    pub fn selected(&self) -> Option<&Choice> {
        self.choices.get(self.selected_index)
    }

    /// Returns the argument that is typed after the name.
    #[must_use]
    pub fn argument(&self) -> &str {
        split(&self.input).map_or("", |(_, argument)| argument)
    }

    /// Moves the selection by `by` lines; it stops at the ends.
    pub fn move_selection(&mut self, by: isize) {
        let last = self.choices.len().saturating_sub(1);
        self.selected_index = self.selected_index.saturating_add_signed(by).min(last);
        self.selection_moved = true;
    }

    /// Handles a key that triggers no action. Returns whether the line changed.
    pub fn handle_key(&mut self, key: KeyEvent) -> bool {
        edit_line(&mut self.input, key)
    }

    /// Appends pasted text as one line.
    pub fn paste(&mut self, pasted: &str) {
        paste_into(&mut self.input, pasted);
    }

    /// Scrolls so that the selected choice is visible among `rows` rows.
    pub fn scroll_to_selected(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.selected_index = self.selected_index.min(self.choices.len().saturating_sub(1));
        self.top =
            self.top.min(self.selected_index).max((self.selected_index + 1).saturating_sub(rows));
    }
}

/// Splits a line into name and argument; `None` while the name is being typed.
#[must_use]
pub fn split(typed: &str) -> Option<(&str, &str)> {
    let (name, argument) = typed.trim_start().split_once(char::is_whitespace)?;
    Some((name.trim_start_matches(':'), argument.trim_start()))
}

/// Applies a key to a line that is edited only at its end. Returns whether the line changed.
pub fn edit_line(line: &mut String, key: KeyEvent) -> bool {
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let before = line.len();
    match key.code {
        KeyCode::Char(ch) if plain && !ch.is_control() && before < MAX_LINE_BYTES => line.push(ch),
        KeyCode::Backspace if plain => {
            line.pop();
        }
        // As in a shell: deletes the line, or its last word.
        KeyCode::Char('u') if !plain => line.clear(),
        KeyCode::Char('w') | KeyCode::Backspace if !plain => {
            let word_start = line.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            line.truncate(word_start);
        }
        _ => {}
    }
    line.len() != before
}

/// Appends the first non-blank line of pasted text, without control characters.
pub fn paste_into(line: &mut String, pasted: &str) {
    let text = pasted.split(['\n', '\r']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    for ch in text.chars().filter(|ch| !ch.is_control()) {
        if line.len() >= MAX_LINE_BYTES {
            break;
        }
        line.push(ch);
    }
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
    fn name_ends_at_the_first_blank(#[case] typed: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(split(typed), expected);
    }

    #[rstest]
    #[case("assign ines", 'w', "assign ")]
    #[case("assign ", 'w', "")]
    #[case("assign ines", 'u', "")]
    #[case("assign", 'x', "assign")]
    fn control_keys_delete_as_in_a_shell(
        #[case] line: &str,
        #[case] key: char,
        #[case] expected: &str,
    ) {
        let mut line = line.to_owned();
        edit_line(&mut line, KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL));
        assert_eq!(line, expected);
    }

    #[test]
    fn pasted_text_counts_in_bytes() {
        let mut line = "note ".to_owned();
        paste_into(&mut line, &"決".repeat(3 * MAX_LINE_BYTES));
        assert!((MAX_LINE_BYTES..MAX_LINE_BYTES + 3).contains(&line.len()), "{}", line.len());
    }

    #[test]
    fn pasted_text_is_one_line_without_control_characters() {
        let mut line = "note ".to_owned();
        paste_into(&mut line, "\r\nrolled\u{1b} back\nsecond");
        assert_eq!(line, "note rolled back");
    }
}
