//! Reads the notifications with the attempts to send them, the one that was planned last first.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::paging::{MAX_SCANNED, brief_at, foreign_mark, page};
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::parse_json;
use crate::backend::file::notifications::NO_INCIDENT;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{IncidentBrief, NotificationEntry, NotificationSearch};
use crate::backend::{Page, PageMark};
use crate::model::notification::{Attempt, Notification};

/// The position of a notification in the list: when it was planned, and its id.
type Position = (i64, Uuid);

/// Reads one page of the notifications.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &NotificationSearch,
) -> StoreResult<Page<NotificationEntry>> {
    let after = match &search.after {
        None => (i64::MAX, Uuid::max()),
        Some(PageMark::Notification(planned, id)) => (*planned, *id),
        Some(_) => return Err(foreign_mark()),
    };
    if !has_notifications(conn).await? {
        return Ok(Page { rows: Vec::new(), next: None, total: None, counts: None });
    }
    let (rows, end) = scan(conn, search, after).await?;
    let mark = |(planned, id): Position| PageMark::Notification(planned, id);
    let mut page = page(rows, search.limit, |(position, _)| mark(*position), |(_, entry)| entry);
    page.next = page.next.or(end.map(mark));
    let mut attempts = read_attempts(conn, &page.rows).await?;
    for entry in &mut page.rows {
        entry.attempts = attempts.remove(&entry.notification.id).unwrap_or_default();
    }
    Ok(page)
}

/// Returns the notifications that a search finds, one more than its limit and without attempts, and
/// the position up to which they were compared with it if that is not the end of the list.
async fn scan(
    conn: &mut SqliteConnection,
    search: &NotificationSearch,
    after: Position,
) -> StoreResult<(Vec<(Position, NotificationEntry)>, Option<Position>)> {
    let mut batch = Batch::new(&format!(
        "SELECT n.planned, n.id, n.body, i.row FROM notification n
            LEFT JOIN incident i ON i.key = n.incident
            WHERE (i.key IS NOT NULL OR n.incident = {NO_INCIDENT}) AND (n.planned, n.id) < (?, ?)"
    ));
    batch.arg(after.0).arg(after.1.as_bytes().to_vec());
    if let Some(incident) = search.incident {
        batch.sql(" AND n.incident = (SELECT key FROM incident WHERE id = ?)");
        batch.arg(incident.as_bytes().to_vec());
    }
    batch.sql(" ORDER BY n.planned DESC, n.id DESC LIMIT ?").arg(i64::from(MAX_SCANNED));
    let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX).saturating_add(1);
    let (mut found, mut scanned, mut last) = (Vec::new(), 0_u32, None);
    batch
        .for_each_row(conn, |row| {
            let id = Uuid::from_slice(row.try_get::<&[u8], _>(1)?)
                .map_err(|error| StoreError::content(format!("a notification: {error}")))?;
            let position = (row.try_get::<i64, _>(0)?, id);
            let notification: Notification = parse_json(row.try_get(2)?, "a notification")?;
            scanned += 1;
            last = Some(position);
            if search.finds(&notification) {
                let incident = if notification.is_notice() {
                    IncidentBrief::of_notice(&notification)
                } else {
                    brief_at(row, 3)?
                };
                let attempts = Vec::new();
                found.push((position, NotificationEntry { incident, notification, attempts }));
            }
            Ok(found.len() < wanted)
        })
        .await?;
    let end = last.filter(|_| scanned == MAX_SCANNED && found.len() < wanted);
    Ok((found, end))
}

/// Reads the attempts to send some notifications, the first one of each first.
async fn read_attempts(
    conn: &mut SqliteConnection,
    entries: &[NotificationEntry],
) -> StoreResult<HashMap<Uuid, Vec<Attempt>>> {
    let mut attempts: HashMap<Uuid, Vec<Attempt>> = HashMap::new();
    if entries.is_empty() {
        return Ok(attempts);
    }
    let marks = vec!["?"; entries.len()].join(",");
    let mut batch = Batch::one_off(&format!(
        "SELECT body FROM attempt WHERE notification IN ({marks}) ORDER BY notification, number"
    ));
    for entry in entries {
        batch.arg(entry.notification.id.as_bytes().to_vec());
    }
    for row in batch.fetch_all(conn).await? {
        let attempt: Attempt = parse_json(row.try_get(0)?, "an attempt to notify")?;
        attempts.entry(attempt.notification).or_default().push(attempt);
    }
    Ok(attempts)
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
async fn has_notifications(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'notification'");
    Ok(table.fetch_optional(conn).await?.is_some())
}
