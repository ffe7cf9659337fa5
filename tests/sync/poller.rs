//! The poller and the local mirror of a backend that it updates.

use std::sync::Arc;

use redphone::backend::{Backend, BackendError, Cursor, Delta};
use redphone::model::{IncidentCommand, Status, Summary};
use redphone::sync::{BackendUpdate, ConnectionState, Mirror, Options, Sourced, start};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::company;
use crate::support::wait::PATIENCE;

fn delta(rows: Vec<Summary>, reset: bool) -> Delta {
    Delta { cursor: Cursor(1), reset, rows, directory: false, redacted: Vec::new() }
}

fn filled() -> (Mirror, Vec<Summary>) {
    let rows = company::busy(company::now()).open();
    let mut mirror = Mirror::default();
    assert!(mirror.fold(delta(rows.clone(), true)));
    (mirror, rows)
}

#[test]
fn delta_without_news_changes_nothing() {
    let (mut mirror, rows) = filled();
    assert!(!mirror.fold(delta(rows, false)));
}

#[test]
fn older_row_never_replaces_a_newer_one() {
    let (mut mirror, rows) = filled();
    let mut later = rows[0].clone();
    later.seq += 1;
    later.title = "later".into();
    assert!(mirror.put(later.clone()));
    assert!(!mirror.put(rows[0].clone()));
    assert!(mirror.snapshot().rows.iter().any(|row| **row == later));
}

#[test]
fn ended_incident_is_not_brought_back_by_an_older_row() {
    let (mut mirror, rows) = filled();
    let mut ended = rows[3].clone();
    ended.seq += 1;
    ended.status = Status::Resolved;
    assert!(mirror.fold(delta(vec![ended.clone()], false)));
    assert_eq!(mirror.snapshot().rows.len(), rows.len() - 1);
    assert!(!mirror.put(rows[3].clone()));
    let mut back = ended;
    back.seq += 1;
    back.status = Status::Investigating;
    assert!(mirror.put(back));
    assert_eq!(mirror.snapshot().rows.len(), rows.len());
}

#[test]
fn reset_discards_cached_rows() {
    let (mut mirror, rows) = filled();
    mirror.fold(delta(vec![rows[0].clone()], true));
    assert_eq!(mirror.snapshot().rows.len(), 1);
}

fn ended(row: &Summary) -> Summary {
    Summary { seq: row.seq + 1, status: Status::Resolved, ..row.clone() }
}

#[test]
fn ended_incident_is_remembered_without_having_been_a_row() {
    let rows = company::busy(company::now()).open();
    let mut mirror = Mirror::default();
    // The outcome of a command arrives before the first page, which was read earlier.
    assert!(!mirror.put(ended(&rows[0])));
    mirror.put_first_page(rows.clone(), None);
    assert_eq!(mirror.snapshot().rows.len(), rows.len() - 1);
    assert!(!mirror.fold(delta(vec![rows[0].clone()], false)));
    assert_eq!(mirror.snapshot().rows.len(), rows.len() - 1);
}

#[test]
fn reset_read_before_an_incident_ended_does_not_reopen_it() {
    let (mut mirror, rows) = filled();
    mirror.start_request();
    let noted = Summary { seq: rows[1].seq + 1, ..rows[1].clone() };
    assert!(mirror.put(ended(&rows[0])) && mirror.put(noted.clone()));
    mirror.fold(delta(rows.clone(), true));
    let snapshot = mirror.snapshot();
    assert_eq!(snapshot.rows.len(), rows.len() - 1);
    assert!(snapshot.rows.iter().any(|row| **row == noted));
    // A reset that was requested later wins, even if it has fewer rows, as after a restore.
    mirror.start_request();
    mirror.fold(delta(rows.clone(), true));
    assert_eq!(mirror.snapshot().rows.len(), rows.len());
}

#[test]
fn ended_incidents_are_forgotten_one_by_one() {
    let rows = company::many(company::now(), 1002).open();
    let mut mirror = Mirror::default();
    for row in &rows {
        mirror.put(ended(row));
    }
    let reopened = rows.iter().filter(|row| mirror.put((*row).clone())).count();
    assert_eq!(reopened, 2, "the first to have ended");
}

/// Waits for an update that satisfies a condition.
async fn until(
    updates: &mut mpsc::UnboundedReceiver<BackendUpdate>,
    fits: impl Fn(&BackendUpdate) -> bool,
) {
    let found = async {
        while let Some(update) = updates.recv().await {
            if fits(&update) {
                return;
            }
        }
        panic!("the task has ended");
    };
    timeout(PATIENCE, found).await.expect("it comes in time");
}

fn options() -> Options {
    Options { me: "ines".into(), remote: None, read_ahead: false }
}

fn play<F: Future<Output = ()>>(future: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future);
}

#[test]
fn first_page_comes_with_counts_and_then_all_rows() {
    let memory = Arc::new(company::many(chrono::Utc::now(), 300));
    let (updates, mut learnt) = mpsc::unbounded_channel();
    let backend: Arc<dyn Backend> = memory;
    let (_handle, task) = start(backend, options(), updates);
    play(async {
        let script = async {
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Snapshot(Sourced { value: s, .. })
                    if s.rows.len() == redphone::sync::FIRST_PAGE as usize && s.counts.is_some_and(|c| c.total() == 300))
            })
            .await;
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Snapshot(Sourced { value: s, .. }) if s.rows.len() == 300 && s.counts.is_none())
            })
            .await;
        };
        tokio::select! { () = task => panic!("it ended"), () = script => {} }
    });
}

#[test]
fn failure_and_recovery_are_published_without_other_changes() {
    let memory = Arc::new(company::quiet(chrono::Utc::now()));
    let (updates, mut learnt) = mpsc::unbounded_channel();
    let backend: Arc<dyn Backend> = Arc::clone(&memory) as Arc<dyn Backend>;
    let (handle, task) = start(backend, options(), updates);
    play(async {
        let script = async {
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Connection(ConnectionState::Live { .. }))
            })
            .await;
            memory.fail(Some(BackendError::Unreachable("gone".into())));
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Connection(ConnectionState::Failing { .. }))
            })
            .await;
            memory.fail(None);
            handle.refresh();
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Connection(ConnectionState::Live { .. }))
            })
            .await;
        };
        tokio::select! { () = task => panic!("it ended"), () = script => {} }
    });
}

#[test]
fn change_by_others_to_an_ended_incident_is_published() {
    let memory = Arc::new(company::busy(company::now()));
    let ended = memory.all().into_iter().find(|row| !row.status.is_open()).expect("one has ended");
    let (updates, mut learnt) = mpsc::unbounded_channel();
    let backend: Arc<dyn Backend> = Arc::clone(&memory) as Arc<dyn Backend>;
    let (handle, task) = start(backend, options(), updates);
    play(async {
        let script = async {
            until(
                &mut learnt,
                |update| matches!(update, BackendUpdate::Snapshot(Sourced { value: s, .. }) if s.counts.is_none()),
            )
            .await;
            let note = IncidentCommand::AddNote { text: "the invoice has come".into() };
            company::ask(&memory, ended.id, note, company::now()).expect("it fits");
            handle.refresh();
            until(&mut learnt, |update| {
                matches!(update, BackendUpdate::Ended(rows)
                    if rows.iter().any(|row| row.id == ended.id && row.seq == ended.seq + 1))
            })
            .await;
        };
        tokio::select! { () = task => panic!("it ended"), () = script => {} }
    });
}
