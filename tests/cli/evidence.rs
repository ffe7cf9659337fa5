//! Evidence on the command line: attached, listed, saved and redacted.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cli::CliFixture;

fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Cards fail", "checkout");
    std::fs::write(cli.path("app.log"), "pool exhausted\n").unwrap();
    let file = cli.path("app.log");
    cli.ok(["attach", "1", file.to_str().unwrap(), "--yes"]);
    cli
}

#[test]
fn attached_file_is_listed_printed_and_saved() {
    let cli = filled();
    let listed = cli.ok(["evidence", "1"]);
    assert!(listed.starts_with("app.log · 15 B"), "{listed}");
    let json: Value = serde_json::from_str(&cli.ok(["evidence", "1", "--json"])).unwrap();
    assert_eq!((&json["name"], &json["text"]), (&Value::from("app.log"), &Value::from(true)));
    assert_eq!(cli.ok(["evidence", "1", "app.log"]), "pool exhausted\n");
    let target = cli.path("saved.log");
    cli.ok(["evidence", "1", "app.log", "--output", target.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(target).unwrap(), "pool exhausted\n");
    let shown = cli.ok(["show", "1"]);
    assert!(shown.contains("app.log · 15 B"), "{shown}");
}

#[test]
fn saved_file_is_replaced_only_with_force() {
    let cli = filled();
    std::fs::write(cli.path("saved.log"), "of somebody else").unwrap();
    let save = ["evidence", "1", "app.log", "--output", "saved.log"];
    cli.run(save).refused(1, &["saved.log exists", "--force"]);
    let content = || std::fs::read_to_string(cli.path("saved.log")).unwrap();
    assert_eq!(content(), "of somebody else");
    cli.ok([&save[..], &["--force"]].concat());
    assert_eq!(content(), "pool exhausted\n");
    assert_eq!(cli.ok(["evidence", "1", "app.log", "-o", "-"]), "pool exhausted\n");
    assert!(!cli.path("-").exists());
    assert_eq!(cli.run(["evidence", "1", "app.log", "--force"]).code, 2);
}

#[test]
fn export_replaces_an_export_and_no_other_file() {
    let cli = filled();
    cli.ok(["export", "backup.jsonl"]);
    cli.ok(["note", "1", "one more line"]);
    cli.ok(["export", "backup.jsonl"]);
    let export = std::fs::read_to_string(cli.path("backup.jsonl")).unwrap();
    assert!(export.contains("one more line"));
    for other in ["{\"header\": 1}\n", "a text", "[]", "\u{feff}"] {
        std::fs::write(cli.path("other"), other).unwrap();
        cli.run(["export", "other"]).refused(1, &["other exists", "--force"]);
        assert_eq!(std::fs::read_to_string(cli.path("other")).unwrap(), other);
    }
    cli.ok(["export", "other", "--force"]);
    assert_eq!(std::fs::read_to_string(cli.path("other")).unwrap(), export);
}

#[test]
fn captured_output_comes_from_standard_input() {
    let cli = filled();
    let args = ["attach", "1", "-", "--name", "pods.txt", "--yes"];
    let run = cli.pipe(args, b"pod-1 CrashLoop\n");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(cli.ok(["evidence", "1", "pods.txt"]), "pod-1 CrashLoop\n");
}

#[test]
fn redacted_evidence_is_not_found() {
    let cli = filled();
    cli.ok(["redact", "1", "--evidence", "app.log", "--reason", "it has a password", "--yes"]);
    let run = cli.run(["evidence", "1", "app.log"]);
    assert_eq!(run.code, 3, "{run:?}");
    let shown = cli.ok(["show", "1"]);
    assert!(!shown.contains("app.log"), "{shown}");
    assert!(shown.contains("evidence: it has a password"), "{shown}");
}

#[rstest]
#[case("--contact", &["Tom Varga · contact redacted", "Tom Varga · contact redacted · T-2"])]
#[case("--reporter", &["redacted", "redacted"])]
fn all_reporters_of_the_name_are_redacted(#[case] part: &str, #[case] expected: &[&str]) {
    let cli = CliFixture::with_company();
    cli.declare("Cards fail", "checkout");
    cli.ok(["reporter", "1", "Tom Varga", "--contact", "tom@example.org"]);
    cli.ok(["reporter", "1", "Tom Varga", "--contact", "+4930", "--ticket", "T-2"]);
    cli.ok(["reporter", "1", "Anna Berg", "--contact", "anna@example.org"]);
    let redact = ["redact", "1", part, "Tom Varga", "--reason", "he has asked for it", "--yes"];
    cli.ok(redact);
    let shown = cli.ok(["show", "1"]);
    let reporters: Vec<&str> =
        shown.lines().filter_map(|line| line.strip_prefix("Reporter")).map(str::trim).collect();
    assert_eq!(reporters, [expected, &["Anna Berg · anna@example.org"]].concat(), "{shown}");
    assert!(!shown.contains("tom@example.org") && !shown.contains("+4930"), "{shown}");
}

#[test]
fn redacted_text_leaves_the_drafts_of_forms() {
    let cli = CliFixture::with_company();
    cli.declare("Cards fail", "checkout");
    cli.declare("Mail is slow", "checkout");
    cli.ok(["reporter", "1", "Tom Varga"]);
    let folder = cli.path("home/.local/state/redphone/drafts");
    std::fs::create_dir_all(&folder).unwrap();
    let files = ["1", "2"].map(|incident| {
        let shown: Value = serde_json::from_str(&cli.ok(["show", incident, "--json"])).unwrap();
        let about = json!([[shown["incident"]["id"], "INC", "Cards fail", 2]]);
        let id = uuid::Uuid::now_v7();
        let draft = json!({"id": id, "form": "\"Note\"", "about": about,
            "contents": ["Tom Varga calls back"], "at": "2026-03-01T10:00:00Z"});
        let file = folder.join(format!("{id}.json"));
        std::fs::write(&file, draft.to_string()).unwrap();
        file
    });
    let redact = ["redact", "1", "--reporter", "Tom Varga", "--reason", "he has asked for it"];
    cli.ok(redact.iter().chain(&["--yes"]));
    let contents = files.map(|file| {
        let draft: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        draft["contents"][0].as_str().unwrap().to_owned()
    });
    assert_eq!(contents, ["(redacted) calls back", "Tom Varga calls back"]);
}

#[test]
fn missing_or_large_file_is_refused() {
    let cli = filled();
    assert_eq!(cli.run(["attach", "1", "/no/such/file", "--yes"]).code, 3);
    std::fs::write(cli.path("large"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let large = cli.path("large");
    assert_eq!(cli.run(["attach", "1", large.to_str().unwrap(), "--yes"]).code, 1);
}

#[test]
fn impact_is_given_with_the_declaration() {
    let cli = CliFixture::with_company();
    let args = ["declare", "--title", "Cards fail", "--impact", "high", "--urgency", "high"];
    let impact = ["--began", "20m", "--users", "1200", "--reporter", "Tom Varga"];
    cli.ok(args.iter().chain(&impact));
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let record = &shown["incident"];
    assert_eq!(record["affected"]["users"], 1200);
    assert_eq!(record["reporters"][0]["name"], "Tom Varga");
    assert!(record["began_at"].is_string(), "{record}");
}

#[test]
fn all_of_the_impact_is_declared_at_once() {
    let cli = CliFixture::with_company();
    let args = ["declare", "--title", "Cards fail", "--impact", "high", "--urgency", "high"];
    let impact = [
        "--share",
        "12.5%",
        "--region",
        "eu-west",
        "--region",
        "us-east",
        "--customer",
        "Acme",
        "--recovery",
        "2h",
        "--reporter",
        "Tom Varga",
        "--contact",
        "tom@example.org",
        "--ticket",
        "T-4711",
        "--involve-team",
        "network",
        "--accept-unknown",
    ];
    // The directory does not have the team, which is reported.
    let declared = cli.run(args.iter().chain(&impact));
    assert_eq!(declared.code, 0, "{declared:?}");
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let record = &shown["incident"];
    let affected = serde_json::json!({
        "share": 12500, "regions": ["eu-west", "us-east"], "customers": ["Acme"],
    });
    assert_eq!(record["affected"], affected);
    assert_eq!(record["reporters"][0]["contact"], "tom@example.org");
    assert_eq!(record["reporters"][0]["ticket"], "T-4711");
    assert_eq!(record["teams"], serde_json::json!(["network"]));
    assert!(record["expected_recovery"].is_string(), "{record}");
    for wrong in [["--share", "200%"], ["--began", "2100-01-01 10:00"], ["--recovery", "soon"]] {
        let refused = cli.run(args.iter().chain(&wrong));
        assert_eq!(refused.code, 1, "{wrong:?}: {refused:?}");
    }
}
