//! Time zones: which times follow them, and how a typed time is interpreted.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use redphone::backend::BackendError;
use redphone::model::{Command, IncidentCommand};
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::core::message::Message;
use redphone::tui::core::zone::{OffsetChange, ViewerZone, Zone};
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, rows};

pub fn failing(stage: &mut Stage) {
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: company::now() - TimeDelta::minutes(10),
        error: BackendError::Unreachable("no route to the host".into()),
        retry_at: company::now() + TimeDelta::seconds(48),
    }));
}

pub fn line<'a>(screen: &'a str, part: &str) -> &'a str {
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}:\n{screen}"))
}

#[test]
fn times_follow_the_zone_and_the_zone_is_named() {
    let mut stage = Stage::open(company::busy(company::now()), (140, 40));
    stage.zone(2);
    stage.keys("o");
    stage.settle();
    let screen = stage.screen();
    assert!(line(&screen, "3 Timeline").contains("newest first · UTC+2"), "{screen}");
    assert!(screen.contains("00:36:37  ● Triggered") || screen.contains("00:37:02"), "{screen}");
    assert!(screen.contains("00:37 UTC+2 · 4m ago"), "{screen}");
    assert!(screen.contains("00:27 deploy checkout v812"), "{screen}");
    assert!(screen.contains("22:41 UTC 00:41 local"), "{screen}");
    assert!(screen.contains("sent 00:41:12"), "{screen}");

    stage.keys("Z");
    let screen = stage.screen();
    assert!(line(&screen, "3 Timeline").contains("newest first · UTC ╮"), "{screen}");
    assert!(screen.contains("22:37 UTC · 4m ago"), "{screen}");
    assert!(screen.contains("22:27 deploy checkout v812"), "{screen}");
    assert!(!screen.contains("local"), "{screen}");

    stage.keys("Z");
    let screen = stage.screen();
    assert!(screen.contains("00:37 (22:37Z) UTC+2 · 4m ago"), "{screen}");
    assert!(screen.contains("22:41 UTC 00:41 local"), "{screen}");
    stage.keys("3 z");
    let screen = stage.screen();
    assert!(screen.contains("00:37:02  22:37Z  ● Triggered"), "{screen}");
    stage.keys("Z");
    assert!(!stage.screen().contains("22:37Z"));
}

#[test]
fn a_day_begins_at_the_midnight_of_the_zone() {
    let mut stage = Stage::busy();
    stage.keys("j j j j 3 z");
    let separators = |stage: &Stage| stage.screen().matches("── Tue 2031-05-20").count();
    assert_eq!(separators(&stage), 0, "in UTC all of it is today:\n{}", stage.screen());
    // At UTC+2 it is already the 21st.
    stage.zone(2);
    assert_eq!(separators(&stage), 1, "{}", stage.screen());
}

#[rstest]
fn at_every_size_a_clock_time_in_a_title_has_its_zone(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    stage.zone(-3);
    stage.keys("3");
    assert!(stage.screen().contains("· UTC-3"), "{}", stage.screen());
    let first = rows(&stage.buffer())[0].clone();
    let clock = match size.0 {
        200.. => "22:41 UTC 19:41 local",
        80.. => "19:41 local",
        _ => "",
    };
    assert!(first.contains(clock), "{first}");
    assert_eq!(first.matches("22:41").count(), usize::from(size.0 == 200), "{first}");
}

#[rstest]
#[case(Zone::Viewer, (126, 36), "00:41 local")]
#[case(Zone::Both, (126, 36), "22:41 UTC 00:41 local")]
#[case(Zone::Utc, (126, 36), "22:41 UTC")]
#[case(Zone::Viewer, (80, 24), "00:41 local")]
#[case(Zone::Both, (80, 24), "00:41 local")]
#[case(Zone::Utc, (80, 24), "22:41Z")]
fn clock_is_in_the_zone_of_other_times(
    #[case] zone: Zone,
    #[case] size: (u16, u16),
    #[case] expected: &str,
) {
    let mut stage = Stage::busy_at(size);
    stage.zone(2);
    stage.app.ui.zone = zone;
    stage.settle();
    let first = rows(&stage.buffer())[0].clone();
    assert_eq!(first.trim_end().rsplit("  ").next().map(str::trim), Some(expected), "{first}");
}

#[test]
fn messages_use_the_times_of_the_zone() {
    let mut stage = Stage::busy();
    stage.zone(2);
    stage.keys("U");
    stage.keys("1");
    let screen = stage.screen();
    assert!(screen.contains("since 00:36 UTC+2"), "{screen}");
    assert!(screen.contains("at 01:11 UTC+2"), "{screen}");
    stage.keys("Esc");
    // The record as it was at an event.
    stage.keys("2 [");
    let screen = stage.screen();
    assert!(line(&screen, "2 Detail").contains("as of 00:"), "{screen}");
    // No data could be loaded since the start.
    let mut stage = Stage::blank(company::busy(company::now()), (126, 36), Depth::Indexed);
    stage.zone(2);
    failing(&mut stage);
    assert!(stage.screen().contains("since 00:31:12"), "{}", stage.screen());
}

#[rstest]
#[case(Zone::Viewer, "23:30", "2031-05-21T21:30:00Z")]
#[case(Zone::Both, "23:30", "2031-05-21T21:30:00Z")]
#[case(Zone::Utc, "23:30", "2031-05-20T23:30:00Z")]
fn time_is_typed_in_the_displayed_zone(
    #[case] zone: Zone,
    #[case] typed: &str,
    #[case] until: DateTime<Utc>,
) {
    let mut stage = Stage::busy();
    stage.zone(2);
    stage.app.ui.zone = zone;
    stage.keys(":");
    stage.write(&format!("snooze {typed}"));
    stage.keys("Enter");
    let Command::Incident { command, .. } = &stage.submitted[0].command else { panic!("a snooze") };
    assert_eq!(*command, IncidentCommand::Snooze { until });
}

#[test]
fn tomorrow_uses_the_offset_of_tomorrow() {
    let mut stage = Stage::busy();
    stage.zone(1);
    // Daylight saving time begins in the night.
    let at = company::now() + TimeDelta::hours(3);
    let offset = FixedOffset::east_opt(2 * 3600).expect("a zone");
    stage.send(Message::OffsetChanges(ViewerZone::new(vec![OffsetChange { at, offset }], None)));
    stage.keys("b");
    assert!(stage.screen().contains("Wed 09:00"), "{}", stage.screen());
    stage.keys("t");
    let Command::Incident { command, .. } = &stage.submitted[0].command else { panic!("a snooze") };
    let until = "2031-05-21T07:00:00Z".parse().expect("a time");
    assert_eq!(*command, IncidentCommand::Snooze { until });
}

#[test]
fn local_time_is_shown_where_it_differs() {
    let mut stage = Stage::busy_at((140, 36));
    assert!(!stage.screen().contains("local"));
    stage.zone(2);
    assert!(stage.screen().contains("22:41 UTC 00:41 local"), "{}", stage.screen());
}
