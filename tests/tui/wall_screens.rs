//! Text snapshots of the wall display at every size.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::Options;
use redphone::tui::theme::Depth;
use redphone::tui::wall::{SHIFT_INTERVAL, Settings, TAKEOVER_DURATION, Wall, burn_in_shift};
use rstest::rstest;

use super::wall::{busy, fails, on_the_wall, p1, shown, wall};
use crate::support::company;
use crate::support::stage::{Stage, options, rows};

const SIZES: [(u16, u16); 5] = [(200, 60), (126, 36), (100, 30), (80, 24), (40, 12)];

fn name(what: &str, size: (u16, u16)) -> String {
    format!("wall_{what}_{}x{}", size.0, size.1)
}

#[rstest]
fn busy_wall_matches_its_snapshots(#[values(0, 1, 2, 3, 4)] size: usize) {
    let stage = busy(SIZES[size]);
    assert_snapshot!(name("busy", SIZES[size]), stage.screen());
}

#[rstest]
fn quiet_wall_matches_its_snapshots(#[values(0, 1, 2, 3, 4)] size: usize) {
    let stage = shown(company::quiet(company::now()), SIZES[size]);
    assert_snapshot!(name("quiet", SIZES[size]), stage.screen());
}

#[rstest]
fn loading_wall_matches_its_snapshots(#[values(1, 4)] size: usize) {
    let memory = company::quiet(company::now());
    let mut stage = Stage::blank(memory, SIZES[size], Depth::Indexed);
    stage.app.wall = Some(Box::new(Wall::new(Settings::default(), true, stage.now)));
    assert_snapshot!(name("loading", SIZES[size]), stage.screen());
}

#[rstest]
fn measure_pages_match_their_snapshots(
    #[values(0, 1, 3)] size: usize,
    #[values(1, 2, 3)] page: i64,
) {
    let mut stage = busy(SIZES[size]);
    stage.silence(TimeDelta::seconds(15 * page));
    stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
    assert_snapshot!(name(&format!("page_{}", page + 1), SIZES[size]), stage.screen());
}

#[rstest]
fn new_p1_matches_its_snapshots(#[values(0, 1, 2, 3, 4)] size: usize) {
    let mut stage = busy(SIZES[size]);
    p1(&mut stage, "The ledger refuses all bookings");
    assert_snapshot!(name("takeover", SIZES[size]), stage.screen());
    p1(&mut stage, "支払いが失敗 for everyone");
    assert_snapshot!(name("takeover_of_two", SIZES[size]), stage.screen());
}

#[rstest]
fn stale_wall_matches_its_snapshots(
    #[values(0, 1, 2, 3, 4)] size: usize,
    #[values(("young", 40), ("older", 300), ("oldest", 3 * 3600))] age: (&str, i64),
) {
    let mut stage = busy(SIZES[size]);
    stage.silence(TimeDelta::seconds(age.1));
    assert_snapshot!(name(&format!("silent_{}", age.0), SIZES[size]), stage.screen());
    let since = stage.now - TimeDelta::seconds(age.1);
    fails(&mut stage, since);
    assert_snapshot!(name(&format!("gone_{}", age.0), SIZES[size]), stage.screen());
}

#[rstest]
fn wall_unreachable_from_the_start_matches_its_snapshots(#[values(1, 4)] size: usize) {
    let memory = company::quiet(company::now());
    let mut stage = Stage::blank(memory, SIZES[size], Depth::Indexed);
    stage.app.wall = Some(Box::new(Wall::new(Settings::default(), true, stage.now)));
    let since = stage.now - TimeDelta::seconds(20);
    fails(&mut stage, since);
    assert_snapshot!(name("gone_from_the_start", SIZES[size]), stage.screen());
}

#[test]
fn every_size_can_be_drawn_in_every_state() {
    let fits = |stage: &mut Stage, what: &str| {
        for width in (40..=210).step_by(13).chain([79, 80, 117, 118]) {
            for height in (10..=64).step_by(5).chain([18, 19, 23, 24, 26, 27]) {
                stage.send(redphone::tui::core::message::Message::Resized(width, height));
                for row in rows(&stage.buffer()) {
                    let wide = redphone::model::text::width(&row);
                    assert_eq!(wide, usize::from(width), "{what} at {width}x{height}: {row:?}");
                }
            }
        }
    };
    let mut stage = busy((126, 36));
    fits(&mut stage, "busy");
    for count in 1..=4 {
        p1(&mut stage, company::HOSTILE);
        fits(&mut stage, &format!("{count} new"));
    }
    for age in [40, 300, 3 * 3600] {
        stage.silence(TimeDelta::seconds(age));
        let since = stage.now - TimeDelta::seconds(age);
        fails(&mut stage, since);
        fits(&mut stage, &format!("{age} s old"));
    }
    fits(&mut shown(company::quiet(company::now()), (126, 36)), "quiet");
    fits(&mut shown(company::many(company::now(), 300), (126, 36)), "many");
}

#[test]
fn a_new_p1_has_its_number_and_title_on_every_small_wall() {
    for down in [0, 1] {
        let mut stage = busy((126, 36));
        while burn_in_shift(stage.now).1 != down {
            stage.silence(SHIFT_INTERVAL);
        }
        stage.learn(BackendUpdate::Connection(ConnectionState::Live { at: stage.now }));
        // There is no big letter for `#`.
        p1(&mut stage, "Ledger #1 halts");
        let label = wall(&stage).takeover_rows().next().expect("it is new").summary.label();
        let pixels = |stage: &Stage| stage.screen().matches('█').count();
        stage.send(redphone::tui::core::message::Message::Resized(120, 30));
        let all_pixels = pixels(&stage);
        assert!(all_pixels > 0);
        for width in 40..=80 {
            for height in 10..=30 {
                stage.send(redphone::tui::core::message::Message::Resized(width, height));
                let screen = stage.screen();
                let context = format!("{width}x{height}\n{screen}");
                assert!(screen.contains("Ledger #1 halts"), "{context}");
                let number = screen.contains(&label) || pixels(&stage) == all_pixels;
                assert!(number, "{context}");
                assert!(screen.contains("acknowledge in"), "{context}");
            }
        }
    }
}

#[test]
fn incidents_that_do_not_fit_are_counted() {
    let stage = shown(company::many(company::now(), 300), (126, 36));
    assert_snapshot!("wall_many_126x36", stage.screen());
}

#[test]
fn view_is_named_and_applies_to_everything() {
    let settings = Settings {
        view: "service:auth".into(),
        filter: "service:auth".parse().expect("a filter"),
        ..Settings::default()
    };
    let memory = company::busy(company::now());
    let mut stage = on_the_wall(memory, (126, 36), Depth::Indexed, options(), settings);
    let screen = stage.screen();
    assert!(screen.contains("view service:auth"), "{screen}");
    assert!(screen.contains("INC-2048"), "{screen}");
    assert!(!screen.contains("INC-2051"), "{screen}");
    assert_eq!(wall(&stage).counts.by_priority, [1, 0, 0, 0]);
    assert!(wall(&stage).ribbon.iter().all(|m| m.incident.number.map(|n| n.0) == Some(2048)));
    p1(&mut stage, "Of another service");
    assert!(!wall(&stage).has_takeover());
}

#[test]
fn colourless_wall_has_everything_in_its_text() {
    let memory = company::busy(company::now());
    let mut stage = on_the_wall(memory, (126, 36), Depth::None, options(), Settings::default());
    let screen = stage.screen();
    for text in [" P1   INC-2051", "triggered", "unowned", "acknowledge in", "late", "P1 open for"]
    {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    stage.silence(TimeDelta::seconds(40));
    assert!(stage.screen().contains("OLD DATA"));
    assert!(stage.buffer().content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn ascii_wall_writes_only_ascii() {
    let memory = company::busy(company::now());
    let plain = Options { ascii: true, ..options() };
    let mut stage = on_the_wall(memory, (126, 36), Depth::None, plain, Settings::default());
    assert!(stage.screen().is_ascii(), "{}", stage.screen());
    assert_snapshot!("wall_ascii_126x36", stage.screen());
    p1(&mut stage, "The ledger refuses all bookings");
    assert!(stage.screen().is_ascii(), "{}", stage.screen());
    assert_snapshot!("wall_ascii_takeover_126x36", stage.screen());
    stage.silence(TimeDelta::seconds(3600));
    assert!(stage.screen().is_ascii(), "{}", stage.screen());
    assert_snapshot!("wall_ascii_oldest_126x36", stage.screen());
}

#[test]
fn hostile_text_is_made_visible() {
    let now = company::now();
    let memory = company::busy(now);
    let mut stage = shown(memory, (126, 36));
    p1(&mut stage, company::HOSTILE);
    for _ in 0..2 {
        let screen = stage.screen();
        assert!(screen.contains("␛[31mred"), "{screen}");
        assert!(!screen.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{7}']), "{screen}");
        for row in rows(&stage.buffer()) {
            assert_eq!(redphone::model::text::width(&row), 126, "{row}");
        }
        stage.silence(TAKEOVER_DURATION);
    }
}
