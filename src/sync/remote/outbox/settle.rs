//! What becomes of commands: answered, put off, sent again, rewritten.

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::super::database::millis;
use super::super::entry::Entry;
use super::row::{aliases, insert, json, meant};
use super::{Chain, Outbox, PENDING, REFUSED, SENT};
use crate::api::Details;
use crate::backend::{BackendError, Outcome};
use crate::model::{CommandId, Envelope, IncidentId, Rejection, RejectionKind};

/// A command that could not be delivered.
pub(in crate::sync::remote) struct Tried {
    pub id: CommandId,
    /// Why.
    pub said: String,
    /// When it is tried again.
    pub next_at: DateTime<Utc>,
    /// The remote wants to be left alone until then.
    pub not_before: Option<DateTime<Utc>>,
}

impl Outbox {
    /// A command was carried out.
    pub(in crate::sync::remote) async fn sent(
        &self,
        id: CommandId,
        outcome: &Outcome,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let answer = serde_json::to_string(outcome).unwrap_or_default();
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, said = NULL,
                    settled = (SELECT n FROM revision) + 1, next_at = NULL, behind = NULL
                 WHERE id = ? AND state != 1",
            )
            .bind(SENT)
            .bind(answer)
            .bind(millis(at))
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Commands could not be delivered: each with why, and when it is tried again.
    pub(in crate::sync::remote) async fn tried(&self, tried: &[Tried]) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            for one in tried {
                sqlx::query(
                    "UPDATE entry SET tries = tries + 1, said = ?, next_at = ?, not_before = ?
                     WHERE id = ? AND state = 0",
                )
                .bind(one.said.clone())
                .bind(millis(one.next_at))
                .bind(one.not_before.map(millis))
                .bind(one.id.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
            }
            all.commit().await
        })
        .await
    }

    /// What waits for its next try because the remote was gone is tried now. What the remote itself
    /// has put off is not.
    pub(in crate::sync::remote) async fn hurry(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL WHERE state = 0 AND next_at NOT NULL
                    AND (not_before IS NULL OR not_before <= ?)",
            )
            .bind(millis(now))
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Everything that waits for its next try is tried now, because a person wants it.
    pub(in crate::sync::remote) async fn at_once(&self) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL, not_before = NULL
                 WHERE state = 0 AND (next_at NOT NULL OR not_before NOT NULL)",
            )
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// A command was refused. What was asked together with it and follows is not sent either,
    /// unless it was a declaration: what needs that is held.
    pub(in crate::sync::remote) async fn refused(
        &self,
        entry: &Entry,
        error: &BackendError,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let listing = self.listing().await?;
        let earlier = listing.refused().filter(|other| {
            let is_same = other.incident().is_some_and(|id| entry.incident() == Some(id));
            other.place < entry.place && is_same
        });
        let earlier = earlier.last();
        let earlier = earlier.map(|other| other.id.as_bytes().to_vec());
        let why = details(error);
        let follows = BackendError::Rejected(Rejection::new(
            RejectionKind::NotNow,
            format!("not sent, because what comes before it was refused: {error}"),
        ));
        let follows = details(&follows);
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?, said = NULL,
                    next_at = NULL WHERE id = ? AND state = 0",
            )
            .bind(REFUSED)
            .bind(why)
            .bind(millis(at))
            .bind(earlier)
            .bind(entry.id.as_bytes().to_vec())
            .execute(&mut *all)
            .await?;
            if entry.declares().is_none() {
                sqlx::query(
                    "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?
                     WHERE chain = ? AND place > ? AND state = 0",
                )
                .bind(REFUSED)
                .bind(follows)
                .bind(millis(at))
                .bind(entry.id.as_bytes().to_vec())
                .bind(entry.chain.as_bytes().to_vec())
                .bind(i64::try_from(entry.place).unwrap_or(i64::MAX))
                .execute(&mut *all)
                .await?;
            }
            all.commit().await
        })
        .await
    }

    /// A refused command is sent again, and with it what was not sent because of it.
    pub(in crate::sync::remote) async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?1, tries = 0, said = NULL, next_at = NULL,
                    not_before = NULL, answer = NULL, behind = NULL, settled_at = NULL
                 WHERE state = 2 AND (id = ?2 OR (behind = ?2 AND chain =
                    (SELECT chain FROM entry WHERE id = ?2)))",
            )
            .bind(PENDING)
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Puts commands in the place of one that was refused; the first keeps its place in the order, and
    /// what was not sent because of the old one goes with it. Where the old one is not refused any
    /// more nothing changes: both would be sent.
    pub(in crate::sync::remote) async fn replace(
        &self,
        old: CommandId,
        chain: &Chain,
    ) -> Result<(), BackendError> {
        let Some((first, others)) = chain.envelopes.split_first() else { return Ok(()) };
        let found = self
            .work(async |conn| {
                let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
                let found: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT state, chain FROM entry WHERE id = ?")
                        .bind(old.as_bytes().to_vec())
                        .fetch_optional(&mut *all)
                        .await?;
                let Some((REFUSED, of)) = &found else { return Ok(found) };
                let aliases = aliases(&mut all).await?;
                sqlx::query(
                    "UPDATE entry SET id = ?1, chain = ?1, envelope = ?2, label = ?3, title = ?4,
                        state = 0, tries = 0, said = NULL, next_at = NULL, not_before = NULL,
                        answer = NULL, behind = NULL, settled_at = NULL, settled = NULL,
                        person = ?6
                     WHERE id = ?5 AND state = 2",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(json(&meant(first.clone(), &aliases))?)
                .bind(chain.label.clone())
                .bind(chain.title.clone())
                .bind(old.as_bytes().to_vec())
                .bind(chain.person.clone())
                .execute(&mut *all)
                .await?;
                sqlx::query(
                    "UPDATE entry SET state = 0, tries = 0, said = NULL, next_at = NULL,
                        not_before = NULL, answer = NULL, settled_at = NULL, settled = NULL
                     WHERE state = 2 AND behind = ? AND chain = ?",
                )
                .bind(old.as_bytes().to_vec())
                .bind(of.clone())
                .execute(&mut *all)
                .await?;
                // What follows it belongs to the new one from now on.
                sqlx::query(
                    "UPDATE entry SET chain = ?1 WHERE state = 0 AND chain = ?2
                        AND place > (SELECT place FROM entry WHERE id = ?1)",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(of.clone())
                .execute(&mut *all)
                .await?;
                sqlx::query(
                    "UPDATE entry SET behind = CASE state WHEN 0 THEN NULL ELSE ? END
                     WHERE behind = ?",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(old.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
                for envelope in others {
                    insert(&mut all, chain, envelope, &aliases).await?;
                }
                all.commit().await?;
                Ok(found)
            })
            .await?;
        let why = match found {
            Some((REFUSED, _)) => return Ok(()),
            Some((SENT, _)) => {
                "it was sent meanwhile as it was: send this only if it is needed too"
            }
            Some(_) => "it is being sent again as it was: see first what becomes of it",
            None => "it is not in the outbox any more: somebody dropped or rewrote it meanwhile",
        };
        Err(Rejection::new(RejectionKind::Conflict, why).into())
    }

    /// An incident that was declared here is counted in another: what follows is about that one, also
    /// what is asked later.
    pub(in crate::sync::remote) async fn retarget(
        &self,
        from: IncidentId,
        to: IncidentId,
    ) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("INSERT OR REPLACE INTO alias (id, is_now) VALUES (?, ?)")
                .bind(from.as_bytes().to_vec())
                .bind(to.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
            let waiting: Vec<(Vec<u8>, String)> =
                sqlx::query_as("SELECT id, envelope FROM entry WHERE state != 1")
                    .fetch_all(&mut *all)
                    .await?;
            for (id, text) in waiting {
                let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { continue };
                let now = meant(envelope.clone(), &[(from, to)]);
                if now != envelope {
                    sqlx::query("UPDATE entry SET envelope = ? WHERE id = ?")
                        .bind(json(&now)?)
                        .bind(id)
                        .execute(&mut *all)
                        .await?;
                }
            }
            all.commit().await
        })
        .await
    }

    /// An incident that was declared here has its number: what follows is named by it.
    pub(in crate::sync::remote) async fn name(
        &self,
        id: IncidentId,
        label: &str,
    ) -> Result<(), BackendError> {
        let listing = self.listing().await?;
        let of: Vec<CommandId> = listing
            .entries
            .iter()
            .filter(|entry| entry.incident() == Some(id) && entry.label != label)
            .map(|entry| entry.id)
            .collect();
        self.work(async |conn| {
            for id in of {
                sqlx::query("UPDATE entry SET label = ? WHERE id = ?")
                    .bind(label.to_owned())
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut *conn)
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

fn details(error: &BackendError) -> String {
    serde_json::to_string(&Details::from(error.clone())).unwrap_or_default()
}
