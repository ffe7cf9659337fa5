//! The table of messages that could not be understood, of `0011_senders.sql`.
//!
//! A message that arrives again is counted and stored once, so that one misconfigured sender does
//! not displace the messages of others. The oldest are removed when the maximum is exceeded; the
//! number of removed ones is a property of the store.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult, reject_bad_field};
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::backend::dead_letters::{
    DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch, MAX_DEAD_LETTER_BYTES,
    MAX_DEAD_LETTERS, NewDeadLetter, NoSuchDeadLetter, OversizedDeadLetter,
};
use crate::model::Actor;
use crate::model::alert::one_line;
use crate::model::bad_field::{BadField, FieldProblem};

/// The maximum number of dead letters in one read.
const MAX_PAGE: u32 = 1000;
/// The longest texts about a message that are stored, in characters.
const MAX_TEXT_CHARS: usize = 500;
/// The greatest number of headers that are stored.
const MAX_HEADERS: usize = 50;
/// The maximum length of a stored query in bytes. A truncated one would have another meaning.
const MAX_QUERY_BYTES: usize = 4000;
/// The columns of a dead letter without its message.
const COLUMNS: &str = "position, at, source, bytes, body";
/// The property that counts those that were removed because the maximum was exceeded.
const DROPPED: &str = "dead_letters_dropped";

/// The content of the column `body`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Body {
    actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    reason: String,
    /// When it arrived last, in milliseconds since 1970.
    last: i64,
    count: u64,
}

impl FileStore {
    /// Stores a message that can't be understood, and returns its number.
    pub(super) async fn store_dead_letter(&self, new: &NewDeadLetter) -> Result<u64, BackendError> {
        self.check_writable()?;
        let bytes = new.message.len() as u64;
        if bytes > MAX_DEAD_LETTER_BYTES {
            return Err(BackendError::not_allowed(OversizedDeadLetter(bytes)));
        }
        let (store, new) = (self.clone(), new.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let number = put(&mut writer.conn, new).await;
            if number.is_err() {
                writer.roll_back().await;
            }
            number
        })
        .await
    }

    /// Reads the messages that could not be understood, the one that arrived last first.
    pub(super) async fn read_dead_letters(
        &self,
        search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        self.with_path_context(async {
            if !(1..=MAX_PAGE).contains(&search.limit) {
                let problem = FieldProblem::RowCount { max: MAX_PAGE };
                return Err(reject_bad_field(BadField::new("limit", problem)));
            }
            list(&mut *self.acquire_reader().await?, search).await
        })
        .await
    }

    /// Reads one of them with its content.
    pub(super) async fn read_dead_letter(
        &self,
        number: u64,
    ) -> Result<DeadLetterMessage, BackendError> {
        self.with_path_context(async { read_one(&mut *self.acquire_reader().await?, number).await })
            .await
    }

    /// Removes one of them, and returns its description.
    pub(super) async fn delete_dead_letter(&self, number: u64) -> Result<DeadLetter, BackendError> {
        self.check_writable()?;
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let removed = remove(&mut writer.conn, number).await;
            if removed.is_err() {
                writer.roll_back().await;
            }
            removed
        })
        .await
    }
}

/// Stores a message in a transaction, or counts the one that is stored already.
async fn put(conn: &mut SqliteConnection, new: NewDeadLetter) -> StoreResult<u64> {
    let NewDeadLetter { source, actor, token, content_type, headers, query, reason, message, at } =
        new;
    let text = |text: &str| one_line(text, MAX_TEXT_CHARS);
    let source = text(&source);
    let bytes = i64::try_from(message.len()).unwrap_or(i64::MAX);
    let last = at.timestamp_millis();
    let reason = text(&reason);
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let mut same = Batch::new(
        "SELECT position, body FROM dead_letter WHERE source = ? AND bytes = ? AND message = ?",
    );
    same.arg(source.clone()).arg(bytes).arg(message.clone());
    for row in same.fetch_all(conn).await? {
        let stored: Body = parse_json(row.try_get(1)?, "a dead letter")?;
        if stored.actor == actor {
            let position: i64 = row.try_get(0)?;
            let mut batch = Batch::new(
                "UPDATE dead_letter SET body =
                    json_set(body, '$.count', ?, '$.last', ?, '$.reason', ?) WHERE position = ?;
                 COMMIT;",
            );
            let count = i64::try_from(stored.count.saturating_add(1)).unwrap_or(i64::MAX);
            batch.arg(count).arg(last.max(stored.last)).arg(reason).arg(position);
            batch.run(conn).await?;
            return number_of(position);
        }
    }
    let headers = headers.into_iter().take(MAX_HEADERS);
    let body = Body {
        actor,
        token: token.as_deref().map(text),
        content_type: content_type.as_deref().map(text),
        headers: headers.map(|(name, value)| (text(&name), text(&value))).collect(),
        query: query.filter(|query| query.len() <= MAX_QUERY_BYTES),
        reason,
        last,
        count: 1,
    };
    let mut batch = Batch::new(
        "INSERT INTO dead_letter (at, source, bytes, message, body) VALUES (?, ?, ?, ?, ?)
            RETURNING position",
    );
    batch.arg(last).arg(source).arg(bytes).arg(message).arg(encode_json(&body)?);
    let rows = batch.fetch_all(conn).await?;
    let row = rows.first().ok_or_else(|| StoreError::content("a dead letter was not stored"))?;
    let position: i64 = row.try_get(0)?;
    drop_oldest(conn).await?;
    Batch::new("COMMIT;").run(conn).await?;
    number_of(position)
}

/// Removes the oldest dead letters beyond the bounds, and counts them.
async fn drop_oldest(conn: &mut SqliteConnection) -> StoreResult<()> {
    let sizes = Batch::new("SELECT position, bytes FROM dead_letter ORDER BY position DESC");
    let (mut letters, mut total) = (0_usize, 0_u64);
    // The last one that stays.
    let mut oldest = None;
    for row in sizes.fetch_all(conn).await? {
        letters += 1;
        total = total.saturating_add(u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0));
        if letters > MAX_DEAD_LETTERS || total > MAX_DEAD_LETTER_BYTES {
            break;
        }
        oldest = Some(row.try_get::<i64, _>(0)?);
    }
    let mut batch = Batch::new(
        "INSERT INTO meta (name, value)
            SELECT ?, count(*) FROM dead_letter WHERE position < ? HAVING count(*) > 0
            ON CONFLICT (name) DO UPDATE SET value = value + excluded.value;
         DELETE FROM dead_letter WHERE position < ?;",
    );
    let oldest = oldest.unwrap_or(i64::MAX);
    batch.arg(DROPPED).arg(oldest).arg(oldest);
    batch.run(conn).await
}

async fn list(
    conn: &mut SqliteConnection,
    search: &DeadLetterSearch,
) -> StoreResult<DeadLetterList> {
    if !has_dead_letters(conn).await? {
        return Ok(DeadLetterList::default());
    }
    let before = search.before.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM dead_letter WHERE position < ? ORDER BY position DESC LIMIT ?"
    ));
    batch.arg(before).arg(i64::from(search.limit));
    let rows = batch.fetch_all(conn).await?;
    let letters = rows.iter().map(decode).collect::<StoreResult<_>>()?;
    let mut counts = Batch::new(
        "SELECT (SELECT count(*) FROM dead_letter),
            ifnull((SELECT value FROM meta WHERE name = ?), 0)",
    );
    counts.arg(DROPPED);
    let row = counts.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("dead letters can't be counted"))?;
    let count = |column: usize| -> StoreResult<u64> {
        Ok(u64::try_from(row.try_get_unchecked::<i64, _>(column)?).unwrap_or(0))
    };
    Ok(DeadLetterList { letters, total: count(0)?, dropped: count(1)? })
}

async fn read_one(conn: &mut SqliteConnection, number: u64) -> StoreResult<DeadLetterMessage> {
    if !has_dead_letters(conn).await? {
        return Err(missing(number));
    }
    let mut batch =
        Batch::new(&format!("SELECT {COLUMNS}, message FROM dead_letter WHERE position = ?"));
    batch.arg(i64::try_from(number).unwrap_or(i64::MAX));
    let row = batch.fetch_optional(conn).await?.ok_or_else(|| missing(number))?;
    Ok(DeadLetterMessage::new(decode(&row)?, row.try_get(5)?))
}

async fn remove(conn: &mut SqliteConnection, number: u64) -> StoreResult<DeadLetter> {
    let mut batch =
        Batch::new(&format!("DELETE FROM dead_letter WHERE position = ? RETURNING {COLUMNS}"));
    batch.arg(i64::try_from(number).unwrap_or(i64::MAX));
    // All rows are fetched, so that the statement ends and its change is committed.
    let rows = batch.fetch_all(conn).await?;
    decode(rows.first().ok_or_else(|| missing(number))?)
}

fn decode(row: &SqliteRow) -> StoreResult<DeadLetter> {
    let body: Body = parse_json(row.try_get(4)?, "a dead letter")?;
    let time = |ms: i64| -> StoreResult<DateTime<Utc>> {
        DateTime::from_timestamp_millis(ms)
            .ok_or_else(|| StoreError::content("the time of a dead letter"))
    };
    Ok(DeadLetter {
        number: number_of(row.try_get(0)?)?,
        received_at: time(row.try_get(1)?)?,
        last_at: time(body.last)?,
        count: body.count,
        source: row.try_get(2)?,
        actor: body.actor,
        token: body.token,
        content_type: body.content_type,
        headers: body.headers,
        query: body.query,
        reason: body.reason,
        bytes: u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or(0),
    })
}

fn number_of(position: i64) -> StoreResult<u64> {
    u64::try_from(position).map_err(|_| StoreError::content("the position of a dead letter"))
}

fn missing(number: u64) -> StoreError {
    BackendError::not_found(NoSuchDeadLetter(number)).into()
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
async fn has_dead_letters(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'dead_letter'");
    Ok(table.fetch_optional(conn).await?.is_some())
}
