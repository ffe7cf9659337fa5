//! What the pages need of the events of one incident, beyond its [`Fact`](super::super::Fact).

use chrono::{DateTime, Utc};

use crate::model::event::{Event, EventBody};
use crate::model::incident::{Incident, TimelineError};
use crate::model::runbook::is_tick_note;
use crate::model::status::{Source, Status};

/// The fields of [`Incident::missing_fields`], in the order of the bits of [`History::missing`].
pub const MISSING_FIELDS: [&str; 4] = ["category", "services", "symptoms", "team"];

/// How far the review of an incident is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReviewProgress {
    /// Nothing of it is written.
    #[default]
    Missing,
    /// It is begun.
    Draft,
    /// It is published.
    Published,
}

/// What the events of an incident add up to, for the measures. Times are milliseconds since 1970 (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct History {
    /// How the incident was detected.
    pub source: Source,
    /// When its impact began, where that is recorded.
    pub began_ms: Option<i64>,
    /// For how long service was out: from detection to resolution, and from each reopening to the next
    /// resolution.
    pub out_ms: i64,
    /// For how long nobody led the response while it was open.
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
    /// How far its review is.
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

/// Follows the events of an incident and computes its [`History`].
#[derive(Clone, Debug, Default)]
pub struct HistoryFold {
    incident: Option<Incident>,
    /// The spans in which service was out, with the end of each; the last one may be open.
    spans: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    promise: Option<DateTime<Utc>>,
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
        match &mut self.incident {
            Some(incident) => incident.apply_next(event)?,
            None => self.incident = Incident::fold([event])?,
        }
        let Some(summary) = self.incident.as_ref().map(|incident| &incident.summary) else {
            return Ok(());
        };
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
                self.end_promise(at);
            }
            (Some(_), None) => self.spans.push((event.at, None)),
            _ => {}
        }
        if !status.is_open() && status != Status::Resolved {
            self.end_promise(event.at);
        }
        match &event.body {
            EventBody::StakeholdersUpdated { next_due, .. } => {
                self.end_promise(event.at);
                self.promise = next_due.filter(|_| resolved_at.is_none());
            }
            EventBody::NoteAdded { text } if is_tick_note(text) => self.runbook_used = true,
            _ => {}
        }
        Ok(())
    }

    /// Counts the running promise as met or missed by something that happened at a time.
    fn end_promise(&mut self, at: DateTime<Utc>) {
        match self.promise.take() {
            Some(due) if at <= due => self.met += 1,
            Some(_) => self.missed += 1,
            None => {}
        }
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
            unowned_ms: incident.unowned_s.saturating_mul(1000),
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
