//! Expiry of acknowledgements: a person who acknowledges an incident and then does nothing does not
//! stop its escalation for good.

use chrono::{DateTime, TimeDelta, Utc};

use super::automatic::{AutomaticCall, reached_at};
use super::path::path;
use super::reached::Reached;
use crate::model::actor::PersonRef;
use crate::model::check::MAX_LIST_ITEMS;
use crate::model::directory::Directory;
use crate::model::notification::step::{DueStep, EXPIRES_AFTER};
use crate::model::priority::Priority;
use crate::model::status::Status;
use crate::model::summary::Summary;

/// How long before its acknowledgement expires the person is reminded, unless half of the time is
/// shorter.
pub const REMINDED_BEFORE: TimeDelta = TimeDelta::minutes(5);

/// After how many seconds without a sign of work an acknowledgement expires, by priority from P1 to P4;
/// `None` if it never does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AcknowledgementExpiry(pub [Option<i64>; 4]);

impl AcknowledgementExpiry {
    /// Returns after which time an acknowledgement expires.
    #[must_use]
    pub fn after(&self, priority: Priority) -> Option<TimeDelta> {
        self.0[priority.index()].and_then(TimeDelta::try_seconds)
    }

    /// Returns whether no acknowledgement ever expires.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// When the acknowledgement of an incident expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expiry {
    /// The time of the last activity.
    pub since: DateTime<Utc>,
    /// When the person is reminded.
    pub reminded_at: DateTime<Utc>,
    /// When it expires.
    pub due: DateTime<Utc>,
}

/// Returns when the acknowledgement of an incident expires, unless it changes before; `None` if it does
/// not.
///
/// Only the status `acknowledged` expires: a person who investigates has begun to work. Every
/// action of a person restarts the time, and so does the end of a snooze; during a pause nothing
/// expires.
#[must_use]
pub fn expiry(incident: &Summary, rule: &AcknowledgementExpiry) -> Option<Expiry> {
    if incident.status != Status::Acknowledged || incident.paused {
        return None;
    }
    let since = incident.last_attended_at()?;
    let after = rule.after(incident.priority)?;
    let begin = incident.snoozed_until.map_or(since, |until| until.max(since));
    let due = begin.checked_add_signed(after)?;
    let reminded_at = due - REMINDED_BEFORE.min(after / 2);
    Some(Expiry { since, reminded_at, due })
}

/// Returns the call by which an acknowledgement expires at `now`: that of the first level, together
/// with the people who had acknowledged. `None` while it is not due, and once it was due too long
/// ago.
#[must_use]
pub fn expired_call(
    incident: &Summary,
    rule: &AcknowledgementExpiry,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Option<AutomaticCall> {
    let Expiry { since, due, .. } = expiry(incident, rule)?;
    if due > now || now - due > EXPIRES_AFTER {
        return None;
    }
    let first = path(incident, directory).into_iter().next();
    let mut to: Vec<PersonRef> = responsible(incident).cloned().into_iter().collect();
    let reached = first.iter().flat_map(|step| reached_at(step, incident, directory, now));
    for person in reached.filter_map(|reached| Reached::person(&reached).cloned()) {
        if !to.iter().any(|other| other.handle == person.handle) {
            to.push(person);
        }
    }
    to.truncate(MAX_LIST_ITEMS);
    let all_must_acknowledge = first.as_ref().is_some_and(|step| step.all_must_acknowledge);
    let level = first.map_or(1, |step| step.level);
    let step = DueStep { round: 1, due, unattended_since: Some(since), missed: Vec::new() };
    Some(AutomaticCall { level, step, to, all_must_acknowledge })
}

/// Returns the people who are reminded of an incident's needs: its assignee, otherwise the person
/// who acted on it last.
#[must_use]
pub fn responsible(incident: &Summary) -> Option<&PersonRef> {
    let last = incident.last_word.as_ref().map(|word| &word.by);
    incident.assignee.as_ref().or(last)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::super::policy::{Policy, PolicyLevel, Target};
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        let reported: DateTime<Utc> = "2031-05-20T22:00:00Z".parse().unwrap();
        reported + TimeDelta::minutes(minutes)
    }

    /// P1 after 30 min, P2 after an hour, and P3 after 4 min.
    const RULE: AcknowledgementExpiry =
        AcknowledgementExpiry([Some(1800), Some(3600), Some(240), None]);

    /// Acknowledged after 2 min, with a note of Ines after 5 min.
    fn incident() -> Summary {
        serde_json::from_value(json!({
            "id": uuid::Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "acknowledged", "impact": "high", "urgency": "high", "priority": "P1",
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": at(0), "reported_at": at(0), "acknowledged_at": at(2), "paused": false,
            "alerts": 1, "escalation": 2, "seq": 4, "last_event_at": at(9),
            "last_word": {
                "at": at(5), "by": { "handle": "ines", "name": "Ines Moreau" },
                "text": "a note", "quoted": true,
            },
        }))
        .unwrap()
    }

    fn directory() -> Directory {
        let level = |after_s, person: &str| PolicyLevel {
            after_s,
            call: vec![Target::Person(person.into())],
            round_robin: false,
            all_must_acknowledge: false,
        };
        Directory {
            people: ["ines", "tomo"].map(|handle| PersonRef::new(handle, handle)).to_vec(),
            policies: vec![Policy {
                team: "payments".into(),
                levels: vec![level(0, "tomo"), level(600, "ines")],
                ..Policy::default()
            }],
            ..Directory::default()
        }
    }

    #[rstest]
    #[case::after_the_last_sign_of_work(incident(), Some((30, 35)))]
    #[case::longer_for_others(Summary { priority: Priority::P2, ..incident() }, Some((60, 65)))]
    #[case::reminded_after_half(Summary { priority: Priority::P3, ..incident() }, Some((7, 9)))]
    #[case::never_for_some(Summary { priority: Priority::P4, ..incident() }, None)]
    #[case::no_word(Summary { last_word: None, ..incident() }, Some((27, 32)))]
    #[case::snoozed(Summary { snoozed_until: Some(at(90)), ..incident() }, Some((115, 120)))]
    #[case::paused(Summary { paused: true, ..incident() }, None)]
    #[case::investigated(Summary { status: Status::Investigating, ..incident() }, None)]
    #[case::not_acknowledged(Summary { status: Status::Triggered, ..incident() }, None)]
    #[case::ended(Summary { status: Status::Resolved, ..incident() }, None)]
    fn acknowledgement_expires_without_work(
        #[case] row: Summary,
        #[case] expected: Option<(i64, i64)>,
    ) {
        let minutes = |time: DateTime<Utc>| (time - at(0)).num_minutes();
        let found = expiry(&row, &RULE);
        assert_eq!(found.map(|found| (minutes(found.reminded_at), minutes(found.due))), expected);
    }

    #[test]
    fn nothing_expires_unless_the_settings_say_it() {
        assert!(AcknowledgementExpiry::default().is_off() && !RULE.is_off());
        assert_eq!(expiry(&incident(), &AcknowledgementExpiry::default()), None);
    }

    #[rstest]
    #[case(34, None)]
    #[case(35, Some("ines tomo"))]
    #[case(35 + 24 * 60, Some("ines tomo"))]
    #[case(36 + 24 * 60, None)]
    fn first_level_and_the_responsible_are_called(
        #[case] minutes: i64,
        #[case] expected: Option<&str>,
    ) {
        let call = expired_call(&incident(), &RULE, &directory(), at(minutes));
        let handles = call.as_ref().map(|call| {
            assert_eq!((call.level, call.step.round, call.step.due), (1, 1, at(35)));
            assert_eq!(call.step.unattended_since, Some(at(5)));
            let handles: Vec<_> = call.to.iter().map(|person| person.handle.as_str()).collect();
            handles.join(" ")
        });
        assert_eq!(handles.as_deref(), expected);
    }

    #[test]
    fn responsible_is_called_without_a_policy() {
        let row = Summary { assignee: Some(PersonRef::new("odile", "Odile")), ..incident() };
        let call = expired_call(&row, &RULE, &Directory::default(), at(40)).unwrap();
        assert_eq!((call.level, call.to), (1, vec![PersonRef::new("odile", "Odile")]));
    }
}
