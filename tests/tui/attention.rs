//! When the panes call for attention, and when not.

use chrono::TimeDelta;
use redphone::config::PanesSettings;
use redphone::config::panes::Notify;
use redphone::model::command::{Command, IncidentCommand};
use redphone::model::{Actor, CommandId, Envelope, Impact, IncidentId, PersonRef, Priority};
use redphone::tui::Options;
use redphone::tui::core::message::{Message, Timer};

use crate::support::company;
use crate::support::stage::{Stage, options};

fn with(notify: Notify) -> Stage {
    let options =
        Options { settings: PanesSettings { notify, ..PanesSettings::default() }, ..options() };
    let memory = company::busy(company::now());
    let mut stage = Stage::with(memory, (126, 36), redphone::tui::theme::Depth::None, options);
    stage.connect();
    stage
}

fn declare(stage: &Stage, title: &str, level: Impact) -> IncidentId {
    let now = stage.now;
    company::declare(&stage.memory, now, 1, title, "vault", level, level, |_| {}).id()
}

fn label(stage: &Stage, id: IncidentId) -> String {
    stage.app.row(id).expect("a row").label()
}

fn assign(stage: &Stage, id: IncidentId, to: PersonRef) {
    let assign = IncidentCommand::Assign { to: Some(to) };
    company::ask(&stage.memory, id, assign, stage.now).expect("it fits");
}

#[test]
fn incidents_open_at_start_call_nobody() {
    let mut stage = Stage::busy();
    assert!(stage.app.queue.counts.unacknowledged > 0);
    stage.refresh();
    stage.pass(60);
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
}

#[test]
fn new_unowned_p1_calls_at_once() {
    let mut stage = Stage::busy();
    let id = declare(&stage, "The vault is open", Impact::High);
    stage.refresh();
    let label = label(&stage, id);
    assert_eq!(stage.calls, [format!("P1 {label} unowned: The vault is open")]);
    stage.refresh();
    assert_eq!(stage.calls.len(), 1, "once");
}

#[test]
fn new_p4_calls_nobody_unless_configured() {
    let mut stage = Stage::busy();
    declare(&stage, "A lamp is out", Impact::Low);
    stage.refresh();
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
    let mut stage = with(Notify { priorities: vec![Priority::P4], ..Notify::default() });
    declare(&stage, "A lamp is out", Impact::Low);
    declare(&stage, "The vault is open", Impact::High);
    stage.refresh();
    assert_eq!(stage.calls.len(), 1, "{:?}", stage.calls);
    assert!(stage.calls[0].contains("A lamp is out"), "{:?}", stage.calls);
}

#[test]
fn wall_calls_nobody() {
    let mut stage = with(Notify::off());
    declare(&stage, "The vault is open", Impact::High);
    stage.refresh();
    assert!(stage.calls.is_empty());
}

#[test]
fn incident_owned_by_another_calls_only_them() {
    let mut stage = Stage::busy();
    let id = declare(&stage, "The vault is open", Impact::High);
    assign(&stage, id, company::tomo());
    stage.refresh();
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
    assign(&stage, id, company::me());
    stage.refresh();
    let label = label(&stage, id);
    assert_eq!(stage.calls, [format!("P1 {label} assigned to you: The vault is open")]);
}

#[test]
fn incident_between_the_first_page_and_the_rest_calls() {
    let memory = company::busy(company::now());
    let mut stage = Stage::blank(memory, (126, 36), redphone::tui::theme::Depth::None);
    let first = stage.memory.open();
    let page = |rows: Vec<redphone::model::Summary>, counts| {
        let mut mirror = redphone::sync::Mirror::default();
        mirror.put_first_page(rows, Some(counts));
        redphone::sync::BackendUpdate::Snapshot(redphone::sync::Sourced::fresh(mirror.snapshot()))
    };
    let mut counts = redphone::model::queue::OpenCounts::default();
    for row in &first {
        counts.add(row, stage.now, &stage.app.session.rules.levels);
    }
    // The first page has all rows; a later one has the others.
    stage.learn(page(first.clone(), counts));
    declare(&stage, "The vault is open", Impact::High);
    stage.refresh();
    assert_eq!(stage.calls.len(), 1, "{:?}", stage.calls);
    // The first page has only a part of the rows: the following ones may be old.
    let memory = company::busy(company::now());
    let mut stage = Stage::blank(memory, (126, 36), redphone::tui::theme::Depth::None);
    stage.learn(page(first[..3].to_vec(), counts));
    stage.refresh();
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
}

#[test]
fn own_action_does_not_call() {
    let mut stage = Stage::busy();
    let selected = stage.app.queue.selected.expect("a row");
    stage.keys("o");
    stage.settle();
    let row = stage.app.row(selected).expect("a row");
    assert_eq!(row.assignee.as_ref().map(|p| p.handle.clone()), Some("ines".into()));
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
    // An incident that was assigned to me, to somebody else and to me again is announced again.
    assign(&stage, selected, company::tomo());
    stage.refresh();
    assign(&stage, selected, company::me());
    stage.refresh();
    assert_eq!(stage.calls.len(), 1, "{:?}", stage.calls);
}

#[test]
fn refused_assignment_calls_when_another_person_makes_it() {
    let mut stage = Stage::busy();
    let selected = stage.app.queue.selected.expect("a row");
    stage.keys("o");
    stage.refuse(&redphone::backend::BackendError::NotAllowed("not today".into()));
    assign(&stage, selected, company::me());
    stage.refresh();
    assert_eq!(stage.calls.len(), 1, "{:?}", stage.calls);
}

#[test]
fn several_incidents_at_once_make_one_call() {
    let mut stage = Stage::busy();
    let ids = ["a", "b", "c"].map(|title| declare(&stage, title, Impact::High));
    stage.refresh();
    let labels = ids.map(|id| label(&stage, id));
    assert_eq!(stage.calls.len(), 1);
    assert!(stage.calls[0].starts_with("3 new: INC-"), "{:?}", stage.calls);
    assert!(labels.iter().all(|label| stage.calls[0].contains(label)), "{:?}", stage.calls);
}

#[test]
fn next_call_waits_and_covers_all_that_came() {
    let mut stage = Stage::busy();
    declare(&stage, "first", Impact::High);
    stage.refresh();
    for index in 0..7 {
        declare(&stage, &format!("more {index}"), Impact::High);
        stage.refresh();
    }
    assert_eq!(stage.calls.len(), 1, "{:?}", stage.calls);
    stage.send(Message::Elapsed(Timer::AttentionThrottle));
    assert_eq!(stage.calls.len(), 2);
    assert!(stage.calls[1].starts_with("7 new: INC-"), "{:?}", stage.calls);
    assert!(stage.calls[1].ends_with(" and 2 more"), "{:?}", stage.calls);
    stage.send(Message::Elapsed(Timer::AttentionThrottle));
    assert_eq!(stage.calls.len(), 2, "nothing was waiting");
    declare(&stage, "last", Impact::High);
    stage.refresh();
    assert_eq!(stage.calls.len(), 3, "at once again");
}

#[test]
fn changed_incident_calls_nobody() {
    let mut stage = Stage::busy();
    stage.now += TimeDelta::minutes(3);
    let id = stage.memory.read(2048).0.incident.summary.id;
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::incident(id, IncidentCommand::AddNote { text: "look".into() }),
        expected_seq: None,
    };
    stage.memory.carry_out(&envelope).expect("it fits");
    stage.refresh();
    assert!(stage.calls.is_empty(), "{:?}", stage.calls);
}
