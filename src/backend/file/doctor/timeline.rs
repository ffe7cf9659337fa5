//! Reads timelines from the log, with the faults that they have.

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row::{self, COLUMNS, FROM, parse_incident_id};
use crate::backend::file::json_column::encode_json;
use crate::backend::file::sql::Batch;
use crate::model::incident::TimelineError;
use crate::model::{Event, Incident, IncidentId};

/// The number of timelines that are read together.
const TIMELINES_PER_READ: i64 = 500;

/// The timeline of one incident as the log has it.
pub(in crate::backend::file) struct Timeline {
    pub(in crate::backend::file) key: i64,
    pub(in crate::backend::file) id: Option<IncidentId>,
    pub(in crate::backend::file) events: Vec<Event>,
    /// A fault that was found in it.
    pub(in crate::backend::file) broken: Option<String>,
}

/// The reason why the events of a timeline do not add up to a record.
#[derive(Debug, thiserror::Error)]
pub(in crate::backend::file) enum TimelineFault {
    /// A part of it can't be read.
    #[error("{0}")]
    Unreadable(String),
    #[error("it has no events")]
    NoEvents,
    #[error("it has no declaration")]
    NoDeclaration,
    /// An event does not follow from the previous ones.
    #[error(transparent)]
    Contradiction(#[from] TimelineError),
}

impl Timeline {
    /// Folds the events. Returns the record after the last event, and the record after the event
    /// with the sequence number `at`.
    pub(in crate::backend::file) fn fold(
        &self,
        at: Option<u32>,
    ) -> Result<(Incident, Option<Incident>), TimelineFault> {
        if let Some(fault) = &self.broken {
            return Err(TimelineFault::Unreadable(fault.clone()));
        }
        let (first, rest) = self.events.split_first().ok_or(TimelineFault::NoEvents)?;
        let mut incident = Incident::fold([first])?.ok_or(TimelineFault::NoDeclaration)?;
        let mut record_at = None;
        for event in rest {
            incident.apply_next(event)?;
            if at == Some(event.seq) {
                record_at = Some(incident.clone());
            }
        }
        Ok((incident, record_at))
    }
}

/// Reads the next timelines in the order of their keys, beginning after the key `after`.
pub(in crate::backend::file) async fn read_timelines(
    conn: &mut SqliteConnection,
    after: i64,
) -> StoreResult<Vec<Timeline>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS}, e.incident, e.subject FROM {FROM}
         WHERE e.incident > $1 AND e.incident <= (SELECT max(incident) FROM (
            SELECT DISTINCT incident FROM event WHERE incident > $1 ORDER BY incident LIMIT $2))
         ORDER BY e.incident, e.seq"
    ));
    batch.arg(after).arg(TIMELINES_PER_READ);
    fetch_timelines(conn, batch).await
}

/// Reads the timelines with these keys, in the order of the keys.
pub(in crate::backend::file) async fn read_timelines_of(
    conn: &mut SqliteConnection,
    keys: &[i64],
) -> StoreResult<Vec<Timeline>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS}, e.incident, e.subject FROM {FROM}
         WHERE e.incident IN (SELECT value FROM json_each(?)) ORDER BY e.incident, e.seq"
    ));
    batch.arg(encode_json(&keys)?);
    fetch_timelines(conn, batch).await
}

/// Collects the events that a query gives, in the order of their timelines.
async fn fetch_timelines(conn: &mut SqliteConnection, batch: Batch) -> StoreResult<Vec<Timeline>> {
    let mut found: Vec<Timeline> = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let key: i64 = row.try_get(9)?;
        if found.last().is_none_or(|last| last.key != key) {
            found.push(Timeline { key, id: None, events: Vec::new(), broken: None });
        }
        let Some(timeline) = found.last_mut() else { continue };
        if timeline.id.is_none() {
            match row.try_get::<Option<&[u8]>, _>(10)?.map(parse_incident_id) {
                Some(Ok(id)) => timeline.id = Some(id),
                _ => timeline.broken = Some("its first event is missing".into()),
            }
        }
        let id = timeline.id.unwrap_or(IncidentId(uuid::Uuid::nil()));
        match event_row::decode(&row, id) {
            Ok(event) => timeline.events.push(event),
            Err(StoreError::Content(what)) => timeline.broken = Some(what.to_string()),
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}
