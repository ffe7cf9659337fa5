//! Ends alerts that were not reported again in time.
//!
//! The alerts of a group that are due are ended in one transaction, which reads them itself:
//! however many programs do this at the same time, each alert is ended once, and one that was
//! reported again meanwhile is not ended at all. The effect on the incident is that of a message
//! with the same content.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::flapping::end_calm;
use super::ingest::{Done, MAX_COMMANDS, Message};
use super::table::{self, parse_alert};
use super::waiting;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::backend::file::writer::Writer;
use crate::backend::{BackendError, ExpiredAlerts, IngestEffect, IngestOutcome};
use crate::model::alert::{Alert, AlertCounts, AlertGroup, AlertReport, AlertState};
use crate::model::{Actor, Rules};

/// The first version of the schema in which alerts expire.
const FIRST_VERSION: i64 = 11;
/// The maximum number of groups ended per call. Others follow right after.
const MAX_GROUPS: usize = 100;
/// The maximum number of alerts of a group ended per call.
const MAX_ALERTS: i64 = 10_000;

impl FileStore {
    /// Ends the alerts whose time has passed; see
    /// [`Ledger::expire_alerts`](crate::backend::Ledger::expire_alerts).
    pub(in crate::backend::file) async fn end_expired(
        &self,
        now: DateTime<Utc>,
        reported_since: DateTime<Utc>,
    ) -> Result<ExpiredAlerts, BackendError> {
        let since = reported_since.timestamp_millis();
        if self.inner.version < FIRST_VERSION {
            return Ok(ExpiredAlerts::default());
        }
        let next = self
            .with_path_context(async {
                let mut conn = self.acquire_reader().await?;
                self.read_next_end(&mut conn, since).await
            })
            .await?;
        if next.is_none_or(|next| next > now) {
            return Ok(ExpiredAlerts { count: 0, next });
        }
        self.check_writable()?;
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            let (mut count, mut has_news) = (0, false);
            let mut failure = None;
            let mut is_calm = !store.has_waiting();
            for _ in 0..MAX_GROUPS {
                store.reserve_for(MAX_COMMANDS);
                let done = if is_calm {
                    Box::pin(end_group(&mut writer, &rules, (now, since))).await
                } else {
                    Box::pin(end_calm(&mut writer, &rules, now)).await
                };
                store.end_message(&mut writer, &done).await;
                match done {
                    Ok(done) if done.has_changed => {
                        count += u64::from(done.outcome.alerts.resolved);
                        has_news |= !done.commands.is_empty();
                    }
                    Ok(_) if !is_calm => is_calm = true,
                    Ok(_) => break,
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
            let next = match failure {
                Some(error) => Err(error),
                None => store.read_next_end(&mut writer.conn, since).await,
            };
            drop(writer);
            if has_news {
                store.inner.watcher.wake();
            }
            Ok(ExpiredAlerts { count, next: next? })
        })
        .await
    }
}

impl FileStore {
    /// Returns when the next alert ends, or was calm for long enough.
    async fn read_next_end(
        &self,
        conn: &mut SqliteConnection,
        since: i64,
    ) -> StoreResult<Option<DateTime<Utc>>> {
        let expiry = read_next(conn, since).await?;
        if !self.has_waiting() {
            return Ok(expiry);
        }
        let calm = waiting::read_first_calm(conn).await?.map(|(at, _)| at);
        Ok(expiry.into_iter().chain(calm).min())
    }
}

/// Returns when the next alert ends of those that were last reported at `since` or later, in milliseconds;
/// `None` if none does.
async fn read_next(conn: &mut SqliteConnection, since: i64) -> StoreResult<Option<DateTime<Utc>>> {
    let mut batch = Batch::new(
        "SELECT expires FROM alert WHERE expires IS NOT NULL AND state = 0 AND last >= ?
            ORDER BY expires LIMIT 1",
    );
    batch.arg(since);
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    Ok(DateTime::from_timestamp_millis(row.try_get(0)?))
}

/// Begins a transaction and ends the alerts of a group that are due. The transaction is committed if
/// there were any; otherwise it is still open.
async fn end_group(
    writer: &mut Writer,
    rules: &Rules,
    (now, since): (DateTime<Utc>, i64),
) -> StoreResult<Done> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let Due { last, superseded } = read_due(&mut writer.conn, now, since).await?;
    let resolved = u32::try_from(superseded.len()).unwrap_or(u32::MAX);
    table::write_changed(&mut writer.conn, &superseded).await?;
    let Some(first) = last.first() else {
        // Alerts of incidents that had ended before are irrelevant.
        let has_changed = !superseded.is_empty();
        if has_changed {
            Batch::new("COMMIT;").run(&mut writer.conn).await?;
        }
        let outcome = IngestOutcome {
            effect: IngestEffect::Unchanged,
            incident: None,
            number: None,
            alerts: AlertCounts { resolved, ..AlertCounts::default() },
        };
        return Ok(Done { outcome, commands: Vec::new(), has_changed });
    };
    let sender = sender_name(&first.source);
    let (source, key) = (first.source.clone(), first.group.clone());
    let group = AlertGroup::new(source, sender.clone(), key, last.iter().map(report).collect());
    let actor = Actor::Integration(sender);
    let message =
        Message { group: &group, actor: &actor, rules, has_expired: true, continues: None, now };
    let mut done = Box::pin(message.store_in_transaction(writer)).await?;
    done.outcome.alerts.resolved = done.outcome.alerts.resolved.saturating_add(resolved);
    Ok(done)
}

/// Alerts of a group whose time has passed.
#[derive(Default)]
struct Due {
    /// The last alerts with their keys.
    last: Vec<Alert>,
    /// Those that fire again in a later incident, as they become.
    superseded: Vec<Alert>,
}

/// Reads the alerts whose time has passed of the group that has the first of them.
async fn read_due(conn: &mut SqliteConnection, now: DateTime<Utc>, since: i64) -> StoreResult<Due> {
    let mut batch = Batch::new(
        "SELECT a.body, EXISTS (SELECT 1 FROM alert b WHERE b.group_key = a.group_key
                AND b.key = a.key AND b.position > a.position)
            FROM alert a WHERE a.state = 0 AND a.expires IS NOT NULL AND a.expires <= ? AND a.last >= ?
                AND a.group_key = (SELECT group_key FROM alert
                    WHERE state = 0 AND expires IS NOT NULL AND last >= ?
                    ORDER BY expires LIMIT 1)
            LIMIT ?",
    );
    batch.arg(now.timestamp_millis()).arg(since).arg(since).arg(MAX_ALERTS);
    let mut due = Due::default();
    for row in batch.fetch_all(conn).await? {
        let mut alert = parse_alert(row.try_get(0)?)?;
        if row.try_get_unchecked::<i64, _>(1)? == 0 {
            due.last.push(alert);
        } else {
            alert.state = AlertState::Resolved;
            alert.ends_at = Some(end(&alert));
            (alert.expires_at, alert.has_expired) = (None, true);
            due.superseded.push(alert);
        }
    }
    Ok(due)
}

/// Returns when an alert ends that is not reported again, which is not before it began.
fn end(alert: &Alert) -> DateTime<Utc> {
    alert.expires_at.unwrap_or(alert.last_at).max(alert.starts_at)
}

/// Returns the report that an alert was not reported again.
fn report(alert: &Alert) -> AlertReport {
    let ends_at = Some(end(alert));
    AlertReport {
        key: alert.key.clone(),
        is_firing: false,
        starts_at: Some(alert.starts_at),
        ends_at,
        expires_at: ends_at,
        title: alert.title.clone(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        url: alert.url.clone(),
    }
}

/// Returns the name in texts of a kind of sender.
fn sender_name(source: &str) -> String {
    let mut letters = source.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => "Monitoring".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_is_called_by_its_kind() {
        assert_eq!(sender_name("prometheus"), "Prometheus");
        assert_eq!(sender_name(""), "Monitoring");
    }
}
