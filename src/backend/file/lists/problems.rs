//! Reads the problems with the incidents that link to them: by state, and in each state the newest first.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::paging::{MAX_SCANNED, foreign_mark, page};
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::parse_json;
use crate::backend::file::problem_table::read_problem;
use crate::backend::file::read::summary_at;
use crate::backend::file::records;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{
    IncidentBrief, ListSearch, MAX_LINKED, MAX_PROBLEM_INCIDENTS, NoSuchProblem, ProblemEntry,
    ProblemSearch,
};
use crate::backend::{BackendError, Page, PageMark};
use crate::model::measures::pages::HistoryFold;
use crate::model::problem::Problem;
use crate::model::{ProblemId, Status, Summary};

/// The expression for the rank of the state of a problem, as [`ProblemState::rank`] has it.
///
/// [`ProblemState::rank`]: crate::model::problem::ProblemState::rank
const RANK: &str = "CASE body ->> '$.state' WHEN 'open' THEN 0 WHEN 'known_error' THEN 1
    WHEN 'removed' THEN 3 ELSE 2 END";

/// Reads one page of the problems.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ProblemSearch,
) -> StoreResult<Page<ProblemEntry>> {
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let mut batch = Batch::new(&format!(
        "SELECT body FROM (SELECT id, body, {RANK} AS rank FROM problem)
         WHERE rank > $1 OR (rank = $1 AND id < $2) ORDER BY rank, id DESC LIMIT $3"
    ));
    match &search.after {
        None => batch.arg(-1_i64).arg(Vec::<u8>::new()),
        Some(PageMark::RankedProblem(rank, id)) => {
            batch.arg(i64::from(*rank)).arg(id.as_bytes().to_vec())
        }
        Some(_) => return Err(foreign_mark()),
    };
    batch.arg(i64::from(MAX_SCANNED));
    let mark_of = |problem: &Problem| PageMark::RankedProblem(problem.state.rank(), problem.id);
    let (mut found, mut scanned, mut last) = (Vec::new(), 0, None);
    batch
        .for_each_row(conn, |row| {
            let problem: Problem = parse_json(row.try_get(0)?, "a problem")?;
            scanned += 1;
            last = Some(mark_of(&problem));
            let entry = ProblemEntry::new(problem);
            if search.matches(&entry) {
                found.push(entry);
            }
            Ok(found.len() <= limit)
        })
        .await?;
    let mark = |entry: &ProblemEntry| mark_of(&entry.problem);
    let mut page = page(found, search.limit, mark, |entry| entry);
    if page.next.is_none() && scanned == MAX_SCANNED {
        page.next = last;
    }
    let now = Utc::now();
    for entry in &mut page.rows {
        read_linked(conn, entry, MAX_LINKED, now).await?;
    }
    Ok(page)
}

/// Reads one problem with the incidents that link to it.
pub(super) async fn read_one(
    conn: &mut SqliteConnection,
    id: ProblemId,
) -> StoreResult<ProblemEntry> {
    let problem = read_problem(conn, id).await?;
    let problem =
        problem.ok_or_else(|| StoreError::from(BackendError::not_found(NoSuchProblem(id))))?;
    let mut entry = ProblemEntry::new(problem);
    read_linked(conn, &mut entry, MAX_PROBLEM_INCIDENTS, Utc::now()).await?;
    Ok(entry)
}

/// Reads the totals over the incidents that link to a problem, and lists the newest `most` of them.
async fn read_linked(
    conn: &mut SqliteConnection,
    entry: &mut ProblemEntry,
    most: usize,
    now: DateTime<Utc>,
) -> StoreResult<()> {
    // Where an incident was reopened, or a resolution undone, the row alone does not show how long
    // service was out. Inside of a string the quotes are escaped, so a note does not count.
    let mut batch = Batch::new(&format!(
        "SELECT count(DISTINCT incident) FROM problem_link WHERE problem = $1;
         SELECT i.row, EXISTS (
                SELECT 1 FROM event e WHERE e.incident = i.key
                    AND (instr(e.body, '\"kind\":\"reopened\"') OR instr(e.body, '\"undo\":'))
            ) FROM
            (SELECT DISTINCT incident FROM problem_link WHERE problem = $1
                ORDER BY incident DESC LIMIT {MAX_PROBLEM_INCIDENTS}) l
            JOIN incident i ON i.key = l.incident ORDER BY l.incident DESC"
    ));
    batch.arg(entry.problem.id.to_string());
    let results = batch.fetch_result_sets(conn).await?;
    let mut results = results.into_iter();
    let count: i64 = match results.next().unwrap_or_default().first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    entry.incident_count = u32::try_from(count).unwrap_or(u32::MAX);
    let mut linked: Vec<(Summary, bool)> = Vec::new();
    for row in results.next().unwrap_or_default() {
        linked.push((summary_at(&row, 0)?, row.try_get::<i64, _>(1)? != 0));
    }
    let mut lost_ms = 0;
    for (row, was_reopened) in &linked {
        entry.open_count += u32::from(row.status.is_open());
        if matches!(row.status, Status::Merged | Status::Reclassified) {
            continue;
        }
        let out_ms = if *was_reopened {
            read_out_ms(conn, row, now).await?
        } else {
            (row.resolved_at.unwrap_or(now) - row.detected_at).num_milliseconds()
        };
        lost_ms += out_ms.max(0);
    }
    entry.lost_s = u64::try_from(lost_ms / 1000).unwrap_or(0);
    entry.incidents = linked.iter().take(most).map(|(row, _)| IncidentBrief::from(row)).collect();
    Ok(())
}

/// Returns for how long service was out in an incident, by its events.
async fn read_out_ms(
    conn: &mut SqliteConnection,
    row: &Summary,
    now: DateTime<Utc>,
) -> StoreResult<i64> {
    let Some(record) = records::load(conn, row.id, false).await? else { return Ok(0) };
    let mut fold = HistoryFold::default();
    for event in records::load_timeline(conn, &record).await? {
        let broken = |_| StoreError::content(format!("the timeline of {}", row.label()));
        fold.apply(&event).map_err(broken)?;
    }
    Ok(fold.out_ms_until(now))
}
