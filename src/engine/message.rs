//! The text of a claimed notification.

use std::collections::HashSet;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::backend::{Backend, Claim, TimelineRange};
use crate::model::alert::one_line;
use crate::model::notification::{MessageKind, Notification};
use crate::model::status::Role;
use crate::model::{EventBody, Summary};
use crate::outbound::{MessageIncident, OutboundMessage};

/// How many of the notifications that are sent with another one have a line of their own.
const MAX_LINES: usize = 5;
/// The longest text of an update in the line of a notification that is sent with another one, in
/// characters.
const MAX_UPDATE_CHARS: usize = 240;
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
    let (named, mut unnamed) = subjects(claim);
    for notification in named {
        if notification.is_notice() {
            bundled.push(Line { notification, row: None, news: None });
            continue;
        }
        match backend.incident(notification.incident).await {
            Ok(detail) => {
                let event = event_about(notification, backend).await;
                let news = event.as_ref().and_then(news_text);
                bundled.push(Line { notification, row: Some(detail.incident.summary), news });
            }
            Err(error) => {
                tracing::debug!(%error, "a bundled notification has no line");
                unnamed += 1;
            }
        }
    }
    let known_error = known_error(claim, backend).await;
    let mut message = message(claim, (&bundled, unnamed), known_error.as_deref());
    if let Some(text) = event.and_then(event_text) {
        format!("{text}\n{}", message.text).trim_end().clone_into(&mut message.text);
    }
    message
}

/// A line about a notification that is sent with another one.
struct Line<'a> {
    notification: &'a Notification,
    /// The incident; `None` for a notice.
    row: Option<Summary>,
    /// The text of the update.
    news: Option<String>,
}

/// Returns the bundled notifications that have a line of their own, and how many others have none: pages
/// first. Several levels of one incident are one line, and each update is.
fn subjects(claim: &Claim) -> (Vec<&Notification>, usize) {
    let subject = |one: &Notification| {
        (one.incident, one.kind, one.reminder, has_event(one.kind).then_some(one.event))
    };
    let mut seen = HashSet::from([subject(&claim.notification)]);
    let is_new = |one: &&Notification| one.is_notice() || seen.insert(subject(one));
    let mut named: Vec<&Notification> = claim.bundled.iter().filter(is_new).collect();
    named.sort_by_key(|one| one.kind != MessageKind::Page);
    let unnamed = named.len().saturating_sub(MAX_LINES);
    named.truncate(MAX_LINES);
    (named, unnamed)
}

/// Reads the known error to mention to people who are called for an incident, or asked to join;
/// `None` if there is none or it can't be read.
async fn known_error(claim: &Claim, backend: &dyn Backend) -> Option<String> {
    let Notification { kind, incident, .. } = &claim.notification;
    if !matches!(kind, MessageKind::Page | MessageKind::RoleRequest) || claim.incident.is_none() {
        return None;
    }
    let read = backend.incident(*incident).await;
    let read = read.inspect_err(|error| tracing::debug!(%error, "no known error is named"));
    read.ok()?.workaround_line()
}

/// Returns whether messages of a kind are about an event whose content they have.
const fn has_event(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::Update | MessageKind::Resolved | MessageKind::RoleRequest)
}

/// Reads the event about which people are notified without being called; `None` if there is none or
/// it can't be read. For an update it is the latest one at that time, which is the most useful.
pub async fn event_of(claim: &Claim, backend: &dyn Backend) -> Option<EventBody> {
    event_about(&claim.notification, backend).await
}

async fn event_about(notification: &Notification, backend: &dyn Backend) -> Option<EventBody> {
    let Notification { kind, incident, event, .. } = notification;
    if !has_event(*kind) {
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

/// Returns the role that an event requests.
pub fn requested_role(event: Option<&EventBody>) -> Option<Role> {
    match event {
        Some(EventBody::RoleRequested { role, .. }) => Some(*role),
        _ => None,
    }
}

/// Returns the text about an event for people.
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

/// Returns the text about an event in the line of a notification that is sent with another one, on one line
/// and shortened.
fn news_text(event: &EventBody) -> Option<String> {
    let text = match event {
        // The line says that already.
        EventBody::RoleRequested { .. } => return None,
        EventBody::Resolved { detail, .. } => detail.clone(),
        event => event_text(event)?,
    };
    let text = one_line(&text, MAX_UPDATE_CHARS);
    (!text.is_empty()).then_some(text)
}

fn message(
    claim: &Claim,
    (bundled, unnamed): (&[Line<'_>], usize),
    known_error: Option<&str>,
) -> OutboundMessage {
    let Claim { notification, incident, .. } = claim;
    let mut text = String::new();
    let is_page = notification.kind == MessageKind::Page;
    if is_page {
        text.push_str("Nobody has acknowledged it: you are called at level ");
        push_level(&mut text, notification);
        text.push('.');
    }
    if let Some(said) = notification.text.as_ref().filter(|_| !is_page) {
        text.push_str(said);
    } else if let Some(reminder) = notification.reminder {
        text.push_str(reminder.text());
    }
    if let Some(error) = known_error {
        text.push('\n');
        text.push_str(error);
    }
    for Line { notification, row, news } in bundled {
        let Some(row) = row else {
            text.push('\n');
            text.push_str(notification.text.as_deref().unwrap_or_default());
            continue;
        };
        let number = row.number.map(|number| format!("{number} ")).unwrap_or_default();
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "\nAlso {number}{} {}{}",
            row.priority,
            news_of(notification.kind),
            row.title
        );
        match notification.reminder {
            Some(reminder) => {
                let _ = write!(text, ": {}", reminder.text());
            }
            None if notification.kind != MessageKind::Page => {
                if let Some(news) = news {
                    let _ = write!(text, ": {news}");
                }
            }
            None => {
                text.push_str(", level ");
                push_level(&mut text, notification);
            }
        }
    }
    if unnamed > 0 {
        let _ = write!(text, "\nand {unnamed} more");
    }
    // How late it is comes last: a channel that cuts the text must not lose an incident for it.
    if let Some(late) = notification.text.as_ref().filter(|_| is_page) {
        let _ = write!(text, "\n{late}");
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

/// Returns what a line says of an incident about which nobody is called, as the title of a message does.
const fn news_of(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Update => "update: ",
        MessageKind::Resolved => "resolved: ",
        MessageKind::RoleRequest => "you are asked to join: ",
        _ => "",
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
    use crate::model::{EventId, IncidentId};

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

    fn line<'a>(notification: &'a Notification, title: &str) -> Line<'a> {
        Line { notification, row: Some(row(13, title)), news: None }
    }

    fn claim(bundled: Vec<Notification>) -> Claim {
        let incident = Some(row(12, "Card payments fail"));
        Claim { notification: notification(7, 1, 1), bundled, fence: 1, incident }
    }

    #[test]
    fn message_names_incident_and_level() {
        let message = message(&claim(Vec::new()), (&[], 0), None);
        assert_eq!((message.id, message.kind), (Uuid::from_u128(7), MessageKind::Page));
        assert_eq!(message.text, "Nobody has acknowledged it: you are called at level 1.");
        let incident = message.incident.unwrap();
        assert_eq!((incident.number.0, incident.service.as_deref()), (12, Some("checkout")));
        assert_eq!(message.bundled, 0);
    }

    #[test]
    fn page_says_at_its_end_how_late_it_is() {
        let late =
            |id, text: &str| Notification { text: Some(text.to_owned()), ..notification(id, 2, 1) };
        let other = late(8, "That is 3m late.");
        let claim = Claim {
            notification: late(7, "That is 2m late. Level 1 was missed and is called with it."),
            ..claim(vec![other.clone()])
        };
        let message = message(&claim, (&[line(&other, "Cart is slow")], 0), None);
        let expected = "Nobody has acknowledged it: you are called at level 2.\n\
                        Also INC-13 P1 Cart is slow, level 2\n\
                        That is 2m late. Level 1 was missed and is called with it.";
        assert_eq!(message.text, expected);
    }

    #[test]
    fn workaround_comes_before_bundled_notifications() {
        let other = notification(8, 2, 1);
        let lines = [line(&other, "Cart is slow")];
        let known = Some("May be a known error: Pool too small · restart the pool");
        let message = message(&claim(vec![other.clone()]), (&lines, 0), known);
        let expected = "Nobody has acknowledged it: you are called at level 1.\n\
                        May be a known error: Pool too small · restart the pool\n\
                        Also INC-13 P1 Cart is slow, level 2";
        assert_eq!(message.text, expected);
    }

    #[test]
    fn bundled_notifications_have_lines() {
        let more: Vec<Notification> = (8..16).map(|id| notification(id, 2, 3)).collect();
        let mut notice = notification(20, 1, 1);
        notice.text = Some("You go on call for web in 1h.".into());
        let lines = [
            line(&more[0], "Cart is slow"),
            Line { notification: &notice, row: None, news: None },
            Line { row: Some(row(14, "Login fails")), ..line(&more[1], "") },
        ];
        let message = message(&claim(more.clone()), (&lines, 3), None);
        let expected = "Nobody has acknowledged it: you are called at level 1.\n\
                        Also INC-13 P1 Cart is slow, level 2 in round 3\n\
                        You go on call for web in 1h.\n\
                        Also INC-14 P1 Login fails, level 2 in round 3\n\
                        and 3 more";
        assert_eq!(message.text, expected);
        assert_eq!(message.bundled, 8);
    }

    #[rstest]
    #[case(MessageKind::Page, "Also INC-13 P1 Cart is slow, level 2")]
    #[case(MessageKind::Update, "Also INC-13 P1 update: Cart is slow")]
    #[case(MessageKind::Resolved, "Also INC-13 P1 resolved: Cart is slow")]
    #[case(MessageKind::RoleRequest, "Also INC-13 P1 you are asked to join: Cart is slow")]
    fn line_says_what_has_become_of_an_incident(#[case] kind: MessageKind, #[case] line: &str) {
        let other = Notification { kind, ..notification(8, 2, 1) };
        let lines = [Line { notification: &other, row: Some(row(13, "Cart is slow")), news: None }];
        let message = message(&claim(vec![other.clone()]), (&lines, 0), None);
        assert_eq!(message.text.lines().last(), Some(line));
    }

    #[test]
    fn line_has_the_text_of_an_update() {
        let other = Notification { kind: MessageKind::Update, ..notification(8, 1, 1) };
        let event: EventBody = serde_json::from_value(json!({
            "kind": "stakeholders_updated", "message": "The bank\nis down.", "next_due": null,
        }))
        .unwrap();
        let lines = [Line { news: news_text(&event), ..line(&other, "Cart is slow") }];
        let message = message(&claim(vec![other.clone()]), (&lines, 0), None);
        let expected = "Nobody has acknowledged it: you are called at level 1.\n\
                        Also INC-13 P1 update: Cart is slow: The bank is down.";
        assert_eq!(message.text, expected);
    }

    #[test]
    fn long_update_leaves_room_for_other_lines() {
        let event: EventBody = serde_json::from_value(json!({
            "kind": "stakeholders_updated", "message": "down ".repeat(100), "next_due": null,
        }))
        .unwrap();
        let text = news_text(&event).unwrap();
        assert!(text.starts_with("down down"));
        assert_eq!(text.chars().count(), MAX_UPDATE_CHARS);
    }

    #[test]
    fn each_update_has_a_line_after_all_pages() {
        let of = |id: u128, kind, event: u128| Notification {
            kind,
            event: EventId(Uuid::from_u128(event)),
            ..notification(id, 1, 1)
        };
        let update = MessageKind::Update;
        let mut claim = claim(vec![
            of(8, update, 20),
            of(9, update, 21),
            of(10, update, 21),
            of(11, MessageKind::Page, 22),
            of(12, update, 23),
        ]);
        claim.notification = of(7, update, 20);
        let (named, unnamed) = subjects(&claim);
        let named: Vec<u128> = named.iter().map(|one| one.id.as_u128()).collect();
        assert_eq!((named, unnamed), (vec![11, 9, 12], 0));
    }

    #[test]
    fn lines_are_of_as_many_incidents_as_fit() {
        let of = |id: u128, incident: u128| Notification {
            incident: IncidentId(Uuid::from_u128(incident)),
            ..notification(id, 1, 1)
        };
        let other_levels = [notification(8, 2, 1), of(9, 2), of(10, 2)];
        let others = (3..10).map(|incident| of(incident + 10, incident));
        let claim = claim(other_levels.into_iter().chain(others).collect());
        let (named, unnamed) = subjects(&claim);
        // The message itself is about 1; five of the others have a line, and three have none.
        let named: Vec<u128> = named.iter().map(|one| one.incident.0.as_u128()).collect();
        assert_eq!((named, unnamed), (vec![2, 3, 4, 5, 6], 3));
    }

    #[test]
    fn notice_is_about_no_incident() {
        let mut claim = Claim { incident: None, ..claim(Vec::new()) };
        claim.notification.incident = IncidentId::NONE;
        claim.notification.kind = MessageKind::Reminder;
        claim.notification.reminder = Some(ReminderKind::OnCall);
        claim.notification.text = Some("You go on call for web in 1h: Mon 9 Mar 09:00".into());
        let message = message(&claim, (&[], 0), None);
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
