//! Maintenance windows: times in which what is expected to fire reaches nobody.
//!
//! A window has a filter, which says what it is about ([`MaintenanceFilter`]), and a time, once or again
//! and again by the clock of a zone ([`Recurrence`]).
//!
//! While it is active, alerts are stored and incidents declared as ever, but an incident of which all
//! alerts that fire are muted is marked ([`Mute`]): no level of its policy is called, nothing is sent
//! about it, and it rings no bell. It stays in the queue, with what mutes it. What programs declare
//! without alerts is muted by its own fields; what people report is not, unless the window says so.
//! An incident that somebody has acknowledged, or about which a person has done something, is never
//! muted. Acknowledgements and resolutions are carried out as ever, and so is a call of a level by a
//! person, which ends the mute.
//!
//! At the end of a window, and when it is changed or ended before, what still fires and nothing else
//! mutes is released: the mute ends by an event, and the escalation policy begins anew from then. That
//! happens once among all programs, in the transaction that finds it. An alert that joins a muted
//! incident and is not muted itself releases it at once.
//!
//! The clock of the service level to acknowledge stands still while an incident is muted, and the time
//! does not count in the mean time to acknowledge: nobody could know of it. The clock to resolve goes
//! on, because users are affected all the same.

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
