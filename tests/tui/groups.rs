//! The queue grouped by service, folded and unfolded.

use redphone::model::Impact;

use crate::support::company;
use crate::support::stage::Stage;

fn on_workers() -> Stage {
    let mut stage = Stage::busy();
    stage.keys("f");
    for _ in 0..20 {
        if stage.app.queue.selected_head.as_deref() == Some("workers") {
            return stage;
        }
        stage.keys("j");
    }
    panic!("no group of workers:\n{}", stage.screen());
}

#[test]
fn rows_are_grouped_by_service_and_folded() {
    let mut stage = Stage::busy();
    stage.keys("j");
    let selected = stage.selected();
    stage.keys("f");
    assert_eq!(stage.selected(), selected, "the group of what is selected is unfolded");
    let queue = &stage.app.queue;
    assert_eq!(queue.groups.iter().filter(|group| !group.folded).count(), 1);
    let screen = stage.screen();
    let workers = screen.lines().find(|line| line.contains("▸ workers")).expect("a head");
    assert!(workers.contains(" 12  P4 12 "), "{workers}");
    assert!(workers.contains("4 unack "), "{workers}");
    stage.keys("f");
    assert!(stage.app.queue.groups.is_empty());
    assert_eq!(stage.selected(), selected);
}

#[test]
fn a_group_is_folded_and_unfolded() {
    let mut stage = on_workers();
    let folded = stage.app.queue.lines.len();
    stage.keys("Right");
    assert_eq!(stage.app.queue.lines.len(), folded + 12);
    assert_eq!(
        stage.app.queue.selected_head.as_deref(),
        Some("workers"),
        "its head stays selected"
    );
    stage.keys("j j");
    assert!(stage.app.queue.selected_head.is_none());
    stage.keys("Left");
    assert_eq!(stage.app.queue.lines.len(), folded);
    assert_eq!(stage.app.queue.selected_head.as_deref(), Some("workers"));
    stage.keys("Enter");
    assert_eq!(stage.app.queue.lines.len(), folded + 12);
    stage.keys("Enter");
    assert_eq!(stage.app.queue.lines.len(), folded);
}

#[test]
fn group_is_selected_as_a_unit_and_verbs_do_not_guess() {
    let mut stage = on_workers();
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("that is a group: Space selects its incidents, Right shows"));
    stage.keys("Space");
    assert_eq!(stage.app.ui.marked.len(), 12);
    assert!(stage.screen().contains("12 selected"), "{}", stage.screen());
    stage.keys("*");
    assert!(stage.app.ui.marked.is_empty());
}

#[test]
fn group_header_stays_selected_when_it_moves() {
    let mut stage = on_workers();
    company::declare(
        &stage.memory,
        stage.now,
        1,
        "Disks are gone",
        "workers",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert_eq!(stage.app.queue.selected_head.as_deref(), Some("workers"));
    let queue = &stage.app.queue;
    assert!(queue.index <= 2, "it has come to the top: {}", stage.screen());
    let row = stage.screen().lines().find(|l| l.contains("▸ workers")).unwrap().to_owned();
    assert!(row.contains(" 13  P1 1  P4 12 ") && row.contains("Disks are"), "{row}");
    assert!(row.contains('▌'), "{row}");
}

#[test]
fn an_incident_jumped_to_unfolds_its_group() {
    let mut stage = Stage::busy();
    stage.keys("f g");
    let hidden = stage
        .app
        .queue
        .rows
        .iter()
        .find(|row| row.summary.primary_service() == Some("workers"))
        .and_then(|row| row.summary.number)
        .expect("a worker's incident");
    stage.write(&hidden.0.to_string());
    stage.keys("Enter");
    assert_eq!(stage.selected(), hidden.to_string());
}
