//! Commands are made durable first, and then sent in order and once each.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use redphone::backend::{Backend, BackendError};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::Link;
use redphone::model::{EventBody, IncidentCommand, IncidentId};
use redphone::sync::Reader;
use redphone::sync::remote::{EntryState, Submission};

use super::fixtures::{RemoteFixture, all_sent, until};
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declaration, declare, declare_as, declared, resolve};

pub fn note(id: IncidentId, text: &str) -> redphone::model::Envelope {
    ask(id, IncidentCommand::AddNote { text: text.into() })
}

/// Resolves the incident and answers the closing gate.
async fn may_be_closed(fixture: &RemoteFixture, id: IncidentId) {
    fixture.store.execute(&ask(id, resolve())).await.unwrap();
    for item in ClosingItem::ALL {
        let answer =
            IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes };
        fixture.store.execute(&ask(id, answer)).await.unwrap();
    }
}

#[tokio::test]
async fn sendable_command_is_answered() {
    let fixture = RemoteFixture::new().await;
    let remote = fixture.remote().await;
    let (id, declaration) = declare("Cards fail");
    let Submission::Done(outcome) = remote.submit_and_wait(&declaration).await.unwrap() else {
        panic!()
    };
    assert_eq!(outcome.incident, Some(id));
    assert!(outcome.row.unwrap().number.is_some());
    let listing = all_sent(&remote).await;
    assert_eq!(listing.sent().next().unwrap().label(), "INC-1");
}

#[tokio::test]
async fn offline_command_is_sent_after_a_restart() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let submission = remote.submit_and_wait(&note(id, "seen")).await.unwrap();
    assert!(matches!(submission, Submission::Queued(why) if why.contains("no route")));
    drop(remote);
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["seen"]);
}

#[tokio::test]
async fn command_whose_response_was_lost_happens_once() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    fixture.stub.set_mode(StubMode::ResponsesLost);
    let envelope = note(id, "once");
    assert!(matches!(remote.submit_and_wait(&envelope).await.unwrap(), Submission::Queued(_)));
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    let EntryState::Sent(outcome) = &listing.get(envelope.id).unwrap().state else { panic!() };
    assert!(outcome.replayed, "the first outcome is its answer");
    assert_eq!(fixture.notes(id).await, ["once"]);
    assert!(fixture.stub.arrived().iter().filter(|sent| **sent == envelope.id).count() >= 2);
}

#[tokio::test]
async fn malformed_response_settles_no_command() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    fixture.stub.set_mode(StubMode::ResponsesMalformed);
    let envelope = note(id, "once");
    let submission = remote.submit_and_wait(&envelope).await.unwrap();
    assert_eq!(submission, Submission::Queued("what comes makes no sense".into()));
    assert!(remote.entry(envelope.id).await.unwrap().unwrap().next_attempt_at.is_some());
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(remote.watch_outbox().borrow().refused().count(), 0);
    assert_eq!(fixture.notes(id).await, ["once"]);
}

#[tokio::test]
async fn commands_wait_only_for_those_of_the_same_incident() {
    let fixture = RemoteFixture::new().await;
    let one = declared(&*fixture.store, "Cards fail").await;
    let other = declared(&*fixture.store, "Images fail").await;
    let remote = fixture.remote().await;
    let first = note(one, "first");
    fixture.stub.poison(first.id);
    for envelope in [first.clone(), note(one, "second"), note(other, "third")] {
        remote.enqueue(vec![envelope]).await.unwrap();
    }
    until(&remote, |listing| listing.pending().count() == 2).await;
    assert_eq!(fixture.notes(other).await, ["third"]);
    assert_eq!(fixture.notes(one).await, Vec::<String>::new());
}

#[tokio::test]
async fn pending_commands_are_sent_in_one_batch() {
    let fixture = RemoteFixture::new().await;
    let mut ids = Vec::new();
    for index in 0..40 {
        ids.push(declared(&*fixture.store, &format!("incident {index}")).await);
    }
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    for id in &ids {
        remote.enqueue(vec![note(*id, "a")]).await.unwrap();
        remote.enqueue(vec![note(*id, "b")]).await.unwrap();
    }
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    for id in &ids {
        assert_eq!(fixture.notes(*id).await, ["a", "b"]);
    }
    let batches = fixture.stub.batches();
    assert_eq!(batches.iter().max(), Some(&40), "one of each incident: {batches:?}");
}

#[tokio::test]
async fn sent_command_is_found_after_it_is_no_longer_listed() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let all: Vec<_> = (0..70).map(|index| note(id, &format!("note {index}"))).collect();
    let (first, others) = all.split_at(1);
    remote.submit_and_wait(&first[0]).await.unwrap();
    drop(remote);
    // The command was answered while the clock was a day ahead.
    let file = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    file.execute("UPDATE entry SET settled_at = settled_at + 86400000", []).unwrap();
    drop(file);
    let remote = fixture.remote().await;
    remote.enqueue(others.to_vec()).await.unwrap();
    let listing = all_sent(&remote).await;
    let sent: Vec<_> = listing.sent().map(|entry| entry.id).collect();
    let last: Vec<_> = all.iter().rev().take(50).map(|envelope| envelope.id).collect();
    assert_eq!(sent, last);
    let entry = remote.entry(first[0].id).await.unwrap().unwrap();
    assert!(matches!(entry.state, EntryState::Sent(_)));
    assert!(remote.entry(note(id, "never").id).await.unwrap().is_none());
}

#[tokio::test]
async fn refused_command_can_be_dropped_but_not_retried_in_vain() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let acknowledge = ask(id, IncidentCommand::Acknowledge);
    remote.enqueue(vec![acknowledge.clone()]).await.unwrap();
    fixture.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 1).await;
    let refused = listing.get(acknowledge.id).unwrap();
    let why = refused.refusal().unwrap().to_string();
    assert!(why.starts_with("already acknowledged by Ines Moreau"), "{why}");
    let error = remote.retry(acknowledge.id).await.unwrap_err();
    assert_eq!(error, BackendError::NotAllowed("nothing is left to do: drop it".into()));
    // The state survives a restart.
    drop(remote);
    let remote = fixture.remote().await;
    assert_eq!(remote.watch_outbox().borrow().refused().count(), 1);
    assert_eq!(remote.drop_entry(acknowledge.id).await.unwrap(), 1);
    assert!(remote.watch_outbox().borrow().entries.is_empty());
}

#[tokio::test]
async fn batch_after_a_refused_command_is_blocked_and_retried_with_it() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    // It can't be closed before it is resolved.
    let chain = vec![ask(id, IncidentCommand::Close), note(id, "closed it")];
    remote.enqueue(chain.clone()).await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 2).await;
    let follows = listing.get(chain[1].id).unwrap();
    assert_eq!(follows.blocked_by, Some(chain[0].id));
    let why = follows.refusal().unwrap().to_string();
    assert!(
        why.starts_with("not sent, because what comes before it was refused: resolve it"),
        "{why}"
    );
    assert_eq!(fixture.notes(id).await, Vec::<String>::new());
    // Other commands on the incident are still sent. Refused commands say what blocked them.
    let reopen = ask(id, IncidentCommand::Reopen { reason: "x".into() });
    remote.enqueue(vec![reopen.clone()]).await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 3).await;
    assert!(listing.get(reopen.id).unwrap().blocked_by.is_some());
    // Once the incident is resolved and the gate is answered, both commands are sent.
    may_be_closed(&fixture, id).await;
    remote.retry(chain[0].id).await.unwrap();
    let listing = all_sent(&remote).await;
    for envelope in &chain {
        let entry = listing.get(envelope.id).unwrap();
        assert!(matches!(entry.state, EntryState::Sent(_)), "{entry:#?}");
        assert_eq!(entry.blocked_by, None);
    }
    assert_eq!(fixture.notes(id).await, ["closed it"]);
}

#[tokio::test]
async fn commands_wait_until_a_refused_declaration_is_corrected() {
    let fixture = RemoteFixture::new().await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let ahead = redphone::model::command::Declaration {
        reported_at: Utc::now() + TimeDelta::hours(2),
        ..declaration("Cards fail")
    };
    let (id, declaration_ahead) = declare_as(ahead);
    remote.enqueue(vec![declaration_ahead.clone()]).await.unwrap();
    let waits = note(id, "first look");
    remote.enqueue(vec![waits.clone()]).await.unwrap();
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 1).await;
    let waiting = listing.get(waits.id).unwrap();
    assert!(waiting.is_pending());
    assert_eq!(listing.blocker_of(waiting).unwrap().id, declaration_ahead.id);
    assert_eq!(listing.dependents(listing.get(declaration_ahead.id).unwrap()), [waits.id]);
    // The declaration is written again, for the same incident.
    let corrected = ask(id, IncidentCommand::Declare(Box::new(declaration("Cards fail"))));
    remote.replace(declaration_ahead.id, vec![corrected]).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["first look"]);
}

#[tokio::test]
async fn submission_says_that_a_command_before_it_is_unreadable() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let (odd, follower) = (note(id, "odd"), note(id, "follows"));
    remote.enqueue(vec![odd.clone(), follower.clone()]).await.unwrap();
    drop(remote);
    let file = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    let sql = "UPDATE entry SET envelope = '{\"later\": 1}' WHERE id = ?";
    assert_eq!(file.execute(sql, [odd.id.as_bytes().to_vec()]).unwrap(), 1);
    drop(file);
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    let submission = remote.submit_and_wait(&follower).await.unwrap();
    let Submission::Queued(why) = submission else { panic!("{submission:?}") };
    assert!(
        why.starts_with("what comes before it (a command on ") && !why.contains("declaration"),
        "{why}"
    );
}

#[tokio::test]
async fn command_retried_in_another_process_is_not_replaced() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let (one, other) = (fixture.remote().await, fixture.remote().await);
    let close = ask(id, IncidentCommand::Close);
    one.enqueue(vec![close.clone(), note(id, "closed it")]).await.unwrap();
    until(&one, |listing| listing.refused().count() == 2).await;
    may_be_closed(&fixture, id).await;
    let edited = || ask(id, IncidentCommand::Close);
    // The command is pending again, then sent, then dropped.
    fixture.stub.set_mode(StubMode::Offline);
    one.retry(close.id).await.unwrap();
    let refused = |error: BackendError| {
        assert!(matches!(error, BackendError::Conflict(_)), "{error:?}");
        error.to_string()
    };
    let why = refused(other.replace(close.id, vec![edited()]).await.unwrap_err());
    assert!(why.starts_with("it is being sent again as it was"), "{why}");
    fixture.stub.set_mode(StubMode::Online);
    one.send_now().await.unwrap();
    all_sent(&one).await;
    let why = refused(other.replace(close.id, vec![edited()]).await.unwrap_err());
    assert!(why.starts_with("it was sent meanwhile as it was"), "{why}");
    let never = note(id, "never there");
    let why = refused(other.replace(never.id, vec![note(id, "b")]).await.unwrap_err());
    assert!(why.starts_with("it is not in the outbox any more"), "{why}");
    all_sent(&other).await;
    assert_eq!(fixture.notes(id).await, ["closed it"]);
    assert_eq!(other.watch_outbox().borrow().entries.len(), 2);
}

#[tokio::test]
async fn blocked_commands_follow_the_replacement_of_a_refused_one() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let chain = vec![ask(id, IncidentCommand::Close), note(id, "first"), note(id, "second")];
    remote.enqueue(chain.clone()).await.unwrap();
    until(&remote, |listing| listing.refused().count() == 3).await;
    fixture.stub.set_mode(StubMode::Offline);
    let edited = note(id, "instead");
    remote.replace(chain[0].id, vec![edited.clone()]).await.unwrap();
    let listing = remote.watch_outbox().borrow().clone();
    assert_eq!(listing.refused().count(), 0);
    assert!(listing.entries.iter().all(|entry| entry.batch == edited.id), "{listing:#?}");
    assert!(listing.entries.iter().all(|entry| entry.blocked_by.is_none()), "{listing:#?}");
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["instead", "first", "second"]);
}

#[tokio::test]
async fn dropping_a_declaration_drops_its_dependents() {
    let fixture = RemoteFixture::new().await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let (id, declaration) = declare("Cards fail");
    remote.enqueue(vec![declaration.clone()]).await.unwrap();
    remote.enqueue(vec![note(id, "first look")]).await.unwrap();
    assert_eq!(remote.drop_entry(declaration.id).await.unwrap(), 2);
    assert!(remote.watch_outbox().borrow().entries.is_empty());
}

#[tokio::test]
async fn commands_after_a_grouped_declaration_go_to_its_incident() {
    let fixture = RemoteFixture::new().await;
    let keyed = redphone::model::command::Declaration {
        dedup_key: Some("disk/db-3".into()),
        ..declaration("Disk full")
    };
    let open = crate::support::requests::declared_as(&*fixture.store, keyed.clone()).await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let (new, declaration) = declare_as(keyed);
    remote.enqueue(vec![declaration]).await.unwrap();
    remote.enqueue(vec![note(new, "cleaned up")]).await.unwrap();
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    assert_eq!(fixture.notes(open).await, ["cleaned up"]);
    // Its id refers to that incident from now on, also after a restart.
    let other = declared(&*fixture.store, "Images fail").await;
    drop(remote);
    let remote = fixture.remote().await;
    assert_eq!(remote.resolve_alias(new).await.unwrap(), open);
    assert_eq!(remote.resolve_alias(other).await.unwrap(), other);
    let link = Link::Incident { id: new, number: None };
    for envelope in [
        note(new, "full again"),
        ask(other, IncidentCommand::Link { link: link.clone() }),
        ask(other, IncidentCommand::Unlink { link }),
    ] {
        let Submission::Done(outcome) = remote.submit_and_wait(&envelope).await.unwrap() else {
            panic!()
        };
        assert!(!outcome.events.is_empty());
    }
    assert_eq!(fixture.notes(open).await, ["cleaned up", "full again"]);
    let linked = fixture.events(other).await.into_iter().filter_map(|event| match event.body {
        EventBody::Linked { link: Link::Incident { id, .. } } => Some(id),
        _ => None,
    });
    assert_eq!(linked.collect::<Vec<_>>(), [open]);
}

#[tokio::test]
async fn remote_as_a_backend_reports_an_unsent_command_as_queued() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::Offline);
    let remote: Arc<dyn Backend> = fixture.remote().await;
    let error = remote.execute(&ask(id, resolve())).await.unwrap_err();
    assert!(error.is_temporary());
    assert!(error.to_string().contains("it is kept and sent as soon as"), "{error}");
}
