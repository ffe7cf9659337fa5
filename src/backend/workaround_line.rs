//! The known error behind an incident, as people who are called read it.

use super::Detail;
use crate::model::alert::one_line;
use crate::model::known_error::KnownError;

/// The most characters of a known error in a message.
const MAX_WORKAROUND_CHARS: usize = 300;

impl Detail {
    /// Returns the known error that is the certain or possible cause, as one line with its
    /// workaround, for messages to people who are called. `None` if there is none, or if it has
    /// ended.
    #[must_use]
    pub fn workaround_line(&self) -> Option<String> {
        if !self.incident.summary.status.is_open() {
            return None;
        }
        let linked =
            self.problem.as_ref().and_then(|problem| KnownError::of_problem(problem, 1, 0));
        let (says, error) = match (&linked, self.known_errors.first()) {
            (Some(linked), _) => ("Known error", linked),
            (None, Some(likely)) => ("May be a known error", likely),
            (None, None) => return None,
        };
        Some(format!("{says}: {}", one_line(&error.text(), MAX_WORKAROUND_CHARS)))
    }
}
