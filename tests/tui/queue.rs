//! The queue: selection, scrolling, orders and columns.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::config::PanesSettings;
use redphone::config::panes::Column;
use redphone::model::Impact;
use redphone::model::command::IncidentCommand;
use redphone::sync::{BackendUpdate, Sourced};
use redphone::tui::Options;
use redphone::tui::queue::Line;
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

fn resolve() -> IncidentCommand {
    IncidentCommand::Resolve {
        action: redphone::model::status::ResolutionAction::Restart,
        detail: "restarted".into(),
        validation: "looked".into(),
    }
}

#[test]
fn selection_follows_its_incident_when_rows_come_above_it() {
    let mut stage = Stage::busy();
    stage.keys("j j");
    assert_eq!(stage.selected(), "INC-2050");
    let on_screen = stage.app.queue.index - stage.app.queue.top;
    let now = stage.now;
    company::declare(
        &stage.memory,
        now,
        50,
        "The vault is open",
        "vault",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert_eq!(stage.selected(), "INC-2050");
    assert_eq!(stage.app.queue.index, 3);
    assert!(stage.app.queue.index - stage.app.queue.top >= on_screen);
}

#[test]
fn scrolled_list_stays_in_position_when_rows_come_above() {
    let memory = company::many(company::now(), 300);
    let mut stage = Stage::open(memory, (126, 36));
    stage.keys("^d ^d ^d ^d ^d");
    let (selected, offset) = (stage.selected(), stage.app.queue.index - stage.app.queue.top);
    assert!(stage.app.queue.top > 0);
    let now = stage.now;
    company::declare(&stage.memory, now, 50, "New", "vault", Impact::High, Impact::High, |_| {});
    stage.refresh();
    assert_eq!(stage.selected(), selected);
    // It has a line of its own, which the queue lacks until it is sent off.
    assert!(offset - (stage.app.queue.index - stage.app.queue.top) <= 1);
}

#[test]
fn neighbour_is_selected_when_the_selected_incident_leaves() {
    let mut stage = Stage::busy();
    stage.keys("j j");
    let id = stage.incident_id(2050);
    stage.execute_as_other(id, resolve());
    assert_eq!(stage.selected(), "INC-2062", "the one below");
    stage.keys("G");
    let last = stage.selected();
    let number: u64 = last.trim_start_matches("INC-").parse().expect("a number");
    let above = stage.app.queue.rows[stage.app.queue.rows.len() - 2].summary.label();
    let id = stage.incident_id(number);
    stage.execute_as_other(id, resolve());
    assert_eq!(stage.selected(), above, "the one above the last");
}

#[test]
fn reader_stays_on_an_incident_when_it_is_resolved() {
    let mut stage = Stage::busy();
    stage.keys("Enter");
    assert!(stage.screen().contains("Card payments fail at checkout"));
    let id = stage.incident_id(2051);
    stage.execute_as_other(id, resolve());
    let screen = stage.screen();
    assert!(screen.contains("Card payments fail at checkout"), "{screen}");
    assert!(screen.contains("P1 · resolved"), "{screen}");
    stage.keys("Esc");
    assert!(
        stage.screen().contains("Logins time out for one in five"),
        "the neighbour is read now"
    );
}

#[test]
fn incident_moves_when_it_crosses_its_service_level() {
    let mut stage = Stage::busy();
    let next = stage.app.next_tick(stage.now);
    assert!(next - stage.now <= TimeDelta::seconds(60));
    let before: Vec<String> = stage.app.queue.rows.iter().map(|row| row.summary.label()).collect();
    let past = stage.app.queue.counts.past;
    stage.pass(120);
    let after: Vec<String> = stage.app.queue.rows.iter().map(|row| row.summary.label()).collect();
    assert_ne!(before, after);
    assert!(stage.app.queue.counts.past > past);
}

#[rstest]
#[case((60, 20), "4")]
#[case((126, 36), "4 z")]
fn verbs_never_target_an_incident_out_of_sight(#[case] size: (u16, u16), #[case] keys: &str) {
    let mut stage = Stage::busy_at(size);
    stage.keys(keys);
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    let expected = "no incident is in sight here: 1 shows the queue";
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    stage.keys("1 a");
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn verbs_target_the_queue_selection_next_to_the_metrics() {
    let mut stage = Stage::busy();
    stage.keys("4 a");
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn partly_loaded_queue_calls_no_incident_closed() {
    let memory = company::busy(company::now());
    let rows = memory.open();
    let mut stage = Stage::blank(memory, (126, 36), redphone::tui::theme::Depth::Indexed);
    let mut counts = redphone::model::queue::OpenCounts::default();
    for row in &rows {
        counts.add(row, stage.now, &stage.app.session.rules.levels);
    }
    let mut mirror = redphone::sync::Mirror::default();
    mirror.put_first_page(rows[..1].to_vec(), Some(counts));
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(mirror.snapshot())));
    let missing = rows[1].number.expect("a number");
    stage.keys("g");
    stage.write(&missing.0.to_string());
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("is not in the queue yet"), "{screen}");
    assert!(!screen.contains("is not open"), "{screen}");
}

#[rstest]
#[case('n', "newest first", "Card payments fail at checkout")]
#[case('o', "oldest first", "Disk of worker 14 is 91 % full")]
#[case('p', "by priority", "Card payments fail at checkout")]
#[case('s', "by service", "Logins time out for one in five")]
#[case('w', "by owner, unowned first", "Card payments fail at checkout")]
#[case('c', "last changed first", "Card payments fail at checkout")]
fn sort_order_stays_until_another_is_chosen(
    #[case] key: char,
    #[case] expected: &str,
    #[case] first: &str,
) {
    let mut stage = Stage::busy();
    stage.keys("S");
    stage.write(&key.to_string());
    assert!(stage.screen().contains(&format!("open · {expected}")), "{}", stage.screen());
    assert_eq!(stage.titles()[0], first);
    stage.pass(1);
    assert_eq!(stage.titles()[0], first);
    stage.keys("S u");
    assert!(stage.screen().contains("open · most urgent first"));
}

#[test]
fn columns_are_the_chosen_ones_in_their_order() {
    let columns = vec![Column::Title, Column::Owner, Column::Priority, Column::Number];
    let settings = PanesSettings { columns, ..PanesSettings::default() };
    let memory = company::busy(company::now());
    let mut stage =
        Stage::with(memory, (126, 36), Depth::Indexed, Options { settings, ..options() });
    stage.connect();
    let screen = stage.screen();
    let header = screen.lines().nth(2).expect("a header");
    let column_of = |name: &str| header.find(name).unwrap_or_else(|| panic!("{name} in {header}"));
    assert!(column_of("TITLE") < column_of("OWNER"));
    assert!(column_of("OWNER") < column_of(" P "));
    assert!(column_of(" P ") < column_of("INC"));
    assert!(!header.contains("STATUS"), "{header}");
    assert_snapshot!("columns_126x36", screen);
}

#[test]
fn incident_declared_out_of_sight_is_announced() {
    let mut stage = Stage::busy();
    stage.filter("service:search");
    stage.keys("Enter");
    let head = stage.app.queue.lines.first().copied();
    assert_eq!(head, Some(Line::Row(0)));
    company::declare(
        &stage.memory,
        stage.now,
        1,
        "Something else",
        "mail",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert!(stage.screen().lines().next().unwrap().contains("P1 3"), "line 1 counts all");
    assert_eq!(stage.app.queue.rows.len(), 1);
}

#[test]
fn last_ended_incident_is_read_once_while_nothing_matches() {
    let mut stage = Stage::busy();
    stage.filter("zzz");
    for _ in 0..5 {
        stage.refresh();
    }
    assert_eq!(stage.last_ended_lookups, 1);
    for (number, lookups) in [(2051, 2), (2048, 3)] {
        let id = stage.incident_id(number);
        company::ask(&stage.memory, id, resolve(), stage.now).expect("it fits");
        stage.refresh();
        stage.refresh();
        assert_eq!(stage.last_ended_lookups, lookups, "something has ended");
    }
    stage.filter("zzzz");
    stage.refresh();
    assert_eq!(stage.last_ended_lookups, 4, "another filter");
}
