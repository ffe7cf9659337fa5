//! The most urgent open incidents are read before somebody asks for them, so that they can be worked
//! on when the remote is gone.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Remote;
use crate::model::queue::urgency_key;
use crate::sync::Snapshot;

/// So many are kept up to date.
const MAX_INCIDENTS: usize = 100;
/// How long the queue must have rested, so that what the screen needs comes first.
const QUIET_TIME: Duration = Duration::from_secs(3);
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(150);
/// After a failure.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Reads what is not kept yet, or has changed, whenever the queue has. Ends with the remote.
pub async fn prefetch(remote: Weak<Remote>, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    while snapshots.changed().await.is_ok() {
        sleep(QUIET_TIME).await;
        let snapshot = snapshots.borrow_and_update().clone();
        let Some(here) = remote.upgrade() else { return };
        let (kept, rules, now) = (here.cached_detail_seqs().await, here.rules(), Utc::now());
        drop(here);
        let mut rows: Vec<_> =
            snapshot.rows.iter().map(|row| (urgency_key(row, now, &rules.levels), row)).collect();
        rows.sort_unstable_by_key(|(rank, _)| *rank);
        let wanted = rows
            .iter()
            .take(MAX_INCIDENTS)
            .map(|(_, row)| row)
            .filter(|row| row.number.is_some())
            .filter(|row| kept.get(&row.id).is_none_or(|seq| *seq < row.seq));
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
