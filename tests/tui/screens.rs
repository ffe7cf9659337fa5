//! Looks, as text.

use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::sync::{Link, Update};
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options, rows};

fn busy(size: (u16, u16)) -> Stage {
    Stage::open(company::busy(company::now()), size)
}

fn name(what: &str, size: (u16, u16)) -> String {
    format!("{what}_{}x{}", size.0, size.1)
}

#[rstest]
fn the_main_screen(
    #[values((200, 60), (126, 36), (126, 24), (100, 30), (80, 24), (40, 12), (39, 12), (60, 9))]
    size: (u16, u16),
) {
    let mut stage = busy(size);
    stage.keys("j");
    assert_snapshot!(name("main", size), stage.screen());
}

#[rstest]
fn each_pane_zoomed(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
    #[values("1", "2", "3", "4")] pane: &str,
) {
    let mut stage = busy(size);
    stage.keys(pane);
    stage.keys("z");
    assert_snapshot!(name(&format!("zoomed_{pane}"), size), stage.screen());
}

#[rstest]
fn the_keys(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = busy(size);
    stage.keys("?");
    assert_snapshot!(name("help", size), stage.screen());
}

#[rstest]
fn a_note_being_written(#[values((126, 36), (40, 12))] size: (u16, u16)) {
    let mut stage = busy(size);
    stage.keys("n");
    stage.write("The gateway confirms.\nNext look at 22:55.");
    assert_snapshot!(name("note", size), stage.screen());
    stage.keys("Esc");
    assert_snapshot!(name("note_asking", size), stage.screen());
}

#[rstest]
fn an_empty_queue(#[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16)) {
    let stage = Stage::open(company::quiet(company::now()), size);
    assert_snapshot!(name("empty", size), stage.screen());
}

#[rstest]
fn nothing_known_yet(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let stage = Stage::blank(company::quiet(company::now()), size, Depth::Indexed);
    assert_snapshot!(name("loading", size), stage.screen());
}

fn failing(stage: &mut Stage) {
    stage.learn(Update::Link(Link::Failing {
        since: company::now() - chrono::TimeDelta::minutes(10),
        error: BackendError::Unreachable("the store is locked by another process".into()),
        retry_at: company::now() + chrono::TimeDelta::seconds(8),
    }));
}

#[rstest]
fn a_backend_that_fails(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = busy(size);
    failing(&mut stage);
    assert_snapshot!(name("failing", size), stage.screen());
    let mut stage = Stage::blank(company::quiet(company::now()), size, Depth::Indexed);
    failing(&mut stage);
    assert_snapshot!(name("failing_from_the_start", size), stage.screen());
}

#[test]
fn what_failed_last_is_told_in_detail() {
    let mut stage = busy((100, 30));
    failing(&mut stage);
    stage.keys("!");
    assert_snapshot!("failure_100x30", stage.screen());
}

#[test]
fn an_incident_with_a_hostile_title_breaks_no_border() {
    let mut stage = busy((126, 36));
    while stage.selected() != "INC-2052" {
        stage.keys("j");
    }
    assert_snapshot!("hostile_126x36", stage.screen());
    for row in rows(&stage.buffer()).iter().skip(1).take(34) {
        assert!(row.starts_with(['│', '╭', '╰']), "{row}");
        assert!(row.ends_with(['│', '╮', '╯']), "{row}");
        assert_eq!(redphone::model::text::width(row), 126, "{row}");
    }
    assert!(!stage.screen().contains('\u{1b}'));
    assert!(!stage.screen().contains('\u{202e}'));
}

#[test]
fn without_colours_everything_is_in_the_text() {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(memory, (126, 36), Depth::None, options());
    stage.connect();
    stage.keys("j j");
    let screen = stage.screen();
    assert!(screen.contains("P2  triggered"), "priority and status");
    assert!(screen.contains("+5m"), "past its level");
    let row = screen.lines().find(|line| line.contains(" 2050 P2")).expect("the selected row");
    assert!(row.contains("▌ 2050"), "the selection: {row}");
    assert!(screen.contains("╔ 1 Queue"), "the focus is on the queue");
    stage.keys("2");
    assert!(stage.screen().contains("╔ 2 Detail"), "the focus is on the detail");
    assert!(stage.buffer().content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn ascii_is_all_that_is_written_where_that_is_all_there_is() {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(
        memory,
        (126, 36),
        Depth::None,
        redphone::tui::Options { ascii: true, ..options() },
    );
    stage.connect();
    assert!(stage.screen().is_ascii(), "{}", stage.screen());
    assert_snapshot!("ascii_126x36", stage.screen());
}

#[test]
fn the_local_time_is_shown_where_it_differs() {
    let mut stage = busy((140, 36));
    assert!(!stage.screen().contains("local"));
    stage.zone(2);
    assert!(stage.screen().contains("22:41 UTC 00:41 local"), "{}", stage.screen());
}
