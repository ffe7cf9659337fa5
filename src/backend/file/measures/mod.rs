//! Measures over a window, computed from facts that are cached in packed form, day by day.
//!
//! A window of 90 days and the one before it have some hundred thousand incidents. Reading their
//! rows takes longer than a person is willing to wait. Past days seldom change, so their facts are
//! cached in packed form until an incident of the day changes. Pages need more of each incident than
//! its row has: its history, which is cached likewise.

mod burn;
mod facts;
mod groups;
mod histories;
mod muted;
mod names;
mod outages;
mod pages;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::row::DAY_MS;
use super::sql::Batch;
use super::store::FileStore;
use crate::model::measures::{Cut, Measures, Window, compute};
use facts::{FactReader, PACKED_SINCE, PackedDay, cache_days, put_day, read_days};
use groups::describe_group;
use muted::Mutes;

pub(super) use facts::count_stale_days;

/// The number of past days that an import packs.
const WARM_DAYS: i64 = 185;

/// The number of past days of which an import packs the histories as well, which takes longer.
const WARM_HISTORY_DAYS: i64 = 62;

/// Computes the measures of a window.
pub(super) async fn read_measures(
    store: &FileStore,
    window: &Window,
    cut: Cut,
    now: DateTime<Utc>,
) -> StoreResult<Measures> {
    let mut conn = store.acquire_reader().await?;
    let first_ms = window.previous_span().0.timestamp_millis();
    let span = (first_ms.div_euclid(DAY_MS), window.to.timestamp_millis().div_euclid(DAY_MS));
    Batch::new("BEGIN").run(&mut conn).await?;
    // Days that an older version has packed have another form.
    let is_cached = store.inner.version >= PACKED_SINCE;
    let result = read_days(&mut conn, span, is_cached).await;
    let mutes = Mutes::read(&mut conn).await;
    Batch::new("COMMIT").run(&mut conn).await.ok();
    let ((days, fresh, log), mutes) = (result?, mutes?);
    let names = read_names(&mut conn).await?;
    let levels = store.rules().levels;
    let first_day_ms = span.0 * DAY_MS;
    let facts = days.iter().flat_map(|day| {
        // An incident reported within the span is counted on the day of its report already.
        let late = day.kind == 1;
        FactReader { day_ms: day.number * DAY_MS, bytes: &day.facts }
            .filter(move |fact| !late || fact.reported_ms < first_day_ms)
    });
    let facts = facts.map(|fact| mutes.apply(fact));
    let mut measures = compute(facts, window, cut, now, &levels, &|key| {
        names.get(&key).cloned().unwrap_or_default()
    });
    for group in &mut measures.recurring {
        describe_group(&mut conn, group).await?;
    }
    drop(conn);
    let fresh_days: Vec<PackedDay> =
        days.into_iter().filter(|day| fresh.contains(&(day.number, day.kind))).collect();
    if !fresh_days.is_empty() {
        cache_days(store, fresh_days, log).await;
    }
    Ok(measures)
}

/// Packs and caches the last [`WARM_DAYS`] days, within the running transaction.
pub(super) async fn warm_cache(conn: &mut SqliteConnection) -> StoreResult<()> {
    let today = Utc::now().timestamp_millis().div_euclid(DAY_MS);
    let (days, fresh, log) = read_days(conn, (today - WARM_DAYS, today), true).await?;
    let recent: Vec<PackedDay> =
        days.iter().filter(|day| day.number > today - WARM_HISTORY_DAYS).cloned().collect();
    histories::warm(conn, &recent, log).await?;
    for day in days.into_iter().filter(|day| fresh.contains(&(day.number, day.kind))) {
        let mut batch = Batch::default();
        put_day(&mut batch, day, log);
        batch.run(conn).await?;
    }
    Ok(())
}

/// Counts the cached days whose histories differ from the events.
pub(super) async fn count_stale_histories(conn: &mut SqliteConnection) -> StoreResult<u64> {
    histories::count_stale(conn).await
}

/// Reads the names of services and teams by id.
async fn read_names(conn: &mut SqliteConnection) -> StoreResult<HashMap<u32, String>> {
    let rows = Batch::new("SELECT id, text FROM name WHERE kind IN (1, 2)").fetch_all(conn).await?;
    let mut names = HashMap::new();
    for row in rows {
        names.insert(u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0), row.try_get(1)?);
    }
    Ok(names)
}
