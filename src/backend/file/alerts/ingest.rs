//! Stores a message of alerts, and carries out its effect on the incident of their group.
//!
//! | what the message says | what follows |
//! |---|---|
//! | an alert fires, and no incident is open for the group | an incident is declared, whose `dedup_key` is the group's |
//! | the same, and a rule of the settings holds it | the incident is also snoozed for that time |
//! | the same, and maintenance windows mute all its alerts | the incident is also muted |
//! | an alert fires in a muted incident that no window mutes | the incident is released |
//! | an alert is new in the open incident | it is counted there, and raises the priority if it is worse |
//! | the same, and a rule still holds the incident | it stays snoozed, unless the alert is worse |
//! | an alert fires again, after all were resolved | it is counted |
//! | an alert still fires, or is late | its row at most |
//! | an alert is more severe than before | it is counted, and the priority is raised |
//! | somebody has acknowledged it where it comes from | the incident is acknowledged, if nobody has yet |
//! | the last alert that fired is resolved, also by the message that declares the incident | nobody has acknowledged the incident: it is resolved; otherwise it is moved to monitoring |
//! | the same, and the settings ask for stability | it is moved to monitoring, and resolved after that time ([`soak`](super::soak)) |
//! | an alert fires again within that time, or after all were resolved of an incident on which people work | the move to monitoring is undone |
//!
//! An incident ends only if its alerts were all reported as resolved and the sender left none out
//! of the message. One that people have declared and merged alerts into does not end automatically.
//!
//! Alerts that people have moved to another incident, which is still open, belong to that one:
//! reports on them affect it. The same applies to those that arrive in another group than before
//! ([`regrouped`]).

use std::ops::Deref;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::ending::Ending;
use super::generation::{Continues, continued_range, generation};
use super::moving;
use super::regrouped;
use super::table;
use super::waiting;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row::parse_incident_id;
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::backend::file::writer::{TxScope, Writer};
use crate::backend::{BackendError, IngestEffect, IngestOutcome, Outcome};
use crate::model::alert::{
    AlertGroup, AlertState, GroupUpdate, MAX_ALERTS, StoredAlert, declaration, find_owner,
    update_group,
};
use crate::model::command::Link;
use crate::model::directory::Directory;
use crate::model::text::sanitize;
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, Rules, Status,
    Summary,
};

/// How many new alerts of a message have an event each; more of them share one.
const MAX_EVENTS: usize = 5;
/// How many incidents are folded under a new one at most.
pub(super) const MAX_FOLDS: usize = 50;
/// How many commands a message leads to at most.
pub(super) const MAX_COMMANDS: usize = MAX_EVENTS + 2 * MAX_FOLDS + 10;

/// The result of a message.
pub(super) struct Done {
    pub(super) outcome: IngestOutcome,
    /// The outcomes of the commands.
    pub(super) commands: Vec<Outcome>,
    /// Whether anything was written, so that the transaction is committed.
    pub(super) has_changed: bool,
}

impl FileStore {
    /// Stores the alerts of a message in one transaction; see
    /// [`Backend::ingest`](crate::backend::Backend::ingest).
    pub(in crate::backend::file) async fn store_alerts(
        &self,
        group: &AlertGroup,
        actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        self.check_writable()?;
        let (store, group, actor) = (self.clone(), group.clone(), actor.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            store.reserve_for(MAX_COMMANDS);
            let message = Message {
                group: &group,
                actor: &actor,
                rules: &rules,
                has_expired: false,
                continues: None,
                now: store.inner.options.clock.now(),
            };
            let done = Box::pin(message.store(&mut writer)).await;
            store.end_message(&mut writer, &done).await;
            drop(writer);
            let done = done?;
            // Rows of alerts are no change of an incident, which may be reported every few seconds.
            if !done.commands.is_empty() {
                store.inner.watcher.wake();
            }
            Ok(done.outcome)
        })
        .await
    }

    /// Records that the transaction of a message was committed, or rolls it back.
    pub(super) async fn end_message(&self, writer: &mut Writer, done: &StoreResult<Done>) {
        match done {
            Ok(done) if done.has_changed => {
                writer.on_commit();
                self.record_issued(writer, done.commands.iter());
            }
            Ok(_) => writer.roll_back().await,
            Err(_) => {
                writer.roll_back().await;
                writer.clear_caches();
            }
        }
    }
}

/// A message that is being stored.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) group: &'a AlertGroup,
    pub(super) actor: &'a Actor,
    pub(super) rules: &'a Rules,
    /// Whether there is no message: its alerts are resolved because they were not reported again.
    pub(super) has_expired: bool,
    /// The incident that a new one continues.
    pub(super) continues: Option<Continues<'a>>,
    pub(super) now: DateTime<Utc>,
}

/// The open incident of a group.
pub(super) struct OpenIncident {
    pub(super) record: KeyedIncident,
    /// How many alerts it has, and how many of them fire.
    pub(super) alerts: u64,
    pub(super) firing: u64,
    /// Whether alerts were moved to it from an incident that was merged into it.
    pub(super) has_moved: bool,
    /// Whether people have moved alerts of the group to it; new ones go to another incident.
    pub(super) is_elsewhere: bool,
}

impl Deref for OpenIncident {
    type Target = Incident;

    fn deref(&self) -> &Incident {
        &self.record.incident
    }
}

impl Message<'_> {
    /// Begins a transaction and stores the message. The transaction is committed if something has
    /// changed; otherwise it is still open.
    async fn store(&self, writer: &mut Writer) -> StoreResult<Done> {
        Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
        Box::pin(self.store_in_transaction(writer)).await
    }

    /// Stores the message in the transaction that is open, as [`Self::store`] does.
    pub(super) async fn store_in_transaction(&self, writer: &mut Writer) -> StoreResult<Done> {
        let late = self.find_late(&mut writer.conn).await?;
        if late.is_empty() {
            return Box::pin(self.store_current(writer)).await;
        }
        let group = self.without_late(&late);
        let message = Message { group: &group, ..*self };
        Ok(Box::pin(message.store_current(writer)).await?.with_late(late.len()))
    }

    /// Stores a message without late reports of alerts that have ended while they waited.
    async fn store_current(&self, writer: &mut Writer) -> StoreResult<Done> {
        let open = self.find_open(&mut writer.conn).await?;
        if open.is_none() {
            regrouped::adopt(&mut writer.conn, self.group).await?;
        }
        let key = open.as_ref().map(|open| open.record.key);
        let mut moved = moving::find_elsewhere(&mut writer.conn, self.group, key).await?;
        self.remove_old(&mut moved);
        let done = if moved.is_empty() {
            self.store_part(writer, open).await?
        } else {
            Box::pin(self.store_parts(writer, open, moved)).await?
        };
        if done.has_changed {
            writer.run_and_read_log(Batch::new("COMMIT;")).await?;
        }
        Ok(done)
    }

    /// Stores a message of which all alerts belong to one incident and none wait, within the
    /// transaction.
    pub(super) async fn store_admitted(
        &self,
        writer: &mut Writer,
        open: Option<OpenIncident>,
    ) -> StoreResult<Done> {
        let id = open.as_ref().map_or_else(IncidentId::new, |open| open.summary.id);
        let mut update = self.compare(&mut writer.conn, open.as_ref(), id).await?;
        let mut commands = self.add(writer, open.as_ref(), id, &update).await?;
        if let Some(open) = &open {
            commands.extend(self.resume(writer, open, &update).await?);
            let again = self.hold_again(writer, open, &commands).await?;
            commands.extend(again);
        }
        let mut effect = match (&open, commands.is_empty()) {
            (_, true) => IngestEffect::Unchanged,
            (None, false) => IngestEffect::Declared,
            (Some(_), false) => IngestEffect::Added,
        };
        self.write(writer, open.as_ref(), id, &mut update).await?;
        let row = commands.iter().rev().find_map(|outcome| outcome.row.clone());
        if let Some(row) = row.or_else(|| open.as_ref().map(|open| open.summary.clone())) {
            let muted = (&row, open.is_none());
            commands.extend(writer.mute_alerts(self.rules, self.group, muted, self.now).await?);
        }
        if let Some(outcome) = self.acknowledge(writer, open.as_ref(), id, &commands).await? {
            if effect == IngestEffect::Unchanged {
                effect = IngestEffect::Acknowledged;
            }
            commands.push(outcome);
        }
        // The row of the incident is that of the last command about it.
        let mut folds = Vec::new();
        if open.is_none() {
            folds = self.fold(writer, id, &commands).await?;
        }
        let mut is_flapping = false;
        // All alerts of a new incident may be resolved by the same message.
        let declared = match &open {
            None if update.has_resolved => self.find_open(&mut writer.conn).await?,
            _ => None,
        };
        if let Some(open) = open.as_ref().or(declared.as_ref().filter(|new| new.summary.id == id)) {
            if let Some(ending) = self.end(&mut writer.conn, open, &update).await? {
                let Ending { command, effect: ended, because } = ending;
                let outcome = self.execute(writer, id, command, Some(&because)).await?;
                if outcome.is_some() {
                    effect = ended;
                }
                commands.extend(outcome);
            }
            is_flapping = self.note_flapping(writer, open, &update).await?;
        }
        let has_changed = !commands.is_empty()
            || is_flapping
            || !update.new.is_empty()
            || !update.changed.is_empty()
            || open.as_ref().is_some_and(|open| open.has_moved);
        let row: Option<&Summary> = commands.iter().rev().find_map(|outcome| outcome.row.as_ref());
        let row = row.or(open.as_ref().map(|open| &open.summary));
        let outcome = IngestOutcome {
            effect,
            incident: row.map(|row| row.id),
            number: row.and_then(|row| row.number),
            alerts: update.counts,
        };
        commands.extend(folds);
        Ok(Done { outcome, commands, has_changed })
    }

    /// Finds the open incident of the group: the one with its key, or that in which it continues. In
    /// that case the alerts follow it.
    async fn find_open(&self, conn: &mut SqliteConnection) -> StoreResult<Option<OpenIncident>> {
        let (from, to) = continued_range(&self.group.key);
        let mut batch = Batch::new(
            "SELECT id, key, dedup_key FROM (
                    SELECT id, key, dedup_key, facets FROM incident WHERE dedup_key = ?
                    UNION ALL
                    SELECT id, key, dedup_key, facets FROM incident
                        WHERE dedup_key >= ? AND dedup_key < ?)
                ORDER BY facets < 320 DESC, key DESC",
        );
        batch.arg(self.group.key.clone()).arg(from).arg(to);
        let mut found = None;
        for row in batch.fetch_all(conn).await? {
            if generation(&self.group.key, row.try_get(2)?).is_some() {
                found = Some((parse_incident_id(row.try_get(0)?)?, row.try_get::<i64, _>(1)?));
                break;
            }
        }
        let Some((id, key)) = found else { return Ok(None) };
        let Some(record) = records::load_open_end(conn, id).await? else { return Ok(None) };
        let mut has_moved = false;
        if record.key != key {
            let to = (record.key, record.incident.summary.id);
            has_moved = table::move_group(conn, &self.group.key, key, to).await?;
        }
        let (alerts, firing) = table::count(conn, record.key).await?;
        Ok(Some(OpenIncident { record, alerts, firing, has_moved, is_elsewhere: false }))
    }

    /// Compares the message with the stored state of its alerts.
    pub(super) async fn compare(
        &self,
        conn: &mut SqliteConnection,
        open: Option<&OpenIncident>,
        id: IncidentId,
    ) -> StoreResult<GroupUpdate> {
        let keys = self.group.alerts.iter().map(|alert| alert.key.as_str());
        let stored = table::read_last(conn, &self.group.key, keys).await?;
        let is_open = open.is_some();
        let stored = stored.into_iter().map(|alert| {
            let is_current = is_open && alert.incident == id;
            StoredAlert { alert, is_current }
        });
        Ok(update_group(self.group, stored.collect(), id, is_open, self.now))
    }

    /// Declares the incident `id` for the alerts that fire and are new, or adds them to the open one.
    async fn add(
        &self,
        writer: &mut Writer,
        open: Option<&OpenIncident>,
        id: IncidentId,
        update: &GroupUpdate,
    ) -> StoreResult<Vec<Outcome>> {
        let mut new = update.new_firing.clone();
        new.extend(&update.worse);
        let mut outcomes = Vec::new();
        if new.is_empty() {
            if let (Some(OpenIncident { firing: 0, .. }), Some(first)) =
                (open, update.again.first())
                && waiting::read_flapping(&mut writer.conn, id).await?.is_none()
            {
                let alert = self.group.alerts.get(*first);
                let title = alert.map(|alert| alert.title.as_str()).unwrap_or_default();
                let others = match update.again.len() - 1 {
                    0 => String::new(),
                    others => format!(" (and {others} more)"),
                };
                let text = format!("fires again: {title}{others}");
                // It is no other alert than before.
                let command = IncidentCommand::RepeatAlert { text, count: Some(0) };
                outcomes.extend(self.execute(writer, id, command, None).await?);
            }
            return Ok(outcomes);
        }
        let directory = writer.directory().await?;
        let each = open.is_some() && new.len() <= MAX_EVENTS;
        let size = if each { 1 } else { new.len() };
        for (index, positions) in new.chunks(size).enumerate() {
            let mut declared = declaration(self.group, positions, &directory, self.now);
            if open.is_some() {
                // Those that are only worse are no alerts of their own. They follow those that are new.
                let added =
                    update.new_firing.len().saturating_sub(index * size).min(positions.len());
                declared.alerts = u32::try_from(added).ok().filter(|added| *added != 1);
            }
            if let (None, Some(continues)) = (open, self.continues) {
                declared.dedup_key = Some(continues.key.to_owned());
            }
            // One that continues an earlier incident has a key of its own.
            let own_key = open.and_then(|open| open.record.incident.dedup_key.as_deref());
            if let Some(key) = own_key.filter(|key| generation(&self.group.key, key).is_some()) {
                declared.dedup_key = Some(key.to_owned());
            }
            if let Some(open) = open.filter(|open| open.is_elsewhere) {
                outcomes.extend(self.count_worse(writer, open, declared).await?);
                continue;
            }
            let command = IncidentCommand::Declare(Box::new(declared));
            // Alerts with the key of an open incident are counted there.
            let own = if open.is_some() { IncidentId::new() } else { id };
            outcomes.extend(self.execute(writer, own, command, None).await?);
        }
        if open.is_none() && outcomes.is_empty() {
            return Err(StoreError::content("no incident could be declared for alerts"));
        }
        if let (None, Some(Continues { earlier, number, .. })) = (open, self.continues) {
            let link = Link::Incident { id: earlier, number };
            let command = IncidentCommand::Link { link };
            outcomes.extend(self.execute(writer, id, command, Some(CONTINUES)).await?);
        }
        if open.is_none() {
            let row = outcomes.iter().rev().find_map(|outcome| outcome.row.as_ref());
            let team = row.and_then(|row| row.team.clone());
            outcomes.extend(self.assign(writer, id, team.as_deref(), &directory).await?);
        }
        if open.is_none()
            && let Some(hold_s) = self.group.overrides.hold_s
        {
            let until = self.now + TimeDelta::seconds(hold_s);
            let command = IncidentCommand::Snooze { until };
            outcomes.extend(self.execute(writer, id, command, None).await?);
        }
        Ok(outcomes)
    }

    /// Assigns a new incident to the owner that a rule names. If the directory does not have that
    /// person, the incident is declared without an owner.
    async fn assign(
        &self,
        writer: &mut Writer,
        id: IncidentId,
        team: Option<&str>,
        directory: &Directory,
    ) -> StoreResult<Option<Outcome>> {
        let Some(owner) = &self.group.overrides.owner else { return Ok(None) };
        let Some(person) = find_owner(owner, team, directory, self.now) else {
            let owner = sanitize(owner);
            tracing::warn!("a rule names the owner {owner:?}, and the directory has nobody such");
            return Ok(None);
        };
        let rule = self.group.overrides.rule.as_deref().unwrap_or("a rule");
        let because = format!("{rule} of the settings names the owner");
        let command = IncidentCommand::Assign { to: Some(person.clone()) };
        self.execute(writer, id, command, Some(&because)).await
    }

    /// Acknowledges the incident if the group was acknowledged in the sending system.
    async fn acknowledge(
        &self,
        writer: &mut Writer,
        open: Option<&OpenIncident>,
        id: IncidentId,
        commands: &[Outcome],
    ) -> StoreResult<Option<Outcome>> {
        let row = commands.iter().rev().find_map(|outcome| outcome.row.as_ref());
        let row = row.or(open.map(|open| &open.summary));
        let is_unacknowledged =
            row.is_some_and(|row| row.status == Status::Triggered && row.acknowledged_at.is_none());
        if !self.group.is_acknowledged || !is_unacknowledged {
            return Ok(None);
        }
        self.execute(writer, id, IncidentCommand::Acknowledge, None).await
    }

    /// Writes the rows of the alerts. New ones beyond the bound of the incident are not stored, those
    /// that fire last.
    async fn write(
        &self,
        writer: &mut Writer,
        open: Option<&OpenIncident>,
        id: IncidentId,
        update: &mut GroupUpdate,
    ) -> StoreResult<()> {
        let room = MAX_ALERTS.saturating_sub(open.map_or(0, |open| open.alerts));
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        if update.new.len() > room {
            update.new.sort_by_key(|alert| alert.state != AlertState::Firing);
            let unstored = update.new.len() - room;
            update.counts.unstored = u32::try_from(unstored).unwrap_or(u32::MAX);
            update.new.truncate(room);
        }
        table::write_changed(&mut writer.conn, &update.changed).await?;
        if update.new.is_empty() {
            return Ok(());
        }
        let key = match open {
            Some(open) => open.record.key,
            None => key_of(&mut writer.conn, id).await?,
        };
        table::write_new(&mut writer.conn, &update.new, key).await
    }

    /// Carries out a command about an incident in the running transaction; `None` if the rules refuse
    /// it.
    pub(super) async fn execute(
        &self,
        writer: &mut Writer,
        incident: IncidentId,
        command: IncidentCommand,
        because: Option<&str>,
    ) -> StoreResult<Option<Outcome>> {
        let because = because.map(ToOwned::to_owned);
        let envelope = Envelope {
            id: CommandId::new(),
            at: self.now,
            actor: self.actor.clone(),
            command: Command::Incident { incident, command, undoes: None, because },
            expected_seq: None,
        };
        match Box::pin(writer.execute(&envelope, self.rules, TxScope::Savepoint)).await {
            Ok(outcome) => Ok(Some(outcome)),
            Err(StoreError::Answer(BackendError::Rejected(why) | BackendError::Conflict(why))) => {
                // The alerts are stored nevertheless.
                tracing::warn!("what follows from alerts is refused: {why}");
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The reason why a new incident links an earlier one.
const CONTINUES: &str = "it continues the earlier incident, which takes in no more alerts";
/// Returns the key of an incident.
async fn key_of(conn: &mut SqliteConnection, id: IncidentId) -> StoreResult<i64> {
    let mut batch = Batch::new("SELECT key FROM incident WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("the incident of alerts is missing"))?;
    Ok(row.try_get(0)?)
}
