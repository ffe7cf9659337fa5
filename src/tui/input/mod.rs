//! How typed text is edited, matched and parsed.

pub mod fuzzy;
pub mod parse_time;
