//! Checks a store, rebuilds its projection, and salvages the readable part of a damaged one.

mod examine;
mod lists;
mod outdated;
mod rebuild;
mod report;
mod salvage;
pub(super) mod timeline;

use std::path::Path;

use super::open_error::OpenError;
use crate::backend::record::Record;
use crate::model::Rules;
use report::DAMAGED;

pub use report::{Finding, Outdated, Report};

/// Checks a store without changing it: the file, the events, and whether the projection matches the
/// events. A store of an older version is checked without migrating it, and the report states that.
///
/// # Errors
/// [`OpenError`] if the store can't be checked. Damage is not an error: it is in the report.
pub async fn examine(path: &Path) -> Result<Report, OpenError> {
    examine_with(path, &Rules::default()).await
}

/// Checks a store as [`examine()`] does, with other rules than the default ones. They only decide
/// which events are anomalies.
///
/// # Errors
/// [`OpenError`] if the store can't be checked.
pub async fn examine_with(path: &Path, rules: &Rules) -> Result<Report, OpenError> {
    let mut report = examine::examine(path, rules).await?;
    if report.findings.iter().any(|finding| finding.text.starts_with(DAMAGED)) {
        let (mut incidents, mut events) = (0_u64, 0_u64);
        let mut count = |record: &Record| {
            if let Record::Event(event) = record {
                events += 1;
                incidents += u64::from(event.seq == 1);
            }
            Ok(())
        };
        let salvaged = salvage::salvage(path, &mut count).await;
        report.add_grave(match salvaged {
            Ok(_) => format!("{events} events of {incidents} incidents can still be read"),
            Err(_) => "nothing in it can be read".into(),
        });
    }
    Ok(report)
}

/// Rebuilds everything that derives from the events, such as the projection and the full-text
/// index, and checks the store again. A damaged file is not changed.
///
/// # Errors
/// [`OpenError`] if the store can't be written; then nothing was changed.
pub async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    rebuild::rebuild(path, &Rules::default()).await
}

/// Rebuilds a store as [`rebuild()`] does, and checks it with other rules than the default ones.
///
/// # Errors
/// [`OpenError`] if the store can't be written; then nothing was changed.
pub async fn rebuild_with(path: &Path, rules: &Rules) -> Result<Report, OpenError> {
    rebuild::rebuild(path, rules).await
}

/// Passes the readable records of a damaged store to `sink`, as an export does, and returns their
/// number. The file is only read.
///
/// An event that can't be read is omitted. An import then refuses the rest of that timeline, and
/// its refusals show which events were lost.
///
/// # Errors
/// [`OpenError`] if nothing can be read, or the sink fails.
pub async fn salvage(
    path: &Path,
    sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<u64, OpenError> {
    salvage::salvage(path, sink).await
}
