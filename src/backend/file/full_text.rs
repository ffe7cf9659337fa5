//! Words of incidents: how text is split, how the index is kept, and what a word of a filter finds.
//!
//! A word of a filter is split as the text is, and each piece finds every word that begins with
//! it. That differs from [`crate::model::filter`], which finds a word anywhere inside a title, a
//! service, an owner or a team: a list of open incidents is matched by that rule, the history by
//! this one, which also looks into symptoms and notes.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};

use super::FileStore;
use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::event_row::{self, COLUMNS, FROM, NOTE};
use super::records;
use super::sql::Batch;
use crate::backend::BackendError;
use crate::model::{EventBody, Incident, IncidentId, IncidentNumber};

/// Longer words are cut.
const MAX_WORD_CHARS: usize = 64;
/// A prefix of up to so many words is asked for as these words, newest first without reading all.
const MAX_EXPANSIONS: usize = 300;
/// Incidents whose words are taken in at once.
const INCIDENTS_PER_BATCH: i64 = 200;

/// The words of a text, in lower case. ASCII letters and digits, and all letters, digits and
/// marks beyond ASCII, belong to words.
pub(super) fn tokenize(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || (!c.is_ascii() && !is_separator(c))))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(MAX_WORD_CHARS).collect())
}

/// Blanks and punctuation beyond ASCII.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(u32::from(c), 0xa0..=0xbf | 0xd7 | 0xf7 | 0x2000..=0x206f | 0x3000..=0x303f | 0xfeff | 0xff00..=0xff0f)
}

/// The words an incident is found by: number, title, symptoms, services and notes.
#[derive(Default)]
pub(super) struct WordSet(BTreeSet<String>);

impl WordSet {
    /// Of the record, without its notes.
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

    /// Adds those of a note.
    pub(super) fn add(&mut self, text: &str) {
        self.0.extend(tokenize(text));
    }

    /// Adds those of an event that is a note.
    pub(super) fn add_note(&mut self, body: &EventBody) {
        if let EventBody::NoteAdded { text } | EventBody::NoteCorrected { text, .. } = body {
            self.add(text);
        }
    }

    /// Whether each of these is the beginning of a word, as the index finds it.
    fn matches_prefixes(&self, pieces: &[String]) -> bool {
        pieces.iter().all(|piece| {
            let next = self.0.range(piece.clone()..).next();
            next.is_some_and(|word| word.starts_with(piece.as_str()))
        })
    }

    /// The text for the index.
    pub(super) fn document(&self) -> String {
        let words: Vec<&str> = self.0.iter().map(String::as_str).collect();
        words.join(" ")
    }

    /// Those that are worth keeping in the vocabulary: numbers are too many.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|w| !w.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// The pieces of a filter's word; none where it has no letter and no digit.
pub(super) fn filter_prefixes(word: &str) -> Vec<String> {
    // The `INC` of a number stands in every incident and finds nothing.
    let folded = word.trim_start_matches('#');
    if folded.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("inc"))
        && let Ok(number) = folded.parse::<IncidentNumber>()
    {
        return vec![number.0.to_string()];
    }
    tokenize(word).collect()
}

/// What the index is asked for: every piece, each as the beginning of a word.
pub(super) async fn match_expression(
    conn: &mut SqliteConnection,
    pieces: &[String],
) -> StoreResult<String> {
    let mut parts = Vec::new();
    for piece in pieces {
        // Pieces hold letters and digits only, so nothing in them needs to be escaped.
        let mut part = format!("\"{piece}\" *");
        if !piece.starts_with(|c: char| c.is_ascii_digit()) {
            let mut batch = Batch::new(
                "SELECT word FROM vocabulary WHERE word >= $1 AND word < $1 || char(1114111)
                 LIMIT $2",
            );
            batch.arg(piece.clone()).arg(i64::try_from(MAX_EXPANSIONS).unwrap_or(0) + 1);
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

/// Whether words wait to be taken in.
async fn has_unindexed(conn: &mut SqliteConnection) -> StoreResult<bool> {
    Ok(Batch::new("SELECT 1 FROM words_todo LIMIT 1").fetch_optional(conn).await?.is_some())
}

/// Which incidents wait for their words to be taken in, and which of them have these. For a store
/// that is only read: others bring its index up to date.
pub(super) async fn find_unindexed(
    conn: &mut SqliteConnection,
    pieces: &[String],
) -> StoreResult<(Vec<i64>, Vec<i64>)> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    let todo = Batch::new(
        "SELECT t.incident, i.id FROM words_todo t JOIN incident i ON i.key = t.incident",
    );
    for row in todo.fetch_all(conn).await? {
        let key: i64 = row.try_get(0)?;
        all.push(key);
        let Some(id) = IncidentId::from_slice(row.try_get(1)?) else { continue };
        if let Some(words) = read_word_set(conn, key, id).await?
            && words.matches_prefixes(pieces)
        {
            found.push(key);
        }
    }
    Ok((all, found))
}

impl FileStore {
    /// Takes in words that wait, unless somebody else is writing. Whoever searches may go away in
    /// the middle: what is begun is ended all the same.
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
        let done = match begun.await {
            Ok(()) => match index_pending(&mut writer.conn).await {
                Ok(()) => Batch::new("COMMIT").run(&mut writer.conn).await,
                Err(failure) => Err(failure),
            },
            // The words are found once the other has finished.
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Locked => Ok(()),
            Err(failure) => Err(failure),
        };
        if done.is_err() {
            writer.roll_back().await;
        }
        writer.set_lock_timeout(self.lock_timeout()).await?;
        done
    }
}

/// Takes in the words that wait, all within the running transaction.
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

/// Adds the statements that put an incident's words into the index.
pub(super) fn put_word_set(batch: &mut Batch, key: i64, words: &WordSet) {
    batch
        .sql("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?);")
        .arg(key)
        .arg(words.document());
    for word in words.vocabulary() {
        batch.sql("INSERT OR IGNORE INTO vocabulary (word) VALUES (?);").arg(word.to_owned());
    }
}

/// The words of an incident in the store.
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
