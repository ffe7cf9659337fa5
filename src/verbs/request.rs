//! The trait that each verb implements for its request.

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::{PartialSchema, ToSchema};

use super::error::FieldError;
use super::row::VerbRow;
use super::situation::{Needs, Plan, Situation};
use crate::model::id::IncidentRef;

/// The request of one verb: its fields, and the commands that it leads to.
pub(super) trait Request:
    Serialize + DeserializeOwned + ToSchema + PartialSchema + Args
{
    /// The row of the table.
    const ROW: VerbRow;

    /// Returns how much of the incident the plan depends on.
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    /// Returns the other incident that the request names.
    fn other_incident(&self) -> Option<IncidentRef> {
        None
    }

    /// Returns whether the plan depends on the titles of the problems.
    fn needs_problem_titles(&self) -> bool {
        false
    }

    /// Creates the commands.
    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError>;
}
