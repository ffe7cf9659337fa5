//! What was redacted at the remote is removed from the cache and from the commands of the outbox; one that
//! waits and would bring it back is held.

use std::path::Path;
use std::time::Duration;

use redphone::backend::{Backend, Cursor, FeedSearch, TimelineRange};
use redphone::model::evidence::{RedactedPart, encode_content};
use redphone::model::impact::Reporter;
use redphone::model::{CommandId, EventBody, EventId, IncidentCommand, IncidentId, Rejection};
use redphone::sync::Reader;
use redphone::sync::drafts::Draft;
use redphone::sync::remote::Remote;
use rstest::rstest;
use uuid::{NoContext, Timestamp, Uuid};

use super::fixtures::{RemoteFixture, all_sent, until};
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declared};

/// A text that occurs nowhere else.
const MARKER: &str = "pw-Zq81xVt0";

/// Returns whether a file of a folder has a text.
fn has_text(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// Returns a command with the marker, and the redaction of its text.
fn secret(part: RedactedPart) -> (IncidentCommand, Uuid) {
    let id = Uuid::now_v7();
    let command = match part {
        RedactedPart::Evidence => IncidentCommand::AttachEvidence {
            evidence: id,
            name: format!("{MARKER}.log"),
            content: encode_content(b"nothing"),
        },
        RedactedPart::Reporter => {
            let (name, contact, ticket) = (MARKER.to_owned(), None, None);
            let reporter = Reporter { id, name, contact, ticket, redacted: false };
            IncidentCommand::AddReporter { reporter }
        }
        _ => IncidentCommand::AddNote { text: MARKER.into() },
    };
    (command, id)
}

/// Sends a command with the marker through a remote that has read all of the incident, and returns what
/// redacts it, with the cursor up to which changes were read.
async fn sent(remote: &Remote, id: IncidentId, part: RedactedPart) -> (IncidentCommand, Cursor) {
    let (command, mut target) = secret(part);
    let envelope = ask(id, command);
    remote.execute(&envelope).await.unwrap();
    if part == RedactedPart::Note {
        target = EventId::derived(envelope.id, 0).0;
    }
    // Its events quote it as well.
    remote.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    all_sent(remote).await;
    let delta = remote.changes(None, Duration::ZERO).await.unwrap();
    remote.read_incident(id, 200, &mut |_| {}).await;
    remote.feed(&FeedSearch::first(100)).await.unwrap();
    (IncidentCommand::Redact { part, target, reason: "it is secret".into() }, delta.cursor)
}

#[rstest]
#[case(RedactedPart::Evidence)]
#[case(RedactedPart::Reporter)]
#[case(RedactedPart::Note)]
#[tokio::test]
async fn redacted_part_leaves_the_client_with_the_next_changes(#[case] part: RedactedPart) {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let (redact, cursor) = sent(&remote, id, part).await;
    assert!(has_text(&fixture.cache_folder(), MARKER));
    // Somebody else redacts it.
    fixture.store.execute(&ask(id, redact)).await.unwrap();
    let delta = remote.changes(Some(cursor), Duration::ZERO).await.unwrap();
    assert_eq!(delta.redacted.len(), 1);
    assert_eq!((delta.redacted[0].incident, delta.redacted[0].part), (id, part));
    drop(remote);
    assert!(!has_text(&fixture.cache_folder(), MARKER));
    // The incident is cached again when it is read.
    let remote = fixture.remote().await;
    let events = remote.timeline(id, TimelineRange::Last(100)).await.unwrap();
    assert!(matches!(events.last().unwrap().body, EventBody::Redacted { .. }));
    let sent = remote.watch_outbox().borrow().entries.len();
    assert_eq!(sent, 1, "the acknowledgement is still among the commands that were sent");
}

/// The incident is loaded in no panes: what was redacted is known from the cache.
#[tokio::test]
async fn redacted_text_leaves_the_drafts_about_the_incident() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let (redact, cursor) = sent(&remote, id, RedactedPart::Reporter).await;
    let folder = fixture.folder.path().join("drafts");
    std::fs::create_dir(&folder).unwrap();
    let draft = Draft {
        id: Uuid::now_v7(),
        form: "\"Note\"".into(),
        about: vec![(id, "INC-1".into(), "Cards fail".into(), 1)],
        contents: vec![format!("{MARKER} calls back")],
        initial: Vec::new(),
        labels: Vec::new(),
        location: None,
        at: chrono::Utc::now(),
    };
    let file = folder.join(format!("{}.json", draft.id));
    std::fs::write(&file, serde_json::to_vec(&draft).unwrap()).unwrap();
    fixture.store.execute(&ask(id, redact)).await.unwrap();
    remote.changes(Some(cursor), Duration::ZERO).await.unwrap();
    let stored: Draft = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(stored, Draft { contents: vec!["(redacted) calls back".into()], ..draft });
}

#[tokio::test]
async fn own_redaction_leaves_the_outbox_at_once() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let (redact, _) = sent(&remote, id, RedactedPart::Note).await;
    let outcome = remote.execute(&ask(id, redact)).await.unwrap();
    assert!(outcome.row.is_some(), "whoever redacts is told what it led to");
    let snapshot = all_sent(&remote).await;
    let kinds: Vec<_> = snapshot
        .entries
        .iter()
        .filter_map(|entry| Some(entry.envelope.as_ref()?.command.kind().row().wire_name))
        .collect();
    assert_eq!(kinds, ["acknowledge", "redact"]);
}

/// Returns a command that waits and has what a redaction of the part removes.
fn waiting(part: RedactedPart) -> IncidentCommand {
    match part {
        RedactedPart::Evidence => IncidentCommand::AttachEvidence {
            evidence: Uuid::now_v7(),
            name: "again.log".into(),
            content: encode_content(b"nothing"),
        },
        _ => IncidentCommand::AddNote { text: format!("{MARKER} called again") },
    }
}

#[rstest]
#[case(RedactedPart::Evidence)]
#[case(RedactedPart::Reporter)]
#[case(RedactedPart::Note)]
#[tokio::test]
async fn waiting_command_loses_a_redacted_text(#[case] part: RedactedPart) {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let (redact, cursor) = sent(&remote, id, part).await;
    let envelope = ask(id, waiting(part));
    fixture.stub.poison(envelope.id);
    remote.enqueue(vec![envelope.clone()]).await.unwrap();
    fixture.store.execute(&ask(id, redact)).await.unwrap();
    remote.changes(Some(cursor), Duration::ZERO).await.unwrap();
    let snapshot = until(&remote, |snapshot| snapshot.refused().count() == 1).await;
    let entry = snapshot.get(envelope.id).unwrap();
    let refusal = entry.refusal().unwrap();
    let is_foreign = matches!(
        refusal,
        redphone::backend::BackendError::Rejected(why)
            if matches!(&why.rejection, Rejection::Foreign { .. })
    );
    assert!(is_foreign && entry.reason_not_to_retry().is_none(), "{refusal:?}");
    let shown = serde_json::to_string(entry.envelope.as_ref().unwrap()).unwrap();
    assert!(!shown.contains(MARKER) && !shown.contains(&encode_content(b"nothing")), "{shown}");
    drop(remote);
    assert!(!has_text(&fixture.cache_folder(), MARKER));
}

#[tokio::test]
async fn redactions_are_read_before_old_commands_are_sent() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let (redact, _) = sent(&remote, id, RedactedPart::Reporter).await;
    fixture.stub.set_mode(StubMode::Offline);
    let minutes_ago = (chrono::Utc::now().timestamp() - 600).try_into().unwrap();
    let made = Uuid::new_v7(Timestamp::from_unix(NoContext, minutes_ago, 0));
    let mut old = ask(id, waiting(RedactedPart::Reporter));
    old.id = CommandId(made);
    let other = ask(id, IncidentCommand::AddNote { text: "The pool is full".into() });
    remote.enqueue(vec![old.clone()]).await.unwrap();
    remote.enqueue(vec![other]).await.unwrap();
    fixture.store.execute(&ask(id, redact)).await.unwrap();
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["The pool is full"]);
    // A person decides that it is sent without the name.
    remote.retry(old.id).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["The pool is full", "(redacted) called again"]);
}

#[tokio::test]
async fn command_without_an_answer_goes_with_its_redaction() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let cursor = remote.changes(None, Duration::ZERO).await.unwrap().cursor;
    fixture.stub.set_mode(StubMode::ResponsesLost);
    let note = ask(id, IncidentCommand::AddNote { text: MARKER.into() });
    remote.submit_and_wait(&note).await.unwrap();
    let (part, target) = (RedactedPart::Note, EventId::derived(note.id, 0).0);
    let redact = IncidentCommand::Redact { part, target, reason: "it is secret".into() };
    fixture.store.execute(&ask(id, redact)).await.unwrap();
    fixture.stub.set_mode(StubMode::Online);
    remote.changes(Some(cursor), Duration::ZERO).await.unwrap();
    let snapshot = all_sent(&remote).await;
    assert_eq!(snapshot.refused().count(), 0);
    assert_eq!(fixture.notes(id).await, ["(redacted)"]);
    drop(remote);
    assert!(!has_text(&fixture.cache_folder(), MARKER));
}
