//! The incident domain: the records, the commands that change them and the rules that decide.
//!
//! Everything here is pure: no I/O, no clock, no async, no terminal. Functions that depend on the
//! time take `now` as a parameter. Terms follow ITIL 4 incident management and common SRE usage.
//! This module uses no other module of the crate.

pub mod actor;
pub mod administration;
pub mod alert;
pub mod anomaly;
pub mod attributes;
pub mod bad_field;
pub mod change;
pub mod check;
pub mod checklist;
pub mod command;
pub mod coverage;
pub mod decide;
pub mod directory;
pub mod escalation;
pub mod event;
mod event_kind;
pub mod extra;
pub mod filter;
pub mod handoff;
pub mod id;
pub mod incident;
pub mod last_word;
pub mod link;
pub mod maintenance;
mod marked_names;
pub mod measures;
pub mod name_index;
pub mod naming;
pub mod notification;
pub mod oncall;
pub mod priority;
pub mod problem;
pub mod queue;
pub mod readiness;
pub mod rejection;
pub mod review;
pub mod rules;
pub mod runbook;
pub mod searched_texts;
pub mod service_level;
pub mod signals;
pub mod similar;
pub mod status;
pub mod stored;
pub mod summary;
pub mod text;
pub mod time;
pub mod undo;
pub mod unknown;
mod unknown_event;
pub mod unknown_names;
mod verdict;

pub use actor::{Actor, PersonRef};
pub use attributes::Attributes;
pub use command::{Command, Envelope, IncidentCommand};
pub use decide::decide;
pub use event::{Event, EventBody};
pub use extra::Extra;
pub use id::{ChangeId, CommandId, EventId, IncidentId, IncidentNumber, ProblemId};
pub use incident::Incident;
pub use last_word::LastWord;
pub use priority::{Impact, Priority, Urgency};
pub use rejection::{DatedRejection, DatedSentence, Rejection, RejectionKind};
pub use rules::Rules;
pub use status::Status;
pub use summary::Summary;
pub use unknown_names::UnknownNames;
