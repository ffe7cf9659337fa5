//! Folding: texts that people consider the same become equal, so that a search finds them.
//!
//! The steps, in this order:
//! 1. Compatibility forms (NFKD): `ﬁ` becomes `fi`, `Ａ` becomes `A`, `é` becomes `e` and a mark.
//! 2. Marks of Latin, Greek and Cyrillic letters, Hebrew points and Arabic vowel signs are removed:
//!    `é` becomes `e`, `й` becomes `и`. Marks that make another letter stay: vowel signs of Indian
//!    scripts, of Thai and their relatives, and the voicing marks of kana. So do nuktas.
//! 3. Invisible characters are removed: joiners, soft hyphens, variation selectors, direction
//!    marks, and the Arabic tatweel.
//! 4. Case, by lower, upper and lower case again: `ß` becomes `ss`, a final sigma `ς` becomes `σ`.
//!    `İ`, `I`, `ı` and `i` are one letter, because the language of a text is not known.
//! 5. Letters that Unicode does not decompose lose what makes them another letter: `ł`, `ø`, `đ`, `ħ`
//!    and `ŧ`; `æ` and `œ` become two letters.
//!    Arabic letters that Persian writes otherwise (`ي` and `ى`, `ك`) become the Persian ones
//!    (`ی`, `ک`), and Arabic and Persian digits become ASCII digits.
//! 6. White space becomes a space.
//! 7. What stays is composed (NFC), so that a syllable of Hangul is one character: `하` is not a part
//!    of `한`.

use std::borrow::Cow;
use std::cmp::Ordering;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Folds a text for comparison.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().all(|byte| fold_ascii(byte) == byte) {
            return Cow::Borrowed(text);
        }
        return Cow::Owned(text.chars().map(fold_ascii_char).collect());
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(decomposed.len());
    for c in decomposed.chars() {
        if c.is_ascii() {
            folded.push(fold_ascii_char(c));
        } else if c.is_whitespace() {
            folded.push(' ');
        } else if !is_removed(c) {
            folded.extend(
                c.to_lowercase()
                    .flat_map(char::to_uppercase)
                    .flat_map(char::to_lowercase)
                    .filter(|c| !is_removed(*c))
                    .map(unify)
                    .flat_map(spell_out),
            );
        }
    }
    match ComposingNormalizerBorrowed::new_nfc().normalize(&folded) {
        Cow::Borrowed(_) => Cow::Owned(folded),
        Cow::Owned(composed) => Cow::Owned(composed),
    }
}

/// Folds a byte of an ASCII text.
fn fold_ascii(byte: u8) -> u8 {
    if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte.to_ascii_lowercase() }
}

fn fold_ascii_char(c: char) -> char {
    if matches!(c, '\t'..='\r') { ' ' } else { c.to_ascii_lowercase() }
}

/// Returns whether a character of a decomposed text is removed: it is a mark that people omit, or
/// it is invisible.
fn is_removed(c: char) -> bool {
    matches!(u32::from(c),
        // Marks of Latin, Greek and Cyrillic letters, and of symbols.
        0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff
        | 0xfe20..=0xfe2f
        // Hebrew points.
        | 0x591..=0x5bd | 0x5bf | 0x5c1..=0x5c2 | 0x5c4..=0x5c5 | 0x5c7
        // Arabic vowel signs and other marks, and the tatweel.
        | 0x610..=0x61a | 0x640 | 0x64b..=0x65f | 0x670 | 0x6d6..=0x6dc | 0x6df..=0x6e4
        | 0x6e7..=0x6e8 | 0x6ea..=0x6ed
        // Invisible characters.
        | 0xad | 0x61c | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
        | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe0fff)
}

/// Returns the representative of several equivalent letters or digits.
fn unify(c: char) -> char {
    let digit = |zero: u32| char::from_digit(u32::from(c).wrapping_sub(zero), 10).unwrap_or(c);
    match u32::from(c) {
        // Yeh and alef maksura; kaf.
        0x64a | 0x649 => '\u{6cc}',
        0x643 => '\u{6a9}',
        // ł, ø, đ, ħ, ŧ.
        0x142 => 'l',
        0xf8 => 'o',
        0x111 => 'd',
        0x127 => 'h',
        0x167 => 't',
        0x660..=0x669 => digit(0x660),
        0x6f0..=0x6f9 => digit(0x6f0),
        _ => c,
    }
}

/// Returns the letters of a ligature that is a letter of its own; of any other letter, itself.
fn spell_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

/// Returns whether a character of a folded text is a part of a word: a letter, a digit, or anything
/// beyond ASCII but white space and punctuation.
#[must_use]
pub fn is_word_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    !(c.is_whitespace()
        || c.is_control()
        || matches!(u32::from(c), 0xa0..=0xbf | 0xd7 | 0xf7 | 0x2000..=0x206f | 0x3000..=0x303f
            | 0x30fb | 0xfeff | 0xff00..=0xff0f))
}

/// Returns whether a letter belongs to a script that writes words without spaces between them.
#[must_use]
pub fn is_continuous(c: char) -> bool {
    matches!(u32::from(c),
        // Thai and Lao; Myanmar; Khmer.
        0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f
        // Kana, Bopomofo, and ideographs with their radicals and extensions.
        | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3041..=0x30fa | 0x30fc..=0x312f | 0x31a0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x1b000..=0x1b16f
        | 0x20000..=0x3ffff)
}

/// A folded text, to search for it in many others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoldedText<'a>(Cow<'a, str>);

impl<'a> FoldedText<'a> {
    /// Folds a text to search for it in others.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self(fold(text))
    }

    /// Returns the same with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> FoldedText<'static> {
        FoldedText(Cow::Owned(self.0.into_owned()))
    }

    /// Returns the folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is anywhere inside a text, which is folded for that.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        // Fast path: nearly all texts are ASCII, and thousands of them are searched at a time.
        if !text.is_ascii() {
            return fold(text).contains(self.as_str());
        }
        if !self.0.is_ascii() {
            return false;
        }
        let Some((first, rest)) = self.0.as_bytes().split_first() else { return true };
        let text = text.as_bytes();
        let follows = |at: usize| {
            text.get(at + 1..=at + rest.len())
                .is_some_and(|next| next.iter().zip(rest).all(|(a, b)| fold_ascii(*a) == *b))
        };
        if *first == b' ' {
            return (0..text.len()).any(|at| fold_ascii(text[at]) == b' ' && follows(at));
        }
        memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).any(follows)
    }

    /// Returns whether this begins some word of a text. In scripts without spaces between words it
    /// may begin anywhere.
    #[must_use]
    pub fn begins_word_in(&self, text: &str) -> bool {
        let text = fold(text);
        let first = self.0.chars().next();
        text.match_indices(self.as_str()).any(|(at, _)| {
            first.is_some_and(is_continuous)
                || text[..at].chars().next_back().is_none_or(|before| !is_word_char(before))
        })
    }
}

/// Returns whether two texts are equal once they are folded.
#[must_use]
pub fn equals_folded(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { fold(a) == fold(b) }
}

/// Compares two texts as they are folded, and by their bytes where that makes no difference.
#[must_use]
pub fn compare_folded(a: &str, b: &str) -> Ordering {
    let folded = if a.is_ascii() && b.is_ascii() {
        a.bytes().map(fold_ascii).cmp(b.bytes().map(fold_ascii))
    } else {
        fold(a).cmp(&fold(b))
    };
    folded.then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Café", "cafe")]
    #[case("cafe\u{301}", "cafe")]
    #[case("İzmir", "izmir")]
    #[case("IŞIK ışık", "isik isik")]
    #[case("Straße STRASSE ẞ", "strasse strasse ss")]
    #[case("ΟΔΟΣ οδός", "οδοσ οδοσ")]
    #[case("Ёлка Й", "елка и")]
    #[case("ﬁx Ａ１ ½", "fix a1 1⁄2")]
    #[case("می\u{200c}رود كتاب ۵۰۰ ٤", "میرود کتاب 500 4")]
    #[case("أَحْمَد", "احمد")]
    #[case("ｶﾞ ガ か\u{3099}", "ガ ガ が")]
    #[case("한국 \u{1112}\u{1161}\u{11ab}", "한국 한")]
    #[case("हिन्दी क़", "हिन्दी क\u{93c}")]
    #[case("ก็ ที่", "ก็ ที่")]
    #[case("שָׁלוֹם", "שלום")]
    #[case("a\tb\nc\u{a0}d\u{3000}e", "a b c d e")]
    #[case("so\u{ad}ft ❤\u{fe0f}", "soft ❤")]
    #[case("Łódź Ørsted Æon Đakovo", "lodz orsted aeon dakovo")]
    fn text_is_folded(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(fold(text), expected);
        assert_eq!(fold(expected), expected, "folding twice changes nothing");
    }

    #[rstest]
    #[case("LIND", "Bo Lindqvist", true)]
    #[case("hana", "Aroha Tamihana", false)]
    #[case("hana", "Hana Novák", true)]
    #[case("novak", "Hana Novák", true)]
    #[case("花子", "山田花子", true)]
    #[case("o", "", false)]
    fn part_of_a_name_is_found_at_the_start_of_a_word(
        #[case] part: &str,
        #[case] name: &str,
        #[case] found: bool,
    ) {
        assert_eq!(FoldedText::new(part).begins_word_in(name), found);
    }

    #[rstest]
    #[case("b c", "A\nB\tC", true)]
    #[case(" b", "a b", true)]
    #[case("決済", "カード決済が失敗する", true)]
    #[case("하", "한국", false)]
    #[case("é", "CAFE", true)]
    #[case("é", "caf", false)]
    #[case("", "", true)]
    fn text_is_found_inside_another(#[case] part: &str, #[case] text: &str, #[case] found: bool) {
        assert_eq!(FoldedText::new(part).is_in(text), found);
        assert_eq!(fold(text).contains(&*fold(part)), found, "both ways agree");
    }

    #[test]
    fn texts_are_ordered_as_they_are_folded() {
        let mut names = ["Zeta", "alpha", "Éclair", "Beta", "beta", "ähnlich"];
        names.sort_by(|a, b| compare_folded(a, b));
        assert_eq!(names, ["ähnlich", "alpha", "Beta", "beta", "Éclair", "Zeta"]);
    }
}
