//! Runbooks: offered for an incident, read, and ticked step by step.

pub mod items;
pub mod layout;
pub mod load;
pub mod steps;
pub mod update;
pub mod view;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinError;

use crate::model::CommandId;
use crate::model::runbook::{RunbookHeader, RunbookPage};

use crate::tui::verb::target::Target;

/// The runbooks of the runbook folder, or the reason why there are none.
pub type Runbooks = Result<Arc<Vec<RunbookHeader>>, NoRunbooks>;

/// The reason why there are no runbooks; each variant contains a sentence for the person.
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

/// The reason why a runbook can't be shown. Displayed as a sentence, not sanitized.
#[derive(Debug, thiserror::Error)]
pub enum RunbookError {
    /// The file can't be used.
    #[error("{} can't be shown: {fault}", path.display())]
    Unusable {
        /// The path of the runbook.
        path: PathBuf,
        /// The error of the file.
        #[source]
        fault: RunbookFault,
    },
    /// The task that read the file panicked, which is a bug of the program.
    #[error("reading the runbook failed")]
    Panicked(#[source] JoinError),
}

/// The error of a runbook's file.
#[derive(Debug, thiserror::Error)]
pub enum RunbookFault {
    /// The system does not allow reading it.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is no file")]
    NotAFile,
    /// It has this many bytes, which are too many.
    #[error("it has {} KiB, and 1 MiB is the most: split it", .0.div_ceil(1024))]
    TooLarge(u64),
}

/// The popup that shows a runbook.
#[derive(Clone, Debug)]
pub struct RunbookPane {
    /// The incident whose timeline records the ticked steps.
    pub target: Target,
    /// The runbook's name and purpose.
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
