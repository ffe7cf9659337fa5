//! Ended incidents: read in pages, searched, and updated.

use redphone::backend::{BackendError, Page};
use redphone::model::Status;
use redphone::sync::{BackendUpdate, ConnectionState, Sourced};
use redphone::tui::core::message::{Message, Timer};

use crate::support::company;
use crate::support::stage::Stage;

#[test]
fn history_is_read_when_the_filter_requests_it() {
    let mut stage = Stage::busy();
    stage.filter("is:any search");
    let rows = &stage.app.queue.rows;
    assert!(rows.iter().any(|row| row.summary.status == Status::Resolved));
    assert!(rows.iter().any(|row| row.summary.status == Status::Triggered));
    let times: Vec<_> = rows.iter().map(|row| row.summary.reported_at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    stage.keys("Enter");
    assert!(stage.screen().contains("is:any search · newest first"), "{}", stage.screen());
    stage.keys("G");
    assert!(stage.screen().contains("resolved"), "the last one is read:\n{}", stage.screen());
}

#[test]
fn more_history_is_read_as_the_selection_nears_its_end() {
    let memory = company::busy(company::now());
    for index in 0..230 {
        let title = format!("old {index}");
        let now = company::now();
        company::ended(&memory, now, 30_000 + index * 10, &title);
    }
    let mut stage = Stage::open(memory, (126, 36));
    stage.filter("is:ended");
    stage.keys("Enter");
    assert_eq!(stage.app.queue.rows.len(), 100);
    assert!(stage.screen().contains("100+"), "{}", stage.screen());
    let selected = {
        stage.keys("^d ^d");
        stage.selected()
    };
    for _ in 0..3 {
        stage.keys("G");
    }
    let all = stage.app.queue.rows.len();
    assert!(all > 250, "{all}");
    assert!(!stage.screen().contains(&format!("{all}+")), "{}", stage.screen());
    let mut labels = stage.numbers();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), all, "none twice");
    let number = selected.trim_start_matches("INC-").to_owned();
    stage.keys("g");
    stage.write(&number);
    stage.keys("Enter");
    assert_eq!(stage.selected(), selected);
}

#[test]
fn late_response_changes_nothing() {
    let mut stage = Stage::busy();
    stage.slow = true;
    stage.filter("is:ended mails");
    let first = stage.app.queue.search_count;
    stage.send(Message::Elapsed(Timer::Search(first)));
    stage.write("x");
    stage.send(Message::Elapsed(Timer::Search(stage.app.queue.search_count)));
    let [(old, _), (new, search)] = &stage.searches[..] else { panic!("two searches") };
    let (old, new) = (*old, *new);
    assert_eq!(search.filter.to_string(), "is:ended mailsx");
    let empty = Page { rows: vec![], next: None, total: None, counts: None };
    stage.send(Message::HistoryPage(new, Ok(Sourced::fresh(empty)), stage.now));
    let rows = stage.memory.all();
    let page = Page { rows, next: None, total: None, counts: None };
    stage.send(Message::HistoryPage(old, Ok(Sourced::fresh(page)), stage.now));
    assert_eq!(stage.app.queue.rows.len(), 0, "{}", stage.screen());
    // The timer of an earlier text starts no search.
    stage.send(Message::Elapsed(Timer::Search(first)));
    assert_eq!(stage.searches.len(), 2);
}

#[test]
fn loading_and_failure_are_shown_and_can_be_retried() {
    let mut stage = Stage::busy();
    stage.slow = true;
    stage.filter("is:ended");
    stage.keys("Enter");
    assert!(stage.screen().contains("reading the history"), "{}", stage.screen());
    stage.send(Message::Elapsed(Timer::Search(stage.app.queue.search_count)));
    let (number, _) = stage.searches[0].clone();
    let error = BackendError::Unreachable("the disk hangs".into());
    stage.send(Message::HistoryPage(number, Err(error), stage.now));
    let screen = stage.screen();
    assert!(screen.contains("the history could not be read"), "{screen}");
    assert!(screen.contains("the disk hangs"), "{screen}");
    stage.slow = false;
    stage.keys("R");
    assert_eq!(stage.app.queue.rows.len(), 26, "{}", stage.screen());
}

#[test]
fn cached_search_is_marked_and_repeated_on_reconnect() {
    let mut stage = Stage::busy();
    stage.slow = true;
    stage.filter("is:ended");
    stage.keys("Enter");
    stage.send(Message::Elapsed(Timer::Search(stage.app.queue.search_count)));
    let (number, _) = stage.searches[0].clone();
    let read_at = stage.now - chrono::TimeDelta::minutes(10);
    let expected = format!("only 26 kept here · as of {} · is:ended", read_at.format("%H:%M"));
    let page = Page { rows: stage.memory.all(), next: None, total: None, counts: None };
    let page = Sourced::cached(page, read_at);
    stage.send(Message::HistoryPage(number, Ok(page.clone()), stage.now));
    assert!(stage.screen().contains(&expected), "{}", stage.screen());
    // The response to another search changes nothing.
    let other = Sourced::fresh(page.value);
    stage.send(Message::HistoryPage(number + 7, Ok(other), stage.now));
    assert!(stage.screen().contains(&expected), "{}", stage.screen());
    let error = BackendError::Unreachable("no route to the host".into());
    let (since, retry_at) = (read_at, stage.now);
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing { since, error, retry_at }));
    stage.slow = false;
    stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    assert!(!stage.screen().contains("kept here"), "{}", stage.screen());
    assert_eq!(stage.app.queue.rows.len(), 26, "{}", stage.screen());
}

#[test]
fn open_rows_stay_live_in_the_history() {
    let mut stage = Stage::busy();
    stage.keys("a");
    stage.keys("v e");
    let row = |stage: &Stage| {
        let rows = stage.app.queue.rows.iter();
        rows.map(|r| &r.summary).find(|r| r.label() == "INC-2051").expect("a row").status
    };
    assert_eq!(row(&stage), Status::Triggered);
    stage.settle();
    assert_eq!(row(&stage), Status::Acknowledged);
}

#[test]
fn marks_stay_on_visible_ended_incidents() {
    let mut stage = Stage::busy();
    stage.keys("v r");
    stage.keys("Space Space");
    assert_eq!(stage.app.ui.marked.len(), 2);
    stage.pass(1);
    assert_eq!(stage.app.ui.marked.len(), 2);
    stage.keys("v a");
    assert!(stage.app.ui.marked.is_empty(), "what is gone from sight is not acted on");
}

#[test]
fn an_incident_that_ends_moves_into_the_history() {
    let mut stage = Stage::busy();
    stage.filter("is:ended");
    stage.keys("Enter");
    let before = stage.app.queue.rows.len();
    company::end(&stage.memory, stage.now, "INC-2051");
    stage.refresh();
    assert_eq!(stage.app.queue.rows.len(), before + 1);
}

#[test]
fn changes_by_others_to_ended_incidents_appear() {
    let mut stage = Stage::busy();
    stage.filter("is:ended");
    stage.keys("Enter");
    let resolved = |row: &&std::sync::Arc<redphone::model::Summary>| row.status == Status::Resolved;
    let rows: Vec<_> = stage.app.queue.rows.iter().map(|row| row.summary.clone()).collect();
    let before = rows.iter().find(resolved).expect("one is resolved").clone();
    let note = redphone::model::IncidentCommand::AddNote { text: "the invoice has come".into() };
    company::ask(&stage.memory, before.id, note, stage.now).expect("it fits");
    let after = stage.memory.all().into_iter().find(|row| row.id == before.id).expect("a row");
    stage.learn(redphone::sync::BackendUpdate::Ended(vec![after.clone()]));
    let shown = stage.app.queue.rows.iter().find(|row| row.summary.id == before.id);
    assert_eq!(shown.expect("it stays there").summary.seq, after.seq);
    assert!(after.seq > before.seq);
}

#[test]
fn stepping_through_incidents_passes_the_first_history_page() {
    let memory = company::busy(company::now());
    for index in 0..130 {
        company::ended(&memory, company::now(), 30_000 + index * 10, &format!("old {index}"));
    }
    let mut stage = Stage::open(memory, (126, 36));
    stage.filter("is:ended");
    stage.keys("Enter 2 z");
    assert_eq!(stage.app.queue.rows.len(), 100);
    for _ in 0..120 {
        stage.keys("J");
    }
    assert!(stage.app.queue.rows.len() > 120, "{}", stage.app.queue.rows.len());
    assert_eq!(stage.app.queue.index, 120);
}
