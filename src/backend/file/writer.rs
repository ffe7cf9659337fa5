//! Carries out commands, in two crossings to the database each: in a transaction of its own, or in
//! one that others share ([`super::together`]).

use std::collections::HashMap;
use std::time::Duration;

use chrono::Utc;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::event_row::{self, COLUMNS, FROM};
use super::names::NameInterner;
use super::projection::{self, ProjectedIncident};
use super::records::{self, KeyedIncident};
use super::row::{Columns, NUMBERS_END, incident_key, unpack_row};
use super::sql::Batch;
use crate::backend::{BackendError, Outcome};
use crate::model::decide::{Context, absorb, decide};
use crate::model::{
    Command, CommandId, Envelope, Event, EventBody, Incident, IncidentCommand, IncidentId,
    IncidentNumber, Rules, Summary,
};

/// Records that are kept in memory between commands.
const MAX_RECENT: usize = 128;

/// The one connection of this process that writes.
pub(super) struct Writer {
    pub conn: SqliteConnection,
    pub names: NameInterner,
    /// Records as the last commands left them. They may lag behind other processes: what was added since is folded in.
    recent_records: HashMap<IncidentId, KeyedIncident>,
    /// The last number that this process gave; another may have gone on since.
    last_number: Option<u64>,
    /// Who had it panicked: what is in memory and in the transaction may be half done.
    pub poisoned: bool,
}

/// What a command is carried out in: all of it or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TxScope {
    /// A transaction of its own.
    Transaction,
    /// A part of a transaction that others share.
    Savepoint,
}

impl TxScope {
    /// The statement that begins it.
    fn begin(self) -> &'static str {
        match self {
            Self::Transaction => "BEGIN IMMEDIATE;",
            Self::Savepoint => "SAVEPOINT command;",
        }
    }

    /// The statement that ends it; what is shared is not durable yet.
    fn commit(self) -> &'static str {
        match self {
            Self::Transaction => "COMMIT;",
            Self::Savepoint => "RELEASE command;",
        }
    }

    /// The statements that undo it.
    fn roll_back(self) -> &'static str {
        match self {
            Self::Transaction => "ROLLBACK",
            Self::Savepoint => "ROLLBACK TO command; RELEASE command",
        }
    }
}

/// What was found when a command was begun.
struct CommandLookup {
    earlier_events: Vec<(IncidentId, Event)>,
    is_recorded: bool,
    record: Option<KeyedIncident>,
    next_number: u64,
    same_alert_incident: Option<IncidentId>,
}

impl Writer {
    pub(super) fn new(conn: SqliteConnection) -> Self {
        Self {
            conn,
            names: NameInterner::default(),
            recent_records: HashMap::new(),
            last_number: None,
            poisoned: false,
        }
    }

    /// Ends a transaction that did not reach its commit.
    pub(super) async fn roll_back(&mut self) {
        self.roll_back_scope(TxScope::Transaction).await;
    }

    /// Undoes what did not reach its end. Names that others of a shared transaction have stored are
    /// forgotten as well: they are looked up again.
    async fn roll_back_scope(&mut self, frame: TxScope) {
        self.names.on_rollback();
        // Fails where it never began or has ended by itself.
        Batch::new(frame.roll_back()).run(&mut self.conn).await.ok();
    }

    /// Nothing that was kept in memory counts any more: the transaction it came from is undone.
    pub(super) fn clear_caches(&mut self) {
        self.names.on_rollback();
        self.recent_records.clear();
        self.last_number = None;
    }

    /// Begins anew after a panic, with nothing of what it left.
    pub(super) async fn recover(&mut self, patience: Duration) -> StoreResult<()> {
        self.roll_back().await;
        self.clear_caches();
        self.set_lock_timeout(patience).await?;
        self.poisoned = false;
        Ok(())
    }

    /// Waits so long for a lock of another process from now on.
    pub(super) async fn set_lock_timeout(&mut self, patience: Duration) -> StoreResult<()> {
        let ms = patience.as_millis().min(1_000_000_000);
        Batch::one_off(&format!("PRAGMA busy_timeout = {ms}")).run(&mut self.conn).await
    }

    /// The transaction is durable.
    pub(super) fn on_commit(&mut self) {
        self.names.on_commit();
    }

    /// Carries out a command; its frame has ended when this returns.
    pub(super) async fn execute(
        &mut self,
        envelope: &Envelope,
        rules: &Rules,
        frame: TxScope,
    ) -> StoreResult<Outcome> {
        let done = match &envelope.command {
            Command::Incident { incident, command: ask } => {
                self.execute_on_incident(envelope, *incident, ask, rules, frame).await
            }
            Command::RecordChange(change) => {
                super::others::reject_bad_change(change)?;
                let mut batch = Batch::default();
                super::others::put_change(&mut batch, change)?;
                self.execute_record(envelope.id, batch, frame).await
            }
            Command::RecordProblem(problem) => {
                super::others::reject_bad_problem(problem)?;
                let mut batch = Batch::default();
                super::others::put_problem(&mut batch, problem)?;
                self.execute_record(envelope.id, batch, frame).await
            }
        };
        match (&done, frame) {
            (Ok(outcome), TxScope::Transaction) if !outcome.replayed => self.on_commit(),
            (Ok(outcome), TxScope::Savepoint) if !outcome.replayed => {}
            _ => self.roll_back_scope(frame).await,
        }
        done
    }

    /// A change or a problem, unless the command was carried out before.
    async fn execute_record(
        &mut self,
        command: CommandId,
        mut put: Batch,
        frame: TxScope,
    ) -> StoreResult<Outcome> {
        let mut batch = Batch::new(frame.begin());
        batch.sql("SELECT 1 FROM command WHERE id = ?;");
        batch.arg(command.as_bytes().to_vec());
        let rows = batch.fetch_result_sets(&mut self.conn).await?;
        let replayed = rows.get(1).is_some_and(|rows| !rows.is_empty());
        if !replayed {
            put.sql("INSERT INTO command (id) VALUES (?);").sql(frame.commit());
            put.arg(command.as_bytes().to_vec());
            put.run(&mut self.conn).await?;
        }
        Ok(Outcome { incident: None, row: None, events: Vec::new(), replayed })
    }

    async fn begin_and_look_up(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        ask: &IncidentCommand,
        frame: TxScope,
    ) -> StoreResult<CommandLookup> {
        let known = self.recent_records.get(&id).map(|record| record.incident.clone());
        let mut sql = format!(
            "{}
             SELECT {COLUMNS}, i.id FROM {FROM} JOIN incident i ON i.key = e.incident
                WHERE e.id > $1 AND e.id <= $2 ORDER BY e.log;
             SELECT incident FROM command WHERE id = $1;",
            frame.begin()
        );
        sql.push_str(&records::load_sql("$3", "$4"));
        let dedup = match ask {
            IncidentCommand::Declare(declaration) => {
                sql.push_str(
                    "SELECT max(number) FROM incident;
                     SELECT id FROM incident WHERE dedup_key = $5 ORDER BY key DESC LIMIT 1;",
                );
                declaration.dedup_key.clone()
            }
            _ => None,
        };
        let first = envelope.id.0.as_u128();
        let mut batch = Batch::new(&sql);
        batch
            .arg(envelope.id.as_bytes().to_vec())
            .arg(Uuid::from_u128(first.saturating_add(256)).as_bytes().to_vec())
            .arg(id.as_bytes().to_vec())
            .arg(known.as_ref().map_or(0, |k| i64::from(k.summary.seq)))
            .arg(dedup);
        let rows = batch.fetch_result_sets(&mut self.conn).await?;
        let [_, replay, recorded, key, snapshot, events, rest @ ..] = rows.as_slice() else {
            return Err(StoreError::content("a transaction began in part"));
        };
        let mut replayed = Vec::new();
        for row in replay {
            let incident = parse_incident_id(row.try_get(9)?)?;
            let event = event_row::decode(row, incident)?;
            if event.command == envelope.id {
                replayed.push((incident, event));
            }
        }
        let mut found = CommandLookup {
            earlier_events: replayed,
            is_recorded: !recorded.is_empty(),
            record: records::fold_rows(id, known, key, snapshot, events)?,
            next_number: 0,
            same_alert_incident: None,
        };
        if let [numbers, same] = rest {
            let last: Option<i64> = numbers.first().map(|r| r.try_get(0)).transpose()?.flatten();
            found.next_number = u64::try_from(last.unwrap_or(0)).unwrap_or(0) + 1;
            found.same_alert_incident =
                same.first().map(|row| parse_incident_id(row.try_get(0)?)).transpose()?;
        }
        Ok(found)
    }

    async fn execute_on_incident(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        ask: &IncidentCommand,
        rules: &Rules,
        frame: TxScope,
    ) -> StoreResult<Outcome> {
        if let Some(outcome) = self.try_from_cache(envelope, id, ask, rules, frame).await? {
            return Ok(outcome);
        }
        let found = self.begin_and_look_up(envelope, id, ask, frame).await?;
        if let Some((incident, _)) = found.earlier_events.first() {
            let incident = *incident;
            let events = found.earlier_events.into_iter().map(|(_, event)| event).collect();
            return self.replay_outcome(incident, events).await;
        }
        if found.is_recorded {
            return self.replay_import(envelope.id, id).await;
        }
        let context = Context { now: Utc::now(), rules };
        let mut before = found.record;
        let mut events = match (ask, found.same_alert_incident) {
            (IncidentCommand::Declare(declaration), Some(open)) if before.is_none() => {
                before = records::load(&mut self.conn, open, true).await?;
                let repeat = Envelope {
                    command: Command::Incident {
                        incident: open,
                        command: IncidentCommand::RepeatAlert {
                            text: declaration.title.trim().to_owned(),
                        },
                    },
                    ..envelope.clone()
                };
                decide(before.as_ref().map(|b| &b.incident), &repeat, context)
            }
            _ => decide(before.as_ref().map(|b| &b.incident), envelope, context),
        }
        .map_err(BackendError::from)?;
        let mut absorbed = None;
        if let (IncidentCommand::Merge { into }, Some(from)) = (ask, &before) {
            absorbed = Some(
                self.absorb_into_target(*into, &from.incident, &mut events, envelope, context)
                    .await?,
            );
        }
        let events: Vec<Event> = events
            .into_iter()
            .map(|event| assign_number(event_row::truncate_times(event), found.next_number))
            .collect::<StoreResult<_>>()?;
        let mut batch = Batch::default();
        let now = self.add_events(&mut batch, before, &events, None).await?;
        let mut told = events;
        let mut touched = vec![now];
        if let Some((target, added)) = absorbed {
            touched.push(self.add_events(&mut batch, Some(target), &added, None).await?);
            told.extend(added);
        }
        batch.sql(frame.commit());
        batch.run(&mut self.conn).await?;
        let row = touched[0].incident.summary.clone();
        self.remember(touched);
        Ok(Outcome { incident: Some(row.id), row: Some(row), events: told, replayed: false })
    }

    /// Keeps records that are now durable, or will be with the rest of a shared transaction.
    fn remember(&mut self, records: Vec<KeyedIncident>) {
        if self.recent_records.len() + records.len() > MAX_RECENT {
            self.recent_records.clear();
        }
        for record in records {
            let number = record.incident.summary.number.map(|n| n.0);
            self.last_number = self.last_number.max(number);
            self.recent_records.insert(record.incident.summary.id, record);
        }
    }

    /// Carries a command out in one crossing, where this process knows the incident as it was a
    /// moment ago; `None` where it must be looked at first.
    ///
    /// The store refuses what it would have been told otherwise: a position or a number that
    /// another process has taken, a command that was carried out before. Nothing has happened
    /// then, and a refusal by the model is not believed without looking either.
    async fn try_from_cache(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        ask: &IncidentCommand,
        rules: &Rules,
        frame: TxScope,
    ) -> StoreResult<Option<Outcome>> {
        let before = self.recent_records.get(&id).cloned();
        let (next, dedup_key) = match (ask, &before) {
            (IncidentCommand::Declare(declared), None) => {
                let Some(last) = self.last_number else { return Ok(None) };
                (last + 1, declared.dedup_key.clone())
            }
            (IncidentCommand::Merge { .. }, _)
            | (IncidentCommand::Declare(_), Some(_))
            | (_, None) => return Ok(None),
            (_, Some(_)) => (0, None),
        };
        let context = Context { now: Utc::now(), rules };
        let Ok(events) = decide(before.as_ref().map(|b| &b.incident), envelope, context) else {
            return Ok(None);
        };
        let events: Vec<Event> = events
            .into_iter()
            .map(|event| assign_number(event_row::truncate_times(event), next))
            .collect::<StoreResult<_>>()?;
        // Names that are new are stored within the transaction, after a look at what is there.
        if !self.names.has_all(&events, before.as_ref().map(|b| &b.incident))? {
            return Ok(None);
        }
        let guard = InsertGuard { command: envelope.id, number: next, dedup_key };
        let mut batch = Batch::new(frame.begin());
        let now = self.add_events(&mut batch, before, &events, Some(&guard)).await?;
        batch.sql(frame.commit());
        match batch.run(&mut self.conn).await {
            Ok(()) => {}
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Constraint => {
                self.roll_back_scope(frame).await;
                self.recent_records.remove(&id);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        }
        let row = now.incident.summary.clone();
        self.remember(vec![now]);
        Ok(Some(Outcome { incident: Some(id), row: Some(row), events, replayed: false }))
    }

    /// Fills in the number of the incident that another is merged into, and what it adds there.
    async fn absorb_into_target(
        &mut self,
        into: IncidentId,
        from: &Incident,
        events: &mut [Event],
        envelope: &Envelope,
        context: Context<'_>,
    ) -> StoreResult<(KeyedIncident, Vec<Event>)> {
        let target = records::load(&mut self.conn, into, true).await?.ok_or_else(|| {
            BackendError::NotFound("there is no such incident to merge into".into())
        })?;
        for event in events.iter_mut() {
            if let EventBody::MergedInto { number, .. } = &mut event.body {
                *number = target.incident.summary.number;
            }
        }
        let added = absorb(&target.incident, from, envelope, context)
            .map_err(BackendError::from)?
            .into_iter()
            .map(event_row::truncate_times)
            .collect();
        Ok((target, added))
    }

    /// Adds the statements that append events to one timeline and bring the projection in step.
    async fn add_events(
        &mut self,
        batch: &mut Batch,
        before: Option<KeyedIncident>,
        events: &[Event],
        guard: Option<&InsertGuard>,
    ) -> StoreResult<KeyedIncident> {
        let broken = |e: crate::model::incident::TimelineError| StoreError::content(e.to_string());
        let (old, now) = match before {
            None => {
                let incident = Incident::fold(events)
                    .map_err(broken)?
                    .ok_or_else(|| StoreError::content("a command led to no events"))?;
                let summary = &incident.summary;
                let key =
                    incident_key(summary.reported_at, summary.number.unwrap_or(IncidentNumber(0)));
                (None, KeyedIncident { key, incident })
            }
            Some(mut record) => {
                let old = record.incident.clone();
                for event in events {
                    record.incident.apply_next(event).map_err(broken)?;
                }
                (Some(old), record)
            }
        };
        for event in events {
            let actor = self.names.intern_actor(&mut self.conn, &event.actor).await?;
            insert_event(batch, now.key, actor, event, guard)?;
        }
        let new = ProjectedIncident {
            columns: Columns::from_incident(&now.incident),
            names: self.names.intern_incident(&mut self.conn, &now.incident).await?,
        };
        match old {
            None => projection::insert(batch, &new),
            Some(old) => {
                let names = self.names.intern_incident(&mut self.conn, &old).await?;
                let seq = old.summary.seq;
                let old = ProjectedIncident { columns: Columns::from_incident(&old), names };
                projection::update(batch, &old, &new);
                projection::put_snapshot_if_due(batch, seq, &now)?;
            }
        }
        if events.iter().any(|e| event_row::affects_full_text(&e.body)) {
            batch.sql("INSERT OR IGNORE INTO words_todo (incident) VALUES (?);").arg(now.key);
        }
        Ok(now)
    }

    async fn replay_outcome(
        &mut self,
        incident: IncidentId,
        events: Vec<Event>,
    ) -> StoreResult<Outcome> {
        let row = read_summary(&mut self.conn, incident).await?;
        Ok(Outcome { incident: Some(incident), row, events, replayed: true })
    }

    /// A command whose imported events don't tell its id.
    async fn replay_import(&mut self, command: CommandId, id: IncidentId) -> StoreResult<Outcome> {
        let mut batch = Batch::new(&format!(
            "SELECT {COLUMNS} FROM {FROM}
             WHERE e.incident = (SELECT incident FROM command WHERE id = $1) ORDER BY e.seq"
        ));
        batch.arg(command.as_bytes().to_vec());
        let mut events = Vec::new();
        for row in batch.fetch_all(&mut self.conn).await? {
            let event = event_row::decode(&row, id)?;
            if event.command == command {
                events.push(event);
            }
        }
        self.replay_outcome(id, events).await
    }
}

/// What must hold for a command that was decided without looking.
struct InsertGuard {
    command: CommandId,
    /// Above all that were given; 0 where none is given.
    number: u64,
    /// Of no open incident.
    dedup_key: Option<String>,
}

/// Adds the statement that writes one event down. Where its guard does not hold, the body becomes
/// NULL, which the table refuses.
fn insert_event(
    batch: &mut Batch,
    key: i64,
    actor: i64,
    event: &Event,
    guard: Option<&InsertGuard>,
) -> StoreResult<()> {
    batch.sql(
        "INSERT INTO event (id, incident, seq, kind, at, recorded, actor, nth, command, subject,
            body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ",
    );
    batch.sql(match guard {
        None => "?);",
        Some(InsertGuard { number: 0, .. }) => {
            "iif(EXISTS (SELECT 1 FROM command WHERE id = ?), NULL, ?));"
        }
        Some(_) => {
            "iif(EXISTS (SELECT 1 FROM command WHERE id = ?)
                OR EXISTS (SELECT 1 FROM incident WHERE dedup_key = ?)
                OR (SELECT max(number) FROM incident) >= ?, NULL, ?));"
        }
    });
    bind_event(batch, key, actor, event);
    if let Some(guard) = guard {
        batch.arg(guard.command.as_bytes().to_vec());
        if guard.number > 0 {
            batch.arg(guard.dedup_key.clone()).arg(i64::try_from(guard.number).unwrap_or(i64::MAX));
        }
    }
    batch.arg(encode_body(event)?);
    Ok(())
}

/// The arguments of an event, from its id to its subject.
pub(super) fn bind_event(batch: &mut Batch, key: i64, actor: i64, event: &Event) {
    let nth = event_row::nth(event);
    let command = nth.is_none().then(|| event.command.as_bytes().to_vec());
    let subject = (event.seq == 1).then(|| event.incident.as_bytes().to_vec());
    batch
        .arg(event.id.as_bytes().to_vec())
        .arg(key)
        .arg(i64::from(event.seq))
        .arg(event_row::kind(&event.body))
        .arg(event.at.timestamp_millis())
        .arg(event.recorded_at.timestamp_millis())
        .arg(actor)
        .arg(nth)
        .arg(command)
        .arg(subject);
}

/// The body of an event as the log holds it.
pub(super) fn encode_body(event: &Event) -> StoreResult<String> {
    serde_json::to_string(&event.body).map_err(|e| StoreError::content(e.to_string()))
}

/// A declaration gets its number.
fn assign_number(mut event: Event, next: u64) -> StoreResult<Event> {
    if let EventBody::Declared { number, .. } = &mut event.body {
        if next >= NUMBERS_END {
            return Err(BackendError::NotAllowed(
                "the store has given out all its numbers: begin a new one".into(),
            )
            .into());
        }
        *number = Some(IncidentNumber(next));
    }
    Ok(event)
}

/// An incident's id from its bytes.
pub(super) fn parse_incident_id(bytes: &[u8]) -> StoreResult<IncidentId> {
    IncidentId::from_slice(bytes).ok_or_else(|| StoreError::content("an incident's id"))
}

/// The row of an incident as it is now.
async fn read_summary(conn: &mut SqliteConnection, id: IncidentId) -> StoreResult<Option<Summary>> {
    let mut batch = Batch::new("SELECT row FROM incident WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let row = unpack_row(row.try_get(0)?);
    Ok(Some(row.ok_or_else(|| StoreError::content(format!("the row of incident {id}")))?))
}
