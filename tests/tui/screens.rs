//! The panes at every size: full, empty, and before the first data.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, rows, sized};

#[rstest]
fn main_screen_matches_its_snapshots(
    #[values((200, 60), (126, 36), (126, 24), (100, 30), (80, 24), (40, 12), (39, 12), (60, 9))]
    size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    stage.keys("j");
    assert_snapshot!(sized("main", size), stage.screen());
}

#[rstest]
fn zoomed_panes_match_their_snapshots(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
    #[values("1", "2", "3", "4")] pane: &str,
) {
    let mut stage = Stage::busy_at(size);
    stage.keys(pane);
    stage.keys("z");
    assert_snapshot!(sized(&format!("zoomed_{pane}"), size), stage.screen());
}

#[rstest]
fn empty_queue_matches_its_snapshots(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let stage = Stage::open(company::quiet(company::now()), size);
    assert_snapshot!(sized("empty", size), stage.screen());
}

#[rstest]
fn loading_screen_matches_its_snapshots(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let stage = Stage::blank(company::quiet(company::now()), size, Depth::Indexed);
    assert_snapshot!(sized("loading", size), stage.screen());
}

#[test]
fn an_incident_with_a_hostile_title_breaks_no_border() {
    let mut stage = Stage::busy_at((126, 36));
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
fn screen_changes_with_the_minute_and_not_before() {
    let mut stage = Stage::busy();
    let before = stage.screen();
    stage.learn(BackendUpdate::Connection(ConnectionState::Live {
        at: stage.now + TimeDelta::seconds(25),
    }));
    let next = stage.app.next_tick(stage.now);
    assert_eq!(next.timestamp() % 60, 0, "{next}");
    assert_eq!(stage.screen(), before);
}

#[test]
fn changed_directory_shows_who_is_on_call() {
    let mut stage = Stage::busy();
    assert!(stage.screen().contains("on call Ines Moreau"));
    let mut directory = stage.memory.directory_now();
    directory.schedules[0].rotation.reverse();
    stage.learn(BackendUpdate::Directory(std::sync::Arc::new(directory)));
    assert!(stage.screen().contains("on call Tomo Hayashi"), "{}", stage.screen());
}
