//! However it ends, the terminal is given back as it was.

use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::store::{PROGRAM, Store};
use crate::terminal::{Terminal, signal};

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

fn run_in(terminal: &mut Terminal, store: &Store, environment: &str) {
    let file = store.file();
    terminal.press(&format!("{environment} {PROGRAM} --store {}\r", file.display()));
    terminal.wait_for("the panes", |screen| {
        screen.alternate_screen() && screen.contents().contains("Cards fail")
    });
}

#[test]
fn quitting_gives_the_terminal_back() {
    let store = Store::filled();
    let mut terminal = store.open(100, 30);
    let before = terminal.modes();
    terminal.wait_for_text("Cards fail");
    assert_ne!(terminal.modes(), before);
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    assert!(terminal.is_given_back());
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    for name in ["TERM", "INT"] {
        let store = Store::filled();
        let mut terminal = shell(&store);
        let before = terminal.modes();
        run_in(&mut terminal, &store, "");
        let process = child_of(terminal.process());
        signal(process, name);
        terminal.wait_for("the shell's next prompt", |screen| {
            !screen.alternate_screen() && screen.contents().matches("ready>").count() == 2
        });
        terminal.press("echo back $((40+2))\r");
        terminal.wait_for_text("back 42");
        assert!(!terminal.screen().hide_cursor(), "{name}");
        terminal.wait_for_text("ready>");
        assert_eq!(terminal.modes(), before, "{name}");
    }
}

#[test]
fn a_suspended_program_gives_the_terminal_back_and_takes_it_again() {
    let store = Store::filled();
    let mut terminal = shell(&store);
    run_in(&mut terminal, &store, "");
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
fn a_lost_connection_ends_the_program_and_loses_nothing() {
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
fn a_panic_gives_the_terminal_back_and_is_told() {
    let store = Store::filled();
    let mut terminal = shell(&store);
    let before = terminal.modes();
    let file = store.file();
    terminal.press(&format!("REDPHONE_TEST_PANIC=1 {PROGRAM} --store {}\r", file.display()));
    terminal.wait_for_text("Cards fail");
    terminal.press("a");
    terminal.wait_for("the shell", |screen| {
        !screen.alternate_screen() && screen.contents().contains("panicked")
    });
    terminal.press("echo back $((40+2))\r");
    terminal.wait_for_text("back 42");
    terminal.settle(Duration::from_millis(100));
    assert!(!terminal.screen().hide_cursor());
    assert_eq!(terminal.modes(), before);
}

/// The program that an interactive shell runs now.
fn child_of(shell: u32) -> u32 {
    let path = format!("/proc/{shell}/task/{shell}/children");
    let children = std::fs::read_to_string(path).expect("the shell runs");
    children.split_whitespace().next_back().expect("a child").parse().expect("a process")
}
