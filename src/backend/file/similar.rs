//! Finds the incidents that resemble another one: by fingerprint, by the words of their texts, and by
//! service and category.
//!
//! The words come from the full-text index, the rarest count most. Of a word that many incidents have,
//! only the last ones are looked at, so that the effort has a bound however large the store is.

mod lessons;

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult, no_such_incident};
use super::full_text::WordSet;
use super::records::{self, KeyedIncident};
use super::row::{NUMBERS_END, unpack_row};
use super::sql::Batch;
use crate::model::measures::title_pattern;
use crate::model::searched_texts::SearchedTexts;
use crate::model::similar::{Similar, SimilarIncidents};
use crate::model::text::is_continuous;
use crate::model::{Incident, IncidentId, Status, Summary};

use lessons::{read_resolution, resolution_text, review_text, runbook_use};

/// The most characters of the symptoms whose words are compared.
const MAX_SYMPTOMS: usize = 600;
/// How many words in common are named.
const NAMED_TERMS: usize = 5;
/// The least share of the weight of an incident's words that an incident with alike texts has.
const LEAST_SHARE: f64 = 0.3;
/// What the same service, and the same category, add to the share.
const SAME_SERVICE: f64 = 0.4;
const SAME_CATEGORY: f64 = 0.1;
/// What a word counts that is in the other texts of an incident and not in its title or services.
const ELSEWHERE: f64 = 0.5;
/// The scale of weights in SQL, where they are integers.
const SCALE: f64 = 1000.0;

/// How much is looked at.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// How many words are compared; at most 60.
    terms: usize,
    /// How many of the last incidents that have a word are looked at.
    per_word: u32,
    /// How many incidents with alike texts are compared row by row.
    pool: u32,
    /// How many incidents that are not in the index yet are compared.
    unindexed: u32,
}

/// For the record, which is read with each move of the selection.
const BRIEF: Effort = Effort { terms: 8, per_word: 300, pool: 16, unindexed: 50 };
/// For who asks for similar incidents alone.
const THOROUGH: Effort = Effort { terms: 16, per_word: 1000, pool: 100, unindexed: 200 };

/// Which incidents are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Range {
    /// Those with a lower key. Merged ones are among them, as clients of earlier versions expect.
    Before,
    /// All but the incident itself and those that were merged.
    Others,
}

impl Range {
    /// Returns the SQL condition on a key.
    fn condition(self, column: &str, key: i64) -> String {
        match self {
            Self::Before => format!("{column} < {key}"),
            Self::Others => format!("{column} <> {key}"),
        }
    }
}

/// A word of an incident, with how much it says.
#[derive(Clone, PartialEq, Debug)]
struct WeighedWord {
    word: String,
    weight: f64,
}

/// An incident that may resemble another one.
#[derive(Clone, Debug)]
struct Candidate {
    row: Summary,
    same_fault: bool,
    /// The share of the weight of the words that it has, from 0 to 1.
    share: f64,
    /// The words in common, the rarest first.
    terms: Vec<String>,
}

/// What is found for the record of an incident.
pub(super) struct Earlier {
    /// The closest earlier incidents.
    pub similar: Vec<Similar>,
    /// The keys of those that are alike by their texts, and whose fault is another one.
    pub alike: Vec<i64>,
}

/// Finds at most `limit` earlier incidents for the record of an incident, without what their reviews
/// say, and the keys of at most `most_alike` whose texts are alike.
pub(super) async fn find_earlier(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    limit: usize,
    most_alike: usize,
) -> StoreResult<Earlier> {
    let mut found = find(conn, record, limit.max(most_alike), BRIEF, Range::Before).await?;
    let is_alike = |one: &Candidate| !one.same_fault && !one.terms.is_empty();
    let alike = found.iter().filter(|(_, one)| is_alike(one)).map(|(key, _)| *key);
    let alike = alike.take(most_alike).collect();
    found.truncate(limit);
    let mut similar = Vec::with_capacity(found.len());
    for (key, candidate) in found {
        let id = candidate.row.id;
        let resolution = match candidate.row.resolved_at {
            Some(_) => read_resolution(conn, key, id).await?,
            None => String::new(),
        };
        similar.push(candidate.into_similar(resolution));
    }
    Ok(Earlier { similar, alike })
}

/// Finds at most `limit` incidents like another one, also later ones, with what their reviews say and
/// which runbook was followed.
pub(super) async fn find_all(
    conn: &mut SqliteConnection,
    id: IncidentId,
    limit: usize,
) -> StoreResult<SimilarIncidents> {
    let record = records::load(conn, id, false).await?.ok_or_else(|| no_such_incident(id))?;
    let found = find(conn, &record, limit, THOROUGH, Range::Others).await?;
    let mut similar = Vec::with_capacity(found.len());
    for (key, candidate) in found {
        let Some(other) = records::load(conn, candidate.row.id, false).await? else { continue };
        let runbook = runbook_use(conn, key, &other.incident).await?;
        let resolution = resolution_text(&other.incident);
        let review = review_text(&other.incident);
        similar.push(Similar { review, runbook, ..candidate.into_similar(resolution) });
    }
    Ok(SimilarIncidents::new(&record.incident.summary, similar))
}

impl Candidate {
    fn into_similar(self, resolution: String) -> Similar {
        let Self { row, same_fault, mut terms, .. } = self;
        terms.truncate(NAMED_TERMS);
        Similar {
            id: row.id,
            number: row.number,
            title: row.title,
            reported_at: row.reported_at,
            resolution,
            same_fault,
            shared_terms: terms,
            category: row.category,
            services: row.services,
            review: None,
            runbook: None,
        }
    }
}

/// Finds incidents like another one, the closest first, with their keys.
async fn find(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    limit: usize,
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<(i64, Candidate)>> {
    let subject = &record.incident.summary;
    let mut found: BTreeMap<i64, Candidate> = BTreeMap::new();
    let words = weigh_terms(conn, record, effort, range).await?;
    let total: f64 = words.iter().map(|word| word.weight).sum();
    let compared = |row: Summary, mask: Option<i64>| {
        let (share, terms) = compare(&words, total, &row, mask);
        Candidate { row, same_fault: false, share, terms }
    };
    for (key, row, mask) in read_by_terms(conn, record.key, &words, effort, range).await? {
        let candidate = compared(row, mask);
        if candidate.is_alike(&words) {
            found.insert(key, candidate);
        }
    }
    let rows = read_by_fields(conn, record.key, limit, range).await?;
    for (key, row, same_fault) in rows {
        let candidate = found.entry(key).or_insert_with(|| {
            let candidate = compared(row, None);
            // What is listed for its service alone has no words of note in common.
            let terms =
                if candidate.is_alike(&words) { candidate.terms.clone() } else { Vec::new() };
            Candidate { terms, ..candidate }
        });
        candidate.same_fault |= same_fault;
    }
    if range == Range::Others {
        found.retain(|_, candidate| candidate.row.status != Status::Merged);
    }
    let mut ranked: Vec<(i64, f64, Candidate)> = found
        .into_iter()
        .map(|(key, candidate)| (key, candidate.closeness(subject), candidate))
        .collect();
    ranked.sort_by(|(key, closeness, candidate), (other_key, other_closeness, other)| {
        let by_fault = other.same_fault.cmp(&candidate.same_fault);
        by_fault.then(other_closeness.total_cmp(closeness)).then(other_key.cmp(key))
    });
    ranked.truncate(limit);
    Ok(ranked.into_iter().map(|(key, _, candidate)| (key, candidate)).collect())
}

impl Candidate {
    /// Returns whether the texts have enough in common.
    fn is_alike(&self, words: &[WeighedWord]) -> bool {
        let least = if words.len() < 2 { 1 } else { 2 };
        self.share >= LEAST_SHARE && self.terms.len() >= least
    }

    /// Returns how close it is to an incident; of those with the same fault the last one is closest.
    fn closeness(&self, subject: &Summary) -> f64 {
        if self.same_fault {
            return 0.0;
        }
        let own = subject.primary_service();
        let same_service = own.is_some() && self.row.primary_service() == own;
        let same_category = subject.category.is_some() && self.row.category == subject.category;
        let mut closeness = self.share;
        if same_service {
            closeness += SAME_SERVICE;
        }
        if same_category {
            closeness += SAME_CATEGORY;
        }
        closeness
    }
}

/// Returns the share of the weight of the words that an incident has, and those words, the rarest
/// first. `mask` has a bit for each word that the index finds in its texts.
fn compare(
    words: &[WeighedWord],
    total: f64,
    row: &Summary,
    mask: Option<i64>,
) -> (f64, Vec<String>) {
    let own = WordSet::new(row, &SearchedTexts::default());
    let mut shared: Vec<&WeighedWord> = Vec::new();
    let mut sum = 0.0;
    for (index, word) in words.iter().enumerate() {
        if own.contains(&word.word) {
            sum += word.weight;
            shared.push(word);
        } else if mask.is_some_and(|mask| mask >> index & 1 == 1) {
            sum += word.weight * ELSEWHERE;
            shared.push(word);
        }
    }
    shared.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.word.cmp(&b.word)));
    let share = if total > 0.0 { sum / total } else { 0.0 };
    (share, shared.into_iter().map(|word| word.word.clone()).collect())
}

/// Returns the words of title and symptoms that say something, those of the title first.
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

/// Returns the SQL of the keys of the last incidents that have a word, which is its parameter.
fn list_sql(key: i64, effort: Effort, range: Range) -> String {
    format!(
        "SELECT rowid AS key FROM words WHERE words MATCH ? AND {}
         ORDER BY rowid DESC LIMIT {}",
        range.condition("rowid", key),
        effort.per_word
    )
}

fn quoted(word: &str) -> String {
    // Words hold letters and digits only, so nothing in them needs to be escaped.
    format!("\"{word}\"")
}

/// Returns the words of an incident that others have too, with their weights.
async fn weigh_terms(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<WeighedWord>> {
    let words = terms_of(&record.incident, effort.terms);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let maxima =
        Batch::new("SELECT max(number), max(key) FROM incident").fetch_optional(conn).await?;
    let (number, last_key): (i64, i64) = match maxima {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => return Ok(Vec::new()),
    };
    let list = list_sql(record.key, effort, range);
    let counts: Vec<String> = (0..words.len())
        .map(|index| format!("SELECT {index}, count(*), min(key) FROM ({list})"))
        .collect();
    let mut batch = Batch::one_off(&counts.join(" UNION ALL "));
    for word in &words {
        batch.arg(quoted(word));
    }
    let newest = match range {
        Range::Before => record.key,
        Range::Others => last_key,
    };
    let mut weighed: Vec<WeighedWord> = Vec::with_capacity(words.len());
    for row in batch.fetch_all(conn).await? {
        let (index, count): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let Some(word) = usize::try_from(index).ok().and_then(|index| words.get(index)) else {
            continue;
        };
        let oldest: Option<i64> = row.try_get(2)?;
        let is_cut = count >= i64::from(effort.per_word);
        // Numbers follow the order of the reports: what lies between tells how dense the list is.
        let span = oldest.map_or(0, |oldest| number_of(newest) - number_of(oldest));
        let all = number.max(1);
        let having = if is_cut && span > 0 {
            (all / span.max(1)).saturating_mul(count).clamp(count, all)
        } else {
            // A word that only incidents have that are not indexed yet may still be in common.
            count.max(1)
        };
        weighed.push(WeighedWord { word: word.clone(), weight: weight(all, having) });
    }
    Ok(weighed)
}

/// Returns how much a word says that `having` of `all` incidents have.
fn weight(all: i64, having: i64) -> f64 {
    let ratio = i32::try_from(all / having.max(1)).unwrap_or(i32::MAX);
    f64::from(ratio).max(1.0).ln_1p()
}

/// Returns the number of the incident with a key.
fn number_of(key: i64) -> i64 {
    key & i64::try_from(NUMBERS_END - 1).unwrap_or(i64::MAX)
}

/// Returns the incidents that have the weightiest words, each with a bit for each word; those that are
/// not indexed yet without.
async fn read_by_terms(
    conn: &mut SqliteConnection,
    key: i64,
    words: &[WeighedWord],
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<(i64, Summary, Option<i64>)>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let list = list_sql(key, effort, range);
    let lists: Vec<String> = words
        .iter()
        .enumerate()
        .map(|(index, word)| {
            let scaled = format!("{:.0}", word.weight * SCALE);
            let bit = 1_i64 << index;
            format!("SELECT key, {scaled} AS weight, {bit} AS bit FROM ({list})")
        })
        .collect();
    let mut batch = Batch::one_off(&format!(
        "SELECT i.key, i.row, c.bits FROM (
            SELECT key, sum(weight) AS weight, sum(bit) AS bits FROM ({})
            GROUP BY key ORDER BY 2 DESC, key DESC LIMIT {}
         ) c JOIN incident i ON i.key = c.key",
        lists.join(" UNION ALL "),
        effort.pool
    ));
    for word in words {
        batch.arg(quoted(&word.word));
    }
    let mut found: HashMap<i64, (Summary, Option<i64>)> = HashMap::new();
    for row in batch.fetch_all(conn).await? {
        found.insert(row.try_get(0)?, (row_at(&row, 1)?, Some(row.try_get(2)?)));
    }
    let unindexed = Batch::one_off(&format!(
        "SELECT i.key, i.row FROM words_todo t JOIN incident i ON i.key = t.incident
         WHERE {} ORDER BY t.incident DESC LIMIT {}",
        range.condition("t.incident", key),
        effort.unindexed
    ));
    for row in unindexed.fetch_all(conn).await? {
        found.entry(row.try_get(0)?).or_insert((row_at(&row, 1)?, None));
    }
    Ok(found.into_iter().map(|(key, (row, mask))| (key, row, mask)).collect())
}

/// Returns the incidents with the same fingerprint, and those with the same primary service and
/// category, the last ones of both; and whether the fingerprint is the same.
async fn read_by_fields(
    conn: &mut SqliteConnection,
    key: i64,
    limit: usize,
    range: Range,
) -> StoreResult<Vec<(i64, Summary, bool)>> {
    // Some are left out because they were merged.
    let most = limit.saturating_mul(2);
    let mut batch = Batch::new(&format!(
        "SELECT key, row FROM incident WHERE fingerprint =
            (SELECT fingerprint FROM incident WHERE key = $1) AND {}
            ORDER BY key DESC LIMIT {most};
         SELECT i.key, i.row FROM affected a JOIN incident i ON i.key = a.incident
            WHERE a.service = (SELECT service FROM incident WHERE key = $1) AND {}
              AND ((a.facets >> 1) & 7) = ((SELECT facets FROM incident WHERE key = $1) >> 1) & 7
              AND i.service = a.service
            ORDER BY a.incident DESC LIMIT {most}",
        range.condition_of_parameter("key"),
        range.condition_of_parameter("a.incident"),
    ));
    batch.arg(key);
    let mut found = Vec::new();
    for (index, rows) in batch.fetch_result_sets(conn).await?.iter().enumerate() {
        for row in rows {
            found.push((row.try_get(0)?, row_at(row, 1)?, index == 0));
        }
    }
    Ok(found)
}

/// Decodes the packed row in a column.
fn row_at(row: &SqliteRow, column: usize) -> StoreResult<Summary> {
    unpack_row(row.try_get(column)?)
        .ok_or_else(|| StoreError::content("a row of the projection can't be read"))
}

impl Range {
    /// Returns the SQL condition on a key, which is the first parameter: a statement that can be
    /// prepared once.
    fn condition_of_parameter(self, column: &str) -> String {
        match self {
            Self::Before => format!("{column} < $1"),
            Self::Others => format!("{column} <> $1"),
        }
    }
}
