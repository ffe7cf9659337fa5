//! Notes: the editor, the command, and the text that returns after a refusal.

use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::model::command::{Command, IncidentCommand};
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::stage::{Stage, sized};

#[rstest]
fn note_editor_matches_its_snapshots(#[values((126, 36), (40, 12))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    stage.keys("n");
    stage.write("The gateway confirms.\nNext look at 22:55.");
    assert_snapshot!(sized("note", size), stage.screen());
    stage.keys("Esc");
    assert_snapshot!(sized("note_asking", size), stage.screen());
}

#[test]
fn note_is_sent_with_all_its_lines() {
    let mut stage = Stage::busy();
    stage.keys("n");
    stage.write("one\ntwo");
    stage.send(Message::Paste("\rthree\r\nfour\u{1b}[2J".into()));
    stage.keys("^s");
    let Command::Incident { command: IncidentCommand::AddNote { text }, .. } =
        &stage.submitted[0].command
    else {
        panic!("a note")
    };
    assert_eq!(text, "one\ntwo\nthree\nfour\u{241b}[2J");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    stage.settle();
    assert!(stage.screen().contains("three"), "{}", stage.screen());
}

#[test]
fn refused_note_returns_with_its_text() {
    let mut stage = Stage::busy();
    stage.keys("n");
    stage.write("all of it\nmatters");
    stage.keys("^s ?");
    stage.refuse(&BackendError::NotAllowed("notes are closed for the night".into()));
    assert_eq!(stage.form().contents(), ["all of it\nmatters"]);
    assert!(stage.screen().contains("! notes are closed for the night"), "{}", stage.screen());
}

#[test]
fn an_empty_note_is_not_sent() {
    let mut stage = Stage::busy();
    stage.keys("n ^s");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("is empty: say something"));
}

#[test]
fn closing_the_editor_confirms_only_after_typing() {
    let mut stage = Stage::busy();
    stage.keys("n Esc");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    stage.keys("n");
    stage.write("x");
    stage.keys("Esc");
    assert!(matches!(&stage.app.ui.mode, Mode::Form(form) if form.confirm_discard));
    stage.keys("n");
    assert!(matches!(&stage.app.ui.mode, Mode::Form(form) if !form.confirm_discard));
    stage.keys("Esc y");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}
