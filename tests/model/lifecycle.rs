use chrono::TimeDelta;
use redphone::model::checklist::{Answer, ClosingItem, Item, open_closing_items};
use redphone::model::event::EventBody;
use redphone::model::incident::TimelineError;
use redphone::model::priority::Level::{High, Low, Medium};
use redphone::model::queue::{OpenCounts, urgency_key};
use redphone::model::service_level::{SlaTarget, running_clock, update_due};
use redphone::model::{
    Actor, Incident, IncidentCommand, IncidentId, Priority, Rejection, Rules, Status, Urgency,
};
use rstest::rstest;

use crate::support::model::{Bench, at, declaration, ines, note, tariq};

#[rstest]
#[case(Status::Acknowledged, 1)]
#[case(Status::Investigating, 2)]
#[case(Status::Identified, 3)]
#[case(Status::Monitoring, 4)]
fn a_stage_that_is_skipped_counts_as_passed(#[case] to: Status, #[case] stage: usize) {
    let mut bench = Bench::new();
    bench.ask(7, IncidentCommand::MoveStatus { to });
    assert_eq!(bench.incident.summary.status, to);
    assert_eq!(bench.incident.summary.acknowledged_at, Some(at(7)));
    for (index, reached) in bench.incident.stages.iter().enumerate() {
        let expected = match index {
            0 => Some(at(0)),
            i if i <= stage => Some(at(7)),
            _ => None,
        };
        assert_eq!(*reached, expected, "stage {index}");
    }
}

#[test]
fn resolving_at_once_counts_as_acknowledged() {
    let mut bench = Bench::new();
    bench.resolve(9);
    assert_eq!(bench.incident.summary.acknowledged_at, Some(at(9)));
    assert_eq!(bench.incident.summary.resolved_at, Some(at(9)));
}

/// As the mean time to resolve counts it.
#[test]
fn incident_lasts_from_its_detection_to_its_resolution() {
    let mut bench = Bench::new();
    bench.incident.summary.detected_at = at(0) - TimeDelta::minutes(12);
    assert_eq!(bench.incident.summary.duration(at(3)), TimeDelta::minutes(15));
    bench.resolve(9);
    assert_eq!(bench.incident.summary.duration(at(60)), TimeDelta::minutes(21));
}

/// Returns the record without the fields that each event changes.
fn standing(incident: &Incident) -> impl PartialEq + std::fmt::Debug + use<> {
    let summary = &incident.summary;
    (
        summary.status,
        (summary.acknowledged_at, summary.resolved_at, summary.closed_at),
        incident.stages,
        (incident.acknowledged_by.clone(), incident.resolution.clone(), incident.reopened),
    )
}

#[rstest]
#[case::acknowledged(&[], IncidentCommand::Acknowledge)]
#[case::moved(&[IncidentCommand::Acknowledge], IncidentCommand::MoveStatus { to: Status::Investigating })]
#[case::moved_with_stages_skipped(&[], IncidentCommand::MoveStatus { to: Status::Monitoring })]
#[case::resolved_at_once(&[], crate::support::model::resolve())]
#[case::resolved(&[IncidentCommand::Acknowledge, IncidentCommand::MoveStatus { to: Status::Identified }], crate::support::model::resolve())]
fn undone_move_restores_the_incident(
    #[case] before: &[IncidentCommand],
    #[case] step: IncidentCommand,
) {
    let mut bench = Bench::new();
    for (minute, command) in (1..).zip(before) {
        bench.ask(minute, command.clone());
    }
    let was = standing(&bench.incident);
    bench.ask(20, step);
    assert_ne!(standing(&bench.incident), was);
    bench.ask(21, IncidentCommand::UndoMove);
    assert_eq!(standing(&bench.incident), was);
    assert_eq!(
        bench.refusal(21, IncidentCommand::UndoMove),
        Rejection::NoMoveToUndo { status: bench.incident.summary.status }
    );
}

#[test]
fn undone_closing_returns_to_resolved() {
    let mut bench = Bench::new();
    bench.resolve(9);
    for item in ClosingItem::ALL {
        bench.ask(
            10,
            IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes },
        );
    }
    let was = standing(&bench.incident);
    bench.ask(11, IncidentCommand::Close).ask(12, IncidentCommand::UndoMove);
    assert_eq!(standing(&bench.incident), was);
    assert!(open_closing_items(&bench.incident.answered).is_empty());
}

#[test]
fn move_can_be_undone_only_soon_and_by_its_author() {
    let mut bench = Bench::new();
    bench.ask(2, IncidentCommand::Acknowledge);
    let other = bench.try_as(ines(), 2, IncidentCommand::UndoMove).unwrap_err();
    let (status, by) = (Status::Acknowledged, Actor::Person(tariq()));
    assert_eq!(other, Rejection::MovedBySomebodyElse { status, by, at: at(2) });
    assert_eq!(
        bench.refusal(4, IncidentCommand::UndoMove),
        Rejection::UndoneTooLate { status, at: at(2), seconds: 60 }
    );
    bench.resolve(5).ask(6, IncidentCommand::Reopen { reason: "back".into() });
    assert_eq!(
        bench.refusal(6, IncidentCommand::UndoMove),
        Rejection::NoMoveToUndo { status: Status::Investigating }
    );
}

#[test]
fn reopened_incident_is_the_same_and_its_clock_continues() {
    let mut bench = Bench::new();
    bench
        .ask(2, IncidentCommand::Acknowledge)
        .resolve(30)
        .ask(40, IncidentCommand::Reopen { reason: "back".into() });
    let summary = &bench.incident.summary;
    assert_eq!(summary.status, Status::Investigating);
    assert_eq!((summary.resolved_at, summary.acknowledged_at), (None, Some(at(2))));
    assert_eq!(bench.incident.reopened, 1);
    let clock = running_clock(summary, &bench.rules.levels).unwrap();
    assert_eq!((clock.target, clock.due), (SlaTarget::Resolve, at(60)));
    bench.resolve(50);
    assert_eq!(bench.incident.summary.resolved_at, Some(at(50)));
}

#[test]
fn closing_needs_every_item_of_the_gate_answered_or_waived() {
    let mut bench = Bench::new();
    bench.resolve(9);
    assert_eq!(
        bench.refusal(10, IncidentCommand::Close),
        Rejection::ClosingGateOpen { missing: ClosingItem::ALL.to_vec() }
    );
    for (index, item) in ClosingItem::ALL.iter().enumerate() {
        let answer = if index % 2 == 0 { Answer::Yes } else { Answer::Waived("small".into()) };
        bench.ask(10, IncidentCommand::AnswerItem { item: Item::Closing(*item), answer });
    }
    assert!(open_closing_items(&bench.incident.answered).is_empty());
    bench.ask(11, IncidentCommand::Close);
    assert_eq!(bench.incident.summary.closed_at, Some(at(11)));
}

#[test]
fn checklist_answer_can_be_undone_until_closing() {
    let mut bench = Bench::new();
    let item = Item::Closing(ClosingItem::ServiceStable);
    bench.ask(1, IncidentCommand::AnswerItem { item, answer: Answer::Yes });
    bench.ask(2, IncidentCommand::AnswerItem { item, answer: Answer::Open });
    assert_eq!(open_closing_items(&bench.incident.answered).len(), 5);
}

#[test]
fn a_snooze_ends_with_a_change_and_stops_no_clock() {
    let mut bench = Bench::new();
    bench.ask(1, IncidentCommand::Snooze { until: at(300) });
    assert!(bench.incident.summary.is_snoozed(at(2)));
    assert!(!bench.incident.summary.is_snoozed(at(300)));
    assert!(running_clock(&bench.incident.summary, &bench.rules.levels).unwrap().is_past(at(6)));
    bench.ask(3, IncidentCommand::RepeatAlert { text: "again".into(), count: None });
    assert!(!bench.incident.summary.is_snoozed(at(4)));
    assert_eq!(bench.incident.summary.alerts, 2);
}

#[test]
fn a_pause_does_not_stop_the_clock_to_acknowledge() {
    let mut bench = Bench::new();
    bench.ask(1, IncidentCommand::Pause { reason: "waiting on partner".into() });
    assert!(bench.incident.summary.paused);
    let clock = running_clock(&bench.incident.summary, &bench.rules.levels).unwrap();
    assert_eq!(
        (clock.target, clock.remaining(at(4))),
        (SlaTarget::Acknowledge, TimeDelta::minutes(1))
    );
    bench.ask(2, IncidentCommand::Unpause);
    assert_eq!(bench.incident.paused_for, None);
}

#[test]
fn unowned_time_is_counted_until_somebody_leads() {
    let mut bench = Bench::new();
    assert_eq!(bench.incident.unowned_for(at(5)), TimeDelta::minutes(5));
    bench.ask(10, IncidentCommand::Assign { to: Some(tariq()) });
    assert_eq!(bench.incident.unowned_for(at(60)), TimeDelta::minutes(10));
    bench.ask(20, IncidentCommand::Assign { to: None });
    assert_eq!(bench.incident.unowned_for(at(25)), TimeDelta::minutes(15));
    bench.resolve(30);
    assert_eq!(bench.incident.unowned_for(at(90)), TimeDelta::minutes(20));
}

#[test]
fn missing_parts_of_the_record_are_named_until_filled() {
    let mut bare = declaration("?");
    bare.category = None;
    bare.services.clear();
    bare.symptoms.clear();
    bare.team = None;
    let mut bench = Bench::with(bare);
    assert_eq!(bench.incident.missing_fields(), ["category", "services", "symptoms", "team"]);
    bench.ask(1, IncidentCommand::SetServices { services: vec!["auth".into()] });
    assert_eq!(bench.incident.missing_fields(), ["category", "symptoms", "team"]);
}

#[rstest]
#[case(Priority::P1, 5, 60, Some(30))]
#[case(Priority::P2, 15, 240, Some(60))]
#[case(Priority::P3, 60, 1440, Some(1440))]
#[case(Priority::P4, 480, 7200, None)]
fn service_levels_run_from_the_report(
    #[case] priority: Priority,
    #[case] acknowledge: i64,
    #[case] resolve: i64,
    #[case] update: Option<i64>,
) {
    let levels = Rules::default().levels;
    let mut bench = Bench::new();
    bench.incident.summary.priority = priority;
    let first = running_clock(&bench.incident.summary, &levels).unwrap();
    assert_eq!((first.target, first.due), (SlaTarget::Acknowledge, at(acknowledge)));
    assert!(!first.is_past(at(acknowledge)));
    assert!(first.is_past(at(acknowledge) + TimeDelta::milliseconds(1)));
    bench.ask(1, IncidentCommand::Acknowledge);
    let second = running_clock(&bench.incident.summary, &levels).unwrap();
    assert_eq!((second.target, second.due), (SlaTarget::Resolve, at(resolve)));
    assert_eq!(update_due(priority, at(0), None, &levels), update.map(at));
    assert_eq!(update_due(priority, at(0), Some(at(9)), &levels), update.map(|m| at(m + 9)));
    bench.resolve(2);
    assert_eq!(running_clock(&bench.incident.summary, &levels), None);
}

#[test]
fn urgency_order_starts_with_what_needs_a_person_next() {
    let levels = Rules::default().levels;
    let make = |impact, urgency, reported: i64, acknowledged: bool| {
        let mut declared = declaration("x");
        (declared.impact, declared.urgency) = (impact, urgency);
        declared.detected_at = at(reported);
        declared.reported_at = at(reported);
        let mut bench = Bench::with(declared);
        if acknowledged {
            bench.ask(0, IncidentCommand::Acknowledge);
        }
        bench.incident.summary
    };
    let late_p4 = make(Low, Urgency::Low, -10_000, true);
    let fresh_p1 = make(High, Urgency::High, -1, false);
    let held_p1 = make(High, Urgency::High, -2, true);
    let calm_p2 = make(High, Urgency::Medium, -5, true);
    let fresh_p2 = make(High, Urgency::Medium, -4, false);
    let late_p3 = make(Medium, Urgency::Medium, -90, false);
    let mut rows = [&late_p4, &fresh_p1, &held_p1, &calm_p2, &fresh_p2, &late_p3];
    rows.sort_by_key(|row| urgency_key(row, at(0), &levels));
    let order: Vec<IncidentId> = rows.iter().map(|row| row.id).collect();
    let expected =
        [&fresh_p1, &held_p1, &fresh_p2, &late_p3, &late_p4, &calm_p2].map(|row| row.id).to_vec();
    assert_eq!(order, expected);
    let mut counts = OpenCounts::default();
    for row in rows {
        counts.add(row, at(0), &levels);
    }
    assert_eq!((counts.by_priority, counts.total()), ([2, 2, 1, 1], 6));
    assert_eq!((counts.unacknowledged, counts.past), (3, 2));
}

#[test]
fn timeline_with_a_gap_is_refused_and_named() {
    let mut bench = Bench::new();
    bench.ask(1, IncidentCommand::Acknowledge).ask(2, note("looking"));
    let mut holed = bench.events.clone();
    holed.remove(1);
    assert_eq!(Incident::fold(&holed), Err(TimelineError::Gap { before: 1, found: 3 }));
    assert_eq!(Incident::fold(&bench.events[1..]), Err(TimelineError::Gap { before: 0, found: 2 }));
    let mut strange = bench.events.clone();
    strange[2].incident = IncidentId::new();
    assert_eq!(Incident::fold(&strange), Err(TimelineError::ForeignEvent { seq: 3 }));
    let mut twice = bench.events.clone();
    twice[1].body = twice[0].body.clone();
    assert_eq!(Incident::fold(&twice), Err(TimelineError::DeclaredTwice { seq: 2 }));
    let mut headless = bench.events[..1].to_vec();
    headless[0].body = EventBody::Acknowledged;
    assert_eq!(Incident::fold(&headless), Err(TimelineError::NoDeclaration));
    assert_eq!(Incident::fold(&[]), Ok(None));
}
