//! Finds the incidents that resemble another one: by fingerprint, by the words of their texts, and by
//! service and category.
//!
//! The words come from the full-text index, the rarest count most. Of a word that many incidents have,
//! or of a service, only the last ones are looked at, so that the effort has a bound however large the
//! store is.

mod lessons;
mod term_lists;

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult, no_such_incident};
use super::full_text::WordSet;
use super::records::{self, KeyedIncident};
use super::row::unpack_row;
use super::sql::Batch;
use crate::model::searched_texts::SearchedTexts;
use crate::model::similar::{Similar, SimilarIncidents};
use crate::model::{IncidentId, Status, Summary};

use lessons::{read_resolution, resolution_text, review_text, runbook_use};
use term_lists::{Effort, Range, WeighedWord, choose_heaviest, weigh_terms};

/// The maximum number of listed common words.
const NAMED_TERMS: usize = 5;
/// The minimum share of the weight of an incident's words for alike texts.
const LEAST_SHARE: f64 = 0.3;
/// The amount that the same service, and the same category, add to the share.
const SAME_SERVICE: f64 = 0.4;
const SAME_CATEGORY: f64 = 0.1;
/// The weight of a word that is in the other texts of an incident and not in its title or services.
const ELSEWHERE: f64 = 0.5;
/// For the record, which is read with each move of the selection.
const BRIEF: Effort =
    Effort { terms: 8, per_word: 300, pool: 16, unindexed: 50, per_service: 5_000 };
/// For requests for similar incidents alone.
const THOROUGH: Effort =
    Effort { terms: 16, per_word: 1000, pool: 100, unindexed: 200, per_service: 10_000 };

/// An incident that may resemble another one.
#[derive(Clone, Debug)]
struct Candidate {
    row: Summary,
    same_fault: bool,
    /// The share of the weight of the words that it has, from 0 to 1.
    share: f64,
    /// The common words, the rarest first.
    terms: Vec<String>,
}

/// The incidents found for the record of an incident.
pub(super) struct Earlier {
    /// The closest earlier incidents.
    pub similar: Vec<Similar>,
    /// The keys of those that are alike by their texts, and whose fault is another one.
    pub alike: Vec<i64>,
}

/// Finds at most `limit` earlier incidents for the record of an incident, without the findings of
/// their reviews, and the keys of at most `most_alike` whose texts are alike.
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

/// Finds at most `limit` incidents like another one, also later ones, with the findings of their
/// reviews and the runbook that was followed.
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
    let rows = read_by_fields(conn, record.key, limit, effort, range).await?;
    for (key, row, same_fault) in rows {
        let candidate = found.entry(key).or_insert_with(|| {
            let candidate = compared(row, None);
            // An incident that is listed for its service alone has no significant words in common.
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
    let masks = choose_heaviest(words, effort.pool);
    let mut found: HashMap<i64, (Summary, Option<i64>)> = HashMap::new();
    if !masks.is_empty() {
        let keys: Vec<String> = masks.keys().map(ToString::to_string).collect();
        let chosen = Batch::one_off(&format!(
            "SELECT key, row FROM incident WHERE key IN ({})",
            keys.join(",")
        ));
        for row in chosen.fetch_all(conn).await? {
            let key = row.try_get(0)?;
            found.insert(key, (row_at(&row, 1)?, masks.get(&key).copied()));
        }
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
    effort: Effort,
    range: Range,
) -> StoreResult<Vec<(i64, Summary, bool)>> {
    // Some are left out because they were merged.
    let most = limit.saturating_mul(2);
    let mut batch = Batch::new(&format!(
        "SELECT key, row FROM incident WHERE fingerprint =
            (SELECT fingerprint FROM incident WHERE key = $1) AND {}
            ORDER BY key DESC LIMIT {most};
         SELECT i.key, i.row FROM (SELECT service, incident, facets FROM affected
                WHERE service = (SELECT service FROM incident WHERE key = $1) AND {}
                ORDER BY incident DESC LIMIT {}) a
            JOIN incident i ON i.key = a.incident
            WHERE ((a.facets >> 1) & 7) = ((SELECT facets FROM incident WHERE key = $1) >> 1) & 7
              AND i.service = a.service
            ORDER BY a.incident DESC LIMIT {most}",
        range.condition_of_parameter("key"),
        range.condition_of_parameter("incident"),
        effort.per_service,
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
