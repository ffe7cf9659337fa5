//! Settings for everything that reports silence or forgotten work: heartbeats, error budgets,
//! reminders, acknowledgements that expire, and updates for stakeholders.

mod action_items;
mod burn;
mod definition;
mod definition_edit;
mod heartbeat;
mod notice;
mod reminder;
pub mod self_test;
mod stakeholders;

pub use action_items::{days_of_notices, notices_of_action_items};
pub use burn::{BURN, Burn, BurnWindow, burn_ending};
pub use definition::{HeartbeatDefinition, HeartbeatPatch, IntervalUnit, MAX_INTERVAL_S};
pub use definition_edit::{HeartbeatEdit, HeartbeatFault, expected_heartbeats};
pub use heartbeat::{
    BeatOutcome, DEFAULT_GRACE_S, Heartbeat, HeartbeatCheck, HeartbeatRule, MAX_HEARTBEATS,
    describe_all, heartbeat_key, levels_of,
};
pub use notice::{Notice, notices_of_shifts, notices_of_windows};
pub use reminder::{DueReminder, ReminderSettings, next_reminder, plan_reminder};
pub use self_test::{SELF_TEST, SelfTestRule, TestChange, TestRecord, WatchRule};
pub use stakeholders::{StakeholderRule, StakeholderTopic, plan_update};

use crate::model::escalation::AcknowledgementExpiry;
use crate::model::priority::Matrix;

/// Heartbeats and reminders of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignalSettings {
    /// The heartbeats, by name.
    pub heartbeats: Vec<HeartbeatRule>,
    /// When an acknowledgement expires if no activity follows it.
    pub acknowledgement_expiry: AcknowledgementExpiry,
    /// The subjects of reminders.
    pub reminders: ReminderSettings,
    /// The recipients of updates.
    pub stakeholders: Vec<StakeholderRule>,
    /// When a server tests itself; `None` if it does not.
    pub self_test: Option<SelfTestRule>,
    /// The servers that are watched.
    pub watches: Vec<WatchRule>,
    /// How the priorities of incidents follow that are declared because of these settings; set where they
    /// are used.
    pub matrix: Matrix,
}

impl SignalSettings {
    /// Returns whether anything depends on the incidents that are open.
    #[must_use]
    pub fn follows_incidents(&self) -> bool {
        !self.acknowledgement_expiry.is_off() || self.reminders.follows_incidents()
    }

    /// Returns the heartbeat with a name.
    #[must_use]
    pub fn heartbeat(&self, name: &str) -> Option<&HeartbeatRule> {
        self.heartbeats.iter().find(|rule| rule.name == name)
    }
}
