//! Maintenance windows: times in which what is expected to fire reaches nobody.
//!
//! A window has a filter, which says what it is about ([`MaintenanceFilter`]), and a time, once or again
//! and again by the clock of a zone ([`Recurrence`]). What it mutes is only held back: alerts are stored
//! as ever, and what still fires at its end is released ([`Review`]). Resolutions and acknowledgements
//! are never muted.
//!
//! Everything here is pure; nothing is stored yet.

mod filter;
mod label_test;
mod recurrence;
mod review;
mod window;

pub use filter::{MaintenanceFilter, MutedItem};
pub use label_test::{InvalidLabelTest, LabelTest};
pub use recurrence::{Occurrence, Recurrence, Repeats};
pub use review::Review;
pub use window::{MAX_ONCE, MAX_RECURRING, MaintenanceWindow, WindowState};
