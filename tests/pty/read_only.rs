//! The read-only mode: no verb works, changes by others appear, and the store stays the same.

use redphone::tui::action::{Layer, TABLE};

use super::store::Store;
use crate::support::terminal::Terminal;

fn opened(store: &Store, columns: u16, rows: u16) -> Terminal {
    let mut command = store.command();
    command.arg("--read-only");
    let mut terminal = Terminal::start(command, columns, rows);
    terminal.wait_for_text("Cards");
    terminal
}

fn exported(store: &Store) -> Vec<u8> {
    let output = store.run(&["export"]);
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn no_verb_changes_anything_and_each_says_why() {
    let store = Store::filled();
    let before = exported(&store);
    let verbs: Vec<_> = TABLE
        .iter()
        .filter(|entry| entry.verb.is_some() && entry.layers.contains(&Layer::Panes))
        .collect();
    assert!(verbs.len() >= 3);
    for (columns, rows) in [(126, 36), (80, 24)] {
        let mut terminal = opened(&store, columns, rows);
        terminal.wait_for_text("READ-ONLY");
        for entry in &verbs {
            for key in entry.keys {
                terminal.press(key);
                terminal.wait_for_text("opened read-only");
                // The next key removes the notice.
                terminal.press("G");
                terminal.wait_for(key, |screen| !screen.contents().contains("opened read-only"));
                terminal.press("\x1b[H");
            }
        }
        terminal.press("q");
        assert!(terminal.wait_for_end().success());
    }
    assert!(before == exported(&store), "the store has changed");
}

#[test]
fn changes_by_others_still_appear() {
    let store = Store::filled();
    let mut terminal = opened(&store, 126, 36);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("No logins");
}

#[test]
fn missing_store_is_not_created() {
    let store = Store::empty();
    let mut command = store.command();
    command.arg("--read-only");
    let mut terminal = Terminal::start(command, 100, 30);
    assert!(!terminal.wait_for_end().success());
    assert!(terminal.text().contains("does not exist"), "{}", terminal.text());
    assert!(!store.file().exists());
}
