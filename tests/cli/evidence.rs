//! Evidence on the command line: attached, listed, saved and redacted.

use serde_json::Value;

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
