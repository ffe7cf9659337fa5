//! Words of incidents: how text is split, how the index is kept, and what a word of a filter finds.
//!
//! A word of a filter is split as the text is, and each piece finds every word that begins with
//! it. That differs from [`crate::model::filter`], which finds a word anywhere inside a title, a
//! service, an owner or a team: a list of open incidents is matched by that rule, the history by
//! this one, which also looks into symptoms and notes.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};

use super::FileStore;
use super::error::{Done, Failure, Fault, fault};
use super::event_row::{self, COLUMNS, FROM, NOTE};
use super::records;
use super::sql::Batch;
use crate::backend::BackendError;
use crate::model::{EventBody, Incident, IncidentId, IncidentNumber};

/// Longer words are cut.
const WORD_CHARS: usize = 64;
/// A prefix of up to so many words is asked for as these words, newest first without reading all.
const EXPANSIONS: usize = 300;
/// Incidents whose words are taken in at once.
const AT_ONCE: i64 = 200;

/// The words of a text, in lower case. ASCII letters and digits, and all letters, digits and
/// marks beyond ASCII, belong to words.
pub(super) fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || (!c.is_ascii() && !is_gap(c))))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(WORD_CHARS).collect())
}

/// Blanks and punctuation beyond ASCII.
fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(u32::from(c), 0xa0..=0xbf | 0xd7 | 0xf7 | 0x2000..=0x206f | 0x3000..=0x303f | 0xfeff | 0xff00..=0xff0f)
}

/// The words an incident is found by: number, title, symptoms, services and notes.
#[derive(Default)]
pub(super) struct Words(BTreeSet<String>);

impl Words {
    /// Of the record, without its notes.
    pub(super) fn of(incident: &Incident) -> Self {
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
        self.0.extend(split(text));
    }

    /// Adds those of an event that is a note.
    pub(super) fn add_note(&mut self, body: &EventBody) {
        if let EventBody::NoteAdded { text } | EventBody::NoteCorrected { text, .. } = body {
            self.add(text);
        }
    }

    /// Whether each of these is the beginning of a word, as the index finds it.
    fn have(&self, pieces: &[String]) -> bool {
        pieces.iter().all(|piece| {
            let next = self.0.range(piece.clone()..).next();
            next.is_some_and(|word| word.starts_with(piece.as_str()))
        })
    }

    /// The text for the index.
    pub(super) fn text(&self) -> String {
        let words: Vec<&str> = self.0.iter().map(String::as_str).collect();
        words.join(" ")
    }

    /// Those that are worth keeping in the vocabulary: numbers are too many.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|w| !w.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// The pieces of a filter's word; none where it has no letter and no digit.
pub(super) fn pieces(word: &str) -> Vec<String> {
    // The `INC` of a number stands in every incident and finds nothing.
    let folded = word.trim_start_matches('#');
    if folded.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("inc"))
        && let Ok(number) = folded.parse::<IncidentNumber>()
    {
        return vec![number.0.to_string()];
    }
    split(word).collect()
}

/// What the index is asked for: every piece, each as the beginning of a word.
pub(super) async fn expression(conn: &mut SqliteConnection, pieces: &[String]) -> Done<String> {
    let mut parts = Vec::new();
    for piece in pieces {
        // Pieces hold letters and digits only, so nothing in them needs to be escaped.
        let mut part = format!("\"{piece}\" *");
        if !piece.starts_with(|c: char| c.is_ascii_digit()) {
            let mut batch = Batch::new(
                "SELECT word FROM vocabulary WHERE word >= $1 AND word < $1 || char(1114111)
                 LIMIT $2",
            );
            batch.arg(piece.clone()).arg(i64::try_from(EXPANSIONS).unwrap_or(0) + 1);
            let rows = batch.rows(conn).await?;
            if (1..=EXPANSIONS).contains(&rows.len()) {
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
async fn waiting(conn: &mut SqliteConnection) -> Done<bool> {
    Ok(Batch::new("SELECT 1 FROM words_todo LIMIT 1").row(conn).await?.is_some())
}

/// Which incidents wait for their words to be taken in, and which of them have these. For a store
/// that is only read: others bring its index up to date.
pub(super) async fn found_waiting(
    conn: &mut SqliteConnection,
    pieces: &[String],
) -> Done<(Vec<i64>, Vec<i64>)> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    let todo = Batch::new(
        "SELECT t.incident, i.id FROM words_todo t JOIN incident i ON i.key = t.incident",
    );
    for row in todo.rows(conn).await? {
        let key: i64 = row.try_get(0)?;
        all.push(key);
        let Some(id) = IncidentId::from_slice(row.try_get(1)?) else { continue };
        if let Some(words) = of_stored(conn, key, id).await?
            && words.have(pieces)
        {
            found.push(key);
        }
    }
    Ok((all, found))
}

impl FileStore {
    /// Takes in words that wait, unless somebody else is writing. Whoever searches may go away in
    /// the middle: what is begun is ended all the same.
    pub(super) async fn index_words(&self) -> Result<(), BackendError> {
        if self.is_read_only() {
            return Ok(());
        }
        let store = self.clone();
        self.undisturbed(async move { store.take_in_words().await }).await
    }

    async fn take_in_words(&self) -> Done<()> {
        if !waiting(&mut *self.reader().await?).await? {
            return Ok(());
        }
        let Some(mut writer) = self.try_writer().await else { return Ok(()) };
        let begun = Batch::new("PRAGMA busy_timeout = 100; BEGIN IMMEDIATE").run(&mut writer.conn);
        let done = match begun.await {
            Ok(()) => match take_in(&mut writer.conn).await {
                Ok(()) => Batch::new("COMMIT").run(&mut writer.conn).await,
                Err(failure) => Err(failure),
            },
            // The words are found once the other has finished.
            Err(Failure::Sql(e)) if fault(&e) == Fault::Locked => Ok(()),
            Err(failure) => Err(failure),
        };
        if done.is_err() {
            writer.roll_back().await;
        }
        writer.be_patient(self.patience()).await?;
        done
    }
}

/// Takes in the words that wait, all within the running transaction.
pub(super) async fn take_in(conn: &mut SqliteConnection) -> Done<()> {
    loop {
        let mut batch = Batch::new(
            "SELECT t.incident, i.id FROM words_todo t LEFT JOIN incident i ON i.key = t.incident
             ORDER BY t.incident LIMIT ?",
        );
        batch.arg(AT_ONCE);
        let todo = batch.rows(conn).await?;
        let Some(last) = todo.last() else { return Ok(()) };
        let last: i64 = last.try_get(0)?;
        let mut put = Batch::passing("");
        for row in &todo {
            let key: i64 = row.try_get(0)?;
            let Some(id) = row.try_get::<Option<&[u8]>, _>(1)?.and_then(IncidentId::from_slice)
            else {
                continue;
            };
            if let Some(words) = of_stored(conn, key, id).await? {
                put_words(&mut put, key, &words);
            }
        }
        put.sql("DELETE FROM words_todo WHERE incident <= ?;").arg(last);
        put.run(conn).await?;
    }
}

/// Adds the statements that put an incident's words into the index.
pub(super) fn put_words(batch: &mut Batch, key: i64, words: &Words) {
    batch
        .sql("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?);")
        .arg(key)
        .arg(words.text());
    for word in words.vocabulary() {
        batch.sql("INSERT OR IGNORE INTO vocabulary (word) VALUES (?);").arg(word.to_owned());
    }
}

/// The words of an incident in the store.
async fn of_stored(conn: &mut SqliteConnection, key: i64, id: IncidentId) -> Done<Option<Words>> {
    let Some(record) = records::load(conn, id, true).await? else { return Ok(None) };
    let mut words = Words::of(&record.incident);
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.kind = {NOTE} ORDER BY e.seq"
    ));
    batch.arg(key);
    let mut failed: Option<Failure> = None;
    batch
        .each(conn, |row| {
            match event_row::read(row, id) {
                Ok(event) => words.add_note(&event.body),
                Err(failure) => failed = Some(failure),
            }
            Ok(failed.is_none())
        })
        .await?;
    failed.map_or(Ok(Some(words)), Err)
}
