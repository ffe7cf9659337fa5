//! Reads the problems, newest first, with the incidents that link to them.

use sqlx::{Row, SqliteConnection};

use super::paging::{MAX_SCANNED, brief_at, foreign_mark, page};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::parse_json;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{IncidentBrief, ListSearch, MAX_LINKED, ProblemEntry, ProblemSearch};
use crate::backend::{Page, PageMark};
use crate::model::ProblemId;
use crate::model::problem::Problem;

/// Reads one page of the problems.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ProblemSearch,
) -> StoreResult<Page<ProblemEntry>> {
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let mut batch = Batch::new("SELECT body FROM problem WHERE id < ? ORDER BY id DESC LIMIT ?");
    match &search.after {
        // Longer than any id, and greater.
        None => batch.arg(vec![0xff; 17]),
        Some(PageMark::Problem(id)) => batch.arg(id.as_bytes().to_vec()),
        Some(_) => return Err(foreign_mark()),
    };
    batch.arg(i64::from(MAX_SCANNED));
    let (mut found, mut scanned, mut last) = (Vec::new(), 0, None);
    batch
        .for_each_row(conn, |row| {
            let problem: Problem = parse_json(row.try_get(0)?, "a problem")?;
            scanned += 1;
            last = Some(problem.id);
            let entry = ProblemEntry { problem, incident_count: 0, incidents: Vec::new() };
            if search.matches(&entry) {
                found.push(entry);
            }
            Ok(found.len() <= limit)
        })
        .await?;
    let mark = |entry: &ProblemEntry| PageMark::Problem(entry.problem.id);
    let mut page = page(found, search.limit, mark, |entry| entry);
    if page.next.is_none() && scanned == MAX_SCANNED {
        page.next = last.map(PageMark::Problem);
    }
    for entry in &mut page.rows {
        (entry.incident_count, entry.incidents) = read_linked(conn, entry.problem.id).await?;
    }
    Ok(page)
}

/// Reads the number of incidents that link to a problem, and the newest of them.
async fn read_linked(
    conn: &mut SqliteConnection,
    id: ProblemId,
) -> StoreResult<(u32, Vec<IncidentBrief>)> {
    let mut batch = Batch::new(
        "SELECT count(DISTINCT incident) FROM problem_link WHERE problem = $1;
         SELECT i.row FROM
            (SELECT DISTINCT incident FROM problem_link WHERE problem = $1
                ORDER BY incident DESC LIMIT $2) l
            JOIN incident i ON i.key = l.incident ORDER BY l.incident DESC",
    );
    batch.arg(id.to_string()).arg(i64::try_from(MAX_LINKED).unwrap_or(10));
    let results = batch.fetch_result_sets(conn).await?;
    let mut results = results.into_iter();
    let count: i64 = match results.next().unwrap_or_default().first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    let incidents = results.next().unwrap_or_default();
    let incidents: StoreResult<Vec<IncidentBrief>> =
        incidents.iter().map(|row| brief_at(row, 0)).collect();
    Ok((u32::try_from(count).unwrap_or(u32::MAX), incidents?))
}
