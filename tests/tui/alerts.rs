//! The alerts of an incident: on its record, and as a list.

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::model::IncidentCommand;
use redphone::model::alert::Alert;
use rstest::rstest;
use serde_json::json;

use crate::support::stage::{Stage, sized};

/// Returns an alert of the selected incident that was first reported an hour before the time of the
/// stage, and `ago` minutes before for the last time.
fn alert(stage: &Stage, key: &str, status: &str, count: u32, ago: i64) -> Alert {
    let incident = stage.memory.read(2051).0.incident.summary.id;
    let at = |minutes: i64| -> DateTime<Utc> { stage.now - TimeDelta::minutes(minutes) };
    let mut fields = json!({
        "incident": incident,
        "group": "alertmanager:redphone:1",
        "key": key,
        "source": "alertmanager",
        "state": status,
        "title": "The disk is nearly full",
        "starts_at": at(61),
        "first_at": at(60),
        "last_at": at(ago),
        "count": count,
        "labels": {"alertname": "DiskFull", "env": "prod", "instance": key},
        "annotations": {"description": "It has less than 5 % free."},
        "url": format!("https://prometheus.example.com/graph?host={key}"),
    });
    if status == "resolved" {
        fields["ends_at"] = json!(at(ago));
    }
    serde_json::from_value(fields).expect("an alert")
}

/// Sets the alerts of the selected incident, and reads its record again.
fn report(stage: &mut Stage, alerts: Vec<Alert>) {
    let incident = stage.memory.read(2051).0.incident.summary.id;
    stage.memory.set_alerts(incident, alerts);
    stage.keys("R");
    stage.app.notices.toast = None;
}

/// Three disks that are full, and four that are not any more.
fn seven(stage: &Stage) -> Vec<Alert> {
    let names = ["db-1", "db-2", "db-3", "web-1", "web-2", "web-3", "web-4"];
    let alert = |(index, name): (i64, &&str)| {
        let (status, count) = if index < 3 { ("firing", 12) } else { ("resolved", 1) };
        alert(stage, name, status, count, index)
    };
    (0..).zip(&names).map(alert).collect()
}

#[rstest]
fn record_shows_its_alerts(#[values((200, 60), (126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    assert_snapshot!(sized("alerts", size), stage.screen());
    stage.keys("Enter");
    assert_snapshot!(sized("alerts_record", size), stage.screen());
}

#[rstest]
fn list_of_alerts_matches_its_snapshots(
    #[values((200, 60), (126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F Enter");
    assert_snapshot!(sized("alert_list", size), stage.screen());
}

#[test]
fn record_says_how_many_fire_and_what_differs() {
    let mut stage = Stage::busy_at((200, 60));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("Enter");
    let screen = stage.screen();
    for text in ["7 alerts · 3 firing", "firing   instance=db-1", "×12 ", "resolved instance=web-4"]
    {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[test]
fn record_names_what_it_does_not_show() {
    let mut stage = Stage::busy_at((126, 60));
    let alerts = (0..100).map(|index| alert(&stage, &format!("db-{index}"), "firing", 1, 0));
    let alerts = alerts.collect();
    report(&mut stage, alerts);
    let screen = stage.screen();
    assert!(screen.contains("100+ alerts · 100+ firing"), "{screen}");
    assert!(screen.contains("and 95 more, or others yet"), "{screen}");
}

#[test]
fn alerts_of_the_record_lead_to_their_list() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("Enter Enter");
    let shown = stage.app.screens.shown().expect("the list");
    assert_eq!(shown.items.len(), 7);
    assert!(stage.screen().contains("7 alerts · 3 firing"), "{}", stage.screen());
    stage.keys("Esc");
    assert!(stage.app.screens.shown().is_none() && stage.app.ui.record);
}

#[test]
fn list_leads_back_to_the_screen_before_the_record() {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys("g f Enter");
    assert!(stage.app.screens.read_incident.is_some(), "{}", stage.screen());
    stage.keys("F Esc");
    assert!(stage.app.screens.read_incident.is_some(), "{}", stage.screen());
    stage.keys("Esc");
    assert!(stage.screen().contains(" Feed "), "{}", stage.screen());
}

#[test]
fn details_have_labels_annotations_and_url() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F Enter");
    let screen = stage.screen();
    for text in [
        "Title: The disk is nearly full",
        "env: prod",
        "description: It has less than 5 % free.",
        "Page: https://prometheus.example.com/graph?host=db-1",
        "From: alertmanager, group alertmanager:redphone:1",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[rstest]
#[case("state:firing", 3)]
#[case("-state:firing", 4)]
#[case("source:alertmanager", 7)]
#[case("label:instance=db-1", 1)]
#[case("web", 4)]
fn alerts_are_filtered(#[case] filter: &str, #[case] count: usize) {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F /");
    stage.write(filter);
    let items = &stage.app.screens.shown().expect("the list").items;
    assert_eq!(items.len(), count, "{}", stage.screen());
}

#[test]
fn list_that_fails_says_why_and_alerts_stay() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F");
    stage.memory.fail(Some(BackendError::Unreachable("the API is gone".into())));
    stage.keys("R");
    assert!(stage.screen().contains("not read since"), "{}", stage.screen());
    assert_eq!(stage.app.screens.shown().expect("the list").items.len(), 7);
}

#[test]
fn incident_without_alerts_says_where_they_come_from() {
    let mut stage = Stage::busy();
    stage.keys("F");
    assert!(stage.screen().contains("It has no alerts"), "{}", stage.screen());
}

#[test]
fn selected_alerts_are_moved_to_a_new_incident() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F Space Space");
    assert!(stage.screen().contains("2 selected"), "{}", stage.screen());
    assert!(stage.screen().contains("✓ instance=db-1"), "{}", stage.screen());
    stage.keys("m");
    assert!(stage.screen().contains("Move 2 alerts of INC-2051 to"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.submitted_commands().is_empty(), "a question comes first");
    stage.keys("y");
    let commands = stage.submitted_commands();
    let [IncidentCommand::MoveAlerts { declare, keys, labels, .. }] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!((*declare, keys.len(), labels.len()), (true, 2, 0));
    assert_eq!(*keys, ["db-1", "db-2"]);
}

#[test]
fn alert_is_moved_to_another_open_incident() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F j m");
    stage.write("2048");
    stage.keys("Enter y");
    let to = stage.incident_id(2048);
    let expected = IncidentCommand::MoveAlerts {
        to,
        declare: false,
        keys: vec!["db-2".to_owned()],
        labels: Vec::new(),
    };
    assert_eq!(stage.submitted_commands(), [expected]);
}

#[test]
fn all_listed_alerts_are_selected_and_none_again() {
    let mut stage = Stage::busy_at((126, 36));
    let alerts = seven(&stage);
    report(&mut stage, alerts);
    stage.keys("F /");
    stage.write("web");
    stage.keys("Enter *");
    assert!(stage.screen().contains("4 selected"), "{}", stage.screen());
    stage.keys("*");
    assert!(!stage.screen().contains("selected"), "{}", stage.screen());
}
