//! One line of an export: everything a store holds, as JSON Lines.

use serde::{Deserialize, Serialize};

use crate::model::Event;
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::problem::Problem;

/// The first line of an export names this format and its version.
pub const FORMAT: &str = "redphone";
/// The version that is written. Lines of a newer one are refused.
pub const VERSION: u32 = 1;

/// One line. An export has the header first, then the directory, problems and changes, then all
/// events in the order in which the store wrote them down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// What the lines are.
    Header {
        /// [`FORMAT`].
        format: String,
        /// [`VERSION`].
        version: u32,
    },
    /// People, teams, services; takes the place of what is there.
    Directory(Box<Directory>),
    /// A problem.
    Problem(Problem),
    /// A change.
    Change(Change),
    /// One event of one incident.
    Event(Box<Event>),
}

impl Record {
    /// The first line.
    #[must_use]
    pub fn header() -> Self {
        Self::Header { format: FORMAT.into(), version: VERSION }
    }
}
