//! A real Alertmanager whose webhook leads here, with alerts by its amtool.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

#[test]
fn alerts_of_alertmanager_declare_and_resolve_incidents() {
    let needs = ["bash", "curl", "python3", "prometheus-alertmanager", "amtool"];
    if !parts::are_tested("the webhook of Alertmanager", &needs) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join("tests/real/alertmanager.sh"))
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{status}");
}
