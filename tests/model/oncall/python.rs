//! Zones against Python's zoneinfo, which reads the same files.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::model::oncall::{Day, Hours, Layer, Member, Schedule, Turn, Zone};
use serde_json::{Value, json};

/// Runs a script with an input, and returns its output; `None` if there is no Python.
fn run_python(script: &str, input: &str) -> Option<String> {
    let python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = python else {
        let required = std::env::var_os("REDPHONE_REAL").is_some_and(|value| value == "1");
        assert!(!required, "python3 must be installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the script failed");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Prints the transitions of all zones: the local time at each and a second before.
const TRANSITIONS: &str = r"
import datetime, zoneinfo
utc = datetime.timezone.utc
step = datetime.timedelta(days=4)
first = datetime.datetime(2024, 1, 1, tzinfo=utc)
last = datetime.datetime(2037, 1, 1, tzinfo=utc)
for name in sorted(zoneinfo.available_timezones()):
    zone = zoneinfo.ZoneInfo(name)
    offset = lambda at: at.astimezone(zone).utcoffset()
    at = first
    print(name, int(at.timestamp()), int(offset(at).total_seconds()))
    while at < last:
        if offset(at) != offset(at + step):
            low, high = at, at + step
            while high - low > datetime.timedelta(seconds=1):
                middle = low + datetime.timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            for at2 in (low, high):
                print(name, int(at2.timestamp()), int(offset(at2).total_seconds()))
        at += step
";

#[test]
fn all_transitions_of_all_zones_equal_those_of_python() {
    let Some(output) = run_python(TRANSITIONS, "") else { return };
    let mut zones = 0;
    let mut current: Option<(String, Zone)> = None;
    for line in output.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, second, offset] = fields[..] else { panic!("{line}") };
        if current.as_ref().is_none_or(|(last, _)| last != name) {
            let zone = Zone::find(name).unwrap_or_else(|error| panic!("{name} {error}"));
            current = Some((name.to_owned(), zone));
            zones += 1;
        }
        let zone = &current.as_ref().unwrap().1;
        let at = DateTime::<Utc>::from_timestamp(second.parse().unwrap(), 0).unwrap();
        let shown = zone.shown_at(at) - at.naive_utc();
        assert_eq!(shown, TimeDelta::seconds(offset.parse().unwrap()), "{line}");
    }
    assert!(zones > 400, "{zones} zones");
}

/// Reads schedules and times, and prints who is on call, by its own arithmetic.
///
/// The relevant local time is the latest that the clock has shown. It is found with zoneinfo for
/// each quarter of an hour of the four hours before: no clock of these years is set back by more.
const ON_CALL: &str = r#"
import datetime, json, sys, zoneinfo
from datetime import datetime as dt, timedelta, timezone
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
def shown(zone, at):
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
def latest(zone, at):
    best = shown(zone, at)
    quarter = int(at.timestamp()) // 900 * 900
    for back in range(0, 16):
        end = dt.fromtimestamp(quarter - back * 900, timezone.utc) - timedelta(seconds=1)
        best = max(best, shown(zone, end))
    return best
def add_months(at, months):
    month = at.year * 12 + at.month - 1 + months
    year, month = divmod(month, 12)
    for day in range(at.day, 0, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            pass
def starts_of(layer, until):
    start, turn = dt.fromisoformat(layer["starts"]), layer["turn"]
    number = 0
    while start <= until:
        yield start
        number += 1
        if "seconds" in turn:
            start += timedelta(seconds=turn["seconds"])
        elif "months" in turn:
            start = add_months(dt.fromisoformat(layer["starts"]), number * turn["months"])
        else:
            start += timedelta(days=1)
            while DAYS[start.weekday()] not in turn["days"]:
                start += timedelta(days=1)
def is_member(member, at):
    since, until = member.get("from"), member.get("until")
    return (since is None or dt.fromisoformat(since) <= at) and (
        until is None or at < dt.fromisoformat(until))
def in_hours(hours, at):
    for back in range(0, 8):
        day = at.date() - timedelta(days=back)
        if hours.get("days") and DAYS[day.weekday()] not in hours["days"]:
            continue
        begin = dt.combine(day, datetime.time.fromisoformat(hours["from"]))
        end = dt.combine(day, datetime.time.fromisoformat(hours["to"]))
        if "to_day" in hours:
            while DAYS[end.weekday()] != hours["to_day"] or end <= begin:
                end += timedelta(days=1)
        elif end <= begin:
            end += timedelta(days=1)
        if begin <= at < end:
            return True
    return False
def of_layer(layer, at):
    if layer.get("ends") and at >= dt.fromisoformat(layer["ends"]):
        return None
    if layer.get("hours") and not any(in_hours(hours, at) for hours in layer["hours"]):
        return None
    people, pointer, begun = layer["people"], None, False
    for start in starts_of(layer, at):
        begun = True
        order = [(i + (0 if pointer is None else pointer + 1)) % len(people)
                 for i in range(len(people))]
        active = [i for i in order if is_member(people[i], start)]
        if active:
            pointer = active[0]
    if not begun:
        return None
    first = pointer or 0
    for i in range(len(people)):
        member = people[(first + i) % len(people)]
        if is_member(member, at):
            return member.get("person")
    return None
for line in sys.stdin:
    case = json.loads(line)
    zone = zoneinfo.ZoneInfo(case["schedule"]["zone"])
    answers = []
    for second in case["times"]:
        at = latest(zone, dt.fromtimestamp(second, timezone.utc))
        found = None
        for layer in reversed(case["schedule"]["layers"]):
            found = of_layer(layer, at)
            if found:
                break
        answers.append(found)
    print(json.dumps(answers))
"#;

const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Chatham",
    "America/Sao_Paulo",
    "Antarctica/Troll",
    "UTC",
];

fn random_local(random: &mut ChaCha8Rng) -> NaiveDateTime {
    let second = random.random_range(1_704_067_200..1_735_689_600_i64);
    DateTime::from_timestamp(second / 900 * 900, 0).unwrap().naive_utc()
}

fn random_days(random: &mut ChaCha8Rng) -> Vec<Day> {
    let mut days: Vec<Day> = Day::ALL.into_iter().filter(|_| random.random_bool(0.4)).collect();
    if days.is_empty() {
        days.push(Day::Wed);
    }
    days
}

fn random_hours(random: &mut ChaCha8Rng) -> Hours {
    let mut time = || {
        let minutes = random.random_range(0..24 * 4) * 15;
        chrono::NaiveTime::from_num_seconds_from_midnight_opt(minutes * 60, 0).unwrap()
    };
    let (from, to) = (time(), time());
    let days = if random.random_bool(0.3) { Vec::new() } else { random_days(random) };
    let to_day = random.random_bool(0.3).then(|| Day::ALL[random.random_range(0..7)]);
    Hours { days, from, to, to_day }
}

fn random_layer(random: &mut ChaCha8Rng) -> Layer {
    let member = |random: &mut ChaCha8Rng| Member {
        person: random.random_bool(0.85).then(|| format!("p{}", random.random_range(0..5))),
        from: random.random_bool(0.25).then(|| random_local(random)),
        until: random.random_bool(0.25).then(|| random_local(random)),
    };
    let turn = match random.random_range(0..5) {
        0 => Turn::Seconds(86_400 * random.random_range(1..15)),
        1 => Turn::Seconds(900 * random.random_range(16..200)),
        2 => Turn::Months(random.random_range(1..4)),
        3 => Turn::Seconds(7 * 86_400),
        _ => Turn::Days(random_days(random)),
    };
    let hours = random.random_range(0..3);
    Layer {
        name: None,
        people: (0..random.random_range(1..6)).map(|_| member(random)).collect(),
        starts: random_local(random),
        ends: random.random_bool(0.2).then(|| random_local(random) + TimeDelta::days(60)),
        turn,
        hours: (0..hours).map(|_| random_hours(random)).collect(),
    }
}

#[test]
fn random_schedules_equal_those_that_python_makes() {
    let count = std::env::var("REDPHONE_SCHEDULES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let mut random = ChaCha8Rng::seed_from_u64(20_261_129);
    let mut input = String::new();
    let mut cases: Vec<(Schedule, Vec<i64>)> = Vec::new();
    for index in 0..count {
        let zone = Zone::find(ZONES[index % ZONES.len()]).unwrap();
        let layers = (0..random.random_range(1..4)).map(|_| random_layer(&mut random)).collect();
        let schedule = Schedule::of_layers("pay", &zone, layers);
        let mut times: Vec<i64> =
            (0..12).map(|_| random.random_range(1_704_067_200..1_767_225_600_i64)).collect();
        // Changes that the schedule names, and the seconds before them.
        let mut at = DateTime::<Utc>::from_timestamp(times[0], 0).unwrap();
        for _ in 0..6 {
            let Some(next) = schedule.next_change(at) else { break };
            times.extend([next.timestamp() - 1, next.timestamp()]);
            at = next;
        }
        // The hours in which the clocks of most zones change.
        times.extend((0..16).map(|quarter| 1_711_843_200 + 900 * quarter + 1));
        times.extend((0..16).map(|quarter| 1_729_987_200 + 900 * quarter + 1));
        times.retain(|second| *second < 1_767_225_600);
        let case = json!({"schedule": schedule, "times": times});
        writeln!(input, "{case}").unwrap();
        cases.push((schedule, times));
    }
    let Some(output) = run_python(ON_CALL, &input) else { return };
    let mut lines = output.lines();
    for (schedule, times) in &cases {
        let expected: Vec<Value> = serde_json::from_str(lines.next().unwrap()).unwrap();
        for (second, expected) in times.iter().zip(&expected) {
            let at = DateTime::<Utc>::from_timestamp(*second, 0).unwrap();
            let case = json!({"schedule": schedule, "times": [second]});
            assert_eq!(schedule.on_call(at), expected.as_str(), "at {at}: {case}");
        }
    }
}

/// Nobody joins or leaves between two changes that the schedule reports.
#[test]
fn no_change_is_missed_between_those_that_are_named() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for index in 0..40 {
        let zone = Zone::find(ZONES[index % ZONES.len()]).unwrap();
        let layers = (0..random.random_range(1..4)).map(|_| random_layer(&mut random)).collect();
        let schedule = Schedule::of_layers("pay", &zone, layers);
        let start = DateTime::<Utc>::from_timestamp(1_711_670_400, 0).unwrap();
        let mut next = schedule.next_change(start);
        let mut person = schedule.on_call(start);
        for minute in 1..4 * 24 * 60 / 5 {
            let at = start + TimeDelta::minutes(5 * minute);
            while next.is_some_and(|change| change <= at) {
                person = schedule.on_call(next.unwrap());
                next = schedule.next_change(next.unwrap());
            }
            assert_eq!(schedule.on_call(at), person, "{at} {}", json!(schedule));
        }
    }
}
