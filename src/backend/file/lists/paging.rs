//! Common parts of the lists over all incidents: bounds, marks and pages.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::names::NameKind;
use crate::backend::file::row::unpack_row;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{IncidentBrief, MAX_ROWS};
use crate::backend::{BackendError, Page, PageMark};
use crate::model::bad_field::{BadField, FieldProblem};

/// The maximum number of records examined per read if a filter has no index of its own.
pub(super) const MAX_SCANNED: u32 = 20_000;

pub(super) fn check_limit(limit: u32) -> StoreResult<()> {
    if (1..=MAX_ROWS).contains(&limit) {
        return Ok(());
    }
    Err(invalid("limit", FieldProblem::RowCount { max: MAX_ROWS }))
}

pub(super) fn invalid(field: &'static str, problem: FieldProblem) -> StoreError {
    BackendError::rejected(BadField::new(field, problem).into(), chrono::Utc::now()).into()
}

/// Returns the error for a mark of another list or order.
pub(super) fn foreign_mark() -> StoreError {
    invalid("page", FieldProblem::ForeignPage)
}

/// Decodes the short form of an incident for a list from its packed row in a column.
pub(super) fn brief_at(row: &SqliteRow, column: usize) -> StoreResult<IncidentBrief> {
    let summary = unpack_row(row.try_get(column)?)
        .ok_or_else(|| StoreError::content("a row of the projection can't be read"))?;
    Ok(IncidentBrief::from(&summary))
}

/// Returns the ids of the names of a kind that are `wanted` to people: of an actor the handle or
/// the name of the program, of a person the handle. They are a list for `IN`, which is never empty.
pub(super) async fn name_ids(
    conn: &mut SqliteConnection,
    kind: NameKind,
    wanted: &str,
) -> StoreResult<String> {
    let text = match kind {
        NameKind::Service | NameKind::Team => "text",
        NameKind::Person => "text ->> '$.handle'",
        NameKind::Actor => "coalesce(text ->> '$.person.handle', text ->> '$.integration')",
    };
    let mut batch = Batch::new(&format!("SELECT id, {text} FROM name WHERE kind = ?"));
    batch.arg(kind.to_stored());
    let wanted = wanted.to_lowercase();
    let mut ids = vec!["-1".to_owned()];
    for row in batch.fetch_all(conn).await? {
        let name: Option<&str> = row.try_get(1)?;
        if name.is_some_and(|name| name.to_lowercase() == wanted) {
            ids.push(row.try_get::<i64, _>(0)?.to_string());
        }
    }
    Ok(ids.join(","))
}

/// Creates a page of `limit` rows from those that were read, which are one more if there is another
/// page.
pub(super) fn page<R, T>(
    mut rows: Vec<R>,
    limit: u32,
    mark: impl Fn(&R) -> PageMark,
    convert: impl Fn(R) -> T,
) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(mark);
    Page { rows: rows.into_iter().map(convert).collect(), next, total: None, counts: None }
}
