//! The facts of incidents, packed and cached day by day.

use std::time::Duration;

use integer_encoding::VarInt;
use sqlx::{Row, SqliteConnection};
use tokio::time::timeout;

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::row::{
    self, DAY_MS, decode_category, decode_counted, encode_category, encode_counted, first_key_at,
};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::model::measures::{Fact, FactMute, FactVerdict, acknowledged_by_somebody};
use crate::model::priority::Priority;

/// The first version of the schema whose packed days have the form of this one.
pub(super) const PACKED_SINCE: i64 = 5;
/// How many events may have been added while days were packed: all of them are read.
const MAX_LATER_EVENTS: i64 = 500;
/// How long storing packed days waits for other tasks that write.
pub(super) const MAX_WRITER_WAIT: Duration = Duration::from_secs(1);

/// The packed facts of one day.
#[derive(Clone)]
pub(super) struct PackedDay {
    /// Days since 1970, UTC.
    pub(super) number: i64,
    pub(super) kind: i64,
    pub(super) facts: Vec<u8>,
}

/// Reads the packed facts of a span of days, and packs those that are not cached.
///
/// Returns the days, the number and kind of those that were packed just now, and the position of
/// the log that they belong to.
pub(super) async fn read_days(
    conn: &mut SqliteConnection,
    (first, last): (i64, i64),
    is_cached: bool,
) -> StoreResult<(Vec<PackedDay>, Vec<(i64, i64)>, i64)> {
    let mut batch = Batch::new(
        "SELECT (SELECT max(log) FROM event), (SELECT min(key) FROM incident),
            (SELECT max(key) FROM incident), (SELECT max(late_day) FROM incident
                WHERE late_day IS NOT NULL);
         SELECT day, kind, facts FROM fact_day WHERE ? AND day BETWEEN ? AND ?",
    );
    batch.arg(is_cached).arg(first).arg(last);
    let results = batch.fetch_result_sets(conn).await?;
    let (Some(state), Some(rows)) = (results.first().and_then(|r| r.first()), results.get(1))
    else {
        return Err(StoreError::content("the packed facts can't be read"));
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
        days.push(PackedDay {
            number: row.try_get(0)?,
            kind: row.try_get(1)?,
            facts: row.try_get(2)?,
        });
    }
    let cached: std::collections::HashSet<(i64, i64)> =
        days.iter().map(|day| (day.number, day.kind)).collect();
    let mut fresh = Vec::new();
    for day in first.max(day_of(least_key))..=last.min(day_of(greatest_key).max(last_late)) {
        for kind in [0, 1] {
            if !cached.contains(&(day, kind)) {
                days.push(pack_day(conn, day, kind).await?);
                fresh.push((day, kind));
            }
        }
    }
    Ok((days, fresh, log))
}

/// Packs the facts of one day: of the incidents reported that day (kind 0), or of those resolved
/// that day but reported before (kind 1).
async fn pack_day(conn: &mut SqliteConnection, day: i64, kind: i64) -> StoreResult<PackedDay> {
    let condition = if kind == 0 { "key >= ? AND key < ?" } else { "late_day = ?" };
    let mut batch = Batch::new(&format!(
        "SELECT row, service, team, counted, fingerprint FROM incident WHERE {condition}
         ORDER BY key"
    ));
    if kind == 0 {
        let second = day * DAY_MS / 1000;
        batch.arg(first_key_at(second)).arg(first_key_at(second + DAY_MS / 1000));
    } else {
        batch.arg(day);
    }
    let mut facts = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let name = |column: usize| -> StoreResult<u32> {
                Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
            };
            let fact = row::unpack_fact(
                row.try_get(0)?,
                name(1)?,
                name(2)?,
                decode_counted(row.try_get(3)?),
                row.try_get::<i64, _>(4)?.cast_unsigned(),
            )
            .ok_or_else(|| StoreError::content("a row of the projection can't be read"))?;
            pack_fact(&mut facts, &fact, day * DAY_MS);
            Ok(true)
        })
        .await?;
    Ok(PackedDay { number: day, kind, facts })
}

/// Stores packed days in the cache, but for those of which an incident has changed since they were
/// read.
pub(super) async fn cache_days(store: &FileStore, days: Vec<PackedDay>, log: i64) {
    if store.is_read_only() {
        return;
    }
    let own_store = store.clone();
    let written = store.run_to_completion(async move {
        let Ok(mut writer) = timeout(MAX_WRITER_WAIT, own_store.lock_writer()).await else {
            return Ok(());
        };
        let mut batch = Batch::one_off("BEGIN IMMEDIATE;");
        for day in days {
            put_day(&mut batch, day, log);
        }
        batch.sql("COMMIT;");
        let result = batch.run(&mut writer.conn).await;
        if result.is_err() {
            writer.roll_back().await;
        }
        result
    });
    if let Err(error) = written.await {
        // They are packed again when they are needed next.
        tracing::debug!(%error, "packed facts were not kept");
    }
}

pub(super) fn put_day(batch: &mut Batch, day: PackedDay, log: i64) {
    batch
        .sql("INSERT OR REPLACE INTO fact_day (day, kind, facts, format) SELECT ?, ?, ?, 5")
        .arg(day.number)
        .arg(day.kind)
        .arg(day.facts);
    push_unchanged(batch, (day.number, day.kind), log);
}

/// Adds the condition that no incident of a day has changed since a position of the log, and ends the
/// statement.
///
/// In a store in which somebody always writes, the log has grown whenever packing has ended, but
/// the past days are as they were.
pub(super) fn push_unchanged(batch: &mut Batch, (day, kind): (i64, i64), log: i64) {
    let second = day * DAY_MS / 1000;
    let (first, end) = (first_key_at(second), first_key_at(second + DAY_MS / 1000));
    batch.sql(
        " WHERE coalesce((SELECT max(log) FROM event), 0) BETWEEN ? AND ?
            AND NOT EXISTS (SELECT 1 FROM event WHERE log > ? AND ",
    );
    batch.arg(log).arg(log.saturating_add(MAX_LATER_EVENTS)).arg(log);
    if kind == 0 {
        batch.sql("+incident >= ? AND +incident < ?);").arg(first).arg(end);
    } else {
        // One that was resolved on a later day than that of its report, or was until now.
        batch.sql(
            "(+incident < ? OR EXISTS (SELECT 1 FROM incident i
                WHERE i.key = event.incident AND i.late_day = ?)));",
        );
        batch.arg(first).arg(day);
    }
}

/// Counts the cached days that differ from the projection.
pub(in crate::backend::file) async fn count_stale_days(
    conn: &mut SqliteConnection,
) -> StoreResult<u64> {
    let rows = Batch::new("SELECT day, kind, facts FROM fact_day").fetch_all(conn).await?;
    let mut count = 0;
    for row in rows {
        let expected = pack_day(conn, row.try_get(0)?, row.try_get(1)?).await?;
        count += u64::from(expected.facts != row.try_get::<Vec<u8>, _>(2)?);
    }
    Ok(count)
}

/// Appends a number in as few bytes as it needs. Signed numbers are in zigzag encoding, so that
/// small numbers of either sign are short.
pub(super) fn write_varint(out: &mut Vec<u8>, value: impl VarInt) {
    let start = out.len();
    out.resize(start + value.required_space(), 0);
    value.encode_var(&mut out[start..]);
}

/// Packs a fact. Times are relative to the day or to the report, so most numbers are small.
fn pack_fact(out: &mut Vec<u8>, fact: &Fact, day_ms: i64) {
    let counted = u8::try_from(encode_counted(fact.counted)).unwrap_or(0);
    let is_paused = fact.paused_ms != 0 || fact.paused_since_ms.is_some();
    out.push(
        fact.priority.rank().to_stored()
            | counted << 2
            | u8::from(fact.acknowledged_ms.is_some()) << 4
            | u8::from(fact.resolved_ms.is_some()) << 5
            | u8::from(is_paused) << 6,
    );
    out.push(encode_category(fact.category));
    let verdict = |verdict: Option<FactVerdict>| {
        verdict.map_or(0, |v| 8 | u8::from(v.met) << 2 | v.priority.to_stored())
    };
    out.push(verdict(fact.acknowledge_verdict) | verdict(fact.resolve_verdict) << 4);
    write_varint(out, fact.reported_ms - day_ms);
    write_varint(out, fact.detected_ms - fact.reported_ms);
    for time in [fact.acknowledged_ms, fact.resolved_ms].into_iter().flatten() {
        write_varint(out, time - fact.reported_ms);
    }
    if is_paused {
        write_varint(out, fact.paused_ms);
        // The current pause began after the report, so 0 can mean none.
        let since = fact.paused_since_ms.map_or(0, |since| since - fact.reported_ms + 1);
        write_varint(out, since.max(0));
    }
    write_varint(out, fact.number);
    write_varint(out, fact.service);
    write_varint(out, fact.team);
    out.extend(fact.fingerprint.to_le_bytes());
}

/// Decodes the facts of a packed day. Ends early if the bytes are damaged.
pub(super) struct FactReader<'a> {
    pub(super) day_ms: i64,
    pub(super) bytes: &'a [u8],
}

impl FactReader<'_> {
    fn read_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    #[inline]
    fn read_varint<T: VarInt>(&mut self) -> Option<T> {
        let (value, length) = T::decode_var(self.bytes)?;
        self.bytes = self.bytes.get(length..)?;
        Some(value)
    }
}

impl Iterator for FactReader<'_> {
    type Item = Fact;

    fn next(&mut self) -> Option<Fact> {
        let flags = self.read_byte()?;
        let category = self.read_byte()?;
        let verdicts = self.read_byte()?;
        let verdict = |packed: u8| -> Option<FactVerdict> {
            let priority = Priority::from_stored(packed & 3)?;
            (packed & 8 != 0).then_some(FactVerdict { priority, met: packed & 4 != 0 })
        };
        let reported_ms = self.day_ms + self.read_varint::<i64>()?;
        let detected_ms = reported_ms + self.read_varint::<i64>()?;
        let mut time = |is_present: bool| {
            if is_present {
                self.read_varint::<i64>().map(|after| Some(reported_ms + after))
            } else {
                Some(None)
            }
        };
        let acknowledged_ms = time(flags & 16 != 0)?;
        let resolved_ms = time(flags & 32 != 0)?;
        let (mut paused_ms, mut paused_since_ms) = (0, None);
        if flags & 64 != 0 {
            paused_ms = self.read_varint::<i64>()?;
            let since = self.read_varint::<i64>()?;
            paused_since_ms = (since > 0).then(|| reported_ms + since - 1);
        }
        let number = self.read_varint()?;
        let service = self.read_varint()?;
        let team = self.read_varint()?;
        let (print, rest) = self.bytes.split_first_chunk::<8>()?;
        let fingerprint = u64::from_le_bytes(*print);
        self.bytes = rest;
        Some(Fact {
            number,
            reported_ms,
            detected_ms,
            // Earlier versions packed the time of the resolution.
            acknowledged_ms: acknowledged_by_somebody(acknowledged_ms, resolved_ms),
            resolved_ms,
            priority: Priority::from_stored(flags & 3)?,
            acknowledge_verdict: verdict(verdicts & 15),
            resolve_verdict: verdict(verdicts >> 4),
            paused_since_ms,
            paused_ms,
            mute: FactMute::default(),
            category: decode_category(category)?,
            service,
            team,
            counted: decode_counted(i64::from(flags >> 2 & 3)),
            fingerprint,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::status::Category;

    /// Days 1 and 2 have the incidents with the keys of their seconds. After position 5, an event of the
    /// incident of day 1 was added, which was resolved on day 2.
    #[rstest]
    #[case((1, 0), 5, false)]
    #[case((2, 0), 5, true)]
    #[case((2, 1), 5, false)]
    #[case((1, 1), 5, true)]
    #[case((3, 1), 5, false)]
    #[case((1, 0), 6, true)]
    #[case((1, 0), 7, false)]
    #[case((2, 0), -20_000, false)]
    #[tokio::test]
    async fn day_is_stored_unless_one_of_its_incidents_has_changed(
        #[case] day: (i64, i64),
        #[case] log: i64,
        #[case] is_stored: bool,
    ) {
        use sqlx::ConnectOptions;
        let (number, kind) = day;
        let mut conn = sqlx::sqlite::SqliteConnectOptions::new().connect().await.unwrap();
        let key = |day: i64| first_key_at(day * DAY_MS / 1000) + 7;
        let mut batch = Batch::new(
            "CREATE TABLE event (log INTEGER PRIMARY KEY, incident INTEGER);
             CREATE TABLE incident (key INTEGER PRIMARY KEY, late_day INTEGER);
             CREATE TABLE fact_day (day INTEGER, kind INTEGER, facts BLOB, format INTEGER,
                PRIMARY KEY (day, kind));
             INSERT INTO incident VALUES (?1, 2), (?2, NULL);
             INSERT INTO event VALUES (5, ?2), (6, ?1);",
        );
        batch.arg(key(1)).arg(key(2));
        batch.run(&mut conn).await.unwrap();
        let mut batch = Batch::default();
        put_day(&mut batch, PackedDay { number, kind, facts: vec![1] }, log);
        batch.run(&mut conn).await.unwrap();
        let rows = Batch::new("SELECT day FROM fact_day").fetch_all(&mut conn).await.unwrap();
        assert_eq!(!rows.is_empty(), is_stored);
    }

    #[test]
    fn packed_fact_has_the_bytes_that_stores_hold() {
        let fact = Fact {
            number: 300,
            reported_ms: DAY_MS + 1,
            detected_ms: DAY_MS - 63,
            acknowledged_ms: None,
            resolved_ms: Some(DAY_MS + 65),
            priority: Priority::P2,
            acknowledge_verdict: None,
            resolve_verdict: Some(FactVerdict { priority: Priority::P3, met: true }),
            paused_since_ms: Some(DAY_MS + 3),
            paused_ms: 5,
            mute: FactMute::default(),
            category: Some(Category::Performance),
            service: 127,
            team: 128,
            counted: decode_counted(2),
            fingerprint: 0x0102_0304_0506_0708,
        };
        let mut packed = Vec::new();
        pack_fact(&mut packed, &fact, DAY_MS);
        let (head, fingerprint) = packed.split_at(packed.len() - 8);
        assert_eq!(head, [0x69, 3, 0xe0, 2, 0x7f, 0x80, 1, 10, 6, 0xac, 2, 0x7f, 0x80, 1]);
        assert_eq!(fingerprint, [8, 7, 6, 5, 4, 3, 2, 1]);
        let mut facts = FactReader { day_ms: DAY_MS, bytes: &packed };
        assert_eq!((facts.next(), facts.next()), (Some(fact), None));
        for length in 0..packed.len() {
            let cut = FactReader { day_ms: DAY_MS, bytes: &packed[..length] };
            assert_eq!(cut.count(), 0, "{length}");
        }
    }
}
