//! Replacements of texts, such as `resolved` for `0`.

/// A list of patterns, each with a replacement for the texts that it matches. The first match
/// counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct ValueTable(Vec<(ValuePattern, String)>);

/// Which texts are meant. Upper and lower case are the same.
#[derive(Clone, PartialEq, Eq, Debug)]
enum ValuePattern {
    /// The text, in which `*` is any text.
    Glob(String),
    /// A number in a range, both ends included.
    Range(Option<Bits>, Option<Bits>),
}

/// A number that can be compared with others for equality.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bits(u64);

impl Bits {
    fn new(number: f64) -> Self {
        Self(number.to_bits())
    }

    fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl ValueTable {
    /// Creates a table of patterns as they are written, in order.
    pub(super) fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut entries: Vec<(ValuePattern, String)> = entries
            .into_iter()
            .map(|(pattern, value)| (ValuePattern::parse(&pattern), value))
            .collect();
        // TOML does not order keys: the most specific ones come first.
        entries.sort_by_key(|(pattern, _)| pattern.breadth());
        Self(entries)
    }

    /// Returns whether it has no entries.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the replacement of a text.
    pub(super) fn value(&self, text: &str) -> Option<&str> {
        let text = text.trim().to_lowercase();
        let entry = self.0.iter().find(|(pattern, _)| pattern.matches(&text));
        entry.map(|(_, value)| value.as_str())
    }

    /// Returns the values of all entries.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }
}

impl ValuePattern {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        if let Some((from, to)) = text.split_once("..") {
            let end = |text: &str| match text.trim() {
                "" => Some(None),
                number => number.parse::<f64>().ok().map(|number| Some(Bits::new(number))),
            };
            if let (Some(from), Some(to)) = (end(from), end(to)) {
                return Self::Range(from, to);
            }
        }
        Self::Glob(text)
    }

    /// Returns how much it matches, for sorting.
    fn breadth(&self) -> (usize, std::cmp::Reverse<usize>) {
        match self {
            Self::Glob(text) if !text.contains('*') => (0, std::cmp::Reverse(0)),
            Self::Range(..) => (1, std::cmp::Reverse(0)),
            Self::Glob(text) => (2, std::cmp::Reverse(text.len())),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => matches_glob(glob, text),
            Self::Range(from, to) => text.parse::<f64>().is_ok_and(|number| {
                from.is_none_or(|from| number >= from.get())
                    && to.is_none_or(|to| number <= to.get())
            }),
        }
    }
}

/// Returns whether a text is like a pattern, in which `*` is any text.
pub(in crate::ingest) fn matches_glob(glob: &str, text: &str) -> bool {
    let Some((start, rest)) = glob.split_once('*') else { return glob == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", Some("resolved"))]
    #[case("7", Some("firing"))]
    #[case("4.5", Some("low"))]
    #[case("-1", None)]
    #[case("RE-Triggered", Some("firing"))]
    #[case("alert.checkout.closed", Some("resolved"))]
    #[case("alert.checkout.opened", Some("other"))]
    #[case("nothing", None)]
    fn first_of_the_narrowest_patterns_counts(#[case] text: &str, #[case] value: Option<&str>) {
        let entries = [
            ("alert.*", "other"),
            ("alert.*.closed", "resolved"),
            ("5..", "firing"),
            ("1..4.9", "low"),
            ("0", "resolved"),
            ("re-*", "firing"),
        ];
        let entries = entries.map(|(pattern, value)| (pattern.to_owned(), value.to_owned()));
        assert_eq!(ValueTable::new(entries).value(text), value);
    }

    #[rstest]
    #[case("*", "", true)]
    #[case("a*", "ab", true)]
    #[case("*b", "ab", true)]
    #[case("a*a", "a", false)]
    #[case("a*b*c", "a-b-b-c", true)]
    #[case("a*b*c", "a-c-b", false)]
    #[case("ü*", "über", true)]
    fn stars_match_any_text(#[case] glob: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches_glob(glob, text), expected);
    }
}
