//! Takes records into a store: everything in one transaction, in memory that does not grow.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sqlx::{Connection, Row, SqliteConnection};

use super::bulk::{self, BulkWriter, ProjectionWrite};
use super::error::{StoreError, StoreResult};
use super::event_row::{self, COLUMNS, FROM, affects_full_text, truncate_times};
use super::full_text::{self, WordSet};
use super::measures;
use super::names::NameInterner;
use super::others;
use super::records;
use super::row::{NUMBERS_END, incident_key};
use super::sql::Batch;
use super::writer::{bind_event, encode_body};
use super::{FileStore, ImportError, Imported, open};
use crate::backend::BackendError;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::model::check::{self, BadField};
use crate::model::{Event, EventBody, Incident, IncidentId, IncidentNumber};

/// Incidents kept in memory; the half that was used longest ago is written out when there are more.
const MAX_IN_MEMORY: usize = 12_000;
/// Events that are written at once.
const EVENTS_PER_WRITE: usize = 400;

/// Takes records into a store in one transaction. Dropped without [`Importer::commit`], nothing
/// of it stays.
pub struct Importer {
    store: FileStore,
    conn: SqliteConnection,
    names: NameInterner,
    bulk: BulkWriter,
    incidents: HashMap<IncidentId, CachedIncident>,
    /// Numbers of incidents that are only in memory.
    numbers: HashSet<u64>,
    events: Vec<(i64, i64, i64, Event)>,
    seen: SeenIds,
    next_log: i64,
    last_number: u64,
    tick: u64,
    added: Imported,
}

struct CachedIncident {
    entry: ProjectionWrite,
    dirty: bool,
    last_used: u64,
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Importer").field("added", &self.added).finish_non_exhaustive()
    }
}

/// Which ids may be there already, in a fixed amount of memory: a Bloom filter for those of this
/// import, and the greatest id for those of the store, as ids grow with time.
struct SeenIds {
    bits: Vec<u64>,
    greatest_event: Option<[u8; 16]>,
    greatest_incident: Option<[u8; 16]>,
}

impl SeenIds {
    /// 2^26 bits are 8 MiB: one in 200 is asked for in vain after five million events.
    const BITS: u64 = 1 << 26;

    /// Whether the id may have been seen; from now on it has.
    fn test_and_insert(&mut self, id: &[u8; 16], greatest: Option<[u8; 16]>) -> bool {
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

fn invalid(field: &str, problem: impl Into<String>) -> ImportError {
    ImportError::Invalid { field: field.to_owned(), problem: problem.into() }
}

impl From<BadField> for ImportError {
    fn from(bad: BadField) -> Self {
        Self::Invalid { field: bad.field.to_owned(), problem: bad.problem }
    }
}

impl Importer {
    pub(super) async fn begin(store: FileStore) -> StoreResult<Self> {
        let patience = store.inner.options.lock_timeout;
        let mut conn = open::connect_writer(store.path(), patience).await?;
        let rows = Batch::new(
            "PRAGMA cache_size = -32000; BEGIN IMMEDIATE;
             SELECT (SELECT max(log) FROM event), (SELECT max(number) FROM incident),
                (SELECT max(id) FROM event), (SELECT max(id) FROM incident)",
        )
        .fetch_result_sets(&mut conn)
        .await?;
        let row = rows
            .last()
            .and_then(|rows| rows.first())
            .ok_or_else(|| StoreError::content("an import began in part"))?;
        let greatest = |column: usize| -> StoreResult<Option<[u8; 16]>> {
            let id: Option<&[u8]> = row.try_get(column)?;
            Ok(id.and_then(|id| id.try_into().ok()))
        };
        Ok(Self {
            next_log: row.try_get::<Option<i64>, _>(0)?.unwrap_or(0) + 1,
            last_number: row
                .try_get::<Option<i64>, _>(1)?
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or(0),
            seen: SeenIds {
                bits: vec![0; usize::try_from(SeenIds::BITS / 64).unwrap_or(0)],
                greatest_event: greatest(2)?,
                greatest_incident: greatest(3)?,
            },
            store,
            conn,
            names: NameInterner::default(),
            bulk: BulkWriter::default(),
            incidents: HashMap::new(),
            numbers: HashSet::new(),
            events: Vec::with_capacity(EVENTS_PER_WRITE),
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
                    return Err(invalid(
                        "format",
                        "is not \"redphone\": this is no export of a store",
                    ));
                }
                if version > VERSION {
                    return Err(invalid(
                        "version",
                        format!("is {version}, this redphone knows {VERSION}: update redphone"),
                    ));
                }
                Ok(())
            }
            Record::Directory(directory) => {
                let mut batch = Batch::default();
                let put = others::put_directory(&mut batch, &directory);
                self.add_other(put, batch).await
            }
            Record::Problem(problem) => {
                others::check_problem(&problem)?;
                let mut batch = Batch::default();
                let put = others::put_problem(&mut batch, &problem);
                self.add_other(put, batch).await
            }
            Record::Change(change) => {
                others::check_change(&change)?;
                let mut batch = Batch::default();
                let put = others::put_change(&mut batch, &change);
                self.add_other(put, batch).await
            }
            Record::Event(event) => self.add_event(truncate_times(*event)).await,
        }
    }

    fn store_error(&self, failure: StoreError) -> ImportError {
        ImportError::Store(failure.into_backend_error(self.store.path()))
    }

    async fn add_other(&mut self, put: StoreResult<()>, batch: Batch) -> Result<(), ImportError> {
        let done = match put {
            Ok(()) => batch.run(&mut self.conn).await,
            Err(failure) => Err(failure),
        };
        done.map_err(|failure| self.store_error(failure))?;
        self.added.others += 1;
        Ok(())
    }

    async fn add_event(&mut self, mut event: Event) -> Result<(), ImportError> {
        check::event(&event)?;
        let id = event.incident;
        self.tick += 1;
        if !self.incidents.contains_key(&id) {
            self.load_incident(&event).await?;
        }
        let Some(kept) = self.incidents.get_mut(&id) else {
            return self.add_declaration(event).await;
        };
        kept.last_used = self.tick;
        let last = kept.entry.incident.summary.seq;
        if event.seq <= last {
            let key = kept.entry.key;
            return self.compare_with_stored(key, &event).await;
        }
        if event.seq > last + 1 {
            let label = kept.entry.incident.summary.label();
            return Err(invalid(
                "seq",
                format!(
                    "is {}, but event {last} of {label} was the last: one is missing",
                    event.seq
                ),
            ));
        }
        if matches!(event.body, EventBody::Declared { .. }) {
            return Err(invalid("kind", "declares an incident that is declared already"));
        }
        // Nothing happens before what it builds on; what went wrong there is put right as a command's
        // time is.
        event.at = event.at.max(kept.entry.incident.earliest_time(&event.body));
        self.check_id_is_new(&event).await?;
        let Some(kept) = self.incidents.get_mut(&id) else {
            return Err(invalid("incident", "is gone"));
        };
        kept.entry.incident.apply_next(&event).map_err(|e| invalid("seq", e.to_string()))?;
        kept.dirty = true;
        kept.entry.text_changed |= affects_full_text(&event.body);
        if let Some(words) = &mut kept.entry.word_set {
            words.add_note(&event.body);
            if matches!(event.body, EventBody::Described { .. } | EventBody::ServicesSet { .. }) {
                // Words that were replaced must go: they are told anew from the whole.
                kept.entry.word_set = None;
            }
        }
        let key = kept.entry.key;
        self.queue_event(key, event).await
    }

    /// Brings an incident of the store into memory, if it is there.
    async fn load_incident(&mut self, event: &Event) -> Result<(), ImportError> {
        let id = event.incident;
        // A declaration with an id that was never seen is new without asking.
        let greatest = self.seen.greatest_incident;
        let maybe = self.seen.test_and_insert(id.as_bytes(), greatest);
        if event.seq == 1 && !maybe {
            return Ok(());
        }
        let found = records::load(&mut self.conn, id, true).await;
        if let Some(record) = found.map_err(|failure| self.store_error(failure))? {
            let waiting = ProjectionWrite {
                key: record.key,
                stored: Some(Box::new(record.incident.clone())),
                incident: record.incident,
                word_set: None,
                text_changed: false,
            };
            self.incidents
                .insert(id, CachedIncident { entry: waiting, dirty: false, last_used: self.tick });
        }
        Ok(())
    }

    /// The first event of an incident.
    async fn add_declaration(&mut self, mut event: Event) -> Result<(), ImportError> {
        if event.seq != 1 {
            return Err(invalid(
                "seq",
                format!("is {}, but this incident has no event 1", event.seq),
            ));
        }
        let EventBody::Declared { number, .. } = &mut event.body else {
            return Err(invalid("kind", "is not a declaration: a timeline begins with one"));
        };
        let given = match number {
            Some(IncidentNumber(given)) => *given,
            None => self.last_number + 1,
        };
        if given == 0 || given >= NUMBERS_END {
            return Err(invalid(
                "number",
                format!("is {given}: it must lie from 1 to {}", NUMBERS_END - 1),
            ));
        }
        *number = Some(IncidentNumber(given));
        if given <= self.last_number && self.has_number(given).await? {
            return Err(invalid("number", format!("INC-{given} is another incident's already")));
        }
        self.check_id_is_new(&event).await?;
        let Some(incident) = Incident::from_declaration(&event) else {
            return Err(invalid("kind", "is not a declaration: a timeline begins with one"));
        };
        self.last_number = self.last_number.max(given);
        self.numbers.insert(given);
        let key = incident_key(incident.summary.reported_at, IncidentNumber(given));
        let words = Some(WordSet::from_incident(&incident));
        let waiting =
            ProjectionWrite { key, incident, stored: None, word_set: words, text_changed: true };
        self.incidents.insert(
            event.incident,
            CachedIncident { entry: waiting, dirty: true, last_used: self.tick },
        );
        self.added.incidents += 1;
        self.queue_event(key, event).await
    }

    async fn has_number(&mut self, number: u64) -> Result<bool, ImportError> {
        if self.numbers.contains(&number) {
            return Ok(true);
        }
        let mut batch = Batch::new("SELECT 1 FROM incident WHERE number = ?");
        batch.arg(i64::try_from(number).unwrap_or(0));
        let row = batch
            .fetch_optional(&mut self.conn)
            .await
            .map_err(|failure| self.store_error(failure))?;
        Ok(row.is_some())
    }

    /// Refuses an event whose id another one has.
    async fn check_id_is_new(&mut self, event: &Event) -> Result<(), ImportError> {
        let greatest = self.seen.greatest_event;
        if !self.seen.test_and_insert(event.id.as_bytes(), greatest) {
            return Ok(());
        }
        self.write_events().await.map_err(|failure| self.store_error(failure))?;
        let mut batch = Batch::new("SELECT 1 FROM event WHERE id = ?");
        batch.arg(event.id.as_bytes().to_vec());
        let row = batch
            .fetch_optional(&mut self.conn)
            .await
            .map_err(|failure| self.store_error(failure))?;
        match row {
            Some(_) => Err(invalid("id", "is the id of another event: each event needs its own")),
            None => Ok(()),
        }
    }

    /// An event whose place is taken: the same one again, or another.
    async fn compare_with_stored(&mut self, key: i64, event: &Event) -> Result<(), ImportError> {
        self.write_events().await.map_err(|failure| self.store_error(failure))?;
        let mut batch =
            Batch::new(&format!("SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.seq = ?"));
        batch.arg(key).arg(i64::from(event.seq));
        let there = match batch.fetch_optional(&mut self.conn).await {
            Ok(Some(row)) => event_row::decode(&row, event.incident),
            Ok(None) => Err(StoreError::content("an event is missing")),
            Err(failure) => Err(failure),
        }
        .map_err(|failure| self.store_error(failure))?;
        let mut given = event.clone();
        if let (EventBody::Declared { number, .. }, EventBody::Declared { number: stored, .. }) =
            (&mut given.body, &there.body)
        {
            *number = number.or(*stored);
        }
        if there == given {
            self.added.already_present += 1;
            return Ok(());
        }
        Err(invalid(
            "seq",
            format!(
                "is {}, and the store has another event there: the two histories differ",
                event.seq
            ),
        ))
    }

    async fn queue_event(&mut self, key: i64, event: Event) -> Result<(), ImportError> {
        let actor = self.names.intern_actor(&mut self.conn, &event.actor).await;
        let actor = actor.map_err(|failure| self.store_error(failure))?;
        self.events.push((self.next_log, key, actor, event));
        self.next_log += 1;
        self.added.events += 1;
        let mut done = Ok(());
        if self.events.len() >= EVENTS_PER_WRITE {
            done = self.write_events().await;
        }
        if done.is_ok() && self.incidents.len() > MAX_IN_MEMORY {
            done = self.write_incidents(MAX_IN_MEMORY / 2).await;
        }
        done.map_err(|failure| self.store_error(failure))
    }

    async fn write_events(&mut self) -> StoreResult<()> {
        let events = std::mem::take(&mut self.events);
        bulk::insert_rows(
            &mut self.conn,
            "INSERT INTO event (log, id, incident, seq, kind, at, recorded, actor, nth, command,
                subject, body)",
            12,
            &events,
            |batch, (log, key, actor, event)| {
                batch.arg(*log);
                bind_event(batch, *key, *actor, event);
                batch.arg(encode_body(event)?);
                Ok(())
            },
        )
        .await?;
        let untold: Vec<(&Event, i64)> = events
            .iter()
            .filter(|(_, _, _, event)| event_row::nth(event).is_none())
            .map(|(_, key, _, event)| (event, *key))
            .collect();
        bulk::insert_rows(
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
    async fn write_incidents(&mut self, left: usize) -> StoreResult<()> {
        self.write_events().await?;
        let mut used: Vec<u64> = self.incidents.values().map(|kept| kept.last_used).collect();
        used.sort_unstable();
        let gone = used.len().saturating_sub(left);
        let oldest = used.get(gone).copied().unwrap_or(u64::MAX);
        let mut waiting = Vec::with_capacity(gone);
        for (_, kept) in self.incidents.extract_if(|_, kept| kept.last_used < oldest) {
            if kept.entry.stored.is_none() {
                let number = kept.entry.incident.summary.number.map_or(0, |n| n.0);
                self.numbers.remove(&number);
            }
            if kept.dirty {
                waiting.push(kept.entry);
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
                store.inner.watcher.wake();
                Ok(added)
            }
            Err(failure) => Err(failure.into_backend_error(store.path())),
        }
    }

    async fn finish(&mut self) -> StoreResult<()> {
        self.write_incidents(0).await?;
        full_text::index_pending(&mut self.conn).await?;
        measures::warm_cache(&mut self.conn).await?;
        Batch::new("COMMIT").run(&mut self.conn).await?;
        // The log of a large import is large: give the space back, unless somebody reads.
        Batch::new("PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)")
            .run(&mut self.conn)
            .await
            .ok();
        Ok(())
    }
}
