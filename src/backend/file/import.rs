//! Imports records into a store in one transaction, with a bounded amount of memory.

mod alerts;
mod evidence;
mod notifications;

use std::collections::HashSet;
use std::fmt;

use lru::LruCache;
use sqlx::{Connection, Row, SqliteConnection};

use super::administration_table;
use super::bulk::{self, BulkWriter, ProjectionWrite};
use super::change_table;
use super::command_identity::put_used_id;
use super::connect::connect_writer;
use super::contacts::table as contacts_table;
use super::directory_table;
use super::error::{StoreError, StoreResult};
use super::event_insert::{bind_event, encode_body};
use super::event_row::{self, COLUMNS, FROM, WRITER_FORMAT, truncate_times};
use super::foreign_table;
use super::full_text;
use super::import_error::{ImportError, RecordProblem, invalid, parse_digest};
use super::maintenance;
use super::measures;
use super::meta::{LAST_NUMBER, NEXT_LOG, raise_needed_to_write};
use super::migrate::SCHEMA_VERSION;
use super::names::NameInterner;
use super::problem_table;
use super::records;
use super::row::{NUMBERS_END, incident_key};
use super::seen_ids::SeenIds;
use super::service_level_table::{read_levels, replace_levels};
use super::sql::Batch;
use super::store::FileStore;

use crate::backend::BackendError;
use crate::backend::record::{COMMAND_DIGEST, FORMAT, Record, VERSION};
use crate::model::anomaly::{Anomaly, AnomalyCounts};
use crate::model::check;
use crate::model::command::Link;
use crate::model::searched_texts::{SearchedTexts, affects_search};
use crate::model::service_level::ServiceLevels;
use crate::model::{Event, EventBody, Incident, IncidentId, IncidentNumber};

/// The maximum number of incidents in memory. When there are more, the least recently used half is
/// written to the store.
const MAX_IN_MEMORY: usize = 12_000;
/// The number of events that are written at once.
const EVENTS_PER_WRITE: usize = 400;

/// Imports records into a store in one transaction. If it is dropped without [`Importer::commit`],
/// nothing was added.
pub struct Importer {
    store: FileStore,
    conn: SqliteConnection,
    names: NameInterner,
    bulk: BulkWriter,
    /// Incidents in memory. They are evicted by hand, because they must be written before.
    incidents: LruCache<IncidentId, CachedIncident>,
    /// Numbers of new incidents that are not written to the projection yet.
    numbers: HashSet<u64>,
    /// Events to write.
    events: Vec<QueuedEvent>,
    /// The service levels of the export, where they are not those of the store.
    levels: Option<ServiceLevels>,
    seen: SeenIds,
    /// The first position that an event of the import can have.
    first_log: i64,
    next_log: i64,
    last_number: u64,
    /// Whether incidents get new numbers.
    renumbers: bool,
    added: Imported,
}

/// An event that is to be written.
struct QueuedEvent {
    /// The position in the log.
    log: i64,
    /// The key of the incident.
    key: i64,
    /// The id of the actor.
    actor: i64,
    event: Event,
    /// The digest of its command, as it is stored.
    digest: Option<Vec<u8>>,
}

struct CachedIncident {
    entry: ProjectionWrite,
    dirty: bool,
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Importer").field("added", &self.added).finish_non_exhaustive()
    }
}

/// Counts the records of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Incidents that were added.
    pub incidents: u64,
    /// Events that were added.
    pub events: u64,
    /// Records of other kinds: directories, problems and changes.
    pub others: u64,
    /// Events that the store already had, identical in every field.
    pub already_present: u64,
    /// Events among those added that no command leads to.
    pub anomalies: AnomalyCounts,
    /// The first and the last number that an incident got instead of its own.
    pub new_numbers: Option<(u64, u64)>,
}

impl FileStore {
    /// Begins an import. Other writers wait until it ends.
    ///
    /// # Errors
    /// [`BackendError`] if the store is read-only or can't be locked.
    pub async fn importer(&self) -> Result<Importer, BackendError> {
        self.check_writable()?;
        Importer::begin(self.clone())
            .await
            .map_err(|failure| failure.into_backend_error(self.path()))
    }
}

impl Importer {
    async fn begin(store: FileStore) -> StoreResult<Self> {
        let lock_timeout = store.inner.options.lock_timeout;
        let mut conn = connect_writer(store.path(), lock_timeout).await?;
        let rows = Batch::new(&format!(
            "PRAGMA cache_size = -32000; BEGIN IMMEDIATE;
             SELECT {NEXT_LOG}, {LAST_NUMBER},
                (SELECT max(id) FROM event), (SELECT max(id) FROM incident)"
        ))
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
        let next_log: i64 = row.try_get_unchecked(0)?;
        Ok(Self {
            first_log: next_log,
            next_log,
            last_number: row
                .try_get_unchecked::<Option<i64>, _>(1)?
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or(0),
            seen: SeenIds::new(greatest(2)?, greatest(3)?),
            store,
            conn,
            names: NameInterner::default(),
            bulk: BulkWriter::default(),
            incidents: LruCache::unbounded(),
            numbers: HashSet::new(),
            events: Vec::with_capacity(EVENTS_PER_WRITE),
            levels: None,
            renumbers: false,
            added: Imported::default(),
        })
    }

    /// Gives each new incident the next number of the store instead of its own. Events that name
    /// another incident name it by the number that it has here.
    #[must_use]
    pub fn with_new_numbers(self) -> Self {
        Self { renumbers: true, ..self }
    }

    /// Imports one record.
    ///
    /// # Errors
    /// After [`ImportError::Invalid`] the import is as it was before the record, and can go on.
    /// After [`ImportError::Store`] nothing more can be added.
    pub async fn add(&mut self, record: Record) -> Result<(), ImportError> {
        match record {
            Record::Header { format, version, needed_to_read, needed_to_write, service_levels } => {
                if format != FORMAT {
                    return Err(invalid("format", RecordProblem::ForeignFormat));
                }
                let version = needed_to_read.unwrap_or(version);
                if version > VERSION {
                    return Err(invalid("version", RecordProblem::NewerVersion { version }));
                }
                self.raise_needed(needed_to_write.unwrap_or(0)).await?;
                self.use_levels(service_levels).await
            }
            Record::Directory(directory) => {
                let mut batch = Batch::default();
                let put = directory_table::put_directory(&mut batch, &directory);
                self.add_other(put, batch).await
            }
            Record::Problem(problem) => {
                problem_table::check_problem(&problem)?;
                let mut batch = Batch::default();
                let put = problem_table::put_problem(&mut batch, &problem);
                self.add_other(put, batch).await
            }
            Record::Change(change) => {
                change_table::check_change(&change)?;
                let mut batch = Batch::default();
                let put = change_table::put_change(&mut batch, &change);
                self.add_other(put, batch).await
            }
            Record::Event(event) => self.add_event(truncate_times(*event)).await,
            Record::Command(used) => {
                let mut batch = Batch::default();
                put_used_id(&mut batch, &used, parse_digest(&used.digest)?);
                batch.run(&mut self.conn).await.map_err(|failure| self.store_error(failure))
            }
            Record::Administration(event) => {
                administration_table::check_event(&event)?;
                let mut batch = Batch::default();
                let put = administration_table::put_event(&mut batch, &event);
                self.add_other(put, batch).await
            }
            Record::Notification(notification) | Record::Notice(notification) => {
                self.add_notification(*notification).await
            }
            Record::Attempt(attempt) => self.add_attempt(*attempt).await,
            Record::Alert(alert) => self.add_alert(*alert).await,
            Record::Contacts(contacts) => {
                contacts.check()?;
                let mut batch = Batch::default();
                let put = contacts_table::put(&mut batch, &contacts);
                self.add_other(put, batch).await
            }
            Record::MaintenanceWindow(window) => {
                window.check()?;
                let mut batch = Batch::default();
                let put = maintenance::put_imported(&mut batch, &window);
                self.add_other(put, batch).await
            }
            Record::Evidence(evidence) => self.add_evidence(*evidence).await,
            // Whoever reads the records in order compares the count.
            Record::End { .. } => Ok(()),
            Record::Unknown(foreign) => {
                let mut batch = Batch::default();
                let before_events = self.added.events == 0 && self.added.already_present == 0;
                let put = foreign_table::put_foreign(&mut batch, &foreign, before_events);
                self.add_other(put, batch).await
            }
        }
    }

    /// Chooses by which service levels clocks are judged whose end was recorded without a goal: those
    /// of the store that was exported. A store that has nothing yet adopts them.
    async fn use_levels(&mut self, levels: Option<ServiceLevels>) -> Result<(), ImportError> {
        self.levels = None;
        let Some(levels) = levels else { return Ok(()) };
        let is_empty = self.next_log == 1 && self.last_number == 0;
        let chosen = async {
            if is_empty {
                replace_levels(&mut self.conn, &levels).await?;
            }
            read_levels(&mut self.conn).await
        };
        let own = chosen.await.map_err(|failure| self.store_error(failure))?;
        self.levels = (own != levels).then_some(levels);
        Ok(())
    }

    /// Takes over the version that a program must know to write the records. A store that has
    /// incidents already is not made unwritable for this program.
    async fn raise_needed(&mut self, version: u32) -> Result<(), ImportError> {
        if i64::from(version) <= SCHEMA_VERSION {
            return Ok(());
        }
        if self.next_log > 1 || self.last_number > 0 {
            let problem = format!(
                "the export needs version {version} of stores to be written to, and this redphone \
                 knows {SCHEMA_VERSION}: update redphone, or import it into a new store, which \
                 this one then only reads"
            );
            return Err(ImportError::Store(BackendError::NotAllowed(problem.into())));
        }
        let mut batch = Batch::default();
        raise_needed_to_write(&mut batch, version);
        batch.run(&mut self.conn).await.map_err(|failure| self.store_error(failure))
    }

    fn store_error(&self, failure: StoreError) -> ImportError {
        ImportError::Store(failure.into_backend_error(self.store.path()))
    }

    async fn add_other(&mut self, put: StoreResult<()>, batch: Batch) -> Result<(), ImportError> {
        let result = match put {
            Ok(()) => batch.run(&mut self.conn).await,
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| self.store_error(failure))?;
        self.added.others += 1;
        Ok(())
    }

    async fn add_event(&mut self, mut event: Event) -> Result<(), ImportError> {
        check::event(&event)?;
        let digest = event.extra.extract::<String>(COMMAND_DIGEST);
        let digest = digest.as_deref().map(parse_digest).transpose()?;
        let id = event.incident;
        if self.renumbers {
            self.rename_others(&mut event).await?;
        }
        if !self.incidents.contains(&id) {
            self.load_incident(&event).await?;
        }
        let Some(cached) = self.incidents.get(&id) else {
            return self.add_declaration(event, digest).await;
        };
        let last = cached.entry.incident.summary.seq;
        if event.seq <= last {
            let key = cached.entry.key;
            return self.compare_with_stored(key, &event).await;
        }
        if event.seq > last + 1 {
            let label = cached.entry.incident.summary.label();
            return Err(invalid("seq", RecordProblem::Gap { seq: event.seq, last, label }));
        }
        if matches!(event.body, EventBody::Declared { .. }) {
            return Err(invalid("kind", RecordProblem::DeclaredTwice));
        }
        let anomaly =
            Anomaly::find(Some(&cached.entry.incident), &event, &self.store.rules().matrix);
        // An event can't happen before the events that it builds on. An earlier time is corrected,
        // as that of a command is.
        event.at = event.at.max(cached.entry.incident.earliest_time(&event.body));
        self.check_id_is_new(&event).await?;
        let Some(cached) = self.incidents.get_mut(&id) else {
            return Err(invalid("incident", RecordProblem::IncidentNotLoaded));
        };
        cached.entry.incident.apply_next(&event).map_err(|e| invalid("seq", e))?;
        if let Some(levels) = &self.levels {
            // The levels of this store are others, so that the verdict is recorded with the event.
            event.verdicts.extend(cached.entry.incident.judge_ended(levels));
        }
        cached.dirty = true;
        cached.entry.text_changed |= affects_search(&event.body);
        if let Some(texts) = &mut cached.entry.texts {
            texts.add(&event.body);
        }
        let key = cached.entry.key;
        if let Some(anomaly) = anomaly {
            self.added.anomalies.add(anomaly);
        }
        self.queue_event(key, event, digest).await
    }

    /// Replaces the numbers of other incidents in an event by those that they have in this store.
    async fn rename_others(&mut self, event: &mut Event) -> Result<(), ImportError> {
        let (id, number) = match &mut event.body {
            EventBody::MergedInto { into, number } => (*into, number),
            EventBody::Absorbed { from, number, .. }
            | EventBody::AlertsMovedIn { from, number, .. } => (*from, number),
            EventBody::AlertsMovedOut { to, number, .. } => (*to, number),
            EventBody::Linked { link: Link::Incident { id, number } }
            | EventBody::Unlinked { link: Link::Incident { id, number } } => (*id, number),
            _ => return Ok(()),
        };
        if let Some(cached) = self.incidents.peek(&id) {
            *number = cached.entry.incident.summary.number;
            return Ok(());
        }
        let mut batch = Batch::new("SELECT number FROM incident WHERE id = ?");
        batch.arg(id.as_bytes().to_vec());
        let row = batch.fetch_optional(&mut self.conn).await;
        let row = row.map_err(|failure| self.store_error(failure))?;
        let stored: Option<i64> = row.and_then(|row| row.try_get(0).ok());
        *number = stored.and_then(|number| u64::try_from(number).ok()).map(IncidentNumber);
        Ok(())
    }

    /// Loads an incident from the store into memory if it exists.
    async fn load_incident(&mut self, event: &Event) -> Result<(), ImportError> {
        let id = event.incident;
        // A declaration whose id was never seen is new, so no query is needed.
        let greatest = self.seen.greatest_incident;
        let may_exist = self.seen.test_and_insert(id.as_bytes(), greatest);
        if event.seq == 1 && !may_exist {
            return Ok(());
        }
        let loaded = records::load(&mut self.conn, id, true).await;
        if let Some(record) = loaded.map_err(|failure| self.store_error(failure))? {
            let entry = ProjectionWrite {
                key: record.key,
                stored: Some(Box::new(record.incident.clone())),
                incident: record.incident,
                texts: None,
                text_changed: false,
            };
            self.incidents.put(id, CachedIncident { entry, dirty: false });
        }
        Ok(())
    }

    /// Adds the first event of an incident.
    async fn add_declaration(
        &mut self,
        mut event: Event,
        digest: Option<Vec<u8>>,
    ) -> Result<(), ImportError> {
        if event.seq != 1 {
            return Err(invalid("seq", RecordProblem::NoFirstEvent { seq: event.seq }));
        }
        let EventBody::Declared { number, .. } = &mut event.body else {
            return Err(invalid("kind", RecordProblem::NoDeclaration));
        };
        let assigned = match number {
            Some(IncidentNumber(assigned)) if !self.renumbers => *assigned,
            _ => self.last_number + 1,
        };
        if assigned == 0 || assigned >= NUMBERS_END {
            return Err(invalid("number", RecordProblem::NumberOutOfRange { number: assigned }));
        }
        *number = Some(IncidentNumber(assigned));
        if assigned <= self.last_number && self.has_number(assigned).await? {
            return Err(invalid("number", RecordProblem::NumberInUse { number: assigned }));
        }
        self.check_id_is_new(&event).await?;
        let Some(incident) = Incident::from_declaration(&event) else {
            return Err(invalid("kind", RecordProblem::NoDeclaration));
        };
        let anomaly = Anomaly::find(None, &event, &self.store.rules().matrix);
        if let Some(anomaly) = anomaly {
            self.added.anomalies.add(anomaly);
        }
        if self.renumbers {
            let (first, _) = self.added.new_numbers.unwrap_or((assigned, assigned));
            self.added.new_numbers = Some((first, assigned));
        }
        self.last_number = self.last_number.max(assigned);
        self.numbers.insert(assigned);
        let key = incident_key(incident.summary.reported_at, IncidentNumber(assigned));
        let texts = Some(SearchedTexts::of([&event.body]));
        let entry = ProjectionWrite { key, incident, stored: None, texts, text_changed: true };
        self.incidents.put(event.incident, CachedIncident { entry, dirty: true });
        self.added.incidents += 1;
        self.queue_event(key, event, digest).await
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

    /// Refuses an event if another one has the same id.
    async fn check_id_is_new(&mut self, event: &Event) -> Result<(), ImportError> {
        let greatest = self.seen.greatest_event;
        if !self.seen.test_and_insert(event.id.as_bytes(), greatest) {
            return Ok(());
        }
        // To write those that wait for each event that is looked up would take the time of an import
        // several times.
        if self.events.iter().any(|queued| queued.event.id == event.id) {
            return Err(invalid("id", RecordProblem::DuplicateId));
        }
        let mut batch = Batch::new("SELECT 1 FROM event WHERE id = ?");
        batch.arg(event.id.as_bytes().to_vec());
        let row = batch
            .fetch_optional(&mut self.conn)
            .await
            .map_err(|failure| self.store_error(failure))?;
        match row {
            Some(_) => Err(invalid("id", RecordProblem::DuplicateId)),
            None => Ok(()),
        }
    }

    /// Handles an event whose sequence number exists already: counts it if the stored event is the
    /// same, refuses it otherwise.
    async fn compare_with_stored(&mut self, key: i64, event: &Event) -> Result<(), ImportError> {
        self.write_events().await.map_err(|failure| self.store_error(failure))?;
        let mut batch =
            Batch::new(&format!("SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.seq = ?"));
        batch.arg(key).arg(i64::from(event.seq));
        let mut stored = match batch.fetch_optional(&mut self.conn).await {
            Ok(Some(row)) => event_row::decode(&row, event.incident),
            Ok(None) => Err(StoreError::content("an event is missing")),
            Err(failure) => Err(failure),
        }
        .map_err(|failure| self.store_error(failure))?;
        let mut imported = event.clone();
        if let (
            EventBody::Declared { number, .. },
            EventBody::Declared { number: stored_number, .. },
        ) = (&mut imported.body, &stored.body)
        {
            *number = number.filter(|_| !self.renumbers).or(*stored_number);
        }
        if imported.verdicts.is_empty() {
            // They were added by an import, by the levels of the export.
            stored.verdicts.clear();
        }
        if stored == imported {
            self.added.already_present += 1;
            return Ok(());
        }
        Err(invalid("seq", RecordProblem::HistoriesDiffer { seq: event.seq }))
    }

    async fn queue_event(
        &mut self,
        key: i64,
        event: Event,
        digest: Option<Vec<u8>>,
    ) -> Result<(), ImportError> {
        let actor = self.names.intern_actor(&mut self.conn, &event.actor).await;
        let actor = actor.map_err(|failure| self.store_error(failure))?;
        self.events.push(QueuedEvent { log: self.next_log, key, actor, event, digest });
        self.next_log += 1;
        self.added.events += 1;
        let mut result = Ok(());
        if self.events.len() >= EVENTS_PER_WRITE {
            result = self.write_events().await;
        }
        if result.is_ok() && self.incidents.len() > MAX_IN_MEMORY {
            result = self.write_incidents(MAX_IN_MEMORY / 2).await;
        }
        result.map_err(|failure| self.store_error(failure))
    }

    async fn write_events(&mut self) -> StoreResult<()> {
        let events = std::mem::take(&mut self.events);
        bulk::insert_rows(
            &mut self.conn,
            "INSERT INTO event (log, id, incident, seq, kind, at, recorded, actor, nth, command,
                subject, body, format, digest)",
            14,
            &events,
            |batch, QueuedEvent { log, key, actor, event, digest }| {
                batch.arg(*log);
                bind_event(batch, *key, *actor, event);
                batch.arg(encode_body(event)?).arg(WRITER_FORMAT).arg(digest.clone());
                Ok(())
            },
        )
        .await?;
        let with_own_command: Vec<(&Event, i64)> = events
            .iter()
            .filter(|queued| event_row::nth(&queued.event).is_none())
            .map(|queued| (&queued.event, queued.key))
            .collect();
        bulk::insert_rows(
            &mut self.conn,
            "INSERT OR IGNORE INTO command (id, incident, format)",
            3,
            &with_own_command,
            |batch, (event, key)| {
                batch.arg(event.command.as_bytes().to_vec()).arg(*key).arg(WRITER_FORMAT);
                Ok(())
            },
        )
        .await
    }

    /// Writes the least recently used incidents until only `remaining` are in memory.
    async fn write_incidents(&mut self, remaining: usize) -> StoreResult<()> {
        self.write_events().await?;
        let mut entries = Vec::new();
        while self.incidents.len() > remaining
            && let Some((_, cached)) = self.incidents.pop_lru()
        {
            if cached.entry.stored.is_none() {
                let number = cached.entry.incident.summary.number.map_or(0, |n| n.0);
                self.numbers.remove(&number);
            }
            if cached.dirty {
                entries.push(cached.entry);
            }
        }
        self.bulk.write(&mut self.conn, &mut self.names, entries).await
    }

    /// Commits the import and returns the counts of the added records.
    ///
    /// # Errors
    /// [`BackendError`] if the store can't be written; then nothing was added.
    pub async fn commit(mut self) -> Result<Imported, BackendError> {
        let (number, log) = (self.last_number, u64::try_from(self.next_log).unwrap_or(0));
        self.store.reserve_exactly(number, log);
        let result = self.finish().await;
        let Self { store, conn, added, next_log, .. } = self;
        match result {
            Ok(()) => {
                if added.incidents >= full_text::index::MERGE_AFTER {
                    // Everything is committed: this only makes searches faster.
                    if let Err(error) = store.merge_full_text().await {
                        tracing::warn!(%error, "the index of words is not merged");
                    }
                }
                conn.close().await.ok();
                store.record_exactly(number, u64::try_from(next_log - 1).unwrap_or(0));
                store.inner.watcher.wake();
                Ok(added)
            }
            Err(failure) => Err(failure.into_backend_error(store.path())),
        }
    }

    async fn finish(&mut self) -> StoreResult<()> {
        self.write_incidents(0).await?;
        full_text::index::index_pending(&mut self.conn).await?;
        measures::warm_cache(&mut self.conn).await?;
        self.skip_notifications().await?;
        Batch::new("COMMIT").run(&mut self.conn).await?;
        // A large import leaves a large write-ahead log: free its space, unless a reader uses it.
        Batch::new("PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)")
            .run(&mut self.conn)
            .await
            .ok();
        Ok(())
    }
}
