use rstest::rstest;

use super::*;
use crate::model::alert::declaration;
use crate::model::directory::{Directory, Service};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
}

/// Every 5 min, with a minute of grace.
fn rule() -> HeartbeatRule {
    HeartbeatRule {
        name: "backup".into(),
        interval_s: 300,
        grace_s: 60,
        priority: Priority::P2,
        title: None,
        service: Some("billing".into()),
        team: None,
        runbook: None,
    }
}

fn received(seconds: i64) -> Heartbeat {
    Heartbeat { last_at: Some(at(seconds)), ..Heartbeat::new("backup", at(0)) }
}

#[rstest]
#[case::never_received(Heartbeat::new("backup", at(0)), -1000, Some(360))]
#[case::received(received(40), -1000, Some(400))]
#[case::program_has_just_started(received(40), 1000, Some(1360))]
#[case::silent_already(Heartbeat { silent_since: Some(at(360)), ..received(0) }, -1000, None)]
fn heartbeat_is_silent_after_interval_and_grace(
    #[case] heartbeat: Heartbeat,
    #[case] started: i64,
    #[case] expected: Option<i64>,
) {
    assert_eq!(rule().silent_at(&heartbeat, at(started), at(100)), expected.map(at));
}

#[test]
fn rare_heartbeat_does_not_wait_a_day_after_a_start() {
    let rule = HeartbeatRule { interval_s: 86_400, grace_s: 3600, ..rule() };
    let due = rule.silent_at(&received(0), at(90_000), at(90_001));
    assert_eq!(due, Some(at(90_000 + 600 + 3600)));
}

#[test]
fn sign_of_life_ends_the_silence() {
    let mut heartbeat = Heartbeat { silent_since: Some(at(400)), ..received(40) };
    heartbeat.beat(at(500));
    assert_eq!((heartbeat.last_at, heartbeat.silent_since), (Some(at(500)), None));
    heartbeat.beat(at(450));
    assert_eq!(heartbeat.last_at, Some(at(500)), "a late one is no later one");
}

#[test]
fn clock_that_was_set_back_does_not_hide_a_silence() {
    let mut heartbeat =
        Heartbeat { last_at: Some(at(90_000)), ..Heartbeat::new("backup", at(80_000)) };
    heartbeat.beat(at(500));
    assert_eq!(heartbeat.last_or_since(), at(500));
    assert_eq!(rule().silent_at(&heartbeat, at(-1000), at(500)), Some(at(860)));
}

/// Nothing was received since, so that nothing tells the store that the last sign of life lies ahead.
#[rstest]
#[case::it_lies_two_days_ahead(172_800, Some(500 + 360))]
#[case::it_is_a_little_ahead(1000, Some(1000 + 360))]
fn silence_after_the_clock_was_set_back_is_noticed(
    #[case] last: i64,
    #[case] expected: Option<i64>,
) {
    let due = rule().silent_at(&received(last), at(500), at(520));
    assert_eq!(due, expected.map(at));
}

#[test]
fn silence_declares_an_incident_of_the_settings() {
    let group = rule().silence(&received(40), at(400), &Matrix::default());
    let billing = Service {
        name: "billing".into(),
        team: "payments".into(),
        depends_on: Vec::new(),
        runbook: Some("restore".into()),
        objective: None,
        public_name: None,
    };
    let directory = Directory { services: vec![billing], ..Directory::default() };
    let declared = declaration(&group, &[0], &directory, at(400));
    assert_eq!(declared.title, "No heartbeat of backup");
    assert_eq!(declared.services, ["billing"]);
    assert_eq!(
        (declared.team.as_deref(), declared.runbook.as_deref()),
        (Some("payments"), Some("restore"))
    );
    assert_eq!(Matrix::default().priority(declared.impact, declared.urgency), Priority::P2);
    assert_eq!(declared.dedup_key.as_deref(), Some("heartbeat:backup"));
    let expected = "The heartbeat backup is expected every 5m, and may be 1m late. It was last received \
                    at 2030-03-17 17:47:20 UTC.";
    assert_eq!(declared.symptoms, expected);
}

#[test]
fn own_title_and_team_are_used() {
    let rule = HeartbeatRule {
        title: Some("The backup is late".into()),
        team: Some("storage".into()),
        ..rule()
    };
    let group = rule.silence(&received(40), at(400), &Matrix::default());
    let declared = declaration(&group, &[0], &Directory::default(), at(400));
    assert_eq!(declared.title, "The backup is late");
    assert_eq!(declared.team.as_deref(), Some("storage"));
}

#[rstest]
fn priority_of_the_settings_fits_every_matrix(
    #[values(Priority::P1, Priority::P2, Priority::P3, Priority::P4)] priority: Priority,
) {
    use Priority::{P1, P2, P3, P4};
    let unusual = Matrix([[P4, P3, P2], [P4, P1, P2], [P4, P4, P4]]);
    for matrix in [Matrix::default(), unusual] {
        let (impact, urgency) = levels_of(priority, &matrix);
        assert_eq!(matrix.priority(impact, urgency), priority);
    }
}

#[test]
fn ending_alert_is_that_of_the_silence() {
    let silence = rule().silence(&received(40), at(400), &Matrix::default());
    let ending = received(40).ending(at(500));
    assert_eq!(
        (silence.key.as_str(), silence.alerts[0].key.as_str()),
        ("heartbeat:backup", "backup")
    );
    assert_eq!((&silence.key, &silence.alerts[0].key), (&ending.key, &ending.alerts[0].key));
    assert!(silence.alerts[0].is_firing && !ending.alerts[0].is_firing && ending.may_end());
}

#[test]
fn list_has_the_intervals_of_the_settings() {
    let stored = vec![received(40), Heartbeat::new("old", at(0))];
    let rules = [HeartbeatRule { name: "new".into(), ..rule() }, rule()];
    let described = describe_all(stored, &rules, at(9));
    let lines: Vec<_> = described
        .iter()
        .map(|one| (one.name.as_str(), one.interval_s, one.due_at().map(|due| due - at(0))))
        .collect();
    let seconds = |seconds| Some(TimeDelta::seconds(seconds));
    let expected = [
        ("backup", Some(300), seconds(400)),
        ("new", Some(300), seconds(369)),
        ("old", None, None),
    ];
    assert_eq!(lines, expected);
}
