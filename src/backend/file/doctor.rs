//! Checks a store, rebuilds its projection, and salvages what can be read of a damaged one.

mod examine;
mod rebuild;
mod salvage;

use std::path::Path;

use sqlx::{Row, SqliteConnection};

use super::OpenError;
use super::error::{StoreError, StoreResult};
use super::event_row::{self, COLUMNS, FROM};
use super::sql::Batch;
use super::writer::parse_incident_id;
use crate::backend::record::Record;
use crate::model::incident::TimelineError;
use crate::model::{Event, Incident, IncidentId};

/// The result of checking a store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The faults that were found; empty for a healthy store.
    pub findings: Vec<Finding>,
    /// The number of incidents in the store.
    pub incidents: u64,
    /// The number of events in the store.
    pub events: u64,
}

/// One fault of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whether a rebuild of the projection does not repair it.
    pub grave: bool,
    /// The description of the fault, in a sentence.
    pub text: String,
}

impl Report {
    /// Returns whether no fault was found.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    fn add_grave(&mut self, text: impl Into<String>) {
        self.findings.push(Finding { grave: true, text: text.into() });
    }

    fn add_curable(&mut self, text: impl Into<String>) {
        self.findings.push(Finding { grave: false, text: text.into() });
    }
}

/// The beginning of the text of every finding about the file itself.
const DAMAGED: &str = "the file is damaged";

/// Checks a store without changing it: the file, the events, and whether the projection matches
/// the events.
///
/// # Errors
/// [`OpenError`] if the store can't be checked. Damage is not an error: it is in the report.
pub async fn examine(path: &Path) -> Result<Report, OpenError> {
    let mut report = examine::examine(path).await?;
    if report.findings.iter().any(|finding| finding.text.starts_with(DAMAGED)) {
        let (mut incidents, mut events) = (0_u64, 0_u64);
        let mut count = |record: &Record| {
            if let Record::Event(event) = record {
                events += 1;
                incidents += u64::from(event.seq == 1);
            }
            Ok(())
        };
        let salvaged = salvage::salvage(path, &mut count).await;
        report.add_grave(match salvaged {
            Ok(_) => format!("{events} events of {incidents} incidents can still be read"),
            Err(_) => "nothing in it can be read".into(),
        });
    }
    Ok(report)
}

/// Rebuilds everything that derives from the events, such as the projection and the full-text
/// index, and checks the store again. A damaged file is not changed.
///
/// # Errors
/// [`OpenError`] if the store can't be written; then nothing was changed.
pub async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    rebuild::rebuild(path).await
}

/// Passes the readable records of a damaged store to `sink`, as an export does, and returns their
/// number. The file is only read.
///
/// An event that can't be read is omitted. An import then refuses the rest of that timeline, and
/// the refusals tell what was lost.
///
/// # Errors
/// [`OpenError`] if nothing can be read, or the sink fails.
pub async fn salvage(
    path: &Path,
    sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<u64, OpenError> {
    salvage::salvage(path, sink).await
}

/// The number of timelines that are read together.
const TIMELINES_PER_READ: i64 = 500;

/// The timeline of one incident as the log has it.
struct Timeline {
    key: i64,
    id: Option<IncidentId>,
    events: Vec<Event>,
    /// A fault that was found in it.
    broken: Option<String>,
}

/// Why the events of a timeline do not add up to a record.
#[derive(Debug, thiserror::Error)]
enum TimelineFault {
    /// A part of it can't be read.
    #[error("{0}")]
    Unreadable(String),
    #[error("it has no events")]
    NoEvents,
    #[error("it has no declaration")]
    NoDeclaration,
    /// An event does not follow from those before it.
    #[error(transparent)]
    Contradiction(#[from] TimelineError),
}

impl Timeline {
    /// Folds the events. Returns the record after the last event, and the record after the event
    /// with the sequence number `at`.
    fn fold(&self, at: Option<u32>) -> Result<(Incident, Option<Incident>), TimelineFault> {
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
async fn read_timelines(conn: &mut SqliteConnection, after: i64) -> StoreResult<Vec<Timeline>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS}, e.incident, e.subject FROM {FROM}
         WHERE e.incident > $1 AND e.incident <= (SELECT max(incident) FROM (
            SELECT DISTINCT incident FROM event WHERE incident > $1 ORDER BY incident LIMIT $2))
         ORDER BY e.incident, e.seq"
    ));
    batch.arg(after).arg(TIMELINES_PER_READ);
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
