//! The help and the keys line, both made from the table of actions.

use insta::assert_snapshot;
use redphone::tui::action::{Action, TABLE};
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, sized};

/// Returns the entire help, page by page, as one text without line breaks.
fn full_text(stage: &mut Stage) -> String {
    let mut pages = String::new();
    loop {
        let Mode::Help(help) = &stage.app.ui.mode else { panic!("the help is open") };
        let top = help.top;
        for line in stage.screen().lines() {
            pages.push_str(line.trim_matches(['│', ' ']));
            pages.push(' ');
        }
        stage.keys("PgDn");
        let Mode::Help(help) = &stage.app.ui.mode else { panic!("the help is open") };
        if help.top == top {
            return pages;
        }
    }
}

#[test]
fn every_action_is_listed() {
    let mut stage = Stage::busy_at((126, 60));
    stage.app.ui.size = (90, 60);
    stage.keys("?");
    let help = full_text(&mut stage);
    for entry in TABLE {
        // Longer texts are wrapped.
        let start: String = entry.help.chars().take(30).collect();
        assert!(help.contains(&start), "{}: {:?} is missing", entry.name, entry.help);
    }
}

#[test]
fn each_name_is_listed_once_and_is_one_word() {
    let mut names: Vec<&str> =
        TABLE.iter().flat_map(|entry| [&[entry.name], entry.aliases].concat()).collect();
    assert!(TABLE.iter().all(|entry| !entry.name.contains(' ')));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[rstest]
#[case("snooz", "snooze it, or wait on somebody else")]
#[case("SNOOZ", "snooze it, or wait on somebody else")]
#[case("stakehold", "tell stakeholders, from a template")]
#[case("prioritize", "impact × urgency")]
#[case("send form", "send the form (a form)")]
fn typed_text_is_searched_for(#[case] typed: &str, #[case] found: &str) {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys("?");
    stage.write(typed);
    let screen = stage.screen();
    let first = screen.lines().nth(3).expect("a row");
    assert!(first.contains(found), "{screen}");
    stage.keys("Esc");
    assert!(stage.screen().contains("Acting on an incident"), "all again: {}", stage.screen());
    stage.keys("Esc");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[test]
fn failed_search_says_so() {
    let mut stage = Stage::busy_at((80, 24));
    stage.keys("?");
    stage.write("xyzzy");
    assert!(stage.screen().contains("nothing matches: Esc shows all keys"));
}

#[test]
fn inapplicable_verbs_say_why() {
    let mut stage = Stage::busy_at((126, 60));
    stage.keys("j ?");
    let screen = stage.screen();
    assert!(screen.contains("INC-2048 is investigating"), "{screen}");
    assert!(screen.contains("acknowledge – not now: already acknowledged"), "{screen}");
}

#[test]
fn help_scrolls_by_lines_and_pages() {
    let mut stage = Stage::busy_at((80, 24));
    stage.keys("? Down Down Up");
    let top = |stage: &Stage| match &stage.app.ui.mode {
        Mode::Help(help) => help.top,
        _ => panic!("the help is open"),
    };
    assert_eq!(top(&stage), 1);
    stage.keys("PgDn");
    assert!(top(&stage) > 10);
}

#[rstest]
fn searched_help_matches_its_snapshots(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    stage.keys("?");
    stage.write("ack");
    assert_snapshot!(format!("help_searched_{}x{}", size.0, size.1), stage.screen());
}

#[test]
fn keys_line_starts_with_what_the_state_calls_for() {
    let mut stage = Stage::busy_at((126, 36));
    assert!(stage.keys_line().starts_with("a ack  o own  n note"), "{}", stage.keys_line());
    stage.keys("j");
    let line = stage.keys_line();
    assert!(line.starts_with("n note  t move  r resolve"), "{line}");
    assert!(!line.contains("a ack"), "it is acknowledged: {line}");
    assert!(line.ends_with(": commands  ? help"), "{line}");
}

#[test]
fn resolved_incident_offers_close_reopen_and_review() {
    let mut stage = Stage::open(company::quiet(company::now()), (126, 36));
    stage.keys(":");
    stage.write("2031");
    stage.keys("Enter");
    // The next key replaces the notice by the keys.
    stage.keys("j");
    let line = stage.keys_line();
    assert!(line.starts_with("C close  A reopen  V review"), "{line}");
}

#[test]
fn keys_line_counts_selected_rows() {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys("Space Space Space");
    let line = stage.keys_line();
    assert!(line.starts_with("3 selected  Space select  Esc select none"), "{line}");
    stage.keys("Esc");
    assert!(!stage.keys_line().contains("selected"));
}

#[test]
fn undo_comes_first_after_an_action() {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys("o j k");
    assert!(stage.keys_line().starts_with("u undo"), "{}", stage.keys_line());
}

#[test]
fn repeated_key_does_not_change_the_keys_line() {
    let mut stage = Stage::busy_at((126, 36));
    let before = stage.keys_line();
    for _ in 0..5 {
        let now = stage.now;
        let _ = redphone::tui::update::perform(&mut stage.app, Action::Down, now);
        assert_eq!(stage.keys_line(), before);
    }
}

#[rstest]
fn help_matches_its_snapshots(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    stage.keys("?");
    assert_snapshot!(sized("help", size), stage.screen());
}
