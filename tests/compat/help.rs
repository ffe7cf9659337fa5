//! The command line's own description: every old command and flag is still there with its text.
//! Lines may be added; none may be changed or removed.

use std::collections::BTreeSet;

use super::meaning::missing_line;
use super::program::{Home, file, text_of};

/// Old lines that had to change because they are no longer true, each with the help or the manual
/// page that contains it.
///
/// `list` in a pipe cut its output after 100 rows without a word: 100 is the default on a terminal
/// alone now.
///
/// The objects that `doctor --json` and `import --json` print may have a field more, and a
/// truncated export is reported with the omitted part. The outbox has more commands, so that the
/// text about those before breaks elsewhere.
const CHANGED: [(&str, &str); 13] = [
    // There is a scope for the metrics alone, and one page can be named.
    (
        "redphone_token_create",
        "      --scope <SCOPE>    What it is good for [possible values: read, ingest, respond, admin]",
    ),
    ("redphone_man", "Usage: redphone man [OPTIONS]"),
    (
        "redphone_import",
        "--skip-bad leaves such lines out. Events that are there already are counted and change \
         nothing.",
    ),
    (
        "redphone-import.1",
        "\\-\\-skip\\-bad leaves such lines out. Events that are there already are counted and change \
         nothing.",
    ),
    ("redphone_import", "--json prints one object: incidents, events, others, known, and skipped."),
    (
        "redphone-import.1",
        "\\-\\-json prints one object: incidents, events, others, known, and skipped.",
    ),
    ("redphone_outbox", "(O) it can be edited."),
    ("redphone-outbox.1", "(O) it can be edited."),
    ("redphone_list", "      --limit <N>     The most rows [default: 100]"),
    ("redphone-list.1", "\\fB\\-\\-limit\\fR \\fI<N>\\fR [default: 100]"),
    ("redphone-list.1", "The most rows"),
    (
        "redphone_doctor",
        "--json prints one object: content, incidents, events, and findings with grave and text.",
    ),
    (
        "redphone-doctor.1",
        "\\-\\-json prints one object: content, incidents, events, and findings with grave and text.",
    ),
];

/// Old lines of every help and manual page that had to change: there are more themes, and the
/// default is `auto` instead of `dark`.
const CHANGED_EVERYWHERE: [&str; 5] = [
    "Which colours the panes have [default: dark]",
    "      --theme <NAME>   Which colours the panes have [default: dark] [possible values: dark, light,",
    "                       contrast, colorblind, none]",
    "          Which colours the panes have [default: dark]",
    "          [possible values: dark, light, contrast, colorblind, none]",
];

/// Returns the old text of a help or manual page without the lines that had to change.
fn without_changed(name: &str, old: &str) -> String {
    let is_changed =
        |line: &&str| CHANGED.contains(&(name, *line)) || CHANGED_EVERYWHERE.contains(line);
    old.lines().filter(|line| !is_changed(line)).collect::<Vec<_>>().join("\n")
}

/// The commands whose help was recorded, by the name of the file without its ending.
fn commands() -> Vec<String> {
    let entries = std::fs::read_dir(file("help")).unwrap();
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names.iter().filter_map(|name| name.strip_suffix(".txt").map(ToOwned::to_owned)).collect()
}

#[test]
fn help_has_every_old_line() {
    let home = Home::new();
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let words = command.split('_').skip(1);
        let help = home.ok(words.chain(["--help"]));
        let old = without_changed(&command, &text_of(&format!("help/{command}.txt")));
        // A longer name moves the columns, and so breaks lines elsewhere.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let new = words(&help);
        let mut rest = new.as_str();
        for line in old.lines().map(words) {
            let at = rest.find(line.as_str());
            let at =
                at.unwrap_or_else(|| panic!("redphone {command} --help lacks {line:?}:\n{help}"));
            rest = &rest[at + line.len()..];
        }
    }
}

/// Headings of the help that were lines in the old manual pages, and are sections now.
const SECTIONS: [(&str, &str); 4] = [
    ("Examples:", "EXAMPLES"),
    ("Exit codes:", "EXIT STATUS"),
    ("Environment:", "ENVIRONMENT"),
    ("Scopes:", "SCOPES"),
];

/// Escapes of roff in old and new pages, and their rendering.
///
/// The old pages were made by another generator. Its source had the same text with other escapes, so
/// that some characters of the examples could not be copied.
const ESCAPES: [(&str, &str); 13] = [
    ("\\fB", ""),
    ("\\fI", ""),
    ("\\fR", ""),
    ("\\&", ""),
    ("\\-", "-"),
    ("\\*(Aq", "'"),
    ("\\(aq", "'"),
    ("\\(dq", "\""),
    ("\\(ga", "`"),
    ("\\(ha", "^"),
    ("\\(ti", "~"),
    ("\\e", "\\"),
    ("\\\\", "\\"),
];

/// Returns a text with characters in place of their numbers, such as `\[u00B7]`.
fn with_characters(text: &str) -> String {
    let mut parts = text.split("\\[u");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(']').unwrap();
        shown.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        shown.push_str(rest);
    }
    shown
}

/// Returns the lines of a page as they are shown, with one blank between words; without empty ones.
fn shown_lines(page: &str) -> Vec<String> {
    let lines = page.lines().filter_map(|line| {
        let text = match line.strip_prefix('.') {
            Some(request) => request.strip_prefix("SH ")?.trim_matches('"'),
            None => line,
        };
        let text = with_characters(text);
        let text = ESCAPES.iter().fold(text, |text, (from, to)| text.replace(from, to));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let section = SECTIONS.iter().find(|(line, _)| *line == text);
        let text = section.map_or(text, |(_, section)| (*section).to_owned());
        (!text.is_empty() && text != "EXTRA").then_some(text)
    });
    lines.collect()
}

/// Returns the options and arguments of a synopsis, sorted: there may be more of them between the
/// others.
fn synopsis(lines: &[String]) -> (Vec<String>, Vec<String>) {
    let begin = lines.iter().position(|line| line == "SYNOPSIS").map_or(0, |at| at + 1);
    let count = lines[begin..].iter().take_while(|line| *line != "DESCRIPTION").count();
    let text = lines[begin..begin + count].join(" ");
    let mut parts: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    parts.sort();
    let others = lines[..begin].iter().chain(&lines[begin + count..]).cloned().collect();
    (parts, others)
}

#[test]
fn manual_pages_have_every_old_line() {
    let home = Home::new();
    home.ok(["man", "--out", "man"]);
    for entry in std::fs::read_dir(file("man")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = std::fs::read_to_string(home.path("man").join(&name)).unwrap();
        let old = without_changed(&name, &text_of(&format!("man/{name}")));
        let (old_synopsis, old) = synopsis(&shown_lines(&old));
        let (new_synopsis, new) = synopsis(&shown_lines(&page));
        let (old_synopsis, new_synopsis) = (old_synopsis.join("\n"), new_synopsis.join("\n"));
        assert_eq!(missing_line(&old_synopsis, &new_synopsis), None, "{name}: {new_synopsis:?}");
        // Lines are broken elsewhere: each is looked for in the text after the one before.
        let new = new.join(" ");
        let mut rest = new.as_str();
        for line in &old {
            let at = rest.find(line.as_str());
            let at = at.unwrap_or_else(|| panic!("{name} lacks {line:?}: {rest}"));
            rest = &rest[at..];
        }
    }
}

/// Words of the old scripts for bash that are its language, and no words of the program's.
const BASH: [&str; 15] = [
    "cur", "create", "default", "do", "done", "elif", "else", "fi", "for", "i", "if", "in",
    "local", "then", "access",
];

/// Returns all that the completions offer: after each command that there was, and after each of the
/// options there.
fn offered(home: &Home) -> BTreeSet<String> {
    let answer = |words: &[&str]| -> Vec<String> {
        let start = ["complete", "--shell", "fish", "--", "redphone"];
        let text = home.ok(start.iter().chain(words));
        let lines = text.lines().skip(1);
        lines.map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    };
    let mut offered: BTreeSet<String> = ["redphone".to_owned()].into();
    let mut options_seen = BTreeSet::new();
    for command in commands() {
        let command: Vec<&str> = command.split('_').skip(1).collect();
        let with = |last: &[&str]| answer(&[&command[..], last].concat());
        offered.extend(with(&[""]));
        for option in with(&["--"]) {
            if options_seen.insert(option.clone()) {
                offered.extend(with(&[&option, ""]));
            }
            offered.insert(option);
        }
    }
    offered
}

#[test]
fn completions_have_every_old_word() {
    let home = Home::new();
    // These scripts have the command line in them.
    for shell in ["elvish", "powershell"] {
        let script = home.ok(["completions", shell]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let words: Vec<&str> = script.split(|c| !is_part(c)).collect();
        let old = text_of(&format!("completions/{shell}.txt"));
        assert!(old.lines().count() > 40);
        // Some shells show the text of a flag: the default of `--theme` is `auto` now.
        let old = old.lines().filter(|word| *word != "dark");
        let missing: Vec<&str> = old.filter(|word| !words.contains(word)).collect();
        assert!(missing.is_empty(), "completions of {shell} lack {missing:?}");
    }
    // Exception: the scripts of bash, zsh and fish ask the program, and have no words of their own.
    // All that bash was offered, which had no descriptions, is offered by the program.
    let offered = offered(&home);
    let old = text_of("completions/bash.txt");
    let missing: Vec<&str> = old
        .lines()
        .filter(|word| !offered.contains(*word) && !BASH.contains(word))
        .filter(|word| !word.chars().all(|c| c.is_ascii_digit()))
        .collect();
    assert!(missing.is_empty(), "completions lack {missing:?}: {offered:?}");
}
