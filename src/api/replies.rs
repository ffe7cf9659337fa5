//! What comes of answers to messages.

use serde::{Deserialize, Serialize};

/// What became of a mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailOutcome {
    /// What was done, or why nothing was, as a sentence without a full stop.
    pub text: String,
    /// Whether it was an answer; a mail that a program has written is none, and nobody would read an
    /// error.
    pub answered: bool,
}
