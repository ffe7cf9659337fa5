//! The mute in the row of an incident.

use chrono::{DateTime, Utc};

use super::mute::Mute;
use crate::model::status::Status;
use crate::model::summary::Summary;

impl Summary {
    /// Returns the mute of the incident: nobody is called for it and it rings no bell. `None` if it
    /// is not muted.
    #[must_use]
    pub fn mute(&self) -> Option<&Mute> {
        self.muted.as_ref().filter(|mute| mute.ended_at.is_none())
    }

    /// Returns whether a maintenance window mutes the incident.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.mute().is_some()
    }

    /// Returns whether a window may mute the incident: nobody has acknowledged it, and no person has
    /// done anything about it.
    #[must_use]
    pub fn may_be_muted(&self) -> bool {
        self.awaits_acknowledgement() && self.last_word.is_none()
    }

    /// Returns whether nobody has acknowledged the incident yet.
    #[must_use]
    pub fn awaits_acknowledgement(&self) -> bool {
        self.status == Status::Triggered && self.acknowledged_at.is_none()
    }

    /// Begins to mute the incident. If it is muted already, only the window and the end change.
    pub(in crate::model) fn begin_mute(&mut self, mut mute: Mute) {
        if let Some(before) = self.mute() {
            mute.since = before.since;
        }
        self.muted = Some(mute);
    }

    /// Ends the mute, if there is one. The time counts as muted.
    pub(in crate::model) fn end_mute(&mut self, at: DateTime<Utc>) {
        if let Some(mute) = self.muted.as_mut().filter(|mute| mute.ended_at.is_none()) {
            mute.ended_at = Some(at);
            self.muted_ms += (at - mute.since).num_milliseconds().max(0);
        }
    }
}
