//! Maintenance windows: times in which expected alerts call nobody.
//!
//! A window has a filter ([`MaintenanceFilter`]), and a time, once or recurring in a time zone
//! ([`Recurrence`]).
//!
//! While it is active, alerts are stored and incidents declared as usual, but an incident whose
//! firing alerts are all muted is marked ([`Mute`]): no level of its policy is called, nothing is
//! sent about it, and it rings no bell. It stays in the queue, with the window that mutes it. An
//! incident that programs declare without alerts is muted by its own fields; one that a person
//! reports is not, unless the window includes those. An incident that somebody has acknowledged, or
//! about which a person has done something, is never muted. Acknowledgements and resolutions are
//! carried out as usual, and so is a call of a level by a person, which ends the mute.
//!
//! At the end of a window, and when it is changed or ended early, incidents that still fire and
//! that no other window mutes are released: the mute ends by an event, and the escalation policy
//! restarts from then. That happens once among all programs, in the transaction that finds it. An
//! alert that joins a muted incident and is not muted itself releases it immediately.
//!
//! The clock of the service level to acknowledge is stopped while an incident is muted, and the
//! time does not count in the mean time to acknowledge: nobody could know of it. The clock to
//! resolve continues, because users are affected nevertheless.

mod checks;
mod filter;
mod filter_text;
mod item;
mod label_test;
mod mute;
mod muted_row;
mod recurrence;
mod refusal;
mod request;
mod review;
mod window;

pub use filter::{MaintenanceFilter, MutedItem};
pub use filter_text::InvalidMaintenanceFilter;
pub use item::ItemLabels;
pub use label_test::{InvalidLabelTest, LabelRegex, LabelTest, LabelValue};
pub use mute::Mute;
pub use recurrence::{Occurrence, Recurrence, Repeats};
pub use refusal::MaintenanceRefusal;
pub use request::{
    MaintenanceChange, MaintenanceRequest, MaintenanceSearch, MutedEntry, MutedSearch, NewWindow,
};
pub use review::{AlertMuting, MAX_PREVIEW, MaintenancePreview, Muting, PreviewEntry, muting};
pub use window::{MAX_ONCE, MAX_RECURRING, MaintenanceWindow, WindowState, short_id};
