//! Unusable terminals and stores are refused with a sentence and an untouched terminal.

use super::store::Store;
use crate::support::terminal::Terminal;

#[test]
fn a_dumb_terminal_is_refused_with_a_sentence() {
    let store = Store::filled();
    let mut command = store.command();
    command.env("TERM", "dumb");
    let mut terminal = Terminal::start(command, 100, 30);
    assert!(!terminal.wait_for_end().success());
    assert!(terminal.text().contains("redphone: "), "{}", terminal.text());
    assert!(terminal.text().contains("TERM"), "{}", terminal.text());
    assert!(!terminal.written.contains(&0x1b));
}

#[test]
fn start_without_a_terminal_says_what_to_use_instead() {
    let store = Store::filled();
    let output = store.run(&[]);
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.starts_with("redphone: ") && stderr.contains("terminal"), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn store_path_that_is_a_folder_is_named() {
    let store = Store::empty();
    std::fs::create_dir(store.file()).expect("a folder");
    let mut terminal = store.open(100, 30);
    assert!(!terminal.wait_for_end().success());
    assert!(terminal.text().contains("redphone.db"), "{}", terminal.text());
    assert!(!terminal.screen().alternate_screen());
}
