//! What a redaction removes from earlier events. Apart from that, events are never edited.

use uuid::Uuid;

use super::event::{Event, EventBody, Undo};
use super::evidence::RedactedPart;
use super::impact::Reporter;

/// Removes from an event what a redaction removes. Returns whether the event had it.
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

/// Removes from what an undo restores what a redaction removes.
fn redact_undo(undo: &mut Undo, part: RedactedPart, target: Uuid) -> bool {
    const REPORTERS: &str = "reporters";
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
