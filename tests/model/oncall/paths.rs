//! Paths of incidents through policies.

use chrono::TimeDelta;
use redphone::model::directory::{Directory, Service, Team};
use redphone::model::escalation::{
    NobodyReason, Policy, PolicyLevel, Reached, Repeat, Step, Target, due, next, path, policy_of,
};
use redphone::model::oncall::Schedule;
use redphone::model::{IncidentNumber, PersonRef, Priority, Summary};
use rstest::rstest;

use crate::support::model::{Bench, at};

fn level(after_s: i64, call: &[Target]) -> PolicyLevel {
    PolicyLevel { after_s, call: call.to_vec(), ..PolicyLevel::default() }
}

fn person(handle: &str) -> Target {
    Target::Person(handle.into())
}

fn directory(policies: Vec<Policy>) -> Directory {
    let team = |name: &str, members: &[&str]| Team {
        name: name.into(),
        members: members.iter().map(ToString::to_string).collect(),
    };
    let schedule = |team: &str, name: Option<&str>, handle: &str| Schedule {
        team: team.into(),
        name: name.map(str::to_owned),
        rotation: vec![handle.into()],
        starts_at: at(0),
        turn_s: 3600,
        ..Schedule::default()
    };
    Directory {
        people: ["a", "b", "c", "d"].map(|name| PersonRef::new(name, name)).to_vec(),
        teams: vec![team("pay", &["a", "b", "c"]), team("empty", &[])],
        services: vec![Service {
            name: "checkout".into(),
            team: "pay".into(),
            depends_on: Vec::new(),
            runbook: None,
            objective: None,
            public_name: None,
        }],
        policies,
        schedules: vec![
            schedule("pay", Some("nights"), "d"),
            schedule("pay", None, "b"),
            schedule("gone", None, "left"),
            Schedule { rotation: Vec::new(), ..schedule("none", None, "") },
        ],
        ..Directory::default()
    }
}

fn policy(levels: Vec<PolicyLevel>) -> Policy {
    Policy { team: "pay".into(), levels, ..Policy::default() }
}

fn incident() -> Summary {
    let mut row = Bench::new().incident.summary;
    row.team = Some("pay".into());
    row.services = vec!["checkout".into()];
    row.priority = Priority::P2;
    row.escalation = 0;
    row
}

fn handles(step: &Step) -> Vec<String> {
    step.people().into_iter().map(|person| person.handle).collect()
}

#[rstest]
#[case(person("a"), "a")]
#[case(Target::OnCall("pay".into()), "b")]
#[case(Target::Schedule("nights".into()), "d")]
#[case(Target::Schedule("pay".into()), "b")]
#[case(Target::Team("pay".into()), "a b c")]
fn each_kind_of_target_reaches_people(#[case] target: Target, #[case] expected: &str) {
    let directory = directory(vec![policy(vec![level(0, &[target])])]);
    assert_eq!(handles(&path(&incident(), &directory)[0]).join(" "), expected);
}

#[rstest]
#[case(person("x"), NobodyReason::UnknownPerson("x".into()))]
#[case(Target::OnCall("data".into()), NobodyReason::NoSchedule("data".into()))]
#[case(Target::OnCall("none".into()), NobodyReason::EmptySlot("none".into()))]
#[case(Target::OnCall("gone".into()), NobodyReason::UnknownPerson("left".into()))]
#[case(Target::Schedule("days".into()), NobodyReason::UnknownSchedule("days".into()))]
#[case(Target::Team("data".into()), NobodyReason::UnknownTeam("data".into()))]
#[case(Target::Team("empty".into()), NobodyReason::NoMembers("empty".into()))]
fn target_that_reaches_nobody_says_why(#[case] target: Target, #[case] expected: NobodyReason) {
    let directory = directory(vec![policy(vec![level(0, &[target.clone(), person("a")])])]);
    let step = path(&incident(), &directory).remove(0);
    assert_eq!(step.reached[0], Reached::Nobody { target, reason: expected });
    assert_eq!(handles(&step), ["a"]);
}

/// Services, priority and team of an incident, and the policy that it follows.
type Case<'a> = (&'a [&'a str], Priority, Option<&'a str>, Option<&'a str>);

#[test]
fn policies_for_services_and_priorities_win() {
    let named = |name: &str, services: &[&str], priorities: &[Priority]| Policy {
        name: Some(name.into()),
        services: services.iter().map(ToString::to_string).collect(),
        priorities: priorities.to_vec(),
        ..policy(vec![level(0, &[person("a")])])
    };
    let directory = directory(vec![
        named("team", &[], &[]),
        named("team p1", &[], &[Priority::P1]),
        named("search", &["search"], &[]),
        Policy { team: "platform".into(), ..named("checkout", &["checkout"], &[]) },
        named("checkout p1", &["checkout"], &[Priority::P1]),
    ]);
    let chosen = |services: &[&str], priority, team: Option<&str>| {
        let mut row = incident();
        row.services = services.iter().map(ToString::to_string).collect();
        row.priority = priority;
        row.team = team.map(str::to_owned);
        policy_of(&row, &directory).map(Policy::key).map(str::to_owned)
    };
    let cases: [Case<'_>; 7] = [
        (&["other"], Priority::P2, Some("pay"), Some("team")),
        (&["other"], Priority::P1, Some("pay"), Some("team p1")),
        (&["checkout"], Priority::P2, Some("pay"), Some("checkout")),
        (&["other", "checkout"], Priority::P1, Some("pay"), Some("checkout p1")),
        (&["checkout"], Priority::P2, None, Some("checkout")),
        (&["other"], Priority::P2, None, None),
        (&["other"], Priority::P2, Some("data"), None),
    ];
    for (services, priority, team, expected) in cases {
        let found = chosen(services, priority, team);
        assert_eq!(found.as_deref(), expected, "{services:?} {priority} {team:?}");
    }
    assert_eq!(directory.policy("pay").map(Policy::key), Some("team"));
}

#[test]
fn rounds_follow_each_other_and_the_end_comes_once() {
    let mut policy = policy(vec![level(0, &[person("a")]), level(300, &[person("b")])]);
    policy.repeat = Some(Repeat { times: 2, every_s: 900 });
    policy.at_end = Some(level(1200, &[person("d")]));
    let directory = directory(vec![policy]);
    let mut row = incident();
    let steps: Vec<(u16, u8, i64, bool)> = path(&row, &directory)
        .iter()
        .map(|step| {
            (step.round, step.level, (step.due - row.reported_at).num_seconds(), step.is_end)
        })
        .collect();
    assert_eq!(
        steps,
        [
            (1, 1, 0, false),
            (1, 2, 300, false),
            (2, 1, 900, false),
            (2, 2, 1200, false),
            (3, 1, 1800, false),
            (3, 2, 2100, false),
            (3, 3, 3000, true),
        ]
    );
    (row.escalation, row.escalation_round) = (1, 2);
    let step = next(&row, &directory).unwrap();
    assert_eq!((step.round, step.level), (2, 2));
    let later = row.reported_at + TimeDelta::seconds(1900);
    assert_eq!(due(&row, &directory, later).map(|step| (step.round, step.level)), Some((3, 1)));
    (row.escalation, row.escalation_round) = (3, 3);
    assert_eq!(next(&row, &directory), None);
}

#[test]
fn round_robin_reaches_one_after_another() {
    let mut shared = level(0, &[Target::Team("pay".into()), person("x")]);
    shared.round_robin = true;
    let mut policy = policy(vec![shared]);
    policy.repeat = Some(Repeat { times: 1, every_s: 60 });
    let directory = directory(vec![policy]);
    let reached: Vec<String> = (40..45)
        .map(|number| {
            let mut row = incident();
            row.number = Some(IncidentNumber(number));
            let steps = path(&row, &directory);
            format!("{}{}", handles(&steps[0]).join(" "), handles(&steps[1]).join(" "))
        })
        .collect();
    // The last of the four reaches nobody: the next person is called instead.
    assert_eq!(reached, ["ab", "bc", "ca", "aa", "ab"]);
}

#[test]
fn policy_of_today_is_written_as_before() {
    let json = serde_json::json!({
        "team": "pay",
        "levels": [{"after_s": 0, "call": [{"on_call": "pay"}, {"person": "a"}]}],
    });
    let policy: Policy = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&policy).unwrap(), json);
}
