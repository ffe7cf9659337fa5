//! The screen of noise, and the verb that marks it.

use chrono::TimeDelta;
use redphone::backend::BackendError;
use redphone::model::IncidentCommand;
use redphone::model::noise::{NoiseIncident, NoiseRow};
use rstest::rstest;

use crate::support::stage::Stage;

/// The busy company, in which two checks had alerts.
fn stage() -> Stage {
    let mut stage = Stage::busy_at((126, 36));
    let incident = stage.incident_id(2048);
    let row = |check: &str, reports: u64, led: u64, spent_s: i64| NoiseRow {
        source: "alertmanager".into(),
        check: check.into(),
        reports,
        alerts: 4,
        incidents: 4,
        led,
        noise: 4 - led,
        reclassified: 0,
        spent_s,
        last_at: stage.now - TimeDelta::minutes(5),
        latest: vec![NoiseIncident { id: incident, number: None, title: "Logins fail".into() }],
    };
    let rows = vec![row("DiskFull", 900, 0, 60), row("HighLatency", 40, 3, 7200)];
    stage.memory.set_noise(rows);
    stage.keys("g N");
    stage
}

/// Returns the number of the selected incident.
fn selected_number(stage: &Stage) -> u64 {
    stage.app.selected().and_then(|row| row.number).expect("a numbered row").0
}

/// The checks that are listed, in order.
fn listed(stage: &Stage) -> Vec<String> {
    let items = &stage.app.screens.shown().expect("the list").items;
    items.iter().map(|item| item.key.lines().last().unwrap_or_default().to_owned()).collect()
}

#[test]
fn checks_are_listed_with_what_they_led_to() {
    let mut stage = stage();
    assert_eq!(listed(&stage), ["DiskFull", "HighLatency"]);
    let screen = stage.screen();
    for text in ["Noise", "900", "75%", "0%", "2h00", "5m"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    // By time spent.
    stage.keys("S S S");
    assert_eq!(listed(&stage), ["HighLatency", "DiskFull"]);
}

#[rstest]
#[case("check:disk", 1)]
#[case("sender:alertmanager", 2)]
#[case("logins", 2)]
#[case("-check:latency", 1)]
fn checks_are_filtered(#[case] filter: &str, #[case] count: usize) {
    let mut stage = stage();
    stage.keys("/");
    stage.write(filter);
    assert_eq!(listed(&stage).len(), count, "{}", stage.screen());
}

#[test]
fn check_leads_to_its_incidents() {
    let mut stage = stage();
    stage.keys("Enter");
    assert!(stage.screen().contains("Logins fail"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_none() && stage.app.reading.target.is_some());
}

#[test]
fn checks_that_were_read_stay_when_the_backend_fails() {
    let mut stage = stage();
    stage.memory.fail(Some(BackendError::Unreachable("the API is gone".into())));
    stage.keys("R");
    assert!(stage.screen().contains("not read since"), "{}", stage.screen());
    assert_eq!(listed(&stage).len(), 2);
}

#[test]
fn incident_is_marked_by_key_with_a_reason() {
    let mut stage = Stage::busy_at((126, 36));
    let number = selected_number(&stage);
    stage.keys("N");
    stage.write("it ends by itself");
    stage.keys("^s");
    stage.settle();
    let marked = stage.memory.read(number).0.incident;
    assert_eq!(marked.noise_reason.as_deref(), Some("it ends by itself"));
    // The key takes the mark back.
    stage.keys("N");
    stage.settle();
    assert_eq!(stage.memory.read(number).0.incident.noise_reason, None);
}

#[test]
fn folding_is_undone_by_the_same_key() {
    let mut stage = Stage::busy_at((126, 36));
    let number = selected_number(&stage);
    let id = stage.incident_id(number);
    let mut others = stage.app.queue.rows.iter().map(|row| row.summary.id);
    let other = others.rfind(|other| *other != id).expect("another row");
    let fold = IncidentCommand::Fold { under: Some(other) };
    stage.execute_as_other(id, fold);
    // A key marks the viewer's current row as read.
    stage.keys("1");
    assert_eq!(stage.target(), id);
    assert!(stage.screen().contains('└'), "{}", stage.screen());
    stage.keys("Y");
    stage.settle();
    assert_eq!(stage.memory.read(number).0.incident.summary.folded_under, None);
}
