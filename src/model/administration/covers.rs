//! Requests for cover: adds one, and lets exactly one person accept it.

use chrono::{DateTime, TimeDelta, Utc};

use super::apply_error::{ApplyError, SettingsDirectory};
use super::entry_ref::{EntryKind, EntryRef};
use super::overrides::add_override;
use super::references::{person, require};
use super::refusal::AdministrationRefusal;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::directory::{Directory, TeamOverride};
use crate::model::oncall::{Cover, CoverAnswer, CoverState, Override, Schedule, TimeSpan};

/// The highest number of requests for cover.
pub const MAX_COVERS: usize = 1_000;
/// For how long a request is listed after its end.
const LISTED: TimeDelta = TimeDelta::days(30);

/// Returns the directory with a request for cover added; `None` if the same person has requested
/// the same already.
pub(super) fn request_cover(
    stored: &Directory,
    merged: &Directory,
    wanted: &mut Cover,
    now: DateTime<Utc>,
) -> Result<Option<Directory>, ApplyError> {
    wanted.check(Some(now))?;
    let schedule = schedule(merged, &wanted.schedule)?;
    person("person", &mut wanted.person, merged)?;
    own_spans(schedule, &wanted.person, span(wanted), now)?;
    let is_same = |other: &&Cover| {
        other.is_open(now)
            && (&other.schedule, &other.person, other.from, other.to, other.in_return)
                == (&wanted.schedule, &wanted.person, wanted.from, wanted.to, wanted.in_return)
    };
    if stored.cover(wanted.id).is_some() || stored.covers.iter().any(|other| is_same(&other)) {
        return Ok(None);
    }
    // The outcome is set by the store alone.
    *wanted = Cover {
        note: wanted.note.clone(),
        in_return: wanted.in_return,
        extra: wanted.extra.clone(),
        ..Cover::new(wanted.id, &wanted.schedule, &wanted.person, span(wanted))
    };
    if !somebody_can_accept(merged, schedule, wanted, now) {
        let (schedule, in_return) = (reference(schedule.key()), wanted.in_return);
        return Err(AdministrationRefusal::NobodyCanCover { schedule, in_return }.into());
    }
    let mut directory = stored.clone();
    directory.covers.retain(|cover| cover.ends_at() + LISTED > now);
    if directory.covers.len() >= MAX_COVERS {
        let problem = FieldProblem::TooManyEntries { count: MAX_COVERS + 1, max: MAX_COVERS };
        return Err(BadField::new("covers", problem).into());
    }
    directory.covers.push(Cover { requested_at: Some(now), ..wanted.clone() });
    Ok(Some(directory))
}

/// Returns the directory with a request accepted: the accepting person gets an override for the
/// rest of the span, and the requester one for the shift offered in return. `None` if the same
/// person has accepted it already.
pub(super) fn accept_cover(
    stored: &Directory,
    merged: &Directory,
    settings: SettingsDirectory<'_>,
    answer: &mut CoverAnswer,
    now: DateTime<Utc>,
) -> Result<Option<Directory>, ApplyError> {
    let cover = find(stored, answer)?;
    let schedule = schedule(merged, &cover.schedule)?;
    person("person", &mut answer.person, merged)?;
    let has_accepted = cover.accepted_by.as_ref() == Some(&answer.person);
    if cover.state == CoverState::Accepted && has_accepted {
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
        let schedule = reference(&cover.schedule);
        let person = answer.person.clone();
        return Err(AdministrationRefusal::NotOfSchedule { person, schedule }.into());
    }
    let mut overrides = stand_ins(
        &answer.person,
        &cover.person,
        &own_spans(schedule, &cover.person, span(cover), now)?,
    );
    if let Some(span) = cover.in_return {
        let own = own_spans(schedule, &answer.person, span, now)?;
        if own != [TimeSpan { from: span.from.max(now), to: span.to }] {
            return Err(no_shift(schedule, &answer.person, span).into());
        }
        overrides.extend(stand_ins(&cover.person, &answer.person, &own));
    }
    let accepted = Cover {
        state: CoverState::Accepted,
        accepted_by: Some(answer.person.clone()),
        declined_by: cover
            .declined_by
            .iter()
            .filter(|one| **one != answer.person)
            .cloned()
            .collect(),
        closed_at: Some(now),
        ..cover.clone()
    };
    let mut directory = replace(stored, &accepted);
    for span in overrides {
        let mut added = TeamOverride { team: cover.schedule.clone(), span };
        let merged = directory.clone().merged_with(settings.directory);
        if let Some(changed) = add_override(&directory, &merged, settings, &mut added, now)? {
            directory = changed;
        }
    }
    Ok(Some(directory))
}

/// Returns the directory with a request withdrawn; `None` if it was withdrawn already.
pub(super) fn withdraw_cover(
    stored: &Directory,
    merged: &Directory,
    answer: &mut CoverAnswer,
    now: DateTime<Utc>,
) -> Result<Option<Directory>, ApplyError> {
    let cover = find(stored, answer)?;
    person("person", &mut answer.person, merged)?;
    if answer.person != cover.person {
        return Err(AdministrationRefusal::CoverOfAnother { person: cover.person.clone() }.into());
    }
    if cover.state == CoverState::Withdrawn {
        return Ok(None);
    }
    check_open(cover)?;
    let withdrawn = Cover { state: CoverState::Withdrawn, closed_at: Some(now), ..cover.clone() };
    Ok(Some(replace(stored, &withdrawn)))
}

/// Returns whether anybody who has not declined a request can still accept it.
pub(super) fn somebody_can_accept(
    merged: &Directory,
    schedule: &Schedule,
    cover: &Cover,
    now: DateTime<Utc>,
) -> bool {
    // Somebody whom a directory with people does not have can accept nothing.
    let on_schedule = schedule.people().into_iter().filter(|_| merged.people.is_empty());
    let handles = merged.people.iter().map(|person| person.handle.as_str());
    let mut handles = handles.chain(on_schedule);
    handles.any(|handle| !cover.is_declined_by(handle) && merged.can_cover(cover, handle, now))
}

/// Finds the request that an answer is about, and gives the answer the name of its schedule.
pub(super) fn find<'a>(
    stored: &'a Directory,
    answer: &mut CoverAnswer,
) -> Result<&'a Cover, AdministrationRefusal> {
    let cover = stored.cover(answer.id);
    let cover = cover.ok_or(AdministrationRefusal::NoSuchCover { id: answer.id })?;
    answer.schedule.clone_from(&cover.schedule);
    Ok(cover)
}

/// Refuses an answer to a request that was answered or withdrawn.
pub(super) fn check_open(cover: &Cover) -> Result<(), AdministrationRefusal> {
    if cover.state == CoverState::Open {
        return Ok(());
    }
    Err(AdministrationRefusal::CoverClosed { state: cover.state, by: cover.accepted_by.clone() })
}

/// Returns the schedule with a name.
pub(super) fn schedule<'a>(
    merged: &'a Directory,
    name: &str,
) -> Result<&'a Schedule, AdministrationRefusal> {
    let named = reference(name);
    require(merged, &named)?;
    let missing = || AdministrationRefusal::NoSuchEntry { entry: named.clone(), nearest: None };
    merged.schedule(name).ok_or_else(missing)
}

/// Returns a reference to a schedule.
pub(super) fn reference(schedule: &str) -> EntryRef {
    EntryRef::new(EntryKind::Schedule, schedule)
}

fn span(cover: &Cover) -> TimeSpan {
    TimeSpan { from: cover.from, to: cover.to }
}

/// Returns the spans from `now` on in which a person is on call, at least one.
fn own_spans(
    schedule: &Schedule,
    person: &str,
    span: TimeSpan,
    now: DateTime<Utc>,
) -> Result<Vec<TimeSpan>, AdministrationRefusal> {
    let spans = schedule.spans_of(person, span.from.max(now), span.to);
    if spans.is_empty() { Err(no_shift(schedule, person, span)) } else { Ok(spans) }
}

/// Returns the refusal for a person who is not on call in a span.
pub(super) fn no_shift(schedule: &Schedule, person: &str, span: TimeSpan) -> AdministrationRefusal {
    AdministrationRefusal::NoShift {
        person: person.to_owned(),
        schedule: reference(schedule.key()),
        from: span.from,
        to: span.to,
    }
}

/// Returns the overrides with which one person replaces another.
fn stand_ins(person: &str, covers: &str, spans: &[TimeSpan]) -> Vec<Override> {
    let one = |span: &TimeSpan| Override {
        person: person.to_owned(),
        from: span.from,
        to: span.to,
        covers: Some(covers.to_owned()),
    };
    spans.iter().map(one).collect()
}

/// Returns the directory with a request in place of the one with its id.
pub(super) fn replace(stored: &Directory, changed: &Cover) -> Directory {
    let mut directory = stored.clone();
    for cover in &mut directory.covers {
        if cover.id == changed.id {
            cover.clone_from(changed);
        }
    }
    directory
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::administration::AdministrationChange;

    const ID: &str = "019cb000-0000-7100-8000-000000000001";

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    /// A week of ines from 2 March on, then one of tomo.
    fn directory() -> Directory {
        serde_json::from_value(json!({
            "people": [
                {"handle": "ines", "name": "Ines"},
                {"handle": "tomo", "name": "Tomo"},
                {"handle": "mei", "name": "Mei"},
                {"handle": "zoe", "name": "Zoe"},
            ],
            "teams": [{"name": "payments", "members": ["mei"]}],
            "schedules": [{
                "team": "payments", "rotation": ["ines", "tomo"],
                "starts_at": "2026-03-02T09:00:00Z", "turn_s": 604_800,
            }],
        }))
        .unwrap()
    }

    fn apply(
        stored: &Directory,
        change: Value,
        now: &str,
    ) -> Result<Option<Directory>, AdministrationRefusal> {
        let change: AdministrationChange = serde_json::from_value(change).unwrap();
        let none = Directory::default();
        let settings = SettingsDirectory { directory: &none, file: "" };
        match change.apply(stored, settings, at(now)) {
            Ok(applied) => Ok(applied.directory),
            Err(ApplyError::Refused(refusal)) => match *refusal {
                crate::model::rejection::Rejection::Administration(refusal) => Err(refusal),
                other => panic!("{other:?}"),
            },
            Err(other) => panic!("{other}"),
        }
    }

    fn wanted(in_return: Option<(&str, &str)>) -> Value {
        let span = |(from, to): (&str, &str)| json!({"from": at(from), "to": at(to)});
        json!({"request_cover": {
            "id": ID, "schedule": "payments", "person": "ines",
            "from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z",
            "in_return": in_return.map(span),
        }})
    }

    fn answer(kind: &str, person: &str) -> Value {
        json!({kind: {"id": ID, "schedule": "payments", "person": person}})
    }

    fn requested(in_return: Option<(&str, &str)>) -> Directory {
        let changed = apply(&directory(), wanted(in_return), "2026-03-02T10:00");
        changed.unwrap().expect("a change")
    }

    fn on_call(directory: &Directory, time: &str) -> String {
        directory.on_call("payments", at(time)).expect("somebody").handle.clone()
    }

    #[test]
    fn first_who_accepts_stands_in() {
        let before = requested(None);
        assert_eq!(before.covers[0].state, CoverState::Open);
        assert_eq!(on_call(&before, "2026-03-04T12:00"), "ines");
        let after = apply(&before, answer("accept_cover", "mei"), "2026-03-03T08:00");
        let after = after.unwrap().expect("a change");
        assert_eq!(on_call(&after, "2026-03-04T12:00"), "mei");
        assert_eq!(on_call(&after, "2026-03-05T00:00"), "ines");
        assert_eq!(after.covers[0].accepted_by.as_deref(), Some("mei"));
        let again = apply(&after, answer("accept_cover", "mei"), "2026-03-03T08:01");
        assert_eq!(again, Ok(None));
        let late = apply(&after, answer("accept_cover", "tomo"), "2026-03-03T08:01");
        let by = Some("mei".to_owned());
        let closed = AdministrationRefusal::CoverClosed { state: CoverState::Accepted, by };
        assert_eq!(late, Err(closed));
    }

    #[test]
    fn only_the_rest_of_a_shift_is_covered() {
        let after =
            apply(&requested(None), answer("accept_cover", "tomo"), "2026-03-04T06:00").unwrap();
        let overrides = &after.expect("a change").schedules[0].overrides;
        assert_eq!(overrides.len(), 1);
        assert_eq!(
            (overrides[0].from, overrides[0].to),
            (at("2026-03-04T06:00"), at("2026-03-05T00:00"))
        );
        assert_eq!(overrides[0].covers.as_deref(), Some("ines"));
    }

    #[test]
    fn swap_makes_both_overrides_at_once() {
        let span = ("2026-03-10T00:00", "2026-03-11T00:00");
        let after =
            apply(&requested(Some(span)), answer("accept_cover", "tomo"), "2026-03-03T08:00");
        let after = after.unwrap().expect("a change");
        assert_eq!(on_call(&after, "2026-03-04T12:00"), "tomo");
        assert_eq!(on_call(&after, "2026-03-10T12:00"), "ines");
        assert_eq!(on_call(&after, "2026-03-11T12:00"), "tomo");
    }

    #[test]
    fn swap_needs_a_shift_of_whoever_accepts() {
        let span = ("2026-03-10T00:00", "2026-03-11T00:00");
        let before = requested(Some(span));
        let refused = apply(&before, answer("accept_cover", "mei"), "2026-03-03T08:00");
        assert!(
            matches!(refused, Err(AdministrationRefusal::NoShift { ref person, .. }) if person == "mei")
        );
        assert_eq!(before.schedules[0].overrides, []);
    }

    #[rstest]
    #[case::own("accept_cover", "ines", "2026-03-03T08:00", AdministrationRefusal::OwnCover)]
    #[case::stranger(
        "accept_cover", "zoe", "2026-03-03T08:00",
        AdministrationRefusal::NotOfSchedule {
            person: "zoe".into(),
            schedule: EntryRef::new(EntryKind::Schedule, "payments"),
        }
    )]
    #[case::passed(
        "accept_cover", "tomo", "2026-03-05T00:00",
        AdministrationRefusal::CoverPassed { to: at("2026-03-05T00:00") }
    )]
    #[case::of_another(
        "withdraw_cover", "tomo", "2026-03-03T08:00",
        AdministrationRefusal::CoverOfAnother { person: "ines".into() }
    )]
    fn answer_is_refused(
        #[case] kind: &str,
        #[case] person: &str,
        #[case] now: &str,
        #[case] expected: AdministrationRefusal,
    ) {
        assert_eq!(apply(&requested(None), answer(kind, person), now), Err(expected));
    }

    #[test]
    fn withdrawn_request_can_not_be_accepted() {
        let withdrawn =
            apply(&requested(None), answer("withdraw_cover", "ines"), "2026-03-03T08:00");
        let withdrawn = withdrawn.unwrap().expect("a change");
        let refused = apply(&withdrawn, answer("accept_cover", "tomo"), "2026-03-03T09:00");
        let closed = AdministrationRefusal::CoverClosed { state: CoverState::Withdrawn, by: None };
        assert_eq!(refused, Err(closed));
    }

    /// The directory with another rotation and other members of the team.
    fn directory_with(rotation: &[&str], members: &[&str]) -> Directory {
        let mut directory = directory();
        directory.schedules[0].rotation = rotation.iter().map(|one| (*one).into()).collect();
        directory.teams[0].members = members.iter().map(|one| (*one).into()).collect();
        directory
    }

    #[rstest]
    #[case::alone(&["ines"], &[], None)]
    #[case::alone_in_the_team(&["ines"], &["ines"], None)]
    #[case::other_is_unknown(&["ines", "omar"], &[], None)]
    #[case::own_shift_in_return(&["ines", "tomo"], &["mei"], Some(("2026-03-05T00:00", "2026-03-06T00:00")))]
    #[case::shift_of_two(&["ines", "tomo", "mei"], &[], Some(("2026-03-16T00:00", "2026-03-17T00:00")))]
    #[case::partly_an_own_shift(
        &["ines", "tomo"], &["mei"], Some(("2026-03-09T08:00", "2026-03-09T10:00"))
    )]
    fn cover_that_nobody_can_give_is_refused_at_once(
        #[case] rotation: &[&str],
        #[case] members: &[&str],
        #[case] in_return: Option<(&str, &str)>,
    ) {
        let directory = directory_with(rotation, members);
        let refused = apply(&directory, wanted(in_return), "2026-03-02T10:00");
        let in_return = in_return.map(|(from, to)| TimeSpan { from: at(from), to: at(to) });
        let schedule = EntryRef::new(EntryKind::Schedule, "payments");
        assert_eq!(refused, Err(AdministrationRefusal::NobodyCanCover { schedule, in_return }));
    }

    #[test]
    fn one_other_person_of_the_team_suffices() {
        let directory = directory_with(&["ines"], &["mei"]);
        let changed = apply(&directory, wanted(None), "2026-03-02T10:00").unwrap();
        assert_eq!(changed.expect("a change").covers.len(), 1);
    }

    #[test]
    fn cover_needs_a_shift() {
        let mut change = wanted(None);
        change["request_cover"]["person"] = "tomo".into();
        let refused = apply(&directory(), change, "2026-03-02T10:00");
        assert!(matches!(refused, Err(AdministrationRefusal::NoShift { .. })));
    }

    #[test]
    fn request_of_a_later_version_is_read_and_written() {
        let mut change = wanted(None);
        change["request_cover"]["state"] = "haunted".into();
        change["request_cover"]["colour"] = "red".into();
        let stored: Cover = serde_json::from_value(change["request_cover"].clone()).unwrap();
        let written = serde_json::to_value(&stored).unwrap();
        assert_eq!((&written["state"], &written["colour"]), (&"haunted".into(), &"red".into()));
        assert!(!stored.is_open(at("2026-03-02T10:00")));
    }
}
