//! Which notifications are due, and which limits their contacts have.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::table::{
    COLUMNS, FOR_ROOM, NO_INCIDENT, StoredNotification, bytes, notice_channel, parse_notification,
    time_at,
};
use crate::backend::ClaimRequest;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::encode_json;
use crate::backend::file::read::summary_at;
use crate::backend::file::row::status_and_priority;
use crate::backend::file::sql::Batch;
use crate::model::Summary;
use crate::model::notification::decision::{THROTTLE_MESSAGES, THROTTLE_WINDOW, throttle_rank};
use crate::model::notification::step::EXPIRES_AFTER;

/// The number of notifications that one claim examines.
const MAX_ROWS: usize = 200;

/// The notifications to look at: those of the channels (`$1`, JSON) that are due (`$2`), whose incident
/// has changed since it stopped them, or was acknowledged or has ended, so that nobody is shown what is
/// not sent any more; and those of any channel that nobody has sent for so long (`$3`) that they are
/// given up. What was planned more than 10 min ahead, before the clock was set back, is due too, unless it
/// waits for its next attempt, which is at most half an hour later. For the status in the facets see
/// row.rs: 0 is triggered, 5 to 8 have ended.
const READY: &str = "WITH ready (position) AS (
    SELECT n.position FROM json_each($1) c CROSS JOIN notification n
        WHERE n.channel = c.value AND n.state = 0 AND n.next_try <= $2
    UNION SELECT n.position FROM notification n WHERE n.state = 0 AND n.next_try < $3
    UNION SELECT n.position FROM notification n
        WHERE n.planned > $2 + 600000 AND +n.next_try > $2 + 1860000 AND +n.state = 0
            AND n.waits_for IS NULL AND +n.channel IN (SELECT c.value FROM json_each($1) c)
    UNION SELECT n.position FROM notification n
        WHERE n.state = 0 AND n.waits_for > 0
            AND +n.channel IN (SELECT c.value FROM json_each($1) c)
            AND n.waits_for < (SELECT max(e.seq) FROM event e WHERE e.incident = n.incident)
    UNION SELECT n.position FROM json_each($1) c CROSS JOIN notification n
        JOIN incident i ON i.key = n.incident
        WHERE n.channel = c.value AND n.state = 0 AND i.facets >> 6 <> 0
            AND (i.facets >> 6 IN (5, 6, 7, 8) OR NOT json_valid(n.body)
                OR n.body ->> '$.after_acknowledgement' IS NULL))";

/// A notification to examine, with the current row of its incident.
pub(super) struct Due {
    pub stored: StoredNotification,
    /// `None` if the store has no such incident.
    pub incident: Option<Summary>,
}

/// The notifications to examine.
#[derive(Default)]
pub(super) struct DueRows {
    pub due: Vec<Due>,
    /// The positions of unreadable ones. They must not stop the others.
    pub unreadable: Vec<i64>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// The events that a program waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Outlook {
    /// Whether there are notifications to examine now.
    pub is_due: bool,
    /// When the next notification of the channels is due.
    pub next: Option<DateTime<Utc>>,
    /// Whether other open stores have claims.
    pub others_claim: bool,
}

fn bind(batch: &mut Batch, request: &ClaimRequest) -> StoreResult<()> {
    let of_notices = request.channels.iter().map(|channel| notice_channel(channel));
    let channels: Vec<String> = request.channels.iter().cloned().chain(of_notices).collect();
    batch
        .arg(encode_json(&channels)?)
        .arg(request.now.timestamp_millis())
        .arg((request.now - EXPIRES_AFTER).timestamp_millis());
    Ok(())
}

/// Reads the pending work and the next due time. `own` is the id of the claims of this open store.
pub(super) async fn read_outlook(
    conn: &mut SqliteConnection,
    request: &ClaimRequest,
    own: Option<Uuid>,
) -> StoreResult<Outlook> {
    let mut batch = Batch::new(&format!(
        "{READY} SELECT EXISTS (SELECT 1 FROM ready),
            EXISTS (SELECT 1 FROM notification n WHERE n.state = 1 AND n.claimant IS NOT $4),
            (SELECT min(t) FROM (SELECT (SELECT min(n.next_try) FROM notification n
                WHERE n.channel = c.value AND n.state = 0) AS t FROM json_each($1) c))"
    ));
    bind(&mut batch, request)?;
    batch.arg(own.map(bytes));
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("the notifications can't be counted"))?;
    let flag =
        |column: usize| -> StoreResult<bool> { Ok(row.try_get_unchecked::<i64, _>(column)? != 0) };
    Ok(Outlook { is_due: flag(0)?, others_claim: flag(1)?, next: time_at(&row, 2)? })
}

/// Reads the notifications to examine, at most [`MAX_ROWS`]: those of the highest priority first,
/// so that no storm of minor incidents delays a P1, and notices last; of these the ones that are
/// due longest. For the priority in the facets see row.rs.
pub(super) async fn read_due(
    conn: &mut SqliteConnection,
    request: &ClaimRequest,
) -> StoreResult<DueRows> {
    let mut batch = Batch::new(&format!(
        "{READY} SELECT {COLUMNS}, i.row, r.position FROM ready r
            JOIN notification n ON n.position = r.position
            LEFT JOIN incident i ON i.key = n.incident
            ORDER BY iif(n.incident = {NO_INCIDENT}, 4, ifnull((i.facets >> 4) & 3, 0)), n.next_try, n.position LIMIT {MAX_ROWS}"
    ));
    bind(&mut batch, request)?;
    let rows = batch.fetch_all(conn).await?;
    let mut found = DueRows { has_more: rows.len() >= MAX_ROWS, ..DueRows::default() };
    for row in &rows {
        match decode_due(row) {
            Ok(due) => found.due.push(due),
            Err(error) => {
                tracing::error!(%error, "a notification can't be read: `redphone doctor` has more");
                found.unreadable.push(row.try_get(6)?);
            }
        }
    }
    Ok(found)
}

fn decode_due(row: &SqliteRow) -> StoreResult<Due> {
    let has_incident = row.try_get::<Option<&[u8]>, _>(5)?.is_some();
    let incident = if has_incident { Some(summary_at(row, 5)?) } else { None };
    Ok(Due { stored: StoredNotification::decode(row)?, incident })
}

/// The limit of one contact of a person.
pub(super) struct ContactLimit {
    /// When the messages of the window began, in milliseconds, the earliest first, with their ranks.
    sent: Vec<(i64, usize)>,
    /// Whether some notifications have waited for room, so that all are sent as one message.
    pub is_bundling: bool,
    /// The position of that message in the list of claims.
    pub bundle: Option<usize>,
}

impl ContactLimit {
    /// Returns when the messages began that count for one of a rank.
    fn counted(&self, rank: usize) -> impl DoubleEndedIterator<Item = i64> {
        self.sent.iter().filter(move |(_, other)| *other <= rank).map(|(at, _)| *at)
    }

    /// Returns whether the contact may be sent another message of a rank now.
    pub(super) fn has_room(&self, rank: usize) -> bool {
        self.counted(rank).count() < THROTTLE_MESSAGES
    }

    /// Counts a message of a rank that begins now.
    pub(super) fn count(&mut self, rank: usize, now: DateTime<Utc>) {
        self.sent.push((now.timestamp_millis(), rank));
    }

    /// Returns when the limit allows another message of a rank.
    pub(super) fn room_at(&self, rank: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        let first = self.counted(rank).rev().nth(THROTTLE_MESSAGES.saturating_sub(1));
        let first = first.and_then(DateTime::from_timestamp_millis);
        first.unwrap_or(now) + THROTTLE_WINDOW
    }
}

/// The limits of the contacts of some notifications.
pub(super) struct ContactLimits(HashMap<ContactKey, ContactLimit>);

/// A person, the contact and its channel.
type ContactKey = (String, String, String);

fn contact_key(stored: &StoredNotification) -> ContactKey {
    let notification = &stored.notification;
    let (contact, channel) = (notification.contact.clone(), notification.channel.clone());
    (notification.person.handle.clone(), contact, channel)
}

impl ContactLimits {
    /// Reads the limits of all contacts of the notifications.
    pub(super) async fn read(
        conn: &mut SqliteConnection,
        due: &[(StoredNotification, Option<Summary>)],
        now: DateTime<Utc>,
    ) -> StoreResult<Self> {
        let mut limits = HashMap::new();
        for (stored, _) in due {
            let is_bundling = stored.waits_for == Some(FOR_ROOM);
            match limits.entry(contact_key(stored)) {
                Entry::Occupied(mut entry) => {
                    let limit: &mut ContactLimit = entry.get_mut();
                    limit.is_bundling |= is_bundling;
                }
                Entry::Vacant(entry) => {
                    let (person, contact, _) = entry.key();
                    let sent = read_sent(conn, person, contact, now).await?;
                    entry.insert(ContactLimit { sent, is_bundling, bundle: None });
                }
            }
        }
        Ok(Self(limits))
    }

    /// Returns the limit of the contact of a notification.
    pub(super) fn of(&mut self, stored: &StoredNotification) -> &mut ContactLimit {
        self.0.entry(contact_key(stored)).or_insert(ContactLimit {
            sent: Vec::new(),
            is_bundling: false,
            bundle: None,
        })
    }
}

/// Reads when the messages to a contact began that count towards its limit, with their ranks. A time
/// further ahead than a window is from before the clock was set back, and is ignored.
async fn read_sent(
    conn: &mut SqliteConnection,
    person: &str,
    contact: &str,
    now: DateTime<Utc>,
) -> StoreResult<Vec<(i64, usize)>> {
    let mut batch = Batch::new(
        "SELECT n.sent, n.body, i.facets FROM notification n
            LEFT JOIN incident i ON i.key = n.incident
            WHERE n.person = ? AND n.contact = ? AND n.sent > ? AND n.sent < ? ORDER BY n.sent",
    );
    batch.arg(person.to_owned()).arg(contact.to_owned());
    batch.arg((now - THROTTLE_WINDOW).timestamp_millis());
    batch.arg((now + THROTTLE_WINDOW).timestamp_millis());
    let rows = batch.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let facets: Option<i64> = row.try_get(2)?;
            let priority = facets.and_then(status_and_priority).map(|(_, priority)| priority);
            // An unreadable one counts for any message.
            let body: Option<&str> = row.try_get(1).ok();
            let rank = body
                .and_then(|body| parse_notification(body).ok())
                .map_or(0, |notification| throttle_rank(notification.kind, priority));
            Ok((row.try_get(0)?, rank))
        })
        .collect()
}
