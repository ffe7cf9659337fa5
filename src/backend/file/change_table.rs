//! Changes to services: checks, the statements that store them, and queries.

use sqlx::{Row, SqliteConnection};

use super::error::{StoreResult, reject_bad_field};
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::model::ChangeId;
use crate::model::change::Change;
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::link::Link;

/// The second from which the times of spans are counted, so that 1970 to 2100 fits signed 32 bits.
pub(super) const SPAN_EPOCH: i64 = 1 << 31;

/// Converts a second since 1970 to the form in the table `change_span`.
pub(super) fn span_second(second: i64) -> i64 {
    (second - SPAN_EPOCH).clamp(i64::from(i32::MIN), i64::from(i32::MAX))
}

/// Checks the fields of a change.
pub(super) fn check_change(change: &Change) -> Result<(), BadField> {
    check::title(&change.title)?;
    check::names("services", &change.services)?;
    check::name("by", change.by.name())?;
    check::time("starts_at", change.starts_at)?;
    if let Some(url) = &change.url {
        check::link(&Link::Url(url.clone()))?;
    }
    if let Some(end) = change.ends_at {
        check::time("ends_at", end)?;
        if end < change.starts_at {
            return Err(BadField::new("ends_at", FieldProblem::BeforeStart));
        }
    }
    Ok(())
}

/// Rejects a change that has an invalid field.
pub(super) fn reject_bad_change(change: &Change) -> StoreResult<()> {
    check_change(change).map_err(reject_bad_field)
}

/// Adds the statements that store a change.
pub(super) fn put_change(batch: &mut Batch, change: &Change) -> StoreResult<()> {
    let id = change.id.as_bytes().to_vec();
    batch
        .sql(
            "INSERT INTO change (id, body) VALUES (?, ?)
                ON CONFLICT (id) DO UPDATE SET body = excluded.body;
             INSERT OR REPLACE INTO change_span (key, starts, ends)
                SELECT key, ?, ? FROM change WHERE id = ?;",
        )
        .arg(id.clone())
        .arg(encode_json(change)?)
        .arg(span_second(change.starts_at.timestamp()))
        .arg(change.ends_at.map_or(i64::from(i32::MAX), |end| span_second(end.timestamp() + 1)))
        .arg(id);
    Ok(())
}

/// Reads a change; `None` if there is none with this id.
pub(super) async fn read_change(
    conn: &mut SqliteConnection,
    id: ChangeId,
) -> StoreResult<Option<Change>> {
    let mut batch = Batch::new("SELECT body FROM change WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_json(row.try_get(0)?, "a change")).transpose()
}

/// Reads the changes that ran at some time between `from` and `to`, in seconds since 1970.
pub(super) async fn read_changes_between(
    conn: &mut SqliteConnection,
    from: i64,
    to: i64,
) -> StoreResult<Vec<Change>> {
    let mut batch = Batch::new(
        "SELECT c.body FROM change_span s JOIN change c ON c.key = s.key
         WHERE s.starts <= ? AND s.ends >= ?",
    );
    batch.arg(span_second(to + 1)).arg(span_second(from - 1));
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_json(row.try_get(0)?, "a change")).collect()
}
