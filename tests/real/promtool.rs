//! promtool judges the metrics of a real server.

use std::io::Write;
use std::process::{Command, Stdio};

use super::parts;
use crate::support::api::{TestServer, declare, fetch};
use crate::support::metrics::lint;

#[tokio::test]
async fn promtool_has_nothing_to_say_about_the_metrics() {
    if !parts::are_tested("promtool on the metrics", &["promtool"]) {
        return;
    }
    let server = TestServer::new().await;
    let (_, order) = declare("Card payments fail");
    server.send(&server.respond, vec![order]).await;
    server.get("rp_x", "/v1/incidents").await;
    let request = server.request("GET", "/v1/metrics").bearer_auth(&server.read);
    let text = fetch(request.header("accept", "text/plain;version=0.0.4")).await.body;
    let judge = |text: &[u8]| {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool.stdin.take().unwrap().write_all(text).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_good, said) = judge(&text);
    assert!(is_good && said.trim().is_empty(), "{said}\n{}", String::from_utf8_lossy(&text));
    // Both judge alike.
    let bad = "# HELP a_ms A.\n# TYPE a_ms counter\na_ms 1\n";
    let (is_good, said) = judge(bad.as_bytes());
    assert!(!is_good && !lint(bad).is_empty(), "{said}");
}
