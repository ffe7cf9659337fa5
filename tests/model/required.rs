//! Levels of which everybody must acknowledge.

use redphone::model::directory::Directory;
use redphone::model::escalation::{NextCall, next_call};
use redphone::model::event::EventBody;
use redphone::model::notification::step::DueStep;
use redphone::model::{Actor, IncidentCommand, PersonRef, Rejection, Status};
use rstest::rstest;
use serde_json::json;

use crate::support::model::{Bench, at, ines, tariq};

/// A level that is called when it is due.
fn call(level: u8, minute: i64, to: &[PersonRef], all: bool) -> IncidentCommand {
    IncidentCommand::Escalate {
        level,
        to: to.to_vec(),
        reason: None,
        automatic: Some(DueStep {
            round: 1,
            due: at(minute),
            unattended_since: None,
            missed: Vec::new(),
        }),
        all_must_acknowledge: all,
    }
}

/// An incident of which ines and tariq must acknowledge.
fn called() -> Bench {
    let mut bench = Bench::new();
    bench.ask(0, call(1, 0, &[ines(), tariq()], true));
    bench
}

/// Acknowledges in the name of somebody and returns the kind of the event.
fn acknowledge(bench: &mut Bench, by: PersonRef, minute: i64) -> String {
    let events = bench.try_as(by, minute, IncidentCommand::Acknowledge).unwrap();
    for event in &events {
        bench.incident.apply_next(event).unwrap();
    }
    let kind = events[0].body.kind().to_owned();
    bench.events.extend(events);
    kind
}

fn required(bench: &Bench) -> Option<String> {
    bench
        .incident
        .summary
        .required
        .as_ref()
        .map(redphone::model::required::RequiredAcknowledgements::text)
}

#[test]
fn level_is_answered_once_everybody_has_acknowledged() {
    let mut bench = called();
    assert_eq!(required(&bench).as_deref(), Some("ines not yet, tariq not yet"));
    assert_eq!(acknowledge(&mut bench, ines(), 2), "acknowledged_in_part");
    assert_eq!(required(&bench).as_deref(), Some("ines yes, tariq not yet"));
    let row = &bench.incident.summary;
    assert_eq!((row.status, row.acknowledged_at), (Status::Triggered, None));
    assert_eq!(acknowledge(&mut bench, tariq(), 3), "acknowledged");
    let row = &bench.incident.summary;
    assert_eq!((row.status, row.acknowledged_at), (Status::Acknowledged, Some(at(3))));
    assert_eq!(required(&bench), None);
}

#[test]
fn same_person_acknowledges_once() {
    let mut bench = called();
    acknowledge(&mut bench, ines(), 2);
    let again = bench.try_as(ines(), 4, IncidentCommand::Acknowledge).unwrap_err();
    let by = Some(Actor::Person(ines()));
    assert_eq!(again, Rejection::AlreadyAcknowledged { by, at: at(2) });
}

#[rstest]
#[case::others_are_not_enough("omar", "acknowledged_in_part")]
#[case::later_level_needs_one("odile", "acknowledged")]
fn somebody_else_acknowledges(#[case] handle: &str, #[case] kind: &str) {
    let mut bench = called();
    bench.ask(5, call(2, 5, &[PersonRef::new("odile", "Odile")], false));
    assert_eq!(acknowledge(&mut bench, PersonRef::new(handle, handle), 6), kind);
}

#[test]
fn one_person_alone_is_everybody() {
    let mut bench = Bench::new();
    bench.ask(0, call(1, 0, &[ines()], true));
    assert_eq!(acknowledge(&mut bench, ines(), 2), "acknowledged");
}

#[test]
fn a_later_stage_ends_the_calls() {
    let mut bench = called();
    acknowledge(&mut bench, ines(), 2);
    bench.ask(3, IncidentCommand::MoveStatus { to: Status::Investigating });
    assert_eq!(required(&bench), None);
    assert_eq!(bench.incident.summary.acknowledged_at, Some(at(3)));
}

#[test]
fn others_go_on_being_called_and_nobody_twice() {
    let directory: Directory = serde_json::from_value(json!({
        "people": [
            {"handle": "ines", "name": "Ines Moreau"},
            {"handle": "tariq", "name": "Tariq Osei"},
        ],
        "policies": [{"team": "payments", "levels": [
            {"after_s": 0, "call": [{"person": "ines"}, {"person": "tariq"}],
             "all_must_acknowledge": true},
            {"after_s": 300, "call": [{"person": "ines"}, {"person": "tariq"}]},
        ]}],
    }))
    .unwrap();
    let mut bench = Bench::new();
    bench.incident.summary.team = Some("payments".into());
    let NextCall::Now(first) = next_call(&bench.incident.summary, &directory, at(0)) else {
        panic!("level 1 is due");
    };
    assert!(first.all_must_acknowledge);
    bench.ask(0, call(1, 0, &first.to, true));
    acknowledge(&mut bench, ines(), 2);
    let NextCall::Now(second) = next_call(&bench.incident.summary, &directory, at(5)) else {
        panic!("level 2 is due");
    };
    assert_eq!((second.level, second.to.as_slice()), (2, &[tariq()][..]));
    acknowledge(&mut bench, tariq(), 4);
    assert_eq!(next_call(&bench.incident.summary, &directory, at(9)), NextCall::Never);
}

#[test]
fn calls_of_earlier_versions_require_nothing() {
    let body: EventBody = serde_json::from_value(json!({
        "kind": "escalated", "level": 1, "to": [{"handle": "ines", "name": "Ines"}], "reason": null,
    }))
    .unwrap();
    let EventBody::Escalated { all_must_acknowledge, .. } = body else { panic!("{body:?}") };
    assert!(!all_must_acknowledge);
}
