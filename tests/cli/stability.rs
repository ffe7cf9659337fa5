//! Stability before an incident is resolved, on the command line and over the API.

use serde_json::Value;

use crate::support::alerts::{alert, message};
use crate::support::cli::CliFixture;
use crate::support::serving::write_settings;

/// A store with an incident whose only alert has just ended, and that somebody has acknowledged.
fn green() -> CliFixture {
    let cli = CliFixture::new();
    write_settings(&cli, "[stability]\np3 = \"15m\"\n");
    let fires = message("disks", &[alert("db1", "09:00", None)]).to_string();
    let sent = cli.pipe(["ingest", "--sender", "Monitor"], fires.as_bytes());
    assert_eq!(sent.out, "INC-1 declared: 1 alert, 1 new\n", "{sent:?}");
    cli.ok(["ack", "INC-1"]);
    let ended = message("disks", &[alert("db1", "09:00", Some("09:10"))]).to_string();
    let sent = cli.pipe(["ingest", "--sender", "Monitor"], ended.as_bytes());
    assert_eq!(sent.code, 0, "{sent:?}");
    cli
}

const RESOLVE: [&str; 8] =
    ["resolve", "INC-1", "--action", "restart", "--detail", "restarted", "--validation", "seen"];

fn shown(cli: &CliFixture) -> Value {
    serde_json::from_str(&cli.ok(["show", "INC-1", "--json"])).unwrap()
}

#[test]
fn early_resolution_needs_a_reason_at_the_prompt() {
    let cli = green();
    let page = cli.ok(["show", "INC-1"]);
    assert!(page.contains("Stability") && page.contains(" of 15m"), "{page}");
    assert_eq!(shown(&cli)["soak"]["required_s"], 900);
    let refused = cli.run(RESOLVE);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.err.contains(" of 15m: wait, or give a reason"), "{refused:?}");
    assert_eq!(shown(&cli)["incident"]["status"], "monitoring");

    let blank = cli.run([&RESOLVE[..], &["--waive-soak", " "]].concat());
    assert_ne!(blank.code, 0, "{blank:?}");
    cli.ok([&RESOLVE[..], &["--waive-soak", "the check itself was broken"]].concat());
    let shown = shown(&cli);
    assert_eq!(shown["incident"]["status"], "resolved");
    assert_eq!(shown["incident"]["resolution"]["stability"]["required_s"], 900);
    let events = shown["timeline"].as_array().unwrap();
    assert_eq!(events.last().unwrap()["because"], "the check itself was broken");
    let page = cli.ok(["show", "INC-1"]);
    assert!(page.contains(" of 15m · waived"), "{page}");
}
