//! `redphone ingest` and `redphone integration`, on a local store.

use rstest::rstest;
use serde_json::Value;

use crate::support::alerts::{alert, message};
use crate::support::cli::{CliFixture, json_lines};

fn fires() -> String {
    message("disks", &[alert("db1", "09:00", None), alert("db2", "09:05", None)]).to_string()
}

#[test]
fn message_from_standard_input_declares_an_incident() {
    let cli = CliFixture::new();
    let run = cli.pipe(["ingest", "--sender", "Monitor"], fires().as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.out, "INC-1 declared: 2 alerts, 2 new\n");
    let again = cli.pipe(["ingest", "alertmanager", "--sender", "Monitor"], fires().as_bytes());
    assert_eq!(again.out, "INC-1 unchanged: 2 alerts, 2 still firing\n");
    let ends = ["db1", "db2"].map(|name| alert(name, "09:00", Some("09:30")));
    let ends = message("disks", &ends).to_string();
    let json = cli.pipe(["ingest", "--json", "--sender", "Monitor"], ends.as_bytes());
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["effect"], &json["alerts"]["resolved"]), (&"resolved".into(), &2.into()));
    assert!(cli.ok(["events", "--json", "--since", "1h"]).contains("\"Monitor\""));
}

#[test]
fn message_is_explained_and_nothing_is_stored() {
    let cli = CliFixture::with_company();
    std::fs::write(cli.path("message.json"), fires()).unwrap();
    let out = cli.ok(["ingest", "test", "--as", "alertmanager", "message.json"]);
    for part in ["receiver", "The disk of db1 is full (and 1 more)", "service=checkout", "firing"] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
    let json = cli.ok(["ingest", "test", "message.json", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let group = &json["groups"][0];
    assert_eq!(group["declaration"]["team"], "payments");
    assert_eq!(group["declaration"]["runbook"], "payments/5xx");
    assert_eq!(cli.run(["list", "--json"]).out, "");
    let piped = cli.pipe(["ingest", "test", "-"], fires().as_bytes());
    assert_eq!(piped.out, out);
}

#[test]
fn mails_of_a_thread_are_one_incident() {
    let cli = CliFixture::new();
    let mail = |id: &str, subject: &str, answers: &str| {
        format!(
            "From: Ines Moreau <ines@example.com>\r\nSubject: {subject}\r\nMessage-ID: <{id}>\r\n\
             {answers}\r\nSince nine.\r\n"
        )
    };
    let first = cli.pipe(["ingest", "mail"], mail("1@a", "Cards are declined", "").as_bytes());
    assert_eq!(first.out, "INC-1 declared: 1 alert, 1 new\n", "{first:?}");
    let answer = mail("2@a", "Re: Cards are declined", "In-Reply-To: <1@a>\r\n");
    let added = cli.pipe(["ingest", "mail"], answer.as_bytes());
    assert_eq!(added.out, "INC-1 added: 1 alert, 1 new\n", "{added:?}");
    let row = &json_lines(&cli.ok(["list", "--json"]))[0];
    assert_eq!(
        (&row["title"], &row["source"]),
        (&"Cards are declined".into(), &"user_report".into())
    );
    let away = mail("3@a", "Away", "Auto-Submitted: auto-replied\r\n");
    let away = cli.pipe(["ingest", "mail"], away.as_bytes());
    assert_eq!((away.code, away.out.as_str()), (0, "the message has no alerts\n"), "{away:?}");
}

#[test]
fn mail_with_large_attachments_is_read() {
    let cli = CliFixture::new();
    let mut mail =
        b"From: ines@example.com\r\nSubject: Cards are declined\r\nMessage-ID: <1@a>\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain\r\n\r\nSince nine.\r\n--b\r\n\
        Content-Type: application/octet-stream\r\n\r\n"
            .to_vec();
    mail.resize(5 * 1024 * 1024, b'x');
    let run = cli.pipe(["ingest", "mail"], &mail);
    assert_eq!(run.out, "INC-1 declared: 1 alert, 1 new\n", "{run:?}");
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    assert_eq!(shown["incident"]["symptoms"], "Since nine.");
    cli.pipe(["ingest", "zabbix"], &mail).refused(1, &["longer than 4194304 bytes"]);
}

#[test]
fn message_is_explained_with_its_headers_and_key() {
    let cli = CliFixture::new();
    let rule = "[[ingest_rules]]\nservice = \"{integration}\"\n";
    std::fs::write(cli.path("config.toml"), rule).unwrap();
    std::fs::write(cli.path("event.json"), r#"{"title": "Disk full"}"#).unwrap();
    let args = [
        "ingest",
        "test",
        "--as",
        "cloudevents",
        "--sender",
        "ledger",
        "--header",
        "CE-Type: a.b",
        "--header",
        "ce-source: /disks",
        "--header",
        "ce-subject: db1",
        "event.json",
        "--json",
        "--config",
        "config.toml",
    ];
    let json: Value = serde_json::from_str(&cli.ok(args)).unwrap();
    let group = &json["groups"][0];
    assert_eq!(group["key"], "cloudevents:/disks db1");
    assert_eq!(group["declaration"]["services"], serde_json::json!(["ledger"]));
    let wrong = ["ingest", "test", "--header", "ce-type", "event.json"];
    cli.run(wrong).refused(2, &["--header", "write a name and a text"]);
}

#[test]
fn mapping_is_explained_field_by_field() {
    let cli = CliFixture::new();
    let body = r#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"http"}}"#;
    std::fs::write(cli.path("kuma.json"), body).unwrap();
    let args = ["ingest", "test", "--as", "uptime-kuma", "kuma.json"];
    let out = cli.ok(args);
    assert!(out.contains("mapping       uptime-kuma") && out.contains("monitor.id"), "{out}");
    let json: Value = serde_json::from_str(&cli.ok(args.iter().chain(&["--json"]))).unwrap();
    let fields = json["readings"][0]["fields"].as_array().unwrap();
    let key = fields.iter().find(|field| field["field"] == "key").unwrap();
    assert_eq!((&key["value"], &key["from"]), (&"3".into(), &"monitor.id".into()));
    assert_eq!(json["groups"][0]["declaration"]["title"], "Shop is down");
}

#[test]
fn message_that_is_not_understood_is_stored() {
    let cli = CliFixture::new();
    let run = cli.pipe(["ingest"], b"{\"alerts\":[1]}");
    run.refused(1, &["alerts[0] is a number", "it is stored as 1"]);
    let list = json_lines(&cli.ok(["ingest", "dead", "--json"]));
    assert_eq!((list.len(), &list[0]["number"]), (1, &1.into()));
    assert_eq!(list[0]["actor"], serde_json::json!({"integration": "alertmanager"}));
    let table = cli.ok(["ingest", "dead"]);
    assert!(table.starts_with("NUMBER ") && table.contains("alerts[0] is a number"), "{table}");
    let shown = cli.ok(["ingest", "dead", "show", "1"]);
    assert!(shown.contains("{\"alerts\":[1]}") && shown.contains("bytes"), "{shown}");
    let run = cli.run(["ingest", "dead", "replay", "1"]);
    run.refused(1, &["1: it still can't be read", "alerts[0] is a number"]);
    let check = cli.run(["check"]);
    assert!(check.out.contains("note: 1 message of alerts could not be understood"), "{check:?}");
    let doctor = cli.run(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    doctor.assert_error(&["1 message of alerts could not be understood"]);
    assert_eq!(cli.ok(["ingest", "dead", "remove", "1"]), "1 removed\n");
    let none = cli.run(["ingest", "dead"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    none.assert_error(&["there are no messages that could not be understood"]);
    cli.run(["ingest", "dead", "show", "1"]).refused(3, &["there is no message 1"]);
}

#[test]
fn alert_that_is_unreadable_hides_no_others() {
    let cli = CliFixture::new();
    let body = b"{\"alerts\":[7,{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\"}}]}";
    let run = cli.pipe(["ingest"], body);
    assert_eq!((run.code, run.out.as_str()), (1, "INC-1 declared: 1 alert, 1 new\n"), "{run:?}");
    run.assert_error(&["alerts[0] is a number", "it is stored as 1"]);
    let list = json_lines(&cli.ok(["ingest", "dead", "--json"]));
    assert_eq!((list.len(), &list[0]["source"]), (1, &"alertmanager".into()));
}

#[test]
fn all_messages_are_read_again() {
    let cli = CliFixture::new();
    cli.pipe(["ingest"], b"{").refused(1, &["stored as 1"]);
    cli.pipe(["ingest"], b"[]").refused(1, &["stored as 2"]);
    // The message that was stored as not understood is understood by now.
    let conn = rusqlite::Connection::open(cli.store()).unwrap();
    let update = "UPDATE dead_letter SET message = ?, bytes = length(?) WHERE position = 1";
    conn.execute(update, [fires().into_bytes(), fires().into_bytes()]).unwrap();
    drop(conn);
    let run = cli.run(["ingest", "dead", "replay", "--all"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (1, "1: INC-1 declared: 2 alerts, 2 new\n"),
        "{run:?}"
    );
    run.assert_error(&["2: it still can't be read"]);
    assert_eq!(json_lines(&cli.ok(["ingest", "dead", "list", "--json"]))[0]["number"], 2);
}

#[rstest]
#[case::receiver(&["ingest", "carrier-pigeon"], 2, "there is no receiver \"carrier-pigeon\"")]
#[case::number(&["ingest", "dead", "show", "x"], 2, "invalid value 'x'")]
#[case::missing(&["ingest", "test", "nothing.json"], 3, "nothing.json")]
#[case::nothing(&["ingest", "dead", "replay"], 2, "redphone ingest dead replay")]
fn wrong_arguments_of_ingest_are_named(
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let cli = CliFixture::with_company();
    cli.pipe(args, b"{}").refused(code, &[expected]);
}

#[test]
fn message_is_refused_where_nothing_may_be_written() {
    let cli = CliFixture::with_company();
    let run = cli.pipe(["--read-only", "ingest"], fires().as_bytes());
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(cli.run(["list", "--json"]).out, "");
}

#[test]
fn integration_key_is_shown_once_and_revoked() {
    let cli = CliFixture::new();
    let run = cli.run(["integration", "create", "Zabbix"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.assert_error(&["integration key \"Zabbix\", good until it is revoked", "shown this once"]);
    let key = run.out.trim_end();
    assert!(key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
    cli.run(["token", "create", "--name", "ines", "--scope", "respond"]);
    let list = json_lines(&cli.ok(["integration", "list", "--json"]));
    assert_eq!((list.len(), &list[0]["name"]), (1, &"Zabbix".into()));
    assert_eq!((&list[0]["form"], &list[0]["scope"]), (&"key".into(), &"ingest".into()));
    let tokens = cli.ok(["token", "list"]);
    assert!(tokens.contains("Zabbix  ingest key") && !tokens.contains(key), "{tokens}");
    let again = cli.run(["integration", "create", "Zabbix"]);
    again.refused(1, &["there is a token \"Zabbix\" already"]);
    // A token of a person is not an integration key.
    let person = cli.run(["integration", "revoke", "ines"]);
    person.refused(3, &["there is no integration key \"ines\"", "redphone integration list"]);
    assert_eq!(cli.ok(["integration", "revoke", "Zabbix"]), "Zabbix revoked\n");
    assert_eq!(json_lines(&cli.ok(["integration", "list", "--json"]))[0]["state"], "revoked");
    let wrong = cli.run(["integration", "create", "late", "--expires", "2020-01-01"]);
    wrong.refused(1, &["would have expired already"]);
}

#[test]
fn alerts_that_wait_are_listed() {
    let cli = CliFixture::new();
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let rule = "[[ingest_rules]]\nname = \"disks\"\nat_least = 3\nwithin = \"10m\"\n";
    std::fs::write(file, rule).unwrap();
    let run = cli.pipe(["ingest"], fires().as_bytes());
    assert_eq!(run.out, "no incident: 2 alerts, 2 waiting for others\n", "{run:?}");
    let waiting = json_lines(&cli.ok(["ingest", "waiting", "--json"]));
    let titles: Vec<&str> = waiting.iter().filter_map(|one| one["title"].as_str()).collect();
    assert_eq!(titles.len(), 2, "{waiting:?}");
    assert_eq!((&waiting[0]["rule"], &waiting[0]["at_least"]), (&"disks".into(), &3.into()));
    let table = cli.ok(["ingest", "waiting"]);
    assert!(table.contains("disks") && table.contains("10m"), "{table}");
    let test = cli.pipe(["ingest", "test", "-"], fires().as_bytes()).out;
    assert!(test.contains("at_least") && test.contains("3 alerts within 10m"), "{test}");
    let third = message("disks", &[alert("db3", "09:00", None)]).to_string();
    let run = cli.pipe(["ingest"], third.as_bytes());
    assert_eq!(run.out, "INC-1 declared: 3 alerts, 3 new\n", "{run:?}");
}

#[test]
fn noise_is_marked_and_counted() {
    let cli = CliFixture::new();
    cli.pipe(["ingest"], fires().as_bytes());
    cli.ok(["ack", "INC-1"]);
    let [row] = &json_lines(&cli.ok(["noise", "--json"]))[..] else { panic!("one check") };
    assert_eq!((&row["check"], &row["reports"]), (&"DiskFull".into(), &2.into()));
    assert_eq!((&row["led"], &row["noise"]), (&1.into(), &0.into()));
    cli.ok(["mark-noise", "INC-1", "it ends by itself"]);
    cli.run(["mark-noise", "INC-1", "again"]).refused(1, &["marked as noise already"]);
    let [row] = &json_lines(&cli.ok(["noise", "--window", "7d", "--json"]))[..] else {
        panic!("one check")
    };
    assert_eq!((&row["led"], &row["noise"]), (&0.into(), &1.into()));
    let table = cli.ok(["noise"]);
    assert!(table.contains("DiskFull") && table.contains("0 (0%)"), "{table}");
    cli.ok(["undo", "INC-1"]);
    let [row] = &json_lines(&cli.ok(["noise", "--json"]))[..] else { panic!("one check") };
    assert_eq!((&row["led"], &row["noise"]), (&1.into(), &0.into()));
    cli.run(["noise", "--window", "soon"]).refused(2, &["30d"]);
}
