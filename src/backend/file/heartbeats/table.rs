//! The table of heartbeats, and the changes of it that belong to changes of incidents.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::model::signals::Heartbeat;

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
    /// It is silent, unless it was received since `last`, or is said to be silent already.
    Silence {
        /// Its name.
        name: String,
        /// When it was received last, or since when it is expected.
        last: DateTime<Utc>,
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

fn put_values(batch: &mut Batch, heartbeat: &Heartbeat) -> StoreResult<()> {
    batch
        .arg(heartbeat.name.clone())
        .arg(heartbeat.last_or_since().timestamp_millis())
        .arg(encode_json(heartbeat)?);
    Ok(())
}

impl HeartbeatChange {
    /// Carries out the change in the running transaction, and returns the heartbeat; `None` if it does
    /// not apply any more.
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
            Self::Silence { name, last, at } => {
                let stored = read_heartbeat(conn, name).await?;
                let is_silent = |heartbeat: &Heartbeat| {
                    heartbeat.silent_since.is_none() && heartbeat.last_or_since() == *last
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
