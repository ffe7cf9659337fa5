//! New P1s have the screen for a while, but not for ever.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::IncidentId;

/// How long a new P1 takes the screen.
pub const TAKEOVER: TimeDelta = TimeDelta::seconds(20);
/// The longest time that new P1s take the screen one after the other; then the board is shown for
/// [`TAKEOVER`] at least, whatever comes.
pub const HELD: TimeDelta = TimeDelta::seconds(60);

/// The P1s that have the screen.
#[derive(Debug, Default)]
pub(super) struct Takeovers {
    /// Each until its time, the last one last.
    each: Vec<(IncidentId, DateTime<Utc>)>,
    /// Since when the screen has been taken without a break.
    held_since: Option<DateTime<Utc>>,
    /// Until then nothing takes the screen.
    rest_until: Option<DateTime<Utc>>,
}

impl Takeovers {
    /// A new P1 takes the screen, alone or beside others.
    pub(super) fn take(&mut self, incident: IncidentId, at: DateTime<Utc>) {
        if self.rest_until.is_some_and(|until| at < until) {
            return;
        }
        self.each.retain(|(id, _)| *id != incident);
        self.each.push((incident, at + TAKEOVER));
    }

    /// Time has passed, or incidents have changed: those whose time is over, or that are no longer
    /// `there`, give the screen back.
    pub(super) fn pass(&mut self, at: DateTime<Utc>, there: impl Fn(IncidentId) -> bool) {
        // A clock that was set back must not hold the screen.
        let lasts = |until: DateTime<Utc>| at < until && until - at <= TAKEOVER;
        self.each.retain(|(id, until)| lasts(*until) && there(*id));
        if self.each.is_empty() {
            self.held_since = None;
            return;
        }
        let since = *self.held_since.get_or_insert(at);
        if at - since >= HELD || at < since {
            self.each.clear();
            self.held_since = None;
            self.rest_until = Some(at + TAKEOVER);
        }
    }

    /// The last first.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = IncidentId> {
        self.each.iter().rev().map(|(id, _)| *id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }
}
