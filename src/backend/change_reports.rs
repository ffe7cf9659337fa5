//! Records the changes that other programs report, each once.

use chrono::Utc;
use tokio::sync::Mutex;

use super::{Backend, BackendError};
use crate::model::change::Change;
use crate::model::reported_change::ReportedChange;
use crate::model::{Actor, Command, CommandId, Envelope};

/// Locked from reading a change until it is written, so that concurrent reports of one change do
/// not overwrite each other.
static RECORDING: Mutex<()> = Mutex::const_new(());

/// Records reports of changes, and returns the changes afterwards. The same reports may be recorded
/// again.
///
/// # Errors
/// A change can't be read or written. Those before it are recorded.
pub async fn record_reports(
    backend: &dyn Backend,
    reports: &[ReportedChange],
    actor: &Actor,
) -> Result<Vec<Change>, BackendError> {
    let _recording = RECORDING.lock().await;
    let mut changes = Vec::with_capacity(reports.len());
    for report in reports {
        let stored = backend.recorded_change(report.id).await?;
        let Some(change) = report.apply(stored.as_ref()) else {
            changes.extend(stored);
            continue;
        };
        let envelope = Envelope {
            id: CommandId::new(),
            at: Utc::now(),
            actor: actor.clone(),
            command: Command::RecordChange(change.clone()),
            expected_seq: None,
        };
        backend.execute(&envelope).await?;
        changes.push(change);
    }
    Ok(changes)
}
