//! Reads for each word of an incident the last incidents that have it too, and weighs the words by
//! how rare they are.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::full_text::WordSet;
use crate::backend::file::records::KeyedIncident;
use crate::backend::file::row::NUMBERS_END;
use crate::backend::file::sql::Batch;
use crate::model::Incident;
use crate::model::measures::title_pattern;
use crate::model::text::is_continuous;

/// The maximum length of the symptoms whose words are compared, in characters.
const MAX_SYMPTOMS: usize = 600;
/// The scale of weights that are rounded, so that their sums do not depend on the order.
const SCALE: f64 = 1000.0;
/// The greatest number and the greatest key. Each has a SELECT of its own: for both in one, `SQLite`
/// reads every incident.
const MAXIMA: &str = "SELECT (SELECT max(number) FROM incident), (SELECT max(key) FROM incident)";

/// The limits of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// The number of compared words; at most 60.
    pub terms: usize,
    /// The number of examined incidents per word, the last ones.
    pub per_word: u32,
    /// The number of incidents with similar texts that are compared row by row.
    pub pool: usize,
    /// The number of incidents outside the index that are compared.
    pub unindexed: u32,
    /// The number of last incidents of a service that are examined.
    pub per_service: u32,
}

/// The incidents that are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Range {
    /// Those with a lower key. Merged ones are among them, as clients of earlier versions expect.
    Before,
    /// All but the incident itself and those that were merged.
    Others,
}

impl Range {
    /// Returns the SQL condition on a key.
    pub fn condition(self, column: &str, key: i64) -> String {
        match self {
            Self::Before => format!("{column} < {key}"),
            Self::Others => format!("{column} <> {key}"),
        }
    }

    /// Returns the SQL condition on a key, which is the first parameter: a statement that can be
    /// prepared once.
    pub fn condition_of_parameter(self, column: &str) -> String {
        match self {
            Self::Before => format!("{column} < $1"),
            Self::Others => format!("{column} <> $1"),
        }
    }
}

/// A word of an incident, with its weight.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WeighedWord {
    pub word: String,
    pub weight: f64,
    /// The keys of the last incidents that have it, the newest first.
    keys: Vec<i64>,
}

/// Returns the significant words of title and symptoms, those of the title first.
fn terms_of(incident: &Incident, most: usize) -> Vec<String> {
    let symptoms: String = incident.symptoms.chars().take(MAX_SYMPTOMS).collect();
    let mut words: Vec<String> = Vec::new();
    for text in [incident.summary.title.as_str(), symptoms.as_str()] {
        for word in WordSet::of_text(&title_pattern(text)).vocabulary() {
            let is_short = word.chars().nth(2).is_none() && !word.chars().any(is_continuous);
            let is_id = word.chars().any(char::is_numeric);
            if !is_short && !is_id && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
    }
    words.truncate(most);
    words
}

/// Returns the words of an incident that other incidents have too, with their weights and these
/// incidents.
pub(super) async fn weigh_terms(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<WeighedWord>> {
    let words = terms_of(&record.incident, effort.terms);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let maxima = Batch::new(MAXIMA).fetch_optional(conn).await?;
    let (number, last_key): (i64, i64) = match maxima {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => return Ok(Vec::new()),
    };
    let newest = match range {
        Range::Before => record.key,
        Range::Others => last_key,
    };
    let lists = read_lists(conn, record.key, &words, effort, range).await?;
    let weighed = words.into_iter().zip(lists).map(|(word, keys)| {
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let is_cut = count >= i64::from(effort.per_word);
        // Numbers follow the order of the reports: the distance shows how dense the list is.
        let oldest = keys.iter().min();
        let span = oldest.map_or(0, |oldest| number_of(newest) - number_of(*oldest));
        let all = number.max(1);
        let having = if is_cut && span > 0 {
            (all / span.max(1)).saturating_mul(count).clamp(count, all)
        } else {
            // A word that only unindexed incidents have may still be in common.
            count.max(1)
        };
        WeighedWord { word, weight: weight(all, having), keys }
    });
    Ok(weighed.collect())
}

/// Reads the keys of the last incidents that have each of some words, the newest first.
async fn read_lists(
    conn: &mut SqliteConnection,
    key: i64,
    words: &[String],
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<Vec<i64>>> {
    // One row for each word costs far less than one for each incident.
    let list = format!(
        "group_concat(key) FROM (SELECT rowid AS key FROM words WHERE words MATCH ? AND {}
         ORDER BY rowid DESC LIMIT {})",
        range.condition("rowid", key),
        effort.per_word
    );
    let selects: Vec<String> =
        (0..words.len()).map(|index| format!("SELECT {index}, {list}")).collect();
    let mut batch = Batch::one_off(&selects.join(" UNION ALL "));
    for word in words {
        // Words hold letters and digits only, so nothing in them needs to be escaped.
        batch.arg(format!("\"{word}\""));
    }
    let mut lists = vec![Vec::new(); words.len()];
    for row in batch.fetch_all(conn).await? {
        let (index, keys): (i64, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
        let list = usize::try_from(index).ok().and_then(|index| lists.get_mut(index));
        if let (Some(list), Some(keys)) = (list, keys) {
            list.extend(keys.split(',').filter_map(|key| key.parse::<i64>().ok()));
        }
    }
    Ok(lists)
}

/// Returns the weight of a word that `having` of `all` incidents have.
fn weight(all: i64, having: i64) -> f64 {
    let ratio = i32::try_from(all / having.max(1)).unwrap_or(i32::MAX);
    f64::from(ratio).max(1.0).ln_1p()
}

/// Returns the number of the incident with a key.
fn number_of(key: i64) -> i64 {
    key & i64::try_from(NUMBERS_END - 1).unwrap_or(i64::MAX)
}

/// Returns the keys of the incidents whose words weigh most, at most `most` of them, each with a bit
/// for each word that it has. Of those that weigh the same, the last ones are chosen.
pub(super) fn choose_heaviest(words: &[WeighedWord], most: usize) -> HashMap<i64, i64> {
    let mut sums: HashMap<i64, (f64, i64)> = HashMap::new();
    for (index, word) in words.iter().enumerate() {
        let scaled = (word.weight * SCALE).round();
        for key in &word.keys {
            let (sum, bits) = sums.entry(*key).or_default();
            *sum += scaled;
            *bits |= 1 << index;
        }
    }
    let mut ranked: Vec<(f64, i64, i64)> =
        sums.into_iter().map(|(key, (sum, bits))| (sum, key, bits)).collect();
    ranked.sort_unstable_by(|(sum, key, _), (other_sum, other_key, _)| {
        other_sum.total_cmp(sum).then(other_key.cmp(key))
    });
    ranked.truncate(most);
    ranked.into_iter().map(|(_, key, bits)| (key, bits)).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;

    fn weighed(weight: f64, keys: &[i64]) -> WeighedWord {
        WeighedWord { word: String::new(), weight, keys: keys.to_vec() }
    }

    #[test]
    fn heaviest_come_first_then_the_last() {
        let words = [weighed(1.0, &[9, 5, 4]), weighed(3.0, &[7, 4]), weighed(0.5, &[8, 7, 3])];
        // 4 weighs 4, 7 weighs 3.5, 5 and 9 weigh 1, 3 and 8 weigh 0.5.
        let all = HashMap::from([(4, 0b011), (7, 0b110), (9, 0b001), (5, 0b001)]);
        assert_eq!(choose_heaviest(&words, 4), all);
        assert_eq!(choose_heaviest(&words, 3), HashMap::from([(4, 3), (7, 6), (9, 1)]));
        assert_eq!(choose_heaviest(&[], 3), HashMap::new());
    }
    #[tokio::test]
    async fn greatest_key_is_found_without_a_scan() {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let table = "CREATE TABLE incident (key INTEGER PRIMARY KEY, number INTEGER UNIQUE);
            INSERT INTO incident VALUES (5, 9), (8, 7);";
        Batch::new(table).run(&mut conn).await.unwrap();
        let maxima = Batch::new(MAXIMA).fetch_optional(&mut conn).await.unwrap().unwrap();
        assert_eq!((maxima.get::<i64, _>(0), maxima.get::<i64, _>(1)), (9, 8));
        let plan = Batch::new(&format!("EXPLAIN QUERY PLAN {MAXIMA}"));
        let rows = plan.fetch_all(&mut conn).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        assert_eq!(steps.iter().filter(|step| step.starts_with("SEARCH incident")).count(), 2);
        assert!(!steps.iter().any(|step| step.starts_with("SCAN incident")), "{steps:?}");
    }
}
