//! Cached data is returned while the remote does not answer, with pending commands applied.

use std::time::Duration;

use chrono::Utc;
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::command::CommandKind;
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::{EventBody, IncidentCommand, Status};
use redphone::sync::remote::Remote;
use redphone::sync::{ReadResult, Reader};

use super::fixtures::RemoteFixture;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declare, declared, resolve, search, titles};

/// The number of events that are read with an incident.
const EVENTS: u32 = 200;

/// Reads all kinds of data once.
async fn read_all(remote: &Remote) {
    remote.capabilities().await.unwrap();
    remote.directory().await.unwrap();
    let delta = remote.changes(None, Duration::ZERO).await.unwrap();
    for row in &delta.rows {
        remote.read_incident(row.id, EVENTS, &mut |_| {}).await;
    }
    remote.measures(&Window::last_day(Utc::now()), Cut::Total, Utc::now()).await.unwrap();
}

#[tokio::test]
async fn fetched_data_is_available_offline_and_after_a_restart() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture
        .store
        .execute(&ask(id, IncidentCommand::AddNote { text: "seen".into() }))
        .await
        .unwrap();
    let remote = fixture.remote().await;
    read_all(&remote).await;
    drop(remote);
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let cached = remote.cached_state().await;
    assert_eq!(cached.rows.unwrap().value.len(), 1);
    assert!(cached.cursor.is_some());
    assert!(cached.capabilities.unwrap().verbs.contains(&CommandKind::Acknowledge));
    let detail = remote.incident(id).await.unwrap();
    assert_eq!(detail.incident.summary.title, "Cards fail");
    assert_eq!(remote.timeline(id, TimelineRange::Last(100)).await.unwrap().len(), 2);
    assert_eq!(remote.timeline(id, TimelineRange::After(1)).await.unwrap().len(), 1);
    assert_eq!(remote.find_by_number(detail.incident.summary.number.unwrap()).await.unwrap(), id);
    assert!(remote.measures(&Window::last_day(Utc::now()), Cut::Total, Utc::now()).await.is_ok());
    assert!(remote.directory().await.is_ok());
    assert_eq!(titles(&*remote, "cards").await, ["Cards fail"]);
    assert!(remote.changes(None, Duration::ZERO).await.is_err(), "changes are never made up");
}

#[tokio::test]
async fn response_that_makes_no_sense_hides_nothing_cached() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    read_all(&remote).await;
    fixture.stub.set_mode(StubMode::Malformed);
    let mut reads = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| reads.push(read.unwrap().as_of.is_some())).await;
    assert_eq!(reads, [true], "what is cached, as of a time");
    assert!(remote.directory().await.is_ok());
    let why = remote.last_failure().unwrap();
    assert!(why.contains("makes no sense"), "{why}");
    // Of what was never read there is no answer.
    let other = declared(&*fixture.store, "Images fail").await;
    let error = remote.incident(other).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn cached_value_comes_first_with_its_age_then_the_fresh_one() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let mut reads = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| reads.push(read.unwrap().as_of)).await;
    assert_eq!(reads, [None], "it has just been read");
    fixture.stub.set_mode(StubMode::Paused);
    let mut reads = Vec::new();
    let mut on_read = |read: ReadResult<_>| {
        reads.push(read.unwrap().as_of.is_some());
        fixture.stub.resume();
    };
    remote.read_incident(id, EVENTS, &mut on_read).await;
    assert_eq!(reads, [true, false], "first what is kept, then what it says");
    fixture.stub.set_mode(StubMode::Offline);
    let mut reads: Vec<ReadResult<_>> = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| reads.push(read)).await;
    assert_eq!(reads.len(), 1);
    assert!(reads[0].as_ref().unwrap().as_of.is_some());
    // An incident that was never read is not cached.
    let other = declared(&*fixture.store, "Images fail").await;
    let mut reads: Vec<ReadResult<_>> = Vec::new();
    remote.read_incident(other, EVENTS, &mut |read| reads.push(read)).await;
    assert!(matches!(&reads[..], [Err(BackendError::Unreachable(_))]));
}

#[tokio::test]
async fn search_finds_the_same_offline() {
    let fixture = RemoteFixture::new().await;
    for title in ["Cards fail", "Images fail", "Logins are slow"] {
        let id = declared(&*fixture.store, title).await;
        if title == "Images fail" {
            fixture.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
        }
    }
    let remote = fixture.remote().await;
    read_all(&remote).await;
    for filter in
        ["", "fail", "status:triggered", "-status:triggered", "p2", "service:checkout slow"]
    {
        for sort in [Sort::Urgent, Sort::Newest, Sort::Oldest] {
            let wanted = redphone::backend::Search { sort, ..search(filter) };
            fixture.stub.set_mode(StubMode::Online);
            let online = remote.search(&wanted).await.unwrap();
            fixture.stub.set_mode(StubMode::Offline);
            let offline = remote.search(&wanted).await.unwrap();
            assert_eq!(offline.rows, online.rows, "{filter:?} {sort}");
            assert_eq!(offline.counts, online.counts, "{filter:?} {sort}");
        }
    }
    // Page by page.
    let mut wanted = redphone::backend::Search { limit: 2, ..search("") };
    let first = remote.search(&wanted).await.unwrap();
    wanted.after = first.next;
    let second = remote.search(&wanted).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len(), second.next), (2, 1, None));
}

#[tokio::test]
async fn pending_commands_are_applied_to_fetched_records() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    read_all(&remote).await;
    fixture.stub.set_mode(StubMode::Offline);
    remote.enqueue(vec![ask(id, IncidentCommand::Acknowledge)]).await.unwrap();
    remote.enqueue(vec![ask(id, IncidentCommand::AddNote { text: "on it".into() })]).await.unwrap();
    let (new, declaration) = declare("Images fail");
    remote.enqueue(vec![declaration]).await.unwrap();
    remote
        .enqueue(vec![ask(new, IncidentCommand::AddNote { text: "first look".into() })])
        .await
        .unwrap();
    remote.enqueue(vec![ask(new, resolve())]).await.unwrap();

    let detail = remote.incident(id).await.unwrap();
    assert_eq!(detail.incident.summary.status, Status::Acknowledged);
    assert_eq!(detail.incident.acknowledged_by.unwrap().name(), "Ines Moreau");
    let events = remote.timeline(id, TimelineRange::Last(10)).await.unwrap();
    let seqs: Vec<u32> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert!(matches!(&events[2].body, EventBody::NoteAdded { text } if text == "on it"));
    assert_eq!(remote.timeline(id, TimelineRange::After(3)).await.unwrap().len(), 0);

    let detail = remote.incident(new).await.unwrap();
    assert_eq!(detail.incident.summary.status, Status::Resolved);
    assert_eq!(detail.incident.summary.number, None);
    assert_eq!(remote.timeline(new, TimelineRange::After(0)).await.unwrap().len(), 3);
    assert_eq!(titles(&*remote, "status:acknowledged").await, ["Cards fail"]);
    assert_eq!(titles(&*remote, "status:triggered").await, Vec::<String>::new());

    // The remote answers again, and commands that it has carried out are not applied a second time.
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    super::fixtures::all_sent(&remote).await;
    let events = remote.timeline(id, TimelineRange::Last(10)).await.unwrap();
    assert_eq!(events.len(), 3);
    assert!(remote.incident(new).await.unwrap().incident.summary.number.is_some());
}

#[tokio::test]
async fn pending_merge_is_applied_to_both_records() {
    let fixture = RemoteFixture::new().await;
    let from = declared(&*fixture.store, "Cards fail again").await;
    let into = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    read_all(&remote).await;
    fixture.stub.set_mode(StubMode::Offline);
    let merge = ask(from, IncidentCommand::Merge { into });
    remote.enqueue(vec![merge.clone()]).await.unwrap();
    assert_eq!(remote.incident(from).await.unwrap().incident.summary.status, Status::Merged);

    let number = fixture.store.incident(from).await.unwrap().incident.summary.number;
    let target = remote.incident(into).await.unwrap().incident;
    assert_eq!(target.absorbed, [(from, number)]);
    let events = remote.timeline(into, TimelineRange::Last(10)).await.unwrap();
    assert_eq!(events.len(), 2);
    let pending = &events[1];
    assert_eq!((pending.seq, pending.command), (2, merge.id));
    let EventBody::Absorbed { title, .. } = &pending.body else { panic!("{pending:?}") };
    assert_eq!(title, "Cards fail again");
    assert!(remote.watch_outbox().borrow().has_pending(into));
    let page = remote.search(&search("")).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| (row.id, row.seq)).collect::<Vec<_>>(), [(into, 2)]);

    // It is carried out, and not applied a second time.
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    super::fixtures::all_sent(&remote).await;
    assert_eq!(remote.incident(into).await.unwrap().incident.absorbed, [(from, number)]);
    assert_eq!(remote.timeline(into, TimelineRange::Last(10)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn merge_into_a_declared_incident_waits_with_it() {
    let fixture = RemoteFixture::new().await;
    let from = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    read_all(&remote).await;
    fixture.stub.set_mode(StubMode::Offline);
    let (into, declaration) = declare("Payments are down");
    remote.enqueue(vec![declaration]).await.unwrap();
    remote.enqueue(vec![ask(from, IncidentCommand::Merge { into })]).await.unwrap();
    let target = remote.incident(into).await.unwrap().incident;
    assert_eq!(target.absorbed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [from]);
    assert_eq!(remote.timeline(into, TimelineRange::After(0)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn cached_timeline_tail_is_not_treated_as_complete() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    for number in 2..=230 {
        let note = ask(id, IncidentCommand::AddNote { text: format!("no {number}") });
        fixture.store.execute(&note).await.unwrap();
    }
    let remote = fixture.remote().await;
    read_all(&remote).await;
    fixture.stub.set_mode(StubMode::Offline);
    let seqs = async |part| match remote.timeline(id, part).await {
        Ok(events) => Some(events.iter().map(|event| event.seq).collect::<Vec<u32>>()),
        Err(BackendError::Unreachable(_)) => None,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(seqs(TimelineRange::Last(3)).await, Some(vec![228, 229, 230]));
    assert_eq!(seqs(TimelineRange::Before(34, 2)).await, Some(vec![32, 33]));
    assert_eq!(seqs(TimelineRange::After(228)).await, Some(vec![229, 230]));
    assert_eq!(seqs(TimelineRange::After(230)).await, Some(vec![]), "nothing more has happened");
    assert_eq!(seqs(TimelineRange::Before(1, 10)).await, Some(vec![]), "nothing was before");
    assert_eq!(seqs(TimelineRange::Before(31, 10)).await, None, "what was before is not kept");
    assert_eq!(seqs(TimelineRange::After(0)).await, None, "the begin is not kept");
    assert_eq!(seqs(TimelineRange::After(29)).await, None, "event 30 is not kept");
    assert_eq!(seqs(TimelineRange::After(30)).await.map(|seqs| seqs.len()), Some(200));
}

#[tokio::test]
async fn uncached_changes_are_fetched_again_after_a_restart() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let first = remote.changes(None, Duration::ZERO).await.unwrap();
    // This incident is read, but not cached.
    let images = declared(&*fixture.store, "Images fail").await;
    let second = fixture.store.changes(Some(first.cursor), Duration::ZERO).await.unwrap();
    declared(&*fixture.store, "Logins are slow").await;
    let third = remote.changes(Some(second.cursor), Duration::ZERO).await.unwrap();
    assert!(third.cursor != second.cursor && !third.reset);
    drop(remote);
    let remote = fixture.remote().await;
    let cached = remote.cached_state().await;
    assert_eq!(cached.cursor, Some(first.cursor), "behind it there is a hole");
    let rest = remote.changes(cached.cursor, Duration::ZERO).await.unwrap();
    assert!(rest.rows.iter().any(|row| row.id == images));
    let cached = remote.cached_state().await;
    assert_eq!((cached.cursor, cached.rows.unwrap().value.len()), (Some(third.cursor), 3));
}

#[tokio::test]
async fn search_reports_whether_it_used_the_cache_only() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    let before = Utc::now();
    let remote = fixture.remote().await;
    read_all(&remote).await;
    declared(&*fixture.store, "Cards fail again").await;
    let read = remote.read_page(&search("cards")).await.unwrap();
    assert_eq!((read.value.rows.len(), read.as_of), (2, None));
    let mut wanted = redphone::backend::Search { limit: 1, ..search("cards") };
    fixture.stub.set_mode(StubMode::Offline);
    let read = remote.read_page(&wanted).await.unwrap();
    assert!(read.as_of.is_some_and(|at| at >= before), "{:?}", read.as_of);
    // The following pages come from the cache too, even if the remote answers again.
    fixture.stub.set_mode(StubMode::Online);
    wanted.after = read.value.next;
    assert!(wanted.after.is_some());
    assert!(remote.read_page(&wanted).await.unwrap().as_of.is_some());
}

#[tokio::test]
async fn two_remotes_and_two_people_share_nothing() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    let mine = fixture.remote().await;
    read_all(&mine).await;
    fixture.stub.set_mode(StubMode::Offline);
    let theirs = fixture.remote_of("tomo").await;
    assert!(theirs.cached_state().await.rows.is_none());
    assert_ne!(mine.outbox_file(), theirs.outbox_file());
}

#[tokio::test]
async fn cache_stays_within_its_bounds() {
    let fixture = RemoteFixture::new().await;
    let remote = fixture.remote().await;
    let most = usize::try_from(redphone::sync::remote::MAX_DETAILS).unwrap();
    let mut ids = Vec::new();
    for index in 0..most + 10 {
        ids.push(declared(&*fixture.store, &format!("incident {index}")).await);
    }
    for id in &ids {
        remote.incident(*id).await.unwrap();
    }
    fixture.stub.set_mode(StubMode::Offline);
    let mut available = 0;
    for id in &ids {
        available += usize::from(remote.incident(*id).await.is_ok());
    }
    assert_eq!(available, most);
    assert!(remote.incident(ids[0]).await.is_err(), "the one that was looked at longest ago");
}
