//! The queue grouped by service, folded and unfolded.

use redphone::model::Impact;
use redphone::sync::{BackendUpdate, Mirror, Sourced};

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
fn folded_incidents_stand_below_their_cause() {
    let mut stage = Stage::busy();
    let cause = stage.app.queue.rows[0].summary.clone();
    assert_ne!(cause.primary_service(), Some("workers"));
    let rows = stage.app.queue.rows.iter().map(|row| {
        let mut row = (*row.summary).clone();
        if row.primary_service() == Some("workers") {
            row.folded_under = Some(cause.id);
        }
        row
    });
    let rows: Vec<_> = rows.collect();
    let count = rows.len();
    let mut mirror = Mirror::default();
    mirror.put_first_page(rows, None);
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(mirror.snapshot())));
    assert!(stage.app.queue.rows.iter().all(|row| !row.is_nested && row.folds == 0));
    stage.keys("Home f");
    let queue = &stage.app.queue;
    assert_eq!(queue.rows.len(), count, "none is lost");
    assert!(queue.groups.iter().all(|group| group.service != "workers"));
    let at = queue.rows.iter().position(|row| row.summary.id == cause.id).unwrap();
    assert_eq!((queue.rows[at].folds, queue.rows[at].is_nested), (12, false));
    assert!(
        queue.rows[at + 1..=at + 12]
            .iter()
            .all(|row| { row.is_nested && row.summary.folded_under == Some(cause.id) })
    );
    assert_eq!(queue.rows.iter().filter(|row| row.is_nested).count(), 12);
    let group = queue.groups.iter().find(|group| group.rows.contains(&at)).unwrap();
    assert!(group.rows.contains(&(at + 12)), "they are in its group");
    // Arranged once more they stay, and without groups they are rows like others.
    stage.keys("Left Right");
    assert_eq!(stage.app.queue.rows.iter().map(|row| row.folds).sum::<usize>(), 12);
    stage.keys("f");
    assert!(stage.app.queue.rows.iter().all(|row| !row.is_nested && row.folds == 0));
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
