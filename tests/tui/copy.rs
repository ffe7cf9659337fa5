//! Copying to the clipboard, and the message about it.

use insta::assert_snapshot;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::Stage;

#[rstest]
fn copy_menu_is_drawn_at_every_size(#[values((126, 36), (40, 12))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    stage.keys("y");
    assert_snapshot!(format!("copy_{}x{}", size.0, size.1), stage.screen());
}

#[rstest]
#[case("n", "INC-2048")]
#[case("t", "Logins time out for one in five")]
#[case("s", "INC-2048 P1 investigating auth: Logins time out for one in five · Tomo Hayashi · 38m")]
fn selected_text_is_copied(#[case] key: &str, #[case] expected: &str) {
    let mut stage = Stage::busy();
    stage.keys("j y");
    stage.keys(key);
    assert_eq!(stage.copied, [expected]);
    assert!(stage.screen().contains("copied the "), "{}", stage.screen());
}

#[test]
fn copy_of_several_has_a_line_for_each() {
    let mut stage = Stage::busy();
    stage.keys("Space Space");
    stage.type_in_palette("copy summary");
    stage.keys("Enter");
    let lines: Vec<&str> = stage.copied[0].lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("INC-2051 P1 triggered checkout: "), "{lines:?}");
    assert!(lines[0].contains(" · unowned · "), "{lines:?}");
}

#[test]
fn full_record_is_copied_as_markdown() {
    let mut stage = Stage::busy();
    stage.keys("j y r");
    assert_snapshot!("copied_record", stage.copied[0]);
}

#[test]
fn a_hostile_title_is_copied_without_control_characters() {
    let mut stage = Stage::busy();
    while stage.selected() != "INC-2052" {
        stage.keys("j");
    }
    for key in ["t", "s", "r"] {
        stage.keys("y");
        stage.keys(key);
    }
    for text in &stage.copied {
        assert!(!text.chars().any(|ch| ch.is_control() && ch != '\n'), "{text:?}");
    }
    assert_eq!(stage.copied.len(), 3);
}

#[test]
fn url_of_an_incident_can_be_copied() {
    let mut stage = Stage::busy();
    stage.type_in_palette("link https://status.example.com/1");
    stage.keys("Enter");
    stage.settle();
    stage.type_in_palette("copy url");
    stage.keys("Enter");
    assert_eq!(stage.copied, ["https://status.example.com/1"]);
}

#[test]
fn copied_text_is_announced_and_safe_to_paste() {
    let mut stage = Stage::busy();
    stage.keys("y t");
    assert_eq!(stage.copied, ["Card payments fail at checkout"]);
    assert!(stage.screen().contains("copied the title"), "{}", stage.screen());
    while stage.selected() != "INC-2052" {
        stage.keys("j");
    }
    stage.keys("y t");
    let copied = stage.copied.last().expect("a text");
    assert!(!copied.chars().any(char::is_control), "{copied:?}");
    assert!(copied.contains("␛[31mred"), "{copied:?}");
}

#[test]
fn nothing_is_copied_without_a_selection() {
    let mut stage = Stage::open(company::quiet(company::now()), (126, 36));
    stage.keys("y");
    assert!(stage.copied.is_empty());
}
