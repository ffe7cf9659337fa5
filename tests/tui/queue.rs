//! Selection, scrolling, and what time does.

use chrono::TimeDelta;
use redphone::backend::BackendError;
use redphone::model::command::{Ask, Command};
use redphone::model::{Actor, CommandId, Envelope, Impact, IncidentId};
use redphone::sync::{Link, Update};
use redphone::tui::app::Freshness;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::Stage;

fn busy() -> Stage {
    Stage::open(company::busy(company::now()), (126, 36))
}

fn id_of(stage: &Stage, number: u64) -> IncidentId {
    stage.memory.read(number).0.incident.summary.id
}

/// Somebody else does something.
fn elsewhere(stage: &mut Stage, number: u64, ask: Ask) {
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::Incident { incident: id_of(stage, number), ask },
    };
    stage.memory.carry_out(&envelope).expect("it fits");
    stage.refresh();
}

fn resolve() -> Ask {
    Ask::Resolve {
        action: redphone::model::status::ResolutionAction::Restart,
        detail: "restarted".into(),
        validation: "looked".into(),
    }
}

#[test]
fn the_selection_follows_its_incident_when_rows_come_above_it() {
    let mut stage = busy();
    stage.keys("j j");
    assert_eq!(stage.selected(), "INC-2050");
    let on_screen = stage.app.queue.index - stage.app.queue.top;
    let now = stage.now;
    company::declare(
        &stage.memory,
        now,
        50,
        "The vault is open",
        "vault",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert_eq!(stage.selected(), "INC-2050");
    assert_eq!(stage.app.queue.index, 3);
    assert!(stage.app.queue.index - stage.app.queue.top >= on_screen);
}

#[test]
fn a_scrolled_list_stays_where_it_is_when_rows_come_above() {
    let memory = company::many(company::now(), 300);
    let mut stage = Stage::open(memory, (126, 36));
    stage.keys("^d ^d ^d ^d ^d");
    let (selected, place) = (stage.selected(), stage.app.queue.index - stage.app.queue.top);
    assert!(stage.app.queue.top > 0);
    let now = stage.now;
    company::declare(&stage.memory, now, 50, "New", "vault", Impact::High, Impact::High, |_| {});
    stage.refresh();
    assert_eq!(stage.selected(), selected);
    assert_eq!(stage.app.queue.index - stage.app.queue.top, place);
}

#[test]
fn when_the_selected_incident_leaves_its_neighbour_is_selected() {
    let mut stage = busy();
    stage.keys("j j");
    elsewhere(&mut stage, 2050, resolve());
    assert_eq!(stage.selected(), "INC-2062", "the one below");
    stage.keys("G");
    let last = stage.selected();
    let number: u64 = last.trim_start_matches("INC-").parse().expect("a number");
    let above = stage.app.queue.rows[stage.app.queue.rows.len() - 2].summary.label();
    elsewhere(&mut stage, number, resolve());
    assert_eq!(stage.selected(), above, "the one above the last");
}

#[test]
fn who_reads_an_incident_is_not_taken_away_when_it_is_resolved() {
    let mut stage = busy();
    stage.keys("Enter");
    assert!(stage.screen().contains("Card payments fail at checkout"));
    elsewhere(&mut stage, 2051, resolve());
    let screen = stage.screen();
    assert!(screen.contains("Card payments fail at checkout"), "{screen}");
    assert!(screen.contains("P1 · resolved"), "{screen}");
    stage.keys("Esc");
    assert!(
        stage.screen().contains("Logins time out for one in five"),
        "the neighbour is read now"
    );
}

#[test]
fn what_is_opened_at_once_is_what_was_selected() {
    let mut stage = busy();
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
    assert_eq!(*incident, id_of(&stage, 2048));
}

#[test]
fn an_incident_that_crosses_its_level_moves_when_it_does() {
    let mut stage = busy();
    let next = stage.app.next_tick(stage.now);
    assert!(next - stage.now <= TimeDelta::seconds(60));
    let before: Vec<String> = stage.app.queue.rows.iter().map(|row| row.summary.label()).collect();
    let past = stage.app.queue.counts.past;
    stage.pass(120);
    let after: Vec<String> = stage.app.queue.rows.iter().map(|row| row.summary.label()).collect();
    assert_ne!(before, after);
    assert!(stage.app.queue.counts.past > past);
}

#[test]
fn the_picture_changes_with_the_minute_and_not_before() {
    let mut stage = busy();
    let before = stage.screen();
    stage.learn(Update::Link(Link::Live { at: stage.now + TimeDelta::seconds(25) }));
    let next = stage.app.next_tick(stage.now);
    assert_eq!(next.timestamp() % 60, 0, "{next}");
    assert_eq!(stage.screen(), before);
}

#[test]
fn silence_is_told_as_stale_and_a_failure_with_its_time() {
    let mut stage = busy();
    assert_eq!(stage.app.freshness(), Freshness::Live);
    stage.now += TimeDelta::seconds(90);
    let (now, offset) = (stage.now, stage.app.offset);
    stage.send(redphone::tui::message::Message::Tick(now, offset));
    assert!(matches!(stage.app.freshness(), Freshness::Stale(_)));
    assert!(stage.screen().contains("stale 1m"), "{}", stage.screen());
    stage.learn(Update::Link(Link::Failing {
        since: now,
        error: BackendError::Unreachable("no route to the host".into()),
        retry_at: now + TimeDelta::seconds(8),
    }));
    let screen = stage.screen();
    assert!(screen.contains("failing since 22:42"), "{screen}");
    assert!(screen.contains("no route to the host · since 22:42:42 · retrying in 8 s"), "{screen}");
    assert!(screen.contains("INC-2051"), "what was read stays readable");
}

#[test]
fn the_title_of_the_detail_names_what_it_shows_while_it_lags() {
    let mut stage = busy();
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
fn earlier_events_are_read_when_scrolled_to() {
    let mut stage = busy();
    let id = id_of(&stage, 2051);
    for index in 0..450 {
        let envelope = Envelope {
            id: CommandId::new(),
            at: stage.now,
            actor: Actor::Person(company::tomo()),
            command: Command::Incident {
                incident: id,
                ask: Ask::AddNote { text: format!("look {index}") },
            },
        };
        stage.memory.carry_out(&envelope).expect("a note fits");
    }
    stage.refresh();
    stage.keys("3");
    let shown = |stage: &Stage| stage.app.reading.shown.as_ref().expect("shown").events.len();
    assert_eq!(shown(&stage), 200);
    stage.keys("G");
    assert_eq!(shown(&stage), 400);
    stage.keys("G G");
    assert_eq!(shown(&stage), 453);
    stage.keys("G");
    assert!(stage.screen().contains("Triggered"), "{}", stage.screen());
}

#[rstest]
#[case((60, 20), "4")]
#[case((126, 36), "4 z")]
fn no_verb_is_about_an_incident_that_is_not_in_sight(#[case] size: (u16, u16), #[case] keys: &str) {
    let mut stage = Stage::open(company::busy(company::now()), size);
    stage.keys(keys);
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    let told = "no incident is in sight here: 1 shows the queue";
    assert!(stage.screen().contains(told), "{}", stage.screen());
    stage.keys("1 a");
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn with_the_queue_beside_the_metrics_verbs_are_about_its_selection() {
    let mut stage = busy();
    stage.keys("4 a");
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn while_only_a_part_is_known_nothing_is_said_not_to_be_open() {
    let memory = company::busy(company::now());
    let rows = memory.open();
    let mut stage = Stage::blank(memory, (126, 36), redphone::tui::theme::Depth::Indexed);
    let mut counts = redphone::model::queue::OpenCounts::default();
    for row in &rows {
        counts.add(row, stage.now, &stage.app.rules.levels);
    }
    let mut mirror = redphone::sync::Mirror::default();
    mirror.first_page(rows[..1].to_vec(), Some(counts));
    stage.learn(Update::Snapshot(mirror.snapshot()));
    let missing = rows[1].number.expect("a number");
    stage.keys("g");
    stage.write(&missing.0.to_string());
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("is not in the queue yet"), "{screen}");
    assert!(!screen.contains("is not open"), "{screen}");
}
