//! The three shells whose completions call the program: their scripts, and the formats of their
//! answers.
//!
//! The first line of an answer is the action of the shell: with `files` or `folders` the shell
//! completes a path itself, `offers` uses the lines that follow, and `unfinished` does the same
//! without adding a blank after a single one.

use std::fmt::Write;

use super::answer::{Answer, Offered};
use super::typed::TypedLine;
use crate::cli::args::{Complete, CompletionShell};
use crate::model::text::{pad, truncate, width};

/// The maximum width of the column of values before their descriptions.
const MAX_VALUE: usize = 32;
/// The widest line of an offer, whatever the terminal has.
const MAX_LINE: usize = 100;
/// The kind of completion in which bash inserts one after the other (`COMP_TYPE`, bash(1)).
const MENU: u32 = 37;

/// Returns the script that a shell loads.
pub(in crate::cli) fn script(shell: CompletionShell) -> &'static str {
    match shell {
        CompletionShell::Bash => include_str!("redphone.bash"),
        CompletionShell::Zsh => include_str!("redphone.zsh"),
        CompletionShell::Fish => include_str!("redphone.fish"),
    }
}

/// Formats an answer for a shell.
pub(super) fn format(args: &Complete, typed: &TypedLine, answer: Answer) -> String {
    let offers = match answer {
        Answer::Files => return "files\n".to_owned(),
        Answer::Folders => return "folders\n".to_owned(),
        Answer::Offers(offers) => offers,
    };
    match args.shell {
        CompletionShell::Bash => for_bash(args, typed, &offers),
        CompletionShell::Zsh => for_zsh(args, &offers),
        CompletionShell::Fish => for_fish(&offers),
    }
}

/// Formats completions for bash. It replaces the part of the word that follows the last separator
/// (`COMP_WORDBREAKS`), and inserts and shows the texts unchanged: so a description follows the
/// value as long as there are several, of which only the common prefix is inserted.
fn for_bash(args: &Complete, typed: &TypedLine, offers: &[Offered]) -> String {
    let is_quoted = typed.raw_current.starts_with(['\'', '"']);
    let before = typed.raw_current.strip_suffix(&args.current).unwrap_or_default();
    let before = before.trim_start_matches(['\'', '"']);
    let values: Vec<String> = offers
        .iter()
        .map(|offer| {
            let value = if is_quoted { offer.value.clone() } else { escaped(&offer.value) };
            value.strip_prefix(before).map(str::to_owned).unwrap_or(value)
        })
        .collect();
    let is_shown = offers.len() > 1 && args.kind != MENU;
    let only = offers.first().filter(|_| offers.len() == 1);
    let mut text = first_line(only.is_some_and(Offered::is_unfinished));
    let column = column(values.iter().map(String::as_str));
    for (value, offer) in values.iter().zip(offers) {
        match &offer.help {
            Some(help) if is_shown => {
                let line = format!("{}  {help}", pad(value, column));
                push_line(&mut text, truncate(&line, line_width(args)).as_str());
            }
            _ => push_line(&mut text, value),
        }
    }
    text
}

/// Formats offers for zsh: the value, a tab, and the line that is shown for it.
fn for_zsh(args: &Complete, offers: &[Offered]) -> String {
    let mut text = first_line(false);
    let column = column(offers.iter().map(|offer| offer.value.as_str()));
    for Offered { value, help } in offers {
        match help {
            Some(help) => {
                let line = format!("{}  {help}", pad(value, column));
                let line = truncate(&line, line_width(args));
                push_line(&mut text, &format!("{value}\t{line}"));
            }
            None => push_line(&mut text, value),
        }
    }
    text
}

/// Formats completions for fish: the value, a tab, and its description.
fn for_fish(offers: &[Offered]) -> String {
    let mut text = first_line(false);
    for Offered { value, help } in offers {
        match help {
            Some(help) => push_line(&mut text, &format!("{value}\t{help}")),
            None => push_line(&mut text, value),
        }
    }
    text
}

fn first_line(is_unfinished: bool) -> String {
    if is_unfinished { "unfinished\n".to_owned() } else { "offers\n".to_owned() }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Returns the width of the column of values.
fn column<'a>(values: impl Iterator<Item = &'a str>) -> usize {
    values.map(width).max().unwrap_or(0).min(MAX_VALUE)
}

/// Returns the width of a line: that of the terminal, without the two columns that shells leave
/// between entries.
fn line_width(args: &Complete) -> usize {
    args.columns.saturating_sub(2).clamp(20, MAX_LINE)
}

/// Returns a value with a backslash before each character that means something to a shell.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for ch in value.chars() {
        let is_plain = ch.is_alphanumeric() || "-_./:=,@+%^~".contains(ch);
        if !is_plain {
            text.push('\\');
        }
        // Writing to a String can't fail.
        let _ = text.write_char(ch);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(values: &[(&str, &str)]) -> Answer {
        let offered = |(value, help): &(&str, &str)| Offered {
            value: (*value).to_owned(),
            help: (!help.is_empty()).then(|| help.to_string().into()),
        };
        Answer::Offers(values.iter().map(offered).collect())
    }

    fn answer(shell: CompletionShell, line: &str, current: &str, answer: Answer) -> String {
        let args = Complete {
            shell,
            line: Some(line.to_owned()),
            current: current.to_owned(),
            kind: 9,
            columns: 40,
            arguments: Vec::new(),
        };
        format(&args, &TypedLine::parse(line), answer)
    }

    #[test]
    fn bash_gets_what_follows_its_last_word_break() {
        let bash = |line: &str, current: &str, all: &[(&str, &str)]| {
            answer(CompletionShell::Bash, line, current, offers(all))
        };
        for (line, current, value, text) in [
            ("redphone list owner:i", "i", "owner:ines", "offers\nines\n"),
            ("redphone list owner:", "", "owner:ines", "offers\nines\n"),
            ("redphone --user=i", "i", "--user=ines", "offers\nines\n"),
            ("redphone list 'owner:i", "owner:i", "owner:ines", "offers\nowner:ines\n"),
            ("redphone list ow", "ow", "owner:", "unfinished\nowner:\n"),
            ("redphone list ag", "ag", "age>", "unfinished\nage\\>\n"),
            ("redphone list service:", "", "service:\"a b\"", "offers\n\\\"a\\ b\\\"\n"),
        ] {
            assert_eq!(bash(line, current, &[(value, "help")]), text, "{line}");
        }
        let several = [("INC-1", "P1 Card payments fail at the checkout"), ("INC-12", "")];
        assert_eq!(
            bash("redphone ack INC", "INC", &several),
            "offers\nINC-1   P1 Card payments fail at the…\nINC-12\n"
        );
    }

    #[test]
    fn zsh_and_fish_get_the_value_and_what_it_is() {
        let both = [("INC-1", "P1 Card payments fail"), ("owner:", "")];
        for (shell, text) in [
            (CompletionShell::Zsh, "offers\nINC-1\tINC-1   P1 Card payments fail\nowner:\n"),
            (CompletionShell::Fish, "offers\nINC-1\tP1 Card payments fail\nowner:\n"),
        ] {
            assert_eq!(answer(shell, "redphone ", "", offers(&both)), text);
            assert_eq!(answer(shell, "redphone ", "", Answer::Files), "files\n");
        }
    }
}
