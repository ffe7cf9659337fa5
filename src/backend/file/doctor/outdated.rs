//! Compares a store of an older version with its events folded by this one.

use crate::backend::file::row::{has_verdicts, unpack_row};
use crate::model::{Attributes, Incident, Summary};

/// Returns whether two packed rows are equal except for fields that the older format does not have.
pub(super) fn is_same_row(stored: &[u8], expected: &[u8]) -> bool {
    let has_clocks = has_verdicts(stored);
    let (Some(mut stored), Some(mut expected)) = (unpack_row(stored), unpack_row(expected)) else {
        return false;
    };
    if !has_clocks {
        remove_clocks(&mut expected);
    }
    for row in [&mut stored, &mut expected] {
        remove_later_fields(row);
    }
    stored == expected
}

/// Removes from a record the fields that the snapshots of older versions do not have.
pub(super) fn without_later_values(incident: &mut Incident) {
    remove_clocks(&mut incident.summary);
    remove_later_fields(&mut incident.summary);
}

/// Removes what rows have from version 7 on, and from version 14 on.
fn remove_later_fields(row: &mut Summary) {
    row.last_word = None;
    row.never_acknowledged = false;
    row.attributes = Attributes::default();
}

fn remove_clocks(row: &mut Summary) {
    (row.paused_since, row.paused_ms) = (None, 0);
    (row.acknowledge_verdict, row.resolve_verdict) = (None, None);
}
