//! Reads alerts from any JSON, by a mapping: for each field, its path in the message.
//!
//! A mapping is data, from the settings file (`[ingest.NAME]`) or from one of the files of
//! [`super::senders`]. See `src/docs/guide/ingest.md` for its language.
//!
//! | module | |
//! |---|---|
//! | `path` | where a value is in a message |
//! | `template` | texts with the values of names in them |
//! | `table` | what stands for a text, such as `0` for resolved |
//! | `expression` | a field: paths, templates and constants, of which the first that has a text counts |
//! | `definition` | a mapping, and how it is read from TOML |
//! | `message` | a message as it arrives: JSON, a form, or parts of a form |
//! | `event_data` | the data of `CloudEvents` in other forms |
//! | `status` | what a message says of an alert |
//! | `labels` | labels as senders write them |
//! | `key` | keys as they are stored |
//! | `scan` | the alerts of a message, field by field |
//! | `groups` | the groups that these alerts make |

mod definition;
mod event_data;
mod expression;
mod groups;
pub(super) mod key;
mod labels;
mod message;
mod path;
mod scan;
mod status;
mod table;
pub(super) mod template;
mod time;

pub use definition::{DefinitionError, KEYS, Mapping, SignatureForm};
pub use groups::{Mapped, read};
pub use message::Message;
pub use scan::{FieldReading, Reading};
pub use status::Status;

pub(super) use table::matches_glob;
pub(super) use time::parse_time;
