//! Episodes: one or more related incidents, whose events the rules of the model decide in the order
//! of time.

use std::cmp::Ordering;
use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::model::change::Change;
use crate::model::command::Link;
use crate::model::decide::{Context, absorb, decide};
use crate::model::event::{Event, EventBody};
use crate::model::rejection::Rejection;
use crate::model::{
    Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, IncidentNumber, Rules,
};

use super::dice::Dice;
use super::story::{Step, Story};

/// The events of one or more related incidents.
pub(super) struct Episode {
    /// The number of the episode, which orders episodes with equal times.
    index: u64,
    /// In the order of time; those of each incident in the order of their sequence numbers.
    events: VecDeque<Event>,
    /// The numbers that were assigned to its incidents so far.
    numbers: Vec<(IncidentId, IncidentNumber)>,
}

/// An episode with the changes and rejections of its stories.
pub(super) struct EpisodeResult {
    pub episode: Episode,
    /// The changes that preceded its incidents. Each is emitted before its incident.
    pub changes: Vec<Change>,
    /// The rejections of commands. A story with such a command has a bug.
    pub refused: Vec<Rejection>,
}

/// Decides every step of some stories by the rules of the model.
pub(super) fn perform(
    index: u64,
    stories: Vec<Story>,
    rules: &Rules,
    dice: &mut Dice,
) -> EpisodeResult {
    let mut changes = Vec::new();
    let mut steps: Vec<(usize, IncidentId, Step)> = Vec::new();
    let mut incidents: Vec<Option<Incident>> = Vec::with_capacity(stories.len());
    let ids: Vec<IncidentId> = stories.iter().map(|s| s.id).collect();
    for (member, story) in stories.into_iter().enumerate() {
        changes.extend(story.change);
        incidents.push(None);
        steps.extend(story.steps.into_iter().map(|step| (member, story.id, step)));
    }
    if ids.len() > 1 {
        steps.sort_by_key(|(_, _, step)| step.at);
    }
    let mut events = VecDeque::with_capacity(steps.len() + 1);
    let mut refused = Vec::new();
    for (member, id, Step { at, actor, command }) in steps {
        let into = match &command {
            IncidentCommand::Merge { into } => ids.iter().position(|other| other == into),
            _ => None,
        };
        let envelope = Envelope {
            id: CommandId(dice.uuid_at(at)),
            at,
            actor,
            command: Command::incident(id, command),
            expected_seq: None,
        };
        let context = Context { now: at, rules };
        let decided = decide(incidents[member].as_ref(), &envelope, context).and_then(|own| {
            let target = into.and_then(|into| incidents[into].as_ref());
            match (target, incidents[member].as_ref()) {
                (Some(target), Some(from)) => Ok((own, absorb(target, from, &envelope, context)?)),
                _ => Ok((own, Vec::new())),
            }
        });
        match decided {
            Ok((own, absorbed)) => {
                let own_events = own.into_iter().map(|e| (member, e));
                let absorbed = absorbed.into_iter().map(|e| (into.unwrap_or(member), e));
                for (whose, event) in own_events.chain(absorbed) {
                    match &mut incidents[whose] {
                        Some(incident) => incident.apply(&event),
                        none => *none = Incident::from_declaration(&event),
                    }
                    events.push_back(event);
                }
            }
            Err(rejection) => refused.push(rejection),
        }
    }
    let numbers = Vec::with_capacity(ids.len());
    EpisodeResult { episode: Episode { index, events, numbers }, changes, refused }
}

impl Episode {
    /// Returns the time of the next event; `None` if there is none.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.events.front().map(|event| event.at)
    }

    /// Returns the incident that the next event declares; `None` if it is no declaration.
    pub fn declares_next(&self) -> Option<IncidentId> {
        self.events
            .front()
            .filter(|event| matches!(event.body, EventBody::Declared { .. }))
            .map(|event| event.incident)
    }

    /// Removes and returns the next event, with incident numbers filled in as a store does it. A
    /// declaration gets `next_number`.
    pub fn pop(&mut self, next_number: IncidentNumber) -> Option<Event> {
        let mut event = self.events.pop_front()?;
        let number_of =
            |id: IncidentId| self.numbers.iter().find(|(i, _)| *i == id).map(|(_, n)| *n);
        match &mut event.body {
            EventBody::Declared { number, .. } => {
                *number = Some(next_number);
                self.numbers.push((event.incident, next_number));
            }
            EventBody::MergedInto { into, number } => *number = number_of(*into),
            EventBody::Absorbed { from, number, .. } => *number = number_of(*from),
            EventBody::Linked { link: Link::Incident { id, number } } => *number = number_of(*id),
            _ => {}
        }
        Some(event)
    }
}

// The episode with the earliest next event is the greatest, so that a max-heap returns it first.
impl Ord for Episode {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.next_at(), other.index).cmp(&(self.next_at(), self.index))
    }
}

impl PartialOrd for Episode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Episode {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Episode {}
