//! Changes by others and late responses alter neither the target of a key nor typed text.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use redphone::backend::BackendError;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;

use crate::support::stage::Stage;

#[test]
fn keys_typed_while_a_record_loads_go_to_the_opened_form() {
    let mut stage = Stage::busy();
    stage.keys("a");
    stage.settle();
    assert!(stage.app.inflight.undo.is_some());
    stage.slow_reads = true;
    stage.keys("j b u");
    assert!(stage.app.inflight.undo.is_some(), "`u` was for the menu, not for the acknowledgement");
    assert!(stage.screen().contains("reading INC-"), "{}", stage.screen());
    stage.answer_reads();
    assert!(
        matches!(stage.app.ui.mode, Mode::Pick(_) | Mode::Form(_)) || stage.submitted.len() == 1
    );
    assert!(
        stage.app.inflight.undo.as_ref().is_none_or(|undo| undo.done_phrase.contains("snooze"))
            || stage.submitted.is_empty()
    );
}

#[test]
fn paste_during_a_reading_goes_into_what_the_verb_opens() {
    let mut stage = Stage::busy();
    stage.slow_reads = true;
    stage.keys("j E");
    stage.send(Message::Paste("(rolled back".into()));
    stage.keys(")");
    stage.answer_reads();
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("{:?}", stage.app.ui.mode) };
    assert!(form.contents()[0].ends_with("(rolled back)"), "{:?}", form.contents());
}

#[test]
fn esc_cancels_a_waiting_verb_and_its_keys() {
    let mut stage = Stage::busy();
    stage.slow_reads = true;
    stage.keys("j b t Esc");
    stage.answer_reads();
    assert!(matches!(stage.app.ui.mode, Mode::Panes), "{:?}", stage.app.ui.mode);
    assert!(stage.submitted.is_empty());
}

#[test]
fn unreadable_record_ends_the_verb_with_a_message() {
    let mut stage = Stage::busy();
    stage.slow_reads = true;
    stage.keys("j b");
    let id = stage.target();
    let error = BackendError::Unreachable("the API is away".into());
    stage.send(Message::Detail(id, Err(error), stage.now));
    assert!(stage.app.inflight.deferred_verb.is_none());
    assert!(stage.screen().contains("the API is away"), "{}", stage.screen());
}

/// Presses a key immediately, before a person could have seen a change of the screen.
fn at_once(stage: &mut Stage, key: char) {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    stage.send(Message::Key(key, stage.now));
}

#[test]
fn key_meant_for_a_vanished_incident_spares_its_neighbour() {
    let mut stage = Stage::busy();
    let first = stage.selected();
    stage.resolve_selected();
    let next = stage.selected();
    assert_ne!(first, next);
    at_once(&mut stage, 'o');
    assert!(stage.submitted.is_empty());
    let expected = format!("nothing was done: {first} has left the queue, this is {next}");
    assert!(stage.screen().contains(&expected), "{}", stage.screen());
    // After the notice the next key works.
    at_once(&mut stage, 'o');
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn row_visible_for_half_a_second_can_be_acted_on() {
    for (seen, acts) in [(499, false), (500, true)] {
        let mut stage = Stage::busy();
        stage.resolve_selected();
        stage.app.ui.mark_drawn(stage.now - TimeDelta::milliseconds(seen));
        at_once(&mut stage, 'o');
        assert_eq!(!stage.submitted.is_empty(), acts, "{seen} ms");
    }
}

#[test]
fn late_declaration_response_does_not_move_the_selection() {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.write("Mail is late");
    stage.keys("^s j");
    let selected = stage.selected();
    stage.settle();
    assert_eq!(stage.selected(), selected);
    assert!(stage.screen().contains("declared as INC-"), "{}", stage.screen());
}

#[rstest::rstest]
#[case("/", "A-j", "Esc j")]
#[case("n", "A-j", "Esc j")]
#[case(":", "A-a", "Esc a")]
#[case("s", "A-?", "Esc ?")]
#[case("", "A-n", "Esc n")]
fn alt_without_a_binding_is_escape_and_the_key(
    #[case] open: &str,
    #[case] alt: &str,
    #[case] apart: &str,
) {
    let screen = |keys: &str| {
        let mut stage = Stage::busy();
        stage.keys(open);
        stage.keys(keys);
        stage.screen()
    };
    assert_eq!(screen(alt), screen(apart));
}

#[test]
fn alt_keys_edit_text_in_a_form() {
    let mut stage = Stage::busy();
    stage.keys("n");
    stage.write("one two");
    stage.keys("A-b");
    stage.write("new ");
    assert!(stage.screen().contains("one new two"), "{}", stage.screen());
}
