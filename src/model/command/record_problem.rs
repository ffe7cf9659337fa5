//! Record a problem, or its new state. The store applies it: a problem has no timeline.

use super::CommandKind;
use super::table::{CommandRow, no_sample};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RecordProblem,
    "record_problem",
    "problem",
    "record the cause behind incidents",
    no_sample,
);

/// The command as a phrase.
pub(super) const PHRASE: &str = "record a problem";
