//! The timeline: earlier events, and an incident as it was at an event.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use proptest::prelude::*;
use redphone::backend::BackendError;
use redphone::model::command::{Command, IncidentCommand};
use redphone::model::{Actor, CommandId, Envelope, Incident};
use redphone::tui::core::message::{Effect, Message};
use redphone::tui::update::update;
use rstest::rstest;

use crate::support::stage::Stage;
use crate::support::{company, strategies};

/// Opens the timeline of INC-2048, which has seven events.
pub fn reading(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    stage.keys("j 3");
    assert_eq!(stage.selected(), "INC-2048");
    stage
}

pub fn at(stage: &Stage) -> Option<u32> {
    stage.app.travel.as_ref().map(|travel| travel.seq)
}

fn add(stage: &Stage, command: IncidentCommand) {
    company::ask(&stage.memory, stage.target(), command, stage.now).expect("it can be asked");
}

#[rstest]
fn past_screens_match_their_snapshots(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
    #[values("2", "3")] pane: &str,
) {
    let mut stage = reading(size);
    stage.keys(pane);
    stage.keys("[ [ [");
    assert_snapshot!(format!("travel_{pane}_{}x{}", size.0, size.1), stage.screen());
}

#[test]
fn detail_and_keys_line_name_the_event_until_the_return() {
    let mut stage = reading((126, 36));
    let events = stage.memory.read(2048).1;
    let last = events.len();
    stage.keys("[");
    assert_eq!(at(&stage), Some(u32::try_from(last - 1).expect("few")));
    let then = events[last - 2].at.format("%H:%M:%S");
    let expected = format!("as of {then} · event {} of {last} · Esc returns", last - 1);
    assert!(stage.screen().contains(&expected), "{expected}\n{}", stage.screen());
    stage.keys("Esc");
    assert_eq!(at(&stage), None);
    assert!(!stage.screen().contains("as of"));
    // Moving forward past the last event ends the time travel.
    stage.keys("[ [ ] ]");
    assert_eq!(at(&stage), Some(u32::try_from(last).expect("few")));
    stage.keys("]");
    assert_eq!(at(&stage), None);
    stage.keys("]");
    assert_eq!(at(&stage), None);
}

#[test]
fn declaration_is_the_earliest_state() {
    let mut stage = reading((126, 36));
    for _ in 0..20 {
        stage.keys("[");
    }
    assert_eq!(at(&stage), Some(1));
    assert!(stage.screen().contains("that is how it began"), "{}", stage.screen());
    assert!(stage.screen().contains("triggered · access"), "{}", stage.screen());
}

#[test]
fn new_events_do_not_move_the_view() {
    let mut stage = reading((126, 36));
    stage.keys("[ [");
    let before = stage.app.travel.clone();
    add(&stage, IncidentCommand::AddNote { text: "something new".into() });
    stage.refresh();
    assert_eq!(stage.app.travel, before);
    assert!(stage.screen().contains("as of event 5 of 8"), "{}", stage.screen());
}

#[test]
fn verbs_do_not_act_on_the_past() {
    let mut stage = reading((126, 36));
    stage.keys("[");
    for key in ["a", "o", "n", "r", "x"] {
        stage.keys(key);
        assert!(
            stage.screen().contains("this is how it was, at event 6: Esc returns"),
            "{key}: {}",
            stage.screen()
        );
    }
    assert!(stage.submitted.is_empty());
}

#[test]
fn moving_away_returns_to_the_present() {
    for keys in ["1", "4"] {
        let mut stage = reading((126, 36));
        stage.keys("[");
        stage.keys(keys);
        assert_eq!(at(&stage), None, "{keys}");
    }
    let mut stage = reading((126, 36));
    stage.keys("[ 2");
    assert_eq!(at(&stage), Some(6), "detail and timeline go together");
}

#[test]
fn unreadable_earlier_events_end_it_with_a_reason() {
    let mut stage = reading((126, 36));
    stage.page = 3;
    stage.keys("R");
    // Loaded events stay loaded; those of another incident do not.
    stage.keys("1 j 3");
    stage.keys("1 k");
    stage.app.reading.cache.clear();
    stage.app.reading.shown = None;
    stage.keys("3");
    stage.memory.fail(Some(BackendError::Unreachable("the store is locked".into())));
    stage.keys("[");
    assert_eq!(at(&stage), None);
    assert!(stage.screen().contains("the store is locked"), "{}", stage.screen());
}

#[rstest]
#[case::nothing(Vec::new())]
#[case::not_up_to_what_is_known(vec![1, 2])]
fn response_with_a_gap_ends_it_and_is_not_repeated(#[case] seqs: Vec<u32>) {
    let mut stage = reading((126, 36));
    let (id, all) = (stage.app.target().expect("one").id, stage.memory.read(2048).1);
    let shown = stage.app.reading.shown.as_mut().expect("it is read");
    shown.events = std::sync::Arc::new(all[4..].to_vec());
    // The earlier events are requested, and the response has not arrived.
    let key = KeyEvent::new(KeyCode::Char('['), KeyModifiers::NONE);
    let effects = update(&mut stage.app, Message::Key(key, stage.now));
    assert_eq!(effects, [Effect::LoadEarlierEvents(id, 5)]);
    let part = all.iter().filter(|event| seqs.contains(&event.seq)).cloned().collect();
    let effects = update(&mut stage.app, Message::EarlierEvents(id, Ok(part), stage.now));
    assert!(
        effects.iter().all(|effect| !matches!(effect, Effect::LoadEarlierEvents(..))),
        "{effects:?}"
    );
    assert_eq!(at(&stage), None);
    assert!(stage.screen().contains("reading earlier events"), "{}", stage.screen());
}

proptest! {
    #![proptest_config(strategies::config(60))]

    #[test]
    fn record_at_an_event_folds_the_events_up_to_it(
        wanted in prop::collection::vec(strategies::ask(), 1..25),
        page in 1_u32..6,
        back in 1_usize..30,
    ) {
        let mut stage = Stage::busy();
        for command in wanted {
            let incident = stage.app.target().expect("a target").id;
            let envelope = Envelope {
                id: CommandId::new(),
                at: stage.now,
                actor: Actor::Person(company::me()),
                command: Command::incident(incident, command),
                expected_seq: None,
            };
            // A refused command changes nothing.
            let _ = stage.memory.carry_out(&envelope);
        }
        stage.page = page;
        stage.keys("3");
        stage.app.reading.shown = None;
        stage.app.reading.cache.clear();
        stage.keys("R");
        let (detail, events) = stage.memory.read(2051);
        for _ in 0..back {
            stage.keys("[");
            let Some(travel) = stage.app.travel.clone() else {
                prop_assert_eq!(detail.incident.summary.seq, 1);
                break;
            };
            let first = &events[..travel.seq as usize];
            let (record, at) = travel.record.expect("all events are there");
            let added_up = Incident::fold(first).expect("they add up").expect("a record");
            prop_assert_eq!(&*record, &added_up);
            prop_assert_eq!(Some(at), first.iter().map(|event| event.at).max());
        }
        stage.send(Message::Resized(40, 12));
    }
}

#[test]
fn earlier_events_are_fetched_when_scrolled_to() {
    let mut stage = Stage::busy();
    let id = stage.incident_id(2051);
    for index in 0..450 {
        let envelope = Envelope {
            id: CommandId::new(),
            at: stage.now,
            actor: Actor::Person(company::tomo()),
            command: Command::incident(
                id,
                IncidentCommand::AddNote { text: format!("look {index}") },
            ),
            expected_seq: None,
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

/// Returns the lines of the timeline, from top to bottom.
fn shown_texts(stage: &Stage) -> Vec<String> {
    let lines = stage.app.reading.timeline_lines.iter();
    let text = |line: &redphone::tui::widgets::text::Line<'_>| -> String {
        line.spans.iter().map(|span| span.content.as_str()).collect()
    };
    lines.map(text).collect()
}

/// Returns the text of the timeline without its line breaks.
fn running_text(stage: &Stage) -> String {
    let text = shown_texts(stage).join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn entry_that_fits_stands_on_one_line() {
    for size in [(200, 60), (126, 36), (80, 24)] {
        let mut stage = reading(size);
        stage.keys("z");
        let lines = shown_texts(&stage);
        let line = lines.iter().find(|line| line.contains("Triggered")).expect("the first event");
        assert!(line.contains("Alertmanager") && line.contains("detected by"), "{size:?}: {line}");
    }
    // Next to the queue the text begins on the same line.
    let stage = reading((126, 36));
    let lines = shown_texts(&stage);
    let line = lines.iter().find(|line| line.contains("Triggered")).expect("the first event");
    assert!(line.contains("Alertmanager · P1"), "{line}");
}

#[test]
fn search_shows_the_entries_that_match() {
    let mut stage = reading((126, 36));
    let all = shown_texts(&stage).len();
    stage.keys("/");
    stage.write("POOL session");
    let found = shown_texts(&stage);
    assert!(!found.is_empty() && found.len() < all, "{found:#?}");
    assert!(running_text(&stage).contains("pool of the session store"), "{found:#?}");
    // Typed characters are text, whatever the keys do elsewhere.
    assert!(stage.submitted.is_empty());
    stage.keys("Enter");
    assert!(stage.screen().contains("“POOL session”"), "{}", stage.screen());
    stage.keys("Esc");
    assert_eq!(shown_texts(&stage).len(), all);
    assert_eq!(stage.app.ui.focus, redphone::tui::core::pane::Pane::Timeline);
}

#[test]
fn abandoned_search_restores_the_one_before() {
    let mut stage = reading((126, 36));
    stage.keys("/");
    stage.write("pool");
    stage.keys("Enter");
    let found = shown_texts(&stage);
    stage.keys("/ ^u");
    stage.write("no such word");
    assert!(shown_texts(&stage)[0].contains("nothing has"), "{:?}", shown_texts(&stage));
    stage.keys("Esc");
    assert_eq!(shown_texts(&stage), found);
}

#[test]
fn notes_alone_are_shown_on_demand() {
    let mut stage = reading((126, 36));
    stage.keys("W");
    let lines = shown_texts(&stage);
    assert!(running_text(&stage).contains("The pool of the session store"), "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("Acknowledged")), "{lines:#?}");
    assert!(stage.screen().contains("notes only"), "{}", stage.screen());
    stage.keys("W");
    assert!(shown_texts(&stage).iter().any(|line| line.contains("Triggered")));
}

#[test]
fn oldest_event_comes_first_on_demand() {
    let mut stage = reading((126, 36));
    stage.keys("S");
    let lines = shown_texts(&stage);
    let position = |what: &str| lines.iter().position(|line| line.contains(what));
    assert!(position("Triggered") < position("Acknowledged"), "{lines:#?}");
    assert!(stage.screen().contains("oldest first"), "{}", stage.screen());
    // The queue keeps its order.
    assert_eq!(stage.selected(), "INC-2048");
    stage.keys("S");
    let lines = shown_texts(&stage);
    let position = |what: &str| lines.iter().position(|line| line.contains(what));
    assert!(position("Acknowledged") < position("Triggered"), "{lines:#?}");
}

#[rstest]
#[case::search("/ l o o k")]
#[case::notes("W")]
#[case::oldest_first("S")]
fn partial_view_reads_all_earlier_events(#[case] keys: &str) {
    let mut stage = reading((126, 36));
    let id = stage.target();
    for index in 0..12 {
        add(&stage, IncidentCommand::AddNote { text: format!("look {index}") });
    }
    stage.page = 4;
    stage.app.reading.shown = None;
    stage.app.reading.cache.clear();
    stage.refresh();
    stage.keys("R");
    let loaded = |stage: &Stage| {
        stage.app.reading.shown.as_ref().filter(|s| s.id == id).map_or(0, |s| s.events.len())
    };
    assert_eq!(loaded(&stage), 4);
    stage.keys(keys);
    assert_eq!(loaded(&stage), 19);
    assert!(shown_texts(&stage).iter().any(|line| line.contains("look 0")));
}
