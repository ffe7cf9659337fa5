//! What a claimed notification says.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::backend::{Backend, Claim, TimelineRange};
use crate::model::notification::{MessageKind, Notification};
use crate::model::status::Role;
use crate::model::{EventBody, Summary};
use crate::outbound::{MessageIncident, OutboundMessage};

/// How many of the notifications that are sent with another one have a line of their own.
const MAX_LINES: usize = 5;
/// How many events at the end of a timeline are searched for an update.
const MAX_EVENTS: u32 = 200;

/// Returns the message of a claim about an event, if that was read. The incidents of bundled
/// notifications are read from the backend; one that can't be read has no line.
pub async fn message_for(
    claim: &Claim,
    event: Option<&EventBody>,
    backend: &dyn Backend,
) -> OutboundMessage {
    let mut bundled = Vec::new();
    for notification in claim.bundled.iter().take(MAX_LINES) {
        if notification.is_notice() {
            bundled.push((notification, None));
            continue;
        }
        match backend.incident(notification.incident).await {
            Ok(detail) => bundled.push((notification, Some(detail.incident.summary))),
            Err(error) => tracing::debug!(%error, "a bundled notification has no line"),
        }
    }
    let mut message = message(claim, &bundled);
    if let Some(text) = event.and_then(event_text) {
        format!("{text}\n{}", message.text).trim_end().clone_into(&mut message.text);
    }
    message
}

/// Reads the event because of which people are notified who are not called; `None` if there is none or
/// it can't be read. Of an update it is the last one then, which says most.
pub async fn event_of(claim: &Claim, backend: &dyn Backend) -> Option<EventBody> {
    let Notification { kind, incident, event, .. } = &claim.notification;
    let has_event =
        matches!(kind, MessageKind::Update | MessageKind::Resolved | MessageKind::RoleRequest);
    if !has_event {
        return None;
    }
    let timeline = backend.timeline(*incident, TimelineRange::Last(MAX_EVENTS)).await;
    let mut timeline = timeline.unwrap_or_default();
    let exact = timeline.iter().position(|entry| entry.id == *event);
    let is_update = |body: &EventBody| matches!(body, EventBody::StakeholdersUpdated { .. });
    let found = exact.or_else(|| {
        let last = || timeline.iter().rposition(|entry| is_update(&entry.body));
        (*kind == MessageKind::Update).then(last).flatten()
    });
    found.map(|at| timeline.swap_remove(at).body)
}

/// Returns the role that somebody is asked for by an event.
pub fn requested_role(event: Option<&EventBody>) -> Option<Role> {
    match event {
        Some(EventBody::RoleRequested { role, .. }) => Some(*role),
        _ => None,
    }
}

/// Returns what people are told of an event.
fn event_text(event: &EventBody) -> Option<String> {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    Some(match event {
        EventBody::StakeholdersUpdated { message, .. } => message.clone(),
        EventBody::Prioritized { priority, override_reason, .. } => match override_reason {
            Some(reason) => format!("The priority is {priority} now: {reason}"),
            None => format!("The priority is {priority} now."),
        },
        EventBody::ExpectedRecoverySet { expected_at: Some(at) } => {
            format!("Service is expected to be restored at {}.", time(*at))
        }
        EventBody::ExpectedRecoverySet { expected_at: None } => {
            "It is not known any more when service will be restored.".to_owned()
        }
        EventBody::Resolved { detail, .. } => format!("Service is restored: {detail}"),
        EventBody::RoleRequested { role, .. } => {
            format!("You are asked to be {role}. Accept or decline it.")
        }
        _ => return None,
    })
}

fn message(claim: &Claim, bundled: &[(&Notification, Option<Summary>)]) -> OutboundMessage {
    let Claim { notification, incident, .. } = claim;
    let mut text = String::new();
    if notification.kind == MessageKind::Page {
        text.push_str("Nobody has acknowledged it: you are called at level ");
        push_level(&mut text, notification);
        text.push('.');
    }
    if let Some(said) = &notification.text {
        text.push_str(said);
    } else if let Some(reminder) = notification.reminder {
        text.push_str(reminder.text());
    }
    for (notification, row) in bundled {
        let Some(row) = row else {
            text.push('\n');
            text.push_str(notification.text.as_deref().unwrap_or_default());
            continue;
        };
        let number = row.number.map(|number| format!("{number} ")).unwrap_or_default();
        // Writing to a String can't fail.
        let _ = write!(text, "\nAlso {number}{} {}", row.priority, row.title);
        match notification.reminder {
            Some(reminder) => {
                let _ = write!(text, ": {}", reminder.text());
            }
            None if notification.kind != MessageKind::Page => {}
            None => {
                text.push_str(", level ");
                push_level(&mut text, notification);
            }
        }
    }
    OutboundMessage {
        id: notification.id,
        kind: notification.kind,
        incident: incident.as_ref().and_then(|incident| {
            incident.number.map(|number| MessageIncident {
                number,
                id: incident.id,
                title: incident.title.clone(),
                priority: incident.priority,
                service: incident.primary_service().map(ToOwned::to_owned),
                team: incident.team.clone(),
                status: incident.status,
                reported_at: incident.reported_at,
            })
        }),
        text: text.trim_start().to_owned(),
        url: None,
        actions: Vec::new(),
        reply_to: None,
        bundled: u32::try_from(claim.bundled.len()).unwrap_or(u32::MAX),
        document: None,
    }
}

fn push_level(text: &mut String, notification: &Notification) {
    let _ = write!(text, "{}", notification.level);
    if notification.round > 1 {
        let _ = write!(text, " in round {}", notification.round);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::notification::ReminderKind;

    fn at() -> DateTime<Utc> {
        "2026-01-05T22:31:00Z".parse().unwrap()
    }

    fn row(number: u64, title: &str) -> Summary {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": number, "title": title, "status": "triggered",
            "impact": "high", "urgency": "high", "priority": "P1", "source": "monitoring",
            "services": ["checkout"], "team": "payments", "detected_at": at(),
            "reported_at": at(), "paused": false, "alerts": 1, "escalation": 1, "seq": 2,
            "last_event_at": at(),
        }))
        .unwrap()
    }

    fn notification(id: u128, level: u8, round: u16) -> Notification {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(id), "incident": Uuid::from_u128(1),
            "event": Uuid::from_u128(2), "kind": "page", "level": level, "round": round,
            "person": { "handle": "ines", "name": "Ines Moreau" }, "contact": "push",
            "channel": "ntfy", "planned_at": at(), "due": at(), "state": "sending",
            "attempts": 1, "updated_at": at(),
        }))
        .unwrap()
    }

    fn claim(bundled: Vec<Notification>) -> Claim {
        let incident = Some(row(12, "Card payments fail"));
        Claim { notification: notification(7, 1, 1), bundled, fence: 1, incident }
    }

    #[test]
    fn message_names_incident_and_level() {
        let message = message(&claim(Vec::new()), &[]);
        assert_eq!((message.id, message.kind), (Uuid::from_u128(7), MessageKind::Page));
        assert_eq!(message.text, "Nobody has acknowledged it: you are called at level 1.");
        let incident = message.incident.unwrap();
        assert_eq!((incident.number.0, incident.service.as_deref()), (12, Some("checkout")));
        assert_eq!(message.bundled, 0);
    }

    #[test]
    fn bundled_notifications_have_lines() {
        let more: Vec<Notification> = (8..16).map(|id| notification(id, 2, 3)).collect();
        let mut notice = notification(20, 1, 1);
        notice.text = Some("You go on call for web in 1h.".into());
        let lines = [
            (&more[0], Some(row(13, "Cart is slow"))),
            (&notice, None),
            (&more[1], Some(row(14, "Login fails"))),
        ];
        let message = message(&claim(more.clone()), &lines);
        let expected = "Nobody has acknowledged it: you are called at level 1.\n\
                        Also INC-13 P1 Cart is slow, level 2 in round 3\n\
                        You go on call for web in 1h.\n\
                        Also INC-14 P1 Login fails, level 2 in round 3";
        assert_eq!(message.text, expected);
        assert_eq!(message.bundled, 8);
    }

    #[test]
    fn notice_is_about_no_incident() {
        let mut claim = Claim { incident: None, ..claim(Vec::new()) };
        claim.notification.incident = crate::model::IncidentId::NONE;
        claim.notification.kind = MessageKind::Reminder;
        claim.notification.reminder = Some(ReminderKind::OnCall);
        claim.notification.text = Some("You go on call for web in 1h: Mon 9 Mar 09:00".into());
        let message = message(&claim, &[]);
        assert_eq!(message.incident, None);
        assert_eq!(message.text, "You go on call for web in 1h: Mon 9 Mar 09:00");
        assert_eq!((message.kind, message.actions.len()), (MessageKind::Reminder, 0));
    }

    #[rstest]
    #[case(
        json!({"kind": "prioritized", "impact": "high", "urgency": "high", "priority": "P1",
               "override_reason": "the board asks"}),
        "The priority is P1 now: the board asks"
    )]
    #[case(
        json!({"kind": "expected_recovery_set", "expected_at": "2026-01-05T23:30:00Z"}),
        "Service is expected to be restored at 2026-01-05 23:30 UTC."
    )]
    #[case(
        json!({"kind": "expected_recovery_set", "expected_at": null}),
        "It is not known any more when service will be restored."
    )]
    #[case(
        json!({"kind": "role_requested", "role": "scribe",
               "person": {"handle": "ines", "name": "Ines Moreau"}}),
        "You are asked to be scribe. Accept or decline it."
    )]
    fn event_is_described_to_people(#[case] event: serde_json::Value, #[case] text: &str) {
        let event: EventBody = serde_json::from_value(event).unwrap();
        assert_eq!(event_text(&event).as_deref(), Some(text));
    }
}
