//! The list of problems, with the incidents that link to them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::ProblemId;
use crate::model::problem::{Problem, ProblemState};
use crate::model::unknown::read_entries;

/// The largest number of incidents that a row names.
pub const MAX_LINKED: usize = 10;
/// The largest number of incidents of one problem that are read, and of which the lost time is summed.
pub const MAX_PROBLEM_INCIDENTS: usize = 1000;

/// There is no problem with this id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no problem {0}")]
pub struct NoSuchProblem(pub ProblemId);

/// A request for one page of the recorded problems: open ones first, then known errors, and those whose
/// cause is removed last; in each state the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProblemSearch {
    /// The states of the problems; all if it is empty.
    pub states: Vec<ProblemState>,
    /// A service in which they cause incidents.
    pub service: Option<String>,
    /// The handle of their owner; empty for problems without one.
    pub owner: Option<String>,
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
    /// The number of those that are open.
    #[serde(default)]
    pub open_count: u32,
    /// For how long service was out in them in all, in seconds: from detection to resolution, and from
    /// each reopening to the next one; in open ones until now. Merged and reclassified incidents don't
    /// count, and of more than 1000 the newest.
    #[serde(default)]
    pub lost_s: u64,
    /// The incidents that link to it, newest first; at most 10 in a list, 1000 of one problem.
    #[serde(deserialize_with = "read_entries")]
    pub incidents: Vec<IncidentBrief>,
}

impl ProblemSearch {
    /// Returns the search for all problems.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { states: Vec::new(), service: None, owner: None, limit, after: None }
    }
}

impl ProblemEntry {
    /// Returns a problem before its incidents were read.
    #[must_use]
    pub fn new(problem: Problem) -> Self {
        Self { problem, incident_count: 0, open_count: 0, lost_s: 0, incidents: Vec::new() }
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
            && self.owner.as_ref().is_none_or(|owner| {
                let handle = problem.owner.as_ref().map_or("", |person| &person.handle);
                is_same_name(handle, owner)
            })
    }

    fn compare(&self, a: &ProblemEntry, b: &ProblemEntry) -> Ordering {
        let rank = |entry: &ProblemEntry| entry.problem.state.rank();
        rank(a).cmp(&rank(b)).then_with(|| b.problem.id.cmp(&a.problem.id))
    }

    fn identity(row: &ProblemEntry) -> String {
        row.problem.id.to_string()
    }
}
