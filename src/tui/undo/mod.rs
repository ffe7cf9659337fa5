//! Undoing the last action.

pub mod inverse;
pub mod update;

use std::time::Duration;

use crate::model::IncidentCommand;

use crate::tui::verb::plan::Step;

/// How long the last action can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(10);

/// How the last action can be undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undo {
    /// Identifies it among earlier and later ones.
    pub number: u64,
    /// The participle of the action, as in "acknowledged".
    pub done_phrase: String,
    /// The inverse for each incident.
    pub steps: Vec<Inverse>,
}

/// How the commands sent for one incident are undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inverse {
    /// The commands to send.
    pub step: Step,
    /// The commands to undo. They are undone only while nothing has replaced their effect.
    pub undoes: Vec<IncidentCommand>,
}
