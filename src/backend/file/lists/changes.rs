//! Reads the recorded changes, the one that starts last first.
//!
//! The times of changes are in an R-tree, which gives those of an interval in no order. So they are
//! read interval by interval, backwards, each twice as long as the one before it.

use std::cmp::Reverse;

use sqlx::{Row, SqliteConnection};

use super::paging::foreign_mark;
use crate::backend::file::change_table::{SPAN_EPOCH, span_second};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::parse_json;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{ChangeSearch, ListSearch};
use crate::backend::{Page, PageMark};
use crate::model::change::Change;

/// The maximum number of changes examined per read.
const MAX_SCANNED: u32 = 5_000;
/// The length of the first interval, in seconds.
const FIRST_INTERVAL: i64 = 86_400;

/// The position of a change in the list: the second of its start as it is stored, and its key.
type Position = (i64, i64);

/// Reads one page of the changes.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ChangeSearch,
) -> StoreResult<Page<Change>> {
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let after = match search.after {
        None => None,
        Some(PageMark::Change(start, key)) => Some((span_second(start), key)),
        Some(_) => return Err(foreign_mark()),
    };
    let running_from = search.since.map_or(i64::from(i32::MIN), |since| {
        // The R-tree has times as numbers of 32 bits; the records decide.
        span_second(since.timestamp() - 1)
    });
    let latest = search.until.map(|until| span_second(until.timestamp()));
    let latest = latest.into_iter().chain(after.map(|(start, _)| start)).min();
    let mut batch = Batch::new("SELECT min(starts), max(starts) FROM change_span");
    batch.sql(" WHERE starts <= ? AND ends >= ?");
    batch.arg(latest.unwrap_or(i64::from(i32::MAX))).arg(running_from);
    let row = batch.fetch_optional(conn).await?;
    let bounds: (Option<i64>, Option<i64>) = match row {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => (None, None),
    };
    let mut page = Page { rows: Vec::new(), next: None, total: None, counts: None };
    let (Some(earliest), Some(mut end)) = bounds else { return Ok(page) };
    let mark = |(start, key): Position| PageMark::Change(start + SPAN_EPOCH, key);
    let (mut length, mut scanned) = (FIRST_INTERVAL, 0);
    loop {
        let start = end.saturating_sub(length).max(earliest);
        let mut positions = read_interval(conn, (start, end), running_from).await?;
        positions.retain(|position| after.is_none_or(|after| *position < after));
        positions.sort_unstable_by_key(|position| Reverse(*position));
        for position in positions {
            let change = read_change(conn, position.1).await?;
            scanned += 1;
            if search.matches(&change) {
                if page.rows.len() == limit {
                    return Ok(page);
                }
                page.rows.push(change);
                page.next = Some(mark(position));
            } else if scanned >= MAX_SCANNED {
                page.next = Some(mark(position));
                return Ok(page);
            }
        }
        if start <= earliest {
            page.next = None;
            return Ok(page);
        }
        end = start - 1;
        length = length.saturating_mul(2);
    }
}

/// Reads the positions of the changes that start in an interval and had not ended before a second.
async fn read_interval(
    conn: &mut SqliteConnection,
    (start, end): (i64, i64),
    running_from: i64,
) -> StoreResult<Vec<Position>> {
    let mut batch = Batch::new(
        "SELECT starts, key FROM change_span WHERE starts >= ? AND starts <= ? AND ends >= ?",
    );
    batch.arg(start).arg(end).arg(running_from);
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn read_change(conn: &mut SqliteConnection, key: i64) -> StoreResult<Change> {
    let mut batch = Batch::new("SELECT body FROM change WHERE key = ?");
    batch.arg(key);
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or(sqlx::Error::RowNotFound)?;
    parse_json(row.try_get(0)?, "a change")
}
