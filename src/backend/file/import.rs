//! Takes records into a store: everything in one transaction, in memory that does not grow.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sqlx::{Connection, Row, SqliteConnection};

use super::bulk::{self, Bulk, Waiting};
use super::error::{Done, Failure};
use super::event_row::{self, COLUMNS, FROM, has_words, normal};
use super::full_text::{self, Words};
use super::measures;
use super::names::Names;
use super::others;
use super::records;
use super::row::{NUMBERS, key};
use super::sql::Batch;
use super::writer::{event_arguments, event_body};
use super::{FileStore, ImportError, Imported, open};
use crate::backend::BackendError;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::model::check::{self, BadField};
use crate::model::{Event, EventBody, Incident, IncidentId, IncidentNumber};

/// Incidents kept in memory; the half that was used longest ago is written out when there are more.
const KEPT: usize = 12_000;
/// Events that are written at once.
const EVENTS: usize = 400;

/// Takes records into a store in one transaction. Dropped without [`Importer::commit`], nothing
/// of it stays.
pub struct Importer {
    store: FileStore,
    conn: SqliteConnection,
    names: Names,
    bulk: Bulk,
    incidents: HashMap<IncidentId, Kept>,
    /// Numbers of incidents that are only in memory.
    numbers: HashSet<u64>,
    events: Vec<(i64, i64, i64, Event)>,
    seen: Seen,
    next_log: i64,
    last_number: u64,
    tick: u64,
    added: Imported,
}

struct Kept {
    waiting: Waiting,
    dirty: bool,
    used: u64,
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Importer").field("added", &self.added).finish_non_exhaustive()
    }
}

/// Which ids may be there already, in a fixed amount of memory: a Bloom filter for those of this
/// import, and the greatest id for those of the store, as ids grow with time.
struct Seen {
    bits: Vec<u64>,
    greatest_event: Option<[u8; 16]>,
    greatest_incident: Option<[u8; 16]>,
}

impl Seen {
    /// 2^26 bits are 8 MiB: one in 200 is asked for in vain after five million events.
    const BITS: u64 = 1 << 26;

    /// Whether the id may have been seen; from now on it has.
    fn add(&mut self, id: &[u8; 16], greatest: Option<[u8; 16]>) -> bool {
        let value = u128::from_be_bytes(*id);
        let mix = |seed: u128| {
            let product = (value ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            u64::try_from(product >> 70).unwrap_or(0)
                ^ u64::try_from((product << 6) >> 102).unwrap_or(0)
        };
        let mut all = true;
        for seed in [0, 0x5bd1_e995_0000_0000_1b87_3593, 0x0cc9_e2d5_1000_0000_0000_0001] {
            let bit = mix(seed) % Self::BITS;
            let word = usize::try_from(bit / 64).unwrap_or(0);
            let mask = 1 << (bit % 64);
            all &= self.bits[word] & mask != 0;
            self.bits[word] |= mask;
        }
        all || greatest.is_some_and(|greatest| *id <= greatest)
    }
}

fn bad(field: &str, problem: impl Into<String>) -> ImportError {
    ImportError::Bad { field: field.to_owned(), problem: problem.into() }
}

impl From<BadField> for ImportError {
    fn from(bad: BadField) -> Self {
        Self::Bad { field: bad.field.to_owned(), problem: bad.problem }
    }
}

impl Importer {
    pub(super) async fn begin(store: FileStore) -> Done<Self> {
        let patience = store.inner.options.patience;
        let mut conn = open::writer(store.path(), patience).await?;
        let rows = Batch::new(
            "PRAGMA cache_size = -32000; BEGIN IMMEDIATE;
             SELECT (SELECT max(log) FROM event), (SELECT max(number) FROM incident),
                (SELECT max(id) FROM event), (SELECT max(id) FROM incident)",
        )
        .rows_of_each(&mut conn)
        .await?;
        let row = rows
            .last()
            .and_then(|rows| rows.first())
            .ok_or_else(|| Failure::content("an import began in part"))?;
        let greatest = |column: usize| -> Done<Option<[u8; 16]>> {
            let id: Option<&[u8]> = row.try_get(column)?;
            Ok(id.and_then(|id| id.try_into().ok()))
        };
        Ok(Self {
            next_log: row.try_get::<Option<i64>, _>(0)?.unwrap_or(0) + 1,
            last_number: row
                .try_get::<Option<i64>, _>(1)?
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or(0),
            seen: Seen {
                bits: vec![0; usize::try_from(Seen::BITS / 64).unwrap_or(0)],
                greatest_event: greatest(2)?,
                greatest_incident: greatest(3)?,
            },
            store,
            conn,
            names: Names::default(),
            bulk: Bulk::default(),
            incidents: HashMap::new(),
            numbers: HashSet::new(),
            events: Vec::with_capacity(EVENTS),
            tick: 0,
            added: Imported::default(),
        })
    }

    /// Takes in one record.
    ///
    /// # Errors
    /// [`ImportError::Bad`] leaves the import as it was before the record.
    pub async fn add(&mut self, record: Record) -> Result<(), ImportError> {
        match record {
            Record::Header { format, version } => {
                if format != FORMAT {
                    return Err(bad("format", "is not \"redphone\": this is no export of a store"));
                }
                if version > VERSION {
                    return Err(bad(
                        "version",
                        format!("is {version}, this redphone knows {VERSION}: update redphone"),
                    ));
                }
                Ok(())
            }
            Record::Directory(directory) => {
                let mut batch = Batch::default();
                let put = others::put_directory(&mut batch, &directory);
                self.other(put, batch).await
            }
            Record::Problem(problem) => {
                others::check_problem(&problem)?;
                let mut batch = Batch::default();
                let put = others::put_problem(&mut batch, &problem);
                self.other(put, batch).await
            }
            Record::Change(change) => {
                others::check_change(&change)?;
                let mut batch = Batch::default();
                let put = others::put_change(&mut batch, &change);
                self.other(put, batch).await
            }
            Record::Event(event) => self.event(normal(*event)).await,
        }
    }

    fn failed(&self, failure: Failure) -> ImportError {
        ImportError::Store(failure.told(self.store.path()))
    }

    async fn other(&mut self, put: Done<()>, batch: Batch) -> Result<(), ImportError> {
        let done = match put {
            Ok(()) => batch.run(&mut self.conn).await,
            Err(failure) => Err(failure),
        };
        done.map_err(|failure| self.failed(failure))?;
        self.added.others += 1;
        Ok(())
    }

    async fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        check::event(&event)?;
        let id = event.incident;
        self.tick += 1;
        if !self.incidents.contains_key(&id) {
            self.recall(&event).await?;
        }
        let Some(kept) = self.incidents.get_mut(&id) else {
            return self.declared(event).await;
        };
        kept.used = self.tick;
        let last = kept.waiting.incident.summary.seq;
        if event.seq <= last {
            let key = kept.waiting.key;
            return self.known(key, &event).await;
        }
        if event.seq > last + 1 {
            let label = kept.waiting.incident.summary.label();
            return Err(bad(
                "seq",
                format!(
                    "is {}, but event {last} of {label} was the last: one is missing",
                    event.seq
                ),
            ));
        }
        if matches!(event.body, EventBody::Declared { .. }) {
            return Err(bad("kind", "declares an incident that is declared already"));
        }
        // Nothing happens before what it builds on; what went wrong there is put right as a command's
        // time is.
        event.at = event.at.max(kept.waiting.incident.earliest_time(&event.body));
        self.unused(&event).await?;
        let Some(kept) = self.incidents.get_mut(&id) else {
            return Err(bad("incident", "is gone"));
        };
        kept.waiting.incident.apply_next(&event).map_err(|e| bad("seq", e.to_string()))?;
        kept.dirty = true;
        kept.waiting.wordy |= has_words(&event.body);
        if let Some(words) = &mut kept.waiting.words {
            words.add_note(&event.body);
            if matches!(event.body, EventBody::Described { .. } | EventBody::ServicesSet { .. }) {
                // Words that were replaced must go: they are told anew from the whole.
                kept.waiting.words = None;
            }
        }
        let key = kept.waiting.key;
        self.push(key, event).await
    }

    /// Brings an incident of the store into memory, if it is there.
    async fn recall(&mut self, event: &Event) -> Result<(), ImportError> {
        let id = event.incident;
        // A declaration with an id that was never seen is new without asking.
        let greatest = self.seen.greatest_incident;
        let maybe = self.seen.add(id.as_bytes(), greatest);
        if event.seq == 1 && !maybe {
            return Ok(());
        }
        let found = records::load(&mut self.conn, id, true).await;
        if let Some(record) = found.map_err(|failure| self.failed(failure))? {
            let waiting = Waiting {
                key: record.key,
                stored: Some(Box::new(record.incident.clone())),
                incident: record.incident,
                words: None,
                wordy: false,
            };
            self.incidents.insert(id, Kept { waiting, dirty: false, used: self.tick });
        }
        Ok(())
    }

    /// The first event of an incident.
    async fn declared(&mut self, mut event: Event) -> Result<(), ImportError> {
        if event.seq != 1 {
            return Err(bad("seq", format!("is {}, but this incident has no event 1", event.seq)));
        }
        let EventBody::Declared { number, .. } = &mut event.body else {
            return Err(bad("kind", "is not a declaration: a timeline begins with one"));
        };
        let given = match number {
            Some(IncidentNumber(given)) => *given,
            None => self.last_number + 1,
        };
        if given == 0 || given >= NUMBERS {
            return Err(bad(
                "number",
                format!("is {given}: it must lie from 1 to {}", NUMBERS - 1),
            ));
        }
        *number = Some(IncidentNumber(given));
        if given <= self.last_number && self.has_number(given).await? {
            return Err(bad("number", format!("INC-{given} is another incident's already")));
        }
        self.unused(&event).await?;
        let Some(incident) = Incident::from_declaration(&event) else {
            return Err(bad("kind", "is not a declaration: a timeline begins with one"));
        };
        self.last_number = self.last_number.max(given);
        self.numbers.insert(given);
        let key = key(incident.summary.reported_at, IncidentNumber(given));
        let words = Some(Words::of(&incident));
        let waiting = Waiting { key, incident, stored: None, words, wordy: true };
        self.incidents.insert(event.incident, Kept { waiting, dirty: true, used: self.tick });
        self.added.incidents += 1;
        self.push(key, event).await
    }

    async fn has_number(&mut self, number: u64) -> Result<bool, ImportError> {
        if self.numbers.contains(&number) {
            return Ok(true);
        }
        let mut batch = Batch::new("SELECT 1 FROM incident WHERE number = ?");
        batch.arg(i64::try_from(number).unwrap_or(0));
        let row = batch.row(&mut self.conn).await.map_err(|failure| self.failed(failure))?;
        Ok(row.is_some())
    }

    /// Refuses an event whose id another one has.
    async fn unused(&mut self, event: &Event) -> Result<(), ImportError> {
        let greatest = self.seen.greatest_event;
        if !self.seen.add(event.id.as_bytes(), greatest) {
            return Ok(());
        }
        self.write_events().await.map_err(|failure| self.failed(failure))?;
        let mut batch = Batch::new("SELECT 1 FROM event WHERE id = ?");
        batch.arg(event.id.as_bytes().to_vec());
        let row = batch.row(&mut self.conn).await.map_err(|failure| self.failed(failure))?;
        match row {
            Some(_) => Err(bad("id", "is the id of another event: each event needs its own")),
            None => Ok(()),
        }
    }

    /// An event whose place is taken: the same one again, or another.
    async fn known(&mut self, key: i64, event: &Event) -> Result<(), ImportError> {
        self.write_events().await.map_err(|failure| self.failed(failure))?;
        let mut batch =
            Batch::new(&format!("SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.seq = ?"));
        batch.arg(key).arg(i64::from(event.seq));
        let there = match batch.row(&mut self.conn).await {
            Ok(Some(row)) => event_row::read(&row, event.incident),
            Ok(None) => Err(Failure::content("an event is missing")),
            Err(failure) => Err(failure),
        }
        .map_err(|failure| self.failed(failure))?;
        let mut given = event.clone();
        if let (EventBody::Declared { number, .. }, EventBody::Declared { number: stored, .. }) =
            (&mut given.body, &there.body)
        {
            *number = number.or(*stored);
        }
        if there == given {
            self.added.known += 1;
            return Ok(());
        }
        Err(bad(
            "seq",
            format!(
                "is {}, and the store has another event there: the two histories differ",
                event.seq
            ),
        ))
    }

    async fn push(&mut self, key: i64, event: Event) -> Result<(), ImportError> {
        let actor = self.names.actor(&mut self.conn, &event.actor).await;
        let actor = actor.map_err(|failure| self.failed(failure))?;
        self.events.push((self.next_log, key, actor, event));
        self.next_log += 1;
        self.added.events += 1;
        let mut done = Ok(());
        if self.events.len() >= EVENTS {
            done = self.write_events().await;
        }
        if done.is_ok() && self.incidents.len() > KEPT {
            done = self.write_incidents(KEPT / 2).await;
        }
        done.map_err(|failure| self.failed(failure))
    }

    async fn write_events(&mut self) -> Done<()> {
        let events = std::mem::take(&mut self.events);
        bulk::insert(
            &mut self.conn,
            "INSERT INTO event (log, id, incident, seq, kind, at, recorded, actor, nth, command,
                subject, body)",
            12,
            &events,
            |batch, (log, key, actor, event)| {
                batch.arg(*log);
                event_arguments(batch, *key, *actor, event);
                batch.arg(event_body(event)?);
                Ok(())
            },
        )
        .await?;
        let untold: Vec<(&Event, i64)> = events
            .iter()
            .filter(|(_, _, _, event)| event_row::nth(event).is_none())
            .map(|(_, key, _, event)| (event, *key))
            .collect();
        bulk::insert(
            &mut self.conn,
            "INSERT OR IGNORE INTO command (id, incident)",
            2,
            &untold,
            |batch, (event, key)| {
                batch.arg(event.command.as_bytes().to_vec()).arg(*key);
                Ok(())
            },
        )
        .await
    }

    /// Writes out incidents until only so many are left in memory.
    async fn write_incidents(&mut self, left: usize) -> Done<()> {
        self.write_events().await?;
        let mut used: Vec<u64> = self.incidents.values().map(|kept| kept.used).collect();
        used.sort_unstable();
        let gone = used.len().saturating_sub(left);
        let oldest = used.get(gone).copied().unwrap_or(u64::MAX);
        let mut waiting = Vec::with_capacity(gone);
        for (_, kept) in self.incidents.extract_if(|_, kept| kept.used < oldest) {
            if kept.waiting.stored.is_none() {
                let number = kept.waiting.incident.summary.number.map_or(0, |n| n.0);
                self.numbers.remove(&number);
            }
            if kept.dirty {
                waiting.push(kept.waiting);
            }
        }
        self.bulk.write(&mut self.conn, &mut self.names, waiting).await
    }

    /// Makes it all durable at once.
    ///
    /// # Errors
    /// When the store can't write; then nothing was added.
    pub async fn commit(mut self) -> Result<Imported, BackendError> {
        let done = self.finish().await;
        let Self { store, conn, added, .. } = self;
        match done {
            Ok(()) => {
                conn.close().await.ok();
                store.inner.bell.ring();
                Ok(added)
            }
            Err(failure) => Err(failure.told(store.path())),
        }
    }

    async fn finish(&mut self) -> Done<()> {
        self.write_incidents(0).await?;
        full_text::take_in(&mut self.conn).await?;
        measures::warm(&mut self.conn).await?;
        Batch::new("COMMIT").run(&mut self.conn).await?;
        // The log of a large import is large: give the space back, unless somebody reads.
        Batch::new("PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)")
            .run(&mut self.conn)
            .await
            .ok();
        Ok(())
    }
}
