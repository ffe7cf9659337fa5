//! The line of a new P1 or P2 that nobody has, and the way to the most urgent incident.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::model::command::IncidentCommand;
use redphone::model::{Impact, IncidentId};
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, sized};

fn declare(stage: &mut Stage, title: &str, level: Impact) -> IncidentId {
    let now = stage.now;
    let id = company::declare(&stage.memory, now, 1, title, "vault", level, level, |_| {}).id();
    stage.refresh();
    id
}

fn line(stage: &Stage) -> String {
    stage.screen().lines().nth(1).expect("a second line").trim_end().to_owned()
}

#[rstest]
fn new_p1_has_a_line_at_every_size(
    #[values((200, 60), (126, 36), (120, 20), (100, 30), (80, 24), (60, 20), (40, 12), (40, 10))]
    size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    stage.keys("j");
    let before = line(&stage);
    assert!(!before.contains("The vault"), "{before}");
    declare(&mut stage, "The vault is open", Impact::High);
    let text = line(&stage);
    assert!(text.starts_with(" P1 INC-2065  The v"), "{text}");
    assert!(text.contains("' go"), "{text}");
    assert_snapshot!(sized("urgent", size), stage.screen());
    // The queue can still be used.
    stage.keys("j k");
    assert!(line(&stage).contains("INC-2065"), "keys that go elsewhere leave the line");
    stage.keys("'");
    assert_eq!(stage.selected(), "INC-2065");
    assert!(!line(&stage).contains("INC-2065  The v"), "{}", line(&stage));
}

#[test]
fn line_leaves_when_somebody_has_the_incident() {
    for command in [
        IncidentCommand::Acknowledge,
        IncidentCommand::Assign { to: Some(company::tomo()) },
        IncidentCommand::Snooze { until: company::now() + TimeDelta::hours(1) },
    ] {
        let mut stage = Stage::busy();
        let id = declare(&mut stage, "The vault is open", Impact::High);
        assert!(line(&stage).contains("The vault is open"), "{}", line(&stage));
        stage.execute_as_other(id, command.clone());
        assert!(!line(&stage).contains("The vault is open"), "{command:?}: {}", line(&stage));
    }
}

#[test]
fn folded_p2_has_no_line_while_its_cause_is_open() {
    let mut stage = Stage::busy();
    let cause = declare(&mut stage, "The vault is open", Impact::High);
    stage.execute_as_other(cause, IncidentCommand::Acknowledge);
    let now = stage.now;
    let (high, medium) = (Impact::High, Impact::Medium);
    let memory = &stage.memory;
    let p2 = company::declare(memory, now, 1, "Vans wait", "vans", high, medium, |_| {}).id();
    stage.refresh();
    assert!(line(&stage).contains("P2"), "{}", line(&stage));
    assert!(line(&stage).contains("Vans wait"), "{}", line(&stage));
    stage.execute_as_other(p2, IncidentCommand::Fold { under: Some(cause) });
    assert!(!line(&stage).contains("Vans wait"), "{}", line(&stage));
    stage.execute_as_other(p2, IncidentCommand::Fold { under: None });
    assert!(line(&stage).contains("Vans wait"), "{}", line(&stage));
    // People are called for a P1 nevertheless.
    let p1 = declare(&mut stage, "The roof leaks", Impact::High);
    stage.execute_as_other(p1, IncidentCommand::Fold { under: Some(cause) });
    assert!(line(&stage).contains("The roof leaks"), "{}", line(&stage));
}

#[test]
fn escape_sends_the_line_off_before_it_goes_back() {
    let mut stage = Stage::busy();
    stage.keys("2 z");
    declare(&mut stage, "The vault is open", Impact::High);
    assert!(line(&stage).contains("The vault is open"), "also above a zoomed pane");
    stage.keys("Esc");
    assert!(!line(&stage).contains("The vault is open"), "{}", line(&stage));
    assert!(stage.app.ui.zoomed, "the pane stays");
    stage.refresh();
    assert!(!line(&stage).contains("The vault is open"), "it does not come back");
    stage.keys("Esc");
    assert!(!stage.app.ui.zoomed);
}

#[test]
fn several_new_incidents_are_counted() {
    let mut stage = Stage::busy();
    declare(&mut stage, "The lift is stuck", Impact::Medium);
    let p1 = declare(&mut stage, "The vault is open", Impact::High);
    declare(&mut stage, "The roof leaks", Impact::High);
    let text = line(&stage);
    assert!(text.contains(" 2 new: P1 INC-2066  The vault is open"), "{text}");
    stage.execute_as_other(p1, IncidentCommand::Acknowledge);
    assert!(line(&stage).contains("P1 INC-2067  The roof leaks"), "{}", line(&stage));
}

#[test]
fn what_was_open_at_the_start_or_is_own_has_no_line() {
    let mut stage = Stage::busy();
    stage.refresh();
    assert!(line(&stage).contains("1 Queue"), "{}", line(&stage));
    declare(&mut stage, "A lamp is out", Impact::Low);
    assert!(line(&stage).contains("1 Queue"), "{}", line(&stage));
}

#[rstest]
#[case::queue("")]
#[case::zoomed_queue("z")]
#[case::zoomed_detail("2 z")]
#[case::zoomed_timeline("3 z")]
#[case::zoomed_metrics("4 z")]
#[case::reading("Enter")]
#[case::failure("!")]
#[case::past_state("3 [")]
#[case::grouped("f")]
fn quote_goes_to_the_most_urgent_from_anywhere(#[case] keys: &str) {
    for size in [(126, 36), (80, 24), (60, 20), (40, 12)] {
        let mut stage = Stage::busy_at(size);
        stage.keys("G");
        stage.keys(keys);
        let id = declare(&mut stage, "The vault is open", Impact::High);
        stage.keys("'");
        assert_eq!(stage.app.target().map(|row| row.id), Some(id), "{keys} at {size:?}");
        let screen = stage.screen();
        // A timeline on the whole screen has the number.
        assert!(screen.contains("The vault is") || screen.contains("INC-2065"), "{screen}");
        assert!(!stage.screen().contains("not now"), "{}", stage.screen());
    }
}

#[test]
fn quote_says_that_a_filter_hides_the_incident() {
    let mut stage = Stage::busy();
    stage.filter("service:search");
    stage.keys("Enter");
    let id = declare(&mut stage, "The vault is open", Impact::High);
    assert!(line(&stage).contains("The vault is open"));
    stage.keys("'");
    assert_eq!(stage.target(), id);
    let screen = stage.screen();
    assert!(screen.contains("INC-2065 is hidden by the filter"), "{screen}");
    stage.keys("Esc");
    assert!(stage.screen().contains("service:search"), "the filter stays");
}

#[test]
fn quote_says_when_everything_is_acknowledged() {
    let mut stage = Stage::open(company::quiet(company::now()), (126, 36));
    stage.keys("'");
    assert!(stage.keys_line().contains("everything is acknowledged"), "{}", stage.keys_line());
}

#[test]
fn incident_that_comes_into_an_empty_queue_has_a_line() {
    let mut stage = Stage::open(company::quiet(company::now()), (126, 36));
    let id = declare(&mut stage, "The vault is open", Impact::High);
    assert!(line(&stage).contains("The vault is open"), "{}", line(&stage));
    assert!(line(&stage).contains("a acknowledge"), "it is selected: {}", line(&stage));
    assert_eq!(stage.target(), id);
    // A key of that moment was meant for something else.
    stage.keys("j");
    assert!(line(&stage).contains("The vault is open"), "{}", line(&stage));
    stage.now += TimeDelta::seconds(2);
    stage.keys("j");
    assert!(!line(&stage).contains("The vault is open"), "{}", line(&stage));
}
