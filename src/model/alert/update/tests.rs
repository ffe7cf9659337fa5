use std::collections::BTreeMap;

use chrono::TimeDelta;
use rstest::rstest;

use super::*;

fn start() -> DateTime<Utc> {
    "2026-03-01T09:00:00.123456789Z".parse().unwrap()
}

/// The time some minutes after the start.
fn at(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

/// A report of an alert that has fired since some minutes after the start, and is resolved since then.
fn report(key: &str, starts: i64, ends: Option<i64>) -> AlertReport {
    AlertReport {
        key: key.into(),
        is_firing: ends.is_none(),
        starts_at: Some(at(starts)),
        ends_at: ends.map(at),
        expires_at: None,
        title: format!("{key} is slow"),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        url: None,
    }
}

fn group(alerts: Vec<AlertReport>) -> AlertGroup {
    AlertGroup::new("alertmanager", "Alertmanager", "g", alerts)
}

/// Returns the alert that a first report leads to.
fn stored(first: &AlertReport, is_current: bool) -> StoredAlert {
    let update = update_group(&group(vec![first.clone()]), Vec::new(), id(), true, at(1));
    StoredAlert { alert: update.new[0].clone(), is_current }
}

fn id() -> IncidentId {
    IncidentId(uuid::Uuid::nil())
}

fn counts(received: u32) -> AlertCounts {
    AlertCounts { received, ..AlertCounts::default() }
}

#[test]
fn first_report_makes_an_alert() {
    let group = group(vec![report("a", 0, None), report("b", 0, Some(1))]);
    let update = update_group(&group, Vec::new(), id(), false, at(2));
    assert_eq!((update.new_firing, update.counts.new), (vec![0], 1));
    let [a, b] = &update.new[..] else { panic!("{:?}", update.new) };
    assert_eq!((a.state, a.count, a.ends_at), (AlertState::Firing, 1, None));
    assert_eq!(a.starts_at, crate::model::time::recorded_time(at(0)));
    assert_eq!((a.first_at, a.last_at), (a.last_at, crate::model::time::recorded_time(at(2))));
    assert_eq!((b.state, b.count), (AlertState::Resolved, 0));
}

#[test]
fn what_is_resolved_without_an_incident_is_ignored() {
    let group = group(vec![report("a", 0, Some(1))]);
    let update = update_group(&group, Vec::new(), id(), false, at(2));
    assert_eq!(
        update,
        GroupUpdate { counts: AlertCounts { ignored: 1, ..counts(1) }, ..<_>::default() }
    );
}

/// Each case has the first report, the second one, and the result of the second: the state and the
/// count.
#[rstest]
#[case::repeated(report("a", 0, None), report("a", 0, None), AlertState::Firing, 2, 'r')]
#[case::resolved(report("a", 0, None), report("a", 0, Some(5)), AlertState::Resolved, 1, 'e')]
#[case::start_found_earlier(
    report("a", 3, None),
    report("a", 0, Some(5)),
    AlertState::Resolved,
    1,
    'e'
)]
#[case::again(report("a", 0, Some(1)), report("a", 3, None), AlertState::Firing, 1, 'a')]
fn report_moves_the_row(
    #[case] first: AlertReport,
    #[case] second: AlertReport,
    #[case] state: AlertState,
    #[case] count: u32,
    #[case] effect: char,
) {
    let before = stored(&first, true);
    let update = update_group(&group(vec![second]), vec![before.clone()], id(), true, at(9));
    assert_eq!((update.new.len(), update.changed.len()), (0, 1));
    let after = &update.changed[0];
    assert_eq!((after.state, after.count), (state, count));
    assert_eq!(after.first_at, before.alert.first_at);
    assert_eq!(after.last_at, crate::model::time::recorded_time(at(9)));
    assert_eq!(after.ends_at.is_some(), state == AlertState::Resolved);
    let expected = match effect {
        'r' => AlertCounts { repeated: 1, ..counts(1) },
        'e' => AlertCounts { resolved: 1, ..counts(1) },
        _ => AlertCounts { again: 1, ..counts(1) },
    };
    assert_eq!((update.counts, update.has_resolved), (expected, effect == 'e'));
}

#[rstest]
#[case::late_firing(report("a", 0, Some(1)), report("a", 0, None))]
#[case::older_firing(report("a", 3, Some(4)), report("a", 0, None))]
#[case::resolved_twice(report("a", 0, Some(1)), report("a", 0, Some(1)))]
#[case::end_of_an_earlier_firing(report("a", 5, None), report("a", 0, Some(3)))]
fn late_report_is_ignored(#[case] first: AlertReport, #[case] second: AlertReport) {
    for is_current in [true, false] {
        let before = stored(&first, is_current);
        let group = group(vec![second.clone()]);
        let update = update_group(&group, vec![before], id(), is_current, at(9));
        let ignored = AlertCounts { ignored: 1, ..counts(1) };
        assert_eq!(update, GroupUpdate { counts: ignored, ..<_>::default() });
    }
}

#[rstest]
#[case::people_ended_it(report("a", 0, None), report("a", 0, None))]
#[case::fires_once_more(report("a", 0, Some(1)), report("a", 3, None))]
fn alert_of_an_ended_incident_is_new_in_another(
    #[case] first: AlertReport,
    #[case] second: AlertReport,
) {
    for is_open in [true, false] {
        let before = stored(&first, false);
        let update = update_group(&group(vec![second.clone()]), vec![before], id(), is_open, at(9));
        assert_eq!((update.new_firing, update.changed), (vec![0], Vec::new()));
        assert_eq!((update.new[0].count, update.new[0].state), (1, AlertState::Firing));
    }
}

#[test]
fn end_of_an_alert_whose_incident_has_ended_is_remembered() {
    let before = stored(&report("a", 0, None), false);
    let update =
        update_group(&group(vec![report("a", 0, Some(2))]), vec![before], id(), false, at(9));
    assert_eq!((update.changed[0].state, update.has_resolved), (AlertState::Resolved, false));
}

#[test]
fn alert_that_is_twice_in_a_message_is_one() {
    let group = group(vec![report("a", 0, None), report("a", 0, None), report("a", 0, Some(2))]);
    let update = update_group(&group, Vec::new(), id(), false, at(9));
    assert_eq!((update.new.len(), update.new_firing), (1, vec![0]));
    assert_eq!((update.new[0].state, update.new[0].count), (AlertState::Resolved, 2));
}

#[rstest]
#[case(0, None, true)]
#[case(0, Some(false), true)]
#[case(0, Some(true), false)]
#[case(3, Some(false), false)]
fn group_ends_only_if_it_is_complete(
    #[case] omitted: u64,
    #[case] is_firing: Option<bool>,
    #[case] expected: bool,
) {
    let complete = group(vec![report("a", 0, Some(1))]);
    assert_eq!(AlertGroup { is_firing, omitted, ..complete }.may_end(), expected);
    assert!(!group(Vec::new()).may_end());
}

#[test]
fn worse_report_is_noted_and_others_are_not() {
    let with = |severity: &str, starts: i64| {
        let mut report = report("a", starts, None);
        report.labels.insert("severity".into(), severity.into());
        report
    };
    let first = stored(&with("warning", 0), true);
    for (severity, expected) in [("critical", vec![0]), ("warning", vec![]), ("info", vec![])] {
        let message = group(vec![with(severity, 0)]);
        let update = update_group(&message, vec![first.clone()], id(), true, at(2));
        assert_eq!((update.worse, update.counts.repeated), (expected, 1), "{severity}");
        assert_eq!(update.changed[0].labels["severity"], severity);
    }
}

#[test]
fn end_that_was_concluded_is_no_reason_to_ignore_a_repeat() {
    let mut fires = report("a", 0, None);
    fires.expires_at = Some(at(5));
    let firing = stored(&fires, true);
    assert_eq!(firing.alert.expires_at, Some(crate::model::time::recorded_time(at(5))));
    let mut expired = report("a", 0, Some(5));
    expired.expires_at = Some(at(5));
    for (end, is_expired) in [(expired, true), (report("a", 0, Some(5)), false)] {
        let update = update_group(&group(vec![end]), vec![firing.clone()], id(), true, at(6));
        let [alert] = &update.changed[..] else { panic!("{update:?}") };
        assert_eq!((alert.has_expired, alert.expires_at), (is_expired, None));
        let ended = StoredAlert { alert: alert.clone(), is_current: true };
        let again = update_group(&group(vec![fires.clone()]), vec![ended], id(), true, at(7));
        assert_eq!(
            (again.again.len(), again.counts.ignored == 0),
            (usize::from(is_expired), is_expired)
        );
    }
}
