use chrono::TimeDelta;
use redphone::model::change::{Change, ChangeKind, ChangeState, Suspect, find_suspects};
use redphone::model::directory::{Directory, Service, Team};
use redphone::model::escalation::{Policy, PolicyLevel, Target, due, path};
use redphone::model::oncall::{Override, Schedule};
use redphone::model::{Actor, ChangeId, IncidentCommand, PersonRef, Rules};
use rstest::rstest;

use crate::support::model::{Bench, at, ines, tariq};

fn schedule() -> Schedule {
    Schedule {
        team: "payments".into(),
        rotation: vec!["ines".into(), "tariq".into()],
        starts_at: at(0),
        turn_s: 3600,
        overrides: vec![Override {
            person: "mei".into(),
            from: at(130),
            to: at(140),
            covers: None,
        }],
        ..Schedule::default()
    }
}

#[rstest]
#[case(0, "ines")]
#[case(59, "ines")]
#[case(60, "tariq")]
#[case(120, "ines")]
#[case(130, "mei")]
#[case(139, "mei")]
#[case(140, "ines")]
#[case(-1, "tariq")]
#[case(-61, "ines")]
fn on_call_shifts_rotate_and_an_override_replaces_them(#[case] minute: i64, #[case] handle: &str) {
    assert_eq!(schedule().on_call(at(minute)), Some(handle));
}

#[test]
fn shift_ends_where_the_next_begins() {
    assert_eq!(schedule().turn_ends_at(at(61)), at(120));
    assert_eq!(schedule().turn_ends_at(at(-1)), at(0));
    let empty = Schedule { rotation: vec![], turn_s: 0, ..schedule() };
    assert_eq!(empty.on_call(at(0)), None);
}

fn directory() -> Directory {
    let service = |name: &str, needs: &[&str]| Service {
        name: name.into(),
        team: "payments".into(),
        depends_on: needs.iter().map(|s| (*s).to_owned()).collect(),
        runbook: None,
        objective: None,
        public_name: None,
    };
    Directory {
        people: vec![ines(), tariq(), PersonRef::new("mei", "Mei Castellan")],
        teams: vec![Team { name: "payments".into(), members: vec!["ines".into(), "tariq".into()] }],
        services: vec![
            service("checkout", &["payments-gateway"]),
            service("payments-gateway", &["ledger"]),
            service("ledger", &["checkout"]),
            service("search", &[]),
        ],
        policies: vec![Policy {
            team: "payments".into(),
            levels: vec![
                PolicyLevel {
                    after_s: 0,
                    call: vec![Target::OnCall("payments".into())],
                    ..PolicyLevel::default()
                },
                PolicyLevel {
                    after_s: 600,
                    call: vec![Target::Person("mei".into()), Target::Person("nobody".into())],
                    ..PolicyLevel::default()
                },
            ],
            ..Policy::default()
        }],
        schedules: vec![schedule()],
        ..Directory::default()
    }
}

#[test]
fn an_escalation_shows_its_path_level_by_level() {
    let mut bench = Bench::new();
    let directory = directory();
    let steps = path(&bench.incident.summary, &directory);
    let reached: Vec<(u8, &str, bool)> = steps
        .iter()
        .map(|s| (s.level, s.reached[0].person().unwrap().name.as_str(), s.is_called))
        .collect();
    assert_eq!(reached, [(1, "Ines Moreau", false), (2, "Mei Castellan", false)]);
    assert_eq!(due(&bench.incident.summary, &directory, at(1)).map(|s| s.level), Some(1));
    bench.ask(
        1,
        IncidentCommand::Escalate {
            level: 1,
            to: vec![ines()],
            reason: None,
            automatic: None,
            all_must_acknowledge: false,
        },
    );
    assert_eq!(due(&bench.incident.summary, &directory, at(2)), None);
    assert_eq!(due(&bench.incident.summary, &directory, at(10)).map(|s| s.level), Some(2));
    bench.ask(11, IncidentCommand::Acknowledge);
    assert_eq!(due(&bench.incident.summary, &directory, at(60)), None);
}

#[test]
fn people_are_found_by_handle_and_by_name() {
    let directory = directory();
    for who in ["ines", "@INES", "ines moreau"] {
        assert_eq!(directory.person(who), Some(&ines()), "{who}");
    }
    assert_eq!(directory.person("nobody"), None);
}

#[test]
fn suspected_changes_are_possible_causes_nearest_first() {
    let change = |title: &str, service: &str, start: i64, end: Option<i64>| Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec![service.into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: at(start),
        ends_at: end.map(at),
        state: if end.is_some() { ChangeState::Done } else { ChangeState::Running },
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let mut planned = change("planned", "checkout", -10, None);
    planned.state = ChangeState::Planned;
    let changes = [
        change("two hours", "checkout", -130, Some(-120)),
        change("too early", "checkout", -200, Some(-121)),
        change("near", "ledger", -20, Some(-6)),
        change("running", "payments-gateway", -300, None),
        change("elsewhere", "search", -20, Some(-6)),
        change("after", "checkout", 1, None),
        planned,
    ];
    let services = ["checkout".to_owned()];
    let found = find_suspects(&services, at(0), &changes, &directory(), &Rules::default());
    let titles: Vec<(&str, i64, bool)> =
        found.iter().map(|s| (s.change.title.as_str(), s.before_s / 60, s.direct)).collect();
    assert_eq!(titles, [("two hours", 120, true), ("running", 0, false), ("near", 6, false)]);
    let distances: Vec<Option<String>> = found.iter().map(Suspect::distance).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(distances, [None, text("a dependency"), text("a dependency 2 steps away")]);
    assert_eq!(Rules::default().suspect_s, TimeDelta::hours(2).num_seconds());
}

#[test]
fn suspected_changes_are_near_and_end_after_a_day() {
    let service = |name: &str, below: &str| Service {
        name: name.into(),
        team: "payments".into(),
        depends_on: vec![below.into()],
        runbook: None,
        objective: None,
        public_name: None,
    };
    let names = ["a", "b", "c", "d", "e", "f"];
    let services = names.windows(2).map(|pair| service(pair[0], pair[1])).collect();
    let directory = Directory { services, ..Directory::default() };
    let change = |service: &str, start: i64| Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: service.into(),
        services: vec![service.into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: at(start),
        ends_at: None,
        state: ChangeState::Running,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let day = 24 * 60;
    let changes = [
        change("d", -5),
        change("e", -5),
        change("f", -5),
        change("b", -day - 60),
        change("a", -day - 119),
        change("c", -day - 121),
    ];
    let own = ["a".to_owned()];
    let found = find_suspects(&own, at(0), &changes, &directory, &Rules::default());
    let lines: Vec<(&str, i64, Option<String>)> =
        found.iter().map(|s| (s.change.title.as_str(), s.before_s / 60, s.distance())).collect();
    let assumed = "no end reported, assumed after a day";
    assert_eq!(
        lines,
        [
            ("a", 119, Some(assumed.into())),
            ("b", 60, Some(format!("a dependency, {assumed}"))),
            ("d", 0, Some("a dependency 3 steps away".into())),
        ]
    );
}
