//! Measures over a window, from facts that are packed by day.
//!
//! A window of 90 days and the one before it hold some hundred thousand incidents; reading their
//! rows takes longer than a person waits. Days that are over seldom change, so what they add is
//! kept packed until something in them changes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::FileStore;
use super::error::{Done, Failure};
use super::others::problem;
use super::read::row_at;
use super::records;
use super::row::{self, DAY_MS, counted_column, counted_of, key_at};
use super::sql::Batch;
use crate::model::command::Link;
use crate::model::measures::{Cut, Fact, Measures, Recurring, Window, compute};
use crate::model::priority::Priority;
use crate::model::status::Category;

/// An import packs so many of the last days.
const WARM_DAYS: i64 = 185;

/// What one day adds.
struct Day {
    number: i64,
    kind: i64,
    facts: Vec<u8>,
}

/// The measures of a window.
pub(super) async fn measures(
    store: &FileStore,
    window: &Window,
    cut: Cut,
    now: DateTime<Utc>,
) -> Done<Measures> {
    let mut conn = store.reader().await?;
    let first_ms = window.previous_span().0.timestamp_millis();
    let wanted = (first_ms.div_euclid(DAY_MS), window.to.timestamp_millis().div_euclid(DAY_MS));
    Batch::new("BEGIN").run(&mut conn).await?;
    let read = days(&mut conn, wanted).await;
    Batch::new("COMMIT").run(&mut conn).await.ok();
    let (days, fresh, log) = read?;
    let names = names(&mut conn).await?;
    let levels = store.rules().levels;
    let first_day_ms = wanted.0 * DAY_MS;
    let facts = days.iter().flat_map(|day| {
        // An incident reported in the span stands on the day of its report already.
        let late = day.kind == 1;
        Facts { day_ms: day.number * DAY_MS, bytes: &day.facts }
            .filter(move |fact| !late || fact.reported_ms < first_day_ms)
    });
    let mut measures = compute(facts, window, cut, now, &levels, &|key| {
        names.get(&key).cloned().unwrap_or_default()
    });
    for group in &mut measures.recurring {
        describe(&mut conn, group).await?;
    }
    drop(conn);
    let old: Vec<Day> =
        days.into_iter().filter(|day| fresh.contains(&(day.number, day.kind))).collect();
    if !old.is_empty() {
        keep(store, old, log).await;
    }
    Ok(measures)
}

/// The packed facts of a span of days, which of them were made just now, and the state of the
/// store they belong to.
async fn days(
    conn: &mut SqliteConnection,
    (first, last): (i64, i64),
) -> Done<(Vec<Day>, Vec<(i64, i64)>, i64)> {
    let mut batch = Batch::new(
        "SELECT (SELECT max(log) FROM event), (SELECT min(key) FROM incident),
            (SELECT max(key) FROM incident), (SELECT max(late_day) FROM incident
                WHERE late_day IS NOT NULL);
         SELECT day, kind, facts FROM fact_day WHERE day BETWEEN ? AND ?",
    );
    batch.arg(first).arg(last);
    let results = batch.rows_of_each(conn).await?;
    let (Some(state), Some(rows)) = (results.first().and_then(|r| r.first()), results.get(1))
    else {
        return Err(Failure::content("the packed facts can't be read"));
    };
    let log: i64 = state.try_get::<Option<i64>, _>(0)?.unwrap_or(0);
    let day_of = |key: i64| ((key >> 31) * 1000).div_euclid(DAY_MS);
    let (Some(least_key), Some(greatest_key)) =
        (state.try_get::<Option<i64>, _>(1)?, state.try_get::<Option<i64>, _>(2)?)
    else {
        return Ok((Vec::new(), Vec::new(), log));
    };
    let last_late = state.try_get::<Option<i64>, _>(3)?.unwrap_or(0);
    let mut days = Vec::new();
    for row in rows {
        days.push(Day { number: row.try_get(0)?, kind: row.try_get(1)?, facts: row.try_get(2)? });
    }
    let there: std::collections::HashSet<(i64, i64)> =
        days.iter().map(|day| (day.number, day.kind)).collect();
    let mut fresh = Vec::new();
    for day in first.max(day_of(least_key))..=last.min(day_of(greatest_key).max(last_late)) {
        for kind in [0, 1] {
            if !there.contains(&(day, kind)) {
                days.push(packed(conn, day, kind).await?);
                fresh.push((day, kind));
            }
        }
    }
    Ok((days, fresh, log))
}

/// Packs the facts of a day.
async fn packed(conn: &mut SqliteConnection, day: i64, kind: i64) -> Done<Day> {
    let condition = if kind == 0 { "key >= ? AND key < ?" } else { "late_day = ?" };
    let mut batch = Batch::new(&format!(
        "SELECT row, service, team, counted, fingerprint FROM incident WHERE {condition}
         ORDER BY key"
    ));
    if kind == 0 {
        let second = day * DAY_MS / 1000;
        batch.arg(key_at(second)).arg(key_at(second + DAY_MS / 1000));
    } else {
        batch.arg(day);
    }
    let mut facts = Vec::new();
    batch
        .each(conn, |row| {
            let name = |column: usize| -> Done<u32> {
                Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
            };
            let fact = row::fact(
                row.try_get(0)?,
                name(1)?,
                name(2)?,
                counted_of(row.try_get(3)?),
                row.try_get::<i64, _>(4)?.cast_unsigned(),
            )
            .ok_or_else(|| Failure::content("a row of the projection can't be read"))?;
            pack(&mut facts, &fact, day * DAY_MS);
            Ok(true)
        })
        .await?;
    Ok(Day { number: day, kind, facts })
}

/// Keeps packed days, if nothing was written since they were read and nobody else is writing.
async fn keep(store: &FileStore, days: Vec<Day>, log: i64) {
    if store.is_read_only() {
        return;
    }
    let writing = store.clone();
    let kept = store.undisturbed(async move {
        let Some(mut writer) = writing.try_writer().await else { return Ok(()) };
        let mut batch = Batch::passing("BEGIN IMMEDIATE;");
        for day in days {
            put(&mut batch, day, log);
        }
        batch.sql("COMMIT;");
        let done = batch.run(&mut writer.conn).await;
        if done.is_err() {
            writer.roll_back().await;
        }
        done
    });
    if let Err(error) = kept.await {
        // They are made again when they are next asked for.
        tracing::debug!(%error, "packed facts were not kept");
    }
}

fn put(batch: &mut Batch, day: Day, log: i64) {
    batch
        .sql(
            "INSERT OR REPLACE INTO fact_day (day, kind, facts) SELECT ?, ?, ?
                WHERE coalesce((SELECT max(log) FROM event), 0) = ?;",
        )
        .arg(day.number)
        .arg(day.kind)
        .arg(day.facts)
        .arg(log);
}

/// Packs the last days of the store, within the running transaction.
pub(super) async fn warm(conn: &mut SqliteConnection) -> Done<()> {
    let today = Utc::now().timestamp_millis().div_euclid(DAY_MS);
    let (days, fresh, log) = days(conn, (today - WARM_DAYS, today)).await?;
    for day in days.into_iter().filter(|day| fresh.contains(&(day.number, day.kind))) {
        let mut batch = Batch::default();
        put(&mut batch, day, log);
        batch.run(conn).await?;
    }
    Ok(())
}

/// Packed days that are not what the projection gives.
pub(super) async fn stale(conn: &mut SqliteConnection) -> Done<u64> {
    let rows = Batch::new("SELECT day, kind, facts FROM fact_day").rows(conn).await?;
    let mut count = 0;
    for row in rows {
        let again = packed(conn, row.try_get(0)?, row.try_get(1)?).await?;
        count += u64::from(again.facts != row.try_get::<Vec<u8>, _>(2)?);
    }
    Ok(count)
}

/// Names of services and teams by id.
async fn names(conn: &mut SqliteConnection) -> Done<HashMap<u32, String>> {
    let rows = Batch::new("SELECT id, text FROM name WHERE kind IN (1, 2)").rows(conn).await?;
    let mut names = HashMap::new();
    for row in rows {
        names.insert(u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0), row.try_get(1)?);
    }
    Ok(names)
}

/// Fills in what facts don't tell of a group: title, service and problem of its last incident.
async fn describe(conn: &mut SqliteConnection, group: &mut Recurring) -> Done<()> {
    let Some(number) = group.last else { return Ok(()) };
    let mut batch = Batch::new("SELECT row FROM incident WHERE number = ?");
    batch.arg(i64::try_from(number.0).unwrap_or(0));
    let Some(found) = batch.row(conn).await? else { return Ok(()) };
    let summary = row_at(&found, 0)?;
    summary.primary_service().unwrap_or_default().clone_into(&mut group.service);
    let id = summary.id;
    group.title = summary.title;
    let Some(record) = records::load(conn, id, false).await? else { return Ok(()) };
    for link in &record.incident.links {
        if let Link::Problem { id, title } = link {
            let there = problem(conn, *id).await?;
            group.problem = Some(there.map_or_else(|| title.clone(), |p| p.title));
        }
    }
    Ok(())
}

fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Small numbers of either sign become small numbers.
fn write_signed(out: &mut Vec<u8>, value: i64) {
    write(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Packs a fact: most numbers are small, counted from the day or from the report.
fn pack(out: &mut Vec<u8>, fact: &Fact, day_ms: i64) {
    let counted = u8::try_from(counted_column(fact.counted)).unwrap_or(0);
    out.push(
        u8::try_from(fact.priority.index()).unwrap_or(3)
            | counted << 2
            | u8::from(fact.acknowledged_ms.is_some()) << 4
            | u8::from(fact.resolved_ms.is_some()) << 5,
    );
    out.push(fact.category.map_or(0, |c| c.index() + 1));
    write_signed(out, fact.reported_ms - day_ms);
    write_signed(out, fact.detected_ms - fact.reported_ms);
    for time in [fact.acknowledged_ms, fact.resolved_ms].into_iter().flatten() {
        write_signed(out, time - fact.reported_ms);
    }
    write(out, fact.number);
    write(out, u64::from(fact.service));
    write(out, u64::from(fact.team));
    out.extend(fact.fingerprint.to_le_bytes());
}

/// The facts of a packed day; it ends early where the bytes are damaged.
struct Facts<'a> {
    day_ms: i64,
    bytes: &'a [u8],
}

impl Facts<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

impl Iterator for Facts<'_> {
    type Item = Fact;

    fn next(&mut self) -> Option<Fact> {
        let flags = self.byte()?;
        let category = self.byte()?;
        let reported_ms = self.day_ms + self.signed()?;
        let detected_ms = reported_ms + self.signed()?;
        let mut time = |there: bool| {
            if there { self.signed().map(|after| Some(reported_ms + after)) } else { Some(None) }
        };
        let acknowledged_ms = time(flags & 16 != 0)?;
        let resolved_ms = time(flags & 32 != 0)?;
        let number = self.number()?;
        let service = u32::try_from(self.number()?).ok()?;
        let team = u32::try_from(self.number()?).ok()?;
        let (print, rest) = self.bytes.split_first_chunk::<8>()?;
        let fingerprint = u64::from_le_bytes(*print);
        self.bytes = rest;
        Some(Fact {
            number,
            reported_ms,
            detected_ms,
            acknowledged_ms,
            resolved_ms,
            priority: Priority::from_index(usize::from(flags & 3))?,
            category: match category {
                0 => None,
                index => Some(Category::from_index(index - 1)?),
            },
            service,
            team,
            counted: counted_of(i64::from(flags >> 2 & 3)),
            fingerprint,
        })
    }
}
