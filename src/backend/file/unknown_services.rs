//! Finds the services that incidents, labels of alerts and changes name and the directory does not have.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::alerts::has_alerts;
use super::change_table::SPAN_EPOCH;
use super::error::{StoreError, StoreResult};
use super::names::NameKind;
use super::read::summary_at;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{Backend, BackendError};
use crate::model::check;
use crate::model::directory::Directory;
use crate::model::unknown_service::{UnknownService, sort};
use crate::model::{IncidentNumber, Summary};

/// How many services are returned at most: those that were named last.
const MAX_SERVICES: usize = 1000;
/// The maximum number of latest alerts whose labels are read.
const MAX_LABELLED_ALERTS: i64 = 20_000;
/// How many of the latest changes are read.
const MAX_CHANGES: i64 = 5000;
/// The source of a service that only changes name.
const CHANGE_SOURCE: &str = "change";
/// The bits of the key of an incident that are its number.
const NUMBER_BITS: i64 = (1 << 31) - 1;

/// A service that incidents name, with the facts of the index over them.
struct Named {
    id: i64,
    last_key: i64,
    service: UnknownService,
}

impl FileStore {
    /// Reads the services that incidents, labels of alerts and changes name and the directory does
    /// not have, the last named first.
    pub(super) async fn read_unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        let directory = self.directory().await?;
        self.with_path_context(async {
            let mut reader = self.acquire_reader().await?;
            read(&mut reader, &directory).await
        })
        .await
    }
}

async fn read(
    conn: &mut SqliteConnection,
    directory: &Directory,
) -> StoreResult<Vec<UnknownService>> {
    let mut named = read_of_incidents(conn, directory).await?;
    named.sort_by_key(|named| std::cmp::Reverse(named.last_key));
    named.truncate(MAX_SERVICES);
    let has_alerts = has_alerts(conn).await?;
    let mut services = BTreeMap::new();
    for mut named in named {
        complete(conn, &mut named, has_alerts).await?;
        services.insert(named.service.name.clone(), named.service);
    }
    if has_alerts {
        add_labels(conn, directory, &mut services).await?;
    }
    add_changes(conn, directory, &mut services).await?;
    let mut services: Vec<UnknownService> = services.into_values().collect();
    sort(&mut services);
    services.truncate(MAX_SERVICES);
    Ok(services)
}

/// Reads which unknown services incidents name, how many, and when.
async fn read_of_incidents(
    conn: &mut SqliteConnection,
    directory: &Directory,
) -> StoreResult<Vec<Named>> {
    // One by one, each from its part of the index: as groups of a join they were sorted all at once.
    let mut batch = Batch::new(
        "SELECT text, id, (SELECT count(*) FROM affected WHERE service = id),
                (SELECT min(incident) FROM affected WHERE service = id) AS first_key,
                (SELECT max(incident) FROM affected WHERE service = id)
            FROM name WHERE kind = ? AND first_key IS NOT NULL",
    );
    batch.arg(NameKind::Service.to_stored());
    let mut all = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let name: String = row.try_get(0)?;
        if directory.service(&name).is_some() {
            continue;
        }
        let (first_key, last_key): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
        let number = u64::try_from(last_key & NUMBER_BITS).unwrap_or(0);
        let (first_at, last_at) = (second(first_key >> 31)?, second(last_key >> 31)?);
        let service = UnknownService {
            incidents: count(row.try_get(2)?),
            last_incident: Some(IncidentNumber(number)),
            ..UnknownService::new(name, first_at, last_at)
        };
        all.push(Named { id: row.try_get(1)?, last_key, service });
    }
    Ok(all)
}

/// Adds the facts of a service from its incidents and their alerts.
async fn complete(
    conn: &mut SqliteConnection,
    named: &mut Named,
    has_alerts: bool,
) -> StoreResult<()> {
    let Some(last) = incident_row(conn, named.last_key).await? else { return Ok(()) };
    named.service.last_incident = last.number.or(named.service.last_incident);
    named.service.team = last.team;
    if has_alerts {
        let mut batch = Batch::new(
            "SELECT substr(group_key, 1, max(instr(group_key, ':') - 1, 0)), count(*), max(last)
                FROM alert WHERE incident IN (SELECT incident FROM affected WHERE service = ?)
                GROUP BY 1 ORDER BY 3 DESC",
        );
        batch.arg(named.id);
        for row in batch.fetch_all(conn).await? {
            let source: String = row.try_get(0)?;
            named.service.alerts += count(row.try_get(1)?);
            let last = DateTime::from_timestamp_millis(row.try_get(2)?);
            named.service.last_at = named.service.last_at.max(last.unwrap_or_default());
            if !source.is_empty() {
                named.service.sources.push(source);
            }
        }
    }
    if named.service.sources.is_empty() {
        named.service.sources.push(last.source.to_string());
    }
    Ok(())
}

/// Adds the services in the label `service` of the latest alerts, if their incident has another
/// service.
async fn add_labels(
    conn: &mut SqliteConnection,
    directory: &Directory,
    services: &mut BTreeMap<String, UnknownService>,
) -> StoreResult<()> {
    let mut batch = Batch::new(
        "SELECT l.service, substr(l.group_key, 1, max(instr(l.group_key, ':') - 1, 0)), count(*),
                min(l.last), max(l.last), max(l.incident)
            FROM (SELECT incident, group_key, last, trim(body ->> '$.labels.service') AS service
                    FROM alert ORDER BY position DESC LIMIT ?) l
                LEFT JOIN name n ON n.kind = ? AND n.text = l.service
                LEFT JOIN affected f ON f.service = n.id AND f.incident = l.incident
            WHERE l.service <> '' AND f.incident IS NULL
            GROUP BY 1, 2 ORDER BY 5 DESC",
    );
    batch.arg(MAX_LABELLED_ALERTS).arg(NameKind::Service.to_stored());
    for row in batch.fetch_all(conn).await? {
        let name: String = row.try_get(0)?;
        if directory.service(&name).is_some() || check::name("service", &name).is_err() {
            continue;
        }
        if services.len() >= 2 * MAX_SERVICES && !services.contains_key(&name) {
            continue;
        }
        let time = |column: usize| -> StoreResult<DateTime<Utc>> {
            Ok(DateTime::from_timestamp_millis(row.try_get(column)?).unwrap_or_default())
        };
        let (first_at, last_at, last_key): (_, _, i64) = (time(3)?, time(4)?, row.try_get(5)?);
        let service = services
            .entry(name.clone())
            .or_insert_with(|| UnknownService::new(name, first_at, last_at));
        service.alerts += count(row.try_get(2)?);
        let is_last = service.last_incident.is_none() || last_at > service.last_at;
        if is_last && let Some(last) = incident_row(conn, last_key).await? {
            service.last_incident = last.number.or(service.last_incident);
            service.team = last.team.or(service.team.take());
        }
        service.widen(first_at, last_at);
        let source: String = row.try_get(1)?;
        if !source.is_empty() && !service.sources.contains(&source) {
            service.sources.push(source);
        }
    }
    Ok(())
}

/// Adds the services of the latest changes.
async fn add_changes(
    conn: &mut SqliteConnection,
    directory: &Directory,
    services: &mut BTreeMap<String, UnknownService>,
) -> StoreResult<()> {
    let mut batch = Batch::new(
        "SELECT s.value, count(*), min(c.starts), max(c.starts)
            FROM (SELECT r.starts, c.body FROM change c JOIN change_span r ON r.key = c.key
                    ORDER BY c.key DESC LIMIT ?) c,
                json_each(c.body, '$.services') s
            WHERE s.type = 'text' GROUP BY 1",
    );
    batch.arg(MAX_CHANGES);
    for row in batch.fetch_all(conn).await? {
        let name: String = row.try_get(0)?;
        if directory.service(&name).is_some() {
            continue;
        }
        let time = |column: usize| -> StoreResult<DateTime<Utc>> {
            second(row.try_get::<i64, _>(column)? + SPAN_EPOCH)
        };
        let (first_at, last_at) = (time(2)?, time(3)?);
        let service = services
            .entry(name.clone())
            .or_insert_with(|| UnknownService::new(name, first_at, last_at));
        service.changes = count(row.try_get(1)?);
        service.widen(first_at, last_at);
        service.sources.push(CHANGE_SOURCE.to_owned());
    }
    Ok(())
}

/// Reads the row of an incident; `None` if there is none.
async fn incident_row(conn: &mut SqliteConnection, key: i64) -> StoreResult<Option<Summary>> {
    let mut batch = Batch::new("SELECT row FROM incident WHERE key = ?");
    batch.arg(key);
    batch.fetch_optional(conn).await?.map(|row| summary_at(&row, 0)).transpose()
}

fn count(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

fn second(second: i64) -> StoreResult<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
        .ok_or_else(|| StoreError::content("the time at which a service was named"))
}
