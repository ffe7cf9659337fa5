//! Steps that were ticked: notes on the timeline that say so.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::page::Step;
use crate::model::text::{sanitize, truncate};
use crate::model::{Event, EventBody, EventId};

/// The most columns of a step in its note.
const MAX_COLUMNS: usize = 300;

/// A step that was ticked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tick {
    /// Who did it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The note that ticks a step, counted from 0.
#[must_use]
pub fn tick_note(name: &str, step: usize, text: &str) -> String {
    format!("{}{} done: {}", note_prefix(name), step + 1, truncate(text, MAX_COLUMNS))
}

fn note_prefix(name: &str) -> String {
    format!("runbook {} · step ", sanitize(name))
}

/// Which steps the timeline says are done: for each step, who ticked it first.
///
/// A step is known by its text, so that a runbook may be rewritten while it is used; by its number
/// only where two have the same text. A note that was corrected says what it says now.
#[must_use]
pub fn find_ticks(name: &str, steps: &[Step], events: &[Event]) -> Vec<Option<Tick>> {
    let mut corrected: HashMap<EventId, &str> = HashMap::new();
    for event in events {
        if let EventBody::NoteCorrected { note, text } = &event.body {
            corrected.insert(*note, text);
        }
    }
    let begins = note_prefix(name);
    let mut ticks = vec![None; steps.len()];
    for event in events {
        let EventBody::NoteAdded { text } = &event.body else { continue };
        let text = corrected.get(&event.id).copied().unwrap_or(text);
        let parts = text.strip_prefix(&begins).and_then(|rest| rest.split_once(" done: "));
        let Some((number, said)) = parts else { continue };
        let same: Vec<usize> = (0..steps.len())
            .filter(|step| truncate(&steps[*step].text, MAX_COLUMNS) == said)
            .collect();
        let number = number.parse().ok().and_then(|number: usize| number.checked_sub(1));
        let step = match &same[..] {
            [only] => Some(*only),
            several => number.filter(|number| several.contains(number)),
        };
        if let Some(step) = step
            && ticks[step].is_none()
        {
            ticks[step] = Some(Tick { by: event.actor.name().to_owned(), at: event.at });
        }
    }
    ticks
}
