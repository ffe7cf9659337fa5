//! Names that many rows share, stored once.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::sql::Batch;
use crate::model::{Actor, Event, EventBody, Incident, PersonRef};

/// What a name names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum NameKind {
    Service = 1,
    Team = 2,
    Person = 3,
    Actor = 4,
}

/// Known names are forgotten when there are more than this.
const MAX_CACHED: usize = 20_000;

/// The ids of names, as far as one writer knows them.
#[derive(Default)]
pub(super) struct NameInterner {
    ids: HashMap<(NameKind, String), i64>,
    uncommitted: Vec<(NameKind, String)>,
}

/// The ids of an incident's names; 0 stands for none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct NameIds {
    pub services: Vec<i64>,
    pub team: i64,
    pub assignee: i64,
}

impl NameIds {
    /// The primary service.
    pub(super) fn primary_service(&self) -> i64 {
        self.services.first().copied().unwrap_or(0)
    }
}

/// A person as a name.
pub(super) fn person_text(person: &PersonRef) -> StoreResult<String> {
    serde_json::to_string(person).map_err(|e| StoreError::content(e.to_string()))
}

impl NameInterner {
    /// The id of a name; it is stored if it is new.
    pub(super) async fn intern(
        &mut self,
        conn: &mut SqliteConnection,
        kind: NameKind,
        text: String,
    ) -> StoreResult<i64> {
        let name = (kind, text);
        if let Some(id) = self.ids.get(&name) {
            return Ok(*id);
        }
        let mut batch = Batch::new(
            "INSERT OR IGNORE INTO name (kind, text) VALUES ($1, $2);
             SELECT id FROM name WHERE kind = $1 AND text = $2",
        );
        batch.arg(kind as i64).arg(name.1.clone());
        let rows = batch.fetch_result_sets(conn).await?;
        let id = rows
            .last()
            .and_then(|rows| rows.first())
            .ok_or_else(|| StoreError::content("a name can't be stored"))?
            .try_get(0)?;
        self.uncommitted.push(name.clone());
        self.ids.insert(name, id);
        Ok(id)
    }

    /// The id of an actor.
    pub(super) async fn intern_actor(
        &mut self,
        conn: &mut SqliteConnection,
        actor: &Actor,
    ) -> StoreResult<i64> {
        let text = serde_json::to_string(actor).map_err(|e| StoreError::content(e.to_string()))?;
        self.intern(conn, NameKind::Actor, text).await
    }

    /// The ids of what an incident names.
    pub(super) async fn intern_incident(
        &mut self,
        conn: &mut SqliteConnection,
        incident: &Incident,
    ) -> StoreResult<NameIds> {
        let row = &incident.summary;
        let mut ids = NameIds::default();
        for service in &row.services {
            ids.services.push(self.intern(conn, NameKind::Service, service.clone()).await?);
        }
        if let Some(team) = &row.team {
            ids.team = self.intern(conn, NameKind::Team, team.clone()).await?;
        }
        if let Some(person) = &row.assignee {
            ids.assignee = self.intern(conn, NameKind::Person, person_text(person)?).await?;
        }
        Ok(ids)
    }

    /// Whether all names of these events and of what they lead to are known to be stored.
    pub(super) fn has_all(&self, events: &[Event], before: Option<&Incident>) -> StoreResult<bool> {
        let has = |kind: NameKind, text: String| self.ids.contains_key(&(kind, text));
        for event in events {
            let actor = serde_json::to_string(&event.actor)
                .map_err(|e| StoreError::content(e.to_string()))?;
            let there = has(NameKind::Actor, actor)
                && match &event.body {
                    EventBody::Declared { declaration, .. } => {
                        declaration.services.iter().all(|s| has(NameKind::Service, s.clone()))
                            && declaration.team.iter().all(|t| has(NameKind::Team, t.clone()))
                    }
                    EventBody::ServicesSet { services } => {
                        services.iter().all(|s| has(NameKind::Service, s.clone()))
                    }
                    EventBody::TeamSet { team: Some(team) } => has(NameKind::Team, team.clone()),
                    EventBody::Assigned { to: Some(person) } => {
                        has(NameKind::Person, person_text(person)?)
                    }
                    _ => true,
                };
            if !there {
                return Ok(false);
            }
        }
        let Some(before) = before else { return Ok(true) };
        let row = &before.summary;
        let person = row.assignee.as_ref().map(person_text).transpose()?;
        Ok(row.services.iter().all(|s| has(NameKind::Service, s.clone()))
            && row.team.iter().all(|t| has(NameKind::Team, t.clone()))
            && person.is_none_or(|p| has(NameKind::Person, p)))
    }

    /// The transaction was committed: new names stay.
    pub(super) fn on_commit(&mut self) {
        self.uncommitted.clear();
        if self.ids.len() > MAX_CACHED {
            self.ids.clear();
        }
    }

    /// The transaction was rolled back: new names are gone.
    pub(super) fn on_rollback(&mut self) {
        for name in self.uncommitted.drain(..) {
            self.ids.remove(&name);
        }
    }
}
