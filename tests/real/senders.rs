//! Real senders: Prometheus, amtool, Alertmanager's other receivers, and the libraries of `PagerDuty` and
//! Opsgenie.

use std::path::Path;
use std::process::Command;

use super::parts;
use crate::support::program;

#[track_caller]
fn run(script: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(root.join(script))
        .env("REDPHONE_BIN", program())
        .current_dir(root)
        .status()
        .expect("the script runs");
    assert!(status.success(), "{status}");
}

#[test]
fn alerts_of_prometheus_and_amtool_declare_incidents() {
    let needs = ["bash", "curl", "python3", "prometheus", "promtool", "amtool"];
    let needs = [&needs[..], &["prometheus-alertmanager"]].concat();
    if parts::are_tested("alerts of Prometheus, amtool and Alertmanager", &needs) {
        run("tests/real/prometheus.sh");
    }
}

#[test]
fn libraries_of_senders_need_another_address_only() {
    let what = "the libraries of PagerDuty and Opsgenie";
    if parts::are_tested(what, &["bash", "curl", "python3", "flock", "openssl"]) {
        run("tests/real/senders.sh");
    }
}
