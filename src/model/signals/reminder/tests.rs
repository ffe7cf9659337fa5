use chrono::NaiveTime;
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::model::notification::{
    Contact, ContactRule, MessageKind, NotificationState, PersonContacts, QuietHours,
};

fn at(minutes: i64) -> DateTime<Utc> {
    let reported: DateTime<Utc> = "2031-05-20T22:00:00Z".parse().unwrap();
    reported + TimeDelta::minutes(minutes)
}

const ALL: ReminderSettings = ReminderSettings {
    updates: true,
    snoozes: true,
    on_call_s: None,
    week: false,
    pauses_s: Some(7200),
    windows_s: None,
    action_items: false,
};

fn incident(status: &str) -> Summary {
    serde_json::from_value(json!({
        "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
        "status": status, "impact": "high", "urgency": "high", "priority": "P1",
        "source": "monitoring", "services": ["checkout"], "team": "payments",
        "assignee": { "handle": "ines", "name": "Ines Moreau" },
        "detected_at": at(0), "reported_at": at(0), "acknowledged_at": at(2), "paused": false,
        "alerts": 1, "escalation": 1, "seq": 4, "last_event_at": at(2),
    }))
    .unwrap()
}

/// Updates of a P1 are due every 30 min, and its acknowledgement expires after 40 min.
fn levels() -> ServiceLevels {
    let mut levels = ServiceLevels::default();
    levels.0[0].update_every_s = Some(1800);
    levels
}

const RULE: AcknowledgementExpiry = AcknowledgementExpiry([Some(2400), None, None, None]);

/// Returns kinds and minutes at which they are due.
fn due(row: &Summary, promised: Option<i64>, settings: ReminderSettings, now: i64) -> String {
    let promised = promised.map(at);
    let due = next_reminder(row, promised, (settings, &RULE), &levels(), at(now));
    let texts: Vec<String> =
        due.iter().map(|one| format!("{} {}", one.kind, (one.due - at(0)).num_minutes())).collect();
    texts.join(", ")
}

#[rstest]
#[case::as_the_level_says("acknowledged", None, 3, "acknowledgement 37, update 30")]
#[case::as_promised("acknowledged", Some(10), 3, "acknowledgement 37, update 10")]
#[case::worked_on("investigating", None, 3, "update 30")]
#[case::due_a_while_ago("investigating", None, 90, "update 30")]
#[case::forgotten_by_now("investigating", None, 91, "")]
#[case::nobody_has_begun("triggered", None, 3, "")]
#[case::ended("resolved", None, 3, "")]
fn reminders_are_due(
    #[case] status: &str,
    #[case] promised: Option<i64>,
    #[case] now: i64,
    #[case] expected: &str,
) {
    assert_eq!(due(&incident(status), promised, ALL, now), expected);
}

#[rstest]
#[case(ReminderSettings::default(), "acknowledgement 95")]
#[case(ReminderSettings { snoozes: true, ..ReminderSettings::default() }, "acknowledgement 95, snooze 60")]
#[case(ALL, "acknowledgement 95, update 60, snooze 60")]
fn end_of_a_snooze_is_a_reminder(#[case] settings: ReminderSettings, #[case] expected: &str) {
    let row = Summary { snoozed_until: Some(at(60)), ..incident("acknowledged") };
    assert_eq!(due(&row, None, settings, 3), expected);
}

#[test]
fn nobody_is_reminded_of_what_nobody_has() {
    let row = Summary { assignee: None, ..incident("acknowledged") };
    assert_eq!(due(&row, None, ALL, 3), "");
}

#[test]
fn key_names_the_incident_and_the_time() {
    let row = incident("investigating");
    let due = next_reminder(&row, None, (ALL, &RULE), &levels(), at(3));
    assert_eq!(due[0].key, format!("{} {}", row.id, at(30).timestamp_millis()));
}

fn contacts(quiet: Option<QuietHours>) -> Contacts {
    let contact = |name: &str| Contact {
        name: name.into(),
        channel: "ntfy".into(),
        address: format!("{name}-1"),
    };
    let rule = |after_s, contact: &str| ContactRule { after_s, contact: contact.into() };
    let ines = PersonContacts {
        person: "ines".into(),
        contacts: vec![contact("push"), contact("phone")],
        urgent: vec![rule(0, "push"), rule(120, "phone")],
        rest: Vec::new(),
        quiet,
    };
    Contacts { people: vec![ines] }
}

fn planned(quiet: Option<QuietHours>) -> Vec<Notification> {
    let row = incident("investigating");
    let due = next_reminder(&row, None, (ALL, &RULE), &levels(), at(30));
    plan_reminder(&due[0], &row, &contacts(quiet), at(31))
}

#[test]
fn responsible_is_reminded_by_the_first_contacts() {
    let planned = planned(None);
    assert_eq!(planned.len(), 1);
    let one = &planned[0];
    assert_eq!((one.kind, one.reminder), (MessageKind::Reminder, Some(ReminderKind::Update)));
    assert_eq!((one.contact.as_str(), one.due, one.planned_at), ("push", at(30), at(31)));
    assert_eq!((one.state, one.next_try), (NotificationState::Waiting, Some(at(30))));
    assert!(one.after_acknowledgement);
}

#[test]
fn reminder_waits_for_the_end_of_quiet_hours() {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let quiet = QuietHours { from: time(22), to: time(7), zone: Some("Etc/UTC".into()) };
    assert_eq!(planned(Some(quiet))[0].due, at(9 * 60));
}

#[test]
fn nobody_without_contacts_is_reminded() {
    let row = incident("investigating");
    let due = next_reminder(&row, None, (ALL, &RULE), &levels(), at(30));
    assert_eq!(plan_reminder(&due[0], &row, &Contacts::default(), at(31)), []);
}

#[test]
fn pause_that_lasts_is_remembered_with_its_beginning() {
    let mut row = incident("acknowledged");
    (row.paused, row.paused_since) = (true, Some(at(10)));
    let rule = AcknowledgementExpiry::default();
    let reminders = |row: &Summary, now| {
        let levels = ServiceLevels::default();
        let due = next_reminder(row, Some(at(1000)), (ALL, &rule), &levels, now);
        due.into_iter().filter(|one| one.kind == ReminderKind::Pause).collect::<Vec<_>>()
    };
    let due = reminders(&row, at(20));
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].due, at(130));
    assert!(due[0].key.ends_with(&at(10).timestamp_millis().to_string()));
    // No activity for more than an hour.
    assert_eq!(reminders(&row, at(191)), []);
    row.paused = false;
    assert_eq!(reminders(&row, at(20)), []);
}
