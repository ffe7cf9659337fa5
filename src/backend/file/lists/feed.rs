//! Reads the events of all incidents, in the order in which they were recorded.

mod condition;
mod log;

use sqlx::{Row, SqliteConnection};

use condition::{add_kinds, ceil_millis, filter_conditions, retain_kinds};

use super::paging::{MAX_SCANNED, brief_at, foreign_mark, page};
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::{COLUMNS, FROM, decode};
use crate::backend::file::sql::Batch;
use crate::backend::lists::{FeedEntry, FeedSearch, TimeOrder};
use crate::backend::{Page, PageMark};

/// The position of an event in the feed: when it was recorded, and its position in the log.
type Position = (i64, i64);

/// Reads one page of the feed.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &FeedSearch,
) -> StoreResult<Page<FeedEntry>> {
    if search.order == TimeOrder::Log {
        return log::read(conn, search).await;
    }
    let is_newest = search.order == TimeOrder::Newest;
    let mark =
        |(recorded, log): Position| PageMark::Event { newest_first: is_newest, recorded, log };
    let (mut first, mut last) = ((i64::MIN, i64::MIN), (i64::MAX, i64::MAX));
    if let Some(since) = search.since {
        first = (ceil_millis(since), i64::MIN);
    }
    if let Some(until) = search.until {
        last = (ceil_millis(until), i64::MIN);
    }
    match search.after {
        None => {}
        Some(PageMark::Event { newest_first, recorded, log }) if newest_first == is_newest => {
            // Neither bound is part of the range below.
            if is_newest {
                last = last.min((recorded, log));
            } else {
                first = first.max((recorded, log));
            }
        }
        Some(_) => return Err(foreign_mark()),
    }
    let order = if is_newest { "DESC" } else { "ASC" };
    let conditions = filter_conditions(conn, search).await?;
    // With a filter, many events may have to be read for one that is found.
    let mut end = None;
    if !conditions.is_empty() {
        end = read_end(conn, first, last, order).await?;
        match end {
            Some(end) if is_newest => first = (end.0, end.1 - 1),
            Some(end) => last = (end.0, end.1 + 1),
            None => {}
        }
    }
    let mut batch = Batch::one_off(&format!(
        "SELECT {COLUMNS}, i.row, e.recorded, e.log FROM {FROM}
            JOIN incident i ON i.key = e.incident
         WHERE e.recorded >= ? AND e.recorded <= ? AND (e.recorded, e.log) > (?, ?)
            AND (e.recorded, e.log) < (?, ?){conditions}
         ORDER BY e.recorded {order}, e.log {order} LIMIT ?"
    ));
    batch.arg(first.0).arg(last.0);
    batch.arg(first.0).arg(first.1).arg(last.0).arg(last.1);
    add_kinds(&mut batch, search);
    batch.arg(i64::from(search.limit) + 1);
    let mut rows: Vec<(Position, FeedEntry)> = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let incident = brief_at(&row, 9)?;
        let event = decode(&row, incident.id)?;
        rows.push((
            (row.try_get(10)?, row.try_get(11)?),
            FeedEntry { incident, event, cursor: None },
        ));
    }
    let mut page = page(rows, search.limit, |(position, _)| mark(*position), |(_, entry)| entry);
    retain_kinds(&mut page, search);
    page.next = page.next.or(end.map(mark));
    Ok(page)
}

/// Returns the last position of one read; `None` if it reaches the end of the range.
async fn read_end(
    conn: &mut SqliteConnection,
    first: Position,
    last: Position,
    order: &str,
) -> StoreResult<Option<Position>> {
    let mut batch = Batch::new(&format!(
        "SELECT recorded, log FROM event
         WHERE recorded >= ? AND recorded <= ? AND (recorded, log) > (?, ?)
            AND (recorded, log) < (?, ?)
         ORDER BY recorded {order}, log {order} LIMIT 1 OFFSET ?"
    ));
    batch.arg(first.0).arg(last.0);
    batch.arg(first.0).arg(first.1).arg(last.0).arg(last.1);
    batch.arg(i64::from(MAX_SCANNED) - 1);
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}
