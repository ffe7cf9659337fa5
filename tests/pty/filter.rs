use super::store::Store;
use crate::support::terminal::Terminal;

fn opened(store: &Store, columns: u16, rows: u16) -> Terminal {
    let mut terminal = store.open(columns, rows);
    terminal.wait_for_text("Cards fail");
    terminal
}

/// Returns whether a row is not in the queue, as far as the screen shows.
fn is_hidden(screen: &vt100::Screen, row: &str) -> bool {
    !screen.contents().lines().any(|line| line.contains(&format!("   {row}")))
}

#[test]
fn filter_is_remembered_but_not_active_after_a_restart() {
    let store = Store::filled();
    for (columns, rows) in [(126, 36), (80, 24), (40, 12)] {
        let mut terminal = opened(&store, columns, rows);
        terminal.press("/");
        terminal.press("sl fnd");
        terminal.wait_for("only what matches", |screen| is_hidden(screen, "1 P1"));
        terminal.press("\x15p4");
        terminal.wait_for("another", |screen| !is_hidden(screen, "3 P4"));
        terminal.press("\r");
        terminal.wait_for_text("1 of 3 · p4");
        terminal.press("\x1b");
        // Esc must arrive alone: together with the next key it would be that key with Alt.
        terminal.wait_for("all again", |screen| !is_hidden(screen, "1 P1"));
        terminal.press("q");
        assert!(terminal.wait_for_end().success());
    }
    let saved = std::fs::read_to_string(store.folder.path().join("redphone/filters"));
    assert_eq!(saved.expect("the filters"), "p4\n");
    let mut terminal = opened(&store, 126, 36);
    terminal.wait_for_text("open · most urgent first");
    terminal.press("/");
    terminal.press("\x1b[A");
    terminal.wait_for_text("/ p4");
    terminal.press("\x1b");
    terminal.wait_for_text("open · most urgent first");
    terminal.press("q");
    terminal.wait_for_end();
}

#[test]
fn history_is_read_from_the_store() {
    let store = Store::filled();
    let output = store.run(&[
        "resolve",
        "2",
        "--action",
        "rollback",
        "--detail",
        "v7",
        "--validation",
        "seen",
    ]);
    assert!(output.status.success(), "{output:?}");
    for (columns, rows) in [(126, 36), (80, 24)] {
        let mut terminal = opened(&store, columns, rows);
        terminal.press("ve");
        terminal.wait_for_text("everything · 3 found · newest first");
        terminal.wait_for("the ended one", |screen| !is_hidden(screen, "2 P2"));
        terminal.press("vr");
        terminal.wait_for("only that", |screen| is_hidden(screen, "1 P1"));
        terminal.press("va");
        terminal.wait_for("open ones", |screen| is_hidden(screen, "2 P2"));
        terminal.press("q");
        terminal.wait_for_end();
    }
}

#[test]
fn sort_orders_and_groups_have_their_keys() {
    let store = Store::filled();
    for (columns, rows) in [(126, 36), (80, 24)] {
        let mut terminal = opened(&store, columns, rows);
        terminal.press("Sn");
        terminal.wait_for_text("newest first");
        terminal.press("f");
        terminal.wait_for_text("▸ search");
        terminal.wait_for_text("▾ ");
        terminal.press("\x1b[D");
        terminal.wait_for("all folded", |screen| !screen.contents().contains("▾ "));
        terminal.press("\x1b[C");
        terminal.wait_for_text("▾ ");
        terminal.press("f");
        terminal.wait_for("ungrouped", |screen| !screen.contents().contains("▾ "));
        terminal.press("q");
        terminal.wait_for_end();
    }
}
