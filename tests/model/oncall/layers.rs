//! Turns, hours, members and hand-over over changes of the clock.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use redphone::model::directory::Directory;
use redphone::model::oncall::{Day, Hours, Layer, Member, Override, Schedule, Turn, Zone};
use rstest::rstest;

pub fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap_or_else(|_| format!("{text}:00").parse().unwrap())
}

fn utc(text: &str) -> DateTime<Utc> {
    local(text).and_utc()
}

fn layer(people: &[&str], starts: &str, turn: Turn) -> Layer {
    let member = |handle: &&str| match *handle {
        "-" => Member::default(),
        handle => Member::of(handle),
    };
    Layer {
        name: None,
        people: people.iter().map(member).collect(),
        starts: local(starts),
        ends: None,
        turn,
        hours: Vec::new(),
    }
}

fn schedule(zone: &str, layers: Vec<Layer>) -> Schedule {
    Schedule::of_layers("pay", &Zone::find(zone).unwrap(), layers)
}

/// Returns who is on call from when on, in UTC, found by the changes that the schedule names.
fn shifts(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
    let (mut at, to) = (utc(from), utc(to));
    let mut shifts: Vec<(DateTime<Utc>, &str)> = Vec::new();
    while at < to {
        let person = schedule.on_call(at).unwrap_or("-");
        if shifts.last().is_none_or(|(_, last)| *last != person) {
            shifts.push((at, person));
        }
        let Some(next) = schedule.next_change(at) else { break };
        assert!(next > at, "{next} is not after {at}");
        at = next;
    }
    shifts.iter().map(|(at, who)| format!("{} {who}", at.format("%m-%d %H:%M"))).collect()
}

const WEEK: Turn = Turn::Seconds(7 * 86_400);
const DAY: Turn = Turn::Seconds(86_400);

#[test]
fn weekly_turns_change_at_the_local_time_in_summer_too() {
    let berlin = schedule("Europe/Berlin", vec![layer(&["a", "b"], "2026-03-16T09:00", WEEK)]);
    assert_eq!(
        shifts(&berlin, "2026-03-16T00:00", "2026-04-07T00:00"),
        // The clock is set forward on the 29th: nine o'clock is an hour earlier in UTC.
        ["03-16 00:00 -", "03-16 08:00 a", "03-23 08:00 b", "03-30 07:00 a", "04-06 07:00 b"]
    );
    assert_eq!(
        shifts(&berlin, "2026-10-19T08:00", "2026-11-03T00:00"),
        ["10-19 08:00 b", "10-26 08:00 a", "11-02 08:00 b"]
    );
}

#[rstest]
// 02:30 is skipped on 29 March, and comes twice on 25 October.
#[case::skipped("2026-03-28T00:00", "2026-03-31T00:00",
    &["03-28 00:00 a", "03-28 01:30 b", "03-29 01:00 a", "03-30 00:30 b"])]
#[case::twice("2026-10-24T00:00", "2026-10-27T00:00",
    &["10-24 00:00 a", "10-24 00:30 b", "10-25 00:30 a", "10-26 01:30 b"])]
fn turn_begins_when_the_clock_first_shows_its_time(
    #[case] from: &str,
    #[case] to: &str,
    #[case] expected: &[&str],
) {
    let daily = schedule("Europe/Berlin", vec![layer(&["b", "a"], "2026-01-01T02:30", DAY)]);
    let offset = shifts(&daily, from, to);
    assert_eq!(offset, expected);
}

#[test]
fn short_turns_in_a_repeated_hour_go_on_by_the_clock() {
    let turn = Turn::Seconds(30 * 60);
    let people = ["a", "b", "c", "d", "e", "f"];
    let hourly = schedule("Europe/Berlin", vec![layer(&people, "2026-10-25T00:00", turn)]);
    assert_eq!(
        shifts(&hourly, "2026-10-24T23:30", "2026-10-25T02:30"),
        // 01:30 to 03:30 in summer and winter: the repeated hour belongs to the last turn of the first.
        ["10-24 23:30 d", "10-25 00:00 e", "10-25 00:30 f", "10-25 02:00 a"]
    );
}

#[test]
fn months_end_on_their_last_day() {
    let monthly = layer(&["a", "b", "c"], "2026-01-31T09:00", Turn::Months(1));
    assert_eq!(
        shifts(&schedule("UTC", vec![monthly]), "2026-02-01T00:00", "2026-06-01T00:00"),
        ["02-01 00:00 a", "02-28 09:00 b", "03-31 09:00 c", "04-30 09:00 a", "05-31 09:00 b"]
    );
}

#[test]
fn turns_that_change_on_days_of_the_week() {
    let days = Turn::Days(vec![Day::Fri, Day::Mon]);
    let split = layer(&["a", "b", "c"], "2026-03-04T09:00", days);
    assert_eq!(
        shifts(&schedule("UTC", vec![split]), "2026-03-04T09:00", "2026-03-17T00:00"),
        ["03-04 09:00 a", "03-06 09:00 b", "03-09 09:00 c", "03-13 09:00 a", "03-16 09:00 b"]
    );
}

#[test]
fn later_layer_wins_in_its_hours() {
    let office = Layer {
        hours: vec!["mon-fri 09:00-17:00".parse().unwrap()],
        ..layer(&["day"], "2026-03-02T00:00", WEEK)
    };
    let base = layer(&["night"], "2026-03-02T00:00", WEEK);
    let both = schedule("America/New_York", vec![base, office]);
    assert_eq!(
        shifts(&both, "2026-03-06T12:00", "2026-03-10T00:00"),
        // Summer time begins on Sunday the 8th.
        [
            "03-06 12:00 night",
            "03-06 14:00 day",
            "03-06 22:00 night",
            "03-09 13:00 day",
            "03-09 21:00 night"
        ]
    );
}

#[test]
fn empty_slot_shows_the_layer_below_or_nobody() {
    let top = layer(&["a", "-"], "2026-03-02T00:00", DAY);
    let alone = schedule("UTC", vec![top.clone()]);
    assert_eq!(
        shifts(&alone, "2026-03-02T00:00", "2026-03-05T00:00"),
        ["03-02 00:00 a", "03-03 00:00 -", "03-04 00:00 a"]
    );
    let below = layer(&["below"], "2026-03-02T00:00", DAY);
    assert_eq!(
        shifts(&schedule("UTC", vec![below, top]), "2026-03-02T00:00", "2026-03-05T00:00"),
        ["03-02 00:00 a", "03-03 00:00 below", "03-04 00:00 a"]
    );
}

#[test]
fn who_joins_or_leaves_does_not_move_the_others() {
    let mut rotation = layer(&["a", "b", "c"], "2026-03-01T00:00", DAY);
    rotation.people[1].from = Some(local("2026-03-04T12:00"));
    rotation.people[0].until = Some(local("2026-03-10T12:00"));
    assert_eq!(
        shifts(&schedule("UTC", vec![rotation]), "2026-03-01T00:00", "2026-03-14T00:00"),
        [
            "03-01 00:00 a",
            "03-02 00:00 c",
            "03-03 00:00 a",
            "03-04 00:00 c",
            // From here on there are three: after c comes a, then b.
            "03-05 00:00 a",
            "03-06 00:00 b",
            "03-07 00:00 c",
            "03-08 00:00 a",
            "03-09 00:00 b",
            "03-10 00:00 c",
            // a has left by the time of their next turn.
            "03-11 00:00 b",
            "03-12 00:00 c",
            "03-13 00:00 b"
        ]
    );
}

#[test]
fn who_leaves_during_a_turn_is_followed_at_once() {
    let mut rotation = layer(&["a", "b", "c"], "2026-03-02T09:00", WEEK);
    rotation.people[0].until = Some(local("2026-03-04T18:00"));
    assert_eq!(
        shifts(&schedule("UTC", vec![rotation]), "2026-03-02T09:00", "2026-03-24T00:00"),
        ["03-02 09:00 a", "03-04 18:00 b", "03-16 09:00 c", "03-23 09:00 b"]
    );
}

#[test]
fn layer_has_nobody_before_its_start_and_from_its_end_on() {
    let limited =
        Layer { ends: Some(local("2026-03-03T00:00")), ..layer(&["a"], "2026-03-02T00:00", WEEK) };
    assert_eq!(
        shifts(&schedule("UTC", vec![limited]), "2026-03-01T00:00", "2026-03-05T00:00"),
        ["03-01 00:00 -", "03-02 00:00 a", "03-03 00:00 -"]
    );
}

#[test]
fn override_wins_against_all_layers() {
    let mut schedule = schedule("Asia/Tokyo", vec![layer(&["a"], "2026-03-01T00:00", WEEK)]);
    schedule.overrides.push(Override {
        person: "b".into(),
        from: utc("2026-03-05T10:00"),
        to: utc("2026-03-05T12:00"),
        covers: Some("a".into()),
    });
    assert_eq!(
        shifts(&schedule, "2026-03-05T00:00", "2026-03-06T00:00"),
        ["03-05 00:00 a", "03-05 10:00 b", "03-05 12:00 a"]
    );
    assert_eq!(schedule.people(), ["a", "b"]);
}

#[rstest]
#[case("mon-fri 09:00-17:00", "mon-fri 09:00-17:00")]
#[case("Monday,TUE 9:00-24:00", "mon,tue 09:00-24:00")]
#[case("22:00-06:00", "22:00-06:00")]
#[case("sat,sun", "sat,sun 00:00-24:00")]
#[case("sat-mon", "mon,sat,sun 00:00-24:00")]
#[case("fri 17:00-mon 09:00", "fri 17:00-mon 09:00")]
#[case("fri 17:00–mon 09:00", "fri 17:00-mon 09:00")]
#[case("sat 00:00-sun 24:00", "sat 00:00-mon 00:00")]
#[case("mon 00:00-sun 24:00", "mon 00:00-mon 00:00")]
#[case("sun 24:00-tue 06:00", "mon 00:00-tue 06:00")]
#[case("fri 24:00-06:00", "sat 00:00-06:00")]
fn hours_are_parsed_and_written_alike(#[case] text: &str, #[case] expected: &str) {
    let hours: Hours = text.parse().unwrap();
    assert_eq!(hours.to_string(), expected);
    let again: Hours = expected.parse().unwrap();
    assert_eq!(again.to_string(), expected);
    let json = serde_json::to_string(&hours).unwrap();
    assert_eq!(serde_json::from_str::<Hours>(&json).unwrap(), hours);
}

#[rstest]
#[case("")]
#[case("mo 09:00-17:00")]
#[case("mon 09:00")]
#[case("09:00-25:00")]
#[case("mon-fri 9-17")]
#[case("fri 17:00-09:00 mon")]
#[case("mon tue wed thu")]
#[case("mon,,tue")]
#[case("23:59:60-24:00")]
fn what_is_no_span_of_hours_is_refused(#[case] text: &str) {
    assert!(text.parse::<Hours>().is_err(), "{text:?}");
}

#[test]
fn hours_past_midnight_belong_to_the_day_of_their_start() {
    let nights = Layer {
        hours: vec!["fri 22:00-06:00".parse().unwrap()],
        ..layer(&["a"], "2026-03-01T00:00", WEEK)
    };
    assert_eq!(
        shifts(&schedule("UTC", vec![nights]), "2026-03-01T00:00", "2026-03-09T00:00"),
        ["03-01 00:00 -", "03-06 22:00 a", "03-07 06:00 -"]
    );
}

#[test]
fn schedule_without_layers_means_what_it_meant() {
    let json = r#"{"team": "pay", "rotation": ["a", "b"], "starts_at": "2026-03-02T09:00:00Z",
        "turn_s": 604800, "overrides": [{"person": "c", "from": "2026-03-04T00:00:00Z",
        "to": "2026-03-05T00:00:00Z"}]}"#;
    let schedule: Schedule = serde_json::from_str(json).unwrap();
    assert_eq!(
        shifts(&schedule, "2026-02-27T00:00", "2026-03-20T00:00"),
        [
            "02-27 00:00 b",
            "03-02 09:00 a",
            "03-04 00:00 c",
            "03-05 00:00 a",
            "03-09 09:00 b",
            "03-16 09:00 a"
        ]
    );
    let written: serde_json::Value = serde_json::to_value(&schedule).unwrap();
    let read: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(written, read, "a schedule without layers is written as before");
}

#[test]
fn older_program_reads_a_schedule_with_layers() {
    let berlin = schedule("Europe/Berlin", vec![layer(&["a", "-", "b"], "2026-03-16T09:00", WEEK)]);
    let json = serde_json::to_value(&berlin).unwrap();
    assert_eq!(json["rotation"], serde_json::json!(["a", "b"]));
    assert_eq!(json["starts_at"], "2026-03-16T08:00:00Z");
    assert_eq!(json["turn_s"], 604_800);
    assert_eq!(json["zone"], "Europe/Berlin");
    assert_eq!(serde_json::from_value::<Schedule>(json).unwrap(), berlin);
}

#[test]
fn fields_and_kinds_of_later_versions_are_carried() {
    let json = serde_json::json!({"schedules": [{
        "team": "pay", "rotation": ["a"], "starts_at": "2026-03-02T09:00:00Z", "turn_s": 1,
        "zone": "UTC",
        "layers": [{
            "people": [{"person": "a", "shadow": "b"}], "starts": "2026-03-02T09:00:00",
            "turn": {"lunar": 1}, "colour": "red",
        }],
    }]});
    let directory: Directory = serde_json::from_value(json.clone()).unwrap();
    let schedule = &directory.schedules[0];
    assert_eq!(schedule.on_call(utc("2026-03-02T08:59")), None);
    assert_eq!(schedule.on_call(utc("2031-03-02T09:00")), Some("a"));
    let written = serde_json::to_value(&directory).unwrap();
    assert_eq!(written["schedules"][0]["layers"], json["schedules"][0]["layers"]);
}

#[test]
fn unknown_zone_is_an_error_and_read_as_utc() {
    let mut schedule = schedule("UTC", vec![layer(&["a"], "2026-03-02T00:00", WEEK)]);
    assert_eq!(schedule.zone_error(), None);
    schedule.zone = Some("Mars/Olympus_Mons".into());
    assert!(schedule.zone_error().is_some());
    assert_eq!(schedule.on_call(utc("2026-03-02T00:00")), Some("a"));
    assert_eq!(schedule.on_call(utc("2026-03-01T23:59")), None);
}

#[test]
fn extreme_values_neither_panic_nor_loop() {
    let far = [NaiveDateTime::MIN, NaiveDateTime::MAX, local("1970-01-01T00:00")];
    let turns = [
        Turn::Seconds(i64::MAX),
        Turn::Seconds(i64::MIN),
        Turn::Seconds(1),
        Turn::Months(u32::MAX),
        Turn::Months(0),
        Turn::Days(Vec::new()),
        Turn::Days(Day::ALL.to_vec()),
    ];
    for turn in &turns {
        for starts in far {
            for from in far {
                let mut layer = layer(&["a", "b"], "2026-01-01T00:00", turn.clone());
                layer.starts = starts;
                layer.people[0].from = Some(from);
                layer.people[1].until = Some(from);
                let schedule = Schedule {
                    zone: Some("Europe/Berlin".into()),
                    ..self::schedule("UTC", vec![layer])
                };
                for at in
                    [DateTime::<Utc>::MIN_UTC, utc("2026-03-02T00:00"), DateTime::<Utc>::MAX_UTC]
                {
                    let _ = schedule.on_call(at);
                    let _ = schedule.next_change(at);
                }
            }
        }
    }
    assert_eq!(schedule("UTC", Vec::new()).on_call(utc("2026-03-02T00:00")), None);
}

#[test]
fn first_time_never_falls_and_clock_shows_it() {
    for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"] {
        let zone = Zone::find(name).unwrap();
        let mut last = DateTime::<Utc>::MIN_UTC;
        for minute in 0..366 * 24 * 4 {
            let shown = local("2026-01-01T00:00") + TimeDelta::minutes(15 * minute);
            let at = zone.first_time(shown);
            assert!(at >= last, "{name} {shown}");
            assert!(zone.shown_at(at) >= shown, "{name} {shown}");
            last = at;
        }
    }
}
