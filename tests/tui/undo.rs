//! Undo: its effects, and its limits.

use chrono::TimeDelta;
use redphone::backend::BackendError;
use redphone::model::{Command, Impact, IncidentCommand, Status, Urgency};
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;

use crate::support::stage::Stage;

#[test]
fn undo_does_not_overrule_later_changes_by_others() {
    let mut stage = Stage::busy();
    let id = stage.target();
    let row = stage.app.selected().expect("a row").clone();
    let before = (row.impact, row.urgency);
    let mine = if before == (Impact::Low, Urgency::Low) { "l m" } else { "l l" };
    stage.keys(&format!("p {mine}"));
    if matches!(stage.app.ui.mode, Mode::Matrix(_)) {
        stage.keys("Enter");
    }
    stage.settle();
    let theirs = IncidentCommand::Prioritize { impact: Impact::Medium, urgency: Urgency::High };
    stage.execute_as_other(id, theirs);
    stage.keys("u");
    assert!(stage.submitted.is_empty(), "{:?}", stage.submitted);
    assert!(stage.screen().contains("somebody has changed that since"), "{}", stage.screen());
}

#[test]
fn assignment_can_be_undone_after_a_repeated_alert() {
    let mut stage = Stage::busy();
    let id = stage.target();
    stage.keys("o");
    stage.settle();
    stage.execute_as_other(id, IncidentCommand::AddNote { text: "looking".into() });
    stage.keys("u");
    assert_eq!(stage.submitted.len(), 1, "{}", stage.screen());
}

#[test]
fn bulk_command_can_be_undone_on_the_remaining_incidents() {
    let mut stage = Stage::busy();
    stage.keys("Space Space o y");
    assert_eq!(stage.submitted.len(), 2);
    let refused = stage.submitted.remove(0);
    let error = BackendError::NotAllowed("not today".into());
    stage.send(Message::Settled(refused.id, Err(error), stage.now));
    stage.settle();
    stage.keys("Esc u");
    assert_eq!(stage.submitted.len(), 1, "{}", stage.screen());
}

#[test]
fn declaration_can_be_undone() {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.write("Mail is late");
    stage.keys("^s");
    stage.settle();
    stage.keys("u");
    stage.settle();
    let mail = stage.memory.all().into_iter().find(|row| row.title == "Mail is late");
    assert_eq!(mail.map(|row| row.status), Some(Status::Reclassified));
}

#[test]
fn irreversible_command_asks_for_confirmation() {
    let mut stage = Stage::busy();
    stage.keys("l");
    let Mode::Pick(picker) = &stage.app.ui.mode else { panic!("links") };
    assert!(!picker.targets.is_empty());
    stage.write("new problem");
    stage.keys("Enter");
    stage.focus_field("Title");
    stage.write("Locks are not given back");
    stage.keys("^s");
    assert!(matches!(stage.app.ui.mode, Mode::Confirm(_)), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
}

#[test]
fn snooze_is_undone_whatever_the_clock_says_below_a_millisecond() {
    let mut stage = Stage::busy();
    let id = stage.target();
    let before = stage.app.selected().expect("a row").snoozed_until;
    stage.now += TimeDelta::nanoseconds(123_456);
    stage.keys("b 1");
    stage.settle();
    stage.keys("u");
    assert_eq!(stage.submitted_commands(), [IncidentCommand::Wake], "{}", stage.screen());
    let Command::Incident { undoes, .. } = &stage.submitted[0].command else { panic!("a wake") };
    assert!(undoes.is_some());
    stage.settle();
    let row = stage.memory.all().into_iter().find(|row| row.id == id).expect("it is there");
    assert_eq!(row.snoozed_until, before);
}
