//! Finds out which real parts are available for tests.

use std::io::Write;

/// Returns whether a test of real parts runs. If it does not, prints a line about that, which the
/// test runner does not capture.
///
/// # Panics
/// With `REDPHONE_REAL=1`, if a program that the test needs is missing.
#[expect(clippy::disallowed_methods, reason = "no text comes from outside")]
pub fn are_tested(what: &str, programs: &[&str]) -> bool {
    if std::env::var_os("REDPHONE_REAL").is_none_or(|value| value != "1") {
        let _ = writeln!(std::io::stderr(), "skipped without REDPHONE_REAL=1: {what}");
        return false;
    }
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_installed(program)).collect();
    assert!(missing.is_empty(), "{what}: {missing:?} must be installed");
    true
}

fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
