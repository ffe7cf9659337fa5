//! Finds the incidents to be muted or released, and the commands that do it.
//!
//! The commands depend on the store and the time alone, and are carried out in the transaction that
//! finds them. So any number of programs mute and release each incident once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::table;
use crate::backend::file::alerts::parse_alert;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::read::summary_at;
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::{TxScope, Writer};
use crate::backend::{BackendError, Outcome};
use crate::model::alert::one_line;
use crate::model::check::MAX_TITLE_CHARS;
use crate::model::maintenance::{
    AlertMuting, ItemLabels, MaintenanceWindow, MutedItem, Muting, WindowState, muting,
};
use crate::model::signals::SELF_TEST;
use crate::model::time::recorded_time;
use crate::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, Rules, Summary,
};

/// The name of the integration that mutes and releases.
pub(super) const ACTOR: &str = "maintenance";
/// How many incidents are muted or released in one transaction. Others have their turn right after.
pub(super) const MAX_COMMANDS: usize = 500;

/// An incident to be muted or released.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::backend::file) struct DueChange {
    pub incident: IncidentId,
    pub command: IncidentCommand,
    pub because: Option<String>,
}

impl DueChange {
    /// Returns the change that mutes an incident, if it is not muted in that way already.
    pub(super) fn mute(row: &Summary, muting: Muting<'_>) -> Option<Self> {
        let until = recorded_time(muting.until);
        let is_same =
            row.mute().is_some_and(|mute| mute.window == muting.window.id && mute.until == until);
        (!is_same).then(|| Self {
            incident: row.id,
            command: IncidentCommand::Mute {
                window: muting.window.id,
                title: muting.window.title.clone(),
                until,
            },
            because: None,
        })
    }

    /// Returns the change that releases an incident.
    pub(super) fn release(row: &Summary, because: String) -> Self {
        Self { incident: row.id, command: IncidentCommand::Unmute, because: Some(because) }
    }
}

/// Returns the incidents to be muted or released at `now`.
pub(super) async fn find_due(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> StoreResult<Vec<DueChange>> {
    let mut windows = table::read_current(conn, now).await?;
    windows.retain(|window| matches!(window.state(now), WindowState::Active(_)));
    let rows = read_awaiting(conn, !windows.is_empty()).await?;
    let alerts = if windows.is_empty() {
        HashMap::new()
    } else {
        read_alert_muting(conn, &rows, &windows, now).await?
    };
    let mut due = Vec::new();
    for (key, row) in &rows {
        if !row.is_muted() && !row.may_be_muted() {
            continue;
        }
        let of_alerts = alerts.get(key).copied().unwrap_or_default();
        let wanted = match of_alerts {
            AlertMuting::Free => None,
            AlertMuting::Muted(muting) => Some(muting),
            AlertMuting::Nothing => {
                let labels = ItemLabels::of(&row.attributes.labels);
                let item = labels.item(row);
                muting(&windows, item, false, now)
            }
        };
        match (wanted, row.mute()) {
            (None, None) => {}
            (None, Some(mute)) => {
                let because = match of_alerts {
                    AlertMuting::Free if windows.iter().any(|one| one.id == mute.window) => {
                        "an alert fires that is not part of it".to_owned()
                    }
                    _ => format!("{:?} has ended", one_line(&mute.title, MAX_TITLE_CHARS)),
                };
                due.push(DueChange::release(row, because));
            }
            (Some(muting), Some(_)) => due.extend(DueChange::mute(row, muting)),
            (Some(muting), None) => {
                if muting.window.mutes_people || !is_of_person(conn, *key).await? {
                    due.extend(DueChange::mute(row, muting));
                }
            }
        }
    }
    Ok(due)
}

/// Reads the unacknowledged incidents, or only the muted ones among them, by key.
async fn read_awaiting(
    conn: &mut SqliteConnection,
    all: bool,
) -> StoreResult<HashMap<i64, Summary>> {
    // Facets below 64 are those of the first status.
    let batch = Batch::new(if all {
        "SELECT key, row FROM incident WHERE facets >= 0 AND facets < 64"
    } else {
        "SELECT i.key, i.row FROM muted m CROSS JOIN incident i ON i.key = m.incident
            WHERE m.ended IS NULL AND i.facets >= 0 AND i.facets < 64"
    });
    let mut rows = HashMap::new();
    batch
        .for_each_row(conn, |row| {
            rows.insert(row.try_get(0)?, summary_at(row, 1)?);
            Ok(true)
        })
        .await?;
    Ok(rows)
}

/// Combines the mutes of the firing alerts of some incidents.
async fn read_alert_muting<'a>(
    conn: &mut SqliteConnection,
    rows: &HashMap<i64, Summary>,
    windows: &'a [MaintenanceWindow],
    now: DateTime<Utc>,
) -> StoreResult<HashMap<i64, AlertMuting<'a>>> {
    let mut found: HashMap<i64, AlertMuting<'a>> = HashMap::new();
    Batch::new(
        "SELECT a.incident, a.body FROM incident i JOIN alert a ON a.incident = i.key AND a.state = 0
            WHERE i.facets >= 0 AND i.facets < 64",
    )
    .for_each_row(conn, |row| {
        let key: i64 = row.try_get(0)?;
        let muted = found.entry(key).or_default();
        if let (Some(incident), true) = (rows.get(&key), *muted != AlertMuting::Free) {
            let alert = parse_alert(row.try_get(1)?)?;
            let is_test = incident.team.as_deref() == Some(SELF_TEST);
            let by = muting(windows, MutedItem::of_alert(&alert, incident), false, now);
            muted.add(by.filter(|_| !is_test));
        }
        Ok(true)
    })
    .await?;
    Ok(found)
}

/// Returns whether a person has declared the incident with a key.
async fn is_of_person(conn: &mut SqliteConnection, key: i64) -> StoreResult<bool> {
    let mut batch = Batch::new(
        "SELECT n.text FROM event e JOIN name n ON n.id = e.actor WHERE e.incident = ? AND e.seq = 1",
    );
    batch.arg(key);
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(false) };
    let actor: Actor = serde_json::from_str(row.try_get(0)?).map_err(StoreError::invalid)?;
    Ok(actor.person().is_some())
}

/// Carries out changes within the transaction that is open, and returns the outcomes of those that the
/// rules did not refuse.
pub(in crate::backend::file) async fn carry_out(
    writer: &mut Writer,
    rules: &Rules,
    due: Vec<DueChange>,
    now: DateTime<Utc>,
) -> StoreResult<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for DueChange { incident, command, because } in due.into_iter().take(MAX_COMMANDS) {
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: Actor::Integration(ACTOR.to_owned()),
            command: Command::Incident { incident, command, undoes: None, because },
            expected_seq: None,
        };
        match Box::pin(writer.execute(&envelope, rules, TxScope::Savepoint)).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(StoreError::Answer(BackendError::Rejected(why) | BackendError::Conflict(why))) => {
                tracing::debug!(%incident, "it is neither muted nor released: {why}");
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(outcomes)
}
