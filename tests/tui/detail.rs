//! The detail of the selected incident, which is fetched a moment later.

use redphone::model::command::Command;

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
    // Without the pause in which the selection would rest.
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
