use chrono::TimeDelta;
use proptest::prelude::*;
use redphone::model::checklist::open_closing_items;
use redphone::model::decide::{Context, decide};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, EventBody, Incident, IncidentCommand, IncidentId,
    PersonRef, Rules, Status, check,
};

use crate::support::strategies;
use crate::support::strategies::{ask, declaration, start};

fn envelope(minute: i64, incident: IncidentId, command: IncidentCommand) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at: start() + TimeDelta::minutes(minute),
        actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
        command: Command::incident(incident, command),
        expected_seq: None,
    }
}

/// Returns the events of these commands in sequence, without the refused ones.
///
/// Each command has the minutes since the one before it, and the minutes between its request and
/// its decision.
fn run(
    declared: redphone::model::command::Declaration,
    commands: Vec<(i64, i64, IncidentCommand)>,
) -> Vec<Event> {
    let rules = Rules::default();
    let id = IncidentId::new();
    let made = envelope(0, id, IncidentCommand::Declare(Box::new(declared)));
    let context = |minute| Context { now: start() + TimeDelta::minutes(minute), rules: &rules };
    let Ok(mut events) = decide(None, &made, context(0)) else { return Vec::new() };
    let mut incident = Incident::fold(&events).unwrap().unwrap();
    let mut clock = 0;
    for (step, late, command) in commands {
        // The clock is sometimes set back.
        clock += step;
        let made = envelope(clock - late, id, command);
        let Ok(new) = decide(Some(&incident), &made, context(clock)) else { continue };
        assert!(!new.is_empty());
        assert_eq!(new, decide(Some(&incident), &made, context(clock)).unwrap());
        for event in &new {
            incident.apply_next(event).unwrap();
        }
        events.extend(new);
    }
    assert_eq!(Incident::fold(&events).unwrap().unwrap(), incident);
    events
}

proptest! {
    #![proptest_config(strategies::config(200))]

    #[test]
    fn allowed_commands_fold_consistently_and_in_order(
        declared in declaration(),
        commands in
            prop::collection::vec((-3i64..30, prop_oneof![Just(0), 0i64..90], ask()), 0..40),
    ) {
        let events = run(declared, commands);
        let mut folded: Option<Incident> = None;
        for (index, event) in events.iter().enumerate() {
            prop_assert_eq!(event.seq as usize, index + 1);
            // Moves happen in order, and no event happens before the events that it builds on.
            let moves = |event: &&Event| event.body.is_move() && event.body != EventBody::ReviewPublished;
            let moved = events[..index].iter().rev().find(moves);
            prop_assert!(!event.body.is_move() || moved.is_none_or(|moved| moved.at <= event.at));
            let earliest_time = folded.as_ref().map(|record| record.earliest_time(&event.body));
            prop_assert!(earliest_time.is_none_or(|earliest| earliest <= event.at));
            prop_assert_eq!(check::event(event), Ok(()));
            let json = serde_json::to_string(event).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), event);
            match &mut folded {
                None => folded = Incident::from_declaration(event),
                Some(incident) => incident.apply_next(event).unwrap(),
            }
            let incident = folded.as_ref().unwrap();
            let row = &incident.summary;
            prop_assert_eq!(row.status.is_open(), incident.summary.closed_at.is_none() && row.resolved_at.is_none());
            prop_assert_eq!(row.acknowledged_at.is_some(), incident.stages[1].is_some());
            prop_assert!(incident.stages.iter().flatten().is_sorted());
            let latest = events[..=index].iter().map(|event| event.at).max();
            prop_assert_eq!(Some(row.last_event_at), latest);
            prop_assert!(row.status != Status::Closed || open_closing_items(&incident.answered).is_empty());
            prop_assert_eq!(incident.unowned_since.is_some(), row.status.is_open() && row.assignee.is_none());
            let json = serde_json::to_string(incident).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Incident>(&json).unwrap(), incident);
        }
    }
}
