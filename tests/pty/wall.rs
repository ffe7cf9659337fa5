//! The wall display in the real program.

use std::fs;
use std::path::PathBuf;

use super::store::Store;
use crate::support::terminal::Terminal;

fn on_the_wall(store: &Store, more: &[&str], columns: u16, rows: u16) -> Terminal {
    let mut command = store.command();
    command.arg("wall");
    command.args(more);
    let mut terminal = Terminal::start(command, columns, rows);
    terminal.wait_for_text("Cards fail");
    terminal
}

/// Returns the files of an open store: the store, its log, and its index.
fn files(store: &Store) -> Vec<PathBuf> {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", store.file().display()))).into()
}

fn is_old(screen: &vt100::Screen) -> bool {
    screen.contents().contains("OLD DATA")
}

#[test]
fn wall_shows_figures_incidents_and_events_without_keys() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &[], 126, 36);
    for text in ["P1 open", "P2 open", "Slow find", "unowned", "acknowledge in", "Last events"] {
        terminal.wait_for_text(text);
    }
    terminal.wait_for_text("Triggered");
    assert!(!terminal.text().contains("Late report"), "a P4 is not on the wall");
    assert!(terminal.screen().alternate_screen());
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn new_p1_fills_the_screen() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &[], 126, 36);
    // Once this incident is shown, everything from before the start has been read.
    store.declare("Images are slow", "cdn", "high", "medium");
    terminal.wait_for_text("Images are slow");
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("N E W   P 1");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn new_p1_is_on_the_board_where_takeover_is_disabled() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &["--no-takeover"], 126, 36);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for("the new one", |screen| {
        screen.contents().contains("No logins") && screen.contents().contains("P1 open for")
    });
}

#[test]
fn view_excludes_other_incidents() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &["--view", "service:checkout"], 126, 36);
    terminal.wait_for_text("view service:checkout");
    assert!(!terminal.text().contains("Slow find"), "{}", terminal.text());
}

#[test]
fn wall_changes_nothing() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &[], 126, 36);
    terminal.press("aon\x13text");
    // This incident is declared after the keys, so when it is shown they have been read.
    store.declare("Another", "auth", "high", "medium");
    terminal.wait_for_text("Another");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let events = store.shown("1")["timeline"].as_array().expect("a timeline").len();
    assert_eq!(events, 1);
}

#[test]
fn store_that_is_moved_away_and_back_is_used_again() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &["--no-takeover"], 126, 36);
    let away = store.folder.path().join("away.db");
    fs::rename(store.file(), &away).expect("it can be moved");
    terminal.wait_for("old data is told", is_old);
    assert!(terminal.text().contains("next try"), "{}", terminal.text());
    assert!(terminal.text().contains("Cards fail"), "what was read stays");
    fs::rename(&away, store.file()).expect("it can be moved back");
    terminal.wait_for("it is live again", |screen| !is_old(screen));
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("No logins");
}

#[test]
fn store_restored_from_a_backup_replaces_the_old_one() {
    let store = Store::filled();
    let other = Store::empty();
    let backup = store.folder.path().join("backup.jsonl");
    let backup = backup.to_str().expect("a path");
    assert!(store.run(&["export", backup]).status.success());
    assert!(other.run(&["import", backup]).status.success());
    other.declare("Since the backup", "cdn", "high", "medium");

    let mut terminal = on_the_wall(&store, &["--no-takeover"], 126, 36);
    for file in files(&store) {
        fs::remove_file(file).expect("it is there while it is open");
    }
    terminal.wait_for("old data is told", is_old);
    fs::copy(other.file(), store.file()).expect("it can be copied");
    terminal.wait_for_text("Since the backup");
    terminal.wait_for("it is live again", |screen| !is_old(screen));
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("No logins");
    assert!(store.run(&["doctor"]).status.success(), "nothing of the old one is mixed in");
}

#[test]
fn atomically_replaced_store_is_used_at_once() {
    let store = Store::filled();
    let other = Store::filled();
    other.declare("In the other", "cdn", "high", "medium");
    let mut terminal = on_the_wall(&store, &["--no-takeover"], 126, 36);
    for file in files(&store).into_iter().skip(1) {
        fs::remove_file(file).expect("it is there while it is open");
    }
    let replacement = store.folder.path().join("beside.db");
    fs::copy(other.file(), &replacement).expect("it can be copied");
    fs::rename(&replacement, store.file()).expect("it can be moved");
    terminal.wait_for_text("In the other");
}

#[test]
fn panes_survive_a_replaced_store() {
    let store = Store::filled();
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("Cards fail");
    let away = store.folder.path().join("away.db");
    fs::rename(store.file(), &away).expect("it can be moved");
    terminal.wait_for_text("failing since");
    fs::rename(&away, store.file()).expect("it can be moved back");
    terminal.wait_for("it is live again", |s| !s.contents().contains("failing since"));
    terminal.press("a");
    terminal.wait_for_text("2 unacknowledged");
}

#[test]
fn panes_open_the_wall_and_return_as_they_were() {
    let store = Store::filled();
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("Cards fail");
    terminal.press("j");
    terminal.wait_for("detail follows", |s| s.contents().matches("Slow find").count() >= 2);
    terminal.press("w");
    terminal.wait_for_text("P1 open for");
    terminal.press("\x1b");
    terminal.wait_for("the panes", |screen| {
        let text = screen.contents();
        text.contains("1 Queue") && text.contains("2/3") && text.matches("Slow find").count() >= 2
    });
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn wall_shows_the_most_urgent_at_every_size() {
    let store = Store::filled();
    let mut terminal = on_the_wall(&store, &[], 126, 36);
    for (columns, rows) in [(200, 60), (100, 30), (80, 24), (60, 20), (40, 12)] {
        terminal.resize(columns, rows);
        terminal.wait_for(&format!("{columns}x{rows}"), |screen| {
            let text = screen.contents();
            text.contains("Cards fail") && text.contains("P1") && !text.contains("Late report")
        });
    }
    terminal.resize(30, 8);
    terminal.wait_for_text("40");
}

#[test]
fn missing_store_is_refused() {
    let store = Store::empty();
    let mut command = store.command();
    command.arg("wall");
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.wait_for_text("does not exist");
    assert_eq!(terminal.wait_for_end().exit_code(), 3);
    assert!(!store.file().exists());
}
