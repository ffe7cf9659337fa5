//! Pages of the measures, over the facts and histories of incidents and over notifications, schedules
//! and action items.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::facts::{FactReader, PACKED_SINCE, PackedDay, cache_days, read_days};
use super::groups::describe_group;
use super::histories::{self, HistoryReader, cache_histories, read_histories};
use crate::backend::file::error::StoreResult;
use crate::backend::file::row::{self, DAY_MS, OPEN_FACETS_END, decode_category, first_key_at};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::model::Priority;
use crate::model::directory::Directory;
use crate::model::measures::Counted;
use crate::model::measures::pages::{
    Call, Objective, Outage, PageInputs, Pages, PagesQuery, SelectionKeys, compute_pages, shifts,
};
use crate::model::status::Category;
use crate::model::text::equals_folded;

/// The first version of the schema that has action items.
const ACTION_ITEMS_SINCE: i64 = 6;
/// The first version of the schema that has notifications.
const NOTIFICATIONS_SINCE: i64 = 9;
/// The state of a notification that was sent, and not with another one.
const SENT: i64 = 2;
/// The handle that stands for nobody: messages of self-tests go to it.
const SELF_TEST: &str = "self-test";
/// The kinds of the names of services and teams.
const SERVICE: i64 = 1;
const TEAM: i64 = 2;

/// The names of services and teams.
#[derive(Default)]
pub(super) struct Names {
    by_key: HashMap<u32, String>,
    keys: HashMap<(bool, String), u32>,
}

impl Names {
    /// Returns the key of the name of a service or a team, whatever its case.
    pub(super) fn find(&self, is_service: bool, name: &str) -> Option<u32> {
        let exact = self.keys.get(&(is_service, name.to_owned()));
        let folded = || {
            let mut keys = self.keys.iter();
            let found = keys
                .find(|((service, other), _)| *service == is_service && equals_folded(other, name));
            found.map(|(_, key)| key)
        };
        exact.or_else(folded).copied()
    }
}

/// What is read of a store in one transaction.
struct PageRows {
    days: Vec<PackedDay>,
    fresh_days: Vec<(i64, i64)>,
    histories: histories::PackedHistories,
    fresh_histories: Vec<(i64, i64)>,
    log: i64,
    names: Names,
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
        let result = read_rows(self, &mut conn, query, now).await;
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

    /// Caches what was packed just now.
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
    let keys = query.selection.keys(&|is_service, name| names.find(is_service, name));
    let rules = store.rules();
    let mut inputs = PageInputs::default();
    for objective in &rules.objectives {
        let services = &query.selection.services;
        if services.is_empty() || services.contains(&objective.service) {
            let service = names.find(true, &objective.service);
            let outages = read_outages(conn, objective, service, now).await?;
            inputs.objectives.push((objective.clone(), outages));
        }
    }
    if version >= NOTIFICATIONS_SINCE {
        inputs.calls = read_calls(conn, (first_ms, last_ms), &keys).await?;
    }
    if version >= ACTION_ITEMS_SINCE {
        let today = query.offsets.local_time(now.timestamp_millis()).date().to_string();
        (inputs.open_actions, inputs.overdue_actions) = count_actions(conn, &today, &keys).await?;
    }
    Ok(PageRows { days, fresh_days, histories, fresh_histories, log, names, keys, inputs })
}

/// Reads the names of services and teams.
pub(super) async fn read_names(conn: &mut SqliteConnection) -> StoreResult<Names> {
    let mut names = Names::default();
    let batch = Batch::new("SELECT id, kind, text FROM name WHERE kind IN (1, 2)");
    for row in batch.fetch_all(conn).await? {
        let id = u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        let (kind, text): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
        if kind == SERVICE || kind == TEAM {
            names.keys.insert((kind == SERVICE, text.clone()), id);
            names.by_key.insert(id, text);
        }
    }
    Ok(names)
}

/// Reads when incidents of P1 and P2 put a service out, within the days of an objective. Incidents that are
/// declared as a budget is used too fast are none: they would use it up.
pub(super) async fn read_outages(
    conn: &mut SqliteConnection,
    objective: &Objective,
    service: Option<u32>,
    now: DateTime<Utc>,
) -> StoreResult<Vec<Outage>> {
    let Some(service) = service else { return Ok(Vec::new()) };
    let from = now - TimeDelta::days(i64::from(objective.window_days));
    let mut batch = Batch::new(
        "SELECT i.row FROM affected a JOIN incident i ON i.key = a.incident
            WHERE a.service = ? AND (a.facets >> 4 & 3) < 2 AND i.counted = 0
            AND (i.dedup_key IS NULL OR i.dedup_key NOT GLOB 'burn:*')
            AND (a.incident >= ? OR a.facets < ? OR i.late_day >= ?)",
    );
    batch
        .arg(i64::from(service))
        .arg(first_key_at(from.timestamp()))
        .arg(OPEN_FACETS_END)
        .arg(from.timestamp_millis().div_euclid(DAY_MS));
    let mut outages = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let fact = row::unpack_fact(row.try_get(0)?, 0, 0, Counted::Yes, 0);
            outages.extend(
                fact.map(|fact| Outage { start_ms: fact.detected_ms, end_ms: fact.resolved_ms }),
            );
            Ok(true)
        })
        .await?;
    Ok(outages)
}

/// Reads the messages that were sent to people because of the selected incidents.
async fn read_calls(
    conn: &mut SqliteConnection,
    (first_ms, last_ms): (i64, i64),
    keys: &SelectionKeys,
) -> StoreResult<Vec<Call>> {
    let mut batch = Batch::new(
        "SELECT n.person, n.sent, i.facets, i.service, i.team
            FROM notification n JOIN incident i ON i.key = n.incident
            WHERE n.planned >= ? AND n.planned < ? AND n.state = ? AND n.sent IS NOT NULL",
    );
    // A message may wait for a day before it is sent.
    batch.arg(first_ms - DAY_MS).arg(last_ms).arg(SENT);
    let mut calls = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let person: String = row.try_get(0)?;
            let is_selected = matches(keys, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            if is_selected && person != SELF_TEST {
                calls.push(Call { person, at_ms: row.try_get(1)? });
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
    let batch = Batch::new(
        "SELECT a.due, i.facets, i.service, i.team
            FROM action_item a JOIN incident i ON i.key = a.incident WHERE a.done = 0",
    );
    let (mut open, mut overdue) = (0, 0);
    batch
        .for_each_row(conn, |row| {
            if matches(keys, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?) {
                open += 1;
                // Items without a day sort after all days.
                overdue += u64::from(row.try_get::<&str, _>(0)? < today);
            }
            Ok(true)
        })
        .await?;
    Ok((open, overdue))
}

/// Returns whether an incident with these columns is selected.
fn matches(keys: &SelectionKeys, facets: i64, service: i64, team: i64) -> bool {
    let stored = |shift: u32, mask: i64| u8::try_from(facets >> shift & mask).unwrap_or(0);
    let priority = Priority::from_stored(stored(4, 3)).unwrap_or(Priority::P1);
    let category: Option<Category> = decode_category(stored(1, 7)).flatten();
    let key = |column: i64| u32::try_from(column).unwrap_or(0);
    keys.matches_fields(priority, category, key(service), key(team))
}
