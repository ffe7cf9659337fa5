use super::store::Store;
use crate::support::terminal::Terminal;

const PAYMENTS: &str = "Cards fail";

fn opened(store: &Store) -> Terminal {
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("Cards fail");
    terminal.wait_for_text("Timeline");
    terminal
}

#[test]
fn program_starts_on_the_most_urgent_incident_in_four_panes() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    for text in ["Queue", "Detail", "Timeline", "Metrics", "P1 1", "P2 1", "3 unacknowledged"] {
        terminal.wait_for_text(text);
    }
    terminal.wait_for_text("unowned");
    assert!(terminal.screen().alternate_screen());
}

#[test]
fn acknowledging_with_one_key_is_durable() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("a");
    terminal.wait_for_text("2 unacknowledged");
    terminal.signal("KILL");
    terminal.wait_for_end();
    let shown = store.shown("1");
    assert_eq!(shown["incident"]["status"], "acknowledged", "{shown}");
    let events = shown["timeline"].as_array().expect("a timeline");
    assert_eq!(events.iter().filter(|e| e["kind"] == "acknowledged").count(), 1);
}

#[test]
fn second_acknowledgement_is_reported_and_done_once() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("a");
    terminal.wait_for_text("2 unacknowledged");
    terminal.press("a");
    terminal.wait_for_text("already acknowledged");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let events = store.shown("1")["timeline"].as_array().expect("a timeline").len();
    assert_eq!(events, 2);
}

#[test]
fn owning_makes_the_viewer_the_assignee() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("jo");
    terminal.wait_for("the owner", |screen| !screen.contents().contains("1 pending"));
    terminal.press("q");
    terminal.wait_for_end();
    assert_eq!(store.shown("2")["incident"]["assignee"]["handle"], "ines");
    assert!(store.shown("1")["incident"]["assignee"].is_null());
}

#[test]
fn pasted_note_of_several_lines_is_saved_unchanged() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("n");
    terminal.wait_for("the editor", |screen| screen.contents().to_lowercase().contains("note"));
    terminal.press("first line q\r");
    terminal.press("\x1b[200~pasted: a, j\nand \u{1f525} 決済\x1b[201~");
    terminal.wait_for_text("pasted: a, j");
    terminal.press("\x13");
    terminal.wait_for("the note", |screen| screen.contents().contains("Note"));
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let shown = store.shown("1");
    let events = shown["timeline"].as_array().expect("a timeline");
    let note = events.iter().find(|e| e["kind"] == "note_added").expect("a note");
    assert_eq!(note["text"], "first line q\npasted: a, j\nand \u{1f525} 決済");
}

#[test]
fn a_typed_note_is_not_thrown_away_by_one_wrong_key() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("n");
    terminal.press("half a thought");
    terminal.wait_for_text("half a thought");
    terminal.press("\x1b");
    terminal.wait_for_text("Drop what was typed?");
    terminal.press("n");
    terminal.wait_for_text("half a thought");
    terminal.press("\x13");
    terminal.wait_for("it is sent", |screen| !screen.contents().contains("pending"));
    terminal.press("q");
    terminal.wait_for_end();
    let shown = store.shown("1");
    assert!(shown.to_string().contains("half a thought"), "{shown}");
}

#[test]
fn change_by_another_process_appears_by_itself() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("No logins");
    let output = store.run(&["ack", "1"]);
    assert!(output.status.success(), "{output:?}");
    terminal.wait_for("the acknowledgement", |screen| {
        screen.contents().lines().any(|l| l.contains("Cards fail") && l.contains(" ack "))
    });
}

#[test]
fn the_selection_stays_on_its_incident_when_the_queue_changes() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("j");
    terminal.wait_for("detail follows", |s| s.contents().matches("Slow find").count() >= 2);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("No logins");
    terminal.press("o");
    terminal.wait_for("it is owned", |screen| {
        screen.contents().lines().any(|l| l.contains("Owner") && !l.contains("unowned"))
    });
    terminal.press("q");
    terminal.wait_for_end();
    assert_eq!(store.shown("2")["incident"]["assignee"]["handle"], "ines");
}

#[test]
fn every_size_is_usable_and_too_small_says_so() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    for (columns, rows) in [(200, 60), (100, 30), (80, 24), (60, 20), (40, 12)] {
        terminal.resize(columns, rows);
        terminal.wait_for(&format!("{columns}x{rows}"), |screen| {
            let text = screen.contents();
            let lines: Vec<&str> = text.lines().collect();
            text.contains("P1") && lines.len() == usize::from(rows) && lines[0].contains('●')
        });
    }
    terminal.resize(30, 8);
    terminal.wait_for_text("40");
    terminal.resize(126, 36);
    terminal.wait_for_text(PAYMENTS);
}

#[test]
fn panes_are_focused_zoomed_and_closed_by_key() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("4z");
    terminal.wait_for("metrics alone", |screen| {
        let text = screen.contents();
        text.contains("Metrics") && text.contains("MTTA") && !text.contains("Timeline")
    });
    terminal.press("z");
    terminal.wait_for_text("Timeline");
    terminal.press("?");
    terminal.wait_for_text("undo the last action");
    terminal.press("\x1b");
    terminal.wait_for("no help", |s| !s.contents().contains("undo the last action"));
    terminal.press("1");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn hostile_text_is_written_only_with_visible_characters() {
    let store = Store::empty();
    store.declare("\u{1b}]0;owned\u{7}\u{1b}[2J evil \u{202e}txt", "a\u{1b}[31mb", "high", "high");
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("evil");
    terminal.settle(std::time::Duration::from_millis(300));
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert!(!written.contains("\u{1b}]0;owned"));
    assert!(!written.contains("\u{202e}"));
    assert!(terminal.text().contains("␛]0;owned␇"), "{}", terminal.text());
}
