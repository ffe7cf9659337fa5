//! The README agrees with the program.

mod guide;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use redphone::tui::action::{Layer, TABLE};
use redphone::verbs::Verb;

use crate::support::program;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("the README")
}

/// Returns the rows of the keys table, from the table of actions.
fn keys() -> String {
    let rows = TABLE.iter().filter(|entry| {
        entry.layers.contains(&Layer::Panes)
            || entry.layers.contains(&Layer::Form)
            || entry.layers == [Layer::Goto]
    });
    let mut table = String::new();
    for entry in rows {
        let menu = if entry.layers == [Layer::Goto] { "g " } else { "" };
        let mut keys: Vec<String> = entry.keys.iter().map(|key| format!("`{menu}{key}`")).collect();
        if keys.is_empty() {
            // Actions without a key are called by name in the command palette.
            keys.push(format!("`:{}`", entry.name));
        }
        writeln!(table, "| {} | {} |", keys.join(" "), entry.help).expect("a string takes it");
    }
    table
}

/// Returns the rows of the table of verbs, each with its example.
fn verbs() -> String {
    let mut table = String::new();
    for verb in Verb::ALL {
        let row = verb.row();
        let arguments = row.example.arguments.replace(['\\', '\n'], " ");
        let arguments = arguments.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = row.help[..1].to_lowercase() + &row.help[1..];
        let yes = if row.irreversible { " --yes" } else { "" };
        let command = row.command;
        writeln!(table, "| `redphone {command} {arguments}{yes}` | {help} |")
            .expect("a string takes it");
    }
    table
}

/// Compares a table of the README, which begins after `head`, with its expected rows.
///
/// `UPDATE_README=1 cargo test --test cli readme` writes it again.
fn assert_table(head: &str, rows: &str) {
    let expected = format!("{head}{rows}\n");
    if std::env::var_os("UPDATE_README").is_some() {
        let text = readme();
        let (before, rest) = text.split_once(head).expect("the table");
        let end = if rest.starts_with('\n') { 0 } else { rest.find("\n\n").expect("its end") + 1 };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(path, format!("{before}{expected}{}", &rest[end + 1..])).expect("written");
    }
    assert!(readme().contains(&expected), "the README's table should be:\n\n{expected}");
}

#[test]
fn keys_match_the_table_of_actions() {
    assert_table("| key | does |\n|---|---|\n", &keys());
}

#[test]
fn commands_match_the_table_of_verbs() {
    assert_table(
        "a question comes before what nothing undoes; otherwise that needs `--yes`.\n\n\
                  | command | does |\n|---|---|\n",
        &verbs(),
    );
}

#[test]
fn every_command_is_listed() {
    let help = Command::new(program()).arg("--help").output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let commands =
        help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    // A long description continues on a line that is indented further.
    let commands =
        commands.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let readme = readme();
    let mut count = 0;
    for line in commands {
        let name = line.split_whitespace().next().expect("a name");
        assert!(readme.contains(&format!("`redphone {name}")), "{name} is missing");
        count += 1;
    }
    assert!(count >= 12, "{help}");
}

#[test]
fn every_environment_variable_is_listed() {
    let help = Command::new(program()).arg("--help").output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let names = help.split_whitespace().filter(|w| w.starts_with("REDPHONE_") || *w == "NO_COLOR");
    for name in names {
        assert!(readme().contains(&format!("`{name}`")), "{name} is missing");
    }
}

#[test]
fn every_sender_has_a_page_and_a_link() {
    let own_forms =
        ["alertmanager", "prometheus", "pagerduty", "opsgenie", "goalert", "mail", "ingest"];
    let changes = ["github", "gitlab", "cdevents"];
    let senders = redphone::ingest::senders::names().chain(own_forms).chain(changes);
    let (text, mut count) = (readme(), 0);
    for name in senders {
        let page = format!("src/docs/guide/{name}.md");
        assert!(text.contains(&format!("]({page})")), "the README does not link {page}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&page);
        let page = std::fs::read_to_string(path).expect(name);
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        count += 1;
    }
    assert!(count >= 24, "{count} senders");
}

#[test]
fn every_screenshot_exists() {
    let readme = readme();
    let mut pictures = 0;
    for part in readme.split("](").skip(1) {
        let target = part.split(')').next().unwrap_or_default();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        if path.extension().is_some_and(|end| end == "png") {
            pictures += 1;
            assert!(path.is_file(), "{target} is missing");
        }
    }
    assert!(pictures >= 1);
}

#[test]
fn settings_in_the_readme_are_valid() {
    let readme = readme();
    let (_, rest) = readme.split_once("```toml\n").expect("an example of settings");
    let (settings, _) = rest.split_once("```").expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, settings).expect("a file");
    let check = Command::new(program())
        .args(["config", "check", "--config"])
        .arg(&file)
        .output()
        .expect("it runs");
    let output = String::from_utf8(check.stdout).expect("text");
    assert!(check.status.success(), "{output}");
}
