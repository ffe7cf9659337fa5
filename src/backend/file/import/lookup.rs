//! Finds the parts of imported records that the store already has.
//!
//! Ids are looked up one by one only while they are few. An import of many records into a store that
//! has many would spend most of its time with that, so then all ids of the store are read once.

use sqlx::Row;

use super::{CachedIncident, Importer};
use crate::backend::file::bulk::ProjectionWrite;
use crate::backend::file::command_identity::extract_digest;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row::{self, COLUMNS, FROM};
use crate::backend::file::import_error::{ImportError, RecordProblem, invalid};
use crate::backend::file::records;
use crate::backend::file::seen_ids::Id;
use crate::backend::file::sql::Batch;
use crate::model::command::Link;
use crate::model::{Event, EventBody, EventId, IncidentId, IncidentNumber};

/// How many ids are looked up one by one at least before all of the store are read.
const MIN_LOOKUPS: u64 = 1_000;
/// How many ids are read in the time of a lookup, roughly.
const IDS_PER_LOOKUP: u64 = 50;
/// The number of events per read for the comparison.
const EVENTS_PER_READ: usize = 20;

impl Importer {
    /// Replaces the numbers of other incidents in an event by those that they have in this store.
    pub(super) async fn rename_others(&mut self, event: &mut Event) -> Result<(), ImportError> {
        let (id, number) = match &mut event.body {
            EventBody::MergedInto { into, number } => (*into, number),
            EventBody::Absorbed { from, number, .. }
            | EventBody::AlertsMovedIn { from, number, .. } => (*from, number),
            EventBody::AlertsMovedOut { to, number, .. } => (*to, number),
            EventBody::Linked { link: Link::Incident { id, number } }
            | EventBody::Unlinked { link: Link::Incident { id, number } } => (*id, number),
            EventBody::Folded { under: Some(under), number } => (*under, number),
            _ => return Ok(()),
        };
        let before = *number;
        *number = self.number_of(id).await?;
        // The reason that a command gives by itself begins with the number.
        if let (Some(before), Some(now), Some(because)) = (before, *number, &mut event.because)
            && let Some(rest) = because.strip_prefix(&format!("{before} "))
        {
            *because = format!("{now} {rest}");
        }
        Ok(())
    }

    /// Returns the number of an incident of the store or of the import.
    async fn number_of(&mut self, id: IncidentId) -> Result<Option<IncidentNumber>, ImportError> {
        if let Some(cached) = self.incidents.peek(&id) {
            return Ok(cached.entry.incident.summary.number);
        }
        let mut batch = Batch::new("SELECT number FROM incident WHERE id = ?");
        batch.arg(id.as_bytes().to_vec());
        let row = batch.fetch_optional(&mut self.conn).await;
        let row = row.map_err(|failure| self.store_error(failure))?;
        let stored: Option<i64> = row.and_then(|row| row.try_get(0).ok());
        Ok(stored.and_then(|number| u64::try_from(number).ok()).map(IncidentNumber))
    }

    /// Loads an incident from the store into memory if it exists.
    pub(super) async fn load_incident(&mut self, event: &Event) -> Result<(), ImportError> {
        let id = event.incident;
        // A declaration whose id was never seen is new, so no query is needed.
        let may_exist = self.may_exist(Id::Incident(id)).await?;
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

    /// Returns whether an incident of the store or of the import has a number.
    pub(super) async fn has_number(&mut self, number: u64) -> Result<bool, ImportError> {
        if !self.may_exist(Id::Number(number)).await? {
            return Ok(false);
        }
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
    pub(super) async fn check_id_is_new(&mut self, event: &Event) -> Result<(), ImportError> {
        if !self.may_exist(Id::Event(event.id)).await? {
            return Ok(());
        }
        // The events that wait to be written are compared in memory: to write them before each query
        // would make the import several times as slow.
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
    pub(super) async fn compare_with_stored(
        &mut self,
        key: i64,
        event: &Event,
    ) -> Result<(), ImportError> {
        let stored = match self.stored_events.remove(key, event.seq) {
            Some(stored) => Ok(stored),
            None => self.read_stored(key, event).await,
        };
        let mut stored = stored.map_err(|failure| self.store_error(failure))?;
        // Earlier versions stored it with an event of a kind that they did not define.
        extract_digest(&mut stored);
        let mut imported = event.clone();
        if let (
            EventBody::Declared { number, .. },
            EventBody::Declared { number: stored_number, .. },
        ) = (&mut imported.body, &stored.body)
        {
            *number = number.filter(|_| !self.renumbers).or(*stored_number);
        }
        if self.renumbers {
            accept_stored_numbers(&mut imported, &stored);
        }
        if imported.verdicts.is_empty() {
            // They were added by an import, by the levels of the export.
            stored.verdicts.clear();
        }
        if stored == imported {
            self.added.already_present += 1;
            return Ok(());
        }
        let differ = self.differ_by_redaction(key, &stored, &imported).await;
        if differ.map_err(|failure| self.store_error(failure))? {
            self.added.already_present += 1;
            return Ok(());
        }
        Err(invalid("seq", RecordProblem::HistoriesDiffer { seq: event.seq }))
    }

    /// Reads the event of the store that has the position of `event`, and with it some of those after
    /// it, which are probably compared next.
    async fn read_stored(&mut self, key: i64, event: &Event) -> StoreResult<Event> {
        self.write_events().await?;
        let mut batch = Batch::new(&format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.seq >= ?
             ORDER BY e.seq LIMIT {EVENTS_PER_READ}"
        ));
        batch.arg(key).arg(i64::from(event.seq));
        let rows = batch.fetch_all(&mut self.conn).await?;
        let Some((first, later)) = rows.split_first() else {
            return Err(StoreError::content("an event is missing"));
        };
        let first = event_row::decode(first, event.incident)?;
        if first.seq != event.seq {
            return Err(StoreError::content("an event is missing"));
        }
        // A damaged one is an error only once it is compared.
        let later = later.iter().map_while(|row| event_row::decode(row, event.incident).ok());
        self.stored_events.put(key, later.collect());
        Ok(first)
    }

    /// Returns whether the store or the import may have an id, and remembers that the import has it.
    async fn may_exist(&mut self, id: Id) -> Result<bool, ImportError> {
        if !self.seen.test_and_insert(id) {
            return Ok(false);
        }
        self.lookups += 1;
        let stored = u64::try_from(self.first_log).unwrap_or(0);
        if self.lookups == MIN_LOOKUPS.max(stored / IDS_PER_LOOKUP) {
            let read = self.read_ids().await;
            read.map_err(|failure| self.store_error(failure))?;
        }
        Ok(true)
    }

    /// Reads all ids of the store, after which only those that may really exist are looked up.
    async fn read_ids(&mut self) -> StoreResult<()> {
        let seen = &mut self.seen;
        Batch::new("SELECT id FROM event")
            .for_each_row(&mut self.conn, |row| {
                if let Some(id) = EventId::from_slice(row.try_get(0)?) {
                    seen.test_and_insert(Id::Event(id));
                }
                Ok(true)
            })
            .await?;
        Batch::new("SELECT id, number FROM incident")
            .for_each_row(&mut self.conn, |row| {
                if let Some(id) = IncidentId::from_slice(row.try_get(0)?) {
                    seen.test_and_insert(Id::Incident(id));
                }
                if let Ok(number) = u64::try_from(row.try_get::<i64, _>(1)?) {
                    seen.test_and_insert(Id::Number(number));
                }
                Ok(true)
            })
            .await?;
        seen.forget_greatest();
        Ok(())
    }
}

/// Replaces numbers of other incidents in an imported event by those of the stored one, if nothing else
/// differs there. Earlier versions renamed them neither in folded incidents nor in reasons.
fn accept_stored_numbers(imported: &mut Event, stored: &Event) {
    if let (
        EventBody::Folded { under, number },
        EventBody::Folded { under: stored_under, number: stored_number },
    ) = (&mut imported.body, &stored.body)
        && under == stored_under
    {
        *number = *stored_number;
    }
    let after_number = imported.because.as_deref().and_then(text_after_number);
    if after_number.is_some()
        && after_number == stored.because.as_deref().and_then(text_after_number)
    {
        imported.because.clone_from(&stored.because);
    }
}

/// Returns the text after the number of an incident with which a reason begins.
fn text_after_number(reason: &str) -> Option<&str> {
    let (number, text) = reason.strip_prefix("INC-")?.split_once(' ')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}
