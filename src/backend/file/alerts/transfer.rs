//! Alerts in exports and imports.

use sqlx::{Row, SqliteConnection};

use super::table::{has_alerts, parse_alert, prune, put_new};
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::alert::{Alert, MAX_KEY_CHARS};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::check;

/// The longest key of a group, in characters: that of `dedup_key`.
const MAX_GROUP_CHARS: usize = 500;
/// The most labels, and the most annotations.
const MAX_ENTRIES: usize = 1000;

/// Passes all alerts to `emit`.
pub(in crate::backend::file) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_alerts(conn).await? {
        return Ok(());
    }
    Batch::new("SELECT body FROM alert ORDER BY position")
        .for_each_row(conn, |row| {
            emit(&Record::Alert(Box::new(parse_alert(row.try_get(0)?)?)))?;
            Ok(true)
        })
        .await
}

/// Checks the fields of an imported alert.
pub(in crate::backend::file) fn check_alert(alert: &Alert) -> Result<(), BadField> {
    for (field, text, max) in
        [("group", &alert.group, MAX_GROUP_CHARS), ("key", &alert.key, MAX_KEY_CHARS)]
    {
        let count = text.chars().count();
        if count > max {
            return Err(BadField::new(field, FieldProblem::TooManyChars { count, max }));
        }
    }
    check::name("source", &alert.source)?;
    check::text("title", &alert.title)?;
    check::text("url", alert.url.as_deref().unwrap_or_default())?;
    for (field, entries) in [("labels", &alert.labels), ("annotations", &alert.annotations)] {
        let count = entries.len();
        if count > MAX_ENTRIES {
            let problem = FieldProblem::TooManyEntries { count, max: MAX_ENTRIES };
            return Err(BadField::new(field, problem));
        }
        entries
            .iter()
            .flat_map(|(name, text)| [name, text])
            .try_for_each(|t| check::text(field, t))?;
    }
    check::time("starts_at", alert.starts_at)?;
    check::time("first_at", alert.first_at)?;
    check::time("last_at", alert.last_at)?;
    alert.ends_at.map_or(Ok(()), |at| check::time("ends_at", at))
}

/// Adds the statements that store an imported alert of the incident with `key`, unless it is stored
/// already.
pub(in crate::backend::file) fn put_imported(
    batch: &mut Batch,
    alert: &Alert,
    key: i64,
) -> StoreResult<()> {
    put_new(batch, alert, key)?;
    prune(batch);
    Ok(())
}
