//! Problems, changes and the directory: checks, statements that store them, and queries.

use chrono::Utc;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::sql::Batch;
use crate::backend::{BackendError, Missing};
use crate::model::change::Change;
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::directory::Directory;
use crate::model::problem::Problem;
use crate::model::{IncidentId, ProblemId};

/// The second from which the times of spans are counted, so that 1970 to 2100 fits signed 32 bits.
const SPAN_EPOCH: i64 = 1 << 31;

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
    if let Some(end) = change.ends_at {
        check::time("ends_at", end)?;
        if end < change.starts_at {
            return Err(BadField::new("ends_at", FieldProblem::BeforeStart));
        }
    }
    Ok(())
}

/// Checks the fields of a problem.
pub(super) fn check_problem(problem: &Problem) -> Result<(), BadField> {
    check::title(&problem.title)?;
    check::names("services", &problem.services)?;
    check::text("cause", &problem.cause)?;
    check::text("workaround", &problem.workaround)?;
    check::time("opened_at", problem.opened_at)
}

/// Rejects a change that has an invalid field.
pub(super) fn reject_bad_change(change: &Change) -> StoreResult<()> {
    check_change(change).map_err(reject)
}

/// Rejects a problem that has an invalid field.
pub(super) fn reject_bad_problem(problem: &Problem) -> StoreResult<()> {
    check_problem(problem).map_err(reject)
}

fn reject(bad: BadField) -> StoreError {
    BackendError::rejected(bad.into(), Utc::now()).into()
}

fn json<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(StoreError::invalid)
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
        .arg(json(change)?)
        .arg(span_second(change.starts_at.timestamp()))
        .arg(change.ends_at.map_or(i64::from(i32::MAX), |end| span_second(end.timestamp() + 1)))
        .arg(id);
    Ok(())
}

/// Adds the statement that stores a problem.
pub(super) fn put_problem(batch: &mut Batch, problem: &Problem) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO problem (id, body) VALUES (?, ?)
                ON CONFLICT (id) DO UPDATE SET body = excluded.body;",
        )
        .arg(problem.id.as_bytes().to_vec())
        .arg(json(problem)?);
    Ok(())
}

/// Adds the statement that stores a directory. Its version increases, so that other processes
/// notice the change.
pub(super) fn put_directory(batch: &mut Batch, directory: &Directory) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO directory (id, version, body) VALUES (1, 1, ?)
                ON CONFLICT (id) DO UPDATE SET version = version + 1, body = excluded.body;",
        )
        .arg(json(directory)?);
    Ok(())
}

/// Parses the text of a JSON column; `what` names the content in an error.
pub(super) fn parse_json<T: serde::de::DeserializeOwned>(
    text: &str,
    content: &str,
) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|e| StoreError::content(format!("{content}: {e}")))
}

/// Reads the directory; `None` if none was ever set.
pub(super) async fn read_directory(conn: &mut SqliteConnection) -> StoreResult<Option<Directory>> {
    let row = Batch::new("SELECT body FROM directory WHERE id = 1").fetch_optional(conn).await?;
    row.map(|row| parse_json(row.try_get(0)?, "the directory")).transpose()
}

/// Reads a problem; `None` if it does not exist.
pub(super) async fn read_problem(
    conn: &mut SqliteConnection,
    id: ProblemId,
) -> StoreResult<Option<Problem>> {
    let mut batch = Batch::new("SELECT body FROM problem WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    batch
        .fetch_optional(conn)
        .await?
        .map(|row| parse_json(row.try_get(0)?, "a problem"))
        .transpose()
}

/// Reads the problems, newest first, as ids ascend with time.
pub(super) async fn read_problems(conn: &mut SqliteConnection) -> StoreResult<Vec<Problem>> {
    let batch = Batch::new("SELECT body FROM problem ORDER BY id DESC LIMIT 1000");
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_json(row.try_get(0)?, "a problem")).collect()
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

/// Returns the error for an incident that does not exist.
pub(super) fn no_such_incident(id: IncidentId) -> StoreError {
    BackendError::NotFound(Missing::IncidentId(id)).into()
}
