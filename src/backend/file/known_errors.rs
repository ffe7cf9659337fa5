//! Finds the known errors that may be behind an incident: problems to which incidents link that have the
//! same fingerprint, or whose texts are alike.

use std::collections::BTreeMap;

use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::problem_table::read_problem;
use super::records::KeyedIncident;
use super::sql::Batch;
use crate::model::ProblemId;
use crate::model::known_error::{self, KnownError};
use crate::model::link::Link;

/// How many incidents with the same fingerprint are compared, and how many with alike texts.
const MAX_SAME_FAULT: u32 = 200;
pub(super) const MAX_ALIKE: usize = 30;

/// Returns the known errors that may be behind an incident, the likeliest first. `alike` are the keys of
/// incidents whose texts are alike.
pub(super) async fn find(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    alike: &[i64],
) -> StoreResult<Vec<KnownError>> {
    // For each problem: the linked incidents of the same fault, and those with alike texts.
    let mut counts: BTreeMap<ProblemId, (u32, u32)> = BTreeMap::new();
    let mut batch = Batch::new(&format!(
        "SELECT l.problem, count(DISTINCT l.incident) FROM (
            SELECT key FROM incident WHERE fingerprint =
                (SELECT fingerprint FROM incident WHERE key = $1) AND key <> $1
            ORDER BY key DESC LIMIT {MAX_SAME_FAULT}
         ) i JOIN problem_link l ON l.incident = i.key GROUP BY l.problem"
    ));
    batch.arg(record.key);
    for row in batch.fetch_all(conn).await? {
        if let Ok(problem) = row.try_get::<&str, _>(0)?.parse() {
            let count: i64 = row.try_get(1)?;
            counts.entry(problem).or_default().0 = u32::try_from(count).unwrap_or(u32::MAX);
        }
    }
    for key in alike {
        let mut batch = Batch::new("SELECT DISTINCT problem FROM problem_link WHERE incident = ?");
        batch.arg(*key);
        for row in batch.fetch_all(conn).await? {
            if let Ok(problem) = row.try_get::<&str, _>(0)?.parse() {
                counts.entry(problem).or_default().1 += 1;
            }
        }
    }
    let is_linked = |problem: ProblemId| {
        let links = &record.incident.links;
        links.iter().any(|link| matches!(link, Link::Problem { id, .. } if *id == problem))
    };
    let mut errors = Vec::new();
    for (id, (same_fault, alike)) in counts {
        if is_linked(id) {
            continue;
        }
        let problem = read_problem(conn, id).await?;
        errors.extend(problem.and_then(|one| KnownError::of_problem(&one, same_fault, alike)));
    }
    known_error::rank(&mut errors);
    Ok(errors)
}

/// Returns whether a known error may be behind an incident: it is open, and there are incidents that link
/// to a problem. A store of an earlier version that is only read has no table for that.
pub(super) async fn are_possible(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
) -> StoreResult<bool> {
    if !record.incident.summary.status.is_open() {
        return Ok(false);
    }
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'problem_link'");
    if table.fetch_optional(conn).await?.is_none() {
        return Ok(false);
    }
    let links = Batch::new("SELECT 1 FROM problem_link LIMIT 1");
    Ok(links.fetch_optional(conn).await?.is_some())
}
