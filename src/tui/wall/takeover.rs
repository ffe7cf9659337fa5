//! New P1s have the screen for a while, but not for ever.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::IncidentId;

/// How long a new P1 takes the screen.
pub const TAKEOVER_DURATION: TimeDelta = TimeDelta::seconds(20);
/// The longest time that new P1s take the screen one after the other; then the board is shown for
/// [`TAKEOVER`] at least, whatever comes.
pub const MAX_TAKEOVER: TimeDelta = TimeDelta::seconds(60);

/// The P1s that have the screen.
#[derive(Debug, Default)]
pub(super) struct Takeovers {
    /// Each until its time, the last one last.
    active: Vec<(IncidentId, DateTime<Utc>)>,
    /// Since when the screen has been taken without a break.
    active_since: Option<DateTime<Utc>>,
    /// Until then nothing takes the screen.
    blocked_until: Option<DateTime<Utc>>,
}

impl Takeovers {
    /// A new P1 takes the screen, alone or beside others.
    pub(super) fn start(&mut self, incident: IncidentId, at: DateTime<Utc>) {
        if self.blocked_until.is_some_and(|until| at < until) {
            return;
        }
        self.active.retain(|(id, _)| *id != incident);
        self.active.push((incident, at + TAKEOVER_DURATION));
    }

    /// Time has passed, or incidents have changed: those whose time is over, or that are no longer
    /// `there`, give the screen back.
    pub(super) fn expire(&mut self, at: DateTime<Utc>, there: impl Fn(IncidentId) -> bool) {
        // A clock that was set back must not hold the screen.
        let lasts = |until: DateTime<Utc>| at < until && until - at <= TAKEOVER_DURATION;
        self.active.retain(|(id, until)| lasts(*until) && there(*id));
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

    /// The last first.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = IncidentId> {
        self.active.iter().rev().map(|(id, _)| *id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }
}
