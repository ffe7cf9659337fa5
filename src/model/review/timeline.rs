//! The timeline of a review, picked from the events of the incident.

use chrono::{DateTime, Utc};

use super::suggestions::event_line;
use crate::model::directory::Directory;
use crate::model::event::{Event, EventBody};

/// An event that may appear in the timeline of a review.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineChoice {
    /// Its line, as Markdown, not sanitized.
    pub line: String,
    /// Whether it is selected.
    pub is_picked: bool,
}

/// Returns the events that may be picked, in order. Picked are those that `written`, the text of the
/// section, has; while nothing is written, the milestones.
#[must_use]
pub fn timeline_choices(
    written: &str,
    events: &[Event],
    directory: Option<&Directory>,
    time: &dyn Fn(DateTime<Utc>) -> String,
) -> Vec<TimelineChoice> {
    let is_empty = written.trim().is_empty();
    let has = |line: &str| written.lines().any(|other| other.trim() == line.trim());
    let events = events.iter().filter(|event| is_of_the_response(&event.body));
    let choice = |event: &Event| {
        let line = event_line(event, directory, time);
        let is_picked = if is_empty { event.body.is_milestone() } else { has(&line) };
        TimelineChoice { line, is_picked }
    };
    events.map(choice).collect()
}

/// Returns the text of the section with the selected lines, followed by the parts of `written` that
/// belong to no event.
#[must_use]
pub fn timeline_text(written: &str, choices: &[TimelineChoice]) -> String {
    let picked = choices.iter().filter(|choice| choice.is_picked);
    let stands_for_event = |line: &str| choices.iter().any(|one| one.line.trim() == line.trim());
    let others = written.lines().filter(|line| !line.trim().is_empty() && !stands_for_event(line));
    picked.map(|choice| choice.line.as_str()).chain(others).collect::<Vec<_>>().join("\n")
}

/// Whether an event is part of the response, rather than of later writing about it.
fn is_of_the_response(body: &EventBody) -> bool {
    !matches!(
        body,
        EventBody::ReviewWritten { .. }
            | EventBody::ReviewSubmitted { .. }
            | EventBody::ReviewPublished
            | EventBody::ActionItemSet { .. }
            | EventBody::FollowUpSet { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(line: &str, is_picked: bool) -> TimelineChoice {
        TimelineChoice { line: line.into(), is_picked }
    }

    #[test]
    fn picked_lines_come_before_what_people_wrote() {
        let choices = [choice("- 09:00 a", true), choice("- 09:05 b", false)];
        let written = "- 09:05 b\nIt was a Monday.\n\n- 09:00 a";
        assert_eq!(timeline_text(written, &choices), "- 09:00 a\nIt was a Monday.");
        assert_eq!(timeline_text("", &choices), "- 09:00 a");
        assert_eq!(timeline_text("", &[]), "");
    }
}
