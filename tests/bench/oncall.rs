//! The cost of computing who is on call in a year.

use std::time::Instant;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use redphone::model::PersonRef;
use redphone::model::coverage::coverage;
use redphone::model::directory::Directory;
use redphone::model::oncall::{Day, Layer, Member, Override, Schedule, Turn, Zone};

use super::report::{median, row};

/// The schedules, each with the zone that it follows.
const ZONES: [&str; 5] =
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"];
/// How often a year is computed.
const ROUNDS: usize = 21;
/// The longest that a year of one schedule may take, in milliseconds.
const TARGET_MS: f64 = 50.0;

pub fn run() {
    let directory = directory();
    let from = "2026-01-01T00:00:00Z".parse().expect("a time");
    let to = from + TimeDelta::days(365);
    let mut figures: Vec<f64> = Vec::with_capacity(ROUNDS);
    let mut shifts = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let teams = coverage(&directory, from, to);
        figures.push(begun.elapsed().as_secs_f64() * 1000.0);
        shifts = teams.iter().flat_map(|team| &team.lines).map(|line| line.shifts.len()).sum();
    }
    let count = u32::try_from(directory.schedules.len()).expect("a few");
    let each = median(&mut figures) / f64::from(count);
    let name = format!(
        "a year on call, one of {count} schedules, {} shifts",
        shifts / directory.schedules.len()
    );
    row(&name, &format!("{each:.2} ms"), "< 50 ms", each < TARGET_MS);
}

/// Returns a directory whose schedules have a weekly rotation, a daily one over it, one on the days
/// of the week, and some overrides.
fn directory() -> Directory {
    let starts = NaiveDate::from_ymd_opt(2024, 1, 1).and_then(|day| day.and_hms_opt(9, 0, 0));
    let starts = starts.expect("a day");
    let people: Vec<PersonRef> =
        (0..12).map(|n| PersonRef::new(format!("person-{n}"), format!("Person {n}"))).collect();
    let layer = |turn: Turn, first: usize| Layer {
        name: None,
        people: people.iter().cycle().skip(first).take(6).map(|p| Member::of(&*p.handle)).collect(),
        starts,
        ends: None,
        turn,
        hours: Vec::new(),
    };
    let schedule = |zone: &&str| {
        let zone = Zone::find(zone).expect("a zone of the system");
        let mut daily = layer(Turn::Seconds(86_400), 3);
        daily.people.push(Member::default());
        let weekdays = layer(Turn::Days(vec![Day::Mon, Day::Wed, Day::Fri]), 5);
        let layers = vec![layer(Turn::Seconds(604_800), 0), weekdays, daily];
        let mut schedule = Schedule::of_layers(zone.name(), &zone, layers);
        schedule.overrides = (0..50)
            .map(|week| {
                let from: DateTime<Utc> = "2026-01-03T12:00:00Z".parse().expect("a time");
                let from = from + TimeDelta::weeks(week);
                let (person, to) = (people[9].handle.clone(), from + TimeDelta::hours(6));
                Override { person, from, to, covers: None }
            })
            .collect();
        schedule
    };
    let schedules = ZONES.iter().map(schedule).collect();
    Directory { people, schedules, ..Directory::default() }
}
