//! What is kept is given where the remote does not answer, with what waits laid over it.

use std::time::Duration;

use chrono::Utc;
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::command::CommandKind;
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::{EventBody, IncidentCommand, Status};
use redphone::sync::remote::Remote;
use redphone::sync::{ReadResult, Reader};

use super::fixtures::Place;
use crate::support::far::Way;
use crate::support::requests::{ask, declare, declared, resolve, search, titles};

/// How many events are read with an incident.
const EVENTS: u32 = 200;

/// Reads all that there is once.
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
async fn all_that_was_read_is_there_without_the_remote_and_after_a_restart() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.store.execute(&ask(id, IncidentCommand::AddNote { text: "seen".into() })).await.unwrap();
    let remote = place.remote().await;
    read_all(&remote).await;
    drop(remote);
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let known = remote.cached_state().await;
    assert_eq!(known.rows.unwrap().value.len(), 1);
    assert!(known.cursor.is_some());
    assert!(known.capabilities.unwrap().verbs.contains(&CommandKind::Acknowledge));
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
async fn what_is_kept_comes_with_its_age_and_the_answer_after_it() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let mut told = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| told.push(read.unwrap().as_of)).await;
    assert_eq!(told, [None], "it has just been read");
    place.far.set(Way::Slow(Duration::from_millis(600)));
    let mut told = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| told.push(read.unwrap().as_of.is_some())).await;
    assert_eq!(told, [true, false], "first what is kept, then what it says");
    place.far.set(Way::Cut);
    let mut told: Vec<ReadResult<_>> = Vec::new();
    remote.read_incident(id, EVENTS, &mut |read| told.push(read)).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].as_ref().unwrap().as_of.is_some());
    // Of one that was never read there is nothing.
    let other = declared(&*place.store, "Images fail").await;
    let mut told: Vec<ReadResult<_>> = Vec::new();
    remote.read_incident(other, EVENTS, &mut |read| told.push(read)).await;
    assert!(matches!(&told[..], [Err(BackendError::Unreachable(_))]));
}

#[tokio::test]
async fn a_search_finds_the_same_without_the_remote() {
    let place = Place::new().await;
    for title in ["Cards fail", "Images fail", "Logins are slow"] {
        let id = declared(&*place.store, title).await;
        if title == "Images fail" {
            place.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
        }
    }
    let remote = place.remote().await;
    read_all(&remote).await;
    for filter in
        ["", "fail", "status:triggered", "-status:triggered", "p2", "service:checkout slow"]
    {
        for sort in [Sort::Urgent, Sort::Newest, Sort::Oldest] {
            let wanted = redphone::backend::Search { sort, ..search(filter) };
            place.far.set(Way::Open);
            let there = remote.search(&wanted).await.unwrap();
            place.far.set(Way::Cut);
            let kept = remote.search(&wanted).await.unwrap();
            assert_eq!(kept.rows, there.rows, "{filter:?} {sort}");
            assert_eq!(kept.counts, there.counts, "{filter:?} {sort}");
        }
    }
    // By pages.
    let mut wanted = redphone::backend::Search { limit: 2, ..search("") };
    let first = remote.search(&wanted).await.unwrap();
    wanted.after = first.next;
    let second = remote.search(&wanted).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len(), second.next), (2, 1, None));
}

#[tokio::test]
async fn what_waits_is_laid_over_what_is_read() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    read_all(&remote).await;
    place.far.set(Way::Cut);
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

    // With the remote back, and what it has seen not laid over a second time.
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    super::fixtures::all_sent(&remote).await;
    let events = remote.timeline(id, TimelineRange::Last(10)).await.unwrap();
    assert_eq!(events.len(), 3);
    assert!(remote.incident(new).await.unwrap().incident.summary.number.is_some());
}

#[tokio::test]
async fn the_end_of_a_timeline_that_is_kept_is_not_taken_for_all_of_it() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    for number in 2..=230 {
        let note = ask(id, IncidentCommand::AddNote { text: format!("no {number}") });
        place.store.execute(&note).await.unwrap();
    }
    let remote = place.remote().await;
    read_all(&remote).await;
    place.far.set(Way::Cut);
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
async fn what_could_not_be_written_down_is_asked_for_again_after_a_restart() {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let first = remote.changes(None, Duration::ZERO).await.unwrap();
    // This one is read, and nothing of it is written down.
    let images = declared(&*place.store, "Images fail").await;
    let second = place.store.changes(Some(first.cursor), Duration::ZERO).await.unwrap();
    declared(&*place.store, "Logins are slow").await;
    let third = remote.changes(Some(second.cursor), Duration::ZERO).await.unwrap();
    assert!(third.cursor != second.cursor && !third.reset);
    drop(remote);
    let remote = place.remote().await;
    let known = remote.cached_state().await;
    assert_eq!(known.cursor, Some(first.cursor), "behind it there is a hole");
    let rest = remote.changes(known.cursor, Duration::ZERO).await.unwrap();
    assert!(rest.rows.iter().any(|row| row.id == images));
    let known = remote.cached_state().await;
    assert_eq!((known.cursor, known.rows.unwrap().value.len()), (Some(third.cursor), 3));
}

#[tokio::test]
async fn a_search_says_whether_it_looked_only_at_what_is_kept() {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    let before = Utc::now();
    let remote = place.remote().await;
    read_all(&remote).await;
    declared(&*place.store, "Cards fail again").await;
    let read = remote.read_page(&search("cards")).await.unwrap();
    assert_eq!((read.value.rows.len(), read.as_of), (2, None));
    let mut wanted = redphone::backend::Search { limit: 1, ..search("cards") };
    place.far.set(Way::Cut);
    let read = remote.read_page(&wanted).await.unwrap();
    assert!(read.as_of.is_some_and(|at| at >= before), "{:?}", read.as_of);
    // And so does each page that goes on with it, even where the remote is back.
    place.far.set(Way::Open);
    wanted.after = read.value.next;
    assert!(wanted.after.is_some());
    assert!(remote.read_page(&wanted).await.unwrap().as_of.is_some());
}

#[tokio::test]
async fn two_remotes_and_two_people_share_nothing() {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    let mine = place.remote().await;
    read_all(&mine).await;
    place.far.set(Way::Cut);
    let theirs = place.remote_of("tomo").await;
    assert!(theirs.cached_state().await.rows.is_none());
    assert_ne!(mine.outbox_file(), theirs.outbox_file());
}

#[tokio::test]
async fn no_more_is_kept_than_is_bounded() {
    let place = Place::new().await;
    let remote = place.remote().await;
    let most = usize::try_from(redphone::sync::remote::MAX_DETAILS).unwrap();
    let mut ids = Vec::new();
    for index in 0..most + 10 {
        ids.push(declared(&*place.store, &format!("incident {index}")).await);
    }
    for id in &ids {
        remote.incident(*id).await.unwrap();
    }
    place.far.set(Way::Cut);
    let mut there = 0;
    for id in &ids {
        there += usize::from(remote.incident(*id).await.is_ok());
    }
    assert_eq!(there, most);
    assert!(remote.incident(ids[0]).await.is_err(), "the one that was looked at longest ago");
}
