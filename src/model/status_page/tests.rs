use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::PublicStatus::{Identified, Investigating, Resolved};
use super::*;
use crate::model::Event;
use crate::model::directory::{Directory, Service};
use crate::model::maintenance::MaintenanceWindow;

const NOW: &str = "2026-03-04T12:00:00Z";

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn service(name: &str, public_name: Option<&str>) -> Service {
    Service {
        name: name.into(),
        team: "secret team".into(),
        depends_on: Vec::new(),
        runbook: Some("secret runbook".into()),
        objective: None,
        public_name: public_name.map(Into::into),
    }
}

fn directory() -> Directory {
    Directory {
        services: vec![service("checkout", Some("Shop & till")), service("ledger", None)],
        ..Directory::default()
    }
}

/// Returns the timeline that begins with a P2 on both services, with these events, one a minute from 10:00 of
/// 2026-03-04 on.
fn timeline(bodies: &[Value]) -> Vec<Event> {
    let declared = json!({
        "kind": "declared", "number": 7, "priority": "P2", "title": "secret title",
        "services": ["checkout", "ledger"], "impact": "high", "urgency": "medium",
        "source": "monitoring", "symptoms": "secret symptoms",
        "detected_at": "2026-03-04T09:58:00Z", "reported_at": "2026-03-04T09:59:00Z",
        "team": "secret team", "labels": ["secret label"],
    });
    let bodies = std::iter::once(&declared).chain(bodies);
    bodies
        .zip(1_u32..)
        .map(|(body, seq)| {
            let at = format!("2026-03-04T10:{seq:02}:00Z");
            let mut event = json!({
                "id": Uuid::from_u128(u128::from(seq)), "incident": Uuid::from_u128(99), "seq": seq,
                "at": at, "recorded_at": at, "command": Uuid::from_u128(1000 + u128::from(seq)),
                "actor": {"person": {"handle": "secret", "name": "Secret Person"}},
            });
            for (name, value) in body.as_object().unwrap() {
                event[name] = value.clone();
            }
            serde_json::from_value(event).unwrap()
        })
        .collect()
}

fn update(message: &str, public: Option<Value>) -> Value {
    let mut update = json!({"kind": "stakeholders_updated", "message": message, "next_due": null});
    if let Some(public) = public {
        update["public"] = public;
    }
    update
}

fn moved(to: &str) -> Value {
    json!({"kind": "status_moved", "to": to})
}

fn resolved() -> Value {
    json!({"kind": "resolved", "action": "rollback", "detail": "secret detail",
           "validation": "secret validation"})
}

fn page(timelines: &[Vec<Event>], windows: &[MaintenanceWindow]) -> StatusPage {
    let directory = directory();
    let sources = PageSources { directory: &directory, timelines, windows };
    StatusPage::new(&StatusPageSettings::default(), sources, now())
}

/// Returns the statuses and texts of the published posts, in order.
fn posts(page: &StatusPage) -> Vec<(PublicStatus, &str)> {
    let posts = page.incidents.iter().flat_map(|incident| &incident.posts);
    posts.map(|post| (post.status, post.text.as_str())).collect()
}

fn window(public_text: Option<&str>, from: &str, until: &str) -> MaintenanceWindow {
    let mut window = json!({
        "id": Uuid::from_u128(5), "title": "secret work", "comment": "secret comment",
        "filter": {"services": ["checkout"]}, "from": from, "until": until,
        "created_by": {"integration": "Secret deployer"}, "created_at": "2026-03-01T09:00:00Z",
    });
    if let Some(text) = public_text {
        window["public_text"] = json!(text);
    }
    serde_json::from_value(window).unwrap()
}

#[test]
fn incident_without_a_public_update_is_not_shown() {
    let page = page(&[timeline(&[update("secret message", None), resolved()])], &[]);
    assert_eq!(page.incidents, []);
    assert_eq!(page.components.len(), 1);
    assert_eq!((page.indicator(), page.components[0].state), ("none", ComponentState::Operational));
}

#[test]
fn public_update_is_shown_with_the_status_at_that_time() {
    let page = page(
        &[timeline(&[
            update("secret before", None),
            update("We look into it.", Some(json!({}))),
            moved("identified"),
            update("It is the pool.", Some(json!({"title": "Payments fail"}))),
        ])],
        &[],
    );
    let expected = [(Investigating, "We look into it."), (Identified, "It is the pool.")];
    assert_eq!(posts(&page), expected);
    let incident = &page.incidents[0];
    assert_eq!((incident.name.as_str(), incident.harm), ("Payments fail", Harm::Major));
    assert_eq!(incident.components, [0]);
    assert_eq!(page.components[0].state, ComponentState::PartialOutage);
    assert_eq!((page.indicator(), page.description()), ("major", "Partial System Outage"));
}

#[test]
fn incident_without_a_public_title_is_called_by_what_it_affects() {
    let page = page(&[timeline(&[update("We look into it.", Some(json!({})))])], &[]);
    assert_eq!(page.incidents[0].name, "Shop & till: partial outage");
}

#[test]
fn end_is_published_by_a_neutral_sentence() {
    let ended = page(&[timeline(&[update("We are on it.", Some(json!({}))), resolved()])], &[]);
    let expected =
        [(Investigating, "We are on it."), (Resolved, "This incident has been resolved.")];
    assert_eq!(posts(&ended), expected);
    assert_eq!(ended.indicator(), "none");
    assert!(!ended.incidents[0].is_open());
    let reopened = json!({"kind": "reopened", "reason": "secret reason"});
    let again =
        page(&[timeline(&[update("We are on it.", Some(json!({}))), resolved(), reopened])], &[]);
    assert_eq!(posts(&again)[2].1, "This incident has been reopened.");
    assert_eq!(again.indicator(), "major");
}

#[rstest]
#[case("2026-03-04T11:00:00Z", "2026-03-04T13:00:00Z", "in_progress", ComponentState::Maintenance)]
#[case("2026-03-05T11:00:00Z", "2026-03-05T13:00:00Z", "scheduled", ComponentState::Operational)]
#[case("2026-03-03T11:00:00Z", "2026-03-03T13:00:00Z", "completed", ComponentState::Operational)]
fn public_window_is_shown_in_its_state(
    #[case] from: &str,
    #[case] until: &str,
    #[case] state: &str,
    #[case] component: ComponentState,
) {
    let page = page(&[], &[window(Some("The pool is replaced."), from, until)]);
    assert_eq!(page.maintenance[0].state.as_str(), state);
    assert_eq!(page.maintenance[0].name, "Shop & till: scheduled maintenance");
    assert_eq!(page.components[0].state, component);
    let json: Value = serde_json::from_str(&file(&page, "api/v2/summary.json")).unwrap();
    let shown = json["scheduled_maintenances"].as_array().unwrap().len();
    assert_eq!(shown, usize::from(state != "completed"));
}

#[test]
fn window_without_a_public_text_is_not_shown() {
    let window = window(None, "2026-03-04T11:00:00Z", "2026-03-04T13:00:00Z");
    let page = page(&[], &[window]);
    assert_eq!((page.maintenance.len(), page.indicator()), (0, "none"));
}

fn file(page: &StatusPage, path: &str) -> String {
    let files = page.files();
    files.into_iter().find(|file| file.path == path).unwrap().content
}

fn full_page() -> StatusPage {
    page(
        &[timeline(&[
            update("secret before", None),
            update("We look into it.\n<b>Sorry</b> & \u{1b}[31m\u{fffe}", Some(json!({}))),
            moved("monitoring"),
            update("A fix is in.", Some(json!({"title": "Payments <fail>"}))),
            json!({"kind": "note_added", "text": "secret note"}),
            resolved(),
        ])],
        &[
            window(Some("The pool\nis replaced."), "2026-03-05T11:00:00Z", "2026-03-05T13:00:00Z"),
            window(None, "2026-03-05T11:00:00Z", "2026-03-05T13:00:00Z"),
        ],
    )
}

#[test]
fn no_file_has_what_is_not_public() {
    for file in full_page().files() {
        let content = file.content.to_lowercase();
        for refused in ["secret", "ledger", "checkout", "inc-7", "0000-0000", "<script"] {
            assert!(!content.contains(refused), "{} has {refused}", file.path);
        }
    }
}

#[test]
fn incidents_have_the_shape_that_aggregators_read() {
    let page = full_page();
    let json: Value = serde_json::from_str(&file(&page, "api/v2/incidents.json")).unwrap();
    let incident = &json["incidents"][0];
    assert_eq!(incident["name"], "Payments <fail>");
    assert_eq!((&incident["status"], &incident["impact"]), (&json!("resolved"), &json!("major")));
    assert_eq!(incident["started_at"], "2026-03-04T10:03:00.000Z");
    assert_eq!(incident["monitoring_at"], "2026-03-04T10:05:00.000Z");
    assert_eq!(incident["resolved_at"], "2026-03-04T10:07:00.000Z");
    let updates = incident["incident_updates"].as_array().unwrap();
    let statuses: Vec<&str> = updates.iter().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(statuses, ["resolved", "monitoring", "investigating"]);
    assert_eq!(incident["components"][0]["name"], "Shop & till");
    let status: Value = serde_json::from_str(&file(&page, STATUS_FILE)).unwrap();
    assert_eq!(status["status"]["description"], "All Systems Operational");
    assert_eq!(status["page"]["updated_at"], "2026-03-04T12:00:00.000Z");
    let unresolved = file(&page, "api/v2/incidents/unresolved.json");
    assert_eq!(serde_json::from_str::<Value>(&unresolved).unwrap()["incidents"], json!([]));
}

#[test]
fn time_of_a_page_is_read_back_from_its_file() {
    let page = full_page();
    assert_eq!(StatusPage::made_at_of(&file(&page, STATUS_FILE)), Some(now()));
    assert_eq!(StatusPage::made_at_of("{}"), None);
    assert_eq!(StatusPage::made_at_of("no JSON"), None);
}

/// Checks that tags are closed in the order in which they were opened, and returns their names. Those that
/// HTML never closes are left out.
fn nested_tags(markup: &str) -> Vec<String> {
    const VOID: [&str; 3] = ["meta", "link", "br"];
    let (mut open, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for part in markup.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag has an end");
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "{markup}"),
            None if name.starts_with(['!', '?']) => {}
            None => {
                // The link of a feed has a text, that of a page has none.
                if !VOID.contains(&name.as_str()) || markup.starts_with("<?xml") {
                    open.push(name.clone());
                }
                seen.push(name);
            }
        }
    }
    assert_eq!(open, [""; 0]);
    seen
}

#[test]
fn page_is_html_without_scripts_and_requests() {
    let html = file(&full_page(), "index.html");
    let tags = nested_tags(&html);
    assert!(tags.iter().any(|tag| tag == "main"), "{tags:?}");
    for refused in ["<script", "http://", "https://", "url(", "@import", "src="] {
        assert!(!html.contains(refused), "{refused}");
    }
    assert!(html.contains("Payments &lt;fail&gt;"), "{html}");
    assert!(html.contains("&lt;b&gt;Sorry&lt;/b&gt; &amp;"), "{html}");
    assert!(html.contains("Made at <time datetime=\"2026-03-04T12:00:00Z\">"), "{html}");
    assert!(!html.contains(['\u{1b}', '\u{fffe}']));
}

#[test]
fn feed_is_xml_with_an_item_for_each_incident_and_window() {
    let rss = file(&full_page(), "history.rss");
    let tags = nested_tags(&rss);
    assert_eq!(tags.iter().filter(|tag| *tag == "item").count(), 2);
    // The last published post comes first.
    let titles: Vec<&str> = rss.split("<item>\n<title>").skip(1).collect();
    assert!(titles[0].starts_with("Payments &lt;fail&gt;<"), "{rss}");
    assert!(titles[1].starts_with("Shop &amp; till: scheduled maintenance<"), "{rss}");
    assert!(rss.contains("The pool&lt;br&gt;is replaced."), "{rss}");
    assert!(rss.contains(" Mar 2026 10:07:00 +0000</pubDate>"), "{rss}");
    assert!(!rss.contains(['\u{1b}', '\u{fffe}']));
}

/// Returns how much lighter one colour is than another, by the definition of WCAG 2.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_of_texts_stand_out_from_their_ground() {
    let mut themes = 0;
    for block in style::STYLE_SHEET.split(":root {").skip(1) {
        let (colours, _) = block.split_once('}').unwrap();
        let colours: Vec<(&str, &str)> = colours
            .split(';')
            .filter_map(|one| one.trim().split_once(": "))
            .map(|(name, colour)| (name.trim_start_matches('-'), colour.trim()))
            .collect();
        let (_, ground) = colours.iter().find(|(name, _)| *name == "ground").unwrap();
        for (name, colour) in colours.iter().filter(|(name, _)| !["ground", "line"].contains(name))
        {
            let contrast = contrast(colour, ground);
            assert!(contrast >= 4.5, "{name} {colour} on {ground}: {contrast}");
        }
        themes += 1;
    }
    assert_eq!(themes, 3);
}
