//! Messages to a real mail server, and to a receiver with the library of Standard Webhooks.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

#[test]
fn mail_and_webhooks_arrive_at_real_receivers() {
    let what = "mail to aiosmtpd, and webhooks verified by standardwebhooks";
    if !parts::are_tested(what, &["bash", "python3", "flock", "openssl"]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join("tests/real/outbound.sh"))
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{status}");
}
