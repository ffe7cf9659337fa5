//! How a command is carried out: in one round trip to the database where its incident is cached,
//! in two otherwise.

use sqlx::{Row, SqliteConnection};

use super::{TxScope, Writer};
use crate::backend::file::alerts::MovedAlerts;
use crate::backend::file::change_table;
use crate::backend::file::command_identity::{self, CommandDigest};
use crate::backend::file::error::{
    OutOfNumbers, SqliteFault, StoreError, StoreResult, classify, reject_bad_field,
};
use crate::backend::file::event_insert::{EventOrigin, InsertGuard, insert_event};
use crate::backend::file::event_row::{self, COLUMNS, FROM, parse_incident_id};
use crate::backend::file::evidence::replace_snapshot;
use crate::backend::file::list_rows::list_event;
use crate::backend::file::meta::LAST_NUMBER;
use crate::backend::file::problem_table;
use crate::backend::file::projection::{self, ProjectedIncident};
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::row::{Columns, NUMBERS_END, incident_key, unpack_row};
use crate::backend::file::service_level_table::judge;
use crate::backend::file::sql::Batch;
use crate::backend::{BackendError, Missing, Outcome};
use crate::model::check::{BadField, FieldProblem};
use crate::model::decide::{Context, absorb, decide, group};
use crate::model::link::Link;
use crate::model::naming::{names_people, resolve_owner, resolve_people};
use crate::model::problem::Problem;
use crate::model::searched_texts::affects_search;
use crate::model::{
    Command, Envelope, Event, EventBody, EventId, Incident, IncidentCommand, IncidentId,
    IncidentNumber, Rejection, Rules, Summary, undo,
};

/// The stored state of a command and its incident, read when its scope begins.
struct CommandLookup {
    /// The events that a command with this id produced before; empty unless it is a repetition.
    earlier_events: Vec<(IncidentId, Event)>,
    /// The digest that is stored with the first of them.
    earlier_digest: Option<Vec<u8>>,
    /// Ids that the events of this command could have and that other events use already.
    used_ids: Vec<EventId>,
    /// Whether it is a command of imported events.
    is_imported: bool,
    /// Whether it is a command that recorded a change or a problem.
    is_record: bool,
    record: Option<KeyedIncident>,
    next_number: u64,
    same_alert_incident: Option<IncidentId>,
}

/// The events of a command on the timeline of an incident other than its own.
pub(super) struct OtherTimeline {
    /// The other incident; `None` if it is declared.
    pub before: Option<KeyedIncident>,
    /// The events that are added.
    pub events: Vec<Event>,
    /// The alerts that are moved to it.
    pub moved: Option<MovedAlerts>,
}

impl Writer {
    /// Carries out a command. The scope has ended when this returns.
    pub(in crate::backend::file) async fn execute(
        &mut self,
        envelope: &Envelope,
        rules: &Rules,
        scope: TxScope,
    ) -> StoreResult<Outcome> {
        let result = match &envelope.command {
            Command::Incident { incident, command, .. } => {
                Box::pin(self.execute_on_incident(envelope, *incident, command, rules, scope)).await
            }
            Command::RecordChange(change) => {
                change_table::reject_bad_change(change)?;
                // A change has no revision that could be expected.
                let no_position = BadField::new("expected_seq", FieldProblem::NoPosition);
                match envelope.expected_seq {
                    Some(_) => Err(reject_bad_field(no_position)),
                    None => Box::pin(self.execute_record(envelope, scope)).await,
                }
            }
            Command::RecordProblem(problem) => {
                problem_table::reject_bad_problem(problem)?;
                Box::pin(self.execute_record(envelope, scope)).await
            }
        };
        match (&result, scope) {
            (Ok(outcome), TxScope::Transaction) if !outcome.replayed => {
                self.on_commit();
                self.end_redaction().await;
            }
            (Ok(outcome), TxScope::Savepoint) if !outcome.replayed => {}
            _ => self.roll_back_scope(scope).await,
        }
        result
    }

    /// Stores a change or a problem, unless the command was carried out before.
    async fn execute_record(
        &mut self,
        envelope: &Envelope,
        scope: TxScope,
    ) -> StoreResult<Outcome> {
        let command = envelope.id.as_bytes().to_vec();
        let mut batch = Batch::new(scope.begin());
        batch
            .sql("SELECT incident, digest, asker FROM command WHERE id = $1;")
            .sql("SELECT id, nth FROM event WHERE id > $1 AND id <= $2;")
            .arg(command.clone())
            .arg(event_row::last_id(envelope.id));
        let rows = batch.fetch_result_sets(&mut self.conn).await?;
        let [_, recorded, events, ..] = rows.as_slice() else {
            return Err(StoreError::content("a transaction began in part"));
        };
        for row in events {
            if event_row::decode_command(row.try_get(0)?, row.try_get(1)?) == Some(envelope.id) {
                return Err(command_identity::id_reused().into());
            }
        }
        if let Some(row) = recorded.first() {
            if row.try_get::<Option<i64>, _>(0)?.is_some() {
                return Err(command_identity::id_reused().into());
            }
            command_identity::check_same_record(envelope, row.try_get(1)?, row.try_get(2)?)?;
        } else {
            let mut put = Batch::default();
            match &envelope.command {
                Command::RecordChange(change) => change_table::put_change(&mut put, change)?,
                Command::RecordProblem(problem) => {
                    let problem = self.problem_to_store(envelope, problem.clone()).await?;
                    problem_table::put_problem(&mut put, &problem)?;
                }
                Command::Incident { .. } => {}
            }
            put.sql("INSERT INTO command (id, digest, asker, format) VALUES (?, ?, ?, ?);")
                .sql(scope.commit())
                .arg(command)
                .arg(CommandDigest::compute(&envelope.command).to_stored())
                .arg(command_identity::requester_text(&envelope.actor))
                .arg(event_row::WRITER_FORMAT);
            put.run(&mut self.conn).await?;
        }
        let replayed = !recorded.is_empty();
        Ok(Outcome { incident: None, row: None, events: Vec::new(), replayed })
    }

    /// Returns the version to store when a problem is recorded or changed: with its owner as in the
    /// directory, its revision, and its history.
    async fn problem_to_store(
        &mut self,
        envelope: &Envelope,
        mut problem: Problem,
    ) -> StoreResult<Problem> {
        let stored = problem_table::read_problem(&mut self.conn, problem.id).await?;
        let current = stored.as_ref().map_or(0, |stored| stored.revision);
        let now = self.clock.now();
        if let Some(expected) = envelope.expected_seq.filter(|expected| *expected != current) {
            let changed = Rejection::ChangedMeanwhile { expected, current };
            return Err(BackendError::rejected(changed, now).into());
        }
        if problem.owner.is_some() {
            let directory = self.directory().await?;
            resolve_owner(&mut problem, &directory, &envelope.actor, stored.as_ref())
                .map_err(reject_bad_field)?;
        }
        Ok(problem.recorded(stored.as_ref(), &envelope.actor, envelope.at.min(now)))
    }

    /// Begins the scope, and reads the stored state of the command and its incident.
    async fn begin_and_read(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        command: &IncidentCommand,
        scope: TxScope,
    ) -> StoreResult<CommandLookup> {
        let cached = self.recent_records.get(&id).map(|record| record.incident.clone());
        let mut sql = format!(
            "{}
             SELECT {COLUMNS}, i.id, e.digest FROM {FROM} JOIN incident i ON i.key = e.incident
                WHERE e.id > $1 AND e.id <= $2 ORDER BY e.log;
             SELECT incident FROM command WHERE id = $1;",
            scope.begin()
        );
        sql.push_str(&records::load_sql("$3", "$4"));
        let dedup_key = match command {
            IncidentCommand::Declare(declaration) => {
                sql.push_str("SELECT ");
                sql.push_str(LAST_NUMBER);
                sql.push_str(
                    ";
                     SELECT id FROM incident WHERE dedup_key = $5
                        ORDER BY facets < 320 DESC, key DESC LIMIT 1;",
                );
                declaration.dedup_key.clone()
            }
            _ => None,
        };
        let mut batch = Batch::new(&sql);
        batch
            .arg(envelope.id.as_bytes().to_vec())
            .arg(event_row::last_id(envelope.id))
            .arg(id.as_bytes().to_vec())
            .arg(cached.as_ref().map_or(0, |k| i64::from(k.summary.seq)))
            .arg(dedup_key);
        let rows = batch.fetch_result_sets(&mut self.conn).await?;
        let [_, candidates, recorded_commands, key, snapshot, events, rest @ ..] = rows.as_slice()
        else {
            return Err(StoreError::content("a transaction began in part"));
        };
        let (mut earlier_events, mut earlier_digest) = (Vec::new(), None);
        let mut used_ids = Vec::new();
        for row in candidates {
            let incident = parse_incident_id(row.try_get(9)?)?;
            let event = event_row::decode(row, incident)?;
            if event.command != envelope.id {
                used_ids.push(event.id);
                continue;
            }
            earlier_digest = earlier_digest.or(row.try_get::<Option<Vec<u8>>, _>(10)?);
            earlier_events.push((incident, event));
        }
        let is_imported = match recorded_commands.first() {
            Some(row) => row.try_get::<Option<i64>, _>(0)?.is_some(),
            None => false,
        };
        let mut record = records::fold_rows(id, cached, key, snapshot, events)?;
        if let Some(record) = &mut record {
            judge(&mut self.conn, &mut record.incident).await?;
        }
        let mut lookup = CommandLookup {
            earlier_events,
            earlier_digest,
            used_ids,
            is_imported,
            is_record: !is_imported && !recorded_commands.is_empty(),
            record,
            next_number: 0,
            same_alert_incident: None,
        };
        if let [numbers, same_alert] = rest {
            let last: Option<i64> = numbers.first().map(|r| r.try_get(0)).transpose()?.flatten();
            lookup.next_number = u64::try_from(last.unwrap_or(0)).unwrap_or(0) + 1;
            lookup.same_alert_incident =
                same_alert.first().map(|row| parse_incident_id(row.try_get(0)?)).transpose()?;
        }
        Ok(lookup)
    }

    async fn execute_on_incident(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        command: &IncidentCommand,
        rules: &Rules,
        scope: TxScope,
    ) -> StoreResult<Outcome> {
        if let Some(outcome) = self.try_from_cache(envelope, id, command, rules, scope).await? {
            return Ok(outcome);
        }
        let lookup = self.begin_and_read(envelope, id, command, scope).await?;
        if let Some((incident, first)) = lookup.earlier_events.first() {
            let incident = *incident;
            let digest = lookup.earlier_digest.as_deref();
            command_identity::check_same_command(envelope, (incident, first), digest)?;
            let events = lookup.earlier_events.into_iter().map(|(_, event)| event).collect();
            return self.replay_outcome(incident, events).await;
        }
        if lookup.is_imported {
            return self.replay_import(envelope).await;
        }
        if lookup.is_record {
            return Err(command_identity::id_reused().into());
        }
        let context = Context { now: self.clock.now(), rules };
        let mut before = lookup.record;
        // The record is bound to the command as it was sent.
        let sent = envelope;
        let resolved = match self.with_resolved_people(envelope, before.as_ref()).await? {
            None => self.with_current_number(envelope).await?,
            resolved => resolved,
        };
        let envelope = resolved.as_ref().unwrap_or(envelope);
        let mut same_alert = None;
        if let (None, Some(id)) = (&before, lookup.same_alert_incident) {
            same_alert = records::load_open_end(&mut self.conn, id).await?;
        }
        let mut events = match (command, same_alert) {
            (IncidentCommand::Declare(declaration), Some(open)) => {
                let events = group(&open.incident, declaration, envelope, context);
                before = Some(open);
                events
            }
            _ => decide(before.as_ref().map(|b| &b.incident), envelope, context),
        }
        .map_err(|rejection| BackendError::rejected(rejection, context.now))?;
        if let (IncidentCommand::Resolve { .. }, Some(before)) = (command, &before) {
            self.require_stability(before, &mut events, envelope, context).await?;
        }
        if let (true, Some(before)) = (undo::is_undo(&envelope.command), &before) {
            let timeline = records::load_timeline(&mut self.conn, before).await?;
            events = events.into_iter().map(event_row::truncate_times).collect();
            undo::complete(&mut events, &timeline, envelope, rules);
        }
        let other = match (command, &before) {
            (IncidentCommand::Merge { into }, Some(from)) => Some(
                self.absorb_into_target(*into, &from.incident, &mut events, envelope, context)
                    .await?,
            ),
            (IncidentCommand::Fold { under }, Some(from)) => {
                self.fold_under(*under, &from.incident, &mut events, envelope, context).await?
            }
            (IncidentCommand::MoveAlerts { .. }, Some(from)) => Some(
                Box::pin(self.move_alerts(command, from, &mut events, envelope, context)).await?,
            ),
            _ => None,
        };
        let events: Vec<Event> = events
            .into_iter()
            .map(|event| assign_number(event_row::truncate_times(event), lookup.next_number))
            .collect::<StoreResult<_>>()?;
        let added = other.iter().flat_map(|other| &other.events);
        if events.iter().chain(added).any(|event| lookup.used_ids.contains(&event.id)) {
            return Err(BackendError::rejected(Rejection::IdCollides, context.now).into());
        }
        let mut batch = Batch::default();
        let origin = EventOrigin::new(sent, None);
        Box::pin(self.put_evidence(&mut batch, command, &events, before.as_ref())).await?;
        let updated = self.add_events(&mut batch, before, &events, &origin).await?;
        if events.iter().any(|event| matches!(event.body, EventBody::Redacted { .. })) {
            replace_snapshot(&mut batch, &updated)?;
        }
        let mut all_events = events;
        let mut touched = vec![updated];
        if let Some(OtherTimeline { before, events, moved }) = other {
            let updated = self.add_events(&mut batch, before, &events, &origin).await?;
            if let Some(moved) = moved {
                let to = (updated.key, updated.incident.summary.id);
                moved.put(&mut batch, touched[0].key, to)?;
            }
            touched.push(updated);
            all_events.extend(events);
        }
        self.run_and_commit(batch, scope).await?;
        let row = touched[0].incident.summary.clone();
        self.remember(touched);
        Ok(Outcome { incident: Some(row.id), row: Some(row), events: all_events, replayed: false })
    }

    /// Returns a command with the people it names replaced by those of the directory; `None` if it
    /// names nobody.
    async fn with_resolved_people(
        &mut self,
        envelope: &Envelope,
        before: Option<&KeyedIncident>,
    ) -> StoreResult<Option<Envelope>> {
        let mut resolved = match &envelope.command {
            // An undo restores the person whom the record named before, even one who is not in the
            // directory.
            Command::Incident { command, undoes: None, .. } if names_people(command) => {
                envelope.clone()
            }
            _ => return Ok(None),
        };
        let directory = self.directory().await?;
        if let Command::Incident { command, .. } = &mut resolved.command {
            let incident = before.map(|before| &before.incident);
            resolve_people(command, &directory, &envelope.actor, incident)
                .map_err(reject_bad_field)?;
        }
        Ok(Some(resolved))
    }

    /// Carries out a command in one round trip if the incident is cached. Returns `None` if the
    /// store must be read first.
    ///
    /// The cached record may be stale. So the statements are written such that the store refuses
    /// a sequence number or an incident number that another process used meanwhile, and a command
    /// that was carried out before; then nothing was changed and `None` is returned. A rejection by
    /// the model is not final either, because it may rest on a stale record.
    async fn try_from_cache(
        &mut self,
        envelope: &Envelope,
        id: IncidentId,
        command: &IncidentCommand,
        rules: &Rules,
        scope: TxScope,
    ) -> StoreResult<Option<Outcome>> {
        // The directory must be that of the transaction.
        if names_people(command) && !self.directory().await?.people.is_empty() {
            return Ok(None);
        }
        let before = self.recent_records.get(&id).cloned();
        let (next_number, dedup_key) = match (command, &before) {
            (IncidentCommand::Declare(declaration), None) => {
                let Some(last) = self.last_number else { return Ok(None) };
                (last + 1, declaration.dedup_key.clone())
            }
            _ if undo::is_undo(&envelope.command) => return Ok(None),
            (
                IncidentCommand::Merge { .. }
                | IncidentCommand::MoveAlerts { .. }
                | IncidentCommand::AttachEvidence { .. }
                | IncidentCommand::Redact { .. }
                | IncidentCommand::Fold { .. }
                | IncidentCommand::Link { link: Link::Incident { number: Some(_), .. } },
                _,
            )
            | (IncidentCommand::Declare(_), Some(_))
            | (_, None) => return Ok(None),
            // Its alerts are read with it.
            (IncidentCommand::Resolve { .. }, Some(before))
                if rules.stability.required_s(&before.incident.summary).is_some() =>
            {
                return Ok(None);
            }
            (_, Some(_)) => (0, None),
        };
        let context = Context { now: self.clock.now(), rules };
        let Ok(events) = decide(before.as_ref().map(|b| &b.incident), envelope, context) else {
            return Ok(None);
        };
        let events: Vec<Event> = events
            .into_iter()
            .map(|event| assign_number(event_row::truncate_times(event), next_number))
            .collect::<StoreResult<_>>()?;
        // New names must be stored within the transaction, after reading those that exist.
        if !self.names.has_all(&events, before.as_ref().map(|b| &b.incident))? {
            return Ok(None);
        }
        let guard = InsertGuard { command: envelope.id, number: next_number, dedup_key };
        let mut batch = Batch::new(scope.begin());
        let origin = EventOrigin::new(envelope, Some(guard));
        let updated = self.add_events(&mut batch, before, &events, &origin).await?;
        match self.run_and_commit(batch, scope).await {
            Ok(()) => {}
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Constraint => {
                self.roll_back_scope(scope).await;
                self.recent_records.pop(&id);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        }
        let row = updated.incident.summary.clone();
        self.remember(vec![updated]);
        Ok(Some(Outcome { incident: Some(id), row: Some(row), events, replayed: false }))
    }

    /// Reads the incident that another one is merged into, and sets its number in the events of the
    /// merge. Returns it with the events that the merge adds to its timeline.
    async fn absorb_into_target(
        &mut self,
        into: IncidentId,
        from: &Incident,
        events: &mut [Event],
        envelope: &Envelope,
        context: Context<'_>,
    ) -> StoreResult<OtherTimeline> {
        let target = records::load(&mut self.conn, into, true)
            .await?
            .ok_or(BackendError::NotFound(Missing::MergeTarget))?;
        for event in events.iter_mut() {
            if let EventBody::MergedInto { number, .. } = &mut event.body {
                *number = target.incident.summary.number;
            }
        }
        let events = absorb(&target.incident, from, envelope, context)
            .map_err(|rejection| BackendError::rejected(rejection, context.now))?
            .into_iter()
            .map(event_row::truncate_times)
            .collect();
        Ok(OtherTimeline { before: Some(target), events, moved: None })
    }

    /// Adds the statements that append events to one timeline and update the projection.
    async fn add_events(
        &mut self,
        batch: &mut Batch,
        before: Option<KeyedIncident>,
        events: &[Event],
        origin: &EventOrigin,
    ) -> StoreResult<KeyedIncident> {
        let broken = |e: crate::model::incident::TimelineError| StoreError::invalid(e);
        let (old_record, after) = match before {
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
                let old_record = record.incident.clone();
                for event in events {
                    record.incident.apply_next(event).map_err(broken)?;
                }
                (Some(old_record), record)
            }
        };
        for event in events {
            let actor = self.names.intern_actor(&mut self.conn, &event.actor).await?;
            insert_event(batch, after.key, actor, event, origin)?;
            list_event(batch, after.key, event)?;
        }
        let new_row = ProjectedIncident {
            columns: Columns::from_incident(&after.incident),
            names: self.names.intern_incident(&mut self.conn, &after.incident).await?,
        };
        match old_record {
            None => projection::insert(batch, &new_row),
            Some(old_record) => {
                let names = self.names.intern_incident(&mut self.conn, &old_record).await?;
                let seq = old_record.summary.seq;
                let old_row =
                    ProjectedIncident { columns: Columns::from_incident(&old_record), names };
                projection::update(batch, &old_row, &new_row);
                projection::put_snapshot_if_due(batch, seq, &after)?;
            }
        }
        if events.iter().any(|e| affects_search(&e.body)) {
            batch.sql("INSERT OR IGNORE INTO words_todo (incident) VALUES (?);").arg(after.key);
        }
        Ok(after)
    }

    /// Returns the first outcome of a command that was carried out before.
    async fn replay_outcome(
        &mut self,
        incident: IncidentId,
        events: Vec<Event>,
    ) -> StoreResult<Outcome> {
        let row = read_summary(&mut self.conn, incident).await?;
        Ok(Outcome { incident: Some(incident), row, events, replayed: true })
    }

    /// Returns the first outcome of a command whose imported events have ids that don't derive from
    /// the command's id.
    async fn replay_import(&mut self, envelope: &Envelope) -> StoreResult<Outcome> {
        let mut batch = Batch::new(&format!(
            "SELECT {COLUMNS}, i.id FROM {FROM} JOIN incident i ON i.key = e.incident
             WHERE e.incident = (SELECT incident FROM command WHERE id = $1) ORDER BY e.seq"
        ));
        batch.arg(envelope.id.as_bytes().to_vec());
        let mut events = Vec::new();
        for row in batch.fetch_all(&mut self.conn).await? {
            let event = event_row::decode(&row, parse_incident_id(row.try_get(9)?)?)?;
            if event.command == envelope.id {
                events.push(event);
            }
        }
        let Some(first) = events.first() else {
            return Err(StoreError::content(format!("command {} has no events", envelope.id)));
        };
        command_identity::check_same_command(envelope, (first.incident, first), None)?;
        self.replay_outcome(first.incident, events).await
    }
}

/// Sets the number of an incident if the event is its declaration.
pub(super) fn assign_number(mut event: Event, next: u64) -> StoreResult<Event> {
    if let EventBody::Declared { number, .. } = &mut event.body {
        if next >= NUMBERS_END {
            return Err(BackendError::not_allowed(OutOfNumbers).into());
        }
        *number = Some(IncidentNumber(next));
    }
    Ok(event)
}

/// Reads the current summary of an incident.
async fn read_summary(conn: &mut SqliteConnection, id: IncidentId) -> StoreResult<Option<Summary>> {
    let mut batch = Batch::new("SELECT row FROM incident WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let row = unpack_row(row.try_get(0)?);
    Ok(Some(row.ok_or_else(|| StoreError::content(format!("the row of incident {id}")))?))
}
