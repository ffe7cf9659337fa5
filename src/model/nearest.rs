//! The name that was probably meant by a misspelt one.

use super::text::fold;

/// The length of words, in characters, up to which one mistake is accepted; longer ones may have two.
const SHORT_WORD: usize = 4;
/// The shortest beginning of a name that stands for it.
const SHORTEST_PREFIX: usize = 2;

/// Returns the name that was probably meant, whatever its case: the only one that begins with the
/// typed text, else the one with the fewest mistakes. A mistake is a missing, additional or wrong
/// character, or two that are swapped. A word of up to four characters may have one, a longer one
/// two, and never as many as it has characters.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = fold(typed);
    let length = typed.chars().count();
    let mut best: Option<(usize, &str)> = None;
    let (mut begins, mut count) = (None, 0);
    for name in names {
        let folded = fold(name);
        if length >= SHORTEST_PREFIX && folded.starts_with(&*typed) && begins != Some(name) {
            (begins, count) = (Some(name), count + 1);
        }
        let shorter = length.min(folded.chars().count());
        let accepted = if shorter <= SHORT_WORD { 1 } else { 2 };
        let distance = strsim::damerau_levenshtein(&typed, &folded);
        let is_nearer = best.is_none_or(|(least, _)| distance < least);
        if distance <= accepted && distance < shorter && is_nearer {
            best = Some((distance, name));
        }
    }
    begins.filter(|_| count == 1).or(best.map(|(_, name)| name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NAMES: [&str; 8] =
        ["acknowledge", "own", "note", "utc", "payments", "payments-api", "Zürich", "status"];

    #[rstest]
    #[case::swapped("acknowlegde", Some("acknowledge"))]
    #[case::case("UCT", Some("utc"))]
    #[case::missing("nte", Some("note"))]
    #[case::additional("owwn", Some("own"))]
    #[case::two_of_a_long_word("statis-", Some("status"))]
    #[case::two_of_a_short_word("nude", None)]
    #[case::three("stetisx", None)]
    #[case::other_word("resolve", None)]
    #[case::nothing_right("x", None)]
    #[case::beginning("ack", Some("acknowledge"))]
    #[case::beginning_of_several("pay", None)]
    #[case::first_letter("a", None)]
    #[case::letters_of_other_alphabets("zurich", Some("Zürich"))]
    #[case::nothing("", None)]
    fn only_a_near_name_is_suggested(#[case] typed: &str, #[case] expected: Option<&str>) {
        assert_eq!(nearest(typed, NAMES.into_iter()), expected);
    }

    /// Half of the letters of a short word are too many, whichever of the two is the short one.
    #[rstest]
    #[case("test", "set")]
    #[case("set", "test")]
    #[case("open", "own")]
    #[case("list", "wall")]
    #[case("inbox", "outbox")]
    #[case("p", "q")]
    fn short_names_that_differ_are_not_suggested(#[case] typed: &str, #[case] name: &str) {
        assert_eq!(nearest(typed, std::iter::once(name)), None);
    }
}
