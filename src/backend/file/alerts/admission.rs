//! Decides whether the alerts of a message wait for others before an incident is declared.

use std::collections::{HashMap, HashSet};

use super::ingest::{Done, Message, OpenIncident};
use super::late::{EndedFiring, put_ended};
use super::waiting::{self, WaitingRow};
use crate::backend::IngestEffect;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::Writer;
use crate::model::IncidentId;
use crate::model::alert::{AlertGroup, AlertReport, HoldRule, WaitingAlert, are_enough};
use crate::model::time::recorded_time;

/// The decision on a message.
#[derive(Default)]
pub(super) struct Admission {
    /// The group to store in place of that of the message: without the alerts that wait, or
    /// together with those that have waited.
    pub group: Option<Box<AlertGroup>>,
    /// How many alerts of the message wait.
    waiting: u32,
    /// How many alerts that have waited were resolved.
    resolved: u32,
    /// How many alerts of the message neither wait nor count, as it resolves them as well.
    momentary: u32,
    has_changed: bool,
}

impl Admission {
    /// Stores the message without the alerts that wait and those that it resolves as well.
    fn leave_out(
        &mut self,
        message: &Message<'_>,
        waiting: &[&AlertReport],
        momentary: &[&AlertReport],
    ) {
        let group = message.without(&[waiting, momentary].concat());
        let removed = message.group.alerts.len().saturating_sub(group.alerts.len());
        // Further reports on one of these alerts neither wait nor count.
        let momentary = removed.saturating_sub(waiting.len());
        self.momentary = u32::try_from(momentary).unwrap_or(u32::MAX);
        self.group = Some(Box::new(group));
    }

    /// Adds the waiting alerts to the result of the rest of the message.
    pub(super) fn complete(&self, mut done: Done) -> Done {
        done.has_changed |= self.has_changed;
        let outcome = &mut done.outcome;
        if self.waiting > 0 && outcome.effect == IngestEffect::Unchanged {
            outcome.effect = IngestEffect::Waiting;
        }
        let counts = &mut outcome.alerts;
        counts.received =
            counts.received.saturating_add(self.waiting).saturating_add(self.momentary);
        counts.ignored = counts.ignored.saturating_add(self.momentary);
        counts.waiting = self.waiting;
        let resolved = self.resolved.min(counts.ignored);
        counts.ignored -= resolved;
        counts.resolved = counts.resolved.saturating_add(resolved);
        done
    }
}

impl Message<'_> {
    /// Decides whether the alerts of the message wait. Resolved ones wait no longer.
    pub(super) async fn admit(
        &self,
        writer: &mut Writer,
        open: Option<&OpenIncident>,
    ) -> StoreResult<Admission> {
        let rows = waiting::read_group(&mut writer.conn, &self.group.key).await?;
        let rule = self.group.overrides.hold.filter(|_| open.is_none());
        if rows.is_empty() && rule.is_none() {
            return Ok(Admission::default());
        }
        let has_ended =
            |row: &WaitingRow| row.alert.has_expired(self.now) || self.is_resolved(&row.alert);
        let (ended, rows): (Vec<WaitingRow>, Vec<WaitingRow>) =
            rows.into_iter().partition(has_ended);
        let positions: Vec<i64> = ended.iter().map(|row| row.position).collect();
        // The end of one that was not reported again is only inferred: it may still fire.
        let mut firings: Vec<EndedFiring<'_>> = ended
            .iter()
            .filter(|row| !self.has_expired && self.is_resolved(&row.alert))
            .filter_map(|row| Some((row.alert.key.as_str(), row.alert.starts_at?)))
            .collect();
        let new = self.new_firing(writer, open).await?;
        // One that the same message resolves neither waits nor counts.
        let (momentary, new) = match rule {
            Some(_) => self.split_momentary(new),
            None => (Vec::new(), new),
        };
        firings.extend(
            momentary
                .iter()
                .filter_map(|report| Some((report.key.as_str(), recorded_time(report.starts_at?)))),
        );
        let mut batch = Batch::one_off("");
        waiting::remove(&mut batch, &positions)?;
        put_ended(&mut batch, &self.group.key, &firings, self.now)?;
        let mut admission = Admission {
            resolved: u32::try_from(ended.len()).unwrap_or(u32::MAX),
            ..Admission::default()
        };
        if !new.is_empty() {
            let mut waits = Waiting { rule, rows, new: Vec::new(), changed: Vec::new() };
            for report in &new {
                waits.add(self, report);
            }
            if waits.are_enough(self) {
                let positions: Vec<i64> = waits.rows.iter().map(|row| row.position).collect();
                waiting::remove(&mut batch, &positions)?;
                admission.group = self.with_waiting(&waits.rows);
            } else {
                waits.put(&mut batch, self)?;
                admission.waiting = u32::try_from(new.len()).unwrap_or(u32::MAX);
                admission.leave_out(self, &new, &momentary);
            }
        } else if !momentary.is_empty() {
            admission.leave_out(self, &new, &momentary);
        }
        admission.has_changed = !batch.is_empty();
        if admission.has_changed {
            batch.run(&mut writer.conn).await?;
        }
        Ok(admission)
    }

    /// Returns the group of the message together with the alerts that have waited; `None` if the message
    /// has all of them.
    fn with_waiting(&self, rows: &[WaitingRow]) -> Option<Box<AlertGroup>> {
        let is_reported = |key: &str| self.group.alerts.iter().any(|alert| alert.key == key);
        let mut alerts: Vec<AlertReport> = Vec::new();
        // If an alert has fired several times, the last time counts.
        for row in rows.iter().rev() {
            let key = row.alert.key.as_str();
            if !is_reported(key) && !alerts.iter().any(|alert| alert.key == key) {
                alerts.push(row.alert.report());
            }
        }
        if alerts.is_empty() {
            return None;
        }
        alerts.reverse();
        alerts.extend(self.group.alerts.iter().cloned());
        Some(Box::new(AlertGroup { alerts, ..self.group.clone() }))
    }

    /// Returns the group of the message without the reports that some of its alerts fire.
    fn without(&self, alerts: &[&AlertReport]) -> AlertGroup {
        let keys: HashSet<&str> = alerts.iter().map(|alert| alert.key.as_str()).collect();
        let is_left_out =
            |alert: &&AlertReport| alert.is_firing && keys.contains(alert.key.as_str());
        let alerts =
            self.group.alerts.iter().filter(|alert| !is_left_out(alert)).cloned().collect();
        AlertGroup { is_firing: None, alerts, ..self.group.clone() }
    }

    /// Returns the reports of alerts that begin to fire, compared with the stored alerts.
    async fn new_firing(
        &self,
        writer: &mut Writer,
        open: Option<&OpenIncident>,
    ) -> StoreResult<Vec<&AlertReport>> {
        let id = open.map_or_else(IncidentId::new, |open| open.summary.id);
        let update = self.compare(&mut writer.conn, open, id).await?;
        let positions = update.new_firing.iter();
        Ok(positions.filter_map(|position| self.group.alerts.get(*position)).collect())
    }

    /// Returns whether the message resolves a waiting alert.
    fn is_resolved(&self, alert: &WaitingAlert) -> bool {
        let ended_before = |report: &AlertReport| {
            report.ends_at.zip(alert.starts_at).is_some_and(|(end, start)| end < start)
        };
        let mut reports = self.group.alerts.iter();
        reports.any(|report| report.key == alert.key && !report.is_firing && !ended_before(report))
    }

    /// Separates the reports of alerts that the same message resolves from those of others. Of several
    /// reports on an alert the last one counts.
    fn split_momentary<'r>(
        &self,
        firing: Vec<&'r AlertReport>,
    ) -> (Vec<&'r AlertReport>, Vec<&'r AlertReport>) {
        let reports = self.group.alerts.iter();
        let last: HashMap<&str, &AlertReport> =
            reports.map(|report| (report.key.as_str(), report)).collect();
        firing.into_iter().partition(|report| {
            last.get(report.key.as_str()).is_some_and(|last| {
                let ended_before =
                    last.ends_at.zip(report.starts_at).is_some_and(|(end, start)| end < start);
                !last.is_firing && !ended_before
            })
        })
    }
}

/// The alerts of a group that wait, with those of a message.
struct Waiting {
    /// The rule on the required number of alerts; `None` if the incident is open, or no rule
    /// applies.
    rule: Option<HoldRule>,
    rows: Vec<WaitingRow>,
    new: Vec<WaitingAlert>,
    /// The positions in `rows` of those that are reported once more.
    changed: Vec<usize>,
}

impl Waiting {
    /// Adds an alert that fires, unless the same firing waits already.
    fn add(&mut self, message: &Message<'_>, report: &AlertReport) {
        let Some(rule) = self.rule else { return };
        let index = self.rows.iter().position(|row| row.alert.is_same_firing(report));
        if let Some(index) = index
            && let Some(row) = self.rows.get_mut(index)
        {
            row.alert.repeat(report, message.now);
            self.changed.push(index);
        } else if !self.new.iter().any(|alert| alert.is_same_firing(report)) {
            self.new.push(WaitingAlert::new(message.group, report, rule, message.now));
        }
    }

    fn are_enough(&self, message: &Message<'_>) -> bool {
        let Some(rule) = self.rule else { return true };
        let rows = self.rows.iter().map(|row| &row.alert);
        are_enough(rows.chain(&self.new), rule, message.now)
    }

    /// Adds the statements that store them.
    fn put(&self, batch: &mut Batch, message: &Message<'_>) -> StoreResult<()> {
        for row in self.changed.iter().filter_map(|index| self.rows.get(*index)) {
            waiting::put_changed(batch, row)?;
        }
        for alert in &self.new {
            waiting::put_new(batch, alert)?;
        }
        if !self.new.is_empty() {
            waiting::prune(batch, &message.group.key, message.now);
        }
        Ok(())
    }
}
