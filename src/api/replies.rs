//! Results of answers to messages.

use serde::{Deserialize, Serialize};

/// The result of a mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailOutcome {
    /// The action, or the reason why there was none, as a sentence without a full stop.
    pub text: String,
    /// Whether it was an answer; a mail that a program has written is not, and nobody would read an
    /// error.
    pub answered: bool,
}
