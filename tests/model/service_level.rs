//! Verdicts of service levels: the goal with which a clock was judged at its end does not change.

use chrono::TimeDelta;
use redphone::model::decide::{Context, absorb, decide, group};
use redphone::model::measures::{Counted, Cut, Fact, Window, compute};
use redphone::model::service_level::{ServiceLevels, SlaTarget, running_clock, verdicts};
use redphone::model::{
    Command, Event, Impact, Incident, IncidentCommand, Priority, Rejection, Rules, Status,
};

use crate::support::model::{Bench, at, declaration, envelope, ines, resolve, tariq};

/// Returns (met, missed) of the acknowledge and the resolve level, by the priority P1 to P4.
fn compliance(incident: &Incident, levels: &ServiceLevels, minute: i64) -> [[(u64, u64); 4]; 2] {
    let fact = Fact::new(&incident.summary, 0, 0, Counted::Yes, 0);
    let window = Window { from: at(-9), to: at(100_000), edges: vec![at(-9)] };
    let name = |_| String::new();
    let measures = compute([fact], &window, Cut::Total, at(minute), levels, &name);
    [measures.now.acknowledge, measures.now.resolve].map(|by| by.map(|c| (c.met, c.missed)))
}

fn verdict(incident: &Incident, target: SlaTarget) -> (Priority, Option<i64>, bool) {
    let row = &incident.summary;
    let verdict = match target {
        SlaTarget::Acknowledge => row.acknowledge_verdict,
        SlaTarget::Resolve => row.resolve_verdict,
        SlaTarget::Unknown(_) => None,
    };
    let verdict = verdict.expect("the clock has ended");
    (verdict.priority, verdict.goal_s, verdict.met.expect("the goal is known"))
}

fn of(impact: Impact, urgency: Impact) -> IncidentCommand {
    IncidentCommand::Prioritize { impact, urgency }
}

#[test]
fn the_due_instant_itself_is_in_time() {
    let levels = ServiceLevels::default();
    for (late_ms, met) in [(0, true), (1, false)] {
        for target in [SlaTarget::Acknowledge, SlaTarget::Resolve] {
            let mut bench = Bench::new();
            let goal = if target == SlaTarget::Acknowledge { 300 } else { 3600 };
            let due = at(0) + TimeDelta::seconds(goal) + TimeDelta::milliseconds(late_ms);
            let command = match target {
                SlaTarget::Acknowledge => IncidentCommand::Acknowledge,
                SlaTarget::Resolve => {
                    bench.ask(1, IncidentCommand::Acknowledge);
                    resolve()
                }
                SlaTarget::Unknown(_) => unreachable!("{target}"),
            };
            let clock = running_clock(&bench.incident.summary, &levels).unwrap();
            assert_eq!((clock.target, clock.is_past(due)), (target, !met));
            let id = bench.incident.summary.id;
            let sent = redphone::model::Envelope { at: due, ..envelope(0, ines(), id, command) };
            let context = Context { now: due, rules: &bench.rules };
            for event in decide(Some(&bench.incident), &sent, context).unwrap() {
                assert_eq!(event.verdict(target).and_then(|verdict| verdict.met), Some(met));
                bench.incident.apply_next(&event).unwrap();
            }
            let expected = if met { (1, 0) } else { (0, 1) };
            let index = usize::from(target == SlaTarget::Resolve);
            assert_eq!(compliance(&bench.incident, &levels, 90)[index][0], expected);
        }
    }
}

#[test]
fn a_changed_priority_changes_no_verdict() {
    // Kept as P4 after two hours, and raised to P1.
    let mut mild = declaration("a slow page");
    (mild.impact, mild.urgency) = (Impact::Low, Impact::Low);
    let mut raised = Bench::with(mild);
    raised.ask(120, IncidentCommand::Acknowledge).ask(130, of(Impact::High, Impact::High));
    assert_eq!(
        verdict(&raised.incident, SlaTarget::Acknowledge),
        (Priority::P4, Some(8 * 3600), true)
    );
    // The clock to resolve runs: it is judged as that of a P1, with the time already run.
    let clock = running_clock(&raised.incident.summary, &raised.rules.levels).unwrap();
    assert!(clock.target == SlaTarget::Resolve && clock.is_past(at(130)));
    // Missed as P1, and lowered.
    let mut lowered = Bench::new();
    lowered.ask(6, IncidentCommand::Acknowledge).ask(7, of(Impact::Low, Impact::Low)).resolve(70);
    assert_eq!(
        verdict(&lowered.incident, SlaTarget::Acknowledge),
        (Priority::P1, Some(300), false)
    );
    assert_eq!(
        verdict(&lowered.incident, SlaTarget::Resolve),
        (Priority::P4, Some(5 * 86_400), true)
    );
    let levels = &raised.rules.levels;
    assert_eq!(compliance(&raised.incident, levels, 131)[0], [(0, 0), (0, 0), (0, 0), (1, 0)]);
    assert_eq!(compliance(&lowered.incident, levels, 131)[0], [(0, 1), (0, 0), (0, 0), (0, 0)]);
    assert_eq!(compliance(&lowered.incident, levels, 131)[1], [(0, 0), (0, 0), (0, 0), (1, 0)]);
}

#[test]
fn changed_settings_judge_running_clocks_alone() {
    let mut bench = Bench::new();
    bench.ask(4, IncidentCommand::Acknowledge);
    bench.rules.levels.0[0].acknowledge_s = 60;
    bench.rules.levels.0[0].resolve_s = 600;
    assert!(running_clock(&bench.incident.summary, &bench.rules.levels).unwrap().is_past(at(11)));
    assert_eq!(compliance(&bench.incident, &bench.rules.levels, 11)[0][0], (1, 0));
    bench.resolve(12);
    bench.rules.levels = ServiceLevels::default();
    assert_eq!(verdict(&bench.incident, SlaTarget::Acknowledge), (Priority::P1, Some(300), true));
    assert_eq!(verdict(&bench.incident, SlaTarget::Resolve), (Priority::P1, Some(600), false));
    assert_eq!(compliance(&bench.incident, &bench.rules.levels, 99)[1][0], (0, 1));
    // A reopened incident is judged again when it is resolved again.
    bench.ask(20, IncidentCommand::Reopen { reason: "back".into() });
    assert_eq!(bench.incident.summary.resolve_verdict, None);
    bench.resolve(50);
    assert_eq!(verdict(&bench.incident, SlaTarget::Resolve), (Priority::P1, Some(3600), true));
}

#[test]
fn a_pause_stops_the_clock_to_resolve() {
    let mut bench = Bench::new();
    bench.ask(2, IncidentCommand::Acknowledge);
    bench.ask(10, IncidentCommand::Pause { reason: "the partner".into() });
    let clock = running_clock(&bench.incident.summary, &bench.rules.levels).unwrap();
    assert_eq!(clock.remaining(at(500)), TimeDelta::minutes(50));
    assert!(!clock.is_past(at(500)));
    assert_eq!(compliance(&bench.incident, &bench.rules.levels, 500)[1][0], (0, 0));
    bench.ask(110, IncidentCommand::Unpause);
    let clock = running_clock(&bench.incident.summary, &bench.rules.levels).unwrap();
    assert_eq!((clock.due, clock.stopped_at), (at(160), None));
    bench.ask(120, IncidentCommand::Pause { reason: "the partner again".into() });
    bench.resolve(200);
    // 200 minutes, without 100 and 80 of pauses.
    let verdict = bench.incident.summary.resolve_verdict.unwrap();
    assert_eq!((verdict.elapsed_ms, verdict.met), (20 * 60_000, Some(true)));
    assert_eq!(bench.incident.summary.paused_ms, 180 * 60_000);
    assert_eq!(compliance(&bench.incident, &bench.rules.levels, 999)[1][0], (1, 0));
}

#[test]
fn merging_and_reclassifying_end_clocks_without_a_verdict() {
    let mut bench = Bench::new();
    let (to, reason) = (redphone::model::status::Classification::FalseAlarm, "a test".to_owned());
    bench.ask(9, IncidentCommand::Reclassify { to, reason });
    assert_eq!(running_clock(&bench.incident.summary, &bench.rules.levels), None);
    assert_eq!(bench.incident.summary.acknowledge_verdict, None);
    assert_eq!(verdicts(&bench.incident.summary, &bench.rules.levels).count(), 0);
}

/// Folds a timeline as versions wrote it that recorded no verdicts.
#[test]
fn old_events_are_judged_by_the_levels_that_are_given() {
    let mut bench = Bench::new();
    bench.ask(4, IncidentCommand::Acknowledge).resolve(61);
    let old: Vec<Event> =
        bench.events.iter().map(|event| Event { verdicts: vec![], ..event.clone() }).collect();
    let mut incident = Incident::fold(&old).unwrap().unwrap();
    assert!(incident.is_unjudged());
    incident.judge_by(&bench.rules.levels);
    assert_eq!(incident, bench.incident);
    assert!(!incident.is_unjudged());
}

#[test]
fn a_worse_alert_raises_the_incident_into_which_it_is_grouped() {
    let mut mild = declaration("a slow page");
    (mild.impact, mild.urgency) = (Impact::Medium, Impact::Low);
    let mut bench = Bench::with(mild);
    let mut worse = declaration("a slow page");
    (worse.impact, worse.urgency) = (Impact::Low, Impact::High);
    worse.detected_at = at(-5);
    let command = IncidentCommand::Declare(Box::new(worse.clone()));
    let sent = envelope(3, tariq(), bench.incident.summary.id, command);
    let context = Context { now: at(3), rules: &bench.rules };
    let events = group(&bench.incident, &worse, &sent, context).unwrap();
    for event in &events {
        bench.incident.apply_next(event).unwrap();
    }
    let row = &bench.incident.summary;
    assert_eq!(
        (row.impact, row.urgency, row.priority),
        (Impact::Medium, Impact::High, Priority::P2)
    );
    assert_eq!((row.detected_at, row.alerts), (at(-5), 2));
    assert_eq!(events[1].because.as_deref(), Some("an alert of P3 was grouped into it"));
    // A milder one changes nothing but the count.
    let events = group(&bench.incident, &declaration("x"), &sent, context).unwrap();
    assert_eq!(events.len(), 2, "declaration() is a P1");
    let mut milder = declaration("x");
    (milder.impact, milder.urgency) = (Impact::Low, Impact::Low);
    assert_eq!(group(&bench.incident, &milder, &sent, context).unwrap().len(), 1);
}

#[test]
fn a_worse_incident_raises_the_one_into_which_it_is_merged() {
    let mut mild = declaration("a slow page");
    (mild.impact, mild.urgency, mild.detected_at) = (Impact::Low, Impact::Low, at(0));
    let mut target = Bench::with(mild);
    let ended = Bench::new().incident;
    let into = target.incident.summary.id;
    let sent = envelope(2, tariq(), ended.summary.id, IncidentCommand::Merge { into });
    let context = Context { now: at(2), rules: &target.rules };
    for event in absorb(&target.incident, &ended, &sent, context).unwrap() {
        target.incident.apply_next(&event).unwrap();
    }
    assert_eq!(target.incident.summary.priority, Priority::P1);
    assert_eq!(target.incident.summary.detected_at, at(-1));
    assert_eq!(target.incident.absorbed.len(), 1);
}

#[test]
fn ended_incidents_are_corrected_with_a_reason() {
    let minute = |days: i64| days * 24 * 60;
    let corrections = [
        IncidentCommand::Assign { to: Some(tariq()) },
        IncidentCommand::SetTeam { team: Some("search".into()) },
        of(Impact::Low, Impact::Low),
    ];
    for command in corrections {
        let mut bench = Bench::new();
        bench.resolve(9);
        assert_eq!(
            bench.refusal(10, command.clone()),
            Rejection::CorrectionNeedsReason { status: Status::Resolved }
        );
        let with_reason = |because: &str, minute: i64, incident: &Incident| {
            let id = incident.summary.id;
            let mut sent = envelope(minute, ines(), id, command.clone());
            sent.command = Command::Incident {
                incident: id,
                command: command.clone(),
                undoes: None,
                because: Some(because.into()),
            };
            let rules = Rules::default();
            decide(Some(incident), &sent, Context { now: at(minute), rules: &rules })
        };
        assert!(with_reason("  ", 10, &bench.incident).is_err());
        let events = with_reason("found in the review", 10, &bench.incident).unwrap();
        assert_eq!(events[0].because.as_deref(), Some("found in the review"));
        assert!(events[0].detail().ends_with("found in the review"), "{}", events[0].detail());
        bench.incident.summary.status = Status::Closed;
        bench.incident.summary.closed_at = Some(at(20));
        assert!(with_reason("late", 20 + minute(7), &bench.incident).is_ok());
        assert!(matches!(
            with_reason("too late", 21 + minute(7), &bench.incident),
            Err(Rejection::CorrectedTooLate { days: 7, .. })
        ));
    }
    let mut bench = Bench::new();
    bench.resolve(9);
    let (to, reason) = (redphone::model::status::Classification::FalseAlarm, "a test".to_owned());
    bench.ask(10, IncidentCommand::Reclassify { to, reason });
    assert_eq!(Counted::for_incident(&bench.incident), Counted::FalseAlarm);
}

#[test]
fn no_command_moves_back_to_triggered() {
    let bench = Bench::new();
    let sentence = |to| bench.refusal(1, IncidentCommand::MoveStatus { to }).sentence(at(1));
    assert!(sentence(Status::Triggered).contains("there is no command for it"));
    assert!(sentence(Status::Closed).contains("there is a command for it"));
}
