//! What the pages of measures need of the events of one incident.

use chrono::TimeDelta;
use redphone::model::measures::pages::{History, HistoryFold, ReviewProgress};
use redphone::model::undo;
use redphone::model::{Command, Envelope, Event, IncidentCommand};

use crate::support::model::{Bench, at, declaration, envelope, ines, resolve, tariq};

const MINUTE: i64 = 60_000;

fn fold(events: &[Event]) -> History {
    let mut fold = HistoryFold::default();
    for event in events {
        fold.apply(event).unwrap();
    }
    fold.finish().unwrap()
}

/// Detected at minute 0, resolved at 30, reopened at 50, resolved at 60: out for 40 minutes. Nobody had it
/// until minute 5. An update was promised for minute 20 and came at 15; the next one for 25 did not come
/// before the resolution.
#[test]
fn history_has_the_time_out_and_the_promises() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    let update = |minutes| IncidentCommand::UpdateStakeholders {
        message: "We are on it.".into(),
        next_due: Some(at(minutes)),
        public: None,
    };
    bench.ask(5, IncidentCommand::Assign { to: Some(ines()) });
    bench.ask(6, update(20)).ask(15, update(25));
    bench.resolve(30);
    bench.ask(50, IncidentCommand::Reopen { reason: "it is back".into() });
    bench.ask(60, resolve());
    let history = fold(&bench.events);
    let detected = declaration("").detected_at;
    assert_eq!(history.out_ms, (at(30) - detected + TimeDelta::minutes(10)).num_milliseconds());
    assert_eq!((history.updates_met, history.updates_missed), (1, 1));
    assert_eq!((history.reopened, history.review), (1, ReviewProgress::Missing));
    assert_eq!(history.update_due_ms, None);
}

/// The record counts full seconds, of which many incidents would lose half a second each.
#[test]
fn unowned_time_is_exact_to_the_millisecond() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    bench.ask(5, IncidentCommand::Assign { to: Some(ines()) });
    let mut events = bench.events.clone();
    events.last_mut().unwrap().at += TimeDelta::milliseconds(999);
    let reported = declaration("").reported_at;
    assert_eq!(fold(&events).unowned_ms, (at(5) - reported).num_milliseconds() + 999);
}

/// Undoes the last command at a minute, as a store does: with the fields that the undo restores.
fn undo_last(bench: &mut Bench, minute: i64, inverse: IncidentCommand) {
    let last = bench.events.last().unwrap().command;
    let incident = bench.incident.summary.id;
    let mut events = bench.try_as(tariq(), minute, inverse.clone()).unwrap();
    let command = inverse.clone();
    let command = Command::Incident { incident, command, undoes: Some(last), because: None };
    let made = Envelope { command, ..envelope(minute, tariq(), incident, inverse) };
    undo::complete(&mut events, &bench.events, &made, &bench.rules);
    assert!(events.last().unwrap().undo.is_some());
    for event in &events {
        bench.incident.apply_next(event).unwrap();
    }
    bench.events.extend(events);
}

/// Resolved at minute 10 and again at 40: the first resolution was undone at 11, so that nobody had it for all
/// 40 minutes. An update was promised for minute 20 and did not come.
#[test]
fn undone_resolution_ends_no_time_and_no_promise() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    let update = IncidentCommand::UpdateStakeholders {
        message: "We are on it.".into(),
        next_due: Some(at(20)),
        public: None,
    };
    bench.ask(6, update).resolve(10);
    undo_last(&mut bench, 11, IncidentCommand::UndoMove);
    let running = fold(&bench.events);
    assert_eq!((running.updates_met, running.updates_missed), (0, 0));
    assert_eq!(running.update_due_ms, Some(at(20).timestamp_millis()));
    bench.resolve(40);
    let history = fold(&bench.events);
    assert_eq!(history.unowned_ms, 40 * MINUTE);
    assert_eq!((history.updates_met, history.updates_missed), (0, 1));
    assert_eq!(history.unowned_ms, bench.incident.unowned_s * 1000);
}

/// Nobody had it until minute 10, when somebody was assigned; that was undone at 11 and done again at 30.
#[test]
fn undone_assignment_counts_unowned_time_once() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    bench.ask(10, IncidentCommand::Assign { to: Some(ines()) });
    undo_last(&mut bench, 11, IncidentCommand::Assign { to: None });
    bench.ask(30, IncidentCommand::Assign { to: Some(ines()) });
    bench.resolve(45);
    assert_eq!(fold(&bench.events).unowned_ms, 30 * MINUTE);
}

/// Nobody had it until minute 10, when somebody was assigned; that was undone at 11, and the undo at 12. So it
/// was once more, at 13 and 14.
#[test]
fn undone_undo_of_an_assignment_counts_unowned_time() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    bench.ask(10, IncidentCommand::Assign { to: Some(ines()) });
    for minute in [11, 13] {
        undo_last(&mut bench, minute, IncidentCommand::Assign { to: None });
        assert_eq!(fold(&bench.events).unowned_ms, 0);
        undo_last(&mut bench, minute + 1, IncidentCommand::Assign { to: Some(ines()) });
        assert_eq!(fold(&bench.events).unowned_ms, 10 * MINUTE);
    }
    bench.resolve(45);
    assert_eq!(fold(&bench.events).unowned_ms, 10 * MINUTE);
    assert_eq!(bench.incident.unowned_s * 1000, 10 * MINUTE);
}

/// Somebody had it from minute 5 on. At 10 nobody was assigned, which was undone at 11.
#[test]
fn undone_withdrawal_of_the_lead_is_not_unowned_time() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    bench.ask(5, IncidentCommand::Assign { to: Some(ines()) });
    bench.ask(10, IncidentCommand::Assign { to: None });
    undo_last(&mut bench, 11, IncidentCommand::Assign { to: Some(ines()) });
    bench.resolve(45);
    assert_eq!(fold(&bench.events).unowned_ms, 5 * MINUTE);
}
