//! Record a change, or its new state. The store applies it: a change has no timeline.

use super::CommandKind;
use super::table::{CommandRow, CommandScope, no_sample};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RecordChange,
    "record_change",
    "change",
    "record a planned modification",
    no_sample,
)
.scope(CommandScope::RespondOrIngest);

/// The command as a phrase.
pub(super) const PHRASE: &str = "record a change";
