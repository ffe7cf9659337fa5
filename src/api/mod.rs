//! Wire types of redphone's own HTTP API, shared by the server and its client.
//!
//! The API is [`crate::backend::Backend`] over HTTP: arguments and results of its methods are sent
//! as JSON of the model's own types. This module adds the paths, the queries, and the bodies of
//! commands and of errors ([`details`]).

pub mod calendar;
pub mod command;
pub mod contacts;
pub mod cover;
pub mod details;
pub mod foreign;
pub mod header;
pub mod list_query;
pub mod pages_query;
pub mod path;
pub mod problem;
pub mod query;
pub mod replies;
pub mod resource;

/// The response header with the server's time at which it answered (RFC 3339, milliseconds). A
/// client measures the offset of its clock with it.
pub const SERVER_TIME: &str = "redphone-time";

pub use calendar::{CalendarLinkRequest, CreatedCalendarLink};
pub use command::{Answered, Answers, Order, Orders};
pub use cover::{CoverPerson, CoverRequest};
pub use details::{Details, ErrorCode};
pub use problem::NewProblem;
pub use resource::{EventPage, IncidentOutcome, NewIncident, OnCallEntry};
