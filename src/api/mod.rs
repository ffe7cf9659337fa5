//! First floor: the wire types of the project's own API, for the server and for its client.
//!
//! The API is [`crate::backend::Backend`] on the wire: what its methods take and give travels as
//! JSON of the model's own types. Here are the paths, what stands in queries and bodies besides, and
//! how a refusal travels ([`details`]).

pub mod command;
pub mod details;
pub mod path;
pub mod query;

pub use command::{Answered, Answers, Order, Orders};
pub use details::{Details, ErrorCode};
