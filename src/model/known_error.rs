//! Known errors that may be behind an incident: problems whose cause is known and accepted, with a
//! workaround.
//!
//! An incident is compared with those that link to such a problem. It matches if one of them has the same
//! fault (its fingerprint), or if the texts of at least [`MIN_ALIKE`] of them are alike: with one alike
//! text alone, the match is as often wrong as right.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::ProblemId;
use super::problem::{Problem, ProblemState};

/// The most known errors that are named of an incident.
pub const MAX_NAMED: usize = 3;
/// How many of the linked incidents must have a text that is alike, unless one has the same fault.
pub const MIN_ALIKE: u32 = 2;

/// A known error that may be behind an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct KnownError {
    /// The problem.
    pub problem: ProblemId,
    /// Its title.
    pub title: String,
    /// How to reduce its effects.
    pub workaround: String,
    /// How many incidents of the same fault link to it.
    #[serde(default)]
    pub same_fault: u32,
    /// How many incidents whose texts are alike link to it.
    #[serde(default)]
    pub alike: u32,
}

impl KnownError {
    /// Returns the known error that a problem is, if it matches: `same_fault` incidents of the same fault
    /// and `alike` ones with alike texts link to it.
    #[must_use]
    pub fn of_problem(problem: &Problem, same_fault: u32, alike: u32) -> Option<Self> {
        let is_match = same_fault > 0 || alike >= MIN_ALIKE;
        (problem.state == ProblemState::KnownError && is_match).then(|| Self {
            problem: problem.id,
            title: problem.title.clone(),
            workaround: problem.workaround.clone(),
            same_fault,
            alike,
        })
    }

    /// Returns the title with the workaround on one line, as in `Pool too small · restart`. The text is
    /// not sanitized.
    #[must_use]
    pub fn text(&self) -> String {
        let workaround = self.workaround.split_whitespace().collect::<Vec<_>>().join(" ");
        match workaround.as_str() {
            "" => self.title.clone(),
            workaround => format!("{} · {workaround}", self.title),
        }
    }

    /// Returns the reason for which it is listed: `the same fault 3 times` or `2 with alike texts`.
    #[must_use]
    pub fn likeness(&self) -> String {
        match (self.same_fault, self.alike) {
            (0, alike) => format!("{alike} with alike texts"),
            (1, _) => "the same fault once".to_owned(),
            (times, _) => format!("the same fault {times} times"),
        }
    }
}

/// Sorts known errors, the likeliest first, and drops those beyond [`MAX_NAMED`].
pub fn rank(errors: &mut Vec<KnownError>) {
    errors.sort_by(|a, b| {
        let key = |error: &KnownError| (error.same_fault, error.alike, error.problem);
        key(b).cmp(&key(a))
    });
    errors.truncate(MAX_NAMED);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use rstest::rstest;

    use super::*;

    fn problem(number: u128, state: ProblemState) -> Problem {
        let id = ProblemId(uuid::Uuid::from_u128(number));
        let problem = Problem::new(id, format!("problem {number}"), DateTime::UNIX_EPOCH);
        Problem { state, workaround: "restart\nthe pool".into(), ..problem }
    }

    #[rstest]
    #[case::fault(ProblemState::KnownError, 1, 0, true)]
    #[case::texts(ProblemState::KnownError, 0, 2, true)]
    #[case::one_text(ProblemState::KnownError, 0, 1, false)]
    #[case::nothing(ProblemState::KnownError, 0, 0, false)]
    #[case::open(ProblemState::Open, 3, 3, false)]
    #[case::removed(ProblemState::Removed, 3, 3, false)]
    fn only_accepted_causes_above_the_threshold_match(
        #[case] state: ProblemState,
        #[case] same_fault: u32,
        #[case] alike: u32,
        #[case] expected: bool,
    ) {
        let found = KnownError::of_problem(&problem(1, state), same_fault, alike);
        assert_eq!(found.is_some(), expected);
        if let Some(found) = found {
            assert_eq!(found.text(), "problem 1 · restart the pool");
        }
    }

    #[test]
    fn same_fault_comes_before_alike_texts() {
        let error = |number, same_fault, alike| {
            KnownError::of_problem(&problem(number, ProblemState::KnownError), same_fault, alike)
        };
        let mut errors: Vec<KnownError> =
            [error(1, 0, 9), error(2, 1, 0), error(3, 2, 0), error(4, 0, 3), error(5, 0, 1)]
                .into_iter()
                .flatten()
                .collect();
        rank(&mut errors);
        let titles: Vec<_> = errors.iter().map(|error| error.title.as_str()).collect();
        assert_eq!(titles, ["problem 3", "problem 2", "problem 1"]);
    }
}
