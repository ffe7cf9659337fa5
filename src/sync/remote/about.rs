//! Facts about the remote of an outbox: the token, the store and its generation.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection};

use super::database::{SqlResult, from_millis, to_millis};
use super::outbox::Outbox;
use super::outbox_remote::{OutboxRemote, PutBackNotice};
use crate::backend::{BackendError, PutBack, StoreInfo};

/// The comparison of a response's store with the one that was known until now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StoreChange {
    /// It is the same, in the same generation; or the first one that is known.
    None,
    /// It is the same in another generation: it was put back.
    PutBack,
    /// It is another one.
    Other,
}

type Values = HashMap<String, Option<String>>;

async fn read_values(conn: &mut SqliteConnection) -> SqlResult<Values> {
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as("SELECT name, CAST(value AS TEXT) FROM about").fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

async fn put(conn: &mut SqliteConnection, name: &str, value: Option<String>) -> SqlResult<()> {
    sqlx::query(
        "INSERT INTO about (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = ?2 WHERE value IS NOT ?2",
    )
    .bind(name.to_owned())
    .bind(value)
    .execute(conn)
    .await
    .map(drop)
}

impl Outbox {
    /// Records by which address and token the outbox is used. A failure is returned, and changes
    /// nothing else.
    pub(super) async fn record_use(
        &self,
        url: &str,
        token: Option<&str>,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("INSERT OR IGNORE INTO address (url) VALUES (?)")
                .bind(url.to_owned())
                .execute(&mut *tx)
                .await?;
            if token.is_some() {
                put(&mut tx, "token", token.map(str::to_owned)).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Returns the known facts about the remote.
    pub(super) async fn remote(&self) -> Result<OutboxRemote, BackendError> {
        self.with_conn(async |conn| {
            let values = read_values(conn).await?;
            let value = |name: &str| values.get(name).cloned().flatten();
            let time = |name: &str| value(name).and_then(|ms| ms.parse().ok()).map(from_millis);
            let generation = value("generation");
            let put_back = match time("put_back_at").filter(|_| value("noticed") != generation) {
                Some(at) => Some(PutBackNotice {
                    put_back: PutBack { at, to: time("put_back_to") },
                    resendable: count_resendable(conn, generation.as_deref()).await?,
                }),
                None => None,
            };
            Ok(OutboxRemote { token: value("token"), store: value("store"), generation, put_back })
        })
        .await
    }

    /// Records the identity of the remote's store, and returns what has changed.
    pub(super) async fn record_store(&self, info: &StoreInfo) -> Result<StoreChange, BackendError> {
        self.with_conn(async |conn| {
            let values = read_values(conn).await?;
            let value = |name: &str| values.get(name).cloned().flatten();
            let (store, generation) = (value("store"), value("generation"));
            let is_same_store = store.as_deref() == Some(&info.id);
            if is_same_store && generation.as_deref() == Some(&info.generation) {
                return Ok(StoreChange::None);
            }
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            put(&mut tx, "store", Some(info.id.clone())).await?;
            put(&mut tx, "generation", Some(info.generation.clone())).await?;
            let put_back = info.put_back.map(|p| (p.at, p.to));
            let millis = |at: Option<DateTime<Utc>>| at.map(|at| to_millis(at).to_string());
            put(&mut tx, "put_back_at", millis(put_back.map(|(at, _)| at))).await?;
            put(&mut tx, "put_back_to", millis(put_back.and_then(|(_, to)| to))).await?;
            if store.is_none() {
                // Commands requested before the remote identified its store were meant for this
                // one.
                sqlx::query("UPDATE entry SET store = ? WHERE store IS NULL")
                    .bind(info.id.clone())
                    .execute(&mut *tx)
                    .await?;
                // Commands sent before this generation began may be lost.
                sqlx::query(
                    "UPDATE entry SET generation = ?1 WHERE generation IS NULL
                        AND (state != 1 OR ?2 IS NULL OR settled_at >= ?2)",
                )
                .bind(info.generation.clone())
                .bind(put_back.map(|(at, _)| to_millis(at)))
                .execute(&mut *tx)
                .await?;
                if count_resendable(&mut tx, Some(&info.generation)).await? == 0 {
                    put(&mut tx, "noticed", Some(info.generation.clone())).await?;
                }
            }
            tx.commit().await?;
            Ok(match store {
                None => StoreChange::None,
                Some(_) if is_same_store => StoreChange::PutBack,
                Some(_) => StoreChange::Other,
            })
        })
        .await
    }

    /// Records that the pending commands of a token are those of a person.
    pub(super) async fn record_requester(
        &self,
        token: &str,
        handle: &str,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query(
                "UPDATE entry SET person = ? WHERE person IS NULL AND token = ? AND state != 1",
            )
            .bind(handle.to_owned())
            .bind(token.to_owned())
            .execute(conn)
            .await
        })
        .await
        .map(drop)
    }

    /// Records that a person has seen that the store was restored from a copy.
    pub(super) async fn acknowledge_put_back(&self) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let values = read_values(conn).await?;
            put(conn, "noticed", values.get("generation").cloned().flatten()).await
        })
        .await
    }

    /// Makes commands that were sent to an earlier generation of the store pending again, with the
    /// same ids. Returns their number.
    pub(super) async fn resend(&self) -> Result<u64, BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            let values = read_values(&mut tx).await?;
            let Some(generation) = values.get("generation").cloned().flatten() else {
                return Ok(0);
            };
            let done = sqlx::query(
                "UPDATE entry SET state = 0, tries = 0, said = NULL, next_at = NULL,
                    not_before = NULL, behind = NULL, settled_at = NULL, settled = NULL,
                    clock_offset = coalesce(clock_offset, 0),
                    earlier_number = CASE WHEN json_valid(answer)
                        THEN json_extract(answer, '$.row.number') END
                 WHERE state = 1 AND generation IS NOT ?1
                    AND (store IS NULL OR store = (SELECT value FROM about WHERE name = 'store'))",
            )
            .bind(generation.clone())
            .execute(&mut *tx)
            .await?;
            put(&mut tx, "noticed", Some(generation)).await?;
            tx.commit().await?;
            Ok(done.rows_affected())
        })
        .await
    }

    /// Allows any token to send a command, because a person has approved it.
    pub(super) async fn approve(
        &self,
        ids: &[crate::model::CommandId],
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            for id in ids {
                sqlx::query("UPDATE entry SET approved = 1 WHERE id = ?")
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut *conn)
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

/// Counts the commands that were sent to an earlier generation of the store.
async fn count_resendable(
    conn: &mut SqliteConnection,
    generation: Option<&str>,
) -> SqlResult<usize> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM entry WHERE state = 1 AND generation IS NOT ?1
            AND (store IS NULL OR store = (SELECT value FROM about WHERE name = 'store'))",
    )
    .bind(generation.map(str::to_owned))
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(count).unwrap_or(0))
}
