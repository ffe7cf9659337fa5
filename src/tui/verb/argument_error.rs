//! Reasons why an argument that is typed in the command palette can't be used.

use crate::model::IncidentNumber;
use crate::model::check::FieldProblem;
use crate::model::filter::FilterError;
use crate::model::id::InvalidNumber;
use crate::model::text::sanitize;
use crate::tui::input::parse_time::TimeError;
use crate::verbs::Problem;

/// The reason why a typed argument is invalid. Displayed as the error and the accepted values.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ArgumentError {
    /// The action needs an argument, and none was typed.
    #[error("{action} takes {accepted}")]
    Missing {
        /// The name of the action that was typed.
        action: &'static str,
        /// The accepted values.
        accepted: &'static str,
    },
    /// Something is typed after an action that has no argument.
    #[error("{action} takes nothing behind it")]
    Unexpected {
        /// The name of the action that was typed.
        action: &'static str,
    },
    /// The text is refused as it would be in a request of the verb.
    #[error(transparent)]
    Value(#[from] Problem),
    /// The text is not an accepted value.
    #[error("{:?} is not {accepted}: {suggestion}", sanitize(text))]
    NotAccepted {
        /// The argument as it was typed.
        text: String,
        /// The accepted values.
        accepted: &'static str,
        /// The value that may be meant, as half a sentence.
        suggestion: String,
    },
    /// The action has nothing to choose from, for this reason.
    #[error("{0}")]
    NothingToChoose(String),
    /// The value can't be chosen now, for this reason.
    #[error("{0}")]
    Disabled(String),
    /// No line is selected.
    #[error("")]
    NothingSelected,
    /// The number is that of no incident that can be chosen.
    #[error("{0} is no other open incident: choose one from the list")]
    NotOpen(IncidentNumber),
    /// The text is no filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The command's rules refuse the list of names.
    #[error("the list {0}")]
    List(#[source] FieldProblem),
    /// The command's rules refuse the URL.
    #[error("the URL {0}")]
    Url(#[source] FieldProblem),
    /// The text has no scheme.
    #[error("{:?} is no URL: it begins with https:// or another scheme", sanitize(.0))]
    NotAUrl(String),
    /// The text is no window of the measures.
    #[error("{:?} is no window: choose from {accepted}", sanitize(text))]
    NotAWindow {
        /// The argument as it was typed.
        text: String,
        /// All windows, separated by commas.
        accepted: String,
    },
}

/// Errors of values that a request of a verb has, too.
macro_rules! from_value_error {
    ($($error:ty),+) => {
        $(impl From<$error> for ArgumentError {
            fn from(error: $error) -> Self {
                Self::Value(error.into())
            }
        })+
    };
}
from_value_error!(TimeError, InvalidNumber, FieldProblem);

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::priority::Level;

    #[rstest]
    #[case(
        ArgumentError::Value(Problem::UnknownName {
            problem: "there is no team",
            text: "d\u{1b}b".into(),
            suggestion: "did you mean db?".into(),
        }),
        "there is no team \"d␛b\": did you mean db?"
    )]
    #[case(
        ArgumentError::NotAUrl("example.com".into()),
        "\"example.com\" is no URL: it begins with https:// or another scheme"
    )]
    #[case(
        ArgumentError::Value(Problem::UrgencyMissing(Level::High)),
        "impact is high: say the urgency too, as in high medium"
    )]
    #[case(
        ArgumentError::List(FieldProblem::Empty),
        "the list is empty: write at least one character"
    )]
    #[case(TimeError::Passed.into(), "that time has passed: choose a later one")]
    #[case(
        ArgumentError::NotOpen(IncidentNumber(7)),
        "INC-7 is no other open incident: choose one from the list"
    )]
    fn error_says_what_would_be_accepted(#[case] error: ArgumentError, #[case] sentence: &str) {
        assert_eq!(error.to_string(), sentence);
    }
}
