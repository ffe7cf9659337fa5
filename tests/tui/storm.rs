//! Line 1 reports a storm.

use std::sync::Arc;

use chrono::TimeDelta;
use redphone::model::storm_rules::StormRules;
use redphone::sync::{BackendUpdate, Mirror, Sourced};
use rstest::rstest;

use crate::support::stage::Stage;

/// The busy company, in which all open incidents were reported in the last 9 minutes.
fn stage(size: (u16, u16), rules: StormRules) -> Stage {
    let mut stage = Stage::busy_at(size);
    let mut all = (*stage.app.session.rules).clone();
    all.storms = rules;
    stage.app.session.rules = Arc::new(all);
    let now = stage.now;
    let rows = stage.app.queue.rows.iter().map(|row| (*row.summary).clone());
    let rows: Vec<_> = rows
        .zip(1..)
        .map(|(mut row, number)| {
            row.reported_at = now - TimeDelta::seconds(30 * (number % 18));
            row.alerts = 10;
            row
        })
        .collect();
    let mut mirror = Mirror::default();
    mirror.put_first_page(rows, None);
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(mirror.snapshot())));
    stage
}

fn first_line(stage: &Stage) -> String {
    stage.screen().lines().next().expect("a line").to_owned()
}

#[rstest]
#[case((200, 60), "alerts, ")]
#[case((126, 36), "storm")]
#[case((80, 24), "storm")]
#[case((60, 20), "storm")]
fn storm_is_on_line_1_at_every_size(#[case] size: (u16, u16), #[case] text: &str) {
    let stage = stage(size, StormRules { incidents: 5, ..StormRules::default() });
    let line = first_line(&stage);
    assert!(line.contains("storm") && line.contains(text), "{line}");
}

#[test]
fn storm_is_counted_exactly() {
    let stage = stage((200, 60), StormRules { incidents: 5, ..StormRules::default() });
    let count = stage.app.queue.rows.len();
    let line = first_line(&stage);
    assert!(line.contains(&format!("{} alerts, {count} incidents", 10 * count)), "{line}");
    assert!(line.contains("since"), "{line}");
}

#[rstest]
#[case::never(StormRules { incidents: 0, alerts: 0, ..StormRules::default() })]
#[case::too_few(StormRules { incidents: 1000, alerts: 100_000, ..StormRules::default() })]
#[case::too_long_ago(StormRules { incidents: 5, within_s: 1, ..StormRules::default() })]
fn quiet_nights_have_no_storm(#[case] rules: StormRules) {
    let line = first_line(&stage((200, 60), rules));
    assert!(!line.contains("storm"), "{line}");
}
