//! Reads the records of a damaged store, and skips those that can't be read.

use std::collections::HashMap;
use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use crate::backend::Cause;
use crate::backend::file::administration_table::{has_administration, parse_event};
use crate::backend::file::alerts::parse_alert;
use crate::backend::file::command_identity::{add_digest, digest_column, read_used_ids};
use crate::backend::file::contacts::table::parse as parse_contacts;
use crate::backend::file::directory_table::read_directory;
use crate::backend::file::error::{StoreError, StoreFaultKind, StoreResult};
use crate::backend::file::event_row::{self, COLUMNS, parse_incident_id};
use crate::backend::file::evidence_table::salvage_records;
use crate::backend::file::export::Sink;
use crate::backend::file::foreign_table::read_foreign;
use crate::backend::file::heartbeats::transfer::{DEFINED_BODIES, parse_heartbeat};
use crate::backend::file::json_column::parse_json;
use crate::backend::file::maintenance::{WINDOW_BODIES, parse_window};
use crate::backend::file::meta::{NeededVersions, read_needed};
use crate::backend::file::notifications::{parse_attempt, parse_notification};
use crate::backend::file::open;
use crate::backend::file::open_error::OpenError;
use crate::backend::file::refusal::StoreRefusal;
use crate::backend::file::service_level_table::read_levels_if_any;
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::IncidentId;

/// The number of rows per read. If that fails, they are read one by one.
const ROWS_PER_READ: i64 = 200;
/// The expression for the actor of an event. Many events have the same one: if it can't be read, they
/// can.
const NAMED_ACTOR: &str = r#"coalesce((SELECT a.text FROM name a WHERE a.id = e.actor AND
    json_valid(a.text)), '{"integration":"unknown"}')"#;
/// The expression for the actor of an event where the table of names can't be read.
const UNKNOWN_ACTOR: &str = r#"'{"integration":"unknown"}'"#;
/// The number of positions that are tried after the last readable one if the end of the log can't
/// be read.
const BLIND_RANGE: i64 = 100_000;

/// Passes the readable records of a damaged store to `sink`; see [`super::salvage()`].
pub(super) async fn salvage(path: &Path, sink: Sink<'_>) -> Result<u64, OpenError> {
    let mut conn = open::open_to_salvage(path).await?;
    let ids = HashMap::new();
    let mut salvager = Salvager { conn: &mut conn, sink, count: 0, ids, digest: "NULL" };
    let result = salvager.salvage_all().await;
    let count = salvager.count;
    conn.close().await.ok();
    match result {
        Ok(()) if count > 1 => Ok(count),
        Ok(()) => {
            Err(OpenError::fault(path, StoreFaultKind::Damaged("nothing in it can be read".into())))
        }
        Err(error) => Err(OpenError::refused(StoreRefusal::SalvageSink(Cause::new(error)))),
    }
}

struct Salvager<'a> {
    conn: &'a mut SqliteConnection,
    sink: Sink<'a>,
    count: u64,
    ids: HashMap<i64, IncidentId>,
    /// The expression for the digest of an event.
    digest: &'static str,
}

impl Salvager<'_> {
    fn emit(&mut self, record: &Record) -> std::io::Result<()> {
        self.count += 1;
        (self.sink)(record)
    }

    async fn salvage_all(&mut self) -> std::io::Result<()> {
        let needed = read_needed(self.conn).await.ok().flatten();
        let needed = needed.and_then(NeededVersions::to_write_records);
        let levels = read_levels_if_any(self.conn).await.ok().flatten();
        self.emit(&Record::header(needed, levels))?;
        if let Ok(Some(directory)) = read_directory(self.conn).await {
            self.emit(&Record::Directory(Box::new(directory)))?;
        }
        let bodies = self.bodies("SELECT body FROM problem").await;
        for problem in bodies.iter().filter_map(|text| parse_json(text, "a problem").ok()) {
            self.emit(&Record::Problem(problem))?;
        }
        let bodies = self.bodies("SELECT body FROM change").await;
        for change in bodies.iter().filter_map(|text| parse_json(text, "a change").ok()) {
            self.emit(&Record::Change(change))?;
        }
        for used in read_used_ids(self.conn).await.unwrap_or_default() {
            self.emit(&Record::Command(used))?;
        }
        if has_administration(self.conn).await.unwrap_or(false) {
            let bodies = self.bodies("SELECT body FROM administration ORDER BY position").await;
            let events = bodies.iter().filter_map(|text| parse_event(text).ok());
            for event in events {
                self.emit(&Record::Administration(Box::new(event)))?;
            }
        }
        self.digest = digest_column(self.conn).await.unwrap_or("NULL");
        for before_events in [true, false] {
            for record in read_foreign(self.conn, before_events).await.unwrap_or_default() {
                self.emit(&record)?;
            }
        }
        self.events().await?;
        self.notifications().await?;
        self.alerts().await?;
        self.contacts().await?;
        self.maintenance().await?;
        self.heartbeats().await?;
        self.evidence().await?;
        // The header is not counted. Nothing was read if there is no more.
        match self.count - 1 {
            0 => Ok(()),
            records => self.emit(&Record::End { records }),
        }
    }

    async fn notifications(&mut self) -> std::io::Result<()> {
        let bodies = self.bodies("SELECT body FROM notification ORDER BY position").await;
        for body in bodies.iter().filter_map(|text| parse_notification(text).ok()) {
            self.emit(&Record::from(body))?;
        }
        let bodies = self.bodies("SELECT body FROM attempt ORDER BY notification, number").await;
        for body in bodies.iter().filter_map(|text| parse_attempt(text).ok()) {
            self.emit(&Record::Attempt(Box::new(body)))?;
        }
        Ok(())
    }

    async fn alerts(&mut self) -> std::io::Result<()> {
        let bodies = self.bodies("SELECT body FROM alert ORDER BY position").await;
        for body in bodies.iter().filter_map(|text| parse_alert(text).ok()) {
            self.emit(&Record::Alert(Box::new(body)))?;
        }
        Ok(())
    }

    async fn contacts(&mut self) -> std::io::Result<()> {
        let bodies = self.bodies("SELECT body FROM contact ORDER BY person").await;
        for body in bodies.iter().filter_map(|text| parse_contacts(text).ok()) {
            self.emit(&Record::Contacts(Box::new(body)))?;
        }
        Ok(())
    }

    async fn maintenance(&mut self) -> std::io::Result<()> {
        let bodies = self.bodies(WINDOW_BODIES).await;
        for window in bodies.iter().filter_map(|text| parse_window(text).ok()) {
            self.emit(&Record::MaintenanceWindow(Box::new(window)))?;
        }
        Ok(())
    }

    async fn heartbeats(&mut self) -> std::io::Result<()> {
        let bodies = self.bodies(DEFINED_BODIES).await;
        let parsed = bodies.iter().filter_map(|text| parse_heartbeat(text).ok());
        for heartbeat in parsed.filter(|heartbeat| heartbeat.definition.is_some()) {
            self.emit(&Record::Heartbeat(Box::new(heartbeat)))?;
        }
        Ok(())
    }

    async fn evidence(&mut self) -> std::io::Result<()> {
        let Self { conn, sink, count, .. } = self;
        salvage_records(conn, &mut |record| {
            *count += 1;
            sink(record)
        })
        .await
    }

    /// Reads a column of a table, as far as it is readable.
    async fn bodies(&mut self, sql: &str) -> Vec<String> {
        let mut bodies = Vec::new();
        let reading = Batch::new(sql).for_each_row(self.conn, |row| {
            bodies.extend(row.try_get::<String, _>(0).ok());
            Ok(true)
        });
        // The bodies that were read before an error are used.
        reading.await.ok();
        bodies
    }

    async fn events(&mut self) -> std::io::Result<()> {
        let last = Batch::new("SELECT max(log) FROM event").fetch_optional(self.conn).await;
        let last: Option<i64> = last.ok().flatten().and_then(|row| row.try_get(0).ok());
        let mut end = last.unwrap_or(BLIND_RANGE);
        let mut log = 0;
        while log < end {
            let until = (log + ROWS_PER_READ).min(end);
            let records = match self.read_range(log, until, NAMED_ACTOR).await {
                Ok(records) => records,
                Err(_) => self.one_by_one(log, until).await,
            };
            if last.is_none() && !records.is_empty() {
                end = until + BLIND_RANGE;
            }
            for record in records {
                self.emit(&record)?;
            }
            log = until;
        }
        Ok(())
    }

    async fn one_by_one(&mut self, from: i64, until: i64) -> Vec<Record> {
        let mut records = Vec::new();
        for log in from..until {
            let read = match self.read_range(log, log + 1, NAMED_ACTOR).await {
                Ok(read) => Ok(read),
                Err(_) => self.read_range(log, log + 1, UNKNOWN_ACTOR).await,
            };
            records.extend(read.unwrap_or_default());
        }
        records
    }

    /// Reads the events after one position of the log, up to and including another. `actor` is the
    /// expression for the actor of each.
    async fn read_range(
        &mut self,
        after: i64,
        until: i64,
        actor: &str,
    ) -> StoreResult<Vec<Record>> {
        let mut batch = Batch::new(&format!(
            "SELECT {}, e.incident, e.subject, {} FROM event e
             WHERE e.log > ? AND e.log <= ? ORDER BY e.log",
            COLUMNS.replace("a.text", actor),
            self.digest
        ));
        batch.arg(after).arg(until);
        let mut records = Vec::new();
        for row in batch.fetch_all(self.conn).await? {
            let key: i64 = row.try_get(9)?;
            if let Some(id) = row.try_get::<Option<&[u8]>, _>(10)?.and_then(IncidentId::from_slice)
            {
                self.ids.insert(key, id);
            }
            let id = match self.ids.get(&key) {
                Some(id) => *id,
                None => match self.id_from_projection(key).await {
                    Ok(id) => id,
                    Err(_) => continue,
                },
            };
            // An event whose content is damaged is omitted.
            if let Ok(mut event) = event_row::decode(&row, id) {
                add_digest(&mut event, row.try_get(11).ok().flatten());
                records.push(Record::Event(Box::new(event)));
            }
        }
        Ok(records)
    }

    /// Returns the id of an incident whose first event can't be read, from the projection.
    async fn id_from_projection(&mut self, key: i64) -> StoreResult<IncidentId> {
        let mut batch = Batch::new("SELECT id FROM incident WHERE key = ?");
        batch.arg(key);
        let row = batch.fetch_optional(self.conn).await?;
        let row = row.ok_or_else(|| StoreError::content("an incident is missing"))?;
        let id = parse_incident_id(row.try_get(0)?)?;
        self.ids.insert(key, id);
        Ok(id)
    }
}
