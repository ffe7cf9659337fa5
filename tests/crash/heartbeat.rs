//! A real server that was down does not report its own downtime as silence of others.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::serving::{Server, write_settings};
use crate::support::wait::until_blocking;

fn incidents(cli: &CliFixture) -> Vec<Value> {
    json_lines(&cli.ok(["list", "is:any", "--json"]))
}

#[test]
fn server_listens_before_it_judges_heartbeats() {
    let cli = CliFixture::with_company();
    let settings =
        "[heartbeats.backup]\ninterval = \"2s\"\ngrace = \"1s\"\nservice = \"checkout\"\n";
    write_settings(&cli, settings);
    cli.ok(["heartbeat", "backup"]);
    // Nothing has run for a day.
    let store = rusqlite::Connection::open(cli.store()).unwrap();
    let before = Utc::now() - TimeDelta::days(1);
    let sql =
        "UPDATE heartbeat SET last = ?1, body = json_set(body, '$.last_at', ?2, '$.since', ?2)";
    store.execute(sql, (before.timestamp_millis(), before.to_rfc3339())).unwrap();
    drop(store);

    let started = Utc::now();
    let _server = Server::start(&cli, 0);
    until_blocking("the silence is declared", || !incidents(&cli).is_empty());
    let rows = incidents(&cli);
    let declared: DateTime<Utc> = rows[0]["reported_at"].as_str().unwrap().parse().unwrap();
    // The time of a report has whole seconds.
    assert!(declared >= started + TimeDelta::seconds(2), "{declared} {started}");
    assert_eq!(rows[0]["title"], "No heartbeat of backup");
    cli.ok(["heartbeat", "backup"]);
    // On a slow machine it is silent again by the next look.
    let is_resolved = || incidents(&cli).iter().any(|row| row["status"] == "resolved");
    until_blocking("the next one ends it", is_resolved);
}
