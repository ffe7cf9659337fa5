//! Full-text search over the history: how text is split into words, how the index is updated, and
//! which incidents a word of a filter finds.
//!
//! A word of a filter is split in the same way as the text, and each part finds every word that
//! begins with it. [`crate::model::filter`] follows another rule: it finds a word anywhere inside a
//! title, a service, an owner or a team. Lists of open incidents are matched by that rule, the
//! history by the rule of this module, which also covers symptoms and notes.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};

use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::event_row::{self, COLUMNS, FROM, NOTE};
use super::records;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::{EventBody, Incident, IncidentId, IncidentNumber};

/// Longer words are truncated to this many characters.
const MAX_WORD_CHARS: usize = 64;
/// A prefix of up to this many words is replaced by these words in the query: the index can give
/// the incidents of full words newest first without reading all of them.
const MAX_EXPANSIONS: usize = 300;
/// The number of incidents that are indexed by one batch of statements.
const INCIDENTS_PER_BATCH: i64 = 200;

/// Splits a text into words in lower case. ASCII letters and digits, and all letters, digits and
/// marks beyond ASCII, are parts of words.
pub(super) fn tokenize(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || (!c.is_ascii() && !is_separator(c))))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(MAX_WORD_CHARS).collect())
}

/// Returns whether a character beyond ASCII separates words: white space or punctuation.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(u32::from(c), 0xa0..=0xbf | 0xd7 | 0xf7 | 0x2000..=0x206f | 0x3000..=0x303f | 0xfeff | 0xff00..=0xff0f)
}

/// The distinct words by which an incident is found: of its number, title, symptoms, services and
/// notes.
#[derive(Default)]
pub(super) struct WordSet(BTreeSet<String>);

impl WordSet {
    /// Collects the words of the record, without those of its notes.
    pub(super) fn from_incident(incident: &Incident) -> Self {
        let row = &incident.summary;
        let mut words = Self::default();
        if let Some(number) = row.number {
            words.0.insert(number.0.to_string());
        }
        words.add(&row.title);
        words.add(&incident.symptoms);
        for service in &row.services {
            words.add(service);
        }
        words
    }

    /// Adds the words of a text.
    pub(super) fn add(&mut self, text: &str) {
        self.0.extend(tokenize(text));
    }

    /// Adds the words of an event if it is a note.
    pub(super) fn add_note(&mut self, body: &EventBody) {
        if let EventBody::NoteAdded { text } | EventBody::NoteCorrected { text, .. } = body {
            self.add(text);
        }
    }

    /// Returns whether each of these is the prefix of a word, by the same rule as the index.
    fn matches_prefixes(&self, prefixes: &[String]) -> bool {
        prefixes.iter().all(|prefix| {
            let next = self.0.range(prefix.clone()..).next();
            next.is_some_and(|word| word.starts_with(prefix.as_str()))
        })
    }

    /// Returns the text that is indexed.
    pub(super) fn document(&self) -> String {
        let words: Vec<&str> = self.0.iter().map(String::as_str).collect();
        words.join(" ")
    }

    /// Returns the words for the table `vocabulary`: all but numbers, which are too many.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|w| !w.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// Splits a word of a filter into prefixes. Returns none if it has no letter and no digit.
pub(super) fn filter_prefixes(word: &str) -> Vec<String> {
    // The prefix `INC` of a number is not indexed, because every incident has it.
    let folded = word.trim_start_matches('#');
    if folded.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("inc"))
        && let Ok(number) = folded.parse::<IncidentNumber>()
    {
        return vec![number.0.to_string()];
    }
    tokenize(word).collect()
}

/// Returns the FTS5 expression that finds the texts in which every prefix begins some word.
pub(super) async fn match_expression(
    conn: &mut SqliteConnection,
    prefixes: &[String],
) -> StoreResult<String> {
    let mut parts = Vec::new();
    for prefix in prefixes {
        // Prefixes hold letters and digits only, so nothing in them needs to be escaped.
        let mut part = format!("\"{prefix}\" *");
        if !prefix.starts_with(|c: char| c.is_ascii_digit()) {
            let mut batch = Batch::new(
                "SELECT word FROM vocabulary WHERE word >= $1 AND word < $1 || char(1114111)
                 LIMIT $2",
            );
            batch.arg(prefix.clone()).arg(i64::try_from(MAX_EXPANSIONS).unwrap_or(0) + 1);
            let rows = batch.fetch_all(conn).await?;
            if (1..=MAX_EXPANSIONS).contains(&rows.len()) {
                let words: Vec<String> = rows
                    .iter()
                    .map(|row| Ok(format!("\"{}\"", row.try_get::<&str, _>(0)?)))
                    .collect::<Result<_, sqlx::Error>>()?;
                part = format!("({})", words.join(" OR "));
            }
        }
        parts.push(part);
    }
    Ok(parts.join(" AND "))
}

/// Returns whether there are incidents whose words are not indexed yet.
async fn has_unindexed(conn: &mut SqliteConnection) -> StoreResult<bool> {
    Ok(Batch::new("SELECT 1 FROM words_todo LIMIT 1").fetch_optional(conn).await?.is_some())
}

/// Returns the keys of the incidents whose words are not indexed yet, and of those among them that
/// match all prefixes. Used for a store that this process only reads and whose index it can't
/// update.
pub(super) async fn find_unindexed(
    conn: &mut SqliteConnection,
    prefixes: &[String],
) -> StoreResult<(Vec<i64>, Vec<i64>)> {
    let mut all = Vec::new();
    let mut matching = Vec::new();
    let todo = Batch::new(
        "SELECT t.incident, i.id FROM words_todo t JOIN incident i ON i.key = t.incident",
    );
    for row in todo.fetch_all(conn).await? {
        let key: i64 = row.try_get(0)?;
        all.push(key);
        let Some(id) = IncidentId::from_slice(row.try_get(1)?) else { continue };
        if let Some(words) = read_word_set(conn, key, id).await?
            && words.matches_prefixes(prefixes)
        {
            matching.push(key);
        }
    }
    Ok((all, matching))
}

impl FileStore {
    /// Indexes incidents whose words are not indexed yet, unless another task or process is
    /// writing. The work goes on to its end even if the caller stops waiting.
    pub(super) async fn update_full_text(&self) -> Result<(), BackendError> {
        if self.is_read_only() {
            return Ok(());
        }
        let store = self.clone();
        self.run_to_completion(async move { store.index_unless_busy().await }).await
    }

    async fn index_unless_busy(&self) -> StoreResult<()> {
        if !has_unindexed(&mut *self.acquire_reader().await?).await? {
            return Ok(());
        }
        let Some(mut writer) = self.try_lock_writer().await else { return Ok(()) };
        let begun = Batch::new("PRAGMA busy_timeout = 100; BEGIN IMMEDIATE").run(&mut writer.conn);
        let result = match begun.await {
            Ok(()) => match index_pending(&mut writer.conn).await {
                Ok(()) => Batch::new("COMMIT").run(&mut writer.conn).await,
                Err(failure) => Err(failure),
            },
            // Another process is writing; the words are indexed at a later search.
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Locked => Ok(()),
            Err(failure) => Err(failure),
        };
        if result.is_err() {
            writer.roll_back().await;
        }
        writer.set_lock_timeout(self.lock_timeout()).await?;
        result
    }
}

/// Indexes all incidents whose words are not indexed yet, within the running transaction.
pub(super) async fn index_pending(conn: &mut SqliteConnection) -> StoreResult<()> {
    loop {
        let mut batch = Batch::new(
            "SELECT t.incident, i.id FROM words_todo t LEFT JOIN incident i ON i.key = t.incident
             ORDER BY t.incident LIMIT ?",
        );
        batch.arg(INCIDENTS_PER_BATCH);
        let todo = batch.fetch_all(conn).await?;
        let Some(last) = todo.last() else { return Ok(()) };
        let last: i64 = last.try_get(0)?;
        let mut put = Batch::one_off("");
        for row in &todo {
            let key: i64 = row.try_get(0)?;
            let Some(id) = row.try_get::<Option<&[u8]>, _>(1)?.and_then(IncidentId::from_slice)
            else {
                continue;
            };
            if let Some(words) = read_word_set(conn, key, id).await? {
                put_word_set(&mut put, key, &words);
            }
        }
        put.sql("DELETE FROM words_todo WHERE incident <= ?;").arg(last);
        put.run(conn).await?;
    }
}

/// Adds the statements that store the words of an incident in the index.
pub(super) fn put_word_set(batch: &mut Batch, key: i64, words: &WordSet) {
    batch
        .sql("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?);")
        .arg(key)
        .arg(words.document());
    for word in words.vocabulary() {
        batch.sql("INSERT OR IGNORE INTO vocabulary (word) VALUES (?);").arg(word.to_owned());
    }
}

/// Collects the words of an incident from the store, including those of its notes.
async fn read_word_set(
    conn: &mut SqliteConnection,
    key: i64,
    id: IncidentId,
) -> StoreResult<Option<WordSet>> {
    let Some(record) = records::load(conn, id, true).await? else { return Ok(None) };
    let mut words = WordSet::from_incident(&record.incident);
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.kind = {NOTE} ORDER BY e.seq"
    ));
    batch.arg(key);
    let mut failed: Option<StoreError> = None;
    batch
        .for_each_row(conn, |row| {
            match event_row::decode(row, id) {
                Ok(event) => words.add_note(&event.body),
                Err(failure) => failed = Some(failure),
            }
            Ok(failed.is_none())
        })
        .await?;
    failed.map_or(Ok(Some(words)), Err)
}
