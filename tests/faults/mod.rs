//! The real program on disks that are full, read-only or failing.
//!
//! What was acknowledged is never lost, each failure is one sentence without a code, and the store
//! is usable once the disk is. Faults are injected by `strace` into the writes and syncs of the
//! store's files, and made by small file systems. `REDPHONE_FAULT_RUNS` sets how many are injected
//! (4; the full run is 160), `REDPHONE_SEED` which. The same holds for a server, for a store that is
//! being made, and for the state folder of a remote.

mod creation;
mod disk;
mod injected;
mod served;
mod state_folder;

pub use injected::has_strace;

use std::io::Write;

/// Returns whether a test with requirements on the machine can run. If it can't, prints a line
/// about that, which the test runner does not capture.
///
/// # Panics
/// With `REDPHONE_REAL=1`, an unmet requirement is a failure.
#[expect(clippy::disallowed_methods, reason = "no text comes from outside")]
pub fn is_possible(what: &str, is_there: bool) -> bool {
    if !is_there {
        let is_real = std::env::var_os("REDPHONE_REAL").is_some_and(|value| value == "1");
        assert!(!is_real, "needed with REDPHONE_REAL=1: {what}");
        let _ = writeln!(std::io::stderr(), "skipped without {what}");
    }
    is_there
}
