//! First floor, pure: what other programs report, from the bytes that they send.
//!
//! | sender | module |
//! |---|---|
//! | Alertmanager, and whatever sends alerts in the same form | [`alertmanager`] |
//! | Prometheus and other rulers, which send to an Alertmanager | [`prometheus`]; those who query it, [`matcher`] |
//! | whatever sends to `PagerDuty` | [`events`] |
//! | whatever sends to Opsgenie | [`opsgenie`] |
//! | whatever sends to `GoAlert` | [`goalert`] |
//! | people and programs who send mails | [`mail`] |
//! | whatever deploys something: GitHub, GitLab, `CDEvents` | [`changes`] |
//! | whatever sends JSON, by a mapping; built-in ones are in [`senders`] | [`mapping`] |
//!
//! [`receivers`] reads a message by the name of its receiver. [`rules`] change groups before they are
//! stored, and [`explain()`] says what becomes of a message and why.
//!
//! Senders differ between versions, and nobody mends them in the middle of the night. So a message is
//! refused only if it can't be told what it reports; a field that is missing, unknown or of another
//! type is as good as absent. Texts are bounded here ([`crate::model::alert`]).

pub mod alertmanager;
pub mod changes;
mod error;
pub mod events;
mod explain;
mod fields;
pub mod goalert;
mod identity;
pub mod mail;
pub mod mapping;
pub mod matcher;
pub mod opsgenie;
mod otlp;
pub mod prometheus;
pub mod receivers;
pub mod rules;
pub mod senders;
mod settings;
pub mod signature;
pub mod sns;
pub mod toml_text;

pub use error::IngestError;
pub use explain::{ExplainedGroup, Explanation, FieldChange, explain, explain_groups};
pub use identity::fingerprint;
pub use settings::{IngestSettings, SecretSource, Sender};
