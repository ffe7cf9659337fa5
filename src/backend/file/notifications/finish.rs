//! How claims end: with the result of an attempt, or with the process that has them.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::table::{COLUMNS, StoredNotification, bytes, parse_attempt, put_attempt, uuid_at};
use crate::backend::Claim;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::model::notification::decision::{AttemptResult, apply_result};
use crate::model::notification::{Attempt, AttemptOutcome, Notification, NotificationState};

/// The longest answer of a provider that is stored, in bytes.
const MAX_ANSWER_BYTES: usize = 1024;
/// The longest id of a provider that is stored, in bytes.
const MAX_ID_BYTES: usize = 256;

/// Records a result in a transaction; `None`, with the transaction still open, if the claim is not one
/// of the open store `own` any more.
pub(super) async fn finish_claim(
    conn: &mut SqliteConnection,
    own: Uuid,
    claim: &Claim,
    result: &AttemptResult,
) -> StoreResult<Option<()>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let mut batch = Batch::new(&format!("SELECT {COLUMNS} FROM notification n WHERE n.id = ?"));
    batch.arg(bytes(claim.notification.id));
    let row = batch.fetch_optional(conn).await?;
    let stored = row.as_ref().map(StoredNotification::decode).transpose()?;
    let is_claimed = |stored: &StoredNotification| {
        stored.notification.state == NotificationState::Sending
            && stored.fence == claim.fence
            && stored.claimant == Some(own)
    };
    let Some(stored) = stored.filter(is_claimed) else { return Ok(None) };
    let others = read_bundled(conn, own, stored.notification.id).await?;
    let mut changed = Batch::one_off("");
    end_claim(conn, &mut changed, stored, others, result).await?;
    changed.sql("COMMIT;");
    changed.run(conn).await?;
    Ok(Some(()))
}

/// Claims of an open store that end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub claimant: Uuid,
    /// Those end whose message began before, in milliseconds.
    pub began_before: i64,
    /// Why.
    pub reason: &'static str,
}

/// Ends claims of other open stores, in a transaction. `None`, with the transaction still open, if there
/// are none.
pub(super) async fn release(
    conn: &mut SqliteConnection,
    endings: &[Ending],
    now: DateTime<Utc>,
) -> StoreResult<Option<u64>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let mut changed = Batch::one_off("");
    let mut count = 0;
    for Ending { claimant, began_before, reason } in endings {
        let result = AttemptResult {
            ended_at: now,
            outcome: AttemptOutcome::Interrupted,
            provider_id: None,
            answer: (*reason).to_owned(),
            retry_after: None,
        };
        let mut batch = Batch::new(&format!(
            "SELECT {COLUMNS} FROM notification n
                WHERE n.state = 1 AND n.claimant = ? AND n.bundled_into IS NULL
                    AND ifnull(n.sent, 0) < ?"
        ));
        batch.arg(bytes(*claimant)).arg(*began_before);
        for row in batch.fetch_all(conn).await? {
            let stored = StoredNotification::decode(&row)?;
            let others = read_bundled(conn, *claimant, stored.notification.id).await?;
            end_claim(conn, &mut changed, stored, others, &result).await?;
            count += 1;
        }
    }
    if changed.is_empty() {
        return Ok(None);
    }
    changed.sql("COMMIT;");
    changed.run(conn).await?;
    Ok(Some(count))
}

/// Reads which open stores have claims, and when the first message of each began, in milliseconds.
pub(super) async fn read_claimants(conn: &mut SqliteConnection) -> StoreResult<Vec<(Uuid, i64)>> {
    let batch = Batch::new(
        "SELECT claimant, min(ifnull(sent, 0)) FROM notification
            WHERE state = 1 AND bundled_into IS NULL AND claimant IS NOT NULL GROUP BY claimant",
    );
    let rows = batch.fetch_all(conn).await?;
    let mut claimants = Vec::new();
    for row in &rows {
        let began: i64 = row.try_get_unchecked(1)?;
        if let Some(claimant) = uuid_at(row, 0)? {
            claimants.push((claimant, began));
        }
    }
    Ok(claimants)
}

/// Reads the notifications that an open store sends with the message of another one.
async fn read_bundled(
    conn: &mut SqliteConnection,
    claimant: Uuid,
    into: Uuid,
) -> StoreResult<Vec<StoredNotification>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM notification n
            WHERE n.state = 1 AND n.claimant = ? AND n.bundled_into = ? ORDER BY n.position"
    ));
    batch.arg(bytes(claimant)).arg(bytes(into));
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(StoredNotification::decode).collect()
}

/// Adds the statements that record the result of a message, for the notification and for those that
/// are bundled with it.
async fn end_claim(
    conn: &mut SqliteConnection,
    changed: &mut Batch,
    mut stored: StoredNotification,
    others: Vec<StoredNotification>,
    result: &AttemptResult,
) -> StoreResult<()> {
    let result = shortened(result);
    let attempt = read_attempt(conn, &stored.notification, &result).await?;
    put_attempt(changed, &attempt)?;
    end_one(&mut stored, &result);
    stored.put(changed)?;
    let (id, next_try) = (stored.notification.id, stored.notification.next_try);
    for mut other in others {
        end_one(&mut other, &result);
        let notification = &mut other.notification;
        match notification.state {
            NotificationState::Sent => {
                notification.state = NotificationState::Bundled;
                notification.bundled_into = Some(id);
            }
            // The next attempt is again one message.
            NotificationState::Waiting => {
                notification.next_try = notification.next_try.max(next_try);
                other.waits_for = Some(super::table::FOR_ROOM);
            }
            _ => {}
        }
        other.put(changed)?;
    }
    Ok(())
}

fn end_one(stored: &mut StoredNotification, result: &AttemptResult) {
    apply_result(&mut stored.notification, result);
    stored.notification.bundled_into = None;
    stored.claimant = None;
    if matches!(result.outcome, AttemptOutcome::Temporary | AttemptOutcome::Permanent) {
        // Nothing has arrived that counts for the limit of the contact.
        stored.sent = None;
    }
}

/// Reads the attempt that is under way, and returns it with its result.
async fn read_attempt(
    conn: &mut SqliteConnection,
    notification: &Notification,
    result: &AttemptResult,
) -> StoreResult<Attempt> {
    let mut batch = Batch::new("SELECT body FROM attempt WHERE notification = ? AND number = ?");
    batch.arg(bytes(notification.id)).arg(i64::from(notification.attempts));
    let row = batch.fetch_optional(conn).await?;
    let began = row.map(|row| parse_attempt(row.try_get(0)?)).transpose()?;
    let began = began.unwrap_or_else(|| Attempt {
        notification: notification.id,
        number: notification.attempts,
        began_at: notification.updated_at,
        ended_at: None,
        outcome: AttemptOutcome::Running,
        provider_id: None,
        answer: String::new(),
        extra: <_>::default(),
    });
    Ok(Attempt {
        ended_at: Some(result.ended_at),
        outcome: result.outcome,
        provider_id: result.provider_id.clone(),
        answer: result.answer.clone(),
        ..began
    })
}

/// Returns a result with texts of a bounded length.
fn shortened(result: &AttemptResult) -> AttemptResult {
    let cut = |text: &str, max: usize| text[..text.floor_char_boundary(max)].to_owned();
    AttemptResult {
        answer: cut(&result.answer, MAX_ANSWER_BYTES),
        provider_id: result.provider_id.as_ref().map(|id| cut(id, MAX_ID_BYTES)),
        ..result.clone()
    }
}
