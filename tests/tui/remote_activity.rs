//! Changes by others to the incident that is open.

use redphone::model::command::{Command, IncidentCommand};
use redphone::model::{Actor, CommandId, Envelope, IncidentId, Status};
use redphone::sync::BackendUpdate;
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::Stage;

fn by(stage: &Stage, actor: Actor, incident: IncidentId, incident_command: IncidentCommand) {
    let command = Command::incident(incident, incident_command);
    let envelope =
        Envelope { id: CommandId::new(), at: stage.now, actor, command, expected_seq: None };
    stage.memory.carry_out(&envelope).expect("it can be asked");
}

fn tomo() -> Actor {
    Actor::Person(company::tomo())
}

#[rstest]
#[case(IncidentCommand::Acknowledge, "INC-2051: Tomo Hayashi acknowledged it")]
#[case(IncidentCommand::Assign { to: Some(company::tomo()) }, "INC-2051: Tomo Hayashi took it")]
#[case(IncidentCommand::Assign { to: Some(company::me()) }, "INC-2051: Tomo Hayashi assigned it to you")]
#[case(IncidentCommand::MoveStatus { to: Status::Identified }, "INC-2051: Tomo Hayashi moved it to identified")]
#[case(IncidentCommand::AddNote { text: "\n\u{1b}[2Jwe roll back\nnow".into() }, "INC-2051: Tomo Hayashi wrote: ␛[2Jwe roll back")]
fn change_to_the_open_incident_is_announced(
    #[case] command: IncidentCommand,
    #[case] expected: &str,
) {
    let mut stage = Stage::busy();
    by(&stage, tomo(), stage.target(), command);
    stage.refresh();
    assert_eq!(stage.keys_line(), expected);
}

#[test]
fn several_changes_are_announced_as_one() {
    let mut stage = Stage::busy();
    let incident = stage.target();
    by(&stage, tomo(), incident, IncidentCommand::Acknowledge);
    by(&stage, tomo(), incident, IncidentCommand::AddNote { text: "looking".into() });
    stage.refresh();
    assert_eq!(stage.keys_line(), "INC-2051: Tomo Hayashi acknowledged it · and 1 more");
}

#[test]
fn own_changes_and_repeated_alerts_are_not_announced() {
    let mut stage = Stage::busy();
    let incident = stage.target();
    by(&stage, Actor::Person(company::me()), incident, IncidentCommand::Acknowledge);
    stage.refresh();
    let alerts = Actor::Integration("Alertmanager".into());
    by(
        &stage,
        alerts,
        incident,
        IncidentCommand::RepeatAlert { text: "again".into(), count: None },
    );
    stage.refresh();
    assert!(stage.app.notices.toast.is_none(), "{:?}", stage.app.notices.toast);
}

#[test]
fn change_to_another_incident_is_not_announced() {
    let mut stage = Stage::busy();
    let other = stage.app.queue.rows[3].summary.id;
    by(&stage, tomo(), other, IncidentCommand::AddNote { text: "elsewhere".into() });
    stage.refresh();
    assert!(stage.app.notices.toast.is_none(), "{:?}", stage.app.notices.toast);
}

#[test]
fn form_announces_it_without_disturbing_the_input() {
    let mut stage = Stage::busy();
    let incident = stage.target();
    stage.keys("n");
    stage.write("half a");
    by(&stage, tomo(), incident, IncidentCommand::Acknowledge);
    stage.refresh();
    stage.write(" thought");
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
    assert_eq!(form.contents(), ["half a thought"]);
    assert_eq!(form.notice.as_deref(), Some("INC-2051: Tomo Hayashi acknowledged it"));
    assert!(stage.app.notices.toast.is_none());
    assert!(stage.screen().contains("Tomo Hayashi acknowledged it"), "{}", stage.screen());
}

#[test]
fn form_target_is_watched_while_another_incident_is_open() {
    let mut stage = Stage::busy();
    let incident = stage.target();
    stage.keys("n");
    // The selection may change below the form, such as when its incident leaves the queue.
    let other = stage.app.queue.rows[4].summary.id;
    stage.app.queue.selected = Some(other);
    stage.app.reading.target = Some(other);
    stage.refresh();
    assert_ne!(stage.app.reading.shown.as_ref().map(|shown| shown.id), Some(incident));
    by(&stage, tomo(), incident, IncidentCommand::Acknowledge);
    stage.refresh();
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
    assert_eq!(form.notice.as_deref(), Some("INC-2051: Tomo Hayashi acknowledged it"));
    // The change is announced once.
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.notice = None;
    }
    stage.refresh();
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
    assert_eq!(form.notice, None);
}

#[test]
fn lists_and_the_matrix_announce_it() {
    for (key, word) in [("s", "Assign"), ("p", "INC-2051")] {
        let mut stage = Stage::busy();
        let incident = stage.target();
        stage.keys(key);
        by(&stage, tomo(), incident, IncidentCommand::Acknowledge);
        stage.refresh();
        let screen = stage.screen();
        assert!(screen.contains(word), "{screen}");
        // In the small box of the matrix the text needs two lines.
        assert!(screen.contains("! INC-2051: Tomo Hayashi"), "{key}: {screen}");
        assert!(screen.contains("acknowledged it"), "{key}: {screen}");
    }
}

#[test]
fn question_announces_it_in_the_keys_line() {
    let mut stage = Stage::busy();
    while stage.selected() != "INC-2048" {
        stage.keys("j");
    }
    let incident = stage.target();
    stage.keys("m Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Confirm(_)), "{}", stage.screen());
    by(&stage, tomo(), incident, IncidentCommand::MoveStatus { to: Status::Identified });
    stage.refresh();
    assert!(matches!(stage.app.ui.mode, Mode::Confirm(_)));
    assert!(
        stage.keys_line().starts_with("INC-2048: Tomo Hayashi moved it to identified"),
        "{}",
        stage.keys_line()
    );
}

#[test]
fn form_shows_that_its_incident_was_resolved() {
    for keys in ["n", "U 1"] {
        let mut stage = Stage::busy();
        stage.keys(keys);
        assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{keys}: {}", stage.screen());
        stage.resolve_selected();
        let Mode::Form(form) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
        let notice = form.notice.clone().unwrap_or_default();
        assert!(notice.contains("resolved it"), "{keys}: {notice:?}");
    }
}

/// Opens the record of a resolved incident that the queue does not list.
fn reading_resolved() -> (Stage, IncidentId) {
    let mut stage = Stage::busy_at((200, 60));
    let number = stage.app.selected().and_then(|row| row.number).expect("a number");
    let id = stage.resolve_selected();
    stage.keys(":");
    stage.write(&number.0.to_string());
    stage.keys("Enter");
    assert_eq!(stage.app.reading.shown.as_ref().map(|shown| shown.id), Some(id));
    (stage, id)
}

fn shown_status(stage: &Stage) -> Option<Status> {
    stage.app.reading.shown.as_ref().map(|shown| shown.detail.incident.summary.status)
}

#[test]
fn own_change_of_an_ended_incident_is_shown() {
    let (mut stage, id) = reading_resolved();
    assert_eq!(shown_status(&stage), Some(Status::Resolved));
    stage.keys("V w");
    stage.focus_field("Root cause");
    stage.write("a lock");
    stage.keys("^s");
    assert!(!stage.submitted.is_empty(), "{}", stage.screen());
    stage.settle();
    let review = |stage: &Stage| {
        stage.app.reading.shown.as_ref().map(|shown| shown.detail.incident.review.sections.len())
    };
    assert!(review(&stage) > Some(0), "{}", stage.screen());
    // The form opens with the text that was written a moment ago.
    stage.keys("V w");
    assert!(stage.screen().contains("a lock"), "{}", stage.screen());
    assert_eq!(stage.app.reading.target, Some(id));
}

#[test]
fn change_by_others_of_an_ended_incident_is_shown() {
    let (mut stage, id) = reading_resolved();
    stage.execute_as_other(id, IncidentCommand::AddNote { text: "the cache was cold".into() });
    let shown = stage.app.reading.shown.as_ref().expect("it is shown");
    let number = shown.detail.incident.summary.number.expect("it has one");
    let row = stage.memory.read(number.0).0.incident.summary;
    stage.learn(BackendUpdate::Ended(vec![row.clone()]));
    assert!(stage.screen().contains("the cache was cold"), "{}", stage.screen());
    // An old report changes nothing, and is not read for.
    stage.slow_reads = true;
    stage.learn(BackendUpdate::Ended(vec![row]));
    assert!(stage.reads.is_empty(), "{:?}", stage.reads);
}

#[test]
fn change_by_others_behind_a_question_is_reported_by_its_answer() {
    let mut stage = Stage::busy();
    stage.filter("status:triggered");
    stage.keys("Enter * a");
    let question = stage.screen();
    assert!(question.contains("Acknowledge ") && question.contains(" incidents?"), "{question}");
    let number = stage.numbers()[1];
    let id = stage.incident_id(number.into());
    stage.execute_as_other(id, IncidentCommand::Acknowledge);
    stage.keys("y");
    stage.settle();
    let refusal = format!("INC-{number}: already acknowledged");
    assert!(stage.screen().contains(&refusal), "{}", stage.screen());
    assert!(matches!(stage.app.ui.mode, Mode::Results(_)));
}
