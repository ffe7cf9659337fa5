//! Reads the events of all incidents in the order of the log, for who follows it.

use sqlx::{Row, SqliteConnection};

use super::super::paging::{MAX_SCANNED, brief_at, foreign_mark, page};
use super::condition::{add_kinds, ceil_millis, filter_conditions, retain_kinds};
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::{COLUMNS, FROM, decode};
use crate::backend::file::sql::Batch;
use crate::backend::lists::{FeedEntry, FeedSearch};
use crate::backend::{Page, PageMark};

/// Reads one page. It always has a mark: events that are written later follow it.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &FeedSearch,
) -> StoreResult<Page<FeedEntry>> {
    let last: i64 = Batch::new("SELECT coalesce(max(log), 0) FROM event")
        .fetch_optional(conn)
        .await?
        .map_or(Ok(0), |row| row.try_get(0))?;
    let after = match (&search.after, search.since) {
        // The mark refers to events that a store restored from a copy does not have.
        (Some(PageMark::Log(log)), _) if *log <= last => *log,
        (Some(_), _) => return Err(foreign_mark()),
        (None, Some(since)) => before_first(conn, ceil_millis(since)).await?.unwrap_or(last),
        (None, None) => 0,
    };
    let conditions = filter_conditions(conn, search).await?;
    // With a filter, many events may have to be read for one that is found.
    let end = if conditions.is_empty() { None } else { read_end(conn, after).await? };
    let mut batch = Batch::one_off(&format!(
        "SELECT {COLUMNS}, i.row, e.log FROM {FROM}
            JOIN incident i ON i.key = e.incident
         WHERE e.log > ? AND e.log <= ? AND e.recorded >= ? AND e.recorded < ?{conditions}
         ORDER BY e.log LIMIT ?"
    ));
    batch.arg(after).arg(end.unwrap_or(last));
    batch.arg(search.since.map_or(i64::MIN, ceil_millis));
    batch.arg(search.until.map_or(i64::MAX, ceil_millis));
    add_kinds(&mut batch, search);
    batch.arg(i64::from(search.limit) + 1);
    let mut rows: Vec<(i64, FeedEntry)> = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let incident = brief_at(&row, 9)?;
        let event = decode(&row, incident.id)?;
        let log = row.try_get(10)?;
        rows.push((log, FeedEntry { incident, event, cursor: Some(PageMark::Log(log)) }));
    }
    let mut page = page(rows, search.limit, |(log, _)| PageMark::Log(*log), |(_, entry)| entry);
    retain_kinds(&mut page, search);
    page.next = page.next.or(Some(PageMark::Log(end.unwrap_or(last))));
    Ok(page)
}

/// Returns the position before the first event that was recorded at a time or later.
async fn before_first(conn: &mut SqliteConnection, since: i64) -> StoreResult<Option<i64>> {
    let mut batch =
        Batch::new("SELECT log - 1 FROM event WHERE recorded >= ? ORDER BY recorded, log LIMIT 1");
    batch.arg(since);
    let row = batch.fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Returns the last position of one read; `None` if it reaches the end.
async fn read_end(conn: &mut SqliteConnection, after: i64) -> StoreResult<Option<i64>> {
    let mut batch = Batch::new("SELECT log FROM event WHERE log > ? ORDER BY log LIMIT 1 OFFSET ?");
    batch.arg(after).arg(i64::from(MAX_SCANNED) - 1);
    let row = batch.fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
