//! Incidents that stay open while their alerts flap, and how that ends.
//!
//! An incident of an alert that flaps is moved to monitoring instead of being resolved, so that the next
//! firing neither declares an incident nor calls anybody. Once the alert was calm for the time of the
//! rule, the incident is resolved; if the alert still fires then, it is declared as a new incident.

use chrono::{DateTime, TimeDelta, Utc};

use super::generation::Continues;
use super::ingest::{Done, Message, OpenIncident};
use super::table;
use super::totals::has_merged_firing;
use super::waiting::{self, Flapping};
use crate::backend::file::error::StoreResult;
use crate::backend::file::records;
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::Writer;
use crate::backend::{IngestEffect, IngestOutcome};
use crate::model::alert::{
    Alert, AlertCounts, AlertGroup, AlertReport, AlertState, GroupUpdate, Overrides,
};
use crate::model::status::ResolutionAction;
use crate::model::{Actor, Incident, IncidentCommand, Rules, Status};

/// The reason for resolving an incident whose alert no longer flaps.
const CALM: &str = "its alert was calm for as long as the rule about flapping says";
/// The maximum number of alerts of an incident that are declared again.
const MAX_ALERTS: u32 = 10_000;

impl Message<'_> {
    /// Returns the alert of a message that was resolved and flaps.
    pub(super) fn flapping_alert<'u>(&self, update: &'u GroupUpdate) -> Option<&'u Alert> {
        let is_flapping = |alert: &&Alert| {
            alert.state == AlertState::Resolved && alert.flapping(self.now).is_some()
        };
        update.changed.iter().chain(&update.new).find(is_flapping)
    }

    /// Records that the incident stays open while an alert flaps, or that it has changed again.
    /// Returns whether anything was written.
    pub(super) async fn note_flapping(
        &self,
        writer: &mut Writer,
        open: &OpenIncident,
        update: &GroupUpdate,
    ) -> StoreResult<bool> {
        if update.again.is_empty() && !update.has_resolved {
            return Ok(false);
        }
        let id = open.summary.id;
        let before = waiting::read_flapping(&mut writer.conn, id).await?;
        let flapping = match (before, self.flapping_alert(update)) {
            (Some(flapping), _) => flapping,
            (None, Some(alert)) => Flapping {
                incident: id,
                group: self.group.key.clone(),
                source: self.group.source.clone(),
                sender: self.group.sender.clone(),
                within_s: alert.starts.as_ref().map_or(0, |starts| starts.within_s),
            },
            (None, None) => return Ok(false),
        };
        let until = self.now + TimeDelta::seconds(flapping.within_s);
        waiting::put_flapping(&mut writer.conn, &flapping, until).await?;
        Ok(true)
    }
}

/// Returns whether no person has acknowledged an incident that is watched.
pub(super) fn is_unattended(incident: &Incident) -> bool {
    let by_person = incident.acknowledged_by.as_ref().is_some_and(|actor| actor.person().is_some());
    incident.summary.status == Status::Monitoring
        && !by_person
        && incident.status_by.person().is_none()
}

/// Returns the command that resolves an incident whose alert no longer flaps.
pub(super) fn resolution(detail: String, sender: &str) -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Other,
        detail,
        validation: format!("{sender} reported it"),
    }
}

/// Begins a transaction, and ends the first flapping that was calm up to `now`. The transaction is
/// committed if there was one; otherwise it is still open.
pub(super) async fn end_calm(
    writer: &mut Writer,
    rules: &Rules,
    now: DateTime<Utc>,
) -> StoreResult<Done> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let first = waiting::read_first_calm(&mut writer.conn).await?;
    let Some((_, flapping)) = first.filter(|(at, _)| *at <= now) else {
        return Ok(unchanged(false));
    };
    waiting::remove_flapping(&mut writer.conn, flapping.incident).await?;
    let record = records::load_open_end(&mut writer.conn, flapping.incident).await?;
    let mut done = unchanged(true);
    if let Some(record) = record.filter(|record| is_unattended(&record.incident)) {
        let alerts = table::read_alerts(&mut writer.conn, record.key, MAX_ALERTS).await?;
        let firing: Vec<&Alert> = alerts.iter().filter(|alert| alert.is_firing()).collect();
        if firing.is_empty() && has_merged_firing(&mut writer.conn, &record).await? {
            // It is resolved once the alerts of the incidents that were merged into it have ended, too.
            let until = now + TimeDelta::seconds(flapping.within_s.max(1));
            waiting::put_flapping(&mut writer.conn, &flapping, until).await?;
            writer.run_and_read_log(Batch::new("COMMIT;")).await?;
            return Ok(done);
        }
        let actor = Actor::Integration(flapping.sender.clone());
        let group = still_firing(&flapping, &record.incident, &firing);
        let message = Message {
            group: &group,
            actor: &actor,
            rules,
            has_expired: false,
            continues: None,
            now,
        };
        let detail = match firing.len() {
            0 => "its alert flaps no more".to_owned(),
            _ => "its alert flaps no more, but fires: a new incident is declared for it".to_owned(),
        };
        let id = record.incident.summary.id;
        let command = resolution(detail, &flapping.sender);
        // The calm time is the stability that it needs.
        done.commands.extend(message.execute(writer, id, command, Some(CALM)).await?);
        if !group.alerts.is_empty() && !done.commands.is_empty() {
            let continues =
                Continues { key: &group.key, earlier: id, number: record.incident.summary.number };
            let message = Message { continues: Some(continues), ..message };
            let declared = Box::pin(message.store_admitted(writer, None)).await?;
            done = done.and(declared);
        }
    }
    writer.run_and_read_log(Batch::new("COMMIT;")).await?;
    done.has_changed = true;
    Ok(done)
}

/// Returns the result of a step without a command.
pub(super) fn unchanged(has_changed: bool) -> Done {
    let outcome = IngestOutcome {
        effect: IngestEffect::Unchanged,
        incident: None,
        number: None,
        alerts: AlertCounts::default(),
    };
    Done { outcome, commands: Vec::new(), has_changed }
}

/// Returns the alerts that still fire, as a message of their sender, with the texts of the earlier
/// incident.
fn still_firing(flapping: &Flapping, earlier: &Incident, firing: &[&Alert]) -> AlertGroup {
    let of_group = firing.iter().filter(|alert| alert.group == flapping.group);
    let reports = of_group.map(|alert| AlertReport {
        key: alert.key.clone(),
        is_firing: true,
        starts_at: Some(alert.starts_at),
        ends_at: None,
        expires_at: alert.expires_at,
        title: alert.title.clone(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        url: alert.url.clone(),
    });
    let row = &earlier.summary;
    let overrides = Overrides {
        title: Some(row.title.clone()),
        service: row.primary_service().map(ToOwned::to_owned),
        team: row.team.clone(),
        category: row.category,
        levels: Some((row.impact, row.urgency)),
        runbook: earlier.runbook.clone(),
        labels: earlier.labels.clone(),
        ..Overrides::default()
    };
    let (source, sender) = (flapping.source.clone(), flapping.sender.clone());
    let group = AlertGroup::new(source, sender, flapping.group.clone(), reports.collect());
    AlertGroup { overrides, ..group }
}
