//! Views: a filter and an order under one key.

use chrono::TimeDelta;
use redphone::config::PanesSettings;
use redphone::config::panes::SavedView;
use redphone::model::Status;
use redphone::model::queue::Sort;
use redphone::tui::Options;
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

#[rstest]
#[case('m', "mine", "owner:me")]
#[case('u', "unowned", "owner:none")]
#[case('p', "past SLA", "sla:late")]
#[case('f', "acked and forgotten", "-status:triggered idle>2h")]
#[case('s', "snoozed", "is:snoozed")]
#[case('r', "resolved, not closed", "status:resolved")]
#[case('e', "everything", "is:any")]
fn a_view_is_one_key(#[case] key: char, #[case] name: &str, #[case] text: &str) {
    let mut stage = Stage::busy();
    stage.keys("v");
    stage.write(&key.to_string());
    assert_eq!(stage.app.queue.filter().to_string(), text);
    assert!(stage.screen().contains(&format!("{name} · ")), "{}", stage.screen());
    stage.keys("v a");
    assert!(!stage.app.queue.is_filtered());
    assert_eq!(stage.app.queue.effective_sort(), Sort::Urgent);
    assert!(stage.screen().contains("open · most urgent first"), "{}", stage.screen());
}

#[test]
fn neglected_incidents_have_a_view() {
    let mut stage = Stage::busy();
    stage.keys("v f");
    let forgotten = stage.app.queue.rows.iter().map(|row| &row.summary);
    for row in forgotten.clone() {
        assert!(row.status != Status::Triggered, "{row:?}");
        assert!(stage.now - row.last_event_at > TimeDelta::hours(2), "{row:?}");
    }
    assert_eq!(forgotten.count(), 9);
}

#[test]
fn custom_views_have_their_keys() {
    let own = |name: &str, filter: &str, key| SavedView {
        name: name.into(),
        filter: filter.parse().expect("a filter"),
        sort: Sort::Oldest,
        key,
    };
    let views = vec![own("old disks", "disk", Some('m')), own("web \u{1b}[31m", "team:web", None)];
    let settings = PanesSettings { views, ..PanesSettings::default() };
    let memory = company::busy(company::now());
    let mut stage =
        Stage::with(memory, (126, 36), Depth::Indexed, Options { settings, ..options() });
    stage.connect();
    stage.keys("v");
    assert!(stage.screen().contains("old disks"), "{}", stage.screen());
    assert!(!stage.screen().contains('\u{1b}'));
    stage.keys("m");
    assert_eq!(stage.app.queue.view.as_deref(), Some("old disks"));
    assert_eq!((stage.app.queue.rows.len(), stage.app.queue.effective_sort()), (12, Sort::Oldest));
    let shown = "old disks · 12 of 19 · oldest first";
    assert!(stage.screen().contains(shown), "{}", stage.screen());
    // Typing replaces the view by a filter; cancelling restores the view.
    stage.keys("/");
    stage.write("p1");
    assert_eq!(stage.app.queue.view, None);
    stage.keys("Esc");
    assert_eq!(stage.app.queue.view.as_deref(), Some("old disks"));
    stage.keys("Esc");
    assert_eq!((stage.app.queue.rows.len(), stage.app.queue.effective_sort()), (19, Sort::Urgent));
}
