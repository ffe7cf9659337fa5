//! Answers to the shells' requests for completions.

use crate::model::text::SafeText;

/// The action of a shell for the word at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It completes the path of a file.
    Files,
    /// It completes the path of a folder.
    Folders,
    /// It offers these.
    Offers(Vec<Offered>),
}

/// A text that can replace the word at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Offered {
    pub value: String,
    /// Its description, if it needs one; harmless on a terminal.
    pub help: Option<SafeText<'static>>,
}

impl Offered {
    /// Returns whether more is typed right after it, so that no blank follows it.
    pub(super) fn is_unfinished(&self) -> bool {
        self.value.ends_with([':', '<', '>', '=', '/'])
    }
}
