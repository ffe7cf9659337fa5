//! The command line typed so far: its words, as a shell would pass them.

use std::path::PathBuf;

use crate::config::Flags;
use crate::model::id::IncidentRef;
use crate::verbs::{Numbers, Verb};

/// A command line up to the cursor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct TypedLine {
    /// The words before the one at the cursor; the first is the program.
    pub arguments: Vec<String>,
    /// The word at the cursor, up to the cursor; empty at the begin of a new one.
    pub current: String,
    /// The word at the cursor as it was typed, with quotes and backslashes.
    pub raw_current: String,
}

impl TypedLine {
    /// Creates a line from words that a shell has split, the last of which is at the cursor.
    pub(super) fn from_arguments(mut words: Vec<String>) -> Self {
        let raw_current = words.pop().unwrap_or_default();
        let current = Self::parse(&raw_current).current;
        Self { arguments: words, current, raw_current }
    }

    /// Splits a line into words by the quoting rules of POSIX shells. Variables and commands in it
    /// remain unchanged. Assignments before the program (`NAME=value`) are left out.
    pub(super) fn parse(line: &str) -> Self {
        let mut words = Vec::new();
        let (mut word, mut raw, mut is_word) = (String::new(), String::new(), false);
        let mut quote = None;
        let mut chars = line.chars().peekable();
        while let Some(ch) = chars.next() {
            if quote.is_none() && ch.is_whitespace() {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                raw.clear();
                is_word = false;
                continue;
            }
            is_word = true;
            raw.push(ch);
            match (quote, ch) {
                (Some(open), _) if ch == open => quote = None,
                (None, '\'' | '"') => quote = Some(ch),
                (None | Some('"'), '\\') => {
                    // In double quotes a backslash is literal before most characters.
                    let is_escape = |next: &char| quote.is_none() || "\"\\$`".contains(*next);
                    match chars.next_if(is_escape) {
                        Some(next) => {
                            raw.push(next);
                            word.push(next);
                        }
                        None if chars.peek().is_some() => word.push(ch),
                        None => {}
                    }
                }
                _ => word.push(ch),
            }
        }
        let is_assignment = |word: &String| {
            word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
            })
        };
        let program = words.iter().position(|word| !is_assignment(word)).unwrap_or(words.len());
        words.drain(..program);
        Self { arguments: words, current: word, raw_current: raw }
    }

    /// Joins the incidents of a verb into one argument, like the program does: then the word at the
    /// cursor has the right position. A number at the cursor may be one of them.
    pub(super) fn join_incidents(&mut self, is_option_with_value: impl Fn(&str) -> bool) {
        let mut start = 1;
        while let Some(word) = self.arguments.get(start).filter(|word| word.starts_with('-')) {
            start += if is_option_with_value(word) { 2 } else { 1 };
        }
        let Some(verb) = self.arguments.get(start).and_then(|word| Verb::find(word)) else {
            return;
        };
        if verb.row().numbers == Numbers::One {
            return;
        }
        let is_number = |word: &str| word.parse::<IncidentRef>().is_ok();
        let is_begun = self.current.starts_with(|c: char| c.is_ascii_digit())
            || self.current.to_lowercase().starts_with("inc");
        let mut is_first = !is_begun;
        let mut is_value = false;
        let mut index = 0;
        self.arguments.retain(|word| {
            index += 1;
            if index <= start + 1 || is_value || !is_number(word) {
                is_value = index > start + 1 && is_option_with_value(word);
                return true;
            }
            std::mem::take(&mut is_first)
        });
    }

    /// Returns the typed global flags that choose the location of the incidents and the user.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else { continue };
            if option.is_empty() {
                break;
            }
            let (name, attached) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if !["config", "profile", "store", "backend", "token-file", "user"].contains(&name) {
                continue;
            }
            let Some(value) = attached.or_else(|| words.next().cloned()) else { break };
            match name {
                "config" => flags.config = Some(path(&value)),
                "profile" => flags.profile = Some(value),
                "store" => flags.store = Some(path(&value)),
                "backend" => flags.backend = Some(value),
                "token-file" => flags.token_file = Some(path(&value)),
                _ => flags.user = Some(value),
            }
        }
        flags
    }
}

/// Returns a path as the shell will pass it: with the home folder in place of a tilde.
fn path(typed: &str) -> PathBuf {
    match typed.strip_prefix("~/").zip(std::env::var_os("HOME")) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => typed.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_split_as_a_shell_would() {
        for (line, words, current, raw) in [
            ("redphone ", &["redphone"][..], "", ""),
            ("redphone  ack INC-1", &["redphone", "ack"], "INC-1", "INC-1"),
            ("A=1 _b2=x redphone li", &["redphone"], "li", "li"),
            ("redphone note 12 'a b' \"c d", &["redphone", "note", "12", "a b"], "c d", "\"c d"),
            (r"redphone list age\>2", &["redphone", "list"], "age>2", r"age\>2"),
            (r#"redphone list "a\"b\c" x"#, &["redphone", "list", r#"a"b\c"#], "x", "x"),
            ("redphone list '", &["redphone", "list"], "", "'"),
            ("redphone list \\", &["redphone", "list"], "", "\\"),
            ("redphone list '' é", &["redphone", "list", ""], "é", "é"),
            ("", &[], "", ""),
        ] {
            let typed = TypedLine::parse(line);
            let found: Vec<&str> = typed.arguments.iter().map(String::as_str).collect();
            assert_eq!(found, words, "{line}");
            assert_eq!(
                (typed.current.as_str(), typed.raw_current.as_str()),
                (current, raw),
                "{line}"
            );
        }
    }

    #[test]
    fn incidents_of_a_verb_count_as_one_argument() {
        for (line, words) in [
            ("redphone assign 12 14 ", "redphone assign 12"),
            ("redphone assign 12 INC-14 i", "redphone assign 12"),
            ("redphone assign 12 INC-", "redphone assign"),
            ("redphone --user ines ack 12 14 1", "redphone --user ines ack"),
            ("redphone assign 12 --if-seq 3 14 ", "redphone assign 12 --if-seq 3"),
            ("redphone note 12 14 ", "redphone note 12 14"),
            ("redphone list 12 14 ", "redphone list 12 14"),
        ] {
            let mut typed = TypedLine::parse(line);
            typed.join_incidents(|option| ["--user", "--if-seq"].contains(&option));
            assert_eq!(typed.arguments.join(" "), words, "{line}");
        }
    }

    #[test]
    fn flags_are_read_wherever_they_stand() {
        let flags = |line| TypedLine::parse(line).flags();
        let found = flags("redphone --profile prod list --user=tom --store s.db x");
        assert_eq!(found.profile.as_deref(), Some("prod"));
        assert_eq!((found.user.as_deref(), found.store), (Some("tom"), Some("s.db".into())));
        // The word at the cursor is incomplete.
        assert_eq!(flags("redphone list --profile pro").profile, None);
        assert_eq!(flags("redphone note 1 -- --profile prod "), Flags::default());
    }
}
