//! The terminal is restored however the program ends.

use portable_pty::CommandBuilder;

use super::store::Store;
use crate::support::program;
use crate::support::terminal::Terminal;

fn shell(store: &Store) -> Terminal {
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    for (name, value) in [
        ("PS1", "ready> "),
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("REDPHONE_USER", "ines"),
        ("TZ", "UTC"),
    ] {
        command.env(name, value);
    }
    command.env("XDG_STATE_HOME", store.folder.path());
    command.env("XDG_CONFIG_HOME", store.folder.path());
    let mut terminal = Terminal::start(command, 100, 30);
    terminal.wait_for_text("ready>");
    terminal
}

fn run_in(terminal: &mut Terminal, store: &Store) {
    let file = store.file();
    terminal.press(&format!("{} --store {}\r", program().display(), file.display()));
    terminal.wait_for("the panes", |screen| {
        screen.alternate_screen() && screen.contents().contains("Cards fail")
    });
}

#[test]
fn quitting_restores_the_terminal() {
    let store = Store::filled();
    let mut terminal = store.open(100, 30);
    terminal.wait_for_text("Cards fail");
    assert_ne!(terminal.modes(), terminal.initial);
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    assert!(terminal.is_given_back());
    assert_eq!(terminal.modes(), terminal.initial);
}

#[test]
fn termination_signal_restores_the_terminal() {
    for name in ["TERM", "INT", "HUP"] {
        let store = Store::filled();
        let mut terminal = store.open(100, 30);
        terminal.wait_for_text("Cards fail");
        terminal.signal(name);
        terminal.wait_for_end();
        assert!(terminal.is_given_back(), "{name}");
        assert_eq!(terminal.modes(), terminal.initial, "{name}");
    }
}

#[test]
fn suspending_restores_the_terminal_and_resuming_redraws() {
    let store = Store::filled();
    let mut terminal = shell(&store);
    run_in(&mut terminal, &store);
    terminal.press("\x1a");
    terminal.wait_for("the shell", |screen| {
        !screen.alternate_screen() && screen.contents().contains("Stopped")
    });
    assert!(!terminal.screen().hide_cursor());
    terminal.press("echo here $((40+2))\r");
    terminal.wait_for_text("here 42");
    terminal.press("fg\r");
    terminal.wait_for("the panes again", |screen| {
        screen.alternate_screen() && screen.contents().contains("Cards fail")
    });
    terminal.press("a");
    terminal.wait_for_text("2 unacknowledged");
    terminal.press("q");
    terminal.wait_for("the shell", |screen| !screen.alternate_screen());
}

#[test]
fn lost_connection_ends_the_program_and_loses_nothing() {
    let store = Store::filled();
    let mut terminal = store.open(100, 30);
    terminal.wait_for_text("Cards fail");
    terminal.press("a");
    terminal.wait_for_text("2 unacknowledged");
    terminal.hang_up("j");
    terminal.wait_for_end();
    assert_eq!(store.shown("1")["incident"]["status"], "acknowledged");
}

/// Only a program built for testing can be made to panic.
#[cfg(debug_assertions)]
#[test]
fn panic_restores_the_terminal_and_is_printed() {
    use super::store::command;
    use crate::support::built_program;

    let store = Store::filled();
    let mut command = command(&built_program(), &store.file(), store.folder.path());
    command.env("REDPHONE_TEST_PANIC", "1");
    let mut terminal = Terminal::start(command, 100, 30);
    terminal.wait_for_text("Cards fail");
    terminal.press("a");
    assert!(!terminal.wait_for_end().success());
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert!(written.contains("panicked"), "{written}");
    assert!(terminal.is_given_back());
    assert_eq!(terminal.modes(), terminal.initial);
}
