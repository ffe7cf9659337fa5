//! The effect of maintenance on new declarations: by the alerts of a message, or by a program
//! without alerts. An incident is muted in the transaction that declares it, so that nobody is
//! called before.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::settle::{DueChange, carry_out};
use super::table;
use crate::backend::Outcome;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::{TxScope, Writer};
use crate::model::alert::{AlertGroup, one_line};
use crate::model::check::MAX_TITLE_CHARS;
use crate::model::maintenance::{
    AlertMuting, ItemLabels, MaintenanceWindow, MutedItem, WindowState, muting,
};
use crate::model::signals::SELF_TEST;
use crate::model::{Command, Envelope, EventBody, IncidentCommand, Rules, Summary};

impl Writer {
    /// Returns the windows that are active in the running transaction.
    async fn active_windows(&mut self, now: DateTime<Utc>) -> StoreResult<Vec<MaintenanceWindow>> {
        let bodies = table::read_current_bodies(&mut self.conn, now).await?;
        if bodies.is_empty() {
            return Ok(Vec::new());
        }
        let windows = match &self.windows {
            Some((cached, windows)) if *cached == bodies => Arc::clone(windows),
            _ => {
                let windows: StoreResult<Vec<MaintenanceWindow>> =
                    bodies.iter().map(|body| table::parse_window(body)).collect();
                let windows = Arc::new(windows?);
                self.windows = Some((bodies, Arc::clone(&windows)));
                windows
            }
        };
        let is_active =
            |window: &&MaintenanceWindow| matches!(window.state(now), WindowState::Active(_));
        Ok(windows.iter().filter(is_active).cloned().collect())
    }

    /// Mutes the incident that a message of alerts has declared, or releases the one to which it has
    /// added an alert that is not muted, within the transaction that is open.
    pub(in crate::backend::file) async fn mute_alerts(
        &mut self,
        rules: &Rules,
        group: &AlertGroup,
        (row, is_new): (&Summary, bool),
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<Outcome>> {
        // A muted self-test would look like a broken notification path.
        let is_test = row.team.as_deref() == Some(SELF_TEST);
        if is_test || !(row.is_muted() || is_new) || !row.awaits_acknowledgement() {
            return Ok(Vec::new());
        }
        let windows = self.active_windows(now).await?;
        let mut all = AlertMuting::default();
        let mut free = None;
        for alert in group.alerts.iter().filter(|alert| alert.is_firing) {
            let item = MutedItem {
                services: &row.services,
                team: row.team.as_deref(),
                priority: Some(row.priority),
                sources: [&group.source, row.source.as_str()],
                labels: &alert.labels,
                title: &alert.title,
            };
            let muted = muting(&windows, item, false, now);
            if muted.is_none() {
                free.get_or_insert(&alert.title);
            }
            all.add(muted);
        }
        let due = match (all, row.mute()) {
            (AlertMuting::Free, Some(_)) => {
                let title = free.map_or("an alert", |title| title.as_str());
                let title = one_line(title, MAX_TITLE_CHARS);
                Some(DueChange::release(row, format!("{title:?} fires, which nothing mutes")))
            }
            (AlertMuting::Muted(muting), None) => DueChange::mute(row, muting),
            (AlertMuting::Muted(muting), Some(mute)) if muting.until < mute.until => {
                DueChange::mute(row, muting)
            }
            _ => None,
        };
        carry_out(self, rules, due.into_iter().collect(), now).await
    }

    /// Carries out a command as [`Self::execute`] does, together with what follows from it. An incident
    /// that it declares is muted in the same transaction if a window matches it, and what was folded under
    /// an incident that it merges is folded under the one in which that continues.
    pub(in crate::backend::file) async fn execute_and_mute(
        &mut self,
        envelope: &Envelope,
        rules: &Rules,
        scope: TxScope,
    ) -> StoreResult<Outcome> {
        let declared = match &envelope.command {
            Command::Incident { command: IncidentCommand::Declare(declared), .. } => declared,
            Command::Incident { incident, command: IncidentCommand::Merge { into }, .. } => {
                let merged = (*incident, *into);
                return Box::pin(self.merge_and_refold(envelope, merged, rules, scope)).await;
            }
            _ => return self.execute(envelope, rules, scope).await,
        };
        let now = self.clock.now();
        let windows = self.active_windows(now).await?;
        if windows.is_empty() {
            return self.execute(envelope, rules, scope).await;
        }
        if scope == TxScope::Transaction {
            Batch::new("BEGIN IMMEDIATE;").run(&mut self.conn).await?;
        }
        let done = async {
            let mut outcome = Box::pin(self.execute(envelope, rules, TxScope::Savepoint)).await?;
            let labels = ItemLabels::of(&declared.labels);
            let is_of_person = envelope.actor.person().is_some();
            let due = outcome.row.as_ref().filter(|_| !outcome.replayed).and_then(|row| {
                let item = MutedItem {
                    services: &declared.services,
                    team: declared.team.as_deref(),
                    priority: Some(row.priority),
                    sources: ["", declared.source.as_str()],
                    labels: labels.labels(),
                    title: &declared.title,
                };
                let muted = muting(&windows, item, is_of_person, now);
                match (outcome.events.first().map(|event| &event.body), muted) {
                    (Some(EventBody::Declared { .. }), Some(muting)) => {
                        DueChange::mute(row, muting)
                    }
                    (Some(EventBody::AlertRepeated { .. }), None) if row.is_muted() => {
                        let title = one_line(&declared.title, MAX_TITLE_CHARS);
                        Some(DueChange::release(row, format!("{title:?} is not muted")))
                    }
                    _ => None,
                }
            });
            let changed = carry_out(self, rules, due.into_iter().collect(), now).await?;
            if let Some(row) = changed.into_iter().next_back().and_then(|changed| changed.row) {
                outcome.row = Some(row);
            }
            if scope == TxScope::Transaction {
                self.run_and_read_log(Batch::new("COMMIT;")).await?;
                self.on_commit();
            }
            Ok(outcome)
        };
        let done = done.await;
        if scope == TxScope::Transaction && done.is_err() {
            self.roll_back().await;
            self.clear_caches();
        }
        done
    }
}
