//! Typed text is saved however the program ends.

use std::time::{Duration, Instant};

use super::store::Store;
use crate::support::sample::Sample;
use crate::support::terminal::Terminal;
use crate::support::wait::PATIENCE;

/// The typing of this time may be lost if the program is killed.
const LOST: Duration = Duration::from_secs(1);
/// The number of characters of one chunk of keys.
const CHUNK_LEN: usize = 12;
/// The time between two chunks of keys: a note of 500 words takes about two seconds.
const EVERY: Duration = Duration::from_millis(8);

fn opened(store: &Store) -> Terminal {
    let mut terminal = store.open(100, 30);
    terminal.wait_for_text("Reported");
    terminal
}

/// Returns 500 distinct words, so that no chunk can be confused with another.
fn long_text() -> String {
    let words: Vec<String> = (0..500).map(|n| format!("w{n:03}x")).collect();
    words.join(" ")
}

/// Returns the number of the last word on the screen.
fn last_shown(text: &str) -> Option<usize> {
    let words =
        text.split_whitespace().filter_map(|word| word.strip_prefix('w')?.strip_suffix('x'));
    words.filter_map(|number| number.parse().ok()).max()
}

/// Types until the program is killed, `kill_after` after the first words were shown. Returns the
/// number of words that were shown a second before that, at least one.
fn type_and_kill(terminal: &mut Terminal, text: &str, kill_after: Duration) -> usize {
    assert!(kill_after > LOST);
    let mut shown: Vec<(Instant, usize)> = Vec::new();
    let mut next = Instant::now();
    let mut chunks = text.as_bytes().chunks(CHUNK_LEN);
    let hangs = next + PATIENCE;
    while shown.first().is_none_or(|(first, _)| first.elapsed() < kill_after) {
        assert!(Instant::now() < hangs, "nothing is shown:\n{}", terminal.text());
        if let Some(chunk) = chunks.next() {
            terminal.press(std::str::from_utf8(chunk).expect("plain letters"));
        }
        next += EVERY;
        terminal.watch(next.saturating_duration_since(Instant::now()));
        // The last word may be incomplete.
        let words = last_shown(&terminal.text()).unwrap_or(0);
        if words > 0 {
            shown.push((Instant::now(), words));
        }
    }
    let killed = Instant::now();
    terminal.signal("KILL");
    terminal.wait_for_end();
    let safe = shown.iter().rev().find(|(at, _)| *at + LOST <= killed);
    safe.map_or(0, |(_, words)| *words)
}

/// Kills the program while a note is typed, and sends the note after another start. Returns how many
/// words it has, and how many were shown a second before the end.
fn kill_during_a_note(text: &str, kill_after: Duration) -> (usize, usize) {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("n");
    terminal.wait_for_text("Note on INC-1");
    let safe = type_and_kill(&mut terminal, text, kill_after);
    assert!(safe > 0, "it was killed too early");
    let mut terminal = opened(&store);
    terminal.wait_for_text("1 draft was kept");
    terminal.press("n");
    terminal.wait_for_text("brought back what was typed");
    terminal.press("\x13");
    terminal.wait_for_text("INC-1 noted");
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x03");
    assert!(terminal.wait_for_end().success());
    let shown = store.shown("1");
    let events = shown["timeline"].as_array().expect("a timeline");
    let notes: Vec<&str> = events.iter().filter_map(|e| e["text"].as_str()).collect();
    let [note] = notes[..] else { panic!("one note: {notes:?}") };
    assert!(text.starts_with(note), "not what was typed: {note}");
    // A draft that was sent is not offered again.
    let left = std::fs::read_dir(store.folder.path().join("redphone/drafts")).expect("a folder");
    assert_eq!(left.count(), 0);
    (note.split_whitespace().count(), safe)
}

#[test]
fn kill_during_a_long_note_loses_at_most_the_last_second() {
    let text = long_text();
    for run in Sample::new("REDPHONE_DRAFT_RUNS", 3).rounds(1) {
        // The program is killed at various times, from early to after the last word.
        let kill_after = Duration::from_millis(1100 + (run * 7919) % 1900);
        // On a busy machine a draft may take a second to reach the disk, which proves nothing about
        // the program: a loss counts if it happens again and again.
        let mut words = (0..4).map(|_| kill_during_a_note(&text, kill_after));
        let is_safe = words.any(|(words, safe)| {
            println!("run {run}: {words} words, {safe} were shown a second before");
            words >= safe
        });
        assert!(is_safe, "run {run}: words are lost each time");
    }
}

#[test]
fn lost_connection_preserves_the_draft() {
    let store = Store::filled();
    let mut terminal = opened(&store);
    terminal.press("n");
    terminal.wait_for_text("Note on INC-1");
    terminal.press("seen from the train");
    terminal.wait_for_text("seen from the train");
    terminal.hang_up("!");
    terminal.wait_for_end();
    let mut terminal = opened(&store);
    terminal.wait_for_text("1 draft was kept");
    terminal.press("d");
    terminal.wait_for_text("note INC-1 Cards fail");
    terminal.press("\r");
    terminal.wait_for_text("seen from the train");
    terminal.press("\x1b");
    terminal.wait_for_text("Drop what was typed?");
    terminal.press("y");
    terminal.wait_for("it is dropped", |screen| !screen.contents().contains("train"));
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let left = std::fs::read_dir(store.folder.path().join("redphone/drafts")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn draft_open_in_another_process_is_not_offered() {
    let store = Store::filled();
    let mut first = opened(&store);
    first.press("n");
    first.wait_for_text("Note on INC-1");
    first.press("still writing");
    first.wait_for_text("still writing");
    let folder = store.folder.path().join("redphone/drafts");
    let count_saved = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "json")).count()
    };
    let deadline = Instant::now() + PATIENCE;
    while count_saved() == 0 {
        assert!(Instant::now() < deadline, "no draft was written");
        first.watch(Duration::from_millis(20));
    }
    let mut second = opened(&store);
    second.press("d");
    second.wait_for_text("no draft is kept");
    second.press("q");
    assert!(second.wait_for_end().success());
    // A draft that was closed is offered to the next process.
    first.press("\x1b");
    first.wait_for_text("keep it as a draft");
    first.press("k");
    first.wait_for_text("kept as a draft");
    first.press("q");
    assert!(first.wait_for_end().success());
    let mut third = opened(&store);
    third.wait_for_text("1 draft was kept");
    third.press("q");
    assert!(third.wait_for_end().success());
}
