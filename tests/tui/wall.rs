//! The wall display: its behaviour without keys.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::BackendError;
use redphone::model::command::IncidentCommand;
use redphone::model::status::ResolutionAction;
use redphone::model::{Impact, IncidentId, Priority};
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::Options;
use redphone::tui::core::pane::Pane;
use redphone::tui::theme::Depth;
use redphone::tui::wall::{
    MAX_SHIFT, MAX_TAKEOVER, RIBBON, SHIFT_INTERVAL, Settings, TAKEOVER_DURATION, Wall,
    burn_in_shift,
};

use crate::support::company;
use crate::support::memory::Memory;
use crate::support::stage::{Stage, options};

pub fn on_the_wall(
    memory: Memory,
    size: (u16, u16),
    depth: Depth,
    options: Options,
    settings: Settings,
) -> Stage {
    let mut stage = Stage::with(memory, size, depth, options);
    stage.app.wall = Some(Box::new(Wall::new(settings, true, stage.now)));
    stage.send(redphone::tui::core::message::Message::Started);
    stage.connect();
    stage
}

pub fn shown(memory: Memory, size: (u16, u16)) -> Stage {
    on_the_wall(memory, size, Depth::Indexed, options(), Settings::default())
}

pub fn busy(size: (u16, u16)) -> Stage {
    shown(company::busy(company::now()), size)
}

pub fn wall(stage: &Stage) -> &Wall {
    stage.app.wall.as_deref().expect("the wall is shown")
}

/// Declares a P1 as somebody else.
pub fn p1(stage: &mut Stage, title: &str) -> IncidentId {
    let now = stage.now;
    let script = company::declare(
        &stage.memory,
        now,
        0,
        title,
        "ledger",
        Impact::High,
        Impact::High,
        |_| {},
    );
    let id = script.id();
    stage.refresh();
    id
}

fn resolve() -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Restart,
        detail: "restarted".into(),
        validation: "looked".into(),
    }
}

pub fn fails(stage: &mut Stage, since: DateTime<Utc>) {
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since,
        error: BackendError::Unreachable(
            "/var/lib/redphone/store.db is not there: it was moved away or removed, put it back"
                .into(),
        ),
        retry_at: stage.now + TimeDelta::seconds(46),
    }));
}

#[test]
fn new_p1_fills_the_screen_for_twenty_seconds() {
    let mut stage = busy((126, 36));
    assert!(!wall(&stage).has_takeover(), "not for those there at the start");
    p1(&mut stage, "The ledger refuses all bookings");
    assert!(stage.screen().contains("N E W   P 1"));
    let next = stage.app.next_tick(stage.now);
    assert!(next - stage.now <= TimeDelta::seconds(1), "seconds are counted: {next}");
    stage.silence(TAKEOVER_DURATION - TimeDelta::milliseconds(1));
    assert!(stage.screen().contains("N E W   P 1"));
    stage.silence(TimeDelta::milliseconds(1));
    assert!(!stage.screen().contains("N E W   P 1"));
    assert!(stage.screen().contains("The ledger refuses all bookings"), "it is on the board");
    stage.refresh();
    assert!(!wall(&stage).has_takeover(), "once");
}

#[test]
fn resolved_p1_releases_the_screen() {
    let mut stage = busy((126, 36));
    let id = p1(&mut stage, "The ledger refuses all bookings");
    stage.execute_as_other(id, resolve());
    assert!(!wall(&stage).has_takeover());
}

#[test]
fn incident_raised_to_p1_fills_the_screen_but_an_alert_does_not() {
    let mut stage = busy((126, 36));
    let id_of = |stage: &Stage, number| stage.memory.read(number).0.incident.summary.id;
    let search = id_of(&stage, 2050);
    let raise = IncidentCommand::Prioritize { impact: Impact::High, urgency: Impact::High };
    stage.execute_as_other(search, raise);
    assert!(wall(&stage).has_takeover());
    stage.silence(TAKEOVER_DURATION);
    let cards = id_of(&stage, 2051);
    stage.execute_as_other(
        cards,
        IncidentCommand::RepeatAlert { text: "again".into(), count: None },
    );
    assert!(!wall(&stage).has_takeover());
}

#[test]
fn several_p1_share_the_screen_and_a_storm_releases_it() {
    let mut stage = busy((126, 36));
    p1(&mut stage, "First of several");
    stage.silence(TimeDelta::seconds(15));
    p1(&mut stage, "Second of several");
    let screen = stage.screen();
    assert!(screen.contains("2   N E W   P 1"), "{screen}");
    assert!(screen.contains("First of several") && screen.contains("Second of several"));
    stage.silence(TimeDelta::seconds(5));
    assert!(stage.screen().contains("N E W   P 1") && !stage.screen().contains("2   N E W"));
    let mut elapsed = TimeDelta::seconds(20);
    while wall(&stage).has_takeover() {
        stage.silence(TimeDelta::seconds(10));
        elapsed += TimeDelta::seconds(10);
        p1(&mut stage, "And on it goes");
        assert!(elapsed <= MAX_TAKEOVER, "the board must be seen");
    }
    stage.silence(TAKEOVER_DURATION);
    p1(&mut stage, "Later");
    assert!(wall(&stage).has_takeover(), "after a rest the next one is told");
}

#[test]
fn takeover_can_be_disabled() {
    let settings = Settings { takeover: false, ..Settings::default() };
    let memory = company::busy(company::now());
    let mut stage = on_the_wall(memory, (126, 36), Depth::Indexed, options(), settings);
    p1(&mut stage, "The ledger refuses all bookings");
    assert!(!wall(&stage).has_takeover());
}

#[test]
fn a_clock_set_back_does_not_hold_the_screen() {
    let mut stage = busy((126, 36));
    p1(&mut stage, "The ledger refuses all bookings");
    stage.silence(TimeDelta::hours(-3));
    assert!(!wall(&stage).has_takeover());
}

#[test]
fn stale_data_is_shown_and_more_visibly_with_age() {
    let mut stage = busy((126, 36));
    let reversed = |stage: &Stage| {
        let cells = stage.buffer();
        let is = |cell: &&ratatui::buffer::Cell| {
            cell.modifier.contains(ratatui::style::Modifier::REVERSED)
        };
        cells.content.iter().filter(is).count()
    };
    stage.silence(TimeDelta::seconds(29));
    assert!(!stage.screen().contains("OLD DATA"));
    let mut before = reversed(&stage);
    let mut reported_ages = Vec::new();
    let start = stage.now;
    while reported_ages.len() < 3 {
        let next = stage.app.next_tick(stage.now);
        assert!(next > stage.now);
        stage.silence(next - stage.now);
        let now = reversed(&stage);
        if now > before + 100 {
            reported_ages.push((stage.now - start).num_seconds() + 29);
        }
        before = now;
    }
    assert_eq!(reported_ages, [30, 120, 600]);
    stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    assert!(!stage.screen().contains("OLD DATA"));
}

#[test]
fn one_failure_is_no_outage_but_three_are() {
    let mut stage = busy((126, 36));
    let since = stage.now;
    fails(&mut stage, since);
    assert!(!stage.screen().contains("OLD DATA"));
    let next = stage.app.next_tick(stage.now);
    assert_eq!(next - stage.now, TimeDelta::seconds(3));
    stage.silence(TimeDelta::seconds(3));
    let screen = stage.screen();
    assert!(screen.contains("OLD DATA"), "{screen}");
    assert!(screen.contains("next try 22:41:58"), "{screen}");
    assert!(stage.app.next_tick(stage.now) - stage.now > TimeDelta::seconds(1), "no countdown");
}

#[test]
fn wall_redraws_with_the_page_and_the_minute_only() {
    let mut stage = busy((126, 36));
    let mut ticks = 0;
    let end = stage.now + TimeDelta::minutes(10);
    while stage.now < end {
        stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
        let next = stage.app.next_tick(stage.now);
        stage.silence(next - stage.now);
        ticks += 1;
    }
    // Four pages a minute, and more ticks when an incident crosses a service level.
    assert!((40..=46).contains(&ticks), "{ticks}");
}

#[test]
fn screen_shifts_by_a_cell_against_burn_in() {
    let start = company::now();
    let mut seen = Vec::new();
    for turn in 0..12 {
        let at = start + SHIFT_INTERVAL * turn;
        let (x, y) = burn_in_shift(at);
        assert!(x <= MAX_SHIFT.0 && y <= MAX_SHIFT.1);
        assert_eq!(
            burn_in_shift(at),
            burn_in_shift(at + TimeDelta::milliseconds(1)),
            "a function of the time"
        );
        if let Some((bx, by)) = seen.last() {
            assert_eq!(x.abs_diff(*bx) + y.abs_diff(*by), 1, "one cell");
        }
        seen.push((x, y));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6, "every place is used");
    let mut stage = busy((126, 36));
    let column = |stage: &Stage| {
        let screen = stage.screen();
        let row = screen.lines().find(|row| row.contains("redphone")).expect("a header").to_owned();
        row.find("redphone")
    };
    let mut columns = Vec::new();
    for _ in 0..6 {
        columns.push(column(&stage));
        stage.silence(SHIFT_INTERVAL);
        stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    }
    columns.sort_unstable();
    columns.dedup();
    assert_eq!(columns, [Some(0), Some(1), Some(2)]);
}

#[test]
fn ribbon_shows_who_did_what_and_is_bounded() {
    let mut stage = busy((126, 36));
    let id = stage.memory.read(2051).0.incident.summary.id;
    stage.execute_as_other(id, IncidentCommand::Acknowledge);
    let first = wall(&stage).ribbon.front().expect("an event");
    assert_eq!((&*first.word, first.actor.name()), ("Acknowledged", "Tomo Hayashi"));
    assert!(stage.screen().contains("Acknowledged  Tomo Hayashi"), "{}", stage.screen());
    stage.execute_as_other(id, resolve());
    assert_eq!(wall(&stage).ribbon.front().map(|m| &*m.word), Some("Resolved"), "it has left");
    for index in 0..80 {
        stage.now += TimeDelta::seconds(1);
        p1(&mut stage, &format!("One of many {index}"));
    }
    assert_eq!(wall(&stage).ribbon.len(), RIBBON);
    assert!(wall(&stage).ribbon.iter().is_sorted_by_key(|m| std::cmp::Reverse(m.at)));
}

#[test]
fn the_time_since_the_last_p1_is_counted_from_its_end() {
    let mut stage = busy((126, 36));
    let p1s: Vec<IncidentId> = wall(&stage)
        .rows
        .iter()
        .filter(|row| row.summary.priority == Priority::P1)
        .map(|row| row.summary.id)
        .collect();
    assert!(stage.screen().contains("P1 open for"));
    for id in p1s {
        stage.execute_as_other(id, resolve());
    }
    let screen = stage.screen();
    assert!(screen.contains("since the last P1"), "{screen}");
    assert_eq!(wall(&stage).last_p1, redphone::tui::wall::LastP1::Ended(stage.now));
}

#[test]
fn leaving_the_wall_restores_selection_and_focus() {
    let mut stage = Stage::busy();
    stage.keys("j j 3");
    let (selected, screen) = (stage.selected(), stage.screen());
    stage.keys("w");
    assert!(stage.screen().contains("P1 open for"), "{}", stage.screen());
    for leave in ["Esc", "q", "w"] {
        stage.keys(leave);
        assert_eq!((stage.selected(), stage.app.ui.focus), (selected.clone(), Pane::Timeline));
        assert_eq!(stage.screen(), screen);
        assert!(!stage.is_quit);
        stage.keys("w");
    }
    stage.keys("^c");
    assert!(stage.is_quit);
}

#[test]
fn no_verb_works_on_the_wall() {
    let mut stage = Stage::busy();
    stage.keys("w");
    let before = stage.screen();
    stage.write("aonseUrCDbm x123456\n");
    stage.send(redphone::tui::core::message::Message::Paste("text".into()));
    assert!(stage.submitted.is_empty());
    assert_eq!(stage.screen(), before);
}

#[test]
fn standalone_wall_ends_when_it_is_closed() {
    let mut stage = busy((126, 36));
    stage.keys("q");
    assert!(stage.is_quit);
}

#[test]
fn wall_draws_everything_again_now_and_then() {
    let mut stage = busy((126, 36));
    for _ in 0..30 {
        stage.pass(1);
    }
    assert_eq!(stage.redraws, 3);
}
