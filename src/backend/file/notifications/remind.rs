//! Reminders, each of which is stored once for all programs.

use chrono::TimeDelta;
use sqlx::SqliteConnection;

use super::table::{prune, put_new};
use crate::backend::Reminder;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;

/// How long sent reminders are remembered.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// Returns whether a reminder was stored before.
pub(super) async fn is_stored(
    conn: &mut SqliteConnection,
    reminder: &Reminder,
) -> StoreResult<bool> {
    let mut batch = Batch::new("SELECT 1 FROM reminder WHERE kind = ? AND key = ?");
    batch.arg(reminder.kind.as_str().to_owned()).arg(reminder.key.clone());
    Ok(batch.fetch_optional(conn).await?.is_some())
}

/// Stores a reminder in a transaction; `None`, with the transaction still open, if it was stored before.
pub(super) async fn store_reminder(
    conn: &mut SqliteConnection,
    reminder: &Reminder,
) -> StoreResult<Option<()>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    if is_stored(conn, reminder).await? {
        return Ok(None);
    }
    let mut batch = Batch::one_off("INSERT INTO reminder (kind, key, at) VALUES (?, ?, ?);");
    batch
        .arg(reminder.kind.as_str().to_owned())
        .arg(reminder.key.clone())
        .arg(reminder.now.timestamp_millis());
    for notification in &reminder.notifications {
        put_new(&mut batch, notification, None)?;
    }
    batch
        .sql("DELETE FROM reminder WHERE at < ?;")
        .arg((reminder.now - REMEMBERED).timestamp_millis());
    if !reminder.notifications.is_empty() {
        prune(&mut batch);
    }
    batch.sql("COMMIT;");
    batch.run(conn).await?;
    Ok(Some(()))
}
