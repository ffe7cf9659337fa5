//! Notifications in exports and imports.

use sqlx::{Row, SqliteConnection};

use super::plan;
use super::table::{bytes, has_notifications, parse_attempt, parse_notification, prune, put_new};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::encode_json;
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::bad_field::BadField;
use crate::model::check;
use crate::model::notification::{Attempt, AttemptOutcome, Notification, NotificationState};

/// Passes all notifications to `emit`, then all attempts.
pub(in crate::backend::file) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_notifications(conn).await? {
        return Ok(());
    }
    Batch::new("SELECT body FROM notification ORDER BY position")
        .for_each_row(conn, |row| {
            emit(&Record::from(parse_notification(row.try_get(0)?)?))?;
            Ok(true)
        })
        .await?;
    Batch::new("SELECT body FROM attempt ORDER BY notification, number")
        .for_each_row(conn, |row| {
            emit(&Record::Attempt(Box::new(parse_attempt(row.try_get(0)?)?)))?;
            Ok(true)
        })
        .await
}

/// Checks the fields of an imported notification.
pub(in crate::backend::file) fn check_notification(
    notification: &Notification,
) -> Result<(), BadField> {
    check::person("person", &notification.person)?;
    for (field, text) in [("contact", &notification.contact), ("channel", &notification.channel)] {
        if !text.is_empty() {
            check::name(field, text)?;
        }
    }
    check::time("planned_at", notification.planned_at)?;
    check::time("due", notification.due)?;
    check::time("updated_at", notification.updated_at)?;
    if let Some(until) = notification.until {
        check::time("until", until)?;
    }
    check::text("text", notification.text.as_deref().unwrap_or_default())?;
    check::text("reason", notification.reason.as_deref().unwrap_or_default())
}

/// Checks the fields of an imported attempt.
pub(in crate::backend::file) fn check_attempt(attempt: &Attempt) -> Result<(), BadField> {
    check::time("began_at", attempt.began_at)?;
    if let Some(ended_at) = attempt.ended_at {
        check::time("ended_at", ended_at)?;
    }
    check::text("answer", &attempt.answer)
}

/// Adds the statement that stores an imported notification of the incident with `key`. It is never
/// sent.
pub(in crate::backend::file) fn put_imported(
    batch: &mut Batch,
    mut notification: Notification,
    key: i64,
) -> StoreResult<()> {
    if !notification.state.is_final() {
        notification.state = NotificationState::Cancelled;
        notification.reason = Some("it was imported".to_owned());
        notification.bundled_into = None;
    }
    notification.next_try = None;
    put_new(batch, &notification, Some(key))
}

/// Adds the statement that stores an imported attempt, unless its notification is missing.
pub(in crate::backend::file) fn put_imported_attempt(
    batch: &mut Batch,
    mut attempt: Attempt,
) -> StoreResult<()> {
    if attempt.outcome == AttemptOutcome::Running {
        attempt.outcome = AttemptOutcome::Interrupted;
    }
    batch
        .sql(
            "INSERT OR IGNORE INTO attempt (notification, number, body)
                SELECT id, ?, ? FROM notification WHERE id = ?;",
        )
        .arg(i64::from(attempt.number))
        .arg(encode_json(&attempt)?)
        .arg(bytes(attempt.notification));
    Ok(())
}

/// Adds the statements that end an import of events at the positions from `first` to `last`: they
/// notify nobody, and the bound is applied.
pub(in crate::backend::file) fn end_import(batch: &mut Batch, first: i64, last: i64) {
    if first <= last {
        plan::skip_imported(batch, first, last);
    }
    prune(batch);
}
