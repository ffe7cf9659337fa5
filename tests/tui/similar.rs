//! Incidents that resemble the one on the screen: on its record, and as a list.

use redphone::model::Impact;
use redphone::model::status::Category;
use redphone::tui::screens::ScreenKind;
use rstest::rstest;

use crate::support::company;
use crate::support::memory::Memory;
use crate::support::stage::Stage;

/// The busy company, with two incidents of a service that has no others.
fn two_alike() -> Memory {
    let memory = company::busy(company::now());
    let (now, high) = (company::now(), Impact::High);
    for (minutes, title) in [(30, "Pay is slow"), (3, "Pay is broken again")] {
        company::declare(&memory, now, minutes, title, "zebra", high, high, |declaration| {
            declaration.category = Some(Category::Performance);
        });
    }
    memory
}

/// Opens the panes with the later of the two selected.
fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open(two_alike(), size);
    stage.keys("/");
    stage.write("broken");
    stage.keys("Enter");
    stage.settle();
    stage
}

fn shown(stage: &Stage) -> Option<ScreenKind> {
    stage.app.screens.shown().map(|screen| screen.kind)
}

#[rstest]
fn similar_incidents_are_listed_and_read(#[values((126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = stage(size);
    stage.keys("P");
    stage.settle();
    assert_eq!(shown(&stage), Some(ScreenKind::Similar));
    let screen = stage.screen();
    assert!(screen.contains("Pay is slow") && screen.contains("not resolved"), "{screen}");
    let number = stage.app.screens.shown().unwrap().selected_item().unwrap().key.clone();
    stage.keys("Enter");
    stage.settle();
    assert_eq!(shown(&stage), None);
    assert_eq!(stage.app.reading.target.map(|id| id.to_string()), Some(number));
    stage.keys("Esc");
    assert_eq!(shown(&stage), Some(ScreenKind::Similar));
    stage.keys("Esc");
    assert_eq!(shown(&stage), None);
}

#[test]
fn record_leads_to_all_of_them() {
    let mut stage = stage((200, 60));
    stage.keys("Enter");
    stage.settle();
    let screen = stage.screen();
    assert!(screen.contains("all of them [P]"), "{screen}");
}

#[test]
fn incident_without_others_says_so() {
    let mut stage = Stage::open(two_alike(), (126, 36));
    stage.keys("/");
    stage.write("slow zebra");
    stage.keys("Enter P");
    stage.settle();
    assert!(stage.screen().contains("There is no incident like it."), "{}", stage.screen());
}
