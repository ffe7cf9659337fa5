//! Commands that are put into the outbox together.

use chrono::TimeDelta;

use crate::model::Envelope;

/// Commands that were requested together about one incident, with its label for people.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The commands in order; never empty.
    pub envelopes: Vec<Envelope>,
    /// The incident's number, or `new`.
    pub label: String,
    /// Title of the incident.
    pub title: String,
    /// Handle of the person that the remote takes the requester for, if it has reported that.
    pub requester: Option<String>,
    /// The remote's time minus that of the clock that made the times of the commands, if it was
    /// measured.
    pub clock_offset: Option<TimeDelta>,
    /// Public id of the current token, if it is known.
    pub token: Option<String>,
}
