//! Rules of the settings (`[[ingest_rules]]`): the treatment of alerts before they are stored.
//!
//! For each alert the first rule that matches counts. See `src/docs/guide/ingest.md`.

mod apply;
mod pattern;
mod rule;

pub use apply::{Applied, AppliedGroup, Dropped, Rules};
pub use rule::{RULE_KEYS, Rule};
