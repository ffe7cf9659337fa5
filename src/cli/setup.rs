//! Asks on a terminal for the most common settings: name, team, services and theme.

use std::io::{self, IsTerminal};

use super::out;
use crate::config::appearance::ThemeName;
use crate::config::sample::Answers;
use crate::config::suggestion;
use crate::model::check;
use crate::model::text::{fold, sanitize};

/// Returns whether questions can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && out::is_terminal()
}

/// Asks for the settings. `account` is the name of the account.
///
/// # Errors
/// The terminal can't be read, or its input ended before the last answer
/// ([`io::ErrorKind::UnexpectedEof`]).
pub fn ask(account: &str) -> io::Result<Answers> {
    out::print_hint("four questions; Enter takes the value in brackets, ^D leaves without writing");
    let name = ask_for("Your name", account, |text| {
        check::name("the name", text).map_err(|error| error.to_string())?;
        Ok(text.to_owned())
    })?;
    let user = handle_of(&name).unwrap_or_else(|| account.to_owned());
    let team = ask_for("Your team, if you have one", "", |text| {
        if !text.is_empty() {
            check::name("the team", text).map_err(|error| error.to_string())?;
        }
        Ok(text.to_owned())
    })?;
    let services = ask_for("Your services, with commas between them", "", |text| {
        let names: Vec<String> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        check::names("the list", &names).map_err(|error| error.to_string())?;
        Ok(names)
    })?;
    let themes: Vec<&str> = ThemeName::ALL.iter().map(|name| name.as_str()).collect();
    let default = crate::config::appearance::Appearance::default().theme;
    let question = format!("Colours: {}", themes.join(", "));
    let theme = ask_for(&question, default.as_str(), |text| {
        text.parse().map_err(|_| {
            format!("there is no theme {:?}: {}", sanitize(text), suggestion(text, &themes))
        })
    })?;
    Ok(Answers { user, name, team: Some(team).filter(|team| !team.is_empty()), services, theme })
}

/// Asks until the answer can be used. An empty answer is the default.
fn ask_for<T>(
    question: &str,
    default: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> io::Result<T> {
    let suffix = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    loop {
        let typed = out::read_line(format!("{question}{suffix}: "))?;
        let typed = typed.trim();
        // The terminal edits this line by itself: it echoes an arrow key and adds it to the text.
        if typed.chars().any(char::is_control) {
            out::print_hint("a key such as an arrow has no meaning in this line: write it again");
            continue;
        }
        match parse(if typed.is_empty() { default } else { typed }) {
            Ok(value) => return Ok(value),
            Err(problem) => out::print_hint(format!("{problem}: write it again")),
        }
    }
}

/// Returns the handle for a name: the first word in plain letters; `None` if it has none.
fn handle_of(name: &str) -> Option<String> {
    let folded = fold(name);
    let first = folded.split_whitespace().next()?;
    let letters: String =
        first.chars().filter(|ch| ch.is_alphanumeric() || matches!(ch, '-' | '_' | '.')).collect();
    Some(letters).filter(|letters| !letters.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Ines Moreau", Some("ines"))]
    #[case("  Zoë  ", Some("zoe"))]
    #[case("O'Brien", Some("obrien"))]
    #[case("高橋 美咲", Some("高橋"))]
    #[case("!!", None)]
    fn handle_is_the_first_word_in_plain_letters(#[case] name: &str, #[case] handle: Option<&str>) {
        assert_eq!(handle_of(name).as_deref(), handle);
    }
}
