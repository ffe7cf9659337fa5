//! Evidence is stored with its event, bounded, exported, and removed permanently by a redaction.

use std::path::Path;

use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, Missing, TimelineRange};
use redphone::model::bad_field::{BadField, FieldProblem};
use redphone::model::evidence::{MAX_EVIDENCE, RedactedPart, encode_content};
use redphone::model::impact::Reporter;
use redphone::model::{IncidentCommand, IncidentId, Rejection};
use tempfile::tempdir;
use uuid::Uuid;

use super::fixtures::{ask, declared, exported, import, open};
use crate::support::requests::search;

/// A text that occurs nowhere else in the store.
const MARKER: &str = "pw-Zq81xVt0";

fn attach(name: &str, content: &str) -> (Uuid, IncidentCommand) {
    let evidence = Uuid::now_v7();
    let (name, content) = (name.to_owned(), encode_content(content.as_bytes()));
    (evidence, IncidentCommand::AttachEvidence { evidence, name, content })
}

async fn done(store: &FileStore, id: IncidentId, command: IncidentCommand) {
    store.execute(&ask(id, command)).await.unwrap();
}

async fn rejection(store: &FileStore, id: IncidentId, command: IncidentCommand) -> Rejection {
    match store.execute(&ask(id, command)).await {
        Err(BackendError::Rejected(why) | BackendError::Conflict(why)) => why.rejection,
        other => panic!("{other:?} is no rejection"),
    }
}

fn redact(part: RedactedPart, target: Uuid) -> IncidentCommand {
    IncidentCommand::Redact { part, target, reason: "it has a password".into() }
}

/// Returns whether a file of the store has a text.
fn has_text(path: &Path, text: &str) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let file = format!("{}{suffix}", path.display());
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn attached_content_is_read_by_its_id() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    let (evidence, command) = attach("app.log", "error\n");
    done(&store, id, command).await;
    let content = store.evidence(evidence).await.unwrap();
    assert_eq!((content.incident, content.decode().unwrap()), (id, b"error\n".to_vec()));
    let record = store.incident(id).await.unwrap().incident;
    assert_eq!((record.evidence[0].name.as_str(), record.evidence[0].size), ("app.log", 6));
    assert!(record.evidence[0].text);
    let missing = store.evidence(Uuid::now_v7()).await;
    assert!(matches!(missing, Err(BackendError::NotFound(Missing::Other(_)))), "{missing:?}");
}

#[tokio::test]
async fn same_content_and_too_much_of_it_are_refused() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    for number in 0..MAX_EVIDENCE {
        let (_, command) = attach(&format!("{number}.log"), &format!("line {number}"));
        done(&store, id, command).await;
    }
    let same = Rejection::AlreadyAttached { name: "3.log".into() };
    assert_eq!(rejection(&store, id, attach("3.log", "other").1).await, same);
    assert_eq!(rejection(&store, id, attach("other.log", "line 3").1).await, same);
    let problem = FieldProblem::TooManyEntries { count: MAX_EVIDENCE + 1, max: MAX_EVIDENCE };
    let refused = rejection(&store, id, attach("more.log", "more").1).await;
    assert_eq!(refused, Rejection::Field(BadField::new("evidence", problem)));
    let large = IncidentCommand::AttachEvidence {
        evidence: Uuid::now_v7(),
        name: "large".into(),
        content: encode_content(&vec![7; 1024 * 1024 + 1]),
    };
    let Rejection::Field(bad) = rejection(&store, id, large).await else { panic!("a field") };
    assert_eq!(bad.field, "content");
}

#[tokio::test]
async fn full_store_refuses_more() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    let (evidence, command) = attach("app.log", "error\n");
    done(&store, id, command).await;
    // As if it were a GiB.
    let conn = rusqlite::Connection::open(&path).unwrap();
    let grow = "UPDATE evidence SET size = 1073741823 WHERE id = ?";
    conn.execute(grow, [evidence.as_bytes().to_vec()]).unwrap();
    drop(conn);
    assert_eq!(rejection(&store, id, attach("b", "ab").1).await, Rejection::EvidenceFull);
    done(&store, id, attach("b", "a").1).await;
}

#[tokio::test]
async fn redacted_evidence_is_nowhere_in_the_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    let (evidence, command) = attach(&format!("{MARKER}.log"), MARKER);
    done(&store, id, command).await;
    assert!(has_text(&path, MARKER));
    done(&store, id, redact(RedactedPart::Evidence, evidence)).await;
    let read = store.evidence(evidence).await;
    assert!(matches!(read, Err(BackendError::NotFound(_))), "{read:?}");
    let again = rejection(&store, id, redact(RedactedPart::Evidence, evidence)).await;
    assert_eq!(again, Rejection::AlreadyRedacted);
    let lines = exported(&store).await.join("\n");
    assert!(!lines.contains(MARKER) && !lines.contains(&encode_content(MARKER.as_bytes())));
    assert!(lines.contains("it has a password"));
    store.close().await;
    assert!(!has_text(&path, MARKER));
    let report = doctor::examine(&path).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn redacted_reporter_is_nowhere_in_the_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    let reporter = Reporter {
        id: Uuid::now_v7(),
        name: format!("Tom {MARKER}"),
        contact: Some(format!("{MARKER}@example.org")),
        ticket: Some("T-12".into()),
        redacted: false,
    };
    done(&store, id, IncidentCommand::AddReporter { reporter: reporter.clone() }).await;
    // A long timeline has a snapshot.
    for number in 0..140 {
        let text = format!("note {number}");
        done(&store, id, IncidentCommand::AddNote { text }).await;
    }
    done(&store, id, redact(RedactedPart::Contact, reporter.id)).await;
    let record = store.incident(id).await.unwrap().incident;
    assert_eq!(record.reporters[0].line(), format!("Tom {MARKER} · contact redacted · T-12"));
    done(&store, id, redact(RedactedPart::Reporter, reporter.id)).await;
    let record = store.incident(id).await.unwrap().incident;
    assert_eq!(record.reporters[0].line(), "redacted");
    store.close().await;
    assert!(!has_text(&path, MARKER));
    let report = doctor::examine(&path).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn redacted_note_is_nowhere_in_the_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    let secret = "Zq81xVt0pw";
    let note = ask(id, IncidentCommand::AddNote { text: format!("Tom {secret} called") });
    let event = store.execute(&note).await.unwrap().events[0].id;
    let text = format!("Tom {secret} has called twice");
    done(&store, id, IncidentCommand::CorrectNote { note: event, text }).await;
    done(&store, id, IncidentCommand::AddNote { text: "Tom is back".into() }).await;
    // The words are found, so that they are in the index.
    let found = store.search(&search(&format!("is:any {secret}"))).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    done(&store, id, redact(RedactedPart::Note, event.0)).await;
    let found = store.search(&search(&format!("is:any {secret}"))).await.unwrap();
    assert_eq!(found.rows.len(), 0);
    let found = store.search(&search("is:any back")).await.unwrap();
    assert_eq!(found.rows.len(), 1, "other notes are found still");
    let events = store.timeline(id, TimelineRange::After(1)).await.unwrap();
    let texts: Vec<String> = events.iter().map(|event| event.body.detail()).collect();
    let expected = ["(redacted)", "(redacted)", "Tom is back", "note: it has a password"];
    assert_eq!(texts, expected);
    assert!(!exported(&store).await.join("\n").contains(secret));
    store.close().await;
    for text in [secret.to_owned(), secret.to_lowercase()] {
        assert!(!has_text(&path, &text));
    }
    let report = doctor::examine(&path).await.unwrap();
    assert_eq!(report.findings, []);
}

/// Returns a store with evidence, a reporter and a note of an incident, its export, and the
/// redactions of all of it.
async fn with_secrets(path: &Path) -> (FileStore, Vec<Record>, IncidentId, Vec<IncidentCommand>) {
    let store = open(path).await;
    let id = declared(&store, "Cards fail").await;
    let (evidence, command) = attach(&format!("{MARKER}.log"), MARKER);
    done(&store, id, command).await;
    let reporter = Reporter {
        id: Uuid::now_v7(),
        name: MARKER.into(),
        contact: None,
        ticket: None,
        redacted: false,
    };
    let (target, text) = (reporter.id, MARKER.to_owned());
    done(&store, id, IncidentCommand::AddReporter { reporter }).await;
    let note = store.execute(&ask(id, IncidentCommand::AddNote { text })).await.unwrap();
    let parts = [
        (RedactedPart::Evidence, evidence),
        (RedactedPart::Reporter, target),
        (RedactedPart::Note, note.events[0].id.0),
    ];
    let lines = exported(&store).await;
    let records = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    (store, records, id, parts.map(|(part, target)| redact(part, target)).to_vec())
}

#[tokio::test]
async fn export_of_before_is_imported_into_a_redacted_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (store, before, id, redactions) = with_secrets(&path).await;
    for command in redactions {
        done(&store, id, command).await;
    }
    let count = store.timeline(id, TimelineRange::After(0)).await.unwrap().len();
    import(&store, &before).await;
    assert_eq!(store.timeline(id, TimelineRange::After(0)).await.unwrap().len(), count);
    store.close().await;
    assert!(!has_text(&path, MARKER));
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn import_redacts_what_was_redacted_in_the_other_store() {
    let folder = tempdir().unwrap();
    let (store, before, id, redactions) = with_secrets(&folder.path().join("store.db")).await;
    let path = folder.path().join("other.db");
    let other = open(&path).await;
    import(&other, &before).await;
    for command in redactions {
        done(&store, id, command).await;
    }
    let lines = exported(&store).await;
    let after: Vec<Record> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    import(&other, &after).await;
    let record = |store: FileStore| async move { store.incident(id).await.unwrap().incident };
    assert_eq!(record(other.clone()).await, record(store).await);
    other.close().await;
    assert!(!has_text(&path, MARKER));
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn redaction_of_nothing_is_refused() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    for part in [RedactedPart::Reporter, RedactedPart::Contact, RedactedPart::Note] {
        let refused = rejection(&store, id, redact(part, Uuid::now_v7())).await;
        assert_eq!(refused, Rejection::NothingToRedact, "{part}");
    }
    assert_eq!(store.timeline(id, TimelineRange::After(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn import_does_not_bring_back_what_was_redacted() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    let (evidence, command) = attach("app.log", "error\n");
    done(&store, id, command).await;
    let lines = exported(&store).await;
    let records: Vec<Record> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let other = open(&folder.path().join("other.db")).await;
    import(&other, &records).await;
    assert_eq!(other.evidence(evidence).await.unwrap(), store.evidence(evidence).await.unwrap());
    done(&store, id, redact(RedactedPart::Evidence, evidence)).await;
    let content: Vec<Record> =
        records.into_iter().filter(|record| matches!(record, Record::Evidence(_))).collect();
    assert_eq!(content.len(), 1);
    import(&store, &content).await;
    assert!(store.evidence(evidence).await.is_err());
}
