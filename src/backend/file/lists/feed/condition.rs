//! The conditions of a search of the feed.

use sqlx::SqliteConnection;

use super::super::paging::name_ids;
use crate::backend::Page;
use crate::backend::file::error::StoreResult;
use crate::backend::file::names::NameKind;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{FeedEntry, FeedSearch};

/// Returns the conditions of a search for a team, a person and kinds; empty if it has none.
pub(super) async fn filter_conditions(
    conn: &mut SqliteConnection,
    search: &FeedSearch,
) -> StoreResult<String> {
    let mut conditions = String::new();
    if let Some(team) = &search.team {
        let ids = name_ids(conn, NameKind::Team, team).await?;
        conditions.extend([" AND i.team IN (", &ids, ")"]);
    }
    if let Some(person) = &search.person {
        let ids = name_ids(conn, NameKind::Actor, person).await?;
        conditions.extend([" AND e.actor IN (", &ids, ")"]);
    }
    if !search.kinds.is_empty() {
        let tests: Vec<&str> = search.kinds.iter().map(|_| "instr(e.body, ?)").collect();
        conditions.extend([" AND (", &tests.join(" OR "), ")"]);
    }
    Ok(conditions)
}

/// Adds the arguments of the conditions for kinds.
pub(super) fn add_kinds(batch: &mut Batch, search: &FeedSearch) {
    for kind in &search.kinds {
        batch.arg(format!("\"kind\":{}", serde_json::Value::from(kind.as_str())));
    }
}

/// Removes rows that only mention a kind inside of another value.
pub(super) fn retain_kinds(page: &mut Page<FeedEntry>, search: &FeedSearch) {
    if !search.kinds.is_empty() {
        page.rows.retain(|entry| search.kinds.iter().any(|kind| kind == entry.event.body.kind()));
    }
}

/// Returns a time as milliseconds; a fraction of one counts as one.
pub(super) fn ceil_millis(time: chrono::DateTime<chrono::Utc>) -> i64 {
    let millis = time.timestamp_millis();
    if time.timestamp_subsec_nanos().is_multiple_of(1_000_000) {
        millis
    } else {
        millis.saturating_add(1)
    }
}
