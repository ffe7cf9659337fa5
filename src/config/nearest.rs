//! Finds the nearest valid name to a misspelt one.

/// Returns the probable meaning of a wrong name, as half a sentence: the nearest valid one, or all
/// of them.
pub(crate) fn suggestion(name: &str, names: &[&str]) -> String {
    match nearest(name, names) {
        Some(candidate) => format!("did you mean {candidate}?"),
        None => format!("use one of {}", names.join(", ")),
    }
}

/// Returns the nearest of some names, if one is near enough to be meant.
pub(crate) fn nearest<'a>(misspelt: &str, names: &[&'a str]) -> Option<&'a str> {
    crate::model::nearest::nearest(misspelt, names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_matched_and_other_names_are_not() {
        let names = ["acknowledge", "own", "note", "utc"];
        assert_eq!(suggestion("UCT", &names), "did you mean utc?");
        assert_eq!(suggestion("resolve", &names), "use one of acknowledge, own, note, utc");
    }
}
