//! Self-tests of real servers, on a timer.

use chrono::Utc;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::receiver::Receiver;
use crate::support::serving::{Server, get, write_secret, write_settings};
use crate::support::wait::until_blocking;

/// Returns the incidents of self-tests.
fn self_tests(cli: &CliFixture) -> Vec<Value> {
    json_lines(&cli.ok(["list", "is:any label:self-test", "--json"]))
}

/// Returns when the last self-test ended, and why it failed.
fn last_outcome(cli: &CliFixture) -> Option<(Value, Value)> {
    let store = rusqlite::Connection::open(cli.store()).unwrap();
    let sql = "SELECT body FROM self_test WHERE name = 'self-test'";
    let body: String = store.query_row(sql, [], |row| row.get(0)).ok()?;
    let body: Value = serde_json::from_str(&body).unwrap();
    body.get("ended_at").map(|ended| (ended.clone(), body["error"].clone()))
}

fn metrics(cli: &CliFixture, server: &Server) -> String {
    let token = cli.run(["token", "create", "--name", "metrics", "--scope", "read"]).out;
    get(server.address, "/v1/metrics", token.trim())
}

const EVERY: &str = "[self_test]\nevery = \"1h\"\nwithin = \"20s\"\n";

#[test]
fn one_server_tests_itself_for_all() {
    let cli = CliFixture::with_company();
    write_settings(&cli, EVERY);
    let servers: Vec<Server> = (0..3).map(|number| Server::start(&cli, number)).collect();
    until_blocking("the self-test ends", || last_outcome(&cli).is_some());
    assert_eq!(last_outcome(&cli).unwrap().1, Value::Null);
    let tests = self_tests(&cli);
    assert_eq!(tests.len(), 1, "{tests:?}");
    assert_eq!(
        (&tests[0]["status"], &tests[0]["team"]),
        (&"reclassified".into(), &"self-test".into())
    );
    let lines = json_lines(&cli.ok(["export"]));
    let sent: Vec<&Value> = lines.iter().filter_map(|line| line.get("notification")).collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!((&sent[0]["channel"], &sent[0]["state"]), (&"self-test".into(), &"sent".into()));
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["event"]["kind"].as_str()).collect();
    for kind in ["declared", "escalated", "acknowledged", "reclassified"] {
        assert_eq!(kinds.iter().filter(|other| **other == kind).count(), 1, "{kinds:?}");
    }
    let text = metrics(&cli, &servers[2]);
    assert!(text.contains("redphone_test_ok{name=\"self-test\"} 1"), "{text}");
}

#[test]
fn failed_self_test_is_an_incident_until_one_succeeds() {
    let (cli, receiver) = (CliFixture::with_company(), Receiver::start());
    let secret = write_secret(&cli);
    let settings = |path: &str| {
        format!(
            "[self_test]\nevery = \"1m\"\nwithin = \"10s\"\nservice = \"checkout\"\npriority = \"P1\"\n\
             [outbound]\nprivate_hosts = [\"127.0.0.1\"]\n\
             [channels.hook]\nkind = \"webhook\"\nurl = \"http://{}{path}\"\n\
             secret_file = \"{secret}\"\n\
             [[contacts]]\nperson = \"self-test\"\n\
             ways = [{{ name = \"hook\", channel = \"hook\", address = \"self-test\" }}]\n",
            receiver.address
        )
    };
    write_settings(&cli, &settings("/gone"));
    let mut server = Server::start(&cli, 0);
    until_blocking("the self-test ends", || last_outcome(&cli).is_some());
    let error = last_outcome(&cli).unwrap().1;
    assert!(error.as_str().unwrap().starts_with("notification: self-test"), "{error}");
    let failure = || -> Vec<Value> {
        let all = json_lines(&cli.ok(["list", "is:any", "--json"])).into_iter();
        all.filter(|row| row["title"].as_str().unwrap().contains("self-test of redphone fails"))
            .collect()
    };
    let declared = failure();
    assert_eq!(declared.len(), 1, "{declared:?}");
    assert_eq!(
        (&declared[0]["priority"], &declared[0]["team"]),
        (&"P1".into(), &"payments".into())
    );
    assert_eq!(declared[0]["status"], "triggered");
    assert_eq!(self_tests(&cli)[0]["status"], "reclassified", "it ends whatever is wrong");
    let text = metrics(&cli, &server);
    assert!(text.contains("redphone_test_ok{name=\"self-test\"} 0"), "{text}");
    server.kill();

    // The next one is due, and its channel works.
    write_settings(&cli, &settings("/good"));
    let store = rusqlite::Connection::open(cli.store()).unwrap();
    let before = Utc::now().timestamp_millis() - 120_000;
    store.execute("UPDATE self_test SET at = ?", [before]).unwrap();
    drop(store);
    let _server = Server::start(&cli, 1);
    until_blocking("the incident of the failure ends", || failure()[0]["status"] == "resolved");
    assert_eq!(last_outcome(&cli).unwrap().1, Value::Null);
    assert_eq!(receiver.received().len(), 2);
}
