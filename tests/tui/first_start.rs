//! A store without incidents: the suggested first steps.

use redphone::tui::Options;
use redphone::tui::core::message::{Errand, Message};
use redphone::tui::core::mode::Mode;
use redphone::tui::theme::Depth;
use rstest::rstest;

use redphone::model::directory::Directory;

use crate::support::memory::Memory;
use crate::support::stage::{Stage, options};

const SIZES: [(u16, u16); 4] = [(200, 60), (126, 36), (80, 24), (40, 12)];

fn empty() -> Memory {
    Memory::new(Directory::default(), Vec::new(), 1)
}

fn first(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open(empty(), size);
    stage.send(Message::LastEnded(None));
    stage
}

#[test]
fn empty_store_says_what_one_can_do() {
    for size in SIZES {
        let screen = first(size).screen();
        for part in
            ["nothing has happened here yet", "D  declare", "M  see a made-up", ",  set name"]
        {
            assert!(screen.contains(part), "{part} at {size:?}:\n{screen}");
        }
    }
}

#[rstest]
#[case("M", Errand::Demo)]
#[case(",", Errand::Settings)]
fn key_leaves_the_panes(#[case] key: &str, #[case] expected: Errand) {
    let mut stage = first((126, 36));
    stage.keys(key);
    assert_eq!(stage.errands, [expected]);
}

#[test]
fn incident_is_declared_by_its_key() {
    let mut stage = first((126, 36));
    stage.keys("D");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{}", stage.screen());
}

#[test]
fn demo_is_offered_only_to_an_empty_store() {
    let mut stage = Stage::busy();
    stage.keys("M");
    assert_eq!(stage.errands, []);
    assert!(stage.screen().contains("redphone demo shows"), "{}", stage.screen());
}

#[test]
fn panes_of_the_demo_name_the_commands_instead() {
    let options = Options { has_errands: false, ..options() };
    let mut stage = Stage::with(empty(), (126, 36), Depth::Indexed, options);
    stage.connect();
    stage.send(Message::LastEnded(None));
    let screen = stage.screen();
    assert!(screen.contains("redphone config init"), "{screen}");
    stage.keys(",");
    assert_eq!(stage.errands, []);
}
