//! Takeovers: a new P1 has the screen for a limited time.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::IncidentId;

/// How long a new P1 has the screen.
pub const TAKEOVER_DURATION: TimeDelta = TimeDelta::seconds(20);
/// The longest time that consecutive takeovers have the screen. Then the board is shown for at
/// least [`TAKEOVER_DURATION`], whatever happens.
pub const MAX_TAKEOVER: TimeDelta = TimeDelta::seconds(60);

/// The P1s that have the screen.
#[derive(Debug, Default)]
pub(super) struct Takeovers {
    /// Each incident with the time at which its takeover ends, newest last.
    active: Vec<(IncidentId, DateTime<Utc>)>,
    /// Since when there has been a takeover without a break.
    active_since: Option<DateTime<Utc>>,
    /// Until then no takeover starts.
    blocked_until: Option<DateTime<Utc>>,
}

impl Takeovers {
    /// Gives the screen to a new P1, alone or together with others.
    pub(super) fn start(&mut self, incident: IncidentId, at: DateTime<Utc>) {
        if self.blocked_until.is_some_and(|until| at < until) {
            return;
        }
        self.active.retain(|(id, _)| *id != incident);
        self.active.push((incident, at + TAKEOVER_DURATION));
    }

    /// Ends the takeovers whose time is up, and those of incidents for which `is_open` is false.
    pub(super) fn expire(&mut self, at: DateTime<Utc>, is_open: impl Fn(IncidentId) -> bool) {
        // A clock that was set back must not prolong a takeover.
        let lasts = |until: DateTime<Utc>| at < until && until - at <= TAKEOVER_DURATION;
        self.active.retain(|(id, until)| lasts(*until) && is_open(*id));
        if self.active.is_empty() {
            self.active_since = None;
            return;
        }
        let since = *self.active_since.get_or_insert(at);
        if at - since >= MAX_TAKEOVER || at < since {
            self.active.clear();
            self.active_since = None;
            self.blocked_until = Some(at + TAKEOVER_DURATION);
        }
    }

    /// Returns the incidents, newest first.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = IncidentId> {
        self.active.iter().rev().map(|(id, _)| *id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }
}
