//! What a shell is answered, whichever it is.

use crate::model::text::SafeText;

/// What a shell is to do about the word at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It completes the path of a file.
    Files,
    /// It completes the path of a folder.
    Folders,
    /// It offers these.
    Offers(Vec<Offered>),
}

/// A text that can stand in place of the word at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Offered {
    pub value: String,
    /// What it is, if that needs to be said; harmless on a terminal.
    pub help: Option<SafeText<'static>>,
}

impl Offered {
    /// Returns whether more is typed right after it, so that no blank follows it.
    pub(super) fn is_unfinished(&self) -> bool {
        self.value.ends_with([':', '<', '>', '=', '/'])
    }
}
