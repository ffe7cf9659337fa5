//! The commented sample: every setting with its default and a sentence.

use std::fmt::Write;

use super::appearance::ThemeName;
use super::toml_text::{format_keys, quote};

const SAMPLE: &str = include_str!("sample.toml");
/// The line that the keys of the actions replace.
const KEYS_LINE: &str = "@KEYS@\n";
/// The line after which examples follow instead of defaults.
pub const EXAMPLES_LINE: &str = "# From here on examples";

/// An action with its default keys.
#[derive(Clone, Copy, Debug)]
pub struct ActionKeys<'a> {
    /// Name of the action.
    pub name: &'a str,
    /// Keys of the action, the main one first.
    pub keys: &'a [&'a str],
    /// A description of the action, on one line.
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

/// The answers to the first questions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answers {
    /// The handle.
    pub user: String,
    /// The full name.
    pub name: String,
    /// The team, if there is one.
    pub team: Option<String>,
    /// The services; those of the team, if there is one.
    pub services: Vec<String>,
    /// The theme.
    pub theme: ThemeName,
}

impl Answers {
    /// Returns the sample with the answers as settings, and all other settings commented out.
    #[must_use]
    pub fn fill_in(&self, sample: &str) -> String {
        let mut text = String::new();
        // An action has the name of the setting `theme`, and a channel can be called `user`: the
        // first occurrence is the setting.
        let (mut has_user, mut has_theme) = (false, false);
        for line in sample.lines() {
            // Writing to a String can't fail.
            let _ = if line.starts_with("#user = ") && !std::mem::replace(&mut has_user, true) {
                writeln!(text, "user = {}", quote(&self.user))
            } else if line == "#[looks]" {
                writeln!(text, "[looks]")
            } else if line.starts_with("#theme = ") && !std::mem::replace(&mut has_theme, true) {
                writeln!(text, "theme = {}", quote(self.theme.as_str()))
            } else {
                writeln!(text, "{line}")
            };
        }
        let _ = write!(
            text,
            "\n[[people]]\nhandle = {}\nname = {}\n",
            quote(&self.user),
            quote(&self.name)
        );
        if let Some(team) = &self.team {
            let _ = write!(
                text,
                "\n[[teams]]\nname = {}\nmembers = [{}]\n",
                quote(team),
                quote(&self.user)
            );
        }
        for service in &self.services {
            let _ = write!(text, "\n[[services]]\nname = {}\n", quote(service));
            if let Some(team) = &self.team {
                let _ = writeln!(text, "team = {}", quote(team));
            }
        }
        text
    }
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
