//! Drafts: typed text that was not sent is saved and restored.

use redphone::backend::BackendError;
use redphone::model::IncidentCommand;
use redphone::sync::drafts::{Draft, DraftOp};
use redphone::tui::Options;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::theme::Depth;

use crate::support::company;
use crate::support::stage::{Stage, options};

#[test]
fn refused_note_is_not_lost_while_another_is_written() {
    let mut stage = Stage::busy();
    stage.keys("n");
    stage.write("first");
    stage.keys("^s n");
    stage.write("second");
    stage.refuse(&BackendError::NotAllowed("no".into()));
    assert_eq!(stage.form().contents(), ["second"]);
    assert!(stage.screen().contains("kept as a draft (d): no"), "{}", stage.screen());
    stage.keys("^s");
    stage.settle();
    stage.keys("d");
    assert!(stage.screen().contains("note INC-2051"), "{}", stage.screen());
    stage.keys("Enter");
    assert_eq!(stage.form().contents(), ["first"]);
    stage.keys("^s");
    stage.settle();
    assert!(matches!(stage.draft_ops.last(), Some(DraftOp::Drop(_))), "{:?}", stage.draft_ops);
}

#[test]
fn closed_note_is_saved_and_returns_when_it_is_refused() {
    let mut stage = Stage::busy();
    stage.type_in_palette("note rolled back");
    stage.keys("Esc");
    assert!(stage.screen().contains("kept as a draft · d brings it back"), "{}", stage.screen());
    assert!(matches!(stage.draft_ops.first(), Some(DraftOp::Save(_))), "{:?}", stage.draft_ops);
    stage.type_in_palette("note looking");
    stage.keys("Enter");
    stage.refuse(&BackendError::NotAllowed("notes are closed".into()));
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("a form:\n{}", stage.screen()) };
    assert_eq!(form.contents(), ["looking"]);
}

/// Another program has removed from its file what was redacted; these panes have not loaded the incident.
#[test]
fn reopened_draft_loses_what_was_redacted_meanwhile() {
    let mut stage = Stage::busy();
    stage.type_in_palette("note Tom Varga called");
    stage.keys("Esc");
    let draft = stage.app.forms.drafts[0].clone();
    stage.draft_ops.clear();
    stage.keys("d Enter");
    assert_eq!(stage.form().contents(), ["Tom Varga called"]);
    assert!(stage.draft_ops.contains(&DraftOp::Reopen(draft.clone())), "{:?}", stage.draft_ops);
    let without = Draft { contents: vec!["(redacted) called".into()], ..draft };
    stage.send(Message::DraftChanged(Box::new(without.clone())));
    assert_eq!(stage.form().contents(), ["(redacted) called"]);
    // What is typed meanwhile counts.
    stage.write(" at 9");
    stage.send(Message::DraftChanged(Box::new(without)));
    assert_eq!(stage.form().contents(), ["(redacted) called at 9"]);
}

#[test]
fn note_is_saved_when_the_terminal_disappears() {
    let mut stage = Stage::busy();
    stage.type_in_palette("note rolled back");
    stage.send(Message::Terminate);
    let saved = stage.draft_ops.iter().find_map(|op| match op {
        DraftOp::Save(draft) => Some(draft.contents.clone()),
        _ => None,
    });
    assert_eq!(saved, Some(vec!["rolled back".to_owned()]));
    assert!(stage.is_quit);
}

#[test]
fn text_typed_after_a_question_is_saved_as_a_draft() {
    let mut stage = Stage::busy();
    stage.keys("X");
    stage.focus_field("Why");
    stage.write("no");
    // The timer of the draft still runs when the question appears.
    let Mode::Form(form) = &mut stage.app.ui.mode else { panic!("a form") };
    form.save_scheduled = true;
    stage.keys("^s n");
    stage.draft_ops.clear();
    stage.write(" fault of ours");
    let saved = stage.draft_ops.iter().any(|op| match op {
        DraftOp::Save(draft) => draft.contents.iter().any(|text| text == "no fault of ours"),
        _ => false,
    });
    assert!(saved, "{:?}", stage.draft_ops);
}

#[test]
fn draft_restores_only_the_changed_fields() {
    let mut stage = Stage::busy();
    let id = stage.target();
    stage.keys("E");
    stage.focus_field("Labels");
    stage.write("pci");
    stage.keys("Esc");
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("it asks") };
    assert!(form.confirm_discard);
    stage.keys("k");
    let draft = stage.draft_ops.iter().rev().find_map(|op| match op {
        DraftOp::Save(draft) => Some(draft.clone()),
        _ => None,
    });
    let draft: Draft = draft.expect("a draft");
    let describe = IncidentCommand::Describe {
        title: Some("Cards fail in France".into()),
        symptoms: None,
        labels: None,
        runbook: None,
    };
    stage.execute_as_other(id, describe);
    stage.app.forms.drafts = vec![draft];
    stage.keys("E ^s");
    let only_the_labels = IncidentCommand::Describe {
        title: None,
        symptoms: None,
        labels: Some(vec!["pci".into()]),
        runbook: None,
    };
    assert_eq!(stage.submitted_commands(), [only_the_labels], "{}", stage.screen());
}

#[test]
fn read_only_applies_to_drafts() {
    let mut stage = Stage::with(
        company::busy(company::now()),
        (126, 36),
        Depth::None,
        Options { read_only: true, ..options() },
    );
    stage.connect();
    let mut writer = Stage::busy();
    writer.keys("n");
    writer.write("typed before");
    let draft = writer.draft_ops.iter().rev().find_map(|op| match op {
        DraftOp::Save(draft) => Some(draft.clone()),
        _ => None,
    });
    stage.app.forms.drafts = vec![Draft { location: None, ..draft.expect("a draft") }];
    stage.keys("d Enter");
    assert_eq!(stage.form().value("Note"), "typed before");
    stage.keys("^s");
    assert!(stage.submitted.is_empty());
    assert_eq!(stage.form().value("Note"), "typed before", "it is not lost");
    let notice = stage.form().notice.clone().unwrap_or_default();
    assert!(notice.starts_with("opened read-only"), "{notice}");
}
