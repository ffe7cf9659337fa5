//! The feed and the handoff: screens that read lists from the backend.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::model::IncidentCommand;
use redphone::tui::core::message::{Message, Timer};
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, sized};

fn seen_before(stage: &mut Stage) {
    stage.send(Message::LastSeen(Some(stage.now - TimeDelta::minutes(30))));
}

#[rstest]
fn feed_and_handoff_match_their_snapshots(
    #[values((200, 60), (126, 36), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
    #[values(("feed", "g f"), ("handoff", "g h"))] screen: (&str, &str),
) {
    let mut stage = Stage::busy_at(size);
    seen_before(&mut stage);
    stage.keys(screen.1);
    assert_snapshot!(sized(screen.0, size), stage.screen());
}

#[test]
fn feed_begins_with_what_came_since_the_last_visit() {
    let mut stage = Stage::busy();
    seen_before(&mut stage);
    stage.keys("g f");
    let screen = stage.screen();
    let since = screen.find("Since you were last here").expect("the section");
    let earlier = screen.find("Earlier today").expect("the rest");
    assert!(since < earlier, "{screen}");
}

#[test]
fn visit_in_the_future_hides_no_event() {
    let mut stage = Stage::busy();
    let visit = stage.now + TimeDelta::hours(2);
    stage.send(Message::LastSeen(Some(visit)));
    stage.keys("g f");
    assert_eq!(stage.app.screens.last_visit, None);
    assert!(!stage.screen().contains("Since you were last here"), "{}", stage.screen());
}

#[rstest]
#[case("kind:note", 2)]
#[case("person:tomo kind:note", 1)]
#[case("team:data", 1)]
#[case("incident:2051 kind:alert", 2)]
fn feed_is_filtered_by_what_its_events_are_about(#[case] filter: &str, #[case] count: usize) {
    let mut stage = Stage::busy();
    stage.keys("g f /");
    stage.write(filter);
    let items = &stage.app.screens.shown().expect("the feed").items;
    assert_eq!(items.len(), count, "{}", stage.screen());
}

#[rstest]
#[case("g f")]
#[case("g h")]
fn enter_opens_the_incident_and_back_returns_to_the_item(#[case] keys: &str) {
    let mut stage = Stage::busy();
    stage.keys(keys);
    stage.keys("j j");
    let selected = |stage: &Stage| {
        let shown = stage.app.screens.shown().expect("the screen");
        shown.selected_item().expect("an item").key.clone()
    };
    let before = selected(&stage);
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_none() && stage.app.reading.target.is_some());
    stage.keys("Esc");
    assert_eq!(selected(&stage), before);
    stage.keys("Enter 1 Esc");
    assert!(stage.app.screens.shown().is_none(), "who goes on to the queue stays there");
}

#[rstest]
#[case("g f")]
#[case("g h")]
fn failure_is_one_sentence_and_what_was_read_stays(#[case] keys: &str) {
    let gone = || Some(BackendError::Unreachable("the API is gone".into()));
    let mut stage = Stage::busy();
    stage.memory.fail(gone());
    stage.keys(keys);
    let screen = stage.screen();
    assert!(screen.contains("This can't be read since") && screen.contains("the API is gone"));
    assert!(screen.contains("R tries again"), "{screen}");
    stage.memory.fail(None);
    stage.keys("R");
    let items = stage.app.screens.shown().expect("the screen").items.len();
    assert!(items > 3, "{}", stage.screen());
    stage.memory.fail(gone());
    stage.keys("R");
    assert!(stage.screen().contains("not read since"), "{}", stage.screen());
    assert_eq!(stage.app.screens.shown().expect("the screen").items.len(), items);
}

#[test]
fn feed_follows_what_happens() {
    let mut stage = Stage::busy();
    stage.keys("g f");
    let id = stage.incident_id(2063);
    stage.execute_as_other(id, IncidentCommand::AddNote { text: "the pool is full".into() });
    stage.send(Message::Elapsed(Timer::Screen));
    assert!(stage.screen().contains("the pool is full"), "{}", stage.screen());
}

#[test]
fn later_pages_are_read_as_one_scrolls() {
    let mut stage = Stage::open(company::many(company::now(), 300), (126, 36));
    stage.keys("g f");
    assert!(stage.screen().contains("1/100+"), "{}", stage.screen());
    stage.keys("g e");
    let count = stage.app.screens.shown().expect("the feed").items.len();
    assert!(count > 100, "{count}");
    stage.keys("/");
    stage.write("zzz");
    let shown = stage.app.screens.shown().expect("the feed");
    assert!(
        shown.total > 250 && shown.load.next.is_none(),
        "a filter looks at all: {}",
        shown.total
    );
}

#[test]
fn rows_that_were_scrolled_to_stay_when_the_feed_changes() {
    let mut stage = Stage::open(company::many(company::now(), 300), (126, 36));
    stage.keys("g f g e g e");
    let shown = |stage: &Stage| {
        let shown = stage.app.screens.shown().expect("the feed");
        (shown.total, shown.selected_item().expect("an item").key.clone())
    };
    let (total, selected) = shown(&stage);
    let id = stage.app.queue.rows[0].summary.id;
    stage.execute_as_other(id, IncidentCommand::AddNote { text: "the pool is full".into() });
    stage.send(Message::Elapsed(Timer::Screen));
    assert_eq!(shown(&stage), (total + 1, selected));
}

#[test]
fn handoff_is_copied_as_text_or_markdown() {
    let mut stage = Stage::busy();
    stage.keys("g h y t");
    let text = stage.copied.last().expect("a text").clone();
    assert!(text.starts_with("Handoff, ") && text.contains("NOBODY HAS ACKNOWLEDGED"), "{text}");
    stage.keys("y m");
    let markdown = stage.copied.last().expect("a text");
    assert!(markdown.contains("\n## Nobody has acknowledged ("), "{markdown}");
}

#[test]
fn shift_begins_earlier_with_a_bracket() {
    let mut stage = Stage::busy();
    stage.keys("g h");
    assert!(stage.screen().contains("the last 12 h"), "{}", stage.screen());
    stage.keys("[");
    assert!(stage.screen().contains("the last 24 h"), "{}", stage.screen());
    stage.keys("] ] ]");
    assert!(stage.screen().contains("the last 8 h"), "{}", stage.screen());
}
