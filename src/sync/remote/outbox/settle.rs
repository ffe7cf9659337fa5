//! What becomes of commands: answered, put off, sent again, rewritten.

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::super::database::to_millis;
use super::super::entry::OutboxEntry;
use super::row::{encode_envelope, insert, read_aliases, resolve_aliases};
use super::{Batch, Outbox, PENDING, REFUSED, SENT};
use crate::api::Details;
use crate::backend::{BackendError, Outcome};
use crate::model::{CommandId, Envelope, IncidentId, Rejection, RejectionKind};

/// A command that could not be delivered.
pub(in crate::sync::remote) struct FailedAttempt {
    pub id: CommandId,
    /// Why.
    pub error: String,
    /// When it is tried again.
    pub next_attempt_at: DateTime<Utc>,
    /// The remote wants to be left alone until then.
    pub not_before: Option<DateTime<Utc>>,
}

impl Outbox {
    /// A command was carried out.
    pub(in crate::sync::remote) async fn mark_sent(
        &self,
        id: CommandId,
        outcome: &Outcome,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let answer = serde_json::to_string(outcome).unwrap_or_default();
        self.with_conn(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, said = NULL,
                    settled = (SELECT n FROM revision) + 1, next_at = NULL, behind = NULL
                 WHERE id = ? AND state != 1",
            )
            .bind(SENT)
            .bind(answer)
            .bind(to_millis(at))
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Commands could not be delivered: each with why, and when it is tried again.
    pub(in crate::sync::remote) async fn mark_attempted(
        &self,
        tried: &[FailedAttempt],
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            for one in tried {
                sqlx::query(
                    "UPDATE entry SET tries = tries + 1, said = ?, next_at = ?, not_before = ?
                     WHERE id = ? AND state = 0",
                )
                .bind(one.error.clone())
                .bind(to_millis(one.next_attempt_at))
                .bind(one.not_before.map(to_millis))
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
    pub(in crate::sync::remote) async fn reschedule(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL WHERE state = 0 AND next_at NOT NULL
                    AND (not_before IS NULL OR not_before <= ?)",
            )
            .bind(to_millis(now))
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Everything that waits for its next try is tried now, because a person wants it.
    pub(in crate::sync::remote) async fn reschedule_all(&self) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
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
    pub(in crate::sync::remote) async fn mark_refused(
        &self,
        entry: &OutboxEntry,
        error: &BackendError,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let listing = self.snapshot().await?;
        let earlier = listing.refused().filter(|other| {
            let is_same = other.incident().is_some_and(|id| entry.incident() == Some(id));
            other.position < entry.position && is_same
        });
        let earlier = earlier.last();
        let earlier = earlier.map(|other| other.id.as_bytes().to_vec());
        let why = encode_error(error);
        let follows = BackendError::Rejected(Rejection::new(
            RejectionKind::NotNow,
            format!("not sent, because what comes before it was refused: {error}"),
        ));
        let follows = encode_error(&follows);
        self.with_conn(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?, said = NULL,
                    next_at = NULL WHERE id = ? AND state = 0",
            )
            .bind(REFUSED)
            .bind(why)
            .bind(to_millis(at))
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
                .bind(to_millis(at))
                .bind(entry.id.as_bytes().to_vec())
                .bind(entry.batch.as_bytes().to_vec())
                .bind(i64::try_from(entry.position).unwrap_or(i64::MAX))
                .execute(&mut *all)
                .await?;
            }
            all.commit().await
        })
        .await
    }

    /// A refused command is sent again, and with it what was not sent because of it.
    pub(in crate::sync::remote) async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
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
        chain: &Batch,
    ) -> Result<(), BackendError> {
        let Some((first, others)) = chain.envelopes.split_first() else { return Ok(()) };
        let found = self
            .with_conn(async |conn| {
                let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
                let found: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT state, chain FROM entry WHERE id = ?")
                        .bind(old.as_bytes().to_vec())
                        .fetch_optional(&mut *all)
                        .await?;
                let Some((REFUSED, of)) = &found else { return Ok(found) };
                let aliases = read_aliases(&mut all).await?;
                sqlx::query(
                    "UPDATE entry SET id = ?1, chain = ?1, envelope = ?2, label = ?3, title = ?4,
                        state = 0, tries = 0, said = NULL, next_at = NULL, not_before = NULL,
                        answer = NULL, behind = NULL, settled_at = NULL, settled = NULL,
                        person = ?6
                     WHERE id = ?5 AND state = 2",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(encode_envelope(&resolve_aliases(first.clone(), &aliases))?)
                .bind(chain.label.clone())
                .bind(chain.title.clone())
                .bind(old.as_bytes().to_vec())
                .bind(chain.requester.clone())
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
    pub(in crate::sync::remote) async fn redirect(
        &self,
        from: IncidentId,
        to: IncidentId,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
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
                let now = resolve_aliases(envelope.clone(), &[(from, to)]);
                if now != envelope {
                    sqlx::query("UPDATE entry SET envelope = ? WHERE id = ?")
                        .bind(encode_envelope(&now)?)
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
    pub(in crate::sync::remote) async fn set_label(
        &self,
        id: IncidentId,
        label: &str,
    ) -> Result<(), BackendError> {
        let listing = self.snapshot().await?;
        let of: Vec<CommandId> = listing
            .entries
            .iter()
            .filter(|entry| entry.incident() == Some(id) && entry.label != label)
            .map(|entry| entry.id)
            .collect();
        self.with_conn(async |conn| {
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

fn encode_error(error: &BackendError) -> String {
    serde_json::to_string(&Details::from(error.clone())).unwrap_or_default()
}
