//! Problems: checks, the statement that stores them, and queries.

use sqlx::{Row, SqliteConnection};

use super::error::{StoreResult, reject_bad_field};
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::model::ProblemId;
use crate::model::check::{self, BadField};
use crate::model::problem::Problem;

/// Checks the fields of a problem.
pub(super) fn check_problem(problem: &Problem) -> Result<(), BadField> {
    check::title(&problem.title)?;
    check::names("services", &problem.services)?;
    check::text("cause", &problem.cause)?;
    check::text("workaround", &problem.workaround)?;
    if let Some(owner) = &problem.owner {
        check::person("owner", owner)?;
    }
    if let Some(team) = &problem.team {
        check::name("team", team)?;
    }
    check::time("opened_at", problem.opened_at)
}

/// Rejects a problem that has an invalid field.
pub(super) fn reject_bad_problem(problem: &Problem) -> StoreResult<()> {
    check_problem(problem).map_err(reject_bad_field)
}

/// Adds the statement that stores a problem.
pub(super) fn put_problem(batch: &mut Batch, problem: &Problem) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO problem (id, body) VALUES (?, ?)
                ON CONFLICT (id) DO UPDATE SET body = excluded.body;",
        )
        .arg(problem.id.as_bytes().to_vec())
        .arg(encode_json(problem)?);
    Ok(())
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
