//! Declined requests for cover: a person who can't accept one declines it, and the last one closes
//! the request.

use chrono::{DateTime, Utc};

use super::apply_error::ApplyError;
use super::covers::{
    check_open, find, no_shift, reference, replace, schedule, somebody_can_accept,
};
use super::references::person;
use super::refusal::AdministrationRefusal;
use crate::model::directory::Directory;
use crate::model::oncall::{CoverAnswer, CoverState};

/// Returns the directory with a request declined by a person: it stays open for the other people
/// who can accept it, and is closed once there are none. A swap is usually offered to one person,
/// whose decline closes it. `None` if the person has declined it already.
pub(super) fn decline_cover(
    stored: &Directory,
    merged: &Directory,
    answer: &mut CoverAnswer,
    now: DateTime<Utc>,
) -> Result<Option<Directory>, ApplyError> {
    let cover = find(stored, answer)?;
    let schedule = schedule(merged, &cover.schedule)?;
    person("person", &mut answer.person, merged)?;
    let may_be_same = matches!(cover.state, CoverState::Open | CoverState::Declined);
    if may_be_same && cover.is_declined_by(&answer.person) {
        return Ok(None);
    }
    check_open(cover)?;
    if cover.to <= now {
        return Err(AdministrationRefusal::CoverPassed { to: cover.to }.into());
    }
    if answer.person == cover.person {
        return Err(AdministrationRefusal::OwnCover.into());
    }
    if !merged.is_of_schedule(schedule, &answer.person) {
        let (person, schedule) = (answer.person.clone(), reference(&cover.schedule));
        return Err(AdministrationRefusal::NotOfSchedule { person, schedule }.into());
    }
    if let Some(span) = cover.in_return
        && !merged.can_cover(cover, &answer.person, now)
    {
        return Err(no_shift(schedule, &answer.person, span).into());
    }
    let mut declined = cover.clone();
    declined.declined_by.push(answer.person.clone());
    if !somebody_can_accept(merged, schedule, &declined, now) {
        declined.state = CoverState::Declined;
        declined.closed_at = Some(now);
    }
    Ok(Some(replace(stored, &declined)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::administration::{AdministrationChange, SettingsDirectory};
    use crate::model::rejection::Rejection;

    const ID: &str = "019cb000-0000-7100-8000-000000000001";

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    /// Ines is on call for a week from 2 March on, then tomo and then mei; ines wants cover on 4
    /// March, in return for a day of tomo if it is a swap.
    fn directory(is_swap: bool) -> Directory {
        let given = json!({"from": at("2026-03-10T00:00"), "to": at("2026-03-11T00:00")});
        serde_json::from_value(json!({
            "people": [
                {"handle": "ines", "name": "Ines"},
                {"handle": "tomo", "name": "Tomo"},
                {"handle": "mei", "name": "Mei"},
                {"handle": "zoe", "name": "Zoe"},
            ],
            "schedules": [{
                "team": "payments", "rotation": ["ines", "tomo", "mei"],
                "starts_at": "2026-03-02T09:00:00Z", "turn_s": 604_800,
            }],
            "covers": [{
                "id": ID, "schedule": "payments", "person": "ines",
                "from": at("2026-03-04T00:00"), "to": at("2026-03-05T00:00"),
                "in_return": is_swap.then_some(given),
            }],
        }))
        .unwrap()
    }

    fn apply(
        stored: &Directory,
        kind: &str,
        person: &str,
        now: &str,
    ) -> Result<Option<Directory>, AdministrationRefusal> {
        let change: Value = json!({kind: {"id": ID, "schedule": "payments", "person": person}});
        let change: AdministrationChange = serde_json::from_value(change).unwrap();
        let none = Directory::default();
        let settings = SettingsDirectory { directory: &none, file: "" };
        match change.apply(stored, settings, at(now)) {
            Ok(applied) => Ok(applied.directory),
            Err(ApplyError::Refused(refusal)) => match *refusal {
                Rejection::Administration(refusal) => Err(refusal),
                other => panic!("{other:?}"),
            },
            Err(other) => panic!("{other}"),
        }
    }

    fn declined(stored: &Directory, person: &str) -> Directory {
        let changed = apply(stored, "decline_cover", person, "2026-03-03T08:00");
        changed.unwrap().expect("a change")
    }

    #[test]
    fn swap_is_closed_by_whoever_has_the_shift() {
        let after = declined(&directory(true), "tomo");
        let cover = &after.covers[0];
        assert_eq!((cover.state, &cover.declined_by), (CoverState::Declined, &vec!["tomo".into()]));
        assert_eq!(cover.closed_at, Some(at("2026-03-03T08:00")));
        assert_eq!(after.schedules[0].overrides, []);
        assert_eq!(apply(&after, "decline_cover", "tomo", "2026-03-03T09:00"), Ok(None));
        let closed = AdministrationRefusal::CoverClosed { state: CoverState::Declined, by: None };
        assert_eq!(apply(&after, "accept_cover", "tomo", "2026-03-03T09:00"), Err(closed));
    }

    #[test]
    fn last_who_can_accept_closes_the_request() {
        let one = declined(&directory(false), "tomo");
        assert_eq!(one.covers[0].state, CoverState::Open);
        let both = declined(&one, "mei");
        assert_eq!(both.covers[0].state, CoverState::Declined);
    }

    #[test]
    fn whoever_has_declined_may_still_accept() {
        let one = declined(&directory(false), "tomo");
        let after = apply(&one, "accept_cover", "tomo", "2026-03-03T09:00").unwrap();
        let cover = &after.expect("a change").covers[0];
        assert_eq!(cover.accepted_by.as_deref(), Some("tomo"));
        assert_eq!((cover.state, cover.declined_by.len()), (CoverState::Accepted, 0));
    }

    #[rstest]
    #[case::own(true, "ines", "2026-03-03T08:00", AdministrationRefusal::OwnCover)]
    #[case::stranger(
        false, "zoe", "2026-03-03T08:00",
        AdministrationRefusal::NotOfSchedule { person: "zoe".into(), schedule: reference("payments") }
    )]
    #[case::passed(
        false, "tomo", "2026-03-05T00:00",
        AdministrationRefusal::CoverPassed { to: at("2026-03-05T00:00") }
    )]
    #[case::without_the_shift(
        true, "mei", "2026-03-03T08:00",
        AdministrationRefusal::NoShift {
            person: "mei".into(),
            schedule: reference("payments"),
            from: at("2026-03-10T00:00"),
            to: at("2026-03-11T00:00"),
        }
    )]
    fn wrong_person_or_time_is_refused(
        #[case] is_swap: bool,
        #[case] person: &str,
        #[case] now: &str,
        #[case] expected: AdministrationRefusal,
    ) {
        assert_eq!(apply(&directory(is_swap), "decline_cover", person, now), Err(expected));
    }
}
