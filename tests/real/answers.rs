//! A link that is followed in a real browser, and a text message that Twilio's own library has signed.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

#[test]
fn incident_is_acknowledged_in_a_browser_and_by_text_message() {
    let needs = ["bash", "curl", "python3", "flock", "chromium", "chromedriver"];
    if !parts::are_tested("links in a browser, and answers that Twilio's library signs", &needs) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join("tests/real/answers.sh"))
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{status}");
}
