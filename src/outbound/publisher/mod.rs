//! Systems with status pages of their own, to which public updates are published.
//!
//! Neither of them recognizes a repeated request. So a publisher searches for a publication that
//! may have arrived before it sends it again: for an incident by its mark, for an update by its
//! text and status.

mod build;
mod cachet;
mod statuspage;
mod system;

pub use build::{PublisherProblem, build};
pub use system::{Publication, Publisher, PublisherKind, PublisherOptions, ScheduledWork};
