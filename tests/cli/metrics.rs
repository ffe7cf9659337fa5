//! The pages of measures on the command line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use redphone::backend::Backend;
use redphone::model::measures::Window;
use redphone::model::measures::pages::{Dimension, Offsets, Pages, PagesQuery, Selection};
use redphone::model::measures::sheet::{Cell, Page, Sheet};
use rstest::rstest;
use serde_json::Value;

use crate::support::cli::CliFixture;
use crate::support::serving::{Server, get};
use crate::support::store::open;
use crate::support::wait::until_blocking;

/// A store with three incidents: one resolved, one acknowledged, one new.
fn fixture() -> CliFixture {
    let cli = CliFixture::with_company();
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let objective = "\n[[objectives]]\nservice = \"checkout\"\ntarget = \"99.9\"\n";
    std::fs::write(file, format!("{before}{objective}")).unwrap();
    for (title, service) in
        [("Cards 1 fail", "checkout"), ("Cards 2 fail", "checkout"), ("Slow", "cdn")]
    {
        cli.declare(title, service);
    }
    cli.ok(["ack", "INC-1"]);
    cli.ok(["ack", "INC-2"]);
    cli.ok([
        "resolve",
        "INC-1",
        "--action",
        "restart",
        "--detail",
        "restarted",
        "--validation",
        "seen",
    ]);
    cli
}

fn json(cli: &CliFixture) -> Value {
    serde_json::from_str(&cli.ok(["metrics", "--json"])).unwrap()
}

#[test]
fn json_is_the_document_of_the_api() {
    let cli = fixture();
    let json = json(&cli);
    assert_eq!(json["now"]["volume"], serde_json::json!([3, 0, 0, 0]));
    assert_eq!((&json["now"]["mtta"]["count"], &json["now"]["resolved"]), (&2.into(), &1.into()));
    assert_eq!(json["recurring"][0]["count"], 2);
    assert_eq!(json["budgets"][0]["service"], "checkout");
    assert_eq!(json["cuts"].as_array().unwrap().len(), Dimension::ALL.len());
    let pages: Pages = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&pages).unwrap(), json);
}

/// INC-3 is resolved, and nobody has acknowledged it: of three incidents two have a time to acknowledge, and
/// of the two that are resolved one was not acknowledged.
#[test]
fn incident_that_nobody_acknowledged_has_no_time_to_acknowledge() {
    let cli = fixture();
    let how = ["--action", "restart", "--detail", "restarted", "--validation", "seen"];
    cli.ok([&["resolve", "INC-3"][..], &how].concat());
    // The second time the packed days of the first one are read.
    for _ in 0..2 {
        let now = &json(&cli)["now"];
        assert_eq!((&now["mtta"]["count"], &now["mttr"]["count"]), (&2.into(), &2.into()));
        let resolved = (&now["resolved"], &now["resolved_unacknowledged"]);
        assert_eq!(resolved, (&2.into(), &1.into()));
    }
}

/// The objective of a service of the directory is over 30 days.
#[test]
fn service_with_an_objective_has_a_budget() {
    let cli = fixture();
    cli.ok(["service", "set", "cdn", "--objective", "99.5"]);
    let json = json(&cli);
    let budgets = json["budgets"].as_array().unwrap();
    assert_eq!(budgets[0]["service"], "checkout");
    let cdn = budgets.iter().find(|budget| budget["service"] == "cdn").unwrap();
    assert_eq!((&cdn["target"], &cdn["window_days"]), (&"99.5".into(), &30.into()));
    // 0.5 % of 30 days.
    assert_eq!(cdn["allowed_ms"], 12_960_000);
    assert_eq!(cdn["trend"].as_array().unwrap().len(), 30);
}

/// INC-3 was resolved without anybody having acknowledged it. That it was reopened, and resolved again, makes
/// the first resolution no acknowledgement.
#[test]
fn reopened_incident_that_nobody_acknowledged_has_no_such_time() {
    let cli = fixture();
    let how = ["--action", "restart", "--detail", "restarted", "--validation", "seen"];
    for _ in 0..2 {
        cli.ok([&["resolve", "INC-3"][..], &how].concat());
        cli.ok(["reopen", "INC-3", "it is back", "--yes"]);
    }
    for resolved in [1, 2] {
        let now = &json(&cli)["now"];
        assert_eq!((&now["mtta"]["count"], &now["mttr"]["count"]), (&2.into(), &resolved.into()));
        assert_eq!(now["resolved_unacknowledged"], resolved - 1);
        if resolved == 1 {
            cli.ok([&["resolve", "INC-3"][..], &how].concat());
        }
    }
    assert!(cli.ok(["doctor"]).contains("all is well"));
}

/// The same figures are in the JSON, in every line of the CSV, and in the store's measures for the
/// same window, from which the pane makes its sheets.
#[tokio::test]
async fn figures_are_the_same_everywhere() {
    let cli = fixture();
    // A window that ends in the future has the same incidents at any time.
    let today = Utc::now().date_naive();
    let (from, to) = (today - chrono::Days::new(6), today + chrono::Days::new(2));
    let window = format!("{from}..{to}");
    let csv = cli.ok(["metrics", "--window", &window, "--compare", "--csv"]);
    let json = cli.ok(["metrics", "--window", &window, "--json", "--by", "service"]);
    let printed: Pages = serde_json::from_str(&json).unwrap();
    let time = |day: chrono::NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let query = PagesQuery {
        window: Window::between(time(from), time(to), &Utc),
        selection: Selection::default(),
        by: vec![Dimension::Service],
        offsets: Offsets::default(),
    };
    let store = open(&cli.store()).await;
    let computed = store.pages(&query, printed.at).await.unwrap();
    store.close().await;
    assert_eq!(computed.now, printed.now);
    assert_eq!(computed.cuts, printed.cuts);
    assert_eq!(computed.buckets, printed.buckets);
    assert_eq!(computed.heat, printed.heat);
    let mut lines: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let [page, table, row, _, value] = &cells[..] else { panic!("{line}") };
        lines.entry((page.clone(), table.clone(), row.clone())).or_default().push(value.clone());
    }
    let mut compared = 0;
    for page in [Page::Volume, Page::Levels, Page::Practice] {
        for table in &Sheet::new(page, &computed, Some(Dimension::Service)).tables {
            for row in &table.rows {
                let key = (page.to_string(), table.name.clone(), row.label.clone());
                let expected: Vec<String> = row.cells.iter().map(Cell::raw).collect();
                assert_eq!(lines[&key], expected, "{key:?}");
                compared += expected.len();
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

/// Removes the parts that depend on the time of the request.
fn without_time(mut document: Value) -> Value {
    let object = document.as_object_mut().expect("an object");
    object.remove("at");
    document
}

/// The output of `metrics --json`, of `report --format json` and of the API is one document, figure
/// by figure, and every page of the pane and of `metrics --csv` is made from it.
#[tokio::test]
async fn pane_command_report_and_api_have_the_same_figures() {
    let cli = fixture();
    // An open incident still uses a budget.
    for incident in ["INC-2", "INC-3"] {
        let how = ["--action", "restart", "--detail", "restarted", "--validation", "seen"];
        cli.ok([&["resolve", incident][..], &how].concat());
    }
    let today = Utc::now().date_naive();
    let (from, to) = (today - chrono::Days::new(6), today + chrono::Days::new(2));
    let window = format!("{from}..{to}");
    let by = ["--window", &window, "--by", "service"];
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let command = parse(&cli.ok([&["metrics", "--json"][..], &by].concat()));
    let mut report = parse(&cli.ok([&["report", "--format", "json"][..], &by].concat()));
    for records in ["problems", "action_items"] {
        let removed = report.as_object_mut().expect("an object").remove(records);
        assert!(removed.is_some(), "a report has {records} besides the figures");
    }

    let token = cli.run(["token", "create", "--name", "eye", "--scope", "read"]).out;
    let server = Server::start(&cli, 1);
    let time = |day: chrono::NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let edges: Vec<String> = (1..8)
        .map(|day| (from + chrono::Days::new(day)).format("%Y-%m-%dT00:00:00Z").to_string())
        .collect();
    let path = format!(
        "/v1/measures/pages?from={from}T00:00:00Z&to={to}T00:00:00Z&by=service&edges={}",
        edges.join(",")
    );
    let answer = get(server.address, &path, token.trim());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    let api = parse(body);
    drop(server);

    let expected = without_time(command.clone());
    assert_eq!(expected["now"]["resolved"], 3);
    assert_eq!(expected["buckets"].as_array().unwrap().len(), 8);
    assert_eq!(without_time(report), expected);
    assert_eq!(without_time(api), expected);

    let query = PagesQuery {
        window: Window::between(time(from), time(to), &Utc),
        selection: Selection::default(),
        by: vec![Dimension::Service],
        offsets: Offsets::default(),
    };
    let printed: Pages = serde_json::from_value(command).unwrap();
    let store = open(&cli.store()).await;
    let pane = store.pages(&query, printed.at).await.unwrap();
    store.close().await;
    // The store of this test has no objectives.
    let pane = Pages { budgets: printed.budgets.clone(), ..pane };
    assert_eq!(serde_json::to_value(&pane).unwrap(), serde_json::to_value(&printed).unwrap());
    let mut compared = 0;
    for page in Page::ALL {
        let csv = cli.ok([&["metrics", page.as_str(), "--compare", "--csv"][..], &by].concat());
        let figures: Vec<&str> = csv.lines().skip(1).collect();
        let sheet = Sheet::new(*page, &pane, Some(Dimension::Service));
        let cells: Vec<String> =
            sheet.rows().flat_map(|row| row.cells.iter().map(Cell::raw)).collect();
        assert_eq!(figures.len(), cells.len(), "{page}: {csv}");
        for (line, cell) in figures.iter().zip(&cells) {
            // Each program prints the age at the time of its request.
            if line.contains(",ago,") {
                continue;
            }
            let is_same =
                line.ends_with(&format!(",{cell}")) || line.ends_with(&format!(",\"{cell}\""));
            assert!(is_same, "{page}: {line:?} is not {cell:?}");
            compared += 1;
        }
    }
    assert!(compared > 80, "{compared}");
}

#[rstest]
#[case(&["metrics"], "3 reported")]
#[case(&["metrics", "times"], "MTTA")]
#[case(&["metrics", "volume", "--by", "team,source"], "by how it was detected")]
#[case(&["metrics", "levels", "--priority", "p1"], "· p1")]
#[case(&["metrics", "recurring"], "1 fault came back: 2 incidents")]
#[case(&["metrics", "budgets"], "99.9 %")]
#[case(&["metrics", "people"], "nobody was paged")]
#[case(&["metrics", "practice", "--markdown"], "## Practice")]
fn pages_are_printed(#[case] arguments: &[&str], #[case] expected: &str) {
    let out = fixture().ok(arguments.iter().copied());
    assert!(out.contains(expected), "{out}");
}

#[test]
fn comparison_is_printed_only_when_it_is_wanted() {
    let cli = fixture();
    assert!(!cli.ok(["metrics", "volume"]).contains("change"));
    assert!(cli.ok(["metrics", "volume", "--compare"]).contains("change"));
}

/// In the zone of an hour ahead a month begins at 23:00 UTC; `--zone utc` is not that of the machine. The API has the
/// same figures by the name of the window.
#[test]
fn month_is_that_of_the_zone_and_compared_with_the_one_before() {
    let cli = fixture();
    // The sign of such names is that of POSIX: this is an hour ahead of UTC.
    let ahead = |arguments: &[&str]| -> Value {
        let done = cli.program().args(arguments).env("TZ", "XYZ-1").output().unwrap();
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let window = ["--window", "2026-03"];
    let json = ahead(&[&["metrics", "--json"][..], &window].concat());
    let ends = |json: &Value| (json["window"]["from"].clone(), json["window"]["to"].clone());
    assert_eq!(ends(&json), ("2026-02-28T23:00:00Z".into(), "2026-03-31T23:00:00Z".into()));
    assert_eq!(json["buckets"].as_array().unwrap().len(), 31);
    let report = ahead(&[&["report", "--format", "json"][..], &window].concat());
    assert_eq!(ends(&report), ends(&json));
    let utc = ahead(&[&["--zone", "utc", "report", "--format", "json"][..], &window].concat());
    assert_eq!(ends(&utc), ("2026-03-01T00:00:00Z".into(), "2026-04-01T00:00:00Z".into()));

    let token = cli.run(["token", "create", "--name", "eye", "--scope", "read"]).out;
    let server = Server::start(&cli, 1);
    let path = "/v1/measures/pages?window=2026-03&offset=3600";
    let answer = get(server.address, path, token.trim());
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let api: Value = serde_json::from_str(body).unwrap();
    assert_eq!((ends(&api), &api["offsets"]), (ends(&json), &json["offsets"]));
    assert_eq!(api["buckets"], json["buckets"]);
}

#[rstest]
#[case(&["metrics", "--window", "month"], "3 reported")]
#[case(&["metrics", "--window", "2090-01"], "the window has not ended")]
#[case(&["metrics", "--window", "last-month"], "0 reported")]
#[case(&["report", "--window", "2026-02"], "# Incidents in February 2026")]
#[case(&["report", "--window", "2026-02"], "against the time from 2026-01-01 00:00")]
fn months_are_printed(#[case] arguments: &[&str], #[case] expected: &str) {
    let out = fixture().ok(arguments.iter().copied());
    assert!(out.contains(expected), "{out}");
}

#[rstest]
#[case(&["metrics", "--window", "2026-13"])]
#[case(&["metrics", "--window", "soon"])]
#[case(&["metrics", "--window", "2026-02-01..2026-01-01"])]
#[case(&["metrics", "everything"])]
#[case(&["metrics", "--by", "owner"])]
#[case(&["metrics", "--json", "--csv"])]
fn what_is_no_page_or_window_is_refused(#[case] arguments: &[&str]) {
    fixture().run(arguments.iter().copied()).refused(2, &[]);
}

#[test]
fn window_of_the_past_has_what_was_reported_in_it() {
    let cli = fixture();
    let out = cli.ok(["metrics", "--window", "2020-01-01..2020-02-01", "--json"]);
    let pages: Pages = serde_json::from_str(&out).unwrap();
    assert_eq!(pages.now.reported(), 0);
    assert_eq!(pages.window.to, "2020-02-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(pages.buckets.len(), 31);
}

#[rstest]
#[case(&["report"], "# Incidents from ")]
#[case(&["report", "--by", "team"], "| by team | ")]
#[case(&["report", "--format", "html"], "<svg class=\"chart\"")]
#[case(&["report", "--format", "json"], "\"recurring_total\":1")]
#[case(&["report", "--format", "json"], "\"action_items\":[")]
#[case(&["report"], "## What changed against the time before\n")]
#[case(&["report"], "## Problems\n")]
#[case(&["report"], "## Action items\n")]
#[case(&["report", "--format", "html"], "<h2>Action items</h2>")]
fn report_is_one_document(#[case] arguments: &[&str], #[case] expected: &str) {
    let out = fixture().ok(arguments.iter().copied());
    assert!(out.contains(expected), "{out}");
}

#[test]
fn report_as_html_asks_for_nothing_and_escapes_texts() {
    let cli = fixture();
    cli.declare("<script>alert(1)</script> & co 1", "cdn");
    cli.declare("<script>alert(1)</script> & co 2", "cdn");
    let html = cli.ok(["report", "--format", "html"]);
    for refused in ["<script", "http://", "https://", "url(", "@import", "src="] {
        assert!(!html.contains(refused), "{refused}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"), "{html}");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for tag in ["table", "tr", "td", "svg", "section", "main", "p", "div"] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

/// A store of which no day is packed, as after an upgrade, is packed by a server that nobody asks anything.
#[test]
fn server_packs_the_past_days_by_itself() {
    let cli = CliFixture::with_company();
    cli.declare("Cards fail", "checkout");
    let conn = rusqlite::Connection::open(cli.store()).unwrap();
    let days = || {
        let sql = "SELECT count(*) FROM history_day WHERE kind = 0";
        conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(days(), 0);
    // A server whose store is busy for long when it starts leaves it to the next one.
    until_blocking("the day of the incident is packed", || {
        let _server = Server::start(&cli, 1);
        let until = Instant::now() + Duration::from_secs(20);
        while days() != 1 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        days() == 1
    });
}
