//! Compares what a store of an older version has with what its events add up to in this one.

use crate::backend::file::row::{has_verdicts, unpack_row};
use crate::model::{Incident, Summary};

/// Returns whether two packed rows are the same but for what the older one has no room for.
pub(super) fn is_same_row(stored: &[u8], expected: &[u8]) -> bool {
    if has_verdicts(stored) {
        return false;
    }
    let (Some(stored), Some(mut expected)) = (unpack_row(stored), unpack_row(expected)) else {
        return false;
    };
    remove_clocks(&mut expected);
    stored == expected
}

/// Removes from a record what the snapshots of older versions do not have.
pub(super) fn without_later_values(incident: &mut Incident) {
    remove_clocks(&mut incident.summary);
}

fn remove_clocks(row: &mut Summary) {
    (row.paused_since, row.paused_ms) = (None, 0);
    (row.acknowledge_verdict, row.resolve_verdict) = (None, None);
}
