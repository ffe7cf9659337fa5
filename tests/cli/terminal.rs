//! Output that differs between a terminal and a pipe.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::cli::CliFixture;
use crate::support::program;

/// Runs the program in a terminal with this number of columns, and returns its output.
fn in_terminal(cli: &CliFixture, columns: u16, args: &[&str], env: &[(&str, &str)]) -> String {
    typed_in_terminal(cli, columns, (args, ""), env)
}

/// Runs the program in a terminal as [`in_terminal`] does, with lines that are typed into it.
fn typed_in_terminal(
    cli: &CliFixture,
    columns: u16,
    (args, typed): (&[&str], &str),
    env: &[(&str, &str)],
) -> String {
    let size = PtySize { rows: 30, cols: columns, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(program());
    command.env_clear();
    command.cwd(cli.path("."));
    command.env("HOME", cli.path("home"));
    command.env("REDPHONE_STORE", cli.store());
    command.env("REDPHONE_USER", "ines");
    command.env("TERM", "xterm-256color");
    for (name, value) in env {
        command.env(name, value);
    }
    command.args(args);
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    // The terminal buffers the input until the program reads it.
    let mut writer = pair.master.take_writer().unwrap();
    writer.write_all(typed.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // On Linux, the end of a terminal is reported as an error.
    let _ = reader.read_to_end(&mut bytes);
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[test]
fn table_fits_the_terminal_and_is_untruncated_in_a_pipe() {
    let cli = CliFixture::with_company();
    let title = format!("{} at the end", "漢字 and words ".repeat(10));
    cli.declare(&title, "checkout");
    for columns in [30, 40, 60, 80, 126, 300] {
        let text = without_colours(&in_terminal(&cli, columns, &["list"], &[]));
        assert_eq!(text.lines().count(), 2, "{text}");
        for line in text.lines() {
            let width = redphone::model::text::width(line);
            assert!(width <= usize::from(columns), "{width} of {columns}: {line:?}");
        }
        assert_eq!(text.contains('…'), columns < 300, "{text}");
    }
    assert!(cli.ok(["list"]).contains("at the end\n"));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    assert!(in_terminal(&cli, 80, &["list"], &[]).contains("\u{1b}[1;31mP1"));
    for env in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        assert!(!in_terminal(&cli, 80, &["list"], &[env]).contains('\u{1b}'), "{env:?}");
    }
    assert!(!cli.ok(["list"]).contains('\u{1b}'));
}

#[test]
fn ascii_mode_prints_only_ascii() {
    let cli = CliFixture::new();
    cli.declare(&"long words ".repeat(12), "cdn");
    for text in [
        in_terminal(&cli, 60, &["list", "--ascii"], &[]),
        in_terminal(&cli, 60, &["show", "1"], &[("LC_ALL", "C")]),
    ] {
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn panes_are_refused_on_a_dumb_terminal() {
    let cli = CliFixture::new();
    let text = in_terminal(&cli, 80, &[], &[("TERM", "dumb")]);
    assert!(
        text.starts_with("redphone: TERM is \"dumb\": such a terminal can't show panes"),
        "{text:?}"
    );
    assert!(!cli.store().exists());
}

#[test]
fn question_comes_before_what_nothing_undoes() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    let status = || -> String {
        let shown: serde_json::Value =
            serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
        shown["incident"]["status"].as_str().unwrap().to_owned()
    };
    let merge: &[&str] = &["merge", "1", "2"];
    let text = typed_in_terminal(&cli, 80, (merge, "n\n"), &[]);
    assert!(text.contains("merge INC-1, which nothing undoes: go on? [y/N]"), "{text}");
    assert!(text.contains("nothing is changed"), "{text}");
    assert_eq!(status(), "triggered");
    let text = typed_in_terminal(&cli, 80, (&["assign", "1", "2", "tom"], "\n"), &[]);
    assert!(text.contains("assign 2 incidents: go on? [y/N]"), "{text}");
    let text = typed_in_terminal(&cli, 80, (merge, "y\n"), &[]);
    assert!(text.contains("INC-1 merged"), "{text}");
    assert_eq!(status(), "merged");
    let text = in_terminal(&cli, 80, &["assign", "2", "tom"], &[]);
    assert_eq!(text, "INC-2 assigned to Tom Varga\n");
}

#[test]
fn terminal_gets_the_questions_of_the_closing_gate() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    cli.ok(["resolve", "1", "--action", "rollback", "--detail", "d", "--validation", "v"]);
    let typed = "y\nyes\nnobody noticed\nyes\nyes\n";
    let text = typed_in_terminal(&cli, 80, (&["close", "1"], typed), &[]);
    assert!(text.contains("service stable? [yes, or why it is waived]"), "{text}");
    assert!(text.ends_with("INC-1 closed\n"), "{text}");
    let shown: serde_json::Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let waived = shown["incident"]["answered"]
        .as_array()
        .unwrap()
        .iter()
        .find(|answered| answered["answer"]["waived"] == "nobody noticed");
    assert!(waived.is_some(), "{shown}");
}
