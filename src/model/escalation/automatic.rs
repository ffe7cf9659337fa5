//! Automatic steps for one incident: the next level of its policy, and its time.

use chrono::{DateTime, Utc};

use super::path::{Step, path, policy_of, reached_by_level};
use super::reached::Reached;
use crate::model::actor::PersonRef;
use crate::model::check::MAX_LIST_ITEMS;
use crate::model::directory::Directory;
use crate::model::notification::step::{DueStep, EXPIRES_AFTER, MissedLevel};
use crate::model::status::Status;
use crate::model::summary::Summary;

/// The next automatic step of an incident that nobody has acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextCall {
    /// A level is called now.
    Now(AutomaticCall),
    /// The next level is due at this time.
    At(DateTime<Utc>),
    /// Nothing is due before the incident, its policy or the directory changes.
    Never,
}

/// A call of a level that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AutomaticCall {
    /// The number of the level.
    pub level: u8,
    /// The round, and when the level was due.
    pub step: DueStep,
    /// Whom it calls, with the people of the levels before it that were not called when they were
    /// due. Nobody is skipped because all programs were down.
    pub to: Vec<PersonRef>,
    /// Whether each of them must acknowledge.
    pub all_must_acknowledge: bool,
}

/// Returns whether levels are called for an incident at some time, unless it changes.
#[must_use]
pub fn awaits_calls(incident: &Summary) -> bool {
    incident.status == Status::Triggered && incident.acknowledged_at.is_none()
}

/// Returns the next automatic step of an incident.
///
/// A step that comes due during a snooze is due when the snooze ends; during a pause, and while a
/// maintenance window mutes the incident, nobody is called. A step that was due too long ago is
/// skipped. The person on call at `now` is called, even if the step is late.
#[must_use]
pub fn next_call(incident: &Summary, directory: &Directory, now: DateTime<Utc>) -> NextCall {
    if !awaits_calls(incident) || incident.paused || incident.is_muted() {
        return NextCall::Never;
    }
    let steps: Vec<(DateTime<Utc>, Step)> = path(incident, directory)
        .into_iter()
        .filter(|step| !step.is_called)
        .map(|step| (incident.snoozed_until.map_or(step.due, |until| until.max(step.due)), step))
        .filter(|(due, _)| now - *due <= EXPIRES_AFTER)
        .collect();
    let is_due = |due: DateTime<Utc>| due <= now;
    let Some((due, last)) = steps.iter().rfind(|(due, _)| is_due(*due)) else {
        let next = steps.iter().map(|(due, _)| *due).min();
        return next.map_or(NextCall::Never, NextCall::At);
    };
    // A step that is due at the same time as something else, such as the end of a snooze, was not missed.
    let missed = steps.iter().filter(|(other, _)| other < due);
    let missed: Vec<MissedLevel> = missed.map(|(due, step)| missed_level(*due, step)).collect();
    let called = steps.iter().filter(|(due, _)| is_due(*due)).map(|(_, step)| step);
    let all_must_acknowledge = called.clone().any(|step| step.all_must_acknowledge);
    NextCall::Now(AutomaticCall {
        level: last.level,
        step: DueStep {
            round: last.round,
            due: *due,
            unattended_since: None,
            missed: latest(missed),
        },
        to: people_of(called, incident, directory, now),
        all_must_acknowledge,
    })
}

fn missed_level(due: DateTime<Utc>, step: &Step) -> MissedLevel {
    MissedLevel { level: step.level, round: step.round, due, late_s: 0 }
}

/// Returns the last levels of a list, as many as a step may name.
fn latest(mut missed: Vec<MissedLevel>) -> Vec<MissedLevel> {
    let surplus = missed.len().saturating_sub(MAX_LIST_ITEMS);
    missed.drain(..surplus);
    missed
}

/// Returns the people whom a step reaches if it is carried out at a time, whenever it was due.
#[must_use]
pub fn reached_at(
    step: &Step,
    incident: &Summary,
    directory: &Directory,
    at: DateTime<Utc>,
) -> Vec<Reached> {
    let Some(policy) = policy_of(incident, directory) else { return Vec::new() };
    let ordinary = policy.levels.get(usize::from(step.level).saturating_sub(1));
    let level = ordinary.or(policy.at_end.as_ref());
    level.map_or_else(Vec::new, |level| {
        reached_by_level(incident, directory, level, (at, step.round))
    })
}

/// Returns the people whom steps reach at `now`, each person once.
fn people_of<'a>(
    steps: impl Iterator<Item = &'a Step>,
    incident: &Summary,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Vec<PersonRef> {
    let mut people: Vec<PersonRef> = Vec::new();
    for step in steps {
        let reached = reached_at(step, incident, directory, now);
        for person in reached.iter().filter_map(Reached::person) {
            // A person who has acknowledged is not called again while others still have to.
            let has_acknowledged = incident
                .required
                .as_ref()
                .is_some_and(|required| required.acknowledged_at(&person.handle).is_some());
            if !has_acknowledged && !people.iter().any(|other| other.handle == person.handle) {
                people.push(person.clone());
            }
        }
    }
    people.truncate(MAX_LIST_ITEMS);
    people
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};
    use rstest::rstest;

    use super::super::policy::{Policy, PolicyLevel, Repeat, Target};
    use super::*;
    use crate::model::maintenance::Mute;

    fn reported() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2031, 5, 20, 22, 0, 0).unwrap()
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        reported() + TimeDelta::minutes(minutes)
    }

    /// Level 1 immediately, level 2 after 10 min, both again after an hour, and `boss` at the end.
    fn directory() -> Directory {
        let level = |after_s, people: &[&str]| PolicyLevel {
            after_s,
            call: people.iter().map(|handle| Target::Person((*handle).into())).collect(),
            round_robin: false,
            all_must_acknowledge: false,
        };
        Directory {
            people: ["ines", "tomo", "odile", "boss"].map(|p| PersonRef::new(p, p)).to_vec(),
            policies: vec![Policy {
                team: "payments".into(),
                levels: vec![level(0, &["ines"]), level(600, &["tomo", "odile", "ines"])],
                repeat: Some(Repeat { times: 1, every_s: 3600 }),
                at_end: Some(level(1200, &["boss"])),
                ..Policy::default()
            }],
            ..Directory::default()
        }
    }

    fn incident() -> Summary {
        serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": "P1",
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": reported(), "reported_at": reported(), "paused": false, "alerts": 1,
            "escalation": 0, "seq": 1, "last_event_at": reported(),
        }))
        .unwrap()
    }

    fn next(row: &Summary, minutes: i64) -> NextCall {
        next_call(row, &directory(), at(minutes))
    }

    /// Returns round, level, minute at which it was due, and the handles.
    fn called(next: NextCall) -> (u16, u8, i64, String) {
        let NextCall::Now(call) = next else { panic!("{next:?}") };
        let due = (call.step.due - reported()).num_minutes();
        let handles: Vec<_> = call.to.iter().map(|person| person.handle.as_str()).collect();
        (call.step.round, call.level, due, handles.join(" "))
    }

    #[rstest]
    #[case::first_level_is_due_at_once((0, 0), 0, (1, 1, 0, "ines"))]
    #[case::second_level_in_time((1, 1), 10, (1, 2, 10, "tomo odile ines"))]
    #[case::both_when_all_programs_were_down((0, 0), 12, (1, 2, 10, "ines tomo odile"))]
    #[case::second_round_begins_again((1, 2), 60, (2, 1, 60, "ines"))]
    #[case::level_missed_in_the_first_round((1, 1), 61, (2, 1, 60, "tomo odile ines"))]
    #[case::end_after_the_last_round((2, 2), 80, (2, 3, 80, "boss"))]
    #[case::everything_was_missed((0, 0), 90, (2, 3, 80, "ines tomo odile boss"))]
    #[case::a_day_late((2, 2), 80 + 24 * 60, (2, 3, 80, "boss"))]
    fn due_levels_are_called(
        #[case] (round, level): (u16, u8),
        #[case] minutes: i64,
        #[case] expected: (u16, u8, i64, &str),
    ) {
        let row = Summary { escalation_round: round, escalation: level, ..incident() };
        let (round, level, due, to) = called(next(&row, minutes));
        assert_eq!((round, level, due, to.as_str()), expected);
    }

    #[rstest]
    #[case::in_time((1, 1), 10, &[])]
    #[case::both_levels((0, 0), 12, &[(1, 1, 0)])]
    #[case::level_of_the_first_round((1, 1), 61, &[(1, 2, 10)])]
    #[case::everything((0, 0), 90, &[(1, 1, 0), (1, 2, 10), (2, 1, 60), (2, 2, 70)])]
    fn levels_that_were_missed_are_named(
        #[case] (round, level): (u16, u8),
        #[case] minutes: i64,
        #[case] expected: &[(u16, u8, i64)],
    ) {
        let row = Summary { escalation_round: round, escalation: level, ..incident() };
        let NextCall::Now(call) = next(&row, minutes) else { panic!("nothing is due") };
        let one = |missed: &MissedLevel| {
            (missed.round, missed.level, (missed.due - reported()).num_minutes())
        };
        assert_eq!(call.step.missed.iter().map(one).collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case((1, 1), 1, Some(10))]
    #[case((1, 2), 11, Some(60))]
    #[case((2, 2), 71, Some(80))]
    #[case((2, 3), 81, None)]
    #[case::all_that_was_due_has_expired((0, 0), 80 + 24 * 60 + 1, None)]
    fn next_level_waits_for_its_time(
        #[case] (round, level): (u16, u8),
        #[case] minutes: i64,
        #[case] due: Option<i64>,
    ) {
        let row = Summary { escalation_round: round, escalation: level, ..incident() };
        let expected = due.map_or(NextCall::Never, |minutes| NextCall::At(at(minutes)));
        assert_eq!(next(&row, minutes), expected);
    }

    #[test]
    fn times_are_counted_from_the_raised_priority() {
        let row = Summary { escalation_from: Some(at(30)), ..incident() };
        assert_eq!(called(next(&row, 30)), (1, 1, 30, "ines".into()));
        let row = Summary { escalation: 1, ..row };
        assert_eq!(next(&row, 31), NextCall::At(at(40)));
    }

    #[test]
    fn level_that_comes_due_during_a_snooze_is_called_at_its_end() {
        let row = Summary { escalation: 1, snoozed_until: Some(at(30)), ..incident() };
        assert_eq!(next(&row, 12), NextCall::At(at(30)));
        assert_eq!(called(next(&row, 30)), (1, 2, 30, "tomo odile ines".into()));
        // Both levels were due at the end of the snooze.
        let row = Summary { escalation: 0, ..row };
        let NextCall::Now(call) = next(&row, 30) else { panic!("nothing is due") };
        assert_eq!((call.level, call.step.missed.len()), (2, 0));
    }

    fn mute(ended_at: Option<DateTime<Utc>>) -> Mute {
        let (window, title) = (uuid::Uuid::from_u128(7), "The pool is replaced".into());
        Mute { window, title, since: at(0), until: at(60), ended_at }
    }

    #[test]
    fn levels_are_called_from_the_release_on() {
        let muted = Some(mute(Some(at(60))));
        let row = Summary { muted, escalation_from: Some(at(60)), ..incident() };
        assert_eq!(called(next(&row, 60)), (1, 1, 60, "ines".into()));
    }

    #[test]
    fn snooze_of_days_ends_with_a_call() {
        let until = 3 * 24 * 60;
        let row = Summary { snoozed_until: Some(at(until)), ..incident() };
        assert_eq!(next(&row, 0), NextCall::At(at(until)));
        assert_eq!(called(next(&row, until)).2, until);
    }

    #[rstest]
    #[case(Summary { paused: true, ..incident() })]
    #[case(Summary { muted: Some(mute(None)), ..incident() })]
    #[case(Summary { status: Status::Investigating, ..incident() })]
    #[case(Summary { acknowledged_at: Some(at(1)), ..incident() })]
    #[case(Summary { status: Status::Resolved, ..incident() })]
    #[case(Summary { team: Some("nobody".into()), ..incident() })]
    fn nothing_is_called(#[case] row: Summary) {
        assert_eq!(next(&row, 20), NextCall::Never);
    }
}
