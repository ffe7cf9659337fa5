//! Names that many rows share, stored once.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use super::error::{Done, Failure};
use super::sql::Batch;
use crate::model::{Actor, Event, EventBody, Incident, PersonRef};

/// What a name names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    Service = 1,
    Team = 2,
    Person = 3,
    Actor = 4,
}

/// Known names are forgotten when there are more than this.
const KEPT: usize = 20_000;

/// The ids of names, as far as one writer knows them.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<(Kind, String), i64>,
    fresh: Vec<(Kind, String)>,
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
    pub(super) fn service(&self) -> i64 {
        self.services.first().copied().unwrap_or(0)
    }
}

/// A person as a name.
pub(super) fn person_text(person: &PersonRef) -> Done<String> {
    serde_json::to_string(person).map_err(|e| Failure::content(e.to_string()))
}

impl Names {
    /// The id of a name; it is stored if it is new.
    pub(super) async fn id(
        &mut self,
        conn: &mut SqliteConnection,
        kind: Kind,
        text: String,
    ) -> Done<i64> {
        let name = (kind, text);
        if let Some(id) = self.known.get(&name) {
            return Ok(*id);
        }
        let mut batch = Batch::new(
            "INSERT OR IGNORE INTO name (kind, text) VALUES ($1, $2);
             SELECT id FROM name WHERE kind = $1 AND text = $2",
        );
        batch.arg(kind as i64).arg(name.1.clone());
        let rows = batch.rows_of_each(conn).await?;
        let id = rows
            .last()
            .and_then(|rows| rows.first())
            .ok_or_else(|| Failure::content("a name can't be stored"))?
            .try_get(0)?;
        self.fresh.push(name.clone());
        self.known.insert(name, id);
        Ok(id)
    }

    /// The id of an actor.
    pub(super) async fn actor(&mut self, conn: &mut SqliteConnection, actor: &Actor) -> Done<i64> {
        let text = serde_json::to_string(actor).map_err(|e| Failure::content(e.to_string()))?;
        self.id(conn, Kind::Actor, text).await
    }

    /// The ids of what an incident names.
    pub(super) async fn of(
        &mut self,
        conn: &mut SqliteConnection,
        incident: &Incident,
    ) -> Done<NameIds> {
        let row = &incident.summary;
        let mut ids = NameIds::default();
        for service in &row.services {
            ids.services.push(self.id(conn, Kind::Service, service.clone()).await?);
        }
        if let Some(team) = &row.team {
            ids.team = self.id(conn, Kind::Team, team.clone()).await?;
        }
        if let Some(person) = &row.assignee {
            ids.assignee = self.id(conn, Kind::Person, person_text(person)?).await?;
        }
        Ok(ids)
    }

    /// Whether all names of these events and of what they lead to are known to be stored.
    pub(super) fn knows(&self, events: &[Event], before: Option<&Incident>) -> Done<bool> {
        let has = |kind: Kind, text: String| self.known.contains_key(&(kind, text));
        for event in events {
            let actor =
                serde_json::to_string(&event.actor).map_err(|e| Failure::content(e.to_string()))?;
            let there = has(Kind::Actor, actor)
                && match &event.body {
                    EventBody::Declared { declaration, .. } => {
                        declaration.services.iter().all(|s| has(Kind::Service, s.clone()))
                            && declaration.team.iter().all(|t| has(Kind::Team, t.clone()))
                    }
                    EventBody::ServicesSet { services } => {
                        services.iter().all(|s| has(Kind::Service, s.clone()))
                    }
                    EventBody::TeamSet { team: Some(team) } => has(Kind::Team, team.clone()),
                    EventBody::Assigned { to: Some(person) } => {
                        has(Kind::Person, person_text(person)?)
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
        Ok(row.services.iter().all(|s| has(Kind::Service, s.clone()))
            && row.team.iter().all(|t| has(Kind::Team, t.clone()))
            && person.is_none_or(|p| has(Kind::Person, p)))
    }

    /// The transaction was committed: new names stay.
    pub(super) fn keep(&mut self) {
        self.fresh.clear();
        if self.known.len() > KEPT {
            self.known.clear();
        }
    }

    /// The transaction was rolled back: new names are gone.
    pub(super) fn forget(&mut self) {
        for name in self.fresh.drain(..) {
            self.known.remove(&name);
        }
    }
}
