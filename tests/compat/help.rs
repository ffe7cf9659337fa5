//! The command line's own description: every old command and flag is still there with its text.
//! Lines may be added; none may be changed or removed.

use super::meaning::missing_line;
use super::program::{Home, file, text_of};

/// Old lines that had to change because what they say is not so any more, each with the help or the
/// manual page that it stands in.
///
/// `list` in a pipe cut its output after 100 rows without a word: 100 is the default on a terminal
/// alone now.
///
/// The objects that `doctor --json` and `import --json` print may have a field more, and an export
/// that was cut off is named with what is left out. The outbox has more commands, so that the text
/// about those before breaks elsewhere.
const CHANGED: [(&str, &str); 11] = [
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

/// Returns the old text of a help or manual page without the lines that had to change.
fn without_changed(name: &str, old: &str) -> String {
    let is_changed = |line: &&str| CHANGED.contains(&(name, *line));
    old.lines().filter(|line| !is_changed(line)).collect::<Vec<_>>().join("\n")
}

/// Returns a text without the blanks that align its columns: a longer name moves them.
fn unaligned(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
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
        let missing = missing_line(&unaligned(&old), &unaligned(&help)).map(ToOwned::to_owned);
        assert_eq!(missing, None, "redphone {command} --help:\n{help}");
    }
}

#[test]
fn manual_pages_have_every_old_line() {
    let home = Home::new();
    home.ok(["man", "--out", "man"]);
    for entry in std::fs::read_dir(file("man")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = std::fs::read_to_string(home.path("man").join(&name)).unwrap();
        let without_version = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with(".TH "));
            // The synopsis has all options on one line: there may be more of them between the others.
            let lines = lines.map(|line| match line.strip_prefix("\\fBredphone") {
                Some(synopsis) => {
                    let mut options: Vec<&str> = synopsis.split(" [").collect();
                    options.sort_unstable();
                    options.join("\n[")
                }
                None => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let old = without_changed(&name, &without_version(&text_of(&format!("man/{name}"))));
        assert_eq!(missing_line(&old, &without_version(&page)), None, "{name}");
    }
}

#[test]
fn completions_have_every_old_word() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.ok(["completions", shell]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let words: Vec<&str> = script.split(|c| !is_part(c)).collect();
        let old = text_of(&format!("completions/{shell}.txt"));
        assert!(old.lines().count() > 40);
        let missing: Vec<&str> = old.lines().filter(|word| !words.contains(word)).collect();
        assert!(missing.is_empty(), "completions of {shell} lack {missing:?}");
    }
}
