//! Issues of action items, and the timeline of a review that is picked from events.

use redphone::model::follow_up::FollowUpState;
use redphone::model::review::{ActionItem, ActionKind, ReviewState, Section};
use redphone::model::{EventBody, IncidentCommand};
use redphone::sync::BackendUpdate;
use redphone::tui::core::message::{Message, Timer};
use redphone::tui::core::mode::Mode;
use redphone::tui::picker::PickerKind;
use uuid::Uuid;

use crate::support::requests::ines;
use crate::support::stage::Stage;

/// The list of action items of a busy company, with one item of the incident with the number.
fn stage(number: u64) -> Stage {
    let mut stage = Stage::busy_at((200, 60));
    let item = ActionItem {
        id: Uuid::from_u128(1),
        text: "Alert on old prices".into(),
        owner: Some(ines()),
        due: None,
        kind: ActionKind::Detect,
        done: false,
    };
    let incident = stage.incident_id(number);
    stage.execute_as_other(incident, IncidentCommand::SetActionItem { item });
    stage.keys("g a");
    stage
}

#[test]
fn key_requests_an_issue_once() {
    let mut stage = stage(2047);
    // An issue in another system can't be taken back.
    stage.keys("f y");
    stage.settle();
    let follow_up = |stage: &Stage| {
        let record = stage.memory.read(2047).0.incident;
        record.follow_up(Uuid::from_u128(1)).cloned()
    };
    let requested = follow_up(&stage).expect("a follow-up");
    assert_eq!((requested.state, requested.tracker), (FollowUpState::Requested, None));
    stage.send(Message::Elapsed(Timer::Screen));
    assert!(stage.screen().contains("issue requested"), "{}", stage.screen());
    let sent = stage.submitted.len();
    stage.keys("f");
    assert_eq!(stage.submitted.len(), sent, "{}", stage.screen());
    assert!(stage.screen().contains("followed up already"), "{}", stage.screen());
}

#[test]
fn timeline_of_a_review_is_picked_from_events() {
    let mut stage = Stage::busy_at((200, 60));
    let number = stage.app.selected().and_then(|row| row.number).expect("a numbered row").0;
    let milestones = |stage: &Stage| {
        let events = stage.memory.read(number).1;
        events.iter().filter(|event| event.body.is_milestone()).count()
    };
    let lines = |stage: &Stage| {
        let review = stage.memory.read(number).0.incident.review;
        review.sections.get(&Section::Timeline).map_or(0, |text| text.lines().count())
    };
    stage.keys("V");
    stage.settle();
    stage.keys("t");
    let is_open = matches!(&stage.app.ui.mode, Mode::Pick(picker)
        if picker.kind == PickerKind::ReviewTimeline);
    assert!(is_open, "{}", stage.screen());
    stage.keys("w");
    stage.settle();
    assert_eq!(lines(&stage), milestones(&stage), "{}", stage.screen());
    // The first event is left out, and the rest stays.
    stage.keys("V");
    stage.settle();
    stage.keys("t Down Enter w");
    stage.settle();
    assert_eq!(lines(&stage), milestones(&stage) - 1, "{}", stage.screen());
    let written = stage.memory.read(number).1;
    let is_timeline = |body: &EventBody| {
        matches!(body, EventBody::ReviewWritten { section: Section::Timeline, .. })
    };
    assert_eq!(written.iter().filter(|event| is_timeline(&event.body)).count(), 2);
}

#[test]
fn review_is_submitted_and_returned_by_its_menu() {
    let mut stage = Stage::busy_at((200, 60));
    let number = stage.app.selected().and_then(|row| row.number).expect("a numbered row").0;
    let id = stage.resolve_selected();
    for section in Section::REQUIRED {
        let command = IncidentCommand::WriteReview { section, text: "It is written.".into() };
        stage.execute_as_other(id, command);
    }
    let review_state = |stage: &Stage| stage.memory.read(number).0.incident.review.state();
    let learn = |stage: &mut Stage| {
        let row = stage.memory.read(number).0.incident.summary;
        stage.learn(BackendUpdate::Ended(vec![row]));
        stage.settle();
    };
    stage.keys("g");
    stage.write(&number.to_string());
    stage.keys("Enter");
    learn(&mut stage);
    stage.keys("V");
    stage.settle();
    stage.keys("s");
    stage.settle();
    assert_eq!(review_state(&stage), ReviewState::InReview, "{}", stage.screen());
    learn(&mut stage);
    stage.keys("V");
    stage.settle();
    stage.keys("s");
    stage.write("the impact lacks the refunds");
    stage.keys("^s");
    stage.settle();
    assert_eq!(review_state(&stage), ReviewState::Draft, "{}", stage.screen());
    let events = stage.memory.read(number).1;
    let returned =
        EventBody::ReviewSubmitted { returned: Some("the impact lacks the refunds".into()) };
    assert!(events.iter().any(|event| event.body == returned), "{events:#?}");
}
