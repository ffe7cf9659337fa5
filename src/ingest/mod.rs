//! First floor, pure: what other programs report, from the bytes that they send.
//!
//! | sender | module |
//! |---|---|
//! | Alertmanager, and whatever sends alerts in the same form | [`alertmanager`] |
//!
//! [`receivers`] reads a message by the name of its receiver.
//!
//! Senders differ between versions, and nobody mends them in the middle of the night. So a message is
//! refused only if it can't be told what it reports; a field that is missing, unknown or of another
//! type is as good as absent. Texts are bounded here ([`crate::model::alert`]).

pub mod alertmanager;
mod error;
mod fields;
pub mod receivers;
mod settings;

pub use error::IngestError;
pub use settings::IngestSettings;
