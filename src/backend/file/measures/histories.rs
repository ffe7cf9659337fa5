//! The totals over the events of incidents for the pages of the measures, packed and cached day by
//! day like facts.

use std::collections::hash_map::Entry;

use std::collections::{HashMap, HashSet};

use integer_encoding::VarInt;
use sqlx::{Row, SqliteConnection};
use tokio::time::timeout;

use super::facts::{MAX_WRITER_WAIT, PackedDay, push_unchanged, write_varint};
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row::{self, COLUMNS};
use crate::backend::file::row::{DAY_MS, NUMBERS_END, first_key_at};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::model::IncidentId;
use crate::model::measures::pages::{History, HistoryFold, ReviewProgress};
use crate::model::status::Source;
use crate::model::stored::UNKNOWN;
use crate::model::unknown::Word;

/// The first version of the schema that has the table.
pub(super) const FIRST_VERSION: i64 = 12;

/// The version of what is packed: since 2 it has when the impact began, since 3 unowned times are exact to the
/// millisecond, since 4 unowned times and promises that an undo restores count once, since 5 so do those of an
/// undo that was undone. Others are packed again.
const FORMAT: i64 = 5;

/// The packed histories of days, by number and kind of the day.
pub(super) type PackedHistories = HashMap<(i64, i64), Vec<u8>>;

/// Reads the packed histories of days, and packs those that are not cached.
///
/// Returns the histories, and the number and kind of the days that were packed just now.
pub(super) async fn read_histories(
    conn: &mut SqliteConnection,
    days: &[PackedDay],
    is_cached: bool,
) -> StoreResult<(PackedHistories, Vec<(i64, i64)>)> {
    let (mut histories, mut fresh) = (PackedHistories::new(), Vec::new());
    let numbers = || days.iter().map(|day| day.number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return Ok((histories, fresh));
    };
    if is_cached {
        let mut batch = Batch::new(
            "SELECT day, kind, histories FROM history_day WHERE format = ? AND day BETWEEN ? AND ?",
        );
        batch.arg(FORMAT).arg(first).arg(last);
        for row in batch.fetch_all(conn).await? {
            histories.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
    }
    for day in days.iter().map(|day| (day.number, day.kind)) {
        if let Entry::Vacant(entry) = histories.entry(day) {
            entry.insert(pack_day(conn, day).await?);
            fresh.push(day);
        }
    }
    Ok((histories, fresh))
}

/// Packs the histories of the incidents of one day, see `pack_day` of the facts.
async fn pack_day(conn: &mut SqliteConnection, (day, kind): (i64, i64)) -> StoreResult<Vec<u8>> {
    let condition = if kind == 0 { "i.key >= ? AND i.key < ?" } else { "i.late_day = ?" };
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS}, i.key, i.id FROM incident i JOIN event e ON e.incident = i.key
            JOIN name a ON a.id = e.actor WHERE {condition} ORDER BY i.key, e.seq"
    ));
    if kind == 0 {
        let second = day * DAY_MS / 1000;
        batch.arg(first_key_at(second)).arg(first_key_at(second + DAY_MS / 1000));
    } else {
        batch.arg(day);
    }
    let mut packed = Vec::new();
    let mut present: Option<(i64, Option<HistoryFold>)> = None;
    batch
        .for_each_row(conn, |row| {
            let key: i64 = row.try_get(9)?;
            if present.as_ref().is_none_or(|(folded, _)| *folded != key) {
                finish(&mut packed, present.take(), day);
                present = Some((key, Some(HistoryFold::default())));
            }
            let id = IncidentId::from_slice(row.try_get(10)?)
                .ok_or_else(|| StoreError::content("an id of an incident can't be read"))?;
            if let Some((_, fold)) = &mut present {
                let applied = fold.as_mut().is_some_and(|fold| {
                    event_row::decode(row, id).is_ok_and(|event| fold.apply(&event).is_ok())
                });
                // The doctor finds a timeline that can't be read; its figures are those of the row alone.
                if !applied {
                    *fold = None;
                }
            }
            Ok(true)
        })
        .await?;
    finish(&mut packed, present, day);
    Ok(packed)
}

/// Appends the history of an incident whose events have all been applied.
fn finish(packed: &mut Vec<u8>, folded: Option<(i64, Option<HistoryFold>)>, day: i64) {
    let Some((key, fold)) = folded else { return };
    if let Some(history) = fold.and_then(HistoryFold::finish) {
        pack_history(packed, number_of_key(key), &history, day * DAY_MS);
    }
}

/// Returns the incident's number in a key.
fn number_of_key(key: i64) -> u64 {
    key.cast_unsigned() & (NUMBERS_END - 1)
}

/// Packs a history behind the number of its incident.
fn pack_history(out: &mut Vec<u8>, number: u64, history: &History, day_ms: i64) {
    write_varint(out, number);
    let review = match history.review {
        ReviewProgress::Missing => 0,
        ReviewProgress::Draft => 1,
        ReviewProgress::Published => 2,
    };
    out.push(history.source.to_stored());
    out.push(
        u8::from(history.has_runbook)
            | u8::from(history.runbook_used) << 1
            | review << 2
            | u8::from(history.update_due_ms.is_some()) << 4
            | u8::from(history.began_ms.is_some()) << 5,
    );
    out.push(history.missing);
    write_varint(out, history.out_ms);
    write_varint(out, history.unowned_ms);
    write_varint(out, history.reopened);
    write_varint(out, history.updates_met);
    write_varint(out, history.updates_missed);
    for time in [history.update_due_ms, history.began_ms].into_iter().flatten() {
        write_varint(out, time - day_ms);
    }
}

/// Finds the histories of incidents in a packed day, in the order of the day's facts.
pub(super) struct HistoryReader<'a> {
    day_ms: i64,
    bytes: &'a [u8],
    next: Option<(u64, History)>,
}

impl<'a> HistoryReader<'a> {
    /// Creates it for the histories of a day.
    pub(super) fn new(day: i64, bytes: &'a [u8]) -> Self {
        let mut reader = Self { day_ms: day * DAY_MS, bytes, next: None };
        reader.next = reader.read();
        reader
    }

    /// Returns the history of an incident; the default one if the day has none of it.
    pub(super) fn find(&mut self, number: u64) -> History {
        let number = number & (NUMBERS_END - 1);
        match self.next {
            Some((found, history)) if found == number => {
                self.next = self.read();
                history
            }
            _ => History::default(),
        }
    }

    fn read_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn read_varint<T: VarInt>(&mut self) -> Option<T> {
        let (value, length) = T::decode_var(self.bytes)?;
        self.bytes = self.bytes.get(length..)?;
        Some(value)
    }

    fn read(&mut self) -> Option<(u64, History)> {
        let number = self.read_varint()?;
        let source = match self.read_byte()? {
            UNKNOWN => Source::Unknown(Word::UNNAMED),
            stored => Source::from_stored(stored)?,
        };
        let flags = self.read_byte()?;
        let missing = self.read_byte()?;
        let (out_ms, unowned_ms) = (self.read_varint()?, self.read_varint()?);
        let (reopened, updates_met, updates_missed) =
            (self.read_varint()?, self.read_varint()?, self.read_varint()?);
        let day_ms = self.day_ms;
        let mut time = |is_present: bool| {
            if is_present {
                self.read_varint::<i64>().map(|after| Some(day_ms + after))
            } else {
                Some(None)
            }
        };
        let (update_due_ms, began_ms) = (time(flags & 16 != 0)?, time(flags & 32 != 0)?);
        let history = History {
            source,
            began_ms,
            out_ms,
            unowned_ms,
            reopened,
            updates_met,
            updates_missed,
            update_due_ms,
            missing,
            has_runbook: flags & 1 != 0,
            runbook_used: flags & 2 != 0,
            review: match flags >> 2 & 3 {
                0 => ReviewProgress::Missing,
                1 => ReviewProgress::Draft,
                _ => ReviewProgress::Published,
            },
        };
        Some((number, history))
    }
}

/// Stores packed histories in the cache, but for days of which an incident has changed since they were
/// read.
pub(super) async fn cache_histories(
    store: &FileStore,
    histories: Vec<((i64, i64), Vec<u8>)>,
    log: i64,
) {
    if store.is_read_only() {
        return;
    }
    let own_store = store.clone();
    let written = store.run_to_completion(async move {
        let Ok(mut writer) = timeout(MAX_WRITER_WAIT, own_store.lock_writer()).await else {
            return Ok(());
        };
        let mut batch = Batch::one_off("BEGIN IMMEDIATE;");
        for (day, packed) in histories {
            put_day(&mut batch, day, packed, log);
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
        tracing::debug!(%error, "packed histories were not stored");
    }
}

fn put_day(batch: &mut Batch, (day, kind): (i64, i64), packed: Vec<u8>, log: i64) {
    batch
        .sql("INSERT OR REPLACE INTO history_day (day, kind, format, histories) SELECT ?, ?, ?, ?")
        .arg(day)
        .arg(kind)
        .arg(FORMAT)
        .arg(packed);
    push_unchanged(batch, (day, kind), log);
}

/// Packs and caches the histories of days, within the running transaction.
pub(super) async fn warm(
    conn: &mut SqliteConnection,
    days: &[PackedDay],
    log: i64,
) -> StoreResult<()> {
    let (mut histories, fresh) = read_histories(conn, days, true).await?;
    for day in fresh {
        let Some(packed) = histories.remove(&day) else { continue };
        let mut batch = Batch::default();
        put_day(&mut batch, day, packed, log);
        batch.run(conn).await?;
    }
    Ok(())
}

/// Counts the cached days whose histories differ from the events.
pub(super) async fn count_stale(conn: &mut SqliteConnection) -> StoreResult<u64> {
    let mut batch = Batch::new("SELECT day, kind, histories FROM history_day WHERE format = ?");
    batch.arg(FORMAT);
    let rows = batch.fetch_all(conn).await?;
    let mut stale: HashSet<(i64, i64)> = HashSet::new();
    for row in rows {
        let day = (row.try_get(0)?, row.try_get(1)?);
        if pack_day(conn, day).await? != row.try_get::<Vec<u8>, _>(2)? {
            stale.insert(day);
        }
    }
    Ok(stale.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_histories_are_found_by_their_number() {
        let full = History {
            source: Source::Support,
            began_ms: Some(DAY_MS - 5),
            out_ms: 70_000,
            unowned_ms: 3,
            reopened: 2,
            updates_met: 4,
            updates_missed: 1,
            update_due_ms: Some(DAY_MS + 9),
            missing: 0b1010,
            has_runbook: true,
            runbook_used: true,
            review: ReviewProgress::Draft,
        };
        let plain = History { review: ReviewProgress::Published, ..History::default() };
        let mut packed = Vec::new();
        pack_history(&mut packed, 3, &full, DAY_MS);
        pack_history(&mut packed, 300, &plain, DAY_MS);
        let mut reader = HistoryReader::new(1, &packed);
        assert_eq!(reader.find(2), History::default());
        assert_eq!(reader.find(3), full);
        assert_eq!(reader.find(300), plain);
        assert_eq!(reader.find(301), History::default());
        for length in 0..packed.len() {
            let mut reader = HistoryReader::new(1, &packed[..length]);
            assert!([History::default(), full].contains(&reader.find(3)), "{length}");
        }
    }
}
