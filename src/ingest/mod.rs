//! First floor, pure: parsing of other programs' reports.
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
//! [`receivers`] reads a message by the name of its receiver. [`rules`] change groups before they
//! are stored, and [`explain()`] explains how a message is processed.
//!
//! Senders differ between versions, and nobody corrects them in the middle of the night. So a
//! message is refused only if its report can't be determined; a field of another type is treated
//! like an absent or unknown one. Texts are bounded here ([`crate::model::alert`]).

pub mod alertmanager;
pub mod changes;
mod error;
pub mod events;
mod explain;
mod fields;
pub mod goalert;
mod identity;
pub mod mail;
mod mail_text;
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
pub use mail_text::mail_text;
pub use settings::{IngestSettings, SecretSource, Sender};
