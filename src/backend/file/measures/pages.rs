//! Pages of the measures, over the facts and histories of incidents and over notifications, schedules
//! and action items.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::facts::{FactReader, PACKED_SINCE, PackedDay, cache_days, read_days};
use super::groups::describe_group;
use super::histories::{self, HistoryReader, cache_histories, read_histories};
use super::muted::Mutes;
use super::names::{Names, read_names};
use super::outages::read_outages;
use crate::backend::file::error::StoreResult;
use crate::backend::file::read::summary_at;
use crate::backend::file::row::{DAY_MS, decode_category};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::model::Priority;
use crate::model::directory::Directory;
use crate::model::measures::pages::{
    Call, PageInputs, Pages, PagesQuery, SelectionKeys, all_objectives, compute_pages, shifts,
};
use crate::model::status::Category;
use crate::model::text::equals_folded;

/// The first version of the schema that has action items.
const ACTION_ITEMS_SINCE: i64 = 6;
/// The first version of the schema that has notifications.
const NOTIFICATIONS_SINCE: i64 = 9;
/// The state of a notification that was sent, and not with another one.
const SENT: i64 = 2;
/// The handle of the recipient of self-test messages, which is nobody.
const SELF_TEST: &str = "self-test";
/// The rows that are read from a store in one transaction.
struct PageRows {
    days: Vec<PackedDay>,
    fresh_days: Vec<(i64, i64)>,
    histories: histories::PackedHistories,
    fresh_histories: Vec<(i64, i64)>,
    log: i64,
    names: Names,
    mutes: Mutes,
    keys: SelectionKeys,
    inputs: PageInputs,
}

impl FileStore {
    /// Computes the pages of the measures, counted up to `now`.
    pub(in crate::backend::file) async fn read_pages(
        &self,
        query: &PagesQuery,
        directory: &Directory,
        now: DateTime<Utc>,
    ) -> StoreResult<Pages> {
        let mut conn = self.acquire_reader().await?;
        let first_ms = query.previous().0.timestamp_millis();
        let first_day_ms = first_ms.div_euclid(DAY_MS) * DAY_MS;
        Batch::new("BEGIN").run(&mut conn).await?;
        let result = read_rows(self, &mut conn, query, directory, now).await;
        Batch::new("COMMIT").run(&mut conn).await.ok();
        let mut rows = result?;
        let (from, to) = (query.window.from, query.window.to.min(now));
        let shifts = directory.schedules.iter().flat_map(|schedule| shifts(schedule, from, to));
        rows.inputs.shifts = shifts.collect();
        let levels = self.rules().levels;
        let empty = Vec::new();
        let incidents = rows.days.iter().flat_map(|day| {
            // An incident reported within the span is counted on the day of its report already.
            let late = day.kind == 1;
            let packed = rows.histories.get(&(day.number, day.kind)).unwrap_or(&empty);
            let mut histories = HistoryReader::new(day.number, packed);
            FactReader { day_ms: day.number * DAY_MS, bytes: &day.facts }
                .map(move |fact| (fact, histories.find(fact.number)))
                .filter(move |(fact, _)| !late || fact.reported_ms < first_day_ms)
        });
        let incidents = incidents.map(|(fact, history)| (rows.mutes.apply(fact), history));
        let name = |key: u32| rows.names.by_key.get(&key).cloned().unwrap_or_default();
        let mut pages =
            compute_pages(incidents, query, &rows.keys, now, &levels, &name, &rows.inputs);
        for fault in &mut pages.recurring {
            fault.problem_id = describe_group(&mut conn, &mut fault.group).await?;
        }
        drop(conn);
        self.cache_rows(rows).await;
        Ok(pages)
    }

    /// Caches the rows that were just packed.
    async fn cache_rows(&self, mut rows: PageRows) {
        let fresh = rows.fresh_histories.into_iter();
        let histories: Vec<_> =
            fresh.filter_map(|day| Some((day, rows.histories.remove(&day)?))).collect();
        if !histories.is_empty() && self.inner.version >= histories::FIRST_VERSION {
            cache_histories(self, histories, rows.log).await;
        }
        let fresh = rows.fresh_days;
        let days: Vec<PackedDay> =
            rows.days.into_iter().filter(|day| fresh.contains(&(day.number, day.kind))).collect();
        if !days.is_empty() {
            cache_days(self, days, rows.log).await;
        }
    }
}

async fn read_rows(
    store: &FileStore,
    conn: &mut SqliteConnection,
    query: &PagesQuery,
    directory: &Directory,
    now: DateTime<Utc>,
) -> StoreResult<PageRows> {
    let version = store.inner.version;
    let first_ms = query.previous().0.timestamp_millis();
    let last_ms = query.window.to.timestamp_millis();
    let span = (first_ms.div_euclid(DAY_MS), last_ms.div_euclid(DAY_MS));
    // Days that an older version has packed have another form.
    let (days, fresh_days, log) = read_days(conn, span, version >= PACKED_SINCE).await?;
    let is_cached = version >= histories::FIRST_VERSION;
    let (histories, fresh_histories) = read_histories(conn, &days, is_cached).await?;
    let names = read_names(conn).await?;
    let mutes = Mutes::read(conn).await?;
    let keys = query.selection.keys(&|is_service, name| names.find(is_service, name));
    let rules = store.rules();
    let mut inputs = PageInputs::default();
    let services = &query.selection.services;
    let mut objectives = all_objectives(&rules.objectives, directory);
    objectives.retain(|objective| {
        services.is_empty() || services.iter().any(|name| equals_folded(name, &objective.service))
    });
    inputs.objectives = read_outages(conn, objectives, &names, now).await?;
    if version >= NOTIFICATIONS_SINCE {
        inputs.calls = read_calls(conn, (first_ms, last_ms), &keys).await?;
    }
    if version >= ACTION_ITEMS_SINCE {
        let today = query.offsets.local_time(now.timestamp_millis()).date().to_string();
        (inputs.open_actions, inputs.overdue_actions) = count_actions(conn, &today, &keys).await?;
    }
    Ok(PageRows { days, fresh_days, histories, fresh_histories, log, names, mutes, keys, inputs })
}

/// Reads the messages that were sent to people because of the selected incidents.
async fn read_calls(
    conn: &mut SqliteConnection,
    (first_ms, last_ms): (i64, i64),
    keys: &SelectionKeys,
) -> StoreResult<Vec<Call>> {
    let mut batch = Batch::new(&format!(
        "SELECT {}, n.person, n.sent
            FROM notification n JOIN incident i ON i.key = n.incident
            WHERE n.planned >= ? AND n.planned < ? AND n.state = ? AND n.sent IS NOT NULL",
        selected_columns(keys)
    ));
    // A message may wait for a day before it is sent.
    batch.arg(first_ms - DAY_MS).arg(last_ms).arg(SENT);
    let mut calls = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let person: String = row.try_get(4)?;
            if person != SELF_TEST && matches(keys, row)? {
                calls.push(Call { person, at_ms: row.try_get(5)? });
            }
            Ok(true)
        })
        .await?;
    Ok(calls)
}

/// Counts the action items of the selected incidents that are not done, and those past their due date.
async fn count_actions(
    conn: &mut SqliteConnection,
    today: &str,
    keys: &SelectionKeys,
) -> StoreResult<(u64, u64)> {
    let batch = Batch::new(&format!(
        "SELECT {}, a.due
            FROM action_item a JOIN incident i ON i.key = a.incident WHERE a.done = 0",
        selected_columns(keys)
    ));
    let (mut open, mut overdue) = (0, 0);
    batch
        .for_each_row(conn, |row| {
            if matches(keys, row)? {
                open += 1;
                // Items without a day sort after all days.
                overdue += u64::from(row.try_get::<&str, _>(4)? < today);
            }
            Ok(true)
        })
        .await?;
    Ok((open, overdue))
}

/// Returns the columns of an incident `i` by which it is selected. Its row, which is long, is read only if it is
/// needed.
fn selected_columns(keys: &SelectionKeys) -> &'static str {
    if keys.selects_sources() {
        "i.facets, i.service, i.team, i.row"
    } else {
        "i.facets, i.service, i.team, NULL"
    }
}

/// Returns whether the incident of a row that begins with the selected columns is selected.
fn matches(keys: &SelectionKeys, row: &SqliteRow) -> StoreResult<bool> {
    let facets: i64 = row.try_get(0)?;
    let stored = |shift: u32, mask: i64| u8::try_from(facets >> shift & mask).unwrap_or(0);
    let priority = Priority::from_stored(stored(4, 3)).unwrap_or(Priority::P1);
    let category: Option<Category> = decode_category(stored(1, 7)).flatten();
    let key = |column: usize| -> StoreResult<u32> {
        Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
    };
    let has_source = !keys.selects_sources()
        || summary_at(row, 3).is_ok_and(|summary| keys.matches_source(summary.source));
    Ok(has_source && keys.matches_fields(priority, category, key(1)?, key(2)?))
}
