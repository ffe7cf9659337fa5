//! The list of problems, with the incidents that link to them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::problem::{Problem, ProblemState};
use crate::model::unknown::read_entries;

/// The largest number of incidents that a row names.
pub const MAX_LINKED: usize = 10;

/// A request for one page of the recorded problems, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProblemSearch {
    /// The states of the problems; all if it is empty.
    pub states: Vec<ProblemState>,
    /// A service in which they cause incidents.
    pub service: Option<String>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// A problem with the incidents that link to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemEntry {
    /// The problem itself.
    pub problem: Problem,
    /// The number of incidents that link to it.
    pub incident_count: u32,
    /// The incidents that link to it, newest first; at most 10.
    #[serde(deserialize_with = "read_entries")]
    pub incidents: Vec<IncidentBrief>,
}

impl ProblemSearch {
    /// Returns the search for all problems.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { states: Vec::new(), service: None, limit, after: None }
    }
}

impl ListSearch for ProblemSearch {
    type Row = ProblemEntry;
    const LIST: List = List::Problems;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &ProblemEntry) -> bool {
        let problem = &row.problem;
        (self.states.is_empty() || self.states.contains(&problem.state))
            && self.service.as_ref().is_none_or(|service| {
                problem.services.iter().any(|affected| is_same_name(affected, service))
            })
    }

    fn compare(&self, a: &ProblemEntry, b: &ProblemEntry) -> Ordering {
        b.problem.id.cmp(&a.problem.id)
    }

    fn identity(row: &ProblemEntry) -> String {
        row.problem.id.to_string()
    }
}
