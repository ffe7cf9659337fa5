//! Ticked steps of runbooks. A step is ticked by a note of a fixed form on the timeline.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::page::Step;
use crate::model::text::{sanitize, truncate};
use crate::model::{Event, EventBody, EventId};

/// Longest text of a step in its note, in columns.
const MAX_COLUMNS: usize = 300;

/// Records that a step was ticked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tick {
    /// Name of the person who ticked the step.
    pub by: String,
    /// When the step was ticked.
    pub at: DateTime<Utc>,
}

/// Returns the text of the note that ticks a step. `step` counts from 0.
#[must_use]
pub fn tick_note(name: &str, step: usize, text: &str) -> String {
    format!("{}{} done: {}", note_prefix(name), step + 1, truncate(text, MAX_COLUMNS))
}

fn note_prefix(name: &str) -> String {
    format!("runbook {} · step ", sanitize(name))
}

/// Returns the name of the runbook of which a note ticks a step; `None` for any other note.
#[must_use]
pub fn ticked_runbook(note: &str) -> Option<&str> {
    let (name, step) = note.strip_prefix("runbook ")?.split_once(" · step ")?;
    let (number, _) = step.split_once(" done: ")?;
    number.parse::<usize>().is_ok().then_some(name)
}

/// Returns whether a note records a completed step of a runbook.
#[must_use]
pub fn is_tick_note(text: &str) -> bool {
    ticked_runbook(text).is_some()
}

/// Finds the ticked steps of a runbook on a timeline; returns the first tick of each step.
///
/// A step is identified by its text, so that a runbook may be rewritten while it is used, and by
/// its number only where several steps have the same text. Of a corrected note the current text
/// counts.
#[must_use]
pub fn find_ticks(name: &str, steps: &[Step], events: &[Event]) -> Vec<Option<Tick>> {
    let mut corrected: HashMap<EventId, &str> = HashMap::new();
    for event in events {
        if let EventBody::NoteCorrected { note, text } = &event.body {
            corrected.insert(*note, text);
        }
    }
    let prefix = note_prefix(name);
    let mut ticks = vec![None; steps.len()];
    for event in events {
        let EventBody::NoteAdded { text } = &event.body else { continue };
        let text = corrected.get(&event.id).copied().unwrap_or(text);
        let parts = text.strip_prefix(&prefix).and_then(|rest| rest.split_once(" done: "));
        let Some((number, ticked_text)) = parts else { continue };
        let same: Vec<usize> = (0..steps.len())
            .filter(|step| truncate(&steps[*step].text, MAX_COLUMNS) == ticked_text)
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
