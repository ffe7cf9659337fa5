//! The last statement or action of a person on an incident.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;

/// The greatest length of a last word in characters; a longer text is truncated and marked.
const MAX_CHARS: usize = 80;

/// The last statement or action of a person on an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LastWord {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The person who made it.
    pub by: PersonRef,
    /// The person's own text, on one line and shortened; otherwise the action as a phrase that
    /// follows the person's name.
    pub text: String,
    /// Whether the text is the person's own.
    pub quoted: bool,
}

impl LastWord {
    /// Creates the last word from the first line of a text that is not blank. `None` if there is
    /// none.
    #[must_use]
    pub fn new(at: DateTime<Utc>, by: PersonRef, text: &str, quoted: bool) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(Self { at, by, text: shorten(line), quoted })
    }
}

/// Returns the beginning of a line that is too long, with a mark.
fn shorten(line: &str) -> String {
    if line.char_indices().nth(MAX_CHARS).is_none() {
        return line.to_owned();
    }
    let end = line.char_indices().nth(MAX_CHARS - 1).map_or(line.len(), |(end, _)| end);
    format!("{}…", line[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened_with_a_mark() {
        assert_eq!(shorten("short"), "short");
        let exact = "é".repeat(MAX_CHARS);
        assert_eq!(shorten(&exact), exact);
        let long = shorten(&"é".repeat(MAX_CHARS + 1));
        assert_eq!(long.chars().count(), MAX_CHARS);
        assert!(long.ends_with('…'));
    }
}
