//! The detail of the selected incident, which is fetched a moment later.

use redphone::model::command::{Command, IncidentCommand};
use redphone::sync::Sourced;
use redphone::tui::core::message::Message;

use crate::support::company;
use crate::support::stage::Stage;

#[test]
fn detail_title_names_the_incident_shown_while_it_lags() {
    let mut stage = Stage::busy();
    let _ = redphone::tui::update::perform(
        &mut stage.app,
        redphone::tui::action::Action::Down,
        company::now(),
    );
    assert_eq!(stage.selected(), "INC-2048");
    let screen = stage.screen();
    let title = screen.lines().find(|line| line.contains("2 Detail")).expect("a border");
    assert!(title.contains("INC-2051"), "{title}");
    assert!(screen.contains("Card payments fail at checkout"));
}

#[test]
fn incident_opened_at_once_is_the_selected_one() {
    let mut stage = Stage::busy();
    // Without the pause after which the detail is fetched.
    let effects = redphone::tui::update::perform(
        &mut stage.app,
        redphone::tui::action::Action::Down,
        company::now(),
    );
    assert_eq!(effects.len(), 1, "only the timer: {effects:?}");
    assert!(stage.app.reading.moving);
    stage.keys("Enter");
    assert!(stage.screen().contains("2 Detail ─"));
    assert!(stage.screen().contains("INC-2048"), "{}", stage.screen());
    stage.keys("o");
    assert_eq!(stage.submitted.len(), 1);
    let Command::Incident { incident, .. } = &stage.submitted[0].command else { panic!() };
    assert_eq!(*incident, stage.incident_id(2048));
}

#[test]
fn late_answer_does_not_replace_a_newer_record() {
    let mut stage = Stage::busy();
    let id = stage.target();
    let (older, events) = stage.memory.read(2051);
    let note = IncidentCommand::AddNote { text: "the pool is full".into() };
    company::ask(&stage.memory, id, note, stage.now).expect("it fits");
    stage.refresh();
    let seq = |stage: &Stage| {
        stage.app.reading.shown.as_ref().map(|shown| shown.detail.incident.summary.seq)
    };
    let newer = seq(&stage);
    assert_eq!(newer, Some(older.incident.summary.seq + 1));
    stage.send(Message::Detail(
        id,
        Ok(Box::new(Sourced::fresh((older.clone(), events.clone())))),
        stage.now,
    ));
    assert_eq!(seq(&stage), newer);
    assert!(stage.screen().contains("the pool is full"), "{}", stage.screen());
    // Nor is it replaced while another incident is read.
    stage.keys("j");
    stage.send(Message::Detail(id, Ok(Box::new(Sourced::fresh((older, events)))), stage.now));
    stage.keys("k");
    assert_eq!(seq(&stage), newer);
}
