//! Entries of answers that this version can't read.

/// Returns a sentence about entries of an answer that could not be read and were left out, without a full
/// stop.
#[must_use]
pub fn unreadable_sentence(count: usize, backend: &str) -> String {
    let (entries, were) = if count == 1 { ("entry", "was") } else { ("entries", "were") };
    format!(
        "{count} {entries} of an answer of {backend} can't be read and {were} left out, as they are of a \
         newer version: update redphone"
    )
}
