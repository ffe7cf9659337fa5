//! The table of links.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::parse_incident_id;
use crate::model::notification::link::LinkBody;
use crate::model::notification::{AnswerLink, LinkDigest};

/// How long a link is stored after its end, so that whoever follows it learns that it has ended.
const STORED_AFTER_END: TimeDelta = TimeDelta::hours(24);

/// Returns the transaction that stores links and removes old ones. A link of an incident that the store
/// does not have is left out.
pub(super) fn insert(links: &[AnswerLink], now: DateTime<Utc>) -> StoreResult<Batch> {
    let mut batch = Batch::one_off("BEGIN IMMEDIATE; DELETE FROM answer_link WHERE expires < ?;");
    batch.arg((now - STORED_AFTER_END).timestamp_millis());
    for link in links {
        let AnswerLink { person, action, role, reminder, .. } = link.clone();
        let body = LinkBody { person, action, role, reminder };
        batch
            .sql(
                "INSERT OR IGNORE INTO answer_link (digest, notification, incident, expires, body)
                    SELECT ?, ?, key, ?, ? FROM incident WHERE id = ?;",
            )
            .arg(link.digest.as_bytes().to_vec())
            .arg(link.notification.as_bytes().to_vec())
            .arg(link.expires_at.timestamp_millis())
            .arg(encode_json(&body)?)
            .arg(link.incident.as_bytes().to_vec());
    }
    batch.sql("COMMIT;");
    Ok(batch)
}

/// Reads the link with a digest.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    digest: &LinkDigest,
) -> StoreResult<Option<AnswerLink>> {
    let mut batch = Batch::new(
        "SELECT l.notification, i.id, l.expires, l.used, l.body
            FROM answer_link l JOIN incident i ON i.key = l.incident WHERE l.digest = ?",
    );
    batch.arg(digest.as_bytes().to_vec());
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let notification = Uuid::from_slice(row.try_get(0)?)
        .map_err(|_| StoreError::content("the notification of a link"))?;
    let LinkBody { person, action, role, reminder } = parse_json(row.try_get(4)?, "a link")?;
    let expires: i64 = row.try_get(2)?;
    let used: Option<i64> = row.try_get(3)?;
    Ok(Some(AnswerLink {
        digest: *digest,
        notification,
        incident: parse_incident_id(row.try_get(1)?)?,
        person,
        action,
        role,
        reminder,
        expires_at: DateTime::from_timestamp_millis(expires)
            .ok_or_else(|| StoreError::content("the end of a link"))?,
        used_at: used.and_then(DateTime::from_timestamp_millis),
    }))
}

/// Returns the statement that marks a link as used.
pub(super) fn mark_used(digest: &LinkDigest, at: DateTime<Utc>) -> Batch {
    let mut batch = Batch::new("UPDATE answer_link SET used = ? WHERE digest = ? AND used IS NULL");
    batch.arg(at.timestamp_millis()).arg(digest.as_bytes().to_vec());
    batch
}
