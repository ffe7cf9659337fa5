//! The screen on call, and the manners that it shares with all list screens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use redphone::model::PersonRef;
use redphone::model::directory::{Directory, Team};
use redphone::model::escalation::{Policy, PolicyLevel, Target};
use redphone::model::oncall::{Override, Schedule};
use redphone::sync::{BackendUpdate, Sourced};
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, rows, sized};

const DAY: i64 = 86_400;

pub fn directory(now: DateTime<Utc>) -> Directory {
    let monday = now - TimeDelta::hours(37);
    let schedule = |team: &str, rotation: &[&str], turn_s| Schedule {
        team: team.into(),
        rotation: rotation.iter().map(ToString::to_string).collect(),
        starts_at: monday,
        turn_s,
        ..Schedule::default()
    };
    let mut payments = schedule("payments", &["ines", "tomo", "omar"], 7 * DAY);
    payments.overrides = vec![Override {
        person: "omar".into(),
        from: now + TimeDelta::days(2),
        to: now + TimeDelta::days(3),
        covers: None,
    }];
    let level = |after_s, call: &[Target]| PolicyLevel {
        after_s,
        call: call.to_vec(),
        ..PolicyLevel::default()
    };
    let policy = |team: &str, second: &str| Policy {
        team: team.into(),
        levels: vec![
            level(0, &[Target::OnCall(team.into())]),
            level(900, &[Target::Person(second.into())]),
            level(1800, &[Target::OnCall("payments".into())]),
        ],
        ..Policy::default()
    };
    let team = |name: &str| Team { name: name.into(), members: Vec::new() };
    let person = |handle: &str, name: &str| PersonRef::new(handle, name);
    Directory {
        people: vec![
            person("ines", "Ines Moreau"),
            person("tomo", "Tomo Hayashi"),
            person("omar", "Omar Haddadi"),
            person("yusuf", "Yusuf Demir"),
            person("lea", "Léa Fontanel"),
            person("wen", "文 静"),
        ],
        teams: ["payments", "platform", "data", "security"].map(team).to_vec(),
        services: company::directory(now).services,
        policies: vec![policy("payments", "yusuf"), policy("platform", "lea")],
        schedules: vec![
            payments,
            schedule("platform", &["yusuf", "lea", "wen"], DAY),
            schedule("data", &["lea", "gone"], 5 * DAY),
        ],
        ..Directory::default()
    }
}

fn stage_at(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    let directory = directory(stage.now);
    stage.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(directory))));
    stage.keys("g o");
    stage
}

#[rstest]
fn on_call_matches_its_snapshots(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage_at(size);
    assert_snapshot!(sized("on_call", size), stage.screen());
    stage.keys("Enter");
    assert_snapshot!(sized("on_call_details", size), stage.screen());
}

#[test]
fn now_next_and_level_two_are_named_by_team() {
    let stage = stage_at((126, 36));
    let screen = stage.screen();
    let row = screen.lines().find(|line| line.contains("payments  L1")).expect("the team");
    for part in ["L1", "Ines Moreau", "Omar Haddadi"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    let second = screen.lines().find(|line| line.contains("L2")).expect("level 2");
    assert!(second.contains("Yusuf Demir") && second.contains("always"), "{second}");
}

#[test]
fn gap_has_a_sentence() {
    let screen = stage_at((126, 36)).screen();
    assert!(screen.contains("2 gaps"), "{screen}");
    assert!(screen.contains("security has nobody"), "{screen}");
    assert!(screen.contains("data has nobody"), "{screen}");
}

#[test]
fn strip_follows_the_zone_of_the_viewer() {
    let mut stage = stage_at((126, 36));
    let before = stage.screen();
    stage.zone(5);
    let after = stage.screen();
    assert!(before.contains("two weeks · UTC ") && after.contains("two weeks · UTC+5 "), "{after}");
    let payments =
        |screen: &str| screen.lines().find(|line| line.contains("L1 ")).expect("a row").to_owned();
    assert_ne!(payments(&before), payments(&after));
}

#[test]
fn weeks_are_moved_with_brackets() {
    let mut stage = stage_at((126, 36));
    let before = stage.screen();
    stage.keys("]");
    assert!(stage.screen().contains("two weeks from"), "{}", stage.screen());
    stage.keys("[");
    assert_eq!(stage.screen(), before);
}

#[rstest]
#[case("team:pay", &["payments"])]
#[case("person:yusuf", &["payments", "platform"])]
#[case("haddadi", &["payments", "platform"])]
#[case("-person:none tema:x", &["payments", "platform", "data"])]
fn filter_narrows_the_list_as_it_is_typed(#[case] filter: &str, #[case] teams: &[&str]) {
    let mut stage = stage_at((126, 36));
    stage.keys("/");
    stage.write(filter);
    let items = &stage.app.screens.shown().expect("the screen").items;
    let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, teams);
    stage.keys("Enter");
    let count = stage.app.screens.shown().expect("the screen").items.len();
    assert_eq!(count, teams.len(), "it stays in force");
    stage.keys("Esc");
    assert_eq!(stage.app.screens.shown().expect("the screen").items.len(), 4);
    stage.keys("Esc");
    assert!(stage.app.screens.shown().is_none());
}

#[test]
fn wrong_term_is_named_while_typed() {
    let mut stage = stage_at((126, 36));
    stage.keys("/");
    stage.write("tema:x");
    assert!(stage.screen().contains("there is no tema"), "{}", stage.screen());
}

#[test]
fn filter_without_a_match_says_so() {
    let mut stage = stage_at((80, 24));
    stage.keys("/");
    stage.write("zzz");
    assert!(stage.screen().contains("nothing matches zzz"), "{}", stage.screen());
    stage.keys("Esc");
    assert_eq!(stage.app.screens.shown().expect("the screen").items.len(), 4, "as before");
}

#[test]
fn selection_follows_its_item_and_the_order_changes() {
    let mut stage = stage_at((126, 36));
    stage.keys("j j");
    let selected = |stage: &Stage| {
        let screen = stage.app.screens.shown().expect("the screen");
        screen.selected_item().expect("an item").key.clone()
    };
    assert_eq!(selected(&stage), "data");
    stage.keys("S");
    assert_eq!(selected(&stage), "data");
    assert_eq!(stage.app.screens.shown().expect("the screen").selected, 0, "by name");
    stage.keys("g e");
    assert_eq!(selected(&stage), "security");
}

#[test]
fn text_of_a_team_is_copied() {
    let mut stage = stage_at((126, 36));
    stage.keys("y t");
    let text = stage.copied.last().expect("a text");
    assert!(text.starts_with("payments\n  L1 Ines Moreau until "), "{text}");
    assert!(text.contains("then Omar Haddadi"), "{text}");
}

#[test]
fn verbs_do_not_reach_the_incident_behind_the_screen() {
    let mut stage = stage_at((126, 36));
    stage.keys("a o p");
    stage.keys(": ");
    stage.write("acknowledge");
    stage.keys("Enter");
    assert!(stage.submitted.is_empty());
}

#[test]
fn help_and_palette_come_back_to_the_screen() {
    let mut stage = stage_at((126, 36));
    let before = stage.screen();
    stage.keys("?");
    assert!(stage.screen().contains("Here: on call"), "{}", stage.screen());
    stage.keys("Esc : Esc");
    assert_eq!(stage.screen(), before);
    stage.keys("q");
    assert!(stage.app.screens.shown().is_none() && !stage.is_quit);
}

#[test]
fn palette_names_the_screen_with_its_keys() {
    let mut stage = Stage::busy();
    stage.keys(":");
    stage.write("oncall");
    assert!(stage.screen().contains("g o"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_some());
}

#[rstest]
#[case::not_read(None, "reading who is on call")]
#[case::empty(Some(Directory::default()), "Nobody is on call: there are neither schedules")]
fn empty_directory_says_what_to_do(#[case] directory: Option<Directory>, #[case] text: &str) {
    let memory = company::quiet(company::now());
    let mut stage = Stage::blank(memory, (126, 36), Depth::Indexed);
    if let Some(directory) = directory {
        stage.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(directory))));
    }
    stage.keys("g o");
    assert!(stage.screen().contains(text), "{}", stage.screen());
}

#[rstest]
#[case::no_colours(Depth::None, false)]
#[case::sixteen(Depth::Basic, false)]
#[case::ascii(Depth::None, true)]
fn bars_differ_without_colours(#[case] depth: Depth, #[case] ascii: bool) {
    let options = redphone::tui::Options { ascii, ..crate::support::stage::options() };
    let memory = company::quiet(company::now());
    let mut stage = Stage::with(memory, (126, 36), depth, options);
    stage.connect();
    let directory = directory(stage.now);
    stage.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(directory))));
    stage.keys("g o");
    let screen = rows(&stage.buffer());
    let row = screen.iter().find(|row| row.contains("payments  L1")).expect("a row");
    assert!(row.contains("|Ines") && row.contains("|Tomo"), "{row}");
    assert!(screen.iter().any(|row| row.contains("nobody")), "{screen:#?}");
    assert!(!ascii || screen.iter().any(|row| row.contains("* Omar Haddadi")), "{screen:#?}");
}

#[test]
fn pager_is_offered_only_where_somebody_else_has_it() {
    let mut stage = stage_at((126, 36));
    let offers = |stage: &Stage| stage.keys_line().contains("take the pager");
    // Ines, the viewer, is on call for payments; platform is of others, and security has no schedule.
    assert!(!offers(&stage), "{}", stage.screen());
    stage.keys("j");
    assert!(offers(&stage), "{}", stage.screen());
    stage.keys("G");
    assert!(!offers(&stage), "{}", stage.screen());
}
