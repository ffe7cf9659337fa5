//! The table of heartbeats, and the changes of it that belong to changes of incidents.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::model::signals::{Heartbeat, HeartbeatDefinition, HeartbeatEdit, HeartbeatFault};

/// A change of a heartbeat in the transaction that stores an alert about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::backend::file) enum HeartbeatChange {
    /// It was received.
    Beat {
        /// Its name.
        name: String,
        /// When it was received.
        at: DateTime<Utc>,
    },
    /// It becomes silent, unless it was received since `last`, is defined in another way by now, or is
    /// silent already.
    Silence {
        /// Its name.
        name: String,
        /// When it was last received, otherwise since when it is expected.
        last: DateTime<Utc>,
        /// What a program has defined of it.
        definition: Option<HeartbeatDefinition>,
        /// Since when it counts as silent.
        at: DateTime<Utc>,
    },
}

/// Reads all heartbeats, by name.
pub(super) async fn read_heartbeats(conn: &mut SqliteConnection) -> StoreResult<Vec<Heartbeat>> {
    let rows = Batch::new("SELECT body FROM heartbeat ORDER BY name").fetch_all(conn).await?;
    rows.iter().map(|row| parse_json(row.try_get(0)?, "a heartbeat")).collect()
}

async fn read_heartbeat(conn: &mut SqliteConnection, name: &str) -> StoreResult<Option<Heartbeat>> {
    let mut batch = Batch::new("SELECT body FROM heartbeat WHERE name = ?");
    batch.arg(name.to_owned());
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_json(row.try_get(0)?, "a heartbeat")).transpose()
}

/// Adds the statement that stores a heartbeat, unless there is one with the name.
pub(super) fn put_new(batch: &mut Batch, heartbeat: &Heartbeat) -> StoreResult<()> {
    batch.sql("INSERT OR IGNORE INTO heartbeat (name, last, body) VALUES (?, ?, ?);");
    put_values(batch, heartbeat)
}

/// Changes the definition of a heartbeat in the running transaction, and returns it as it is then.
pub(super) async fn edit(
    conn: &mut SqliteConnection,
    name: &str,
    edit: HeartbeatEdit,
    at: DateTime<Utc>,
) -> StoreResult<Result<Heartbeat, HeartbeatFault>> {
    let stored = read_heartbeats(conn).await?;
    let count = stored.iter().filter(|heartbeat| heartbeat.definition.is_some()).count();
    let stored = stored.into_iter().find(|heartbeat| heartbeat.name == name);
    let changed = match edit.apply(name, stored, count, at) {
        Ok(changed) => changed,
        Err(fault) => return Ok(Err(fault)),
    };
    if changed.definition.is_some() {
        let mut batch =
            Batch::new("INSERT OR REPLACE INTO heartbeat (name, last, body) VALUES (?, ?, ?);");
        put_values(&mut batch, &changed)?;
        batch.run(conn).await?;
    } else {
        let mut batch = Batch::new("DELETE FROM heartbeat WHERE name = ?;");
        batch.arg(name.to_owned());
        batch.run(conn).await?;
    }
    Ok(Ok(changed))
}

/// Adds the values of the columns of a heartbeat.
pub(super) fn put_values(batch: &mut Batch, heartbeat: &Heartbeat) -> StoreResult<()> {
    batch
        .arg(heartbeat.name.clone())
        .arg(heartbeat.last_or_since().timestamp_millis())
        .arg(encode_json(heartbeat)?);
    Ok(())
}

impl HeartbeatChange {
    /// Carries out the change in the running transaction, and returns the heartbeat; `None` if it
    /// no longer applies.
    pub(in crate::backend::file) async fn apply(
        &self,
        conn: &mut SqliteConnection,
    ) -> StoreResult<Option<Heartbeat>> {
        let changed = match self {
            Self::Beat { name, at } => {
                let stored = read_heartbeat(conn, name).await?;
                let mut heartbeat = stored.unwrap_or_else(|| Heartbeat::new(name, *at));
                heartbeat.beat(*at);
                heartbeat
            }
            Self::Silence { name, last, definition, at } => {
                let stored = read_heartbeat(conn, name).await?;
                let is_silent = |heartbeat: &Heartbeat| {
                    heartbeat.silent_since.is_none()
                        && heartbeat.last_or_since() == *last
                        && heartbeat.definition == *definition
                };
                let Some(mut heartbeat) = stored.filter(is_silent) else { return Ok(None) };
                heartbeat.silent_since = Some(*at);
                heartbeat
            }
        };
        let mut batch =
            Batch::new("INSERT OR REPLACE INTO heartbeat (name, last, body) VALUES (?, ?, ?);");
        put_values(&mut batch, &changed)?;
        batch.run(conn).await?;
        Ok(Some(changed))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;
    use crate::model::signals::{HeartbeatPatch, IntervalUnit};

    #[tokio::test]
    async fn silence_of_another_definition_is_none() {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let table = "CREATE TABLE heartbeat (name TEXT PRIMARY KEY, last INTEGER, body TEXT);";
        Batch::new(table).run(&mut conn).await.unwrap();
        let start = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
        let definition = HeartbeatDefinition {
            every: 10,
            unit: IntervalUnit::Minutes,
            is_enabled: true,
            description: String::new(),
            title: None,
            severity: None,
            labels: Vec::new(),
            team: None,
            extra: <_>::default(),
        };
        let define = HeartbeatEdit::Define(definition);
        let defined = edit(&mut conn, "backup", define, start).await.unwrap().unwrap();
        let silence = |heartbeat: &Heartbeat| HeartbeatChange::Silence {
            name: "backup".into(),
            last: heartbeat.last_or_since(),
            definition: heartbeat.definition.clone(),
            at: start,
        };
        // It is disabled after it was read.
        let patch = HeartbeatPatch { is_enabled: Some(false), ..HeartbeatPatch::default() };
        let disable = HeartbeatEdit::Change(patch);
        let disabled = edit(&mut conn, "backup", disable, start).await.unwrap().unwrap();
        assert_eq!(silence(&defined).apply(&mut conn).await.unwrap(), None);
        let silent = silence(&disabled).apply(&mut conn).await.unwrap().unwrap();
        assert_eq!(silent.silent_since, Some(start));
    }
}
