//! The nearest valid name to one that is misspelt.

/// What was meant instead of a name, as half a sentence: the nearest one, or all there are.
pub(crate) fn suggestion(given: &str, names: &[&str]) -> String {
    match nearest(given, names) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("use one of {}", names.join(", ")),
    }
}

/// The nearest of some names, if one is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    let given = given.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood_and_another_word_is_not() {
        let names = ["acknowledge", "own", "note", "utc"];
        assert_eq!(nearest("acknowlegde", &names), Some("acknowledge"));
        assert_eq!(nearest("UCT", &names), Some("utc"));
        assert_eq!(nearest("resolve", &names), None);
        assert_eq!(suggestion("resolve", &names), "use one of acknowledge, own, note, utc");
    }
}
