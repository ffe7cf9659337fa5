//! Fetches the most urgent open incidents before they are opened, so that people can work on them
//! when the remote is unreachable.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Remote;
use crate::model::queue::urgency_key;
use crate::sync::snapshot::Snapshot;

/// How many incidents are prefetched.
const MAX_INCIDENTS: usize = 100;
/// How long to wait after a change of the queue, so that the requests of the screen come first.
const QUIET_TIME: Duration = Duration::from_secs(3);
/// The pause between two incidents.
const PAUSE: Duration = Duration::from_millis(150);
/// The pause after a failure.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Fetches urgent incidents that are not cached yet or have changed, whenever the queue changes.
/// Ends with the remote.
pub async fn prefetch(remote: Weak<Remote>, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    while snapshots.changed().await.is_ok() {
        sleep(QUIET_TIME).await;
        let snapshot = snapshots.borrow_and_update().clone();
        let Some(strong) = remote.upgrade() else { return };
        let (cached_seqs, rules, now) =
            (strong.cached_detail_seqs().await, strong.rules(), Utc::now());
        drop(strong);
        let mut rows: Vec<_> =
            snapshot.rows.iter().map(|row| (urgency_key(row, now, &rules.levels), row)).collect();
        rows.sort_unstable_by_key(|(rank, _)| *rank);
        let wanted = rows
            .iter()
            .take(MAX_INCIDENTS)
            .map(|(_, row)| row)
            .filter(|row| row.number.is_some())
            .filter(|row| cached_seqs.get(&row.id).is_none_or(|seq| *seq < row.seq));
        for row in wanted {
            let Some(remote) = remote.upgrade() else { return };
            if let Err(error) = remote.prefetch_incident(row.id).await {
                tracing::debug!(%error, "reading ahead");
                if error.is_temporary() {
                    drop(remote);
                    sleep(RETRY_AFTER).await;
                    break;
                }
            }
            drop(remote);
            sleep(PAUSE).await;
        }
    }
}
