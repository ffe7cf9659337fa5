//! The freshness of the rows, and the display while the backend fails.

use std::time::Duration;

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::sync::{BackendUpdate, ConnectionState, Sourced};
use redphone::tui::core::freshness::Freshness;
use redphone::tui::core::message::Message;
use redphone::tui::theme::Depth;
use rstest::rstest;

use super::outbox::{offline, read_again, remote};
use crate::support::company;
use crate::support::stage::{Stage, rows, sized};

fn failing(stage: &mut Stage) {
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: company::now() - chrono::TimeDelta::minutes(10),
        error: BackendError::Unreachable("the store is locked by another process".into()),
        retry_at: company::now() + chrono::TimeDelta::seconds(8),
    }));
}

#[test]
fn silence_shows_as_stale_and_a_failure_with_its_time() {
    let mut stage = Stage::busy();
    assert_eq!(stage.app.freshness(), Freshness::Live);
    stage.now += TimeDelta::seconds(90);
    let (now, offset) = (stage.now, stage.app.ui.offset);
    stage.send(redphone::tui::core::message::Message::Tick(now, offset));
    assert!(matches!(stage.app.freshness(), Freshness::Stale(_)));
    assert!(stage.screen().contains("stale 1m"), "{}", stage.screen());
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: now,
        error: BackendError::Unreachable("no route to the host".into()),
        retry_at: now + TimeDelta::seconds(8),
    }));
    let screen = stage.screen();
    assert!(screen.contains("failing since 22:42"), "{screen}");
    assert!(screen.contains("no route to the host · since 22:42:42 · retrying in 8 s"), "{screen}");
    assert!(screen.contains("INC-2051"), "what was read stays readable");
}

#[rstest]
fn failing_backend_is_shown_at_every_size(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    failing(&mut stage);
    assert_snapshot!(sized("failing", size), stage.screen());
    let mut stage = Stage::blank(company::quiet(company::now()), size, Depth::Indexed);
    failing(&mut stage);
    assert_snapshot!(sized("failing_from_the_start", size), stage.screen());
}

#[test]
fn last_failure_is_shown_in_detail() {
    let mut stage = Stage::busy_at((100, 30));
    failing(&mut stage);
    stage.keys("!");
    assert_snapshot!("failure_100x30", stage.screen());
}

#[rstest]
fn line_1_is_drawn_at_every_size(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = remote(size);
    let first = |stage: &Stage| rows(&stage.buffer())[0].trim_end().to_owned();
    let mut lines = vec![first(&stage)];
    stage.learn(BackendUpdate::Connection(ConnectionState::Polling {
        at: stage.now,
        every: Duration::from_secs(10),
    }));
    lines.push(first(&stage));
    stage.silence(TimeDelta::seconds(150));
    lines.push(first(&stage));
    offline(&mut stage);
    lines.push(first(&stage));
    assert_snapshot!(format!("remote_line_1_{}x{}", size.0, size.1), lines.join("\n"));
}

#[test]
fn line_1_says_how_fresh_the_rows_are() {
    let mut stage = remote((126, 36));
    let first = |stage: &Stage| rows(&stage.buffer())[0].clone();
    assert!(first(&stage).contains("● live"), "{}", first(&stage));
    let every = Duration::from_secs(10);
    stage.learn(BackendUpdate::Connection(ConnectionState::Polling { at: stage.now, every }));
    assert!(first(&stage).contains("● polling 10 s"), "{}", first(&stage));
    // No update arrived in time.
    stage.silence(TimeDelta::seconds(40));
    assert!(first(&stage).contains("stale"), "{}", first(&stage));
    assert!(stage.screen().contains("as of 22:41"), "{}", stage.screen());
    offline(&mut stage);
    let line = first(&stage);
    assert!(line.contains("offline since 22:41"), "{line}");
    assert!(!stage.screen().contains("R now"), "the keys stay in sight:\n{}", stage.screen());
    let mut wide = remote((200, 60));
    offline(&mut wide);
    assert!(first(&wide).contains("offline since 22:41 · retrying in 8 s"), "{}", first(&wide));
}

#[test]
fn clock_jump_makes_everything_stale_until_the_next_response() {
    let mut stage = remote((126, 36));
    stage.now += TimeDelta::seconds(3);
    stage.send(Message::ClockJumped(stage.now));
    assert!(matches!(stage.app.freshness(), Freshness::Stale(_)));
    assert!(stage.screen().contains("as of 22:41"), "{}", stage.screen());
    stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    assert_eq!(stage.app.freshness(), Freshness::Live);
    assert!(!stage.screen().contains("as of"), "{}", stage.screen());
}

#[test]
fn rows_cached_on_another_day_show_the_date() {
    let mut stage = remote((126, 36));
    offline(&mut stage);
    let rows = stage.app.fetched.snapshot.clone().expect("the rows are read");
    let cached = Sourced::cached(rows, company::now() - TimeDelta::days(2));
    stage.learn(BackendUpdate::Snapshot(cached));
    assert!(stage.screen().contains("as of 05-18 22:41"), "{}", stage.screen());
}

#[test]
fn cached_measures_and_detail_show_when_they_were_read() {
    let mut stage = remote((126, 36));
    let id = stage.app.reading.shown.as_ref().expect("something is read").id;
    let then = company::now() - TimeDelta::minutes(30);
    let (span, measures) = stage.app.metrics.loaded.clone().expect("they are computed");
    read_again(&mut stage, id, Some(then));
    let cached = Sourced::cached(measures.clone(), then);
    stage.send(Message::Measures(span, Ok(cached), stage.now));
    let screen = stage.screen();
    for pane in ["2 Detail", "3 Timeline", "4 Metrics"] {
        let line = screen.lines().find(|line| line.contains(pane)).expect("its border");
        assert!(line.contains("as of 22:11"), "{pane}:\n{screen}");
    }
    read_again(&mut stage, id, None);
    stage.send(Message::Measures(span, Ok(Sourced::fresh(measures)), stage.now));
    assert!(!stage.screen().contains("as of"));
}

#[test]
fn directory_is_as_old_as_the_cache_until_it_is_fetched() {
    let mut stage = remote((200, 60));
    let directory = stage.app.fetched.directory.clone().expect("it is read");
    let then = company::now() - TimeDelta::minutes(30);
    stage.app.connection.state = ConnectionState::Loading;
    stage.learn(BackendUpdate::Directory(Sourced::cached(directory.clone(), then)));
    assert_eq!(stage.app.fetched.directory_as_of, Some(then));
    // Also before the first rows arrive.
    stage.learn(BackendUpdate::Directory(Sourced::fresh(directory)));
    assert_eq!(stage.app.fetched.directory_as_of, None);
}

#[rstest]
fn wrong_clock_is_on_the_first_line_and_once_in_a_sentence(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = remote(size);
    for (minutes, first, sentence) in [
        (-6, "CLOCK 6m", "clock is 6m00 ahead of that of"),
        (125, "CLOCK 2h05", "clock is 2h05 behind that of"),
    ] {
        let offset = TimeDelta::minutes(minutes);
        stage.learn(BackendUpdate::ClockOffset(Some(offset)));
        let screen = stage.screen();
        let line = screen.lines().next().unwrap();
        assert!(line.contains(first), "{screen}");
        if size.0 >= 126 {
            assert!(screen.contains(sentence), "{screen}");
        }
    }
    stage.learn(BackendUpdate::ClockOffset(None));
    let screen = stage.screen();
    assert!(!screen.lines().next().unwrap().contains("CLOCK"), "{screen}");
}

#[rstest]
fn ages_and_clocks_are_counted_by_the_clock_of_the_server(#[values(-65, 65)] minutes: i64) {
    let correction = TimeDelta::minutes(minutes);
    // So narrow that one pane is shown.
    let (mut right, mut wrong) = (remote((60, 16)), remote((60, 16)));
    // The clock of the second machine is wrong by as much as it is corrected by.
    wrong.now = right.now - correction;
    for stage in [&mut right, &mut wrong] {
        stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    }
    wrong.learn(BackendUpdate::ClockCorrection(correction));
    right.refresh();
    wrong.refresh();
    assert_eq!(right.app.backend_now(), wrong.app.backend_now());
    let ranks = |stage: &Stage| -> Vec<_> {
        stage.app.queue.rows.iter().map(|row| (row.summary.id, row.rank)).collect()
    };
    assert!(!ranks(&right).is_empty());
    assert_eq!(ranks(&right), ranks(&wrong));
    let next_change =
        |stage: &Stage| stage.app.queue.next_change.map(|at| stage.app.backend_time(at));
    assert_eq!(next_change(&right), next_change(&wrong));
    // The first line has the time of day, which is that of the machine.
    let panes = |stage: &Stage| -> Vec<String> {
        stage.screen().lines().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(panes(&right), panes(&wrong), "the queue");
    right.keys("2");
    wrong.keys("2");
    assert_eq!(panes(&right), panes(&wrong), "the detail");
}

#[test]
fn corrected_clock_moves_the_edges_of_measures() {
    let mut stage = remote((200, 60));
    stage.app.metrics.outdated = false;
    stage.learn(BackendUpdate::ClockCorrection(TimeDelta::hours(-5)));
    assert!(stage.app.metrics.outdated, "what was measured with other edges is measured again");
}

#[rstest]
fn wall_names_a_wrong_clock(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = super::wall::busy(size);
    for (seconds, text) in [(-360, "CLOCK 6m"), (7500, "CLOCK 2h05")] {
        stage.learn(BackendUpdate::ClockOffset(Some(TimeDelta::seconds(seconds))));
        assert!(stage.screen().contains(text), "{}", stage.screen());
    }
    stage.learn(BackendUpdate::ClockOffset(None));
    assert!(!stage.screen().contains("CLOCK"), "{}", stage.screen());
}

#[test]
fn wall_counts_ages_by_the_clock_of_the_server() {
    let correction = TimeDelta::minutes(-95);
    let (mut right, mut wrong) = (super::wall::busy((60, 16)), super::wall::busy((60, 16)));
    wrong.now = right.now - correction;
    for stage in [&mut right, &mut wrong] {
        stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    }
    wrong.learn(BackendUpdate::ClockCorrection(correction));
    let rows = |stage: &Stage| -> Vec<String> {
        stage.screen().lines().skip(2).map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(rows(&right), rows(&wrong));
}

#[test]
fn entries_that_can_not_be_read_are_counted() {
    let mut stage = remote((200, 60));
    stage.learn(BackendUpdate::Unreadable(3));
    let screen = stage.screen();
    assert!(screen.contains("3 entries of an answer of"), "{screen}");
}
