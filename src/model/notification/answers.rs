//! What the settings say about answers to messages.

/// How people can answer messages from where they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnswerSettings {}
