//! A few incidents that belong together, decided by the model in the order of time.

use std::cmp::Ordering;
use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::model::change::Change;
use crate::model::command::Link;
use crate::model::decide::{Context, Rejection, absorb, decide};
use crate::model::event::{Event, EventBody};
use crate::model::{
    Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, IncidentNumber, Rules,
};

use super::dice::Dice;
use super::story::{Step, Story};

/// What an episode leads to.
pub(super) struct Episode {
    /// Which one it is, for an order among equal times.
    index: u64,
    /// In the order of time, each incident's in sequence.
    events: VecDeque<Event>,
    /// The numbers that its incidents were given so far.
    numbers: Vec<(IncidentId, IncidentNumber)>,
}

/// An episode as it came out.
pub(super) struct EpisodeResult {
    pub episode: Episode,
    /// The changes that came before, each to be told ahead of its incident.
    pub changes: Vec<Change>,
    /// Commands that the model refused. A story that asks for them is wrong.
    pub refused: Vec<Rejection>,
}

/// Lets the model decide on every step of some stories.
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
    for (member, id, Step { at, actor, command: ask }) in steps {
        let into = match &ask {
            IncidentCommand::Merge { into } => ids.iter().position(|other| other == into),
            _ => None,
        };
        let envelope = Envelope {
            id: CommandId(dice.uuid_at(at)),
            at,
            actor,
            command: Command::Incident { incident: id, command: ask },
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
            Ok((own, others)) => {
                let both = own.into_iter().map(|e| (member, e));
                let others = others.into_iter().map(|e| (into.unwrap_or(member), e));
                for (whose, event) in both.chain(others) {
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
    /// When its next event happens; `None` when there is none.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.events.front().map(|event| event.at)
    }

    /// Whether the next event declares an incident.
    pub fn declares_next(&self) -> Option<IncidentId> {
        self.events
            .front()
            .filter(|event| matches!(event.body, EventBody::Declared { .. }))
            .map(|event| event.incident)
    }

    /// The next event, with the numbers that a store gives. `fresh` is for a declaration.
    pub fn pop(&mut self, fresh: IncidentNumber) -> Option<Event> {
        let mut event = self.events.pop_front()?;
        let known = |id: IncidentId| self.numbers.iter().find(|(i, _)| *i == id).map(|(_, n)| *n);
        match &mut event.body {
            EventBody::Declared { number, .. } => {
                *number = Some(fresh);
                self.numbers.push((event.incident, fresh));
            }
            EventBody::MergedInto { into, number } => *number = known(*into),
            EventBody::Absorbed { from, number, .. } => *number = known(*from),
            EventBody::Linked { link: Link::Incident { id, number } } => *number = known(*id),
            _ => {}
        }
        Some(event)
    }
}

// The one whose next event is the earliest is the greatest, as a heap wants it.
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
