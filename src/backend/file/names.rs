//! Interned names: a name that many rows share is stored once and referred to by its id.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lru::LruCache;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::model::{Actor, Event, EventBody, Incident, PersonRef};

/// The kinds of things that have a name. The numbers are stored: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(i64)]
pub(super) enum NameKind {
    Service = 1,
    Team = 2,
    Person = 3,
    Actor = 4,
}

impl NameKind {
    /// Returns the number that is stored.
    pub(super) const fn to_stored(self) -> i64 {
        self as i64
    }
}

/// The largest number of cached names.
const MAX_CACHED: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is not zero");

/// Stores names and caches the ids of those that were used last, for one writer.
pub(super) struct NameInterner {
    ids: LruCache<(NameKind, String), i64>,
    /// Names that the running transaction stored or looked up.
    uncommitted: HashSet<(NameKind, String)>,
}

/// The ids of the names of an incident; 0 means none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct NameIds {
    pub services: Vec<i64>,
    pub team: i64,
    /// The teams that help.
    pub helpers: Vec<i64>,
    pub assignee: i64,
}

impl NameIds {
    /// Returns the id of the primary service; 0 if there is none.
    pub(super) fn primary_service(&self) -> i64 {
        self.services.first().copied().unwrap_or(0)
    }
}

/// Encodes a person as the text of a name.
pub(super) fn person_text(person: &PersonRef) -> StoreResult<String> {
    encode_json(person)
}

/// Returns everybody who leads or has led an incident, in no order.
pub(super) async fn read_people(conn: &mut SqliteConnection) -> StoreResult<Vec<PersonRef>> {
    let mut batch = Batch::new("SELECT text FROM name WHERE kind = ?");
    batch.arg(NameKind::Person.to_stored());
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_json(row.try_get(0)?, "a person")).collect()
}

impl Default for NameInterner {
    fn default() -> Self {
        // The table grows with its content. `LruCache::new` would allocate the complete table
        // immediately.
        let mut ids = LruCache::unbounded();
        ids.resize(MAX_CACHED);
        Self { ids, uncommitted: HashSet::new() }
    }
}

impl NameInterner {
    /// Returns the id of a name, and stores the name if it is new.
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
        batch.arg(kind.to_stored()).arg(name.1.clone());
        let rows = batch.fetch_result_sets(conn).await?;
        let id = rows
            .last()
            .and_then(|rows| rows.first())
            .ok_or_else(|| StoreError::content("a name can't be stored"))?
            .try_get(0)?;
        self.uncommitted.insert(name.clone());
        self.ids.put(name, id);
        Ok(id)
    }

    /// Returns the id of an actor, and stores the actor if it is new.
    pub(super) async fn intern_actor(
        &mut self,
        conn: &mut SqliteConnection,
        actor: &Actor,
    ) -> StoreResult<i64> {
        self.intern(conn, NameKind::Actor, encode_json(actor)?).await
    }

    /// Returns the ids of the names of an incident, and stores those that are new.
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
        for team in &incident.teams {
            ids.helpers.push(self.intern(conn, NameKind::Team, team.clone()).await?);
        }
        if let Some(person) = &row.assignee {
            ids.assignee = self.intern(conn, NameKind::Person, person_text(person)?).await?;
        }
        Ok(ids)
    }

    /// Returns whether the ids of all names in these events and in the record `before` are cached.
    pub(super) fn has_all(&self, events: &[Event], before: Option<&Incident>) -> StoreResult<bool> {
        let has = |kind: NameKind, text: String| self.ids.contains(&(kind, text));
        for event in events {
            let all_cached = has(NameKind::Actor, encode_json(&event.actor)?)
                && match &event.body {
                    EventBody::Declared { declaration, .. } => {
                        declaration.services.iter().all(|s| has(NameKind::Service, s.clone()))
                            && declaration.team.iter().all(|t| has(NameKind::Team, t.clone()))
                    }
                    EventBody::ServicesSet { services } => {
                        services.iter().all(|s| has(NameKind::Service, s.clone()))
                    }
                    EventBody::TeamSet { team: Some(team), .. }
                    | EventBody::TeamInvolved { team, .. } => has(NameKind::Team, team.clone()),
                    EventBody::Assigned { to: Some(person) } => {
                        has(NameKind::Person, person_text(person)?)
                    }
                    _ => true,
                };
            if !all_cached {
                return Ok(false);
            }
        }
        let Some(before) = before else { return Ok(true) };
        let row = &before.summary;
        let person = row.assignee.as_ref().map(person_text).transpose()?;
        Ok(row.services.iter().all(|s| has(NameKind::Service, s.clone()))
            && row.team.iter().chain(&before.teams).all(|t| has(NameKind::Team, t.clone()))
            && person.is_none_or(|p| has(NameKind::Person, p)))
    }

    /// Called when the transaction was committed: its names stay in the cache.
    pub(super) fn on_commit(&mut self) {
        self.uncommitted.clear();
    }

    /// Called when the transaction was rolled back: its names are removed from the cache.
    pub(super) fn on_rollback(&mut self) {
        for name in self.uncommitted.drain() {
            self.ids.pop(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_names_have_the_numbers_of_all_versions() {
        let kinds = [NameKind::Service, NameKind::Team, NameKind::Person, NameKind::Actor];
        assert_eq!(kinds.map(NameKind::to_stored), [1, 2, 3, 4]);
    }
}
