//! Schemathesis sends the API all requests that its description allows, and invalid ones.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

#[test]
fn schemathesis_finds_no_answer_that_is_not_described() {
    if !parts::are_tested("schemathesis against a real server", &["bash", "python3"]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join("tests/real/schemathesis.sh"))
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{status}");
}
