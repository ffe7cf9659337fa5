//! Finds the incidents that contain a word of a filter.
//!
//! A word is found anywhere inside a text, both folded. The index has words, not texts, so a word
//! of a filter is replaced by all indexed words that contain it: the table `vocabulary` has every
//! indexed word. Where that is not exact, because the word of the filter spans several words of the
//! text or more than [`MAX_EXPANSIONS`] words contain it, candidates are compared with the texts
//! themselves.

use std::collections::{HashMap, HashSet};

use sqlx::{Row, SqliteConnection};

use super::index::{TodoRange, read_texts};
use super::tokens::{MAX_PART_CHARS, Segment, pairs, segments};
use crate::backend::file::error::StoreResult;
use crate::backend::file::row::NUMBERS_END;
use crate::backend::file::sql::Batch;
use crate::model::Summary;
use crate::model::filter::row_contains;
use crate::model::searched_texts::SearchedTexts;
use crate::model::text::FoldedText;

/// The maximum number of indexed words that contain a part of a filter's word. A more common part
/// is not searched in the index.
const MAX_EXPANSIONS: usize = 1000;
/// The maximum number of incident numbers that contain a word of a filter. A more common word is
/// not searched among them.
const MAX_NUMBERS: u64 = 2000;
/// The number of incidents whose texts are read at a time, to be compared with the words of a
/// filter.
const INCIDENTS_PER_CHECK: usize = 128;
/// An expression that matches no incident: no text has this character.
const NOTHING: &str = "\"\u{10ffff}\"";

/// A word of a filter, and the way in which it is searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::backend::file) struct SearchTerm {
    text: FoldedText<'static>,
    /// The FTS5 expression that finds every incident whose texts contain the word, and perhaps
    /// others; `None` if too many indexed words contain it.
    expression: Option<String>,
    /// Whether `expression` finds no others.
    is_exact: bool,
    /// The part of a number that equals the word, if more incidents than those of `expression` have
    /// it.
    common_number: Option<NumberPart>,
    /// Whether the search itself finds the incidents with `common_number`.
    is_number_searched: bool,
}

/// Digits that are a part of more incident numbers than can be named in an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::backend::file) struct NumberPart {
    digits: String,
    /// Whether a number must begin with the digits.
    is_prefix: bool,
}

impl NumberPart {
    /// Returns the SQL condition on the key of an incident that its number has these digits. The
    /// digits are no text of a person: they are nothing but digits.
    pub(in crate::backend::file) fn condition(&self, key: &str) -> String {
        let found = format!("instr({key} & {}, '{}')", NUMBERS_END - 1, self.digits);
        if self.is_prefix { format!("{found} = 1") } else { format!("{found} > 0") }
    }
}

/// The incidents whose texts are not in the index as they are now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::backend::file) struct Unindexed {
    /// Their keys.
    pub all: HashSet<i64>,
    /// The keys of those in which every word of the filter is.
    pub matching: HashSet<i64>,
}

impl SearchTerm {
    /// Prepares a word of a filter. Returns `None` if every incident has it, because it is a part
    /// of `INC-`.
    pub(in crate::backend::file) async fn prepare(
        conn: &mut SqliteConnection,
        word: &str,
    ) -> StoreResult<Option<Self>> {
        let text = FoldedText::new(word).into_owned();
        let numbers = NumberPattern::parse(text.as_str());
        if numbers == NumberPattern::Any {
            return Ok(None);
        }
        let (mut expression, mut is_exact) = text_expression(conn, text.as_str()).await?;
        let mut common_number = None;
        if let NumberPattern::Digits { digits, is_prefix } = numbers {
            match matching_numbers(conn, digits, is_prefix).await? {
                Some(numbers) if !numbers.is_empty() => {
                    let numbers: Vec<String> =
                        numbers.iter().map(|number| format!("\"{number}\"")).collect();
                    expression =
                        expression.map(|text| format!("{text} OR {}", numbers.join(" OR ")));
                    // The same digits in a text are not a number.
                    is_exact &= !is_prefix;
                }
                Some(_) => {}
                None => common_number = Some(NumberPart { digits: digits.to_owned(), is_prefix }),
            }
        }
        Ok(Some(Self { text, expression, is_exact, common_number, is_number_searched: false }))
    }

    /// Returns the part of a number that equals the word, and the FTS5 expression that finds all
    /// incidents with the word in a text; `None` if the expression finds those with the number too.
    /// The search must then find the incidents of both.
    pub(in crate::backend::file) fn search_number(&mut self) -> Option<(NumberPart, String)> {
        let found = self.common_number.clone().zip(self.expression.clone());
        self.is_number_searched = found.is_some();
        found
    }

    /// Returns the FTS5 expression that finds all incidents that have the word.
    pub(in crate::backend::file) fn complete_expression(&self) -> Option<&str> {
        self.expression.as_deref().filter(|_| self.common_number.is_none())
    }

    /// Returns whether an incident that the index finds for the word must be compared with it.
    pub(in crate::backend::file) fn needs_check(&self) -> bool {
        !self.is_exact || (self.complete_expression().is_none() && !self.is_number_searched)
    }
}

/// Returns the expression that finds the texts with a folded word anywhere inside, and whether it
/// is exact.
async fn text_expression(
    conn: &mut SqliteConnection,
    folded: &str,
) -> StoreResult<(Option<String>, bool)> {
    let mut conditions = Vec::new();
    let mut is_exact = true;
    for (start, segment) in segments(folded) {
        let (Segment::Word(text) | Segment::Run(text)) = segment;
        let (at_start, at_end) = (start == 0, start + text.len() == folded.len());
        is_exact &= at_start && at_end;
        match segment {
            Segment::Run(run) if run.chars().nth(1).is_some() => {
                is_exact &= run.chars().nth(2).is_none();
                conditions.extend(pairs(run).map(|pair| format!("\"{pair}\"")));
            }
            Segment::Run(_) => {
                match expand(conn, text, Bounds { start: false, end: false }).await? {
                    Some(condition) => conditions.push(condition),
                    None => is_exact = false,
                }
            }
            Segment::Word(word) => {
                let cut = word.char_indices().nth(MAX_PART_CHARS).map(|(end, _)| end);
                is_exact &= cut.is_none();
                let bounds = Bounds { start: !at_start, end: !at_end && cut.is_none() };
                match expand(conn, &word[..cut.unwrap_or(word.len())], bounds).await? {
                    Some(condition) => conditions.push(condition),
                    None => is_exact = false,
                }
            }
        }
    }
    let expression = (!conditions.is_empty()).then(|| format!("({})", conditions.join(" AND ")));
    Ok((expression, is_exact))
}

/// The ends at which a part of a filter's word is complete, because a separator follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bounds {
    start: bool,
    end: bool,
}

/// Returns the expression for all indexed words that contain a text, or begin or end with it; `None`
/// if there are too many.
async fn expand(
    conn: &mut SqliteConnection,
    text: &str,
    bounds: Bounds,
) -> StoreResult<Option<String>> {
    let condition = match (bounds.start, bounds.end) {
        (true, true) => return Ok(Some(format!("\"{text}\""))),
        (true, false) => "word >= $1 AND word < $1 || char(1114111)",
        (false, true) => "substr(word, -length($1)) = $1",
        (false, false) => "instr(word, $1)",
    };
    let mut batch = Batch::new(&format!("SELECT word FROM vocabulary WHERE {condition} LIMIT $2"));
    batch.arg(text.to_owned()).arg(i64::try_from(MAX_EXPANSIONS).unwrap_or(0) + 1);
    let mut words = Vec::new();
    batch
        .for_each_row(conn, |row| {
            // Words hold letters and digits only, so nothing in them needs to be escaped.
            words.push(format!("\"{}\"", row.try_get::<&str, _>(0)?));
            Ok(true)
        })
        .await?;
    Ok(match words.len() {
        0 => Some(NOTHING.to_owned()),
        count if count > MAX_EXPANSIONS => None,
        _ => Some(format!("({})", words.join(" OR "))),
    })
}

/// The incident numbers that a folded word is a part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NumberPattern<'a> {
    /// No number.
    None,
    /// Every number: the word is a part of `inc-`.
    Any,
    /// Those whose digits contain these digits, or begin with them.
    Digits { digits: &'a str, is_prefix: bool },
}

impl<'a> NumberPattern<'a> {
    /// Follows the rule of [`crate::model::filter::number_contains`].
    fn parse(folded: &'a str) -> Self {
        let (head, digits) =
            folded.split_at(folded.find(|c: char| c.is_ascii_digit()).unwrap_or(folded.len()));
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::None;
        }
        match (head, digits.is_empty()) {
            ("", true) => Self::None,
            (head, true) if "inc-".contains(head) => Self::Any,
            ("", false) => Self::Digits { digits, is_prefix: false },
            (head, false) if matches!(head, "#" | "inc") || "inc-".ends_with(head) => {
                Self::Digits { digits, is_prefix: true }
            }
            _ => Self::None,
        }
    }
}

/// Returns the incident numbers that contain these digits or begin with them; `None` if there are
/// too many to list.
async fn matching_numbers(
    conn: &mut SqliteConnection,
    digits: &str,
    is_prefix: bool,
) -> StoreResult<Option<HashSet<u64>>> {
    let greatest = Batch::new("SELECT max(number) FROM incident").fetch_optional(conn).await?;
    let greatest: Option<i64> = greatest.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(numbers_with(digits, is_prefix, greatest.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)))
}

fn numbers_with(digits: &str, is_prefix: bool, greatest: u64) -> Option<HashSet<u64>> {
    let mut numbers = HashSet::new();
    let (Ok(length), Ok(value)) = (u32::try_from(digits.len()), digits.parse::<u64>()) else {
        return Some(numbers);
    };
    let most = greatest.checked_ilog10().map_or(0, |log| log + 1);
    for before in 0..=most.saturating_sub(length) {
        if length > most || (is_prefix && before > 0) {
            break;
        }
        // A number has no leading zero.
        let heads = if before == 0 { 0..1 } else { 10_u64.pow(before - 1)..10_u64.pow(before) };
        if before == 0 && digits.starts_with('0') {
            continue;
        }
        for after in 0..=most - length - before {
            let scale = 10_u64.pow(after);
            for head in heads.clone() {
                let first = (head * 10_u64.pow(length) + value) * scale;
                if first > greatest {
                    break;
                }
                let last = (first + scale - 1).min(greatest);
                if u64::try_from(numbers.len()).unwrap_or(u64::MAX) + (last - first) >= MAX_NUMBERS
                {
                    return None;
                }
                numbers.extend(first..=last);
            }
        }
    }
    Some(numbers)
}

/// Finds the incidents whose current texts are not in the index, and compares them with the words
/// of a filter.
pub(in crate::backend::file) async fn find_unindexed(
    conn: &mut SqliteConnection,
    words: &[SearchTerm],
) -> StoreResult<Unindexed> {
    let mut unindexed = Unindexed::default();
    let mut after = i64::MIN;
    while let Some(range) = TodoRange::next(conn, after).await? {
        after = range.last;
        for (key, row, texts) in read_texts(conn, &range.condition()).await? {
            let has = |word: &SearchTerm| {
                row_contains(&row, &word.text) || texts.iter().any(|text| word.text.is_in(text))
            };
            unindexed.all.insert(key);
            if words.iter().all(has) {
                unindexed.matching.insert(key);
            }
        }
    }
    Ok(unindexed)
}

/// Returns for each of some incidents, which are in the order of their keys, whether it contains
/// every word of a filter. Ends early once `most` of them are known to match.
pub(in crate::backend::file) async fn check_terms(
    conn: &mut SqliteConnection,
    words: &[SearchTerm],
    unindexed: &Unindexed,
    rows: &[(i64, Summary)],
    most: usize,
) -> StoreResult<Vec<bool>> {
    let words: Vec<&SearchTerm> = words.iter().filter(|word| word.needs_check()).collect();
    let mut results = Vec::with_capacity(rows.len());
    let mut matching = 0;
    let mut indexed: Vec<Option<HashSet<i64>>> = vec![None; words.len()];
    for chunk in rows.chunks(INCIDENTS_PER_CHECK) {
        let mut must_read = Vec::new();
        for (key, row) in chunk {
            if unindexed.all.contains(key) {
                results.push(unindexed.matching.contains(key));
                continue;
            }
            let (mut has_all, mut unread) = (true, Vec::new());
            for (index, word) in words.iter().enumerate() {
                if row_contains(row, &word.text) {
                    continue;
                }
                if word.is_exact
                    && let Some(expression) = &word.expression
                {
                    if indexed[index].is_none() {
                        indexed[index] = Some(keys_of(conn, expression, rows).await?);
                    }
                    has_all = indexed[index].as_ref().is_some_and(|keys| keys.contains(key));
                } else {
                    unread.push(*word);
                }
                if !has_all {
                    break;
                }
            }
            if has_all && !unread.is_empty() {
                must_read.push(Unread { key: *key, position: results.len(), terms: unread });
            }
            results.push(has_all);
        }
        check_texts(conn, &must_read, &mut results).await?;
        matching += results[results.len() - chunk.len()..].iter().filter(|has| **has).count();
        if matching >= most {
            break;
        }
    }
    Ok(results)
}

/// An incident whose texts must be compared with words of a filter.
struct Unread<'a> {
    key: i64,
    /// Its position among the results.
    position: usize,
    terms: Vec<&'a SearchTerm>,
}

/// Compares the texts of some incidents with words. A result becomes `false` where a word is in none
/// of the texts.
async fn check_texts(
    conn: &mut SqliteConnection,
    incidents: &[Unread<'_>],
    results: &mut [bool],
) -> StoreResult<()> {
    let possible = possible_keys(conn, incidents).await?;
    let mut texts = HashMap::new();
    if !possible.is_empty() {
        let keys: Vec<String> = possible.iter().map(ToString::to_string).collect();
        let read = read_texts(conn, &format!("IN ({})", keys.join(","))).await?;
        texts.extend(read.into_iter().map(|(key, _, texts)| (key, texts)));
    }
    for incident in incidents {
        let texts: Option<&SearchedTexts> = texts.get(&incident.key);
        results[incident.position] = texts.is_some_and(|texts| {
            incident.terms.iter().all(|term| texts.iter().any(|text| term.text.is_in(text)))
        });
    }
    Ok(())
}

/// Returns the keys of those incidents whose events may have all of their words, compared in their
/// stored form: that is several times faster than reading the texts, and most incidents do not
/// match.
async fn possible_keys(
    conn: &mut SqliteConnection,
    incidents: &[Unread<'_>],
) -> StoreResult<Vec<i64>> {
    let mut words: Vec<&str> = incidents
        .iter()
        .flat_map(|incident| &incident.terms)
        .map(|term| term.text.as_str())
        .filter(|word| is_stored_alike(word))
        .collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Ok(incidents.iter().map(|incident| incident.key).collect());
    }
    let keys: Vec<String> = incidents.iter().map(|incident| incident.key.to_string()).collect();
    // A text beyond ASCII may be folded to a word that its stored form does not contain.
    let mut batch = Batch::one_off(
        "SELECT incident, max(octet_length(body) <> length(body) OR instr(body, '\\u') > 0)",
    );
    for word in &words {
        batch.sql(r", max(body LIKE ? ESCAPE '\')").arg(like_pattern(word));
    }
    batch.sql(&format!(" FROM event WHERE incident IN ({}) GROUP BY incident", keys.join(",")));
    let wanted: HashMap<i64, &Unread<'_>> =
        incidents.iter().map(|incident| (incident.key, incident)).collect();
    let mut possible = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let key: i64 = row.try_get(0)?;
            let mut has_all = true;
            if !row.try_get::<bool, _>(1)? {
                for term in wanted.get(&key).map_or(&[][..], |incident| &incident.terms) {
                    if let Ok(position) = words.binary_search(&term.text.as_str()) {
                        has_all &= row.try_get::<bool, _>(position + 2)?;
                    }
                }
            }
            if has_all {
                possible.push(key);
            }
            Ok(true)
        })
        .await?;
    Ok(possible)
}

/// Returns the pattern of SQL's `LIKE`, which ignores the case of ASCII letters, for texts with a word.
fn like_pattern(word: &str) -> String {
    format!("%{}%", word.replace('%', r"\%").replace('_', r"\_"))
}

/// Returns whether a folded word appears unchanged, except for the case of letters, in the stored
/// form of an ASCII text: JSON escapes none of its characters, and no white space was folded.
fn is_stored_alike(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// Returns the keys that the index gives for an expression, from the first to the last of some rows.
async fn keys_of(
    conn: &mut SqliteConnection,
    expression: &str,
    rows: &[(i64, Summary)],
) -> StoreResult<HashSet<i64>> {
    let keys = || rows.iter().map(|(key, _)| *key);
    let (Some(first), Some(last)) = (keys().min(), keys().max()) else {
        return Ok(HashSet::new());
    };
    let mut batch =
        Batch::new("SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?");
    batch.arg(expression.to_owned()).arg(first).arg(last);
    let mut found = HashSet::new();
    batch
        .for_each_row(conn, |row| {
            found.insert(row.try_get(0)?);
            Ok(true)
        })
        .await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("41", false, 2500)]
    #[case("04", false, 2500)]
    #[case("0", false, 120)]
    #[case("2041", false, 2041)]
    #[case("2041", false, 2040)]
    #[case("20", true, 2041)]
    #[case("0", true, 2041)]
    #[case("99999", false, 2041)]
    #[case("7", false, 0)]
    fn numbers_are_those_with_the_digits(
        #[case] digits: &str,
        #[case] is_prefix: bool,
        #[case] greatest: u64,
    ) {
        let expected: HashSet<u64> = (1..=greatest)
            .filter(|number| {
                let number = number.to_string();
                if is_prefix { number.starts_with(digits) } else { number.contains(digits) }
            })
            .collect();
        assert_eq!(numbers_with(digits, is_prefix, greatest), Some(expected));
    }

    #[test]
    fn common_digits_are_not_searched_among_the_numbers() {
        assert_eq!(numbers_with("7", false, 1_000_000), None);
        assert_eq!(numbers_with("1", true, 2_000_000_000), None);
    }

    #[rstest]
    #[case("inc", NumberPattern::Any)]
    #[case("c-", NumberPattern::Any)]
    #[case("2041", NumberPattern::Digits { digits: "2041", is_prefix: false })]
    #[case("inc-2041", NumberPattern::Digits { digits: "2041", is_prefix: true })]
    #[case("c-20", NumberPattern::Digits { digits: "20", is_prefix: true })]
    #[case("-2", NumberPattern::Digits { digits: "2", is_prefix: true })]
    #[case("inc20", NumberPattern::Digits { digits: "20", is_prefix: true })]
    #[case("#20", NumberPattern::Digits { digits: "20", is_prefix: true })]
    #[case("nc20", NumberPattern::None)]
    #[case("e500", NumberPattern::None)]
    #[case("20-41", NumberPattern::None)]
    #[case("payments", NumberPattern::None)]
    fn parts_of_numbers_are_recognized(#[case] word: &str, #[case] expected: NumberPattern<'_>) {
        assert_eq!(NumberPattern::parse(word), expected);
    }
}
