//! Anomalies in an imported timeline: events that no command produces.
//!
//! An import accepts such an event unchanged, because it may record what really happened in another
//! program. It is counted, and a check of the store reports it. Anything that rules or settings
//! could allow in the future is not an anomaly.

use super::command::Link;
use super::priority::{Level, Matrix, Priority};
use super::status::Status;
use super::{Event, EventBody, Incident};

/// A kind of event that no command produces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Anomaly {
    /// A priority that the matrix does not give, without a reason.
    PriorityWithoutReason,
    /// An incident that is merged into itself or linked to itself.
    RefersToItself,
    /// An incident that is reopened while it is open.
    ReopenedWhileOpen,
    /// An incident that is acknowledged a second time.
    AcknowledgedTwice,
    /// An incident that ends after it has ended, or is closed before it is resolved.
    EndedTwice,
    /// An event that happened before what it builds on.
    TooEarly,
}

impl Anomaly {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::PriorityWithoutReason,
        Self::RefersToItself,
        Self::ReopenedWhileOpen,
        Self::AcknowledgedTwice,
        Self::EndedTwice,
        Self::TooEarly,
    ];

    /// Returns the kind as a program reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PriorityWithoutReason => "priority_without_reason",
            Self::RefersToItself => "refers_to_itself",
            Self::ReopenedWhileOpen => "reopened_while_open",
            Self::AcknowledgedTwice => "acknowledged_twice",
            Self::EndedTwice => "ended_twice",
            Self::TooEarly => "too_early",
        }
    }

    /// Returns the anomaly as a phrase that can follow a count.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::PriorityWithoutReason => "with a priority against the matrix and no reason",
            Self::RefersToItself => "merged into itself or linked to itself",
            Self::ReopenedWhileOpen => "reopened while open",
            Self::AcknowledgedTwice => "acknowledged a second time",
            Self::EndedTwice => "ended or closed out of turn",
            Self::TooEarly => "dated before what it builds on",
        }
    }

    /// Returns the anomaly of an event, if it has one. `before` is the record before it, `None` for
    /// a declaration.
    #[must_use]
    pub fn find(before: Option<&Incident>, event: &Event, matrix: &Matrix) -> Option<Self> {
        if let Some(odd) = Self::of_priority(event, matrix) {
            return Some(odd);
        }
        let before = before?;
        let status = before.summary.status;
        let refers_to = match &event.body {
            EventBody::MergedInto { into, .. } => Some(*into),
            EventBody::Absorbed { from, .. } | EventBody::AlertsMovedIn { from, .. } => Some(*from),
            EventBody::AlertsMovedOut { to, .. } => Some(*to),
            EventBody::Linked { link: Link::Incident { id, .. } } => Some(*id),
            _ => None,
        };
        if refers_to == Some(event.incident) {
            return Some(Self::RefersToItself);
        }
        match &event.body {
            // Only a later version can tell what an unknown status allows.
            _ if matches!(status, Status::Unknown(_)) => None,
            EventBody::Reopened { .. } if status.is_open() => Some(Self::ReopenedWhileOpen),
            EventBody::Acknowledged if before.acknowledged_by.is_some() => {
                Some(Self::AcknowledgedTwice)
            }
            EventBody::Resolved { .. } | EventBody::MergedInto { .. } if !status.is_open() => {
                Some(Self::EndedTwice)
            }
            EventBody::Closed if status != Status::Resolved => Some(Self::EndedTwice),
            _ if event.at < before.earliest_time(&event.body) => Some(Self::TooEarly),
            _ => None,
        }
    }

    fn of_priority(event: &Event, matrix: &Matrix) -> Option<Self> {
        let (impact, urgency, priority) = match &event.body {
            EventBody::Declared { priority, declaration, .. } => {
                (declaration.impact, declaration.urgency, *priority)
            }
            EventBody::Prioritized { impact, urgency, priority, override_reason: None, .. } => {
                (*impact, *urgency, *priority)
            }
            _ => return None,
        };
        // The matrix of a later version covers the levels that it defines.
        let is_of_later_version = matches!(impact, Level::Unknown(_))
            || matches!(urgency, Level::Unknown(_))
            || matches!(priority, Priority::Unknown(_));
        let is_usual = is_of_later_version || matrix.priority(impact, urgency) == priority;
        (!is_usual).then_some(Self::PriorityWithoutReason)
    }
}

/// The number of events of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AnomalyCounts([u64; Anomaly::ALL.len()]);

impl AnomalyCounts {
    /// Counts one more event.
    pub fn add(&mut self, anomaly: Anomaly) {
        if let Some(at) = Anomaly::ALL.iter().position(|kind| *kind == anomaly) {
            self.0[at] += 1;
        }
    }

    /// Returns the number of events of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Returns the kinds that occurred, with their counts.
    pub fn counted(&self) -> impl Iterator<Item = (Anomaly, u64)> + '_ {
        Anomaly::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}
