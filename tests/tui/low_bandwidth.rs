//! The output that the panes omit on a slow link.

use std::time::Duration;

use chrono::TimeDelta;
use redphone::config::PanesSettings;
use redphone::config::appearance::Appearance;
use redphone::tui::Options;
use redphone::tui::action::Action;
use redphone::tui::core::message::{Effect, Message, Timer};
use redphone::tui::theme::Depth;
use redphone::tui::update::perform;
use rstest::rstest;

use super::zone::failing;
use crate::support::company;
use crate::support::stage::{Stage, options};

fn low(size: (u16, u16)) -> Stage {
    let appearance = Appearance { low_bandwidth: true, ..Appearance::default() };
    let options =
        Options { settings: PanesSettings { appearance, ..PanesSettings::default() }, ..options() };
    let mut stage = Stage::with(company::busy(company::now()), size, Depth::Indexed, options);
    stage.connect();
    stage
}

#[test]
fn slow_link_stops_counters() {
    for size in [(126, 36), (80, 24), (40, 12)] {
        let mut stage = low(size);
        failing(&mut stage);
        let before = stage.buffer();
        assert!(stage.screen().contains("retry at 22:42:00"), "{}", stage.screen());
        // The next full minute is 48 s away.
        assert_eq!(stage.app.next_tick(stage.now), company::now() + TimeDelta::seconds(48));
        for _ in 0..47 {
            stage.now += TimeDelta::seconds(1);
            let (now, offset) = (stage.now, stage.app.ui.offset);
            stage.send(Message::Tick(now, offset));
            assert_eq!(stage.buffer(), before, "{size:?}");
        }
    }
}

#[test]
fn fast_link_counts_the_wait_down() {
    let mut stage = Stage::busy();
    failing(&mut stage);
    assert!(stage.screen().contains("retrying in 48 s"));
    assert_eq!(stage.app.next_tick(stage.now), company::now() + TimeDelta::seconds(1));
}

#[rstest]
#[case(false, 80)]
#[case(true, 200)]
fn detail_follows_later_on_a_slow_link(#[case] slow: bool, #[case] milliseconds: u64) {
    let mut stage = Stage::busy();
    stage.app.ui.low_bandwidth = slow;
    let effects = perform(&mut stage.app, Action::Down, company::now());
    let rest = Duration::from_millis(milliseconds);
    assert!(
        matches!(effects.as_slice(), [Effect::StartTimer(wait, Timer::Rest(_))] if *wait == rest),
        "{effects:?}"
    );
}

/// Returns how many cells a key changes in a list screen.
fn changed_cells(slow: bool, screen: &str, key: &str) -> usize {
    let mut stage = if slow { low((126, 36)) } else { Stage::busy() };
    stage.keys(screen);
    stage.settle();
    let before = stage.buffer();
    stage.keys(key);
    let after = stage.buffer();
    before.content().iter().zip(after.content()).filter(|(a, b)| a != b).count()
}

#[rstest]
#[case("g f")]
#[case("g h")]
fn selection_of_a_list_costs_few_cells(#[case] screen: &str) {
    let (slow, fast) = (changed_cells(true, screen, "j"), changed_cells(false, screen, "j"));
    assert!(slow > 0 && slow < 12 && fast > 100, "{slow} and {fast}");
}

#[test]
fn list_scrolls_far_and_seldom_on_a_slow_link() {
    let tops = |slow: bool| {
        let mut stage = if slow { low((80, 24)) } else { Stage::busy_at((80, 24)) };
        stage.keys("g f");
        stage.settle();
        let mut tops: Vec<usize> = Vec::new();
        for _ in 0..40 {
            stage.keys("j");
            tops.push(stage.app.screens.shown().expect("the feed").top);
        }
        tops.dedup();
        (tops.len(), tops.last().copied())
    };
    let (slow, fast) = (tops(true), tops(false));
    assert!(slow.0 * 2 < fast.0, "{slow:?} and {fast:?}");
    assert!(slow.1 >= fast.1, "the selected event stays on the screen: {slow:?} and {fast:?}");
}
