//! Runbooks: offered for an incident, read, and ticked step by step.

pub mod items;
pub mod layout;
pub mod load;
pub mod steps;
pub mod update;
pub mod view;

use std::sync::Arc;

use crate::model::CommandId;
use crate::model::runbook::{RunbookHeader, RunbookPage};

use crate::tui::verb::target::Target;

/// The runbooks of the runbook folder, or why there are none.
pub type Runbooks = Result<Arc<Vec<RunbookHeader>>, NoRunbooks>;

/// Why there are no runbooks; each variant holds a sentence for the person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoRunbooks {
    /// The folder does not exist: nobody has written any runbooks.
    NoFolder(String),
    /// The folder can't be read.
    Unreadable(String),
}

impl NoRunbooks {
    /// Returns the sentence for the person.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NoFolder(reason) | Self::Unreadable(reason) => reason,
        }
    }
}

/// The popup that shows a runbook.
#[derive(Clone, Debug)]
pub struct RunbookPane {
    /// The incident whose timeline records the ticked steps.
    pub target: Target,
    /// The runbook's name and what it is for.
    pub head: RunbookHeader,
    /// The runbook's text; `None` until it is loaded.
    pub page: Option<Arc<RunbookPage>>,
    /// The selected block, an index among all blocks. Only steps and code can be selected.
    pub selected_block: Option<usize>,
    /// First line on the screen.
    pub top: usize,
    /// Steps that were ticked in this popup, and the commands that record them.
    pub sent_ticks: Vec<(usize, CommandId)>,
}
