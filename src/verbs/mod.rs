//! Verbs: requests of a person or a program on an incident, in fields as one would type them.
//!
//! Each verb is a small struct, its request: JSON of a route, arguments of a command, and input of a
//! tool are all read into it. Its `plan` makes the commands of the model, given the directory, the
//! rules, the time and who asks. [`Verb::ALL`] is the one list of verbs: routes, commands, tools and
//! their documentation are made from it. A new verb is a struct that implements `Request` in one of
//! the files of `requests`, and its line in `requests/mod.rs`.

pub mod error;
pub mod names;
mod problem_titles;
mod request;
mod requests;
pub mod row;
mod schema;
pub mod situation;
pub mod typed_time;
pub mod value;

pub use error::{FieldError, Problem};
pub use problem_titles::ProblemTitles;
pub use requests::{Verb, VerbRequest};
pub use row::{Example, Numbers, VerbRow};
pub use situation::{Needs, Plan, Situation, command_id};
