//! `status`: the public status page at the command line.

use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};

/// A company whose service checkout is public, with an incident of which one update is public.
fn fixture() -> (CliFixture, String) {
    let cli = CliFixture::with_company();
    cli.ok(["service", "set", "checkout", "--public-name", "Shop"]);
    let number = cli.declare("Secret title", "checkout");
    cli.ok(["update", &number, "Secret words", "--yes"]);
    let public = ["--public", "--public-title", "Payments fail", "--yes"];
    let update = ["update", number.as_str(), "We look into it"];
    cli.ok(update.iter().chain(&public));
    (cli, number)
}

fn file(cli: &CliFixture, path: &str) -> String {
    std::fs::read_to_string(cli.path("public").join(path)).unwrap()
}

#[test]
fn page_has_what_is_public_and_nothing_else() {
    let (cli, _) = fixture();
    let args = ["status", "build", "public", "--title", "Example", "--json"];
    let built = json_lines(&cli.ok(args)).remove(0);
    assert_eq!((&built["files"], &built["incidents"]), (&Value::from(8), &Value::from(1)));
    assert_eq!((&built["components"], &built["indicator"]), (&1.into(), &"critical".into()));
    let html = file(&cli, "index.html");
    for expected in ["Example", "Shop", "Payments fail", "We look into it", "Major outage"] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    let paths = [
        "index.html",
        "history.rss",
        "api/v2/summary.json",
        "api/v2/status.json",
        "api/v2/components.json",
        "api/v2/incidents.json",
        "api/v2/incidents/unresolved.json",
        "api/v2/scheduled-maintenances.json",
    ];
    for path in paths {
        let content = file(&cli, path);
        assert!(!content.contains("Secret") && !content.contains("INC-"), "{path}: {content}");
    }
    let summary: Value = serde_json::from_str(&file(&cli, "api/v2/summary.json")).unwrap();
    assert_eq!(summary["incidents"][0]["incident_updates"][0]["body"], "We look into it");
    assert_eq!(summary["components"][0]["status"], "major_outage");
}

#[test]
fn page_is_written_when_something_has_changed() {
    let (cli, number) = fixture();
    let first = cli.ok(["status", "build", "public"]);
    assert_eq!(first, "written to public: major service outage, 1 incident\n");
    let again = cli.ok(["status", "build", "public"]);
    assert!(again.starts_with("nothing has changed in public since "), "{again}");
    let resolved = ["resolve", &number, "--action", "rollback", "--detail", "secret detail"];
    cli.ok(resolved.iter().chain(&["--validation", "secret validation", "--yes"]));
    let third = cli.ok(["status", "build", "public"]);
    assert_eq!(third, "written to public: all systems operational, 1 incident\n");
    assert!(file(&cli, "index.html").contains("This incident has been resolved."));
}

#[test]
fn service_without_a_public_name_is_hinted_at() {
    let cli = CliFixture::with_company();
    let run = cli.run(["status", "build", "public"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("no service is public"), "{run:?}");
    assert!(file(&cli, "index.html").contains("There were no incidents in the last 30 days."));
}

#[test]
fn public_window_is_on_the_page() {
    let (cli, _) = fixture();
    let window = ["maintenance", "add", "Secret work", "--filter", "service:checkout"];
    cli.ok(window.iter().chain(&["--for", "2h", "--public", "The shop may be slow"]));
    cli.ok(["status", "build", "public"]);
    let text = file(&cli, "api/v2/scheduled-maintenances.json");
    let json: Value = serde_json::from_str(&text).unwrap();
    let window = &json["scheduled_maintenances"][0];
    assert_eq!(window["status"], "in_progress");
    assert_eq!(window["name"], "Shop: scheduled maintenance");
    assert_eq!(window["incident_updates"][0]["body"], "The shop may be slow");
    assert!(!text.contains("Secret"));
}

#[test]
fn what_is_wrong_is_named() {
    let (cli, number) = fixture();
    for url in ["status", "https://ines:pw@status.example.org", "https://status.example.org/?a=1"] {
        cli.run(["status", "build", "public", "--url", url]).refused(2, &["--url is no address"]);
    }
    for title in ["", "two\nlines"] {
        cli.run(["status", "build", "public", "--title", title]).refused(2, &["--title "]);
    }
    std::fs::create_dir(cli.path("web")).unwrap();
    std::fs::write(cli.path("web/index.html"), "mine").unwrap();
    cli.run(["status", "build", "web"]).refused(1, &["index.html", "--replace"]);
    assert_eq!(std::fs::read_to_string(cli.path("web/index.html")).unwrap(), "mine");
    cli.ok(["status", "build", "web", "--replace"]);
    cli.ok(["status", "build", "web", "--title", "Other"]);
    let title = ["update", &number, "Words", "--public-title", "Title", "--yes"];
    cli.run(title).refused(2, &["--public"]);
    std::fs::write(cli.path("file"), "").unwrap();
    cli.run(["status", "build", "file"]).refused(1, &["can't write file"]);
}
