//! Services and teams that the directory has not: a second yes, and a mark wherever they are shown.

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
