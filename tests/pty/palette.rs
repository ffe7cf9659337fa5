//! The command palette and the help on the real program.

use rstest::rstest;

use super::store::Store;
use crate::support::terminal::Terminal;

fn opened(store: &Store, size: (u16, u16)) -> Terminal {
    let mut terminal = store.open(size.0, size.1);
    terminal.wait_for_text("Cards fail");
    terminal.wait_for_text("Timeline");
    terminal
}

/// Returns the kinds of the events of the first incident.
fn kinds(store: &Store) -> Vec<String> {
    let shown = store.shown("1");
    let events = shown["timeline"].as_array().expect("a timeline");
    events.iter().filter_map(|event| event["kind"].as_str().map(ToOwned::to_owned)).collect()
}

#[rstest]
#[case(":acknowledge\r", "acknowledged")]
#[case(":own\r", "assigned")]
#[case(":assign me\r", "assigned")]
#[case("\u{10}move identified\r", "status_moved")]
#[case(":priority low low\r", "prioritized")]
#[case(":category security\r", "categorized")]
#[case(":link https://status.example.com\r", "linked")]
#[case(":note rolled back\r", "note_added")]
#[case(":snooze 4h\r", "snoozed")]
fn palette_command_stores_the_same_event_as_its_key(
    #[case] line: &str,
    #[case] kind: &str,
    #[values((126, 36), (80, 24))] size: (u16, u16),
) {
    let store = Store::filled();
    let mut terminal = opened(&store, size);
    terminal.press(line);
    terminal.wait_for_text("undo");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let kinds = kinds(&store);
    assert!(kinds.iter().any(|stored| stored == kind), "{kinds:?}");
}

#[rstest]
fn help_is_searched_and_closed(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let store = Store::filled();
    let mut terminal = store.open(size.0, size.1);
    terminal.wait_for_text("Cards");
    terminal.press("?");
    terminal.wait_for_text("type to search");
    terminal.press("snoozx\x7f");
    terminal.wait_for("what is looked for", |screen| {
        let text = screen.contents();
        text.contains("snooz ") && text.contains("snooze it") && !text.contains("type to search")
    });
    terminal.press("\x1b");
    terminal.wait_for_text("type to search");
    terminal.press("\x1b");
    terminal.wait_for_text("help");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}
