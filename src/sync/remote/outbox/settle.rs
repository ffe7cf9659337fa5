//! Records the results of commands: answered, postponed, sent again, replaced.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection, SqliteConnection};

use super::super::database::to_millis;
use super::super::entry::{MAX_AHEAD, OutboxEntry, incident};
use super::row::{encode_envelope, insert, read_aliases, resolve_aliases};
use super::state::StoredState;
use super::{Batch, Outbox};
use crate::api::Details;
use crate::backend::{BackendError, Outcome};
use crate::model::{CommandId, DatedSentence, Envelope, IncidentId, Rejection, RejectionKind};

/// A command that could not be delivered.
pub(in crate::sync::remote) struct FailedAttempt {
    pub id: CommandId,
    /// The reason why the attempt failed.
    pub error: String,
    /// When the next attempt is due.
    pub next_attempt_at: DateTime<Utc>,
    /// The remote accepts no attempt before this time.
    pub not_before: Option<DateTime<Utc>>,
}

impl Outbox {
    /// Records that a command was carried out.
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
                    settled = (SELECT n FROM revision) + 1, next_at = NULL, behind = NULL,
                    generation = (SELECT value FROM about WHERE name = 'generation')
                 WHERE id = ? AND state != 1",
            )
            .bind(StoredState::Sent.to_stored())
            .bind(answer)
            .bind(to_millis(at))
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Records failed attempts: for each, why it failed and when the next one is due.
    pub(in crate::sync::remote) async fn mark_attempted(
        &self,
        attempts: &[FailedAttempt],
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            for attempt in attempts {
                sqlx::query(
                    "UPDATE entry SET tries = tries + 1, said = ?, next_at = ?, not_before = ?
                     WHERE id = ? AND state = 0",
                )
                .bind(attempt.error.clone())
                .bind(to_millis(attempt.next_attempt_at))
                .bind(attempt.not_before.map(to_millis))
                .bind(attempt.id.as_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Makes commands due that wait for their next attempt because the remote was unreachable. What
    /// the remote itself has postponed still waits.
    pub(in crate::sync::remote) async fn reschedule(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL WHERE state = 0 AND next_at NOT NULL
                    AND (not_before IS NULL OR not_before <= ? OR not_before > ?)",
            )
            .bind(to_millis(now))
            .bind(to_millis(now + MAX_AHEAD))
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Makes all pending commands due, because a person requests it.
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

    /// Records by how much the times of commands are corrected, where that is not decided yet.
    pub(in crate::sync::remote) async fn decide_clock_offset(
        &self,
        ids: &[CommandId],
        offset: TimeDelta,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            for id in ids {
                sqlx::query(
                    "UPDATE entry SET clock_offset = ?
                     WHERE id = ? AND state = 0 AND clock_offset IS NULL",
                )
                .bind(offset.num_milliseconds())
                .bind(id.as_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Corrects the times of a pending command by another difference of the clocks. Only for a
    /// command that the remote has refused: it becomes a different one.
    pub(in crate::sync::remote) async fn replace_clock_offset(
        &self,
        id: CommandId,
        offset: TimeDelta,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query("UPDATE entry SET clock_offset = ? WHERE id = ? AND state = 0")
                .bind(offset.num_milliseconds())
                .bind(id.as_bytes().to_vec())
                .execute(conn)
                .await
        })
        .await
        .map(|_| ())
    }

    /// Records that a command was refused. The later commands of its batch are not sent either,
    /// unless it was a declaration: then the commands that need it are blocked.
    pub(in crate::sync::remote) async fn mark_refused(
        &self,
        entry: &OutboxEntry,
        error: &BackendError,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            refuse(&mut tx, entry, error, at).await?;
            tx.commit().await
        })
        .await
    }

    /// Makes a refused command pending again, together with the commands that were not sent because
    /// of it.
    pub(in crate::sync::remote) async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?1, tries = 0, said = NULL, next_at = NULL,
                    not_before = NULL, answer = NULL, behind = NULL, settled_at = NULL
                 WHERE state = 2 AND (id = ?2 OR (behind = ?2 AND chain =
                    (SELECT chain FROM entry WHERE id = ?2)))",
            )
            .bind(StoredState::Pending.to_stored())
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Replaces a refused command by others. The first takes over its position, and the commands
    /// that were not sent because of the old one become pending with it. If the old one is not
    /// refused any more, nothing changes: both would be sent.
    pub(in crate::sync::remote) async fn replace(
        &self,
        old: CommandId,
        batch: &Batch,
    ) -> Result<(), BackendError> {
        let Some((first, others)) = batch.envelopes.split_first() else { return Ok(()) };
        let found = self
            .with_conn(async |conn| {
                let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
                let found: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT state, chain FROM entry WHERE id = ?")
                        .bind(old.as_bytes().to_vec())
                        .fetch_optional(&mut *tx)
                        .await?;
                let Some((state, old_batch)) = found else { return Ok(None) };
                let state = StoredState::from_stored(state);
                if state != Some(StoredState::Refused) {
                    return Ok(Some(state));
                }
                let aliases = read_aliases(&mut tx).await?;
                sqlx::query(
                    "UPDATE entry SET id = ?1, chain = ?1, envelope = ?2, label = ?3, title = ?4,
                        state = 0, tries = 0, said = NULL, next_at = NULL, not_before = NULL,
                        answer = NULL, behind = NULL, settled_at = NULL, settled = NULL,
                        person = ?6, token = ?7, clock_offset = ?8, approved = 0
                     WHERE id = ?5 AND state = 2",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(encode_envelope(&resolve_aliases(first.clone(), &aliases))?)
                .bind(batch.label.clone())
                .bind(batch.title.clone())
                .bind(old.as_bytes().to_vec())
                .bind(batch.requester.clone())
                .bind(batch.token.clone())
                .bind(batch.clock_offset.map(|offset| offset.num_milliseconds()))
                .execute(&mut *tx)
                .await?;
                sqlx::query(
                    "UPDATE entry SET state = 0, tries = 0, said = NULL, next_at = NULL,
                        not_before = NULL, answer = NULL, settled_at = NULL, settled = NULL
                     WHERE state = 2 AND behind = ? AND chain = ?",
                )
                .bind(old.as_bytes().to_vec())
                .bind(old_batch.clone())
                .execute(&mut *tx)
                .await?;
                // The successors of the old command now follow the new one.
                sqlx::query(
                    "UPDATE entry SET chain = ?1 WHERE state = 0 AND chain = ?2
                        AND place > (SELECT place FROM entry WHERE id = ?1)",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(old_batch.clone())
                .execute(&mut *tx)
                .await?;
                sqlx::query(
                    "UPDATE entry SET behind = CASE state WHEN 0 THEN NULL ELSE ? END
                     WHERE behind = ?",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(old.as_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
                for envelope in others {
                    insert(&mut tx, batch, envelope, &aliases).await?;
                }
                tx.commit().await?;
                Ok(Some(state))
            })
            .await?;
        let why = match found {
            Some(Some(StoredState::Refused)) => return Ok(()),
            Some(Some(StoredState::Sent)) => {
                "it was sent meanwhile as it was: send this only if it is needed too"
            }
            Some(_) => "it is being sent again as it was: see first what becomes of it",
            None => "it is not in the outbox any more: somebody dropped or rewrote it meanwhile",
        };
        let rejection = Rejection::foreign(RejectionKind::Conflict, why);
        Err(BackendError::rejected(rejection, Utc::now()))
    }

    /// Records that a declared incident is counted in another. Stored commands are redirected to
    /// that one, and so are later ones.
    pub(in crate::sync::remote) async fn redirect(
        &self,
        from: IncidentId,
        to: IncidentId,
    ) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("INSERT OR REPLACE INTO alias (id, is_now) VALUES (?, ?)")
                .bind(from.as_bytes().to_vec())
                .bind(to.as_bytes().to_vec())
                .execute(&mut *tx)
                .await?;
            let unsent: Vec<(Vec<u8>, String)> =
                sqlx::query_as("SELECT id, envelope FROM entry WHERE state != 1")
                    .fetch_all(&mut *tx)
                    .await?;
            for (id, text) in unsent {
                let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { continue };
                let redirected = resolve_aliases(envelope.clone(), &[(from, to)]);
                if redirected != envelope {
                    sqlx::query("UPDATE entry SET envelope = ? WHERE id = ?")
                        .bind(encode_envelope(&redirected)?)
                        .bind(id)
                        .execute(&mut *tx)
                        .await?;
                }
            }
            tx.commit().await
        })
        .await
    }

    /// Labels the commands about a declared incident with its number, once it has one.
    pub(in crate::sync::remote) async fn set_label(
        &self,
        id: IncidentId,
        label: &str,
    ) -> Result<(), BackendError> {
        let snapshot = self.snapshot().await?;
        let ids: Vec<CommandId> = snapshot
            .entries
            .iter()
            .filter(|entry| entry.incident() == Some(id) && entry.label != label)
            .map(|entry| entry.id)
            .collect();
        self.with_conn(async |conn| {
            for id in ids {
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

/// Records that a pending command was refused, and that the later ones of its batch are not sent either, in a
/// transaction of the caller: another process may send them again or drop them.
pub(super) async fn refuse(
    conn: &mut SqliteConnection,
    entry: &OutboxEntry,
    error: &BackendError,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let kind = RejectionKind::NotNow;
    let because = "not sent, because what comes before it was refused: ";
    let following = match error.dated() {
        None => Rejection::foreign(kind, format!("{because}{error}")),
        Some(dated) => {
            let before = format!("{because}{}", dated.before);
            let sentence = DatedSentence { before, ..dated };
            Rejection::ForeignDated { kind, sentence }
        }
    };
    let following = encode_error(&BackendError::rejected(following, at));
    let earlier = find_refused_before(conn, entry).await?;
    sqlx::query(
        "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?, said = NULL,
            next_at = NULL WHERE id = ? AND state = 0",
    )
    .bind(StoredState::Refused.to_stored())
    .bind(encode_error(error))
    .bind(to_millis(at))
    .bind(earlier)
    .bind(entry.id.as_bytes().to_vec())
    .execute(&mut *conn)
    .await?;
    if entry.declares().is_none() {
        sqlx::query(
            "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?
             WHERE chain = ? AND place > ? AND state = 0",
        )
        .bind(StoredState::Refused.to_stored())
        .bind(following)
        .bind(to_millis(at))
        .bind(entry.id.as_bytes().to_vec())
        .bind(entry.batch.as_bytes().to_vec())
        .bind(i64::try_from(entry.position).unwrap_or(i64::MAX))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Returns the id of the last refused command before another one that is about the same incident.
async fn find_refused_before(
    conn: &mut SqliteConnection,
    entry: &OutboxEntry,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let Some(about) = entry.incident() else { return Ok(None) };
    let refused: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT id, envelope FROM entry WHERE state = ? AND place < ? ORDER BY place DESC",
    )
    .bind(StoredState::Refused.to_stored())
    .bind(i64::try_from(entry.position).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let is_same = |text: &str| {
        let envelope: Option<Envelope> = serde_json::from_str(text).ok();
        envelope.and_then(|envelope| incident(&envelope.command)) == Some(about)
    };
    Ok(refused.into_iter().find(|(_, envelope)| is_same(envelope)).map(|(id, _)| id))
}

fn encode_error(error: &BackendError) -> String {
    serde_json::to_string(&Details::from(error.clone())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Actor, Command, IncidentCommand, PersonRef};

    fn note(incident: IncidentId, text: &str) -> Batch {
        let envelope = Envelope {
            id: CommandId::new(),
            at: DateTime::UNIX_EPOCH,
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::incident(incident, IncidentCommand::AddNote { text: text.into() }),
            expected_seq: None,
        };
        Batch {
            envelopes: vec![envelope],
            label: "INC-1".into(),
            title: String::new(),
            requester: None,
            clock_offset: None,
            token: None,
        }
    }

    #[tokio::test]
    async fn refusal_names_no_command_that_was_dropped_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, _) = Outbox::open(folder.path()).await.unwrap();
        let (theirs, _) = Outbox::open(folder.path()).await.unwrap();
        let incident = IncidentId::new();
        let batches = [note(incident, "one"), note(incident, "two"), note(incident, "three")];
        let mut entries = Vec::new();
        for batch in &batches {
            ours.enqueue(batch).await.unwrap();
            entries.push(ours.get(batch.envelopes[0].id).await.unwrap().unwrap());
        }
        let [one, two, three] = &entries[..] else { panic!("{entries:?}") };
        let (error, at) = (BackendError::NotAllowed("no".into()), DateTime::UNIX_EPOCH);
        ours.mark_refused(one, &error, at).await.unwrap();
        ours.mark_refused(two, &error, at).await.unwrap();
        assert_eq!(ours.get(two.id).await.unwrap().unwrap().blocked_by, Some(one.id));
        // Another process drops the second command while the third one is refused.
        let mut conn = theirs.conn.lock().await;
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query("DELETE FROM entry WHERE id = ?")
            .bind(two.id.as_bytes().to_vec())
            .execute(&mut *tx)
            .await
            .unwrap();
        let commit = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            tx.commit().await.unwrap();
        };
        let (refused, ()) = tokio::join!(ours.mark_refused(three, &error, at), commit);
        refused.unwrap();
        assert_eq!(ours.get(three.id).await.unwrap().unwrap().blocked_by, Some(one.id));
    }
}
