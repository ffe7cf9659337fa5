//! The metrics: their formats, names and values.

#![allow(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::model::{Actor, Command, IncidentCommand, PersonRef};
use redphone::server::access_log::AccessLog;
use redphone::server::tls::TlsFiles;

use crate::support::api::{TestServer, declare, fetch};
use crate::support::metrics::lint;

const TEXT: &str = "text/plain;version=0.0.4";

async fn figures(server: &TestServer, accept: &str) -> (String, String) {
    let request = server.request("GET", "/v1/metrics").bearer_auth(&server.read);
    let response = fetch(request.header("accept", accept)).await;
    assert_eq!(response.status, 200, "{response:?}");
    let media_type = response.header("content-type").unwrap().to_owned();
    (media_type, String::from_utf8(response.body).unwrap())
}

fn values(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn metrics_come_in_the_preferred_format() {
    let server = TestServer::new().await;
    server.declared("Card payments fail").await;
    server.get(&server.read, "/v1/incidents").await;
    let (media_type, open) = figures(&server, "application/openmetrics-text").await;
    assert_eq!(media_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.ends_with("# EOF\n") && open.contains("# TYPE redphone_requests counter\n"));
    assert_eq!(figures(&server, "*/*").await.0, media_type);
    let (media_type, text) = figures(&server, TEXT).await;
    assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    assert!(text.contains("# TYPE redphone_requests_total counter\n"), "{text}");
    let names = |text: &str| values(text).into_keys().collect::<BTreeSet<_>>();
    let missing: Vec<_> = names(&open).difference(&names(&text)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[tokio::test]
async fn metrics_follow_the_rules_of_promtool() {
    let folder = tempfile::tempdir().unwrap();
    let access = folder.path().join("access.jsonl");
    let server = TestServer::with(|o| o.access_log = AccessLog::File(access)).await;
    let (_, order) = declare("Card payments fail");
    server.send(&server.respond, vec![order]).await;
    server.get("rp_x", "/v1/incidents").await;
    assert_eq!(lint(&figures(&server, TEXT).await.1), Vec::<String>::new());
}

#[tokio::test]
async fn metrics_have_process_files_and_incidents() {
    let folder = tempfile::tempdir().unwrap();
    let access = folder.path().join("access.jsonl");
    let server = TestServer::with(|o| o.access_log = AccessLog::File(access)).await;
    let (_, before) = figures(&server, TEXT).await;
    assert!(!values(&before).contains_key("redphone_last_write_timestamp_seconds"), "{before}");
    let declared = async |title: &str, hours: i64, urgent: bool| {
        let (id, order) = declare(title);
        let actor = Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        let mut envelope = order.into_envelope(actor);
        let ago = TimeDelta::hours(hours);
        envelope.at -= ago;
        if let Command::Incident { command: IncidentCommand::Declare(declaration), .. } =
            &mut envelope.command
        {
            declaration.detected_at -= ago;
            declaration.reported_at -= ago;
            if !urgent {
                declaration.impact = redphone::model::Impact::Low;
                declaration.urgency = redphone::model::Impact::Low;
            }
        }
        server.store.execute(&envelope).await.unwrap();
        id
    };
    declared("Card payments fail", 3, true).await;
    declared("Logins fail", 1, true).await;
    declared("The logo is missing", 2, false).await;
    let (id, order) = declare("Disk full");
    let acknowledge = crate::support::api::order(id, IncidentCommand::Acknowledge);
    server.send(&server.respond, vec![order, acknowledge]).await;
    let (_, text) = figures(&server, TEXT).await;
    let values = values(&text);
    let value = |name: &str| *values.get(name).unwrap_or_else(|| panic!("{name} in {text}"));
    let oldest = |priority: &str| {
        value(&format!("redphone_oldest_unacknowledged_seconds{{priority=\"{priority}\"}}"))
    };
    assert!((10_800.0..11_000.0).contains(&oldest("P1")), "{text}");
    assert!((7200.0..7400.0).contains(&oldest("P4")), "{text}");
    assert!(oldest("P2") < 1.0 && oldest("P3") < 1.0, "{text}");
    let now = Utc::now().timestamp_millis() as f64 / 1000.0;
    let is_recent = |name: &str, age: f64| (now - age..now + 1.0).contains(&value(name));
    assert!(is_recent("redphone_last_write_timestamp_seconds", 60.0), "{text}");
    assert!(is_recent("process_start_time_seconds", 86_400.0), "{text}");
    assert!(value("process_cpu_seconds_total") > 0.0 && value("process_open_fds") > 5.0);
    assert!(value("process_resident_memory_bytes") > 1e6 && value("redphone_ready") > 0.5);
    let version = env!("CARGO_PKG_VERSION");
    assert!(value(&format!("redphone_build_info{{version=\"{version}\"}}")) > 0.5);
    assert!(value("redphone_file_size_bytes{file=\"store\"}") > 4096.0);
    assert!(value("redphone_file_size_bytes{file=\"access_log\"}") >= 0.0);
    assert!(value("redphone_disk_free_bytes{file=\"store\"}") > 0.0);
    assert!(
        value("redphone_access_log_lost_total") < 0.5 && value("redphone_log_lost_total") < 0.5
    );
    assert!(!text.contains("redphone_certificate_expiry_timestamp_seconds "), "{text}");
}

#[tokio::test]
async fn metrics_have_the_expiry_of_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let files =
        TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let write = |year: i32| {
        let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 3, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        std::fs::write(&files.cert, params.self_signed(&key).unwrap().pem()).unwrap();
    };
    write(2900);
    let server = TestServer::with(|options| options.tls = Some(files.clone())).await;
    let expiry = async || {
        let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true);
        let request = client.build().unwrap().get(format!("{}/v1/metrics", server.url));
        let response =
            request.bearer_auth(&server.read).header("accept", TEXT).send().await.unwrap();
        values(&response.text().await.unwrap())["redphone_certificate_expiry_timestamp_seconds"]
    };
    let seconds = |text: &str| text.parse::<chrono::DateTime<Utc>>().unwrap().timestamp() as f64;
    let is_about = |value: f64, expected: f64| (value - expected).abs() < 1.0;
    assert!(is_about(expiry().await, seconds("2900-03-01T00:00:00Z")));
    write(2950);
    let renewed = seconds("2950-03-01T00:00:00Z");
    crate::support::wait::until("the new one is told", async || is_about(expiry().await, renewed))
        .await;
}

#[test]
fn lint_finds_what_is_wrong() {
    let good = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 1\n\
                # HELP wait_seconds B.\n# TYPE wait_seconds histogram\nwait_seconds_sum 1\n\
                wait_seconds_bucket{le=\"+Inf\"} 1\n";
    assert_eq!(lint(good), Vec::<String>::new());
    for (bad, expected) in [
        ("# HELP a A.\n# TYPE a counter\na 1\n", "_total"),
        ("# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n", "_total"),
        ("# TYPE a gauge\na 1\n", "no help"),
        ("a 1\n", "without a description"),
        ("# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 1\n", "abbreviation"),
        ("# HELP a_minutes A.\n# TYPE a_minutes gauge\na_minutes 1\n", "base unit"),
        ("# HELP a_gauge A.\n# TYPE a_gauge gauge\na_gauge 1\n", "a type"),
        ("# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "twice"),
        ("# HELP a A.\n# TYPE a gauge\na{aB=\"1\"} 2\n", "snake case"),
        ("# HELP a:b A.\n# TYPE a:b gauge\na:b 2\n", "snake case"),
        ("# HELP a_count A.\n# TYPE a_count gauge\na_count 2\n", "reserved"),
    ] {
        let problems = lint(bad);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{bad} {problems:?}");
    }
}
