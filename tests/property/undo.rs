//! Undo is exact: the record after the undo of a command is the record before that command.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use redphone::model::command::{Before, CommandKind, Link};
use redphone::model::decide::{Context, decide};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, Incident, IncidentCommand, IncidentId, PersonRef,
    Rejection, Rules, undo,
};

use crate::support::strategies;
use crate::support::strategies::{ask, declaration, start};

/// An incident with its timeline.
struct History {
    id: IncidentId,
    rules: Rules,
    events: Vec<Event>,
    record: Option<Incident>,
}

impl History {
    fn new() -> Self {
        let rules = Rules::default();
        Self { id: IncidentId::new(), rules, events: Vec::new(), record: None }
    }

    /// Carries out a command as a store does.
    fn execute(&mut self, envelope: &Envelope) -> Result<(), Rejection> {
        let context = Context { now: envelope.at, rules: &self.rules };
        let mut events = decide(self.record.as_ref(), envelope, context)?;
        if undo::is_undo(&envelope.command) {
            undo::complete(&mut events, &self.events, envelope, &self.rules);
        }
        for event in &events {
            match &mut self.record {
                Some(record) => record.apply_next(event).unwrap(),
                None => self.record = Incident::from_declaration(event),
            }
        }
        self.events.extend(events);
        // The stored form gives the same record.
        let text = serde_json::to_string(&self.events).unwrap();
        let read: Vec<Event> = serde_json::from_str(&text).unwrap();
        assert_eq!(Incident::fold(&read).unwrap(), self.record);
        Ok(())
    }

    fn record(&self) -> Incident {
        self.record.clone().unwrap()
    }
}

fn envelope(at: DateTime<Utc>, who: &str, command: Command) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at,
        actor: Actor::Person(PersonRef::new(who, who)),
        command,
        expected_seq: None,
    }
}

/// A record without the parts that describe the log itself.
fn contents(mut record: Incident) -> Incident {
    record.summary.seq = 0;
    record.summary.last_event_at = DateTime::UNIX_EPOCH;
    // An undo is the last thing that somebody did.
    record.summary.last_word = None;
    record
}

/// Returns the incident after these commands, without the refused ones.
fn history(
    declared: redphone::model::command::Declaration,
    commands: Vec<(i64, IncidentCommand)>,
) -> Option<(History, DateTime<Utc>)> {
    let mut history = History::new();
    let mut now = start() + TimeDelta::milliseconds(123);
    let declare = IncidentCommand::Declare(Box::new(declared));
    history.execute(&envelope(now, "ines", Command::incident(history.id, declare))).ok()?;
    for (step, command) in commands {
        now += TimeDelta::milliseconds(step);
        let command = Command::incident(history.id, command);
        history.execute(&envelope(now, "ines", command)).ok();
    }
    Some((history, now))
}

/// Undoes a command that was carried out on `before`; `None` if nothing undoes it.
fn undo_of(
    history: &History,
    before: &Incident,
    sent: &Envelope,
    at: DateTime<Utc>,
) -> Option<Envelope> {
    let Command::Incident { command, .. } = &sent.command else { return None };
    let rules = &history.rules;
    let before = Before { row: &before.summary, record: Some(before), rules, now: sent.at };
    let inverse = command.inverse(sent.id, Some(&before))?;
    let undo = Command::Incident {
        incident: history.id,
        command: inverse,
        undoes: Some(sent.id),
        because: None,
    };
    Some(envelope(at, "ines", undo))
}

proptest! {
    #![proptest_config(strategies::config(400))]

    #[test]
    fn record_after_undo_is_the_record_before(
        declared in declaration(),
        commands in prop::collection::vec((1i64..300_000, ask()), 0..25),
        tried in prop::collection::vec((1i64..90_000, ask()), 1..12),
    ) {
        let Some((mut history, mut now)) = history(declared, commands) else { return Ok(()) };
        for (step, command) in tried {
            now += TimeDelta::milliseconds(step);
            let before = history.record();
            let sent = envelope(now, "ines", Command::incident(history.id, command));
            if history.execute(&sent).is_err() {
                continue;
            }
            now += TimeDelta::milliseconds(step.min(9_000));
            if let Some(undo) = undo_of(&history, &before, &sent, now) {
                let done = history.execute(&undo);
                // A snooze that ended in between has nothing left to undo.
                let Command::Incident { command, .. } = &sent.command else { unreachable!() };
                if matches!(command, IncidentCommand::Snooze { until } if *until <= now) {
                    prop_assert_eq!(done, Err(Rejection::NotSnoozed));
                    continue;
                }
                prop_assert!(done.is_ok(), "{:?} of {:?}: {:?}", undo.command, sent.command, done);
                prop_assert_eq!(contents(history.record()), contents(before), "{:?}", sent.command);
            }
        }
    }

    #[test]
    fn undo_leaves_what_others_have_changed_meanwhile(
        declared in declaration(),
        commands in prop::collection::vec((1i64..300_000, ask()), 0..25),
        command in ask(),
    ) {
        let Some((mut history, now)) = history(declared, commands) else { return Ok(()) };
        let before = history.record();
        let sent = envelope(now, "ines", Command::incident(history.id, command));
        let link = Link::Url("https://wiki.example/meanwhile".into());
        let linking = IncidentCommand::Link { link: link.clone() };
        let linked = envelope(now, "tariq", Command::incident(history.id, linking));
        // The link changes what these would undo.
        let kind = sent.command.kind();
        let is_excluded = matches!(
            kind,
            CommandKind::Link | CommandKind::Unlink | CommandKind::Snooze | CommandKind::Wake
        );
        if history.execute(&sent).is_err() || is_excluded {
            return Ok(());
        }
        history.execute(&linked).unwrap();
        if let Some(undo) = undo_of(&history, &before, &sent, now + TimeDelta::seconds(3)) {
            prop_assert!(history.execute(&undo).is_ok());
            let mut expected = contents(before);
            expected.links.push(link);
            // A snooze ends with any change.
            expected.summary.snoozed_until = None;
            prop_assert_eq!(contents(history.record()), expected, "{:?}", sent.command);
        }
    }
}
