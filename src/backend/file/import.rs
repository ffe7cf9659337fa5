//! Imports records into a store in one transaction, with a bounded amount of memory.

mod alerts;
mod evidence;
mod lookup;
mod notifications;
mod redactions;
mod stored_events;
mod write;

use std::collections::HashSet;
use std::fmt;

use chrono::Utc;
use lru::LruCache;
use sqlx::{Row, SqliteConnection};

use super::administration_table;
use super::bulk::{BulkWriter, ProjectionWrite};
use super::change_table;
use super::command_identity::{extract_digest, put_used_id};
use super::connect::connect_writer;
use super::contacts::table as contacts_table;
use super::directory_table;
use super::error::{StoreError, StoreResult};
use super::event_row::truncate_times;
use super::foreign_table;
use super::full_text::index::RedactedNote;
use super::heartbeats;
use super::import_error::{ImportError, RecordProblem, invalid, parse_digest};
use super::maintenance;
use super::meta::{LAST_NUMBER, NEXT_LOG, raise_needed_to_write};
use super::migrate::SCHEMA_VERSION;
use super::names::NameInterner;
use super::problem_table;
use super::row::{NUMBERS_END, incident_key};
use super::seen_ids::{Greatest, SeenIds};
use super::service_level_table::{read_levels, replace_levels};
use super::sql::Batch;
use super::store::FileStore;

use crate::backend::BackendError;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::model::anomaly::{Anomaly, AnomalyCounts};
use crate::model::check;
use crate::model::searched_texts::{SearchedTexts, affects_search};
use crate::model::service_level::ServiceLevels;
use crate::model::time::recorded_time;
use crate::model::{Event, EventBody, Incident, IncidentId, IncidentNumber};
use stored_events::StoredEvents;

/// The maximum number of incidents in memory. Beyond it, the least recently used half is written to
/// the store.
const MAX_IN_MEMORY: usize = 12_000;
/// The number of events per write.
const EVENTS_PER_WRITE: usize = 400;

/// Imports records into a store in one transaction. If it is dropped without [`Importer::commit`],
/// nothing was added.
pub struct Importer {
    store: FileStore,
    conn: SqliteConnection,
    names: NameInterner,
    bulk: BulkWriter,
    /// Incidents in memory. They are evicted explicitly, because they must be written before.
    incidents: LruCache<IncidentId, CachedIncident>,
    /// Numbers of new incidents that are not written to the projection yet.
    numbers: HashSet<u64>,
    /// Events to write.
    events: Vec<QueuedEvent>,
    /// The service levels of the export, where they are not those of the store.
    levels: Option<ServiceLevels>,
    seen: SeenIds,
    /// How many ids were looked up in the store.
    lookups: u64,
    stored_events: StoredEvents,
    /// The first position that an event of the import can have.
    first_log: i64,
    next_log: i64,
    /// The highest number that was given or is not to be given.
    last_number: u64,
    /// The highest number among those of the incidents that were added.
    added_number: Option<u64>,
    /// Whether incidents get new numbers.
    renumbers: bool,
    /// Whether stored events were redacted, as they are in the other store.
    is_redacted: bool,
    /// The notes among the redacted parts, with their words.
    redacted_notes: Vec<RedactedNote>,
    added: Imported,
}

/// An event to be written.
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
    /// Events that the store already had, identical in every field that was not redacted.
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
        let last_number: Option<i64> = row.try_get_unchecked(1)?;
        let last_number = last_number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        Ok(Self {
            first_log: next_log,
            next_log,
            last_number,
            added_number: None,
            seen: SeenIds::new(Greatest {
                event: greatest(2)?,
                incident: greatest(3)?,
                number: last_number,
            }),
            lookups: 0,
            stored_events: StoredEvents::default(),
            store,
            conn,
            names: NameInterner::default(),
            bulk: BulkWriter::default(),
            incidents: LruCache::unbounded(),
            numbers: HashSet::new(),
            events: Vec::with_capacity(EVENTS_PER_WRITE),
            levels: None,
            renumbers: false,
            is_redacted: false,
            redacted_notes: Vec::new(),
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
    /// After [`ImportError::Invalid`] the import is in its state before the record, and can
    /// continue. After [`ImportError::Store`] nothing more can be added.
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
            Record::Heartbeat(mut heartbeat) => {
                heartbeat.check()?;
                if heartbeat.definition.is_none() {
                    // The settings define it, or nobody does any more.
                    return Ok(());
                }
                heartbeat.expect_after_import(recorded_time(Utc::now()));
                let mut batch = Batch::default();
                let put = heartbeats::transfer::put_imported(&mut batch, &heartbeat);
                self.add_other(put, batch).await
            }
            Record::Evidence(evidence) => self.add_evidence(*evidence).await,
            // The reader of the records compares the count.
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

    /// Adopts the version that a program must support to write the records. A store that has
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
        let digest = extract_digest(&mut event);
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
            // The levels of this store differ, so the verdict is recorded with the event.
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
        if self.has_number(assigned).await? {
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
        self.added_number = self.added_number.max(Some(assigned));
        self.numbers.insert(assigned);
        let key = incident_key(incident.summary.reported_at, IncidentNumber(assigned));
        let texts = Some(SearchedTexts::of([&event.body]));
        let entry = ProjectionWrite { key, incident, stored: None, texts, text_changed: true };
        self.incidents.put(event.incident, CachedIncident { entry, dirty: true });
        self.added.incidents += 1;
        self.queue_event(key, event, digest).await
    }
}
