//! Time zones, and what is left out over a slow link.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use redphone::backend::BackendError;
use redphone::config::PanesSettings;
use redphone::config::looks::Looks;
use redphone::model::{Ask, Command};
use redphone::sync::{Link, Update};
use redphone::tui::Options;
use redphone::tui::action::Action;
use redphone::tui::message::{Effect, Message, Timer};
use redphone::tui::theme::Depth;
use redphone::tui::update::perform;
use redphone::tui::zone::{Change, Zone};
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options, rows};

fn low(size: (u16, u16)) -> Stage {
    let looks = Looks { low_bandwidth: true, ..Looks::default() };
    let options =
        Options { settings: PanesSettings { looks, ..PanesSettings::default() }, ..options() };
    let mut stage = Stage::with(company::busy(company::now()), size, Depth::Indexed, options);
    stage.connect();
    stage
}

fn failing(stage: &mut Stage) {
    stage.learn(Update::Link(Link::Failing {
        since: company::now() - TimeDelta::minutes(10),
        error: BackendError::Unreachable("no route to the host".into()),
        retry_at: company::now() + TimeDelta::seconds(48),
    }));
}

#[test]
fn over_a_slow_link_nothing_counts_by_itself() {
    for size in [(126, 36), (80, 24), (40, 12)] {
        let mut stage = low(size);
        failing(&mut stage);
        let before = stage.buffer();
        assert!(stage.screen().contains("retry at 22:42:00"), "{}", stage.screen());
        // The next full minute is 48 s away.
        assert_eq!(stage.app.next_tick(stage.now), company::now() + TimeDelta::seconds(48));
        for _ in 0..47 {
            stage.now += TimeDelta::seconds(1);
            let (now, offset) = (stage.now, stage.app.offset);
            stage.send(Message::Tick(now, offset));
            assert_eq!(stage.buffer(), before, "{size:?}");
        }
    }
}

#[test]
fn without_a_slow_link_the_wait_is_counted_down() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    failing(&mut stage);
    assert!(stage.screen().contains("retrying in 48 s"));
    assert_eq!(stage.app.next_tick(stage.now), company::now() + TimeDelta::seconds(1));
}

#[rstest]
#[case(false, 80)]
#[case(true, 200)]
fn detail_follows_later_over_a_slow_link(#[case] slow: bool, #[case] milliseconds: u64) {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.app.low_bandwidth = slow;
    let effects = perform(&mut stage.app, Action::Down, company::now());
    let rest = Duration::from_millis(milliseconds);
    assert!(
        matches!(effects.as_slice(), [Effect::After(wait, Timer::Rest(_))] if *wait == rest),
        "{effects:?}"
    );
}

fn line<'a>(screen: &'a str, part: &str) -> &'a str {
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}:\n{screen}"))
}

#[test]
fn times_follow_the_zone_everywhere_and_the_zone_is_named() {
    let mut stage = Stage::open(company::busy(company::now()), (140, 40));
    stage.zone(2);
    stage.keys("o");
    stage.settle();
    let screen = stage.screen();
    assert!(line(&screen, "3 Timeline").contains("newest first · UTC+2"), "{screen}");
    assert!(screen.contains("00:36:37  ● Triggered") || screen.contains("00:37:02"), "{screen}");
    assert!(screen.contains("00:37 UTC+2 · 4m ago"), "{screen}");
    assert!(screen.contains("00:31 deploy checkout v812"), "{screen}");
    assert!(screen.contains("22:41 UTC 00:41 local"), "{screen}");
    assert!(screen.contains("sent 00:41:12"), "{screen}");

    stage.keys("Z");
    let screen = stage.screen();
    assert!(line(&screen, "3 Timeline").contains("newest first · UTC ╮"), "{screen}");
    assert!(screen.contains("22:37 UTC · 4m ago"), "{screen}");
    assert!(screen.contains("22:31 deploy checkout v812"), "{screen}");
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
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.keys("j j j j 3 z");
    let separators = |stage: &Stage| stage.screen().matches("── Tue 2031-05-20").count();
    assert_eq!(separators(&stage), 0, "in UTC all of it is today:\n{}", stage.screen());
    // At two hours east it is the 21st already.
    stage.zone(2);
    assert_eq!(separators(&stage), 1, "{}", stage.screen());
}

#[test]
fn days_of_the_measures_that_begin_at_another_hour_say_at_which() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.keys("4 z");
    assert!(stage.screen().contains("Tue 05-13 – Tue 05-20  by day, UTC"), "{}", stage.screen());
    stage.zone(2);
    let screen = stage.screen();
    assert!(screen.contains("02:00  by day, UTC+2"), "{screen}");
}

#[rstest]
fn at_every_size_a_clock_time_in_a_title_has_its_zone(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = Stage::open(company::busy(company::now()), size);
    stage.zone(-3);
    stage.keys("3");
    assert!(stage.screen().contains("· UTC-3"), "{}", stage.screen());
    let first = rows(&stage.buffer())[0].clone();
    if let Some(place) = first.find("22:41") {
        assert!(first[place..].starts_with("22:41Z") || first[place..].starts_with("22:41 UTC"));
    } else {
        assert!(size.0 < 80, "{first}");
    }
}

#[test]
fn sentences_and_messages_have_the_times_of_the_zone_too() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.zone(2);
    stage.keys("U");
    stage.keys("1");
    let screen = stage.screen();
    assert!(screen.contains("since 00:36 UTC+2"), "{screen}");
    assert!(screen.contains("at 01:11 UTC+2"), "{screen}");
    stage.keys("Esc");
    // As it was at an event.
    stage.keys("2 [");
    let screen = stage.screen();
    assert!(line(&screen, "2 Detail").contains("as of 00:"), "{screen}");
    // Nothing could be read from the start.
    let mut stage = Stage::blank(company::busy(company::now()), (126, 36), Depth::Indexed);
    stage.zone(2);
    failing(&mut stage);
    assert!(stage.screen().contains("since 00:31:12"), "{}", stage.screen());
}

#[rstest]
#[case(Zone::Viewer, "23:30", "2031-05-21T21:30:00Z")]
#[case(Zone::Both, "23:30", "2031-05-21T21:30:00Z")]
#[case(Zone::Utc, "23:30", "2031-05-20T23:30:00Z")]
fn a_time_is_typed_in_the_zone_that_is_shown(
    #[case] zone: Zone,
    #[case] typed: &str,
    #[case] until: DateTime<Utc>,
) {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.zone(2);
    stage.app.zone = zone;
    stage.keys(":");
    stage.write(&format!("snooze {typed}"));
    stage.keys("Enter");
    let Command::Incident { ask, .. } = &stage.submitted[0].command else { panic!("a snooze") };
    assert_eq!(*ask, Ask::Snooze { until });
}

#[test]
fn tomorrow_is_in_the_offset_of_tomorrow() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.zone(1);
    // Summer time begins in the night.
    let at = company::now() + TimeDelta::hours(3);
    let offset = FixedOffset::east_opt(2 * 3600).expect("a zone");
    stage.send(Message::OffsetChanges(Some(Change { at, offset })));
    stage.keys("b");
    assert!(stage.screen().contains("Wed 09:00"), "{}", stage.screen());
    stage.keys("t");
    let Command::Incident { ask, .. } = &stage.submitted[0].command else { panic!("a snooze") };
    let until = "2031-05-21T07:00:00Z".parse().expect("a time");
    assert_eq!(*ask, Ask::Snooze { until });
}

#[test]
fn a_snooze_until_it_changes_says_so_everywhere() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.keys("b c");
    stage.settle();
    stage.keys("/");
    stage.write("is:snoozed");
    stage.keys("Enter g 2 z");
    let number = stage.app.target().expect("it is read").label();
    assert_eq!(number, "INC-2051", "{}", stage.screen());
    assert!(line(&stage.screen(), "Snoozed").contains("until it changes"), "{}", stage.screen());
    stage.keys("3");
    assert!(stage.screen().contains("until it changes"), "{}", stage.screen());
    assert!(!stage.screen().contains("2100") && !stage.screen().contains("2041-"));
}

#[test]
fn measures_that_fail_are_told_when_that_begins_and_not_every_minute() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    let fails = |stage: &mut Stage| {
        let (span, error) = (stage.app.metrics.span, BackendError::Broken("a page".into()));
        stage.send(Message::Measures(span, Err(error), stage.now));
    };
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
    stage.keys("j a");
    let told = stage.screen().lines().last().map(str::to_owned);
    fails(&mut stage);
    assert_eq!(stage.screen().lines().last().map(str::to_owned), told);
    // Once they have worked again, the next failure is news.
    let measures = stage.app.metrics.loaded.clone().expect("they were there").1;
    stage.send(Message::Measures(stage.app.metrics.span, Ok(measures), stage.now));
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
}
