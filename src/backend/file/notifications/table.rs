//! The tables of notifications and attempts: their rows, and the statements that write them.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::model::notification::{Attempt, Notification, NotificationState};

/// The number of final notifications that a store has at most; older ones are removed.
const MAX_NOTIFICATIONS: i64 = 100_000;

/// The value of `waits_for` of a notification that waits for room in the limit of its contact.
pub(super) const FOR_ROOM: i64 = 0;

/// The key of the incident of a notice, which is about none: no incident has it.
pub(in crate::backend::file) const NO_INCIDENT: i64 = 0;

/// Returns the value of the column `channel` of a notice. Programs of versions without notices
/// cancel notifications without an incident, so that it is not among their channels: no name has
/// this character.
pub(super) fn notice_channel(channel: &str) -> String {
    format!("\u{1f}{channel}")
}

/// The columns that [`StoredNotification::decode`] expects, of `notification n`.
pub(super) const COLUMNS: &str = "n.body, n.fence, n.claimant, n.sent, n.waits_for";

/// A notification as the store has it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct StoredNotification {
    pub notification: Notification,
    /// How often it was claimed.
    pub fence: i64,
    /// Which open store sends it.
    pub claimant: Option<Uuid>,
    /// When the last message began that may have arrived, in milliseconds.
    pub sent: Option<i64>,
    /// The reason for which it waits, if not for its time: [`FOR_ROOM`], or the position in the
    /// timeline of the incident after which it is considered again.
    pub waits_for: Option<i64>,
}

impl StoredNotification {
    /// Decodes a row that begins with [`COLUMNS`].
    pub(super) fn decode(row: &SqliteRow) -> StoreResult<Self> {
        Ok(Self {
            notification: parse_notification(row.try_get(0)?)?,
            fence: row.try_get(1)?,
            claimant: uuid_at(row, 2)?,
            sent: row.try_get(3)?,
            waits_for: row.try_get(4)?,
        })
    }

    /// Adds the statement that stores the changed fields.
    pub(super) fn put(&self, batch: &mut Batch) -> StoreResult<()> {
        let notification = &self.notification;
        batch
            .sql(
                "UPDATE notification SET state = ?, next_try = ?, waits_for = ?, sent = ?,
                    claimant = ?, fence = ?, bundled_into = ?, body = ? WHERE id = ?;",
            )
            .arg(state_number(notification.state))
            .arg(next_try(notification))
            .arg(self.waits_for)
            .arg(self.sent)
            .arg(self.claimant.map(bytes))
            .arg(self.fence)
            .arg(notification.bundled_into.map(bytes))
            .arg(encode_json(notification)?)
            .arg(bytes(notification.id));
        Ok(())
    }
}

/// Returns the number of a state. The numbers are stored: they never change. Those of states that
/// are not final are part of indexes and queries.
pub(super) const fn state_number(state: NotificationState) -> i64 {
    match state {
        NotificationState::Waiting => 0,
        NotificationState::Sending => 1,
        NotificationState::Sent => 2,
        NotificationState::Bundled => 3,
        NotificationState::Failed => 4,
        NotificationState::Cancelled => 5,
        NotificationState::Unreachable => 6,
        NotificationState::Unknown(_) => 7,
    }
}

/// Returns when a notification that waits is due, in milliseconds; `None` in any other state.
fn next_try(notification: &Notification) -> Option<i64> {
    let waits = notification.state == NotificationState::Waiting;
    waits.then(|| notification.next_try.unwrap_or(notification.due).timestamp_millis())
}

/// Returns the stored form of an id.
pub(super) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Decodes an id that may be NULL.
pub(super) fn uuid_at(row: &SqliteRow, column: usize) -> StoreResult<Option<Uuid>> {
    let stored: Option<&[u8]> = row.try_get(column)?;
    let id = stored.map(Uuid::from_slice).transpose();
    id.map_err(|_| StoreError::content("an id of a notification can't be read"))
}

/// Decodes a time in milliseconds that may be NULL.
pub(super) fn time_at(row: &SqliteRow, column: usize) -> StoreResult<Option<DateTime<Utc>>> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.and_then(DateTime::from_timestamp_millis))
}

/// Returns what is stored as the event of a notification. A contact that is used several times for one event
/// has another one each time, as a person has one notification over a contact for each.
fn occasion(notification: &Notification) -> Vec<u8> {
    let event = notification.event.as_bytes();
    match notification.earlier_uses {
        0 => event.to_vec(),
        earlier => event.iter().copied().chain([earlier]).collect(),
    }
}

/// Adds the statement that stores a new notification, unless it or another one with its event,
/// person, contact and use of that is stored, or its incident is not. `key` is that of the incident, if the
/// caller has it.
pub(super) fn put_new(
    batch: &mut Batch,
    notification: &Notification,
    key: Option<i64>,
) -> StoreResult<()> {
    let (key, channel) = if notification.is_notice() {
        (Some(NO_INCIDENT), notice_channel(&notification.channel))
    } else {
        (key, notification.channel.clone())
    };
    batch
        .sql(
            "INSERT OR IGNORE INTO notification (id, event, incident, person, contact, channel,
                state, planned, next_try, fence, bundled_into, body)
                VALUES (?, ?, coalesce(?, (SELECT key FROM incident WHERE id = ?)), ?, ?, ?, ?, ?,
                    ?, 0, ?, ?);",
        )
        .arg(bytes(notification.id))
        .arg(occasion(notification))
        .arg(key)
        .arg(notification.incident.as_bytes().to_vec())
        .arg(notification.person.handle.clone())
        .arg(notification.contact.clone())
        .arg(channel)
        .arg(state_number(notification.state))
        .arg(notification.planned_at.timestamp_millis())
        .arg(next_try(notification))
        .arg(notification.bundled_into.map(bytes))
        .arg(encode_json(notification)?);
    Ok(())
}

/// Adds the statement that stores an attempt, in place of the same one as it was before.
pub(super) fn put_attempt(batch: &mut Batch, attempt: &Attempt) -> StoreResult<()> {
    batch
        .sql("INSERT OR REPLACE INTO attempt (notification, number, body) VALUES (?, ?, ?);")
        .arg(bytes(attempt.notification))
        .arg(i64::from(attempt.number))
        .arg(encode_json(attempt)?);
    Ok(())
}

/// Adds the statement that removes the oldest final notifications beyond the bound. Their attempts are
/// removed with them.
pub(super) fn prune(batch: &mut Batch) {
    batch
        .sql(
            "DELETE FROM notification WHERE state >= 2
                AND position <= (SELECT max(position) FROM notification) - ?;",
        )
        .arg(MAX_NOTIFICATIONS);
}

/// Parses the JSON of a notification.
pub(in crate::backend::file) fn parse_notification(body: &str) -> StoreResult<Notification> {
    parse_json(body, "a notification")
}

/// Parses the JSON of an attempt.
pub(in crate::backend::file) fn parse_attempt(body: &str) -> StoreResult<Attempt> {
    parse_json(body, "an attempt to send a notification")
}

/// Returns whether the store has the tables; one of an earlier version that is only read has none.
pub(in crate::backend::file) async fn has_notifications(
    conn: &mut SqliteConnection,
) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'notification'");
    Ok(table.fetch_optional(conn).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_numbers_of_all_versions() {
        let numbers: Vec<i64> = NotificationState::ALL.iter().map(|s| state_number(*s)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6]);
        for state in NotificationState::ALL {
            assert_eq!(state.is_final(), state_number(*state) >= 2, "{state}");
        }
    }
}
