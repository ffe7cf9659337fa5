//! Changes that other programs report: deployments of GitHub and GitLab, and the events of `CDEvents`.
//!
//! | module | |
//! |---|---|
//! | `form` | the forms of the senders, by name |
//! | `github`, `gitlab`, `cdevents` | what messages in these forms say |
//! | `read`, `signature` | which form a message has, and whether it comes from its sender |
//! | `report` | what a message says of a change; [`crate::model::reported_change`] says what follows |
//! | `rules` | which services a change touches, by the settings |
//!
//! A sender reports a change several times: when it is planned, begins, and ends. Messages may be
//! repeated and may arrive in any order; the final change is the same.

mod cdevents;
mod form;
mod github;
mod gitlab;
mod read;
mod report;
mod rules;
mod signature;
#[cfg(test)]
mod tests;

pub use form::ChangeForm;
pub use read::form_of;
pub use report::ChangeReport;
pub use rules::{ChangeOrigin, ChangeRules};
