//! Who is called for each team over a span of time: by its schedule, and by the levels of its
//! escalation policy.

use chrono::{DateTime, Utc};

use super::actor::PersonRef;
use super::directory::Directory;
use super::escalation::Target;
use super::oncall::Schedule;

/// The most changes of a schedule that are followed: enough for turns of ten minutes over three
/// months.
const MAX_CHANGES: usize = 13_000;

/// A span of time in which the same person, or nobody, is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shift {
    /// The start, which is part of it.
    pub from: DateTime<Utc>,
    /// The end, which is not part of it.
    pub to: DateTime<Utc>,
    /// The person who is called; `None` if nobody can be.
    pub person: Option<PersonRef>,
    /// The handle that is missing in the directory, where that is why nobody is called.
    pub unknown_handle: Option<String>,
    /// Whether the person replaces the one whose turn it is.
    pub is_override: bool,
}

/// The people whom one level of a team calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoverageLine {
    /// The level, from 1.
    pub level: u8,
    /// How long after the report the level is called, in seconds; `None` for the schedule alone.
    pub after_s: Option<i64>,
    /// The team whose schedule is used, if it is another team.
    pub of_team: Option<String>,
    /// Whether the level calls only one of its people, a different one for each incident.
    pub by_turns: bool,
    /// The shifts from the start of the span to its end, without gaps between them.
    pub shifts: Vec<Shift>,
}

/// The people whom a team calls, level by level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TeamCoverage {
    /// The name of the team.
    pub team: String,
    /// At least one line for level 1; each person or schedule at its lowest level only.
    pub lines: Vec<CoverageLine>,
}

impl CoverageLine {
    /// Returns the shift at a time.
    #[must_use]
    pub fn at(&self, time: DateTime<Utc>) -> Option<&Shift> {
        let after = self.shifts.partition_point(|shift| shift.to <= time);
        self.shifts.get(after).filter(|shift| shift.from <= time)
    }

    /// Returns the first shift after the one at a time.
    #[must_use]
    pub fn next(&self, time: DateTime<Utc>) -> Option<&Shift> {
        let after = self.shifts.partition_point(|shift| shift.to <= time);
        self.shifts.get(after + 1)
    }

    /// Returns the shifts in which nobody is called.
    pub fn gaps(&self) -> impl Iterator<Item = &Shift> {
        self.shifts.iter().filter(|shift| shift.person.is_none())
    }
}

impl TeamCoverage {
    /// Returns the times in which nobody is called at level 1, even if a later level would call
    /// somebody. A schedule that no level calls does not count if there is a policy.
    #[must_use]
    pub fn gaps(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let firsts = || self.lines.iter().filter(|line| line.level == 1);
        let has_policy = firsts().any(|line| line.after_s.is_some());
        let mut called = firsts().filter(|line| !has_policy || line.after_s.is_some());
        let spans = |line: &CoverageLine| -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
            line.gaps().map(|shift| (shift.from, shift.to)).collect()
        };
        let Some(first) = called.next() else { return Vec::new() };
        called.fold(spans(first), |gaps, line| intersection(&gaps, &spans(line)))
    }
}

/// Returns the times that are in a span of either list, each in order and without overlaps.
fn intersection(
    some: &[(DateTime<Utc>, DateTime<Utc>)],
    others: &[(DateTime<Utc>, DateTime<Utc>)],
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let both = some.iter().flat_map(|(from, to)| {
        others.iter().map(move |(begin, end)| ((*from).max(*begin), (*to).min(*end)))
    });
    both.filter(|(from, to)| from < to).collect()
}

/// Returns who is called for each team between two times: all teams of the directory, and those
/// that only have a schedule or a policy.
#[must_use]
pub fn coverage(
    directory: &Directory,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<TeamCoverage> {
    let mut teams: Vec<&str> = Vec::new();
    let named = directory.teams.iter().map(|team| &team.name);
    let scheduled = directory.schedules.iter().map(|schedule| &schedule.team);
    let policies = directory.policies.iter().map(|policy| &policy.team);
    for team in named.chain(scheduled).chain(policies) {
        if !teams.contains(&team.as_str()) {
            teams.push(team);
        }
    }
    teams.into_iter().map(|team| team_coverage(directory, team, from, to)).collect()
}

/// Returns who is called for one team between two times.
#[must_use]
pub fn team_coverage(
    directory: &Directory,
    team: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> TeamCoverage {
    let mut lines = Vec::new();
    let mut listed: Vec<Target> = Vec::new();
    let policy = directory.policy(team);
    let own = Target::OnCall(team.to_owned());
    let first_calls_own = policy
        .and_then(|policy| policy.levels.first())
        .is_some_and(|level| level.call.contains(&own));
    // A schedule is shown even if no level of the policy calls it.
    let has_schedule = directory.schedule_of(team).is_some();
    if (has_schedule || policy.is_none()) && !first_calls_own {
        lines.push(line(directory, team, 1, None, &own, (from, to)));
        listed.push(own);
    }
    let levels = policy.map(|policy| &policy.levels[..]).unwrap_or_default();
    for (level, number) in levels.iter().zip(1_u8..) {
        for target in level.call.iter().flat_map(|target| members(directory, target)) {
            if !listed.contains(&target) {
                let line = line(directory, team, number, Some(level.after_s), &target, (from, to));
                lines.push(CoverageLine { by_turns: level.round_robin, ..line });
                listed.push(target);
            }
        }
    }
    if lines.is_empty() {
        let nobody = Target::OnCall(team.to_owned());
        lines.push(line(directory, team, 1, None, &nobody, (from, to)));
    }
    TeamCoverage { team: team.to_owned(), lines }
}

/// Returns the members of a team that a level calls, and any other target unchanged.
fn members(directory: &Directory, target: &Target) -> Vec<Target> {
    let Target::Team(name) = target else { return vec![target.clone()] };
    let team = directory.teams.iter().find(|team| team.name == *name);
    let members = team.map(|team| &team.members[..]).unwrap_or_default();
    if members.is_empty() {
        return vec![target.clone()];
    }
    members.iter().cloned().map(Target::Person).collect()
}

fn line(
    directory: &Directory,
    team: &str,
    level: u8,
    after_s: Option<i64>,
    target: &Target,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> CoverageLine {
    let constant = |handle: Option<&str>| {
        let person = handle.and_then(|handle| directory.person(handle)).cloned();
        let unknown_handle = handle.filter(|_| person.is_none()).map(str::to_owned);
        vec![Shift { from, to, person, unknown_handle, is_override: false }]
    };
    let of_schedule = |schedule: Option<&Schedule>| {
        schedule.map_or_else(|| constant(None), |schedule| shifts(directory, schedule, from, to))
    };
    let shifts = match target {
        Target::OnCall(team) => of_schedule(directory.schedule_of(team)),
        Target::Schedule(name) => of_schedule(directory.schedule(name)),
        Target::Person(handle) => constant(Some(handle)),
        // Its members have lines of their own.
        Target::Team(_) | Target::Unknown(_) => constant(None),
    };
    let of_team = match target {
        Target::OnCall(other) | Target::Schedule(other) if other != team => Some(other.clone()),
        Target::Team(other) => Some(other.clone()),
        _ => None,
    };
    CoverageLine { level, after_s, of_team, by_turns: false, shifts }
}

/// Returns the shifts of a schedule between two times. Turns in a row of the same person are one.
#[must_use]
pub fn shifts(
    directory: &Directory,
    schedule: &Schedule,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<Shift> {
    let mut shifts: Vec<Shift> = Vec::new();
    let mut at = from;
    for _ in 0..MAX_CHANGES {
        if at >= to {
            break;
        }
        let end = schedule.next_change(at).map_or(to, |next| next.min(to));
        let handle = schedule.on_call(at);
        let person = handle.and_then(|handle| directory.person(handle)).cloned();
        let unknown_handle = handle.filter(|_| person.is_none()).map(str::to_owned);
        let is_override = schedule.override_at(at).is_some();
        match shifts.last_mut() {
            Some(last)
                if (&last.person, &last.unknown_handle, last.is_override)
                    == (&person, &unknown_handle, is_override) =>
            {
                last.to = end;
            }
            _ => shifts.push(Shift { from: at, to: end, person, unknown_handle, is_override }),
        }
        at = end;
    }
    shifts
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::directory::Team;
    use crate::model::escalation::{Policy, PolicyLevel};
    use crate::model::oncall::Override;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    fn directory() -> Directory {
        let level = |after_s, call: &[Target]| PolicyLevel {
            after_s,
            call: call.to_vec(),
            ..PolicyLevel::default()
        };
        Directory {
            people: ["ines", "tomo", "yusuf"].map(|name| PersonRef::new(name, name)).to_vec(),
            teams: vec![
                Team { name: "pay".into(), members: vec!["ines".into()] },
                Team { name: "data".into(), members: Vec::new() },
            ],
            policies: vec![Policy {
                team: "pay".into(),
                levels: vec![
                    level(300, &[Target::OnCall("pay".into())]),
                    level(900, &[Target::OnCall("pay".into()), Target::Person("yusuf".into())]),
                ],
                ..Policy::default()
            }],
            schedules: vec![Schedule {
                team: "pay".into(),
                rotation: vec!["ines".into(), "tomo".into(), "left".into()],
                starts_at: at("2026-11-23T09:00"),
                turn_s: 7 * 86_400,
                overrides: vec![Override {
                    person: "yusuf".into(),
                    from: at("2026-11-29T18:00"),
                    to: at("2026-11-29T22:00"),
                    covers: None,
                }],
                ..Schedule::default()
            }],
            ..Directory::default()
        }
    }

    fn described(line: &CoverageLine) -> Vec<String> {
        let shift = |shift: &Shift| {
            let who = shift.person.as_ref().map_or("nobody", |person| &person.handle);
            let stand_in = if shift.is_override { " stands in" } else { "" };
            format!("{} {who}{stand_in}", shift.from.format("%d %H:%M"))
        };
        line.shifts.iter().map(shift).collect()
    }

    fn span(from: &str, to: &str, person: Option<&str>) -> Shift {
        let person = person.map(|name| PersonRef::new(name, name));
        Shift { from: at(from), to: at(to), person, unknown_handle: None, is_override: false }
    }

    fn level_1(after_s: Option<i64>, shifts: Vec<Shift>) -> CoverageLine {
        CoverageLine { level: 1, after_s, of_team: None, by_turns: false, shifts }
    }

    #[test]
    fn gap_is_where_nobody_of_the_level_is_called() {
        let night = level_1(
            Some(0),
            vec![
                span("2026-11-29T00:00", "2026-11-29T08:00", Some("ines")),
                span("2026-11-29T08:00", "2026-11-30T00:00", None),
            ],
        );
        let morning = level_1(
            Some(0),
            vec![
                span("2026-11-29T00:00", "2026-11-29T08:00", None),
                span("2026-11-29T08:00", "2026-11-29T12:00", Some("tomo")),
                span("2026-11-29T12:00", "2026-11-30T00:00", None),
            ],
        );
        let evening = level_1(
            Some(0),
            vec![
                span("2026-11-29T00:00", "2026-11-29T13:00", None),
                span("2026-11-29T13:00", "2026-11-30T00:00", Some("yusuf")),
            ],
        );
        let gaps = |lines: &[&CoverageLine]| {
            let lines = lines.iter().map(|line| (*line).clone()).collect();
            let team = TeamCoverage { team: "pay".into(), lines };
            let text = |at: DateTime<Utc>| at.format("%d %H:%M").to_string();
            team.gaps().into_iter().map(|(from, to)| (text(from), text(to))).collect::<Vec<_>>()
        };
        let expected = |from: &str, to: &str| vec![(from.to_owned(), to.to_owned())];
        assert_eq!(gaps(&[&night]), expected("29 08:00", "30 00:00"));
        assert_eq!(gaps(&[&night, &morning]), expected("29 12:00", "30 00:00"));
        // Two other people cover it together, except for an hour.
        assert_eq!(gaps(&[&night, &morning, &evening]), expected("29 12:00", "29 13:00"));
        // A schedule that the policy does not call covers nothing.
        let always =
            level_1(None, vec![span("2026-11-29T00:00", "2026-11-30T00:00", Some("ines"))]);
        assert_eq!(gaps(&[&always, &night]), expected("29 08:00", "30 00:00"));
        assert_eq!(gaps(&[&always]), []);
    }

    #[test]
    fn level_by_turns_is_marked() {
        let mut directory = directory();
        directory.policies[0].levels[1].round_robin = true;
        let team = team_coverage(&directory, "pay", at("2026-11-29T00:00"), at("2026-11-30T00:00"));
        let marks: Vec<(u8, bool)> =
            team.lines.iter().map(|line| (line.level, line.by_turns)).collect();
        assert_eq!(marks, [(1, false), (2, true)]);
    }

    #[test]
    fn shifts_follow_turns_and_overrides() {
        let (from, to) = (at("2026-11-27T00:00"), at("2026-12-11T00:00"));
        let teams = coverage(&directory(), from, to);
        assert_eq!(
            described(&teams[0].lines[0]),
            [
                "27 00:00 ines",
                "29 18:00 yusuf stands in",
                "29 22:00 ines",
                "30 09:00 tomo",
                "07 09:00 nobody"
            ]
        );
        let line = &teams[0].lines[0];
        assert_eq!(line.shifts.last().map(|shift| shift.to), Some(to));
        let handle = line.shifts.last().and_then(|shift| shift.unknown_handle.as_deref());
        assert_eq!(handle, Some("left"));
        let next = line.next(at("2026-11-29T22:30")).and_then(|shift| shift.person.clone());
        assert_eq!(next.map(|person| person.handle), Some("tomo".into()));
    }

    #[test]
    fn each_level_lists_whom_no_level_before_calls() {
        let (from, to) = (at("2026-11-27T00:00"), at("2026-11-28T00:00"));
        let teams = coverage(&directory(), from, to);
        let levels: Vec<u8> = teams[0].lines.iter().map(|line| line.level).collect();
        assert_eq!(levels, [1, 2]);
        assert_eq!(described(&teams[0].lines[1]), ["27 00:00 yusuf"]);
    }

    #[test]
    fn team_without_a_schedule_is_a_gap() {
        let (from, to) = (at("2026-11-27T00:00"), at("2026-11-28T00:00"));
        let teams = coverage(&directory(), from, to);
        assert_eq!(teams[1].gaps(), [(from, to)]);
        assert_eq!(teams[0].gaps(), []);
    }

    #[test]
    fn extreme_schedules_end() {
        let mut directory = directory();
        for (turn_s, starts_at) in [
            (i64::MAX, DateTime::<Utc>::MIN_UTC),
            (1, DateTime::<Utc>::MAX_UTC),
            (0, at("2026-11-27T00:00")),
        ] {
            directory.schedules[0].turn_s = turn_s;
            directory.schedules[0].starts_at = starts_at;
            let from = at("2026-11-27T00:00");
            let shifts =
                shifts(&directory, &directory.schedules[0], from, from + TimeDelta::days(35));
            assert!(!shifts.is_empty(), "{turn_s}");
        }
    }
}
