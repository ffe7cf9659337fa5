//! Linters judge the API's description, and clients that are generated from it take an incident from
//! its declaration to its review.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

/// Runs a part of the script, with tools from the registries of Python and of Node.
fn run(what: &str, part: &str) {
    if !parts::are_tested(what, &["bash", "python3", "flock"]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join("tests/real/clients.sh"))
        .arg(part)
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{part}: {status}");
}

#[test]
fn linters_find_no_error_in_the_description() {
    run("redocly and Spectral on the description of the API", "lint");
}

#[test]
fn python_client_drives_an_incident_through_its_life() {
    run("a Python client of openapi-python-client", "python");
}

#[test]
fn typescript_client_drives_an_incident_through_its_life() {
    run("a TypeScript client of openapi-typescript and openapi-fetch", "typescript");
}
