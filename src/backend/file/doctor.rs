//! Checks a store, makes its projection anew, and reads what can be read of a damaged one.

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
use crate::model::{Event, Incident, IncidentId};

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What is wrong; empty where all is well.
    pub findings: Vec<Finding>,
    /// Incidents in the store.
    pub incidents: u64,
    /// Events in the store.
    pub events: u64,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Making the projection anew does not cure it.
    pub grave: bool,
    /// In a sentence.
    pub text: String,
}

impl Report {
    /// Whether nothing is wrong.
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

/// How a finding about the file itself begins.
const DAMAGED: &str = "the file is damaged";

/// Checks a store without changing it: the file, the events, and whether the projection is what
/// they add up to.
///
/// # Errors
/// [`OpenError`] where it can't be looked at. Damage is no error: it is in the report.
pub async fn examine(path: &Path) -> Result<Report, OpenError> {
    let mut report = examine::examine(path).await?;
    if report.findings.iter().any(|found| found.text.starts_with(DAMAGED)) {
        let (mut incidents, mut events) = (0_u64, 0_u64);
        let mut count = |record: &Record| {
            if let Record::Event(event) = record {
                events += 1;
                incidents += u64::from(event.seq == 1);
            }
            Ok(())
        };
        let read = salvage::salvage(path, &mut count).await;
        report.add_grave(match read {
            Ok(_) => format!("{events} events of {incidents} incidents can still be read"),
            Err(_) => "nothing in it can be read".into(),
        });
    }
    Ok(report)
}

/// Makes the projection, the index of words and what else follows from the events anew, and
/// checks the store again. A damaged file is left as it is.
///
/// # Errors
/// [`OpenError`] where it can't be written; then nothing was changed.
pub async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    rebuild::rebuild(path).await
}

/// Gives what can be read of a damaged store to `sink`, as an export does, and says how many
/// records there were. The file is only read.
///
/// An event that can't be read is left out, so that the rest of its timeline can't be taken in by
/// an import: what an import refuses then tells what was lost.
///
/// # Errors
/// [`OpenError`] where nothing can be read, or the sink fails.
pub async fn salvage(
    path: &Path,
    sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<u64, OpenError> {
    salvage::salvage(path, sink).await
}

/// Incidents that are looked at together.
const TIMELINES_PER_READ: i64 = 500;

/// One timeline as it stands in the log.
struct Timeline {
    key: i64,
    id: Option<IncidentId>,
    events: Vec<Event>,
    /// What is wrong with it.
    broken: Option<String>,
}

impl Timeline {
    /// What it adds up to, and the record at a position on the way.
    fn fold(&self, at: Option<u32>) -> Result<(Incident, Option<Incident>), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let (first, rest) = self.events.split_first().ok_or("it has no events")?;
        let mut incident =
            Incident::fold([first]).map_err(|e| e.to_string())?.ok_or("it has no declaration")?;
        let mut then = None;
        for event in rest {
            incident.apply_next(event).map_err(|e| e.to_string())?;
            if at == Some(event.seq) {
                then = Some(incident.clone());
            }
        }
        Ok((incident, then))
    }
}

/// The next timelines by key, after one.
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
            Err(StoreError::Content(what)) => timeline.broken = Some(what),
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}
