//! The texts of recurring faults, which facts do not contain.

use sqlx::SqliteConnection;

use crate::backend::file::error::StoreResult;
use crate::backend::file::problem_table::read_problem;
use crate::backend::file::read::summary_at;
use crate::backend::file::records;
use crate::backend::file::sql::Batch;
use crate::model::command::Link;
use crate::model::id::ProblemId;
use crate::model::measures::Recurring;

/// Sets the fields of a group that facts don't have: title, service and problem of its last
/// incident. Returns the id of the problem.
pub(super) async fn describe_group(
    conn: &mut SqliteConnection,
    group: &mut Recurring,
) -> StoreResult<Option<ProblemId>> {
    let Some(number) = group.last else { return Ok(None) };
    let mut batch = Batch::new("SELECT row FROM incident WHERE number = ?");
    batch.arg(i64::try_from(number.0).unwrap_or(0));
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let summary = summary_at(&row, 0)?;
    summary.primary_service().unwrap_or_default().clone_into(&mut group.service);
    let id = summary.id;
    group.title = summary.title;
    let mut problem = None;
    let Some(record) = records::load(conn, id, false).await? else { return Ok(None) };
    for link in &record.incident.links {
        if let Link::Problem { id, title } = link {
            let problem_record = read_problem(conn, *id).await?;
            group.problem = Some(problem_record.map_or_else(|| title.clone(), |p| p.title));
            problem = Some(*id);
        }
    }
    Ok(problem)
}
