//! Systems with status pages of their own, to which public updates are published.
//!
//! Neither of them recognizes a request that comes again. So whoever publishes looks for what may have
//! arrived before it is sent again: an incident by its mark, an update by its text and status.

mod build;
mod cachet;
mod statuspage;
mod system;

pub use build::{PublisherProblem, build};
pub use system::{Publication, Publisher, PublisherKind, PublisherOptions};
