//! The matrix of impact × urgency.

pub mod update;
pub mod view;

use crate::model::{Impact, Urgency};

use crate::tui::verb::target::Target;

/// A choice of impact × urgency that is being made.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    /// The incidents to be prioritized.
    pub targets: Vec<Target>,
    pub impact: Impact,
    pub urgency: Urgency,
    /// A line about other people's changes to the incidents in the meantime.
    pub notice: Option<String>,
}
