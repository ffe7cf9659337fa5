//! Stability before an incident is resolved: how long its alerts are resolved, and the end of incidents
//! that alerts have moved to monitoring and that only wait for that time.
//!
//! Each is ended in one transaction that reads the incident and its alerts itself: however many
//! programs do this at the same time, an incident is resolved once, and one whose alerts fire again
//! meanwhile is not resolved at all.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::flapping::{is_unattended, resolution, unchanged};
use super::ingest::{Done, MAX_COMMANDS, Message, OpenIncident};
use super::totals::{has_merged_firing, read_totals};
use super::waiting;
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::parse_incident_id;
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::row::OPEN_FACETS_END;
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::backend::file::writer::Writer;
use crate::backend::{BackendError, Outcome, SettledSoaks};
use crate::model::alert::{AlertGroup, GroupUpdate};
use crate::model::stability::{Soak, StabilityRules};
use crate::model::time::format_duration;
use crate::model::{Incident, IncidentCommand, IncidentId, Rules, Status};

/// The first version of the schema that has the table of incidents whose alerts flap.
const FIRST_VERSION: i64 = 12;
/// The facets of incidents that are monitored are from here on, up to those that have ended.
const MONITORED_FACETS: i64 = 4 << 6;
/// The maximum number of incidents considered per call. Others follow when these are resolved.
const MAX_INCIDENTS: i64 = 1000;
/// For how long a program that has just started waits: alerts may have fired while none received them.
const LISTENS: TimeDelta = TimeDelta::minutes(5);
/// How long ago a move may be for alerts to undo it, in seconds: as long as an incident may be
/// monitored.
const ANY_TIME_S: i64 = 10 * 366 * 86_400;

/// The reason why the status from before monitoring is that of an incident again.
const FIRES_AGAIN: &str = "an alert fires again before it was stable for long enough";
/// The same as [`FIRES_AGAIN`] for an incident on which people work.
const FIRES_WHILE_WATCHED: &str = "an alert fires again while it was watched";

/// Returns whether alerts have moved an incident to monitoring that nobody had acknowledged, so that they
/// also resolve it.
fn waits_for_stability(incident: &Incident) -> bool {
    is_unattended(incident) && incident.stage_before_move() == Some(Status::Triggered)
}

/// Returns whether a program has moved an incident to monitoring, and nobody has moved it since.
fn is_moved_by_program(incident: &Incident) -> bool {
    incident.summary.status == Status::Monitoring
        && incident.status_by.person().is_none()
        && incident.stage_before_move().is_some()
}

/// Returns when a waiting incident is resolved; `None` if it does not wait, or an alert fires.
/// `since` is the time from which alerts are received.
async fn read_due(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    rules: &StabilityRules,
    since: DateTime<Utc>,
) -> StoreResult<Option<DateTime<Utc>>> {
    let row = &record.incident.summary;
    if !waits_for_stability(&record.incident)
        || waiting::read_flapping(conn, row.id).await?.is_some()
    {
        return Ok(None);
    }
    let totals = read_totals(conn, record).await?;
    let Some(last) = totals.last_at.filter(|_| totals.firing == 0) else { return Ok(None) };
    // If the settings no longer require stability, it is resolved immediately.
    let soak =
        Soak { since: Some(last), required_s: rules.required_s(row).unwrap_or(0), firing: 0 };
    let listened = since.checked_add_signed(soak.required().min(LISTENS));
    Ok(soak.ends_at().into_iter().chain(listened).max())
}

/// Finds the incidents that may wait: those that are monitored, with alerts of which none fires.
async fn find_waiting(
    conn: &mut SqliteConnection,
    rules: &StabilityRules,
    since: DateTime<Utc>,
) -> StoreResult<Vec<(IncidentId, DateTime<Utc>)>> {
    let mut batch = Batch::new(
        "SELECT i.id FROM incident i WHERE i.facets >= ? AND i.facets < ?
            AND EXISTS (SELECT 1 FROM alert a WHERE a.incident = i.key)
            AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.incident = i.key AND a.state IN (0, 2))
            LIMIT ?",
    );
    batch.arg(MONITORED_FACETS).arg(OPEN_FACETS_END).arg(MAX_INCIDENTS);
    let mut found = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let id = parse_incident_id(row.try_get(0)?)?;
        let Some(record) = records::load(conn, id, false).await? else { continue };
        found.extend(read_due(conn, &record, rules, since).await?.map(|due| (id, due)));
    }
    Ok(found)
}

impl FileStore {
    /// Resolves the incidents that were stable for long enough; see
    /// [`Ledger::settle_soaks`](crate::backend::Ledger::settle_soaks).
    pub(in crate::backend::file) async fn end_soaks(
        &self,
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<SettledSoaks, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(SettledSoaks::default());
        }
        let rules = self.rules();
        let found = self
            .with_path_context(async {
                let mut conn = self.acquire_reader().await?;
                find_waiting(&mut conn, &rules.stability, since).await
            })
            .await?;
        let next = found.iter().map(|(_, due)| *due).filter(|due| *due > now).min();
        let due: Vec<IncidentId> =
            found.iter().filter(|(_, due)| *due <= now).map(|(id, _)| *id).collect();
        if due.is_empty() {
            return Ok(SettledSoaks { count: 0, next });
        }
        self.check_writable()?;
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let (mut count, mut failure) = (0, None);
            for id in due {
                store.reserve_for(MAX_COMMANDS);
                let done = Box::pin(end_soak(&mut writer, &rules, id, (now, since))).await;
                store.end_message(&mut writer, &done).await;
                match done {
                    Ok(done) => count += u64::from(done.has_changed),
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
            drop(writer);
            if count > 0 {
                store.inner.watcher.wake();
            }
            match failure {
                Some(error) => Err(error),
                None => Ok(SettledSoaks { count, next }),
            }
        })
        .await
    }
}

/// Begins a transaction, and resolves an incident if it still waits and is due. The transaction is
/// committed if it is resolved; otherwise it is still open.
async fn end_soak(
    writer: &mut Writer,
    rules: &Rules,
    id: IncidentId,
    (now, since): (DateTime<Utc>, DateTime<Utc>),
) -> StoreResult<Done> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let mut done = unchanged(false);
    let Some(record) = records::load(&mut writer.conn, id, true).await? else { return Ok(done) };
    let due = read_due(&mut writer.conn, &record, &rules.stability, since).await?;
    if due.is_none_or(|due| due > now) || has_merged_firing(&mut writer.conn, &record).await? {
        return Ok(done);
    }
    let totals = read_totals(&mut writer.conn, &record).await?;
    let green = totals.last_at.map_or_else(TimeDelta::zero, |last| now - last);
    let actor = record.incident.status_by.clone();
    let sender = actor.name().to_owned();
    let group = AlertGroup::new(sender.clone(), sender.clone(), String::new(), Vec::new());
    let message =
        Message { group: &group, actor: &actor, rules, has_expired: false, continues: None, now };
    let alerts = match totals.count {
        1 => "its alert is".to_owned(),
        count => format!("its {count} alerts are all"),
    };
    let green = format_duration(green);
    let detail = format!("{alerts} resolved for {green}, and nobody had acknowledged it");
    let command = resolution(detail, &sender);
    // The time has passed by the clock of the requesting program, which may be on another machine.
    let because = format!("none of its alerts has fired for {green}");
    done.commands.extend(message.execute(writer, id, command, Some(&because)).await?);
    if !done.commands.is_empty() {
        writer.run_and_read_log(Batch::new("COMMIT;")).await?;
        done.has_changed = true;
    }
    Ok(done)
}

impl Message<'_> {
    /// Undoes the move to monitoring that alerts have made if one fires again. One that only waits to be
    /// resolved is triggered again, so that people are called for it as before; one on which people work is
    /// where they had brought it.
    pub(super) async fn resume(
        &self,
        writer: &mut Writer,
        open: &OpenIncident,
        update: &GroupUpdate,
    ) -> StoreResult<Option<Outcome>> {
        let incident = &open.record.incident;
        let fires = !update.new_firing.is_empty() || !update.again.is_empty();
        let waits = waits_for_stability(incident);
        let was_quiet = open.firing == 0 && is_moved_by_program(incident);
        let may_resume = fires && (waits || was_quiet);
        if !may_resume
            || waiting::read_flapping(&mut writer.conn, incident.summary.id).await?.is_some()
        {
            return Ok(None);
        }
        let actor = incident.status_by.clone();
        let rules = Rules { undo_move_s: ANY_TIME_S, ..self.rules.clone() };
        let message = Message { actor: &actor, rules: &rules, ..*self };
        let command = IncidentCommand::UndoMove;
        let because = if waits { FIRES_AGAIN } else { FIRES_WHILE_WATCHED };
        message.execute(writer, incident.summary.id, command, Some(because)).await
    }
}
