//! The totals over the events of one incident that the pages need beyond its
//! [`Fact`](super::super::Fact).

use chrono::{DateTime, Utc};

use crate::model::event::{Event, EventBody};
use crate::model::id::CommandId;
use crate::model::incident::{Incident, TimelineError};
use crate::model::runbook::is_tick_note;
use crate::model::status::{Source, Status};

/// The fields of [`Incident::missing_fields`], in the order of the bits of [`History::missing`].
pub const MISSING_FIELDS: [&str; 4] = ["category", "services", "symptoms", "team"];

/// The field of the record with its unowned time, which an undo restores.
const UNOWNED: &str = "unowned_s";

/// The progress of an incident's review.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReviewProgress {
    /// No part is written.
    #[default]
    Missing,
    /// It is begun.
    Draft,
    /// It is published.
    Published,
}

/// The totals over the events of an incident, for the measures. Times are milliseconds since 1970
/// (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct History {
    /// How the incident was detected.
    pub source: Source,
    /// When its impact began, where that is recorded.
    pub began_ms: Option<i64>,
    /// For how long service was out: from detection to resolution, and from each reopening to the next
    /// resolution.
    pub out_ms: i64,
    /// How long the response had no lead while it was open.
    pub unowned_ms: i64,
    /// How often it was reopened.
    pub reopened: u32,
    /// The promised updates of stakeholders that came in time, before the promise ran out.
    pub updates_met: u32,
    /// The promised updates that came late or not at all, though the incident was not resolved.
    pub updates_missed: u32,
    /// When the next update is promised, while the incident is not resolved.
    pub update_due_ms: Option<i64>,
    /// The fields that are empty, one bit for each of [`MISSING_FIELDS`].
    pub missing: u8,
    /// Whether it has a runbook.
    pub has_runbook: bool,
    /// Whether a step of a runbook is ticked on its timeline.
    pub runbook_used: bool,
    /// The progress of its review.
    pub review: ReviewProgress,
}

impl Default for History {
    fn default() -> Self {
        Self {
            source: Source::Internal,
            began_ms: None,
            out_ms: 0,
            unowned_ms: 0,
            reopened: 0,
            updates_met: 0,
            updates_missed: 0,
            update_due_ms: None,
            missing: 0,
            has_runbook: false,
            runbook_used: false,
            review: ReviewProgress::Missing,
        }
    }
}

/// A span in which nobody led the response: its start and its end.
type UnownedSpan = (DateTime<Utc>, DateTime<Utc>);

/// Follows the events of an incident and computes its [`History`].
#[derive(Clone, Debug, Default)]
pub struct HistoryFold {
    incident: Option<Incident>,
    /// The spans in which service was out, with the end of each; the last one may be open.
    spans: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// The spans in which nobody led the response, up to the last time that somebody did or it ended. The
    /// record has full seconds.
    unowned: Vec<UnownedSpan>,
    /// The unowned spans that undos have removed, each with the command that did it: they count again
    /// if that one is undone.
    removed_unowned: Vec<(CommandId, Vec<UnownedSpan>)>,
    promise: Option<DateTime<Utc>>,
    /// The promise that the last resolution ended, until an update is sent: it runs again if the resolution is
    /// undone.
    resolved_promise: Option<DateTime<Utc>>,
    met: u32,
    missed: u32,
    runbook_used: bool,
}

impl HistoryFold {
    /// Applies the next event of the timeline.
    ///
    /// # Errors
    ///
    /// If the events so far are not the timeline of one incident.
    pub fn apply(&mut self, event: &Event) -> Result<(), TimelineError> {
        let resolved_before = self.incident.as_ref().and_then(|i| i.summary.resolved_at);
        let unowned_before = self.incident.as_ref().and_then(|i| i.unowned_since);
        match &mut self.incident {
            Some(incident) => incident.apply_next(event)?,
            None => self.incident = Incident::fold([event])?,
        }
        self.follow_unowned(unowned_before, event);
        let Some(incident) = &self.incident else { return Ok(()) };
        let summary = &incident.summary;
        let (resolved_at, detected_at, status) =
            (summary.resolved_at, summary.detected_at, summary.status);
        if self.spans.is_empty() {
            self.spans.push((detected_at, None));
        }
        match (resolved_before, resolved_at) {
            (None, Some(at)) => {
                if let Some(span) = self.spans.last_mut() {
                    span.1 = Some(at);
                }
                // The resolution is an update of its own.
                self.resolved_promise = self.promise;
                self.end_promise(at);
            }
            (Some(resolved), None) => {
                self.spans.push((event.at, None));
                if matches!(event.body, EventBody::MoveUndone { .. }) {
                    self.resume_promise(resolved);
                }
            }
            _ => {}
        }
        if !status.is_open() && status != Status::Resolved {
            self.end_promise(event.at);
        }
        match &event.body {
            EventBody::StakeholdersUpdated { next_due, .. } => {
                self.resolved_promise = None;
                self.end_promise(event.at);
                self.promise = next_due.filter(|_| resolved_at.is_none());
            }
            EventBody::NoteAdded { text } if is_tick_note(text) => self.runbook_used = true,
            _ => {}
        }
        Ok(())
    }

    /// Follows for how long nobody led the response. `since` is since when nobody had led it before the event.
    fn follow_unowned(&mut self, since: Option<DateTime<Utc>>, event: &Event) {
        let now_since = self.incident.as_ref().and_then(|incident| incident.unowned_since);
        let undo = event.undo.as_ref();
        let restores_total = undo.is_some_and(|undo| undo.fields.contains_key(UNOWNED));
        match (since, now_since, undo) {
            // An undone event counts as if it had not happened: the span before it continues.
            (_, Some(since), Some(_)) => {
                let removed = self.unowned.extract_if(.., |(start, _)| *start >= since).collect();
                self.removed_unowned.push((event.command, removed));
            }
            (Some(_), None, Some(undo)) if restores_total => {
                let mut removed = self.removed_unowned.iter();
                if let Some((_, spans)) = removed.find(|(command, _)| *command == undo.command) {
                    self.unowned.extend(spans);
                }
            }
            (Some(since), None, _) => self.unowned.push((since, event.at)),
            _ => {}
        }
    }

    /// Counts the running promise as met or missed by something that happened at a time.
    fn end_promise(&mut self, at: DateTime<Utc>) {
        match self.promise.take() {
            Some(due) if at <= due => self.met += 1,
            Some(_) => self.missed += 1,
            None => {}
        }
    }

    /// Lets the promise run again that a resolution at a time had ended, because the resolution is undone.
    fn resume_promise(&mut self, resolved_at: DateTime<Utc>) {
        let Some(due) = self.resolved_promise.take() else { return };
        let ended = if resolved_at <= due { &mut self.met } else { &mut self.missed };
        *ended = ended.saturating_sub(1);
        self.promise = Some(due);
    }

    /// Returns for how long service was out, in milliseconds: as [`History::out_ms`], and until `now`
    /// where it still is.
    #[must_use]
    pub fn out_ms_until(&self, now: DateTime<Utc>) -> i64 {
        let Some(incident) = &self.incident else { return 0 };
        let is_out = incident.summary.status.is_open();
        let lengths = self.spans.iter().enumerate().map(|(index, (start, end))| {
            // An alert of an earlier time moves the detection.
            let start = if index == 0 { incident.summary.detected_at } else { *start };
            let end = end.unwrap_or(if is_out { now } else { start });
            (end.max(start) - start).num_milliseconds()
        });
        lengths.sum()
    }

    /// Returns the history; `None` without any event.
    #[must_use]
    pub fn finish(self) -> Option<History> {
        let incident = self.incident?;
        let summary = &incident.summary;
        let mut out_ms = 0;
        for (index, (start, end)) in self.spans.iter().enumerate() {
            // An alert of an earlier time moves the detection.
            let start = if index == 0 { summary.detected_at } else { *start };
            let end = end.map_or(start, |end| end.max(start));
            out_ms += (end - start).num_milliseconds();
        }
        let missing = incident.missing_fields();
        let unowned = self.unowned.iter().map(|(start, end)| (*end - *start).num_milliseconds());
        let bits = MISSING_FIELDS.iter().enumerate();
        let bits = bits.filter(|(_, name)| missing.contains(name)).map(|(bit, _)| 1_u8 << bit);
        let review = match &incident.review {
            review if review.published_at.is_some() => ReviewProgress::Published,
            review if review.is_begun() => ReviewProgress::Draft,
            _ => ReviewProgress::Missing,
        };
        Some(History {
            source: summary.source,
            began_ms: incident.began_at.map(|at| at.timestamp_millis()),
            out_ms,
            unowned_ms: unowned.map(|length| length.max(0)).sum(),
            reopened: incident.reopened,
            updates_met: self.met,
            updates_missed: self.missed,
            update_due_ms: self.promise.map(|due| due.timestamp_millis()),
            missing: bits.sum(),
            has_runbook: incident.runbook.is_some(),
            runbook_used: self.runbook_used,
            review,
        })
    }
}
