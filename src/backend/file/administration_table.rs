//! Changes of administration: the statement that records one, and queries.

use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::backend::{AdministrationSearch, Page, PageMark};
use crate::model::CommandId;
use crate::model::administration::AdministrationEvent;
use crate::model::bad_field::BadField;
use crate::model::check;

/// The number of changes that a store has at most; older ones are removed.
const MAX_EVENTS: i64 = 100_000;

/// Checks the fields of an imported change.
pub(super) fn check_event(event: &AdministrationEvent) -> Result<(), BadField> {
    check::time("at", event.at)?;
    check::name("actor", event.actor.name())
}

/// Adds the statements that record a change, unless it is recorded already.
pub(super) fn put_event(batch: &mut Batch, event: &AdministrationEvent) -> StoreResult<()> {
    batch
        .sql("INSERT OR IGNORE INTO administration (id, body) VALUES (?, ?);")
        .arg(event.id.as_bytes().to_vec())
        .arg(encode_json(event)?)
        .sql(
            "DELETE FROM administration
                WHERE position <= (SELECT max(position) FROM administration) - ?;",
        )
        .arg(MAX_EVENTS);
    Ok(())
}

/// Parses the JSON of a change.
pub(super) fn parse_event(body: &str) -> StoreResult<AdministrationEvent> {
    parse_json(body, "a change of administration")
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
pub(super) async fn has_administration(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'administration'");
    Ok(table.fetch_optional(conn).await?.is_some())
}

/// Reads the change with an id; `None` if there is none.
pub(super) async fn read_event(
    conn: &mut SqliteConnection,
    id: CommandId,
) -> StoreResult<Option<AdministrationEvent>> {
    let mut batch = Batch::new("SELECT body FROM administration WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_event(row.try_get(0)?)).transpose()
}

/// Reads all changes, the earliest first.
pub(super) async fn read_administration(
    conn: &mut SqliteConnection,
) -> StoreResult<Vec<AdministrationEvent>> {
    if !has_administration(conn).await? {
        return Ok(Vec::new());
    }
    let batch = Batch::new("SELECT body FROM administration ORDER BY position");
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_event(row.try_get(0)?)).collect()
}

/// Reads one page of the changes before a position, the latest first.
pub(super) async fn read_page(
    conn: &mut SqliteConnection,
    search: &AdministrationSearch,
    before: i64,
) -> StoreResult<Page<AdministrationEvent>> {
    let mut page = Page { rows: Vec::new(), next: None, total: None, counts: None };
    if !has_administration(conn).await? {
        return Ok(page);
    }
    let mut batch = Batch::new(
        "SELECT position, body FROM administration WHERE position < ?
            ORDER BY position DESC LIMIT ?",
    );
    batch.arg(before).arg(i64::from(search.limit) + 1);
    let mut rows = batch.fetch_all(conn).await?;
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    for row in &rows {
        page.rows.push(parse_event(row.try_get(1)?)?);
    }
    if let Some(last) = rows.last().filter(|_| has_more) {
        page.next = Some(PageMark::Administration(last.try_get(0)?));
    }
    Ok(page)
}
