//! The last content of the calendars of schedules. It is part of the directory, so that followers
//! of the directory receive it.

use sqlx::SqliteConnection;

use super::directory_table::{put_directory, read_directory};
use super::error::StoreResult;
use super::sql::Batch;
use crate::model::oncall::ScheduleCalendar;

/// The most calendars that a store has; those that were tried longest ago make room.
const MAX_CALENDARS: usize = 200;

/// Begins a transaction and stores a calendar in place of the one that the schedule had. The transaction
/// is committed, unless the store has a later reading already (`None`).
pub(super) async fn store_calendar(
    conn: &mut SqliteConnection,
    calendar: &ScheduleCalendar,
) -> StoreResult<Option<()>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let mut directory = read_directory(conn).await?.unwrap_or_default();
    let is_it = |other: &ScheduleCalendar| other.schedule == calendar.schedule;
    let is_later = |other: &ScheduleCalendar| {
        other.fingerprint == calendar.fingerprint && other.checked_at >= calendar.checked_at
    };
    if directory.calendars.iter().any(|other| is_it(other) && is_later(other)) {
        return Ok(None);
    }
    directory.calendars.retain(|other| !is_it(other));
    directory.calendars.sort_by_key(|other| other.checked_at);
    let surplus = (directory.calendars.len() + 1).saturating_sub(MAX_CALENDARS);
    directory.calendars.drain(..surplus);
    directory.calendars.push(calendar.clone());
    let mut batch = Batch::default();
    put_directory(&mut batch, &directory)?;
    batch.sql("COMMIT;");
    batch.run(conn).await?;
    Ok(Some(()))
}
