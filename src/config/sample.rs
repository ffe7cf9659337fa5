//! The commented sample: every setting with its default and a sentence.

use std::fmt::Write;

use super::toml_text::format_keys;

const SAMPLE: &str = include_str!("sample.toml");
/// The line that the keys of the actions replace.
const KEYS_LINE: &str = "@KEYS@\n";
/// What follows this line are examples instead of defaults.
pub const EXAMPLES_LINE: &str = "# From here on examples";

/// An action with its default keys.
#[derive(Clone, Copy, Debug)]
pub struct ActionKeys<'a> {
    /// Name of the action.
    pub name: &'a str,
    /// Keys of the action, the main one first.
    pub keys: &'a [&'a str],
    /// What the action does, on one line.
    pub help: &'a str,
}

/// Returns the sample with the keys of these actions.
#[must_use]
pub fn sample<'a>(actions: impl IntoIterator<Item = ActionKeys<'a>>) -> String {
    let mut lines = String::new();
    for action in actions {
        let keys = format_keys(action.keys);
        // Writing to a String can't fail.
        let _ = writeln!(lines, "#{} = {keys} # {}", action.name, action.help);
    }
    SAMPLE.replacen(KEYS_LINE, &lines, 1)
}

/// Returns the sample with its settings uncommented: a `#` that a blank follows begins a sentence,
/// any other one a setting.
#[must_use]
pub fn uncommented(sample: &str) -> String {
    let mut text = String::new();
    for line in sample.lines() {
        let line = match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| !c.is_whitespace() && c != '-') => rest,
            Some(rest) if rest.starts_with("    ") => rest,
            _ => line,
        };
        text.push_str(line);
        text.push('\n');
    }
    text
}
