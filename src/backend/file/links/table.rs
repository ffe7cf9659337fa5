//! The table of links.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row::parse_incident_id;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::notifications::NO_INCIDENT;
use crate::backend::file::sql::Batch;
use crate::model::IncidentId;
use crate::model::notification::link::LinkBody;
use crate::model::notification::{AnswerLink, LinkDigest};

/// How long a link is stored after its end, so that a person who follows it learns that it has
/// ended.
const STORED_AFTER_END: TimeDelta = TimeDelta::hours(24);

/// Returns the transaction that stores links and removes old ones. A link of an incident that the
/// store does not have is omitted; one for a request for cover has no incident.
pub(super) fn insert(links: &[AnswerLink], now: DateTime<Utc>) -> StoreResult<Batch> {
    let mut batch = Batch::one_off("BEGIN IMMEDIATE; DELETE FROM answer_link WHERE expires < ?;");
    batch.arg((now - STORED_AFTER_END).timestamp_millis());
    for link in links {
        let AnswerLink { person, action, role, reminder, cover, .. } = link.clone();
        let body = LinkBody { person, action, role, reminder, cover };
        batch
            .sql(
                "INSERT OR IGNORE INTO answer_link (digest, notification, expires, body, incident)
                    SELECT ?, ?, ?, ?, ",
            )
            .arg(link.digest.as_bytes().to_vec())
            .arg(link.notification.as_bytes().to_vec())
            .arg(link.expires_at.timestamp_millis())
            .arg(encode_json(&body)?);
        if cover.is_some() {
            batch.sql(&format!("{NO_INCIDENT};"));
        } else {
            batch.sql("key FROM incident WHERE id = ?;").arg(link.incident.as_bytes().to_vec());
        }
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
            FROM answer_link l LEFT JOIN incident i ON i.key = l.incident WHERE l.digest = ?",
    );
    batch.arg(digest.as_bytes().to_vec());
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let notification = Uuid::from_slice(row.try_get(0)?)
        .map_err(|_| StoreError::content("the notification of a link"))?;
    let LinkBody { person, action, role, reminder, cover } = parse_json(row.try_get(4)?, "a link")?;
    let incident = match row.try_get::<Option<&[u8]>, _>(1)? {
        Some(_) => parse_incident_id(row.try_get(1)?)?,
        None if cover.is_some() => IncidentId::NONE,
        None => return Ok(None),
    };
    let expires: i64 = row.try_get(2)?;
    let used: Option<i64> = row.try_get(3)?;
    Ok(Some(AnswerLink {
        digest: *digest,
        notification,
        incident,
        person,
        action,
        role,
        reminder,
        cover,
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
