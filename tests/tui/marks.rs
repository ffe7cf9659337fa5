//! Marking rows of the queue one by one and in ranges, and filters that one key applies.

use redphone::model::IncidentId;
use rstest::rstest;

use crate::support::stage::Stage;

/// Returns the positions of the rows that are marked.
fn marked(stage: &Stage) -> Vec<usize> {
    let is_marked = |id: &IncidentId| stage.app.ui.marked.contains(id);
    let rows = stage.app.queue.rows.iter().map(|row| row.summary.id);
    rows.enumerate().filter(|(_, id)| is_marked(id)).map(|(index, _)| index).collect()
}

#[rstest]
#[case::one_by_one("Space Space", &[0, 1])]
#[case::down("S-Down S-Down", &[0, 1, 2])]
#[case::down_and_back("S-Down S-Down S-Up", &[0, 1])]
#[case::back_over_the_start("j j S-Down S-Up S-Up", &[1, 2])]
#[case::up("j j j S-Up", &[2, 3])]
#[case::what_was_marked_stays("Space j S-Down", &[0, 2, 3])]
#[case::another_range_begins_elsewhere("S-Down j j S-Down", &[0, 1, 3, 4])]
#[case::from_the_last_mark("Space j j ^Space", &[0, 1, 2, 3])]
#[case::upwards("j j j j Space k k k ^Space", &[2, 3, 4])]
#[case::from_nowhere("j ^Space", &[1])]
#[case::unmarked_is_no_start("j Space k Space k j j ^Space", &[3])]
fn keys_mark_rows(#[case] keys: &str, #[case] expected: &[usize]) {
    let mut stage = Stage::busy();
    stage.keys(keys);
    assert_eq!(marked(&stage), expected, "{}", stage.screen());
}

#[test]
fn range_follows_its_incidents_and_ends_where_the_queue_does() {
    let mut stage = Stage::busy();
    stage.keys("G S-Down S-Down");
    assert_eq!(marked(&stage), [stage.app.queue.rows.len() - 1]);
    stage.keys("Esc g g S-Up S-Up S-Down");
    assert_eq!(marked(&stage), [0, 1]);
}

#[test]
fn range_leaves_out_what_a_folded_group_hides() {
    let mut stage = Stage::busy();
    stage.keys("f g g");
    for _ in 0..5 {
        stage.keys("S-Down");
    }
    let shown = stage.app.queue.lines.iter().filter_map(|line| match line {
        redphone::tui::queue::Line::Row(row) => Some(*row),
        redphone::tui::queue::Line::Head(_) => None,
    });
    let shown: Vec<usize> = shown.collect();
    assert!(marked(&stage).iter().all(|row| shown.contains(row)), "{}", stage.screen());
}

#[test]
fn one_key_shows_the_others_of_a_service() {
    let mut stage = Stage::busy();
    let selected = stage.selected();
    let service = stage.app.selected().unwrap().services[0].clone();
    stage.keys("=");
    assert_eq!(stage.app.queue.filter().to_string(), format!("service:{service}"));
    assert_eq!(stage.selected(), selected, "the incident stays selected");
    stage.keys("=");
    assert_eq!(stage.app.queue.filter().to_string(), format!("service:{service} is:any"));
    stage.keys("Esc");
    assert!(!stage.app.queue.is_filtered());
}

#[rstest]
#[case("p1", "p1 is:any", "p1")]
#[case("status:closed p2", "p2", "p2 is:any")]
#[case("is:open disk", "disk is:any", "disk")]
#[case("resolved<8h", "", "is:any")]
fn one_key_adds_the_ended_ones(#[case] filter: &str, #[case] once: &str, #[case] twice: &str) {
    let mut stage = Stage::busy();
    stage.filter(filter);
    stage.keys("Enter H");
    assert_eq!(stage.app.queue.filter().to_string(), once);
    stage.keys("H");
    assert_eq!(stage.app.queue.filter().to_string(), twice);
}

#[test]
fn dates_of_a_filter_are_days_of_the_viewer() {
    let mut stage = Stage::busy();
    let all = stage.app.queue.rows.len();
    stage.filter("since:2000-01-01");
    assert_eq!(stage.app.queue.rows.len(), all);
    stage.keys("^u");
    stage.write("before:2000-01-01");
    assert!(stage.app.queue.rows.is_empty());
    stage.keys("^u");
    stage.write("on:soon");
    assert_eq!(stage.app.queue.rows.len(), all, "a wrong term hides nothing");
    assert!(stage.screen().contains("\"soon\" is not a date"), "{}", stage.screen());
}
