//! Redactions: removal of parts of earlier events. Apart from that, events are never edited.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::command::{Command, Envelope, IncidentCommand};
use super::event::{Event, EventBody, Undo};
use super::evidence::{REDACTED_TEXT, RedactedPart};
use super::id::{EventId, IncidentId};
use super::impact::Reporter;

/// The field of a record with those who have reported it.
const REPORTERS: &str = "reporters";

/// A part of an incident that was redacted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RedactedTarget {
    /// The incident.
    pub incident: IncidentId,
    /// The kind of part.
    pub part: RedactedPart,
    /// The id of the evidence, of the reporter, or of the event of the note.
    pub target: Uuid,
}

impl RedactedTarget {
    /// Returns whether a command about the incident contains the redacted text.
    #[must_use]
    pub fn is_in(&self, envelope: &Envelope) -> bool {
        let Command::Incident { command, .. } = &envelope.command else { return false };
        match (command, self.part) {
            (IncidentCommand::AttachEvidence { evidence, .. }, RedactedPart::Evidence) => {
                *evidence == self.target
            }
            (
                IncidentCommand::AddReporter { reporter },
                RedactedPart::Reporter | RedactedPart::Contact,
            ) => reporter.id == self.target,
            (IncidentCommand::AddNote { .. }, RedactedPart::Note) => {
                EventId::derived(envelope.id, 0).0 == self.target
            }
            (IncidentCommand::CorrectNote { note, .. }, RedactedPart::Note) => {
                note.0 == self.target
            }
            _ => false,
        }
    }
}

/// Returns the parts of an event that can be redacted, each with its id.
#[must_use]
pub fn redactable_parts(event: &Event) -> Vec<(RedactedPart, Uuid)> {
    let reporter_parts = |id| [(RedactedPart::Contact, id), (RedactedPart::Reporter, id)];
    let mut parts = match &event.body {
        EventBody::EvidenceAdded { evidence } => vec![(RedactedPart::Evidence, evidence.id)],
        EventBody::ReporterAdded { reporter } => reporter_parts(reporter.id).to_vec(),
        EventBody::NoteAdded { .. } => vec![(RedactedPart::Note, event.id.0)],
        EventBody::NoteCorrected { note, .. } => vec![(RedactedPart::Note, note.0)],
        _ => Vec::new(),
    };
    let restored = event.undo.as_ref().and_then(|undo| undo.fields.get(REPORTERS));
    let reporters = restored.map(|value| serde_json::from_value::<Vec<Reporter>>(value.clone()));
    for reporter in reporters.into_iter().flatten().flatten() {
        parts.extend(reporter_parts(reporter.id));
    }
    parts
}

/// Returns the text of a note that a redaction removes from an event; `None` if it removes none.
#[must_use]
pub fn note_text(event: &Event, part: RedactedPart, target: Uuid) -> Option<&str> {
    if part != RedactedPart::Note {
        return None;
    }
    match &event.body {
        EventBody::NoteAdded { text } if event.id.0 == target => Some(text),
        EventBody::NoteCorrected { note, text } if note.0 == target => Some(text),
        _ => None,
    }
}

/// Removes the redacted part from an event. Returns whether the event had it.
pub fn redact_event(event: &mut Event, part: RedactedPart, target: Uuid) -> bool {
    let only_contact = part == RedactedPart::Contact;
    let in_undo = event.undo.as_mut().is_some_and(|undo| redact_undo(undo, part, target));
    let in_body = match (&mut event.body, part) {
        (EventBody::EvidenceAdded { evidence }, RedactedPart::Evidence)
            if evidence.id == target =>
        {
            evidence.redact();
            true
        }
        (EventBody::NoteAdded { text }, RedactedPart::Note) if event.id.0 == target => {
            REDACTED_TEXT.clone_into(text);
            true
        }
        (EventBody::NoteCorrected { note, text }, RedactedPart::Note) if note.0 == target => {
            REDACTED_TEXT.clone_into(text);
            true
        }
        (EventBody::ReporterAdded { reporter }, RedactedPart::Reporter | RedactedPart::Contact)
            if reporter.id == target =>
        {
            reporter.redact(only_contact);
            true
        }
        _ => false,
    };
    in_undo || in_body
}

/// Removes the redacted part from the state that an undo restores.
fn redact_undo(undo: &mut Undo, part: RedactedPart, target: Uuid) -> bool {
    if !matches!(part, RedactedPart::Reporter | RedactedPart::Contact) {
        return false;
    }
    let Some(value) = undo.fields.get(REPORTERS) else { return false };
    let Ok(mut reporters) = serde_json::from_value::<Vec<Reporter>>(value.clone()) else {
        return false;
    };
    let Some(reporter) = reporters.iter_mut().find(|one| one.id == target) else { return false };
    reporter.redact(part == RedactedPart::Contact);
    let value = serde_json::to_value(&reporters).unwrap_or_default();
    undo.fields.insert(REPORTERS.to_owned(), value);
    true
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn event(body: &Value) -> Event {
        let mut event = json!({
            "id": Uuid::from_u128(7), "incident": Uuid::from_u128(8), "seq": 2,
            "at": "2026-03-01T10:00:00Z", "recorded_at": "2026-03-01T10:00:00Z",
            "actor": {"person": {"handle": "ines", "name": "Ines Moreau"}},
            "command": Uuid::from_u128(6),
        });
        for (name, value) in body.as_object().unwrap() {
            event[name] = value.clone();
        }
        serde_json::from_value(event).unwrap()
    }

    fn reporter() -> Value {
        json!({"id": Uuid::from_u128(1), "name": "Tom Varga", "contact": "tom@example.org",
            "ticket": "T-12"})
    }

    #[rstest]
    #[case(RedactedPart::Reporter, 1, &["Tom Varga", "tom@example.org", "T-12"])]
    #[case(RedactedPart::Contact, 1, &["tom@example.org"])]
    fn reporter_is_removed_from_events_and_undos(
        #[case] part: RedactedPart,
        #[case] target: u128,
        #[case] absent: &[&str],
    ) {
        let added = json!({"kind": "reporter_added", "reporter": reporter()});
        let undone = json!({"kind": "reporter_removed", "reporter": Uuid::from_u128(2),
            "undo": {"command": Uuid::from_u128(5), "fields": {"reporters": [reporter()]}}});
        for body in [added, undone] {
            let mut event = event(&body);
            let before = serde_json::to_string(&event).unwrap();
            assert!(redact_event(&mut event, part, Uuid::from_u128(target)));
            let after = serde_json::to_string(&event).unwrap();
            for text in absent {
                assert!(before.contains(text) && !after.contains(text), "{after}");
            }
            assert!(after.contains(r#""redacted":true"#), "{after}");
        }
    }

    #[test]
    fn note_is_removed_with_its_corrections() {
        let first = json!({"kind": "note_added", "text": "Tom Varga called"});
        let second =
            json!({"kind": "note_corrected", "note": Uuid::from_u128(7), "text": "Tom V."});
        for body in [&first, &second] {
            let mut event = event(body);
            // The events of the test have the id 7.
            let target = Uuid::from_u128(7);
            assert_eq!(note_text(&event, RedactedPart::Note, target), body["text"].as_str());
            assert!(redact_event(&mut event, RedactedPart::Note, target));
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!((&json["text"], json["seq"].as_u64()), (&json!("(redacted)"), Some(2)));
        }
        let mut other = event(&first);
        assert!(!redact_event(&mut other, RedactedPart::Note, Uuid::from_u128(8)));
        assert!(!redact_event(&mut other, RedactedPart::Reporter, Uuid::from_u128(7)));
        assert_eq!(other, event(&first));
    }

    #[test]
    fn command_that_has_a_redacted_part_is_found() {
        let id = |number| Uuid::from_u128(number);
        let envelope = |ask: &Value| -> Envelope {
            serde_json::from_value(json!({
                "id": id(50), "at": "2026-03-01T10:00:00Z",
                "actor": {"person": {"handle": "ines", "name": "Ines Moreau"}},
                "command": {"incident": {"incident": id(8), "ask": ask}},
            }))
            .unwrap()
        };
        let note = EventId::derived(crate::model::CommandId(id(50)), 0).0;
        let cases = [
            (json!({"do": "add_note", "text": "x"}), RedactedPart::Note, note),
            (json!({"do": "correct_note", "note": id(7), "text": "x"}), RedactedPart::Note, id(7)),
            (json!({"do": "add_reporter", "reporter": reporter()}), RedactedPart::Contact, id(1)),
            (
                json!({"do": "attach_evidence", "evidence": id(3), "name": "a", "content": "YQ=="}),
                RedactedPart::Evidence,
                id(3),
            ),
        ];
        for (ask, part, target) in &cases {
            let redacted =
                |target| RedactedTarget { incident: IncidentId(id(8)), part: *part, target };
            assert!(redacted(*target).is_in(&envelope(ask)), "{ask}");
            assert!(!redacted(id(99)).is_in(&envelope(ask)), "{ask}");
        }
    }

    #[test]
    fn other_parts_stay() {
        let mut event = event(&json!({"kind": "reporter_added", "reporter": reporter()}));
        let before = event.clone();
        for (part, target) in [(RedactedPart::Reporter, 2), (RedactedPart::Evidence, 1)] {
            assert!(!redact_event(&mut event, part, Uuid::from_u128(target)));
        }
        assert_eq!(event, before);
    }

    #[test]
    fn evidence_loses_name_and_hash() {
        let evidence =
            json!({"id": Uuid::from_u128(3), "name": "app.log", "hash": "ab", "size": 9});
        let mut event = event(&json!({"kind": "evidence_added", "evidence": evidence}));
        assert!(redact_event(&mut event, RedactedPart::Evidence, Uuid::from_u128(3)));
        let json = serde_json::to_value(&event).unwrap();
        let id = Uuid::from_u128(3);
        let expected = json!({"id": id, "name": "", "hash": "", "size": 0, "redacted": true});
        assert_eq!(json["evidence"], expected);
    }
}
