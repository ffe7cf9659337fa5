//! The notifications about an incident in the output of `show`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::timeout;

use crate::backend::Page;
use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::cli::session::OldestRead;
use crate::model::notification::{Notification, by_person};
use crate::model::{IncidentId, PersonRef, Summary};
use crate::sync::Reader;

/// The maximum number of notifications that are shown with an incident.
const MAX_SHOWN: u32 = 100;

/// How long to wait for the notifications, and how long if the incident itself came from the cache,
/// because its remote is unreachable: cached ones come immediately.
const MAX_WAIT: Duration = Duration::from_secs(5);
const MAX_CACHE_WAIT: Duration = Duration::from_secs(1);

/// The notifications of an incident, the one that was planned first first.
#[derive(Debug, Default)]
pub(super) struct Notified {
    /// The last ones, at most 100.
    pub(super) entries: Vec<NotificationEntry>,
    /// Whether there are earlier ones.
    has_more: bool,
}

/// Reads the notifications of an incident. A backend that has no such list, or is too slow, has
/// none: the incident is shown nevertheless.
pub(super) async fn read(
    reader: &dyn Reader,
    incident: IncidentId,
    oldest: &mut OldestRead,
) -> Notified {
    let search =
        NotificationSearch { incident: Some(incident), ..NotificationSearch::first(MAX_SHOWN) };
    let wait = if oldest.is_fresh() { MAX_WAIT } else { MAX_CACHE_WAIT };
    match timeout(wait, reader.read_notifications(&search)).await {
        Ok(Ok(read)) if read.value.rows.is_empty() => Notified::default(),
        Ok(Ok(read)) => {
            let Page { rows: mut entries, next, .. } = oldest.record(read);
            entries.reverse();
            Notified { entries, has_more: next.is_some() }
        }
        Ok(Err(error)) => {
            tracing::debug!("the notifications can't be read: {error}");
            Notified::default()
        }
        Err(_) => Notified::default(),
    }
}

impl Notified {
    /// Returns a line for each person who was notified, or was to be.
    pub(super) fn lines(&self, incident: &Summary) -> Vec<String> {
        let mut lines = person_lines(&self.entries, incident.reported_at.date_naive());
        if self.has_more {
            lines.push(format!("earlier ones: redphone notifications {}", incident.label()));
        }
        lines
    }
}

/// Returns a line for each person, in the order in which the first one of each was planned. Times
/// of another day than `day` have their date.
fn person_lines(entries: &[NotificationEntry], day: NaiveDate) -> Vec<String> {
    let time = |at: DateTime<Utc>| {
        let is_same_day = at.date_naive() == day;
        at.format(if is_same_day { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
    };
    let line = |(person, notifications): (&PersonRef, Vec<&Notification>)| {
        let texts: Vec<String> =
            notifications.into_iter().map(|notification| notification.outcome_text(time)).collect();
        format!("{} {}", person.handle, texts.join(" · "))
    };
    by_person(entries.iter().map(|entry| &entry.notification)).into_iter().map(line).collect()
}
