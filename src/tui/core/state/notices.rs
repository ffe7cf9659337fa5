//! Messages to the viewer that disappear, and requests for attention.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::model::{CommandId, IncidentId};

use crate::tui::urgent::Urgent;

/// A sentence that is shown on the keys line for a few seconds.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct Toast {
    pub text: String,
    /// Whether the sentence reports a refusal or a failure.
    pub is_error: bool,
}

/// The last failure, for the popup that shows its details.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct Failure {
    /// The operation that failed, as in "reading INC-2041".
    pub operation: String,
    /// The error in full, possibly of several lines.
    pub message: String,
    pub at: DateTime<Utc>,
}

/// The last seen state of an open incident.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeenRow {
    /// Whether it was assigned to the viewer.
    pub is_mine: bool,
    /// Whether it was an unassigned urgent incident.
    pub is_unclaimed: bool,
    /// Whether a maintenance window muted it.
    pub is_muted: bool,
    /// The number of its last event.
    pub seq: u32,
}

/// Incidents for which the viewer's attention is requested (bell or desktop message).
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The open incidents seen so far. `None` until all of them have been read once.
    pub seen: Option<HashMap<IncidentId, SeenRow>>,
    /// Incidents that the viewer assigned to themselves or declared: these changes need no
    /// attention.
    pub own_changes: HashSet<IncidentId>,
    /// Whether attention was requested a moment ago: further requests are collected until the
    /// throttle ends.
    pub throttled: bool,
    /// Numbers of the incidents collected for the next request.
    pub waiting: Vec<String>,
}

/// Sentences for the viewer, and requests for the viewer's attention.
#[derive(Debug, Default)]
pub struct Notices {
    /// The sentence that is shown on the keys line.
    pub toast: Option<Toast>,
    /// The number of the latest toast, so that an old timer does not remove a new one.
    pub toast_seq: u64,
    /// The last failure, until another one replaces it.
    pub failure: Option<Failure>,
    /// Incidents for which the viewer's attention is requested.
    pub attention: Attention,
    /// New unassigned urgent incidents.
    pub urgent: Urgent,
    /// Refusals of the outbox that were reported: the command, and when it was refused.
    pub reported_refusals: HashSet<(CommandId, DateTime<Utc>)>,
    /// When the person tried to quit while programs ran: a second attempt quits.
    pub quit_armed_at: Option<DateTime<Utc>>,
}
