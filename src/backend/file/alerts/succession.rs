//! Incidents that accept no more alerts: alerts that begin to fire are declared as a new incident,
//! which links to the earlier one.
//!
//! An incident accepts none once it has reached the age in a rule; then both stay open. One that is
//! only monitored because its alert flaps accepts no other alert, so that somebody is called for
//! that one.

use std::collections::HashSet;

use chrono::TimeDelta;
use sqlx::{Row, SqliteConnection};

use super::flapping::{is_unattended, resolution};
use super::generation::{CONTINUED, Continues, continued_range, generation};
use super::ingest::{Done, Message, OpenIncident};
use super::moving::Elsewhere;
use super::waiting;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::Writer;
use crate::model::Incident;
use crate::model::alert::{AlertGroup, AlertReport};

/// Returns the key of the next incident of a group.
async fn next_key(conn: &mut SqliteConnection, group: &str) -> StoreResult<String> {
    let (from, to) = continued_range(group);
    let mut batch =
        Batch::new("SELECT dedup_key FROM incident WHERE dedup_key >= ? AND dedup_key < ?");
    batch.arg(from).arg(to);
    let mut last = 1;
    for row in batch.fetch_all(conn).await? {
        last = last.max(generation(group, row.try_get(0)?).unwrap_or(1));
    }
    Ok(format!("{group}{CONTINUED}{})", last.saturating_add(1)))
}

impl Message<'_> {
    /// Returns whether an incident is too old to accept alerts that begin to fire.
    fn is_old(&self, incident: &Incident) -> bool {
        self.group.overrides.max_age_s.is_some_and(|max_age_s| {
            incident.summary.reported_at + TimeDelta::seconds(max_age_s) <= self.now
        })
    }

    /// Removes the alerts that have ended in an incident which is too old by now, and fire again.
    pub(super) fn remove_old(&self, moved: &mut Vec<Elsewhere>) {
        for other in moved.iter_mut() {
            if self.is_old(&other.record.incident) {
                let Elsewhere { keys, resolved, .. } = other;
                let fires = |key: &str| {
                    self.group.alerts.iter().any(|alert| alert.is_firing && alert.key == key)
                };
                keys.retain(|key| !(resolved.contains(key) && fires(key)));
            }
        }
        moved.retain(|other| !other.keys.is_empty());
    }

    /// Stores a message of which all alerts belong to one incident, within the transaction.
    pub(super) async fn store_part(
        &self,
        writer: &mut Writer,
        open: Option<OpenIncident>,
    ) -> StoreResult<Done> {
        let open = match open {
            Some(open) if !open.is_elsewhere => open,
            open => return self.store_waiting(writer, open).await,
        };
        if self.is_old(&open) {
            return self.store_after_old(writer, open).await;
        }
        if is_unattended(&open)
            && waiting::read_flapping(&mut writer.conn, open.summary.id).await?.is_some()
        {
            return self.store_after_flapping(writer, open).await;
        }
        self.store_waiting(writer, Some(open)).await
    }

    /// Stores a message, after it was decided which of its alerts wait.
    async fn store_waiting(
        &self,
        writer: &mut Writer,
        open: Option<OpenIncident>,
    ) -> StoreResult<Done> {
        let admission = self.admit(writer, open.as_ref()).await?;
        let done = match &admission.group {
            Some(group) => {
                let message = Message { group, ..*self };
                Box::pin(message.store_admitted(writer, open)).await?
            }
            None => Box::pin(self.store_admitted(writer, open)).await?,
        };
        Ok(admission.complete(done))
    }

    /// Stores a message for which the open incident is too old: alerts that begin to fire go to a
    /// new one.
    async fn store_after_old(&self, writer: &mut Writer, open: OpenIncident) -> StoreResult<Done> {
        let id = open.summary.id;
        let update = self.compare(&mut writer.conn, Some(&open), id).await?;
        let begins: HashSet<usize> =
            update.new_firing.iter().chain(&update.again).copied().collect();
        if begins.is_empty() {
            return self.store_waiting(writer, Some(open)).await;
        }
        // Later reports of the message on an alert that has begun to fire go to the new incident, too.
        let mut fresh_keys = HashSet::new();
        let (fresh, rest) = self.group.alerts.iter().enumerate().partition(|(position, alert)| {
            if begins.contains(position) {
                fresh_keys.insert(alert.key.as_str());
            }
            fresh_keys.contains(alert.key.as_str())
        });
        let part = |alerts: Vec<(usize, &AlertReport)>| {
            let alerts = alerts.into_iter().map(|(_, alert)| alert.clone()).collect();
            AlertGroup { is_firing: None, alerts, ..self.group.clone() }
        };
        let (fresh, rest) = (part(fresh), part(rest));
        let key = next_key(&mut writer.conn, &self.group.key).await?;
        let number = open.summary.number;
        let mut before = None;
        if !rest.alerts.is_empty() {
            let message = Message { group: &rest, ..*self };
            // Those that have waited wait no longer if they are resolved.
            before = Some(Box::pin(message.store_waiting(writer, Some(open))).await?);
        }
        let continues = Some(Continues { key: &key, earlier: id, number });
        let message = Message { group: &fresh, continues, ..*self };
        let done = message.store_waiting(writer, None).await?;
        Ok(match before {
            Some(before) => before.and(done),
            None => done,
        })
    }

    /// Stores a message of which the open incident is only watched as an alert flaps. If another alert
    /// begins to fire, or one is more severe, that incident ends, and a new one is declared.
    async fn store_after_flapping(
        &self,
        writer: &mut Writer,
        open: OpenIncident,
    ) -> StoreResult<Done> {
        let (id, number) = (open.summary.id, open.summary.number);
        let update = self.compare(&mut writer.conn, Some(&open), id).await?;
        if update.new_firing.is_empty() && update.worse.is_empty() {
            return self.store_waiting(writer, Some(open)).await;
        }
        waiting::remove_flapping(&mut writer.conn, id).await?;
        let detail =
            "another alert of its group begins to fire, for which a new incident is declared";
        let command = resolution(detail.to_owned(), &self.group.sender);
        let ended = self.execute(writer, id, command, None).await?;
        let Some(ended) = ended else {
            return self.store_waiting(writer, Some(open)).await;
        };
        let continues = Some(Continues { key: &self.group.key, earlier: id, number });
        let message = Message { continues, ..*self };
        let mut done = Box::pin(message.store_admitted(writer, None)).await?;
        done.commands.insert(0, ended);
        done.has_changed = true;
        Ok(done)
    }
}
