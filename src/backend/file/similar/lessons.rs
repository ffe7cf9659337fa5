//! Lessons from an incident that resembles another one.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::{self, COLUMNS, FROM, NOTE, RESOLVED};
use crate::backend::file::sql::Batch;
use crate::model::review::Section;
use crate::model::runbook::ticked_runbook;
use crate::model::similar::RunbookUse;
use crate::model::text::truncate;
use crate::model::{EventBody, Incident, IncidentId};

/// The maximum length of a quotation from a review in columns.
const MAX_REVIEW: usize = 400;

/// Returns a short form of the last resolution of an incident; empty if there is none.
pub(super) async fn read_resolution(
    conn: &mut SqliteConnection,
    key: i64,
    id: IncidentId,
) -> StoreResult<String> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.kind = {RESOLVED}
         ORDER BY e.seq DESC LIMIT 1"
    ));
    batch.arg(key);
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(String::new()) };
    Ok(match event_row::decode(&row, id)?.body {
        EventBody::Resolved { action, detail, .. } => how_resolved(&action.to_string(), &detail),
        _ => String::new(),
    })
}

fn how_resolved(action: &str, detail: &str) -> String {
    if detail.trim().is_empty() { action.to_owned() } else { format!("{action}: {detail}") }
}

pub(super) fn resolution_text(incident: &Incident) -> String {
    let resolution =
        incident.resolution.as_ref().filter(|_| incident.summary.resolved_at.is_some());
    resolution.map_or_else(String::new, |resolution| {
        how_resolved(&resolution.action.to_string(), &resolution.detail)
    })
}

/// Returns the cause in the review, otherwise the description of events, on one line.
pub(super) fn review_text(incident: &Incident) -> Option<String> {
    let review = &incident.review;
    let sections = [Section::RootCause, Section::Summary, Section::Resolution, Section::Gaps];
    let texts = sections.iter().filter_map(|section| review.sections.get(section));
    let text = texts.map(|text| text.trim()).find(|text| !text.is_empty())?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(truncate(line, MAX_REVIEW).into_owned().into_string())
}

/// Returns the runbook of which most steps were ticked, or else the one that the incident names.
pub(super) async fn runbook_use(
    conn: &mut SqliteConnection,
    key: i64,
    incident: &Incident,
) -> StoreResult<Option<RunbookUse>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? AND e.kind = {NOTE} ORDER BY e.seq"
    ));
    batch.arg(key);
    let mut ticked: BTreeMap<String, u32> = BTreeMap::new();
    for row in batch.fetch_all(conn).await? {
        if let EventBody::NoteAdded { text } = event_row::decode(&row, incident.summary.id)?.body
            && let Some(name) = ticked_runbook(&text)
        {
            *ticked.entry(name.to_owned()).or_default() += 1;
        }
    }
    let followed = ticked.into_iter().max_by_key(|(_, steps)| *steps);
    let followed = followed.map(|(name, steps)| RunbookUse { name, steps });
    Ok(followed.or_else(|| incident.runbook.clone().map(|name| RunbookUse { name, steps: 0 })))
}
