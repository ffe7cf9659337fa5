//! The goto menu: `g`, and one more key.

use insta::assert_snapshot;
use redphone::tui::core::mode::Mode;
use redphone::tui::core::pane::Pane;
use rstest::rstest;

use crate::support::stage::{Stage, sized};

fn is_open(stage: &Stage) -> bool {
    matches!(stage.app.ui.mode, Mode::Goto(_))
}

#[rstest]
fn menu_is_shown_at_once_at_every_size(
    #[values((200, 60), (126, 36), (80, 24), (60, 20), (40, 12), (40, 10))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    stage.keys("g");
    let screen = stage.screen();
    for name in ["Go to", "a number", "top", "end", "the newest", "on call"] {
        assert!(screen.contains(name), "{name}:\n{screen}");
    }
    assert!(!screen.contains("outbox"), "there is none:\n{screen}");
    assert_snapshot!(sized("goto", size), screen);
    stage.keys("Esc");
    assert!(!is_open(&stage));
}

#[test]
fn keys_of_the_menu_go_where_they_say() {
    let mut stage = Stage::busy();
    let first = stage.selected();
    stage.keys("j j g e");
    let last = stage.app.queue.rows.last().expect("rows").summary.label();
    assert_eq!(stage.selected(), last);
    stage.keys("g g");
    assert_eq!(stage.selected(), first);
    stage.keys("g n");
    let newest = stage.app.queue.rows.iter().map(|row| &row.summary);
    let newest = newest.max_by_key(|row| row.reported_at).expect("rows").label();
    assert_eq!(stage.selected(), newest);
    stage.keys("g o");
    assert!(stage.screen().contains("On call"), "{}", stage.screen());
}

#[test]
fn digits_go_to_the_incident_with_that_number() {
    let mut stage = Stage::busy();
    stage.keys("g 2 0 5 1");
    assert!(stage.screen().contains("Go to INC-2051"), "{}", stage.screen());
    stage.keys("Backspace 0 Enter");
    assert_eq!(stage.selected(), "INC-2050");
    stage.keys("g 2 Backspace Backspace");
    assert!(!is_open(&stage));
}

#[rstest]
#[case::moves("j")]
#[case::marks("Space")]
#[case::opens("Enter")]
#[case::filters("/")]
#[case::focuses("Tab")]
#[case::starts_a_verb("U")]
fn key_that_is_none_of_the_menu_does_what_it_does(#[case] key: &str) {
    let describe = |stage: &Stage| {
        format!(
            "{:?} {:?} {} {:?} {}",
            std::mem::discriminant(&stage.app.ui.mode),
            stage.app.ui.focus,
            stage.app.ui.zoomed,
            stage.app.ui.marked,
            stage.selected()
        )
    };
    let (mut menu, mut plain) = (Stage::busy(), Stage::busy());
    menu.keys(&format!("g {key}"));
    plain.keys(key);
    assert_eq!(describe(&menu), describe(&plain));
    let before = describe(&Stage::busy());
    assert_ne!(describe(&plain), before, "the key does something");
}

#[test]
fn own_key_goes_on_call_instead_of_assigning() {
    let mut stage = Stage::busy();
    stage.keys("g o Esc");
    assert!(stage.submitted.is_empty());
    assert_eq!(stage.app.ui.focus, Pane::Queue);
}
