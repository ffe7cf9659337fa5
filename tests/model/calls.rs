//! Levels of an escalation policy that programs call by themselves.

use redphone::model::notification::step::{DueStep, MissedLevel};
use redphone::model::{EventBody, Impact, IncidentCommand, Priority, Rejection, Status, Urgency};
use rstest::rstest;

use crate::support::model::{Bench, at, ines};

/// A call of a level, by a program where it has found a step due.
fn call(level: u8, automatic: Option<DueStep>) -> IncidentCommand {
    IncidentCommand::Escalate {
        level,
        to: vec![ines()],
        reason: None,
        automatic,
        all_must_acknowledge: false,
    }
}

#[test]
fn automatic_escalation_yields_to_an_acknowledgement() {
    let mut bench = Bench::new();
    let automatic = call(1, None);
    bench.ask(1, automatic.clone());
    assert_eq!(bench.refusal(2, automatic), Rejection::LevelAlreadyCalled { level: 1 });
    bench.ask(3, IncidentCommand::Acknowledge);
    assert_eq!(bench.refusal(4, call(2, None)), Rejection::AcknowledgedMeanwhile);
}

/// Escalation, its round, and the minute from which the policy's times are counted.
fn escalation(bench: &Bench) -> (u8, u16, Option<i64>) {
    let row = &bench.incident.summary;
    let from = row.escalation_from.map(|from| (from - at(0)).num_minutes());
    (row.escalation, row.escalation_round, from)
}

#[test]
fn policy_begins_again_when_the_priority_is_raised() {
    let level = |impact, urgency| IncidentCommand::Prioritize { impact, urgency };
    let mut bench = Bench::new();
    bench.ask(1, level(Impact::Low, Urgency::Low));
    bench.ask(5, due_step(2, 1, 5));
    assert_eq!(escalation(&bench), (2, 0, None));
    bench.ask(6, level(Impact::High, Urgency::Low));
    assert_eq!(escalation(&bench), (0, 0, Some(6)));
    // A program that has not seen it yet still considers the next level of the earlier policy due.
    assert_eq!(bench.refusal(7, due_step(3, 1, 5)), Rejection::LevelNotDue { level: 3 });
    bench.ask(7, due_step(1, 1, 6));
    assert_eq!(escalation(&bench), (1, 0, Some(6)));
    let reason = "fewer than feared".to_owned();
    bench.ask(8, IncidentCommand::OverridePriority { priority: Priority::P4, reason });
    assert_eq!(escalation(&bench), (1, 0, Some(6)));
    bench.ask(9, IncidentCommand::Acknowledge);
    bench.ask(10, level(Impact::High, Urgency::High));
    assert_eq!(escalation(&bench), (1, 0, Some(6)));
}

fn of_team(team: &str) -> IncidentCommand {
    IncidentCommand::SetTeam { team: Some(team.into()) }
}

#[test]
fn policy_of_another_team_begins_again() {
    let mut bench = Bench::new();
    bench.ask(1, due_step(2, 1, 0));
    bench.ask(5, of_team("search"));
    assert_eq!(escalation(&bench), (0, 0, Some(5)));
    // A program that has not seen it yet still finds a level of the other team due.
    assert_eq!(bench.refusal(6, due_step(3, 1, 4)), Rejection::LevelNotDue { level: 3 });
    bench.ask(6, due_step(1, 1, 5));
    bench.ask(7, IncidentCommand::Acknowledge);
    bench.ask(8, of_team("payments"));
    assert_eq!(escalation(&bench), (1, 0, Some(5)));
}

/// A step of the policy as a program requests it that finds it due.
fn due_step(level: u8, round: u16, minute: i64) -> IncidentCommand {
    call(
        level,
        Some(DueStep { round, due: at(minute), unattended_since: None, missed: Vec::new() }),
    )
}

/// Step 2 of round 1, due in minute 10, with the level, round and minute of one that was missed.
fn with_missed((level, round, minute): (u8, u16, i64)) -> IncidentCommand {
    let missed = vec![MissedLevel { level, round, due: at(minute), late_s: 0 }];
    call(2, Some(DueStep { round: 1, due: at(10), unattended_since: None, missed }))
}

#[test]
fn missed_level_is_recorded_with_its_own_delay() {
    let mut bench = Bench::new();
    bench.ask(12, with_missed((1, 1, 0)));
    let event = bench.events.last().expect("an event").clone();
    let EventBody::Escalated { automatic: Some(step), .. } = &event.body else {
        panic!("{event:?}")
    };
    assert_eq!((step.late_s, step.missed.len()), (120, 1));
    assert_eq!((step.missed[0].due, step.missed[0].late_s), (at(0), 720));
    assert_eq!(escalation(&bench), (2, 0, None));
}

#[rstest]
#[case::itself((2, 1, 5))]
#[case::later((3, 1, 5))]
#[case::of_the_next_round((1, 2, 5))]
#[case::due_after_it((1, 1, 11))]
#[case::no_level((0, 1, 5))]
fn level_that_was_not_missed_is_refused(#[case] missed: (u8, u16, i64)) {
    let bench = Bench::new();
    let refused = Rejection::LevelNotDue { level: missed.0 };
    assert_eq!(bench.refusal(12, with_missed(missed)), refused);
}

#[test]
fn level_that_was_called_is_not_missed() {
    let mut bench = Bench::new();
    bench.ask(5, due_step(1, 1, 5));
    assert_eq!(bench.refusal(12, with_missed((1, 1, 5))), Rejection::LevelNotDue { level: 1 });
}

#[test]
fn step_of_a_policy_is_carried_out_when_it_is_due_and_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.refusal(4, due_step(1, 1, 5)), Rejection::LevelNotDue { level: 1 });
    bench.ask(5, due_step(1, 1, 5));
    assert_eq!(bench.refusal(6, due_step(1, 1, 5)), Rejection::LevelAlreadyCalled { level: 1 });
    bench.ask(20, due_step(2, 1, 10));
    assert_eq!(
        (bench.incident.summary.escalation, bench.incident.summary.escalation_round),
        (2, 0)
    );
    // The next round begins again with the first level.
    bench.ask(30, due_step(1, 2, 30));
    assert_eq!(
        (bench.incident.summary.escalation, bench.incident.summary.escalation_round),
        (1, 2)
    );
    assert_eq!(bench.refusal(31, due_step(2, 1, 10)), Rejection::LevelAlreadyCalled { level: 2 });
    let details: Vec<String> = bench.events[1..].iter().map(|event| event.body.detail()).collect();
    let expected = [
        "level 1 to Ines Moreau",
        "level 2 to Ines Moreau, 10m late",
        "level 1 to Ines Moreau, round 2",
    ];
    assert_eq!(details, expected);
}

#[rstest]
#[case::acknowledged(IncidentCommand::Acknowledge, Rejection::AcknowledgedMeanwhile)]
#[case::worked_on(IncidentCommand::MoveStatus { to: Status::Investigating }, Rejection::AcknowledgedMeanwhile)]
#[case::paused(IncidentCommand::Pause { reason: "vendor".into() }, Rejection::EscalationOnHold)]
#[case::snoozed(IncidentCommand::Snooze { until: at(60) }, Rejection::EscalationOnHold)]
fn nobody_is_called_by_itself(#[case] before: IncidentCommand, #[case] expected: Rejection) {
    let mut bench = Bench::new();
    bench.ask(1, before);
    assert_eq!(bench.refusal(6, due_step(1, 1, 5)), expected);
}

/// The request of a program when nobody has done anything since a minute, and the time is up.
fn expired(since: i64, due: i64) -> IncidentCommand {
    call(
        1,
        Some(DueStep {
            round: 1,
            due: at(due),
            unattended_since: Some(at(since)),
            missed: Vec::new(),
        }),
    )
}

#[test]
fn acknowledgement_expires_and_escalation_begins_again() {
    let mut bench = Bench::new();
    bench.ask(5, due_step(1, 1, 5));
    bench.ask(8, due_step(2, 1, 8));
    bench.ask(10, IncidentCommand::Acknowledge);
    assert_eq!(bench.refusal(30, expired(10, 40)), Rejection::LevelNotDue { level: 1 });
    bench.ask(40, expired(10, 40));
    let row = &bench.incident.summary;
    assert_eq!((row.status, row.acknowledged_at), (Status::Triggered, None));
    assert_eq!((row.escalation, row.escalation_from), (1, Some(at(40))));
    let event = bench.events.last().unwrap();
    assert_eq!(event.body.label(), "Expired");
    let expected = "level 1 to Ines Moreau, as the acknowledgement expired after 30m without a sign of \
                    work";
    assert_eq!(event.body.detail(), expected);
    assert_eq!(bench.refusal(41, expired(10, 40)), Rejection::AcknowledgedMeanwhile);
    // The levels are called again, and somebody may acknowledge it again.
    bench.ask(50, due_step(2, 1, 50));
    bench.ask(51, IncidentCommand::Acknowledge);
    assert_eq!(bench.incident.summary.acknowledged_at, Some(at(51)));
}

#[rstest]
#[case::a_note(IncidentCommand::AddNote { text: "rolling back".into() }, Rejection::AcknowledgedMeanwhile)]
#[case::worked_on(IncidentCommand::MoveStatus { to: Status::Investigating }, Rejection::AcknowledgedMeanwhile)]
#[case::snoozed(IncidentCommand::Snooze { until: at(60) }, Rejection::EscalationOnHold)]
fn acknowledgement_does_not_expire_while_somebody_works(
    #[case] work: IncidentCommand,
    #[case] expected: Rejection,
) {
    let mut bench = Bench::new();
    bench.ask(10, IncidentCommand::Acknowledge);
    bench.ask(20, work);
    assert_eq!(bench.refusal(41, expired(10, 40)), expected);
}
