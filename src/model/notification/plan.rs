//! Plans notifications after a call of a level: the people, their contacts and the times.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::contact::{Contacts, PersonContacts};
use super::delivery::{Notification, NotificationState};
use super::message_kind::MessageKind;
use super::reminder_kind::ReminderKind;
use super::step::AutomaticStep;
use crate::model::actor::PersonRef;
use crate::model::event::{Event, EventBody};
use crate::model::extra::Extra;
use crate::model::id::{EventId, IncidentId};
use crate::model::priority::Priority;
use crate::model::summary::Summary;

/// The reason why nothing is sent to a person without contacts.
const NO_CONTACT: &str = "the person has no contact";
/// The reason why nothing is sent to a person who has contacts that no rule names.
const NO_RULE: &str = "no rule of the person uses a contact";

/// Returns the notifications for an event: for each person whom it calls, one for each time at which the
/// person's plan uses a contact. For a person without a contact there is one that records that.
#[must_use]
pub fn plan_notifications(
    event: &Event,
    incident: &Summary,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let EventBody::Escalated { level, to, automatic, .. } = &event.body else { return Vec::new() };
    let step = automatic.as_ref();
    let round = step.map_or(incident.escalation_round, |step| step.round).max(1);
    let late = step.and_then(AutomaticStep::late_sentences);
    // Automatic steps call nobody after an acknowledgement.
    let after_acknowledgement =
        automatic.is_none() && incident.acknowledged_at.is_some_and(|at| at < event.at);
    let mut planned = Vec::new();
    let mut people = BTreeSet::new();
    for person in to.iter().filter(|person| people.insert(person.handle.to_lowercase())) {
        let unreachable = Notification {
            id: Uuid::now_v7(),
            incident: event.incident,
            event: event.id,
            kind: MessageKind::Page,
            level: *level,
            round,
            person: person.clone(),
            contact: String::new(),
            channel: String::new(),
            earlier_uses: 0,
            planned_at: now,
            due: event.recorded_at,
            state: NotificationState::Unreachable,
            attempts: 0,
            next_try: None,
            updated_at: now,
            provider_id: None,
            reason: None,
            perhaps_twice: false,
            after_acknowledgement,
            reminder: None,
            bundled_into: None,
            text: late.clone(),
            until: None,
            cover: None,
            extra: Extra::default(),
        };
        plan_person(&mut planned, unreachable, person, incident, contacts);
    }
    planned
}

/// The properties of a message that calls nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Occasion {
    /// The kind of message.
    pub kind: MessageKind,
    /// The kind of reminder, if it is one.
    pub reminder: Option<ReminderKind>,
    /// The event; that of a reminder is on no timeline.
    pub event: EventId,
    /// The due time.
    pub due: DateTime<Utc>,
}

/// Returns the notifications for news that call nobody: over the first contacts of the person's
/// plan, outside of quiet hours. There is none for a person without contacts.
#[must_use]
pub fn plan_message(
    person: &PersonRef,
    occasion: Occasion,
    incident: &Summary,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    plan_first_contacts(person, occasion, About::incident(incident), contacts, now)
}

/// For how long a notice that waited for the end of quiet hours is still sent.
const AFTER_QUIET: TimeDelta = TimeDelta::minutes(15);

/// Returns the notifications of a notice, which is about no incident, with the text `text`: over
/// the first contacts in the person's rules for less urgent incidents, outside of quiet hours.
/// After `until` it is useless, unless it has only waited for the end of quiet hours. There is none
/// for a person without contacts.
#[must_use]
pub fn plan_notice(
    person: &PersonRef,
    occasion: Occasion,
    (text, until): (&str, DateTime<Utc>),
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let about = About { incident: IncidentId::NONE, priority: Priority::P4, level: 1, round: 1 };
    let mut planned = plan_first_contacts(person, occasion, about, contacts, now);
    for notification in &mut planned {
        notification.text = Some(text.to_owned());
        let has_waited = notification.due > occasion.due;
        let until = if has_waited { until.max(notification.due + AFTER_QUIET) } else { until };
        notification.until = Some(until);
    }
    planned
}

/// The subject of a message.
#[derive(Clone, Copy)]
struct About {
    incident: IncidentId,
    priority: Priority,
    level: u8,
    round: u16,
}

impl About {
    fn incident(incident: &Summary) -> Self {
        Self {
            incident: incident.id,
            priority: incident.priority,
            level: incident.escalation.max(1),
            round: incident.escalation_round.max(1),
        }
    }
}

fn plan_first_contacts(
    person: &PersonRef,
    occasion: Occasion,
    about: About,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let Some(reached) = contacts.of_person(&person.handle) else { return Vec::new() };
    let plan = reached.plan(about.priority);
    let first = plan.first().map(|(after_s, _)| *after_s);
    let due = reached.quiet.as_ref().map_or(occasion.due, |quiet| quiet.postpone(occasion.due));
    let unsent = unreachable_by_any(person, occasion, about, now);
    let mut used = BTreeSet::new();
    plan.into_iter()
        .filter(|(after_s, contact)| Some(*after_s) == first && used.insert(&contact.name))
        .map(|(_, contact)| Notification {
            id: Uuid::now_v7(),
            contact: contact.name.clone(),
            channel: contact.channel.clone(),
            due,
            state: NotificationState::Waiting,
            next_try: Some(due),
            ..unsent.clone()
        })
        .collect()
}

/// Returns a notification over no contact.
fn unreachable_by_any(
    person: &PersonRef,
    occasion: Occasion,
    about: About,
    now: DateTime<Utc>,
) -> Notification {
    Notification {
        id: Uuid::now_v7(),
        incident: about.incident,
        event: occasion.event,
        kind: occasion.kind,
        level: about.level,
        round: about.round,
        person: person.clone(),
        contact: String::new(),
        channel: String::new(),
        earlier_uses: 0,
        planned_at: now,
        due: occasion.due,
        state: NotificationState::Unreachable,
        attempts: 0,
        next_try: None,
        updated_at: now,
        provider_id: None,
        reason: None,
        perhaps_twice: false,
        // The recipients work on the incident, or only want to be informed.
        after_acknowledgement: true,
        reminder: occasion.reminder,
        bundled_into: None,
        text: None,
        until: None,
        cover: None,
        extra: Extra::default(),
    }
}

/// Returns the notifications that ask a person for a role: over the first contacts of the person's
/// plan, and for an urgent incident also in quiet hours. There is none for any other event. For a
/// person without a contact there is one that records that.
#[must_use]
pub fn plan_role_request(
    event: &Event,
    incident: &Summary,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let EventBody::RoleRequested { person, .. } = &event.body else { return Vec::new() };
    let occasion = Occasion {
        kind: MessageKind::RoleRequest,
        reminder: None,
        event: event.id,
        due: event.recorded_at,
    };
    let mut planned = plan_message(person, occasion, incident, contacts, now);
    if Contacts::is_urgent(incident.priority) {
        for notification in &mut planned {
            notification.due = occasion.due;
            notification.next_try = Some(occasion.due);
        }
    }
    if planned.is_empty() {
        let reached = contacts.of_person(&person.handle);
        let has_contacts = reached.is_some_and(|reached| !reached.contacts.is_empty());
        let reason = if has_contacts { NO_RULE } else { NO_CONTACT };
        let unreachable = unreachable_by_any(person, occasion, About::incident(incident), now);
        planned.push(Notification { reason: Some(reason.to_owned()), ..unreachable });
    }
    planned
}

/// Adds the notifications of one person, or `unreachable`.
fn plan_person(
    planned: &mut Vec<Notification>,
    unreachable: Notification,
    person: &PersonRef,
    incident: &Summary,
    contacts: &Contacts,
) {
    let reached = contacts.of_person(&person.handle);
    let Some(person) = reached.filter(|person| !person.contacts.is_empty()) else {
        planned.push(Notification { reason: Some(NO_CONTACT.to_owned()), ..unreachable });
        return;
    };
    // What quiet hours postpone to the same time is one message.
    let mut used = BTreeSet::new();
    let mut use_counts: BTreeMap<&str, u8> = BTreeMap::new();
    let mut plan = person.plan(incident.priority);
    if unreachable.after_acknowledgement {
        // Nobody can acknowledge it once more, which would stop the contacts that are used later.
        let first = plan.first().map(|(after_s, _)| *after_s);
        plan.retain(|(after_s, _)| Some(*after_s) == first);
    }
    for (after_s, contact) in plan {
        let due = due_after(unreachable.due, after_s, person, incident);
        if !used.insert((contact.name.as_str(), due)) {
            continue;
        }
        let count = use_counts.entry(&contact.name).or_default();
        let earlier_uses = *count;
        *count = count.saturating_add(1);
        planned.push(Notification {
            id: Uuid::now_v7(),
            contact: contact.name.clone(),
            channel: contact.channel.clone(),
            earlier_uses,
            due,
            next_try: Some(due),
            state: NotificationState::Waiting,
            ..unreachable.clone()
        });
    }
    if used.is_empty() {
        let reason = if person.contacts.is_empty() { NO_CONTACT } else { NO_RULE };
        planned.push(Notification { reason: Some(reason.to_owned()), ..unreachable });
    }
}

/// Returns when a rule's notification is sent. Only urgent ones disturb quiet hours.
fn due_after(
    called_at: DateTime<Utc>,
    after_s: i64,
    person: &PersonContacts,
    incident: &Summary,
) -> DateTime<Utc> {
    let after = TimeDelta::try_seconds(after_s).unwrap_or_default();
    let due = called_at.checked_add_signed(after).unwrap_or(called_at);
    match &person.quiet {
        Some(quiet) if !Contacts::is_urgent(incident.priority) => quiet.postpone(due),
        _ => due,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use rstest::rstest;
    use serde_json::json;

    use super::super::contact::{Contact, ContactRule, QuietHours};
    use super::*;
    use crate::model::status::Role;

    fn recorded_at() -> DateTime<Utc> {
        "2026-01-05T22:00:00Z".parse().unwrap()
    }

    fn incident(priority: &str) -> Summary {
        let at = recorded_at();
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": priority,
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": at, "reported_at": at, "paused": false, "alerts": 1,
            "escalation": 2, "escalation_round": 3, "seq": 2, "last_event_at": at,
        }))
        .unwrap()
    }

    fn called(handles: &[&str]) -> Event {
        let to: Vec<_> = handles.iter().map(|handle| PersonRef::new(*handle, *handle)).collect();
        serde_json::from_value(json!({
            "id": Uuid::from_u128(2), "incident": Uuid::from_u128(1), "seq": 2,
            "at": recorded_at(), "recorded_at": recorded_at(),
            "actor": { "integration": "escalation" }, "command": Uuid::from_u128(3),
            "kind": "escalated", "level": 2, "to": to, "reason": null,
        }))
        .unwrap()
    }

    fn contacts() -> Contacts {
        let contact = |name: &str, channel: &str| Contact {
            name: name.into(),
            channel: channel.into(),
            address: format!("{name}-1"),
        };
        let rule = |after_s, contact: &str| ContactRule { after_s, contact: contact.into() };
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let quiet = QuietHours { from: time(22), to: time(7), zone: Some("Etc/UTC".into()) };
        let ines = PersonContacts {
            person: "ines".into(),
            contacts: vec![contact("push", "ntfy"), contact("phone", "sms")],
            urgent: vec![rule(120, "phone"), rule(0, "push"), rule(300, "phone")],
            rest: vec![rule(60, "push")],
            quiet: Some(quiet),
        };
        let tomo = PersonContacts {
            person: "tomo".into(),
            contacts: vec![contact("mail", "mail"), contact("push", "ntfy")],
            ..PersonContacts::default()
        };
        let odile = PersonContacts {
            person: "odile".into(),
            contacts: vec![contact("mail", "mail")],
            urgent: vec![rule(0, "fax")],
            ..PersonContacts::default()
        };
        let nobody = PersonContacts { person: "boss".into(), ..PersonContacts::default() };
        Contacts { people: vec![ines, tomo, odile, nobody] }
    }

    /// Returns person, contact, channel, state and seconds after the call, one in a line.
    fn planned(handles: &[&str], priority: &str) -> Vec<String> {
        let now = recorded_at() + TimeDelta::seconds(1);
        plan_notifications(&called(handles), &incident(priority), &contacts(), now)
            .iter()
            .map(|one| {
                let after = (one.due - recorded_at()).num_seconds();
                let Notification { person, contact, channel, state, .. } = one;
                format!("{} {contact} {channel} {state} {after}", person.handle)
            })
            .collect()
    }

    #[rstest]
    #[case::rules_for_urgent(
        "P1",
        &["ines"],
        &["ines push ntfy waiting 0", "ines phone sms waiting 120", "ines phone sms waiting 300"]
    )]
    #[case::rules_for_the_rest_in_quiet_hours("P3", &["ines"], &["ines push ntfy waiting 32400"])]
    #[case::without_rules_all_at_once(
        "P2", &["TOMO", "tomo"], &["TOMO mail mail waiting 0", "TOMO push ntfy waiting 0"]
    )]
    #[case::no_rule_names_a_contact("P1", &["odile"], &["odile   unreachable 0"])]
    #[case::no_contacts("P1", &["boss"], &["boss   unreachable 0"])]
    #[case::not_in_the_settings("P1", &["stranger"], &["stranger   unreachable 0"])]
    #[case::nobody("P1", &[], &[])]
    fn each_person_has_a_notification(
        #[case] priority: &str,
        #[case] handles: &[&str],
        #[case] expected: &[&str],
    ) {
        assert_eq!(planned(handles, priority), expected);
    }

    #[test]
    fn notification_says_which_level_was_called() {
        let event = called(&["tomo"]);
        let planned = plan_notifications(&event, &incident("P1"), &contacts(), recorded_at());
        let first = &planned[0];
        assert_eq!((first.event, first.level, first.round), (event.id, 2, 3));
        assert_eq!(first.next_try, Some(first.due));
        assert_ne!(first.id, planned[1].id);
    }

    #[rstest]
    #[case("odile", NO_RULE)]
    #[case("boss", NO_CONTACT)]
    #[case("stranger", NO_CONTACT)]
    fn unreachable_people_have_a_reason(#[case] handle: &str, #[case] reason: &str) {
        let event = called(&[handle]);
        let planned = plan_notifications(&event, &incident("P1"), &contacts(), recorded_at());
        assert_eq!(planned[0].reason.as_deref(), Some(reason));
        assert_eq!(planned[0].next_try, None);
    }

    #[rstest]
    #[case("odile", "P1", Some(NO_RULE))]
    #[case("odile", "P3", None)]
    #[case("boss", "P3", Some(NO_CONTACT))]
    #[case("stranger", "P1", Some(NO_CONTACT))]
    fn request_for_a_role_that_reaches_nobody_is_recorded(
        #[case] handle: &str,
        #[case] priority: &str,
        #[case] reason: Option<&str>,
    ) {
        let mut event = called(&[]);
        let (role, person) = (Role::Scribe, PersonRef::new(handle, handle));
        event.body = EventBody::RoleRequested { role, person };
        let planned = plan_role_request(&event, &incident(priority), &contacts(), recorded_at());
        let [one] = planned.as_slice() else { panic!("{planned:?}") };
        let is_unreachable = one.state == NotificationState::Unreachable;
        assert_eq!((one.reason.as_deref(), is_unreachable), (reason, reason.is_some()));
        assert_eq!(
            (one.contact.is_empty(), one.next_try.is_none()),
            (is_unreachable, is_unreachable)
        );
        assert_eq!((one.kind, one.event), (MessageKind::RoleRequest, event.id));
    }

    #[test]
    fn call_for_help_uses_the_first_contacts_alone() {
        let event = called(&["ines"]);
        let plan = |acknowledged_at| {
            let row = Summary { acknowledged_at: Some(acknowledged_at), ..incident("P1") };
            plan_notifications(&event, &row, &contacts(), recorded_at())
        };
        let before = plan(recorded_at() - TimeDelta::minutes(5));
        assert_eq!(before.len(), 1);
        assert!(before[0].after_acknowledgement && before[0].contact == "push");
        // An acknowledgement after the call cancels its planned notifications.
        let after = plan(recorded_at() + TimeDelta::seconds(1));
        assert_eq!(after.len(), 3);
        assert!(after.iter().all(|one| !one.after_acknowledgement));
    }

    #[rstest]
    // Ines has quiet hours from 22:00 to 07:00.
    #[case("ines", 1, 9 * 3600, 9 * 3600 + 900)]
    #[case("tomo", 2, 0, 3600)]
    #[case("boss", 0, 0, 0)]
    fn notice_waits_for_the_end_of_quiet_hours(
        #[case] handle: &str,
        #[case] count: usize,
        #[case] due_s: i64,
        #[case] until_s: i64,
    ) {
        let occasion = Occasion {
            kind: MessageKind::Reminder,
            reminder: Some(ReminderKind::OnCall),
            event: EventId::new(),
            due: recorded_at(),
        };
        let person = PersonRef::new(handle, handle);
        let said = ("You go on call soon.", recorded_at() + TimeDelta::hours(1));
        let planned = plan_notice(&person, occasion, said, &contacts(), recorded_at());
        assert_eq!(planned.len(), count);
        for one in planned {
            assert!(one.is_notice() && one.after_acknowledgement);
            assert_eq!((one.due - recorded_at()).num_seconds(), due_s);
            let until = one.until.map(|until| (until - recorded_at()).num_seconds());
            assert_eq!((until, one.first_line()), (Some(until_s), "You go on call soon."));
        }
    }

    #[test]
    fn only_calls_are_planned() {
        let mut event = called(&["tomo"]);
        event.body = EventBody::Acknowledged;
        let planned = plan_notifications(&event, &incident("P1"), &contacts(), recorded_at());
        assert_eq!(planned, []);
    }
}
