//! Services and teams that the directory does not have: a second yes, and a mark wherever they are shown.

use redphone::model::command::Declaration;
use redphone::model::{Actor, Impact, IncidentCommand, PersonRef};

use super::wall;
use crate::support::company;
use crate::support::memory::Memory;
use crate::support::stage::Stage;

/// Fills in the form of a declaration and sends it.
fn declare(stage: &mut Stage, service: &str) {
    stage.keys("D");
    stage.focus_field("Title");
    stage.write("Pay is slow");
    stage.focus_field("Services");
    stage.write(service);
    stage.keys("^s");
}

#[test]
fn unknown_service_needs_a_second_yes_in_the_panes() {
    let mut stage = Stage::busy();
    declare(&mut stage, "checkuot");
    let screen = stage.screen();
    assert!(screen.contains("no service \"checkuot\" in the directory"), "{screen}");
    assert!(screen.contains("did you mean \"checkout\"?"), "{screen}");
    assert!(stage.submitted.is_empty(), "nothing is sent before the second yes");
    stage.keys("y");
    assert_eq!(stage.submitted.len(), 1);
    // A name of the directory needs none.
    declare(&mut stage, "search");
    assert_eq!(stage.submitted.len(), 2, "{}", stage.screen());
}

#[test]
fn unknown_service_is_marked_where_it_is_shown() {
    let mut stage = Stage::busy_at((200, 60));
    declare(&mut stage, "zebra");
    stage.keys("y");
    stage.refresh();
    stage.settle();
    let screen = stage.screen();
    assert!(screen.contains("zebra?"), "{screen}");
    assert!(!screen.contains("checkout?"), "{screen}");
}

/// Returns the company with an incident of an unknown service and team, whose owner is unknown too.
fn with_unknown_names() -> Memory {
    let memory = company::busy(company::now());
    let (now, sam, high) = (company::now(), PersonRef::new("sam", "Sam Okafor"), Impact::High);
    let more = |declaration: &mut Declaration| declaration.team = Some("nobodys".into());
    let script = company::declare(&memory, now, 3, "Pay is slow", "zebra", high, high, more);
    let to = Some(sam.clone());
    script.then(1, Actor::Person(sam), IncidentCommand::Assign { to });
    memory
}

#[test]
fn headings_of_groups_mark_unknown_services() {
    let mut stage = Stage::open(with_unknown_names(), (126, 36));
    stage.keys("f");
    let screen = stage.screen();
    assert!(screen.contains("zebra? ") && !screen.contains("ledger?"), "{screen}");
}

#[test]
fn unknown_people_and_teams_are_marked_in_every_pane() {
    let mut stage = Stage::open(with_unknown_names(), (200, 60));
    stage.keys("/");
    stage.write("zebra");
    stage.keys("Enter");
    stage.settle();
    let screen = stage.screen();
    let names = screen.matches("Sam Okafor").count();
    assert!(names >= 3, "queue, detail and timeline: {screen}");
    assert_eq!(screen.matches("Sam Okafor?").count(), names, "{screen}");
    assert!(screen.contains("to Sam Okafor?"), "the sentence of an event: {screen}");
    assert!(screen.contains("nobodys?") && !screen.contains("Alertmanager?"), "{screen}");
}

#[test]
fn wall_marks_unknown_names() {
    for size in [(200, 60), (80, 24)] {
        let screen = wall::shown(with_unknown_names(), size).screen();
        assert!(screen.contains("Sam Okafor?") && !screen.contains("Hayashi?"), "{screen}");
        assert!(size.0 < 200 || screen.contains("zebra?"), "{screen}");
    }
}
