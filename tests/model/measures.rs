use chrono::{FixedOffset, TimeDelta, Utc};
use redphone::model::Priority;
use redphone::model::Rules;
use redphone::model::measures::{
    Counted, Cut, Fact, Measures, Times, Window, compute, fingerprint, title_pattern,
};
use redphone::model::status::Category;
use rstest::rstest;

use crate::support::model::at;

const MINUTE: i64 = 60_000;

/// Returns a fact. The times are minutes from the start of the window.
fn fact(number: u64, reported: i64, acknowledged: Option<i64>, resolved: Option<i64>) -> Fact {
    let ms = |minute: i64| at(minute).timestamp_millis();
    Fact {
        number,
        reported_ms: ms(reported),
        detected_ms: ms(reported) - MINUTE,
        acknowledged_ms: acknowledged.map(ms),
        resolved_ms: resolved.map(ms),
        priority: Priority::P2,
        acknowledge_verdict: None,
        resolve_verdict: None,
        paused_since_ms: None,
        paused_ms: 0,
        mute: <_>::default(),
        category: Some(Category::Performance),
        service: 1,
        team: 2,
        counted: Counted::Yes,
        fingerprint: number,
    }
}

fn window() -> Window {
    Window { from: at(0), to: at(100), edges: vec![at(0), at(50)] }
}

fn measure(facts: Vec<Fact>, cut: Cut) -> Measures {
    let rules = Rules::default();
    compute(facts, &window(), cut, at(1000), &rules.levels, &|key| format!("name {key}"))
}

#[test]
fn mtta_is_from_report_to_first_acknowledgement_in_the_window() {
    let facts = vec![
        fact(1, 0, Some(2), None),
        fact(2, 99, Some(103), None),
        fact(3, 50, None, None),
        fact(4, 100, Some(190), None),
        fact(5, -1, Some(40), None),
    ];
    let measures = measure(facts, Cut::Total);
    assert_eq!(measures.now.mtta.count, 2);
    assert_eq!(measures.now.mtta.mean(), Some(TimeDelta::minutes(3)));
    assert_eq!(measures.before.mtta.mean(), Some(TimeDelta::minutes(41)));
    assert_eq!(measures.now.reported(), 3);
}

#[test]
fn mttr_is_from_detection_to_resolution_in_the_window() {
    let facts = vec![
        fact(1, -500, Some(-400), Some(0)),
        fact(2, 10, Some(11), Some(29)),
        fact(3, 20, Some(21), Some(100)),
        fact(4, -300, None, Some(-1)),
    ];
    let measures = measure(facts, Cut::Total);
    assert_eq!(measures.now.mttr.count, 2);
    assert_eq!(measures.now.mttr.mean(), Some(TimeDelta::seconds(60 * (501 + 20) / 2)));
    assert_eq!(measures.before.mttr.count, 1);
}

#[test]
fn compliance_excludes_open_incidents_not_yet_due() {
    let rules = Rules::default();
    // P2: acknowledge within 15 min, resolve within 4 h. The due instant itself is in time.
    let facts = vec![
        fact(1, 10, Some(24), Some(20)),
        fact(2, 10, Some(25), Some(300)),
        fact(3, 80, None, None),
        fact(4, 90, None, None),
    ];
    let measures =
        compute(facts, &window(), Cut::Total, at(100), &rules.levels, &|_| String::new());
    let acknowledge = measures.now.acknowledge[1];
    assert_eq!((acknowledge.met, acknowledge.missed), (2, 1));
    assert_eq!(acknowledge.percent(), Some(66));
    let resolve = measures.now.resolve_all();
    assert_eq!((resolve.met, resolve.missed), (1, 1));
    assert_eq!(measures.now.resolve[0].percent(), None);
}

#[test]
fn false_alarms_are_excluded_and_counted_separately() {
    let with = |number, counted| Fact { counted, ..fact(number, 5, Some(6), Some(7)) };
    let facts = vec![
        with(1, Counted::Merged),
        with(2, Counted::Reclassified),
        with(3, Counted::FalseAlarm),
        with(4, Counted::FalseAlarm),
        with(5, Counted::Yes),
    ];
    let measures = measure(facts, Cut::Total);
    assert_eq!((measures.now.reported(), measures.now.mttr.count), (1, 1));
    let left = measures.excluded;
    assert_eq!((left.merged, left.reclassified, left.false_alarms), (1, 1, 2));
}

#[test]
fn volume_is_counted_by_bucket_and_priority() {
    let facts = vec![fact(1, 0, None, None), fact(2, 49, None, None), fact(3, 50, None, None)];
    assert_eq!(measure(facts, Cut::Total).buckets, [[0, 2, 0, 0], [0, 1, 0, 0]]);
}

#[test]
fn recurring_fault_is_a_group_titled_by_its_latest() {
    let same = |number, reported| Fact { fingerprint: 9, ..fact(number, reported, None, None) };
    let facts = vec![same(1, 1), same(3, 30), same(2, 20), fact(4, 40, None, None), same(5, 200)];
    let groups = measure(facts, Cut::Total).recurring;
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].count, groups[0].last.unwrap().0, groups[0].last_at), (3, 3, at(30)));
}

#[test]
fn more_recurring_groups_than_are_listed_are_counted() {
    let pair = |group: u64| {
        [1, 2].map(|hour| Fact { fingerprint: group, ..fact(2 * group + hour, 1, None, None) })
    };
    let measures = |groups: u64| measure((1..=groups).flat_map(pair).collect(), Cut::Total);
    for (groups, listed) in [(3, 3), (20, 20), (21, 20), (27, 20)] {
        let measures = measures(groups);
        assert_eq!(measures.recurring.len(), listed, "{groups}");
        assert_eq!(measures.recurring_total, Some(groups));
    }
}

#[rstest]
#[case(Cut::Priority, &["P2"])]
#[case(Cut::Category, &["performance", "uncategorized"])]
#[case(Cut::Service, &["name 1", "none"])]
#[case(Cut::Team, &["name 2"])]
fn measures_are_cut_by_a_field(#[case] cut: Cut, #[case] names: &[&str]) {
    let bare = Fact { category: None, service: 0, ..fact(3, 7, None, None) };
    let facts = vec![fact(1, 5, None, None), fact(2, 6, None, None), bare];
    let cuts = measure(facts, cut).cuts;
    assert_eq!(cuts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
}

#[rstest]
#[case(&[], 0, 0, 0)]
#[case(&[7], 7, 7, 7)]
#[case(&[1, 2], 2, 1, 2)]
#[case(&[10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 55, 55, 90)]
#[case(&[5, 1, 3], 3, 3, 5)]
fn mean_median_and_p90_are_of_exact_durations(
    #[case] durations: &[i64],
    #[case] mean: i64,
    #[case] median: i64,
    #[case] p90: i64,
) {
    let times = Times::from_durations(&mut durations.to_vec());
    assert_eq!((times.mean_ms, times.median_ms, times.p90_ms), (mean, median, p90));
    assert_eq!(times.is_thin(), durations.len() < 5);
}

#[rstest]
#[case(110, 100, Some(10))]
#[case(88, 100, Some(-12))]
#[case(1005, 1000, Some(1))]
#[case(995, 1000, Some(-1))]
#[case(0, 100, Some(-100))]
fn change_is_given_in_integer_percent(
    #[case] now: i64,
    #[case] before: i64,
    #[case] percent: Option<i64>,
) {
    let of = |ms| Times::from_durations(&mut [ms]);
    assert_eq!(of(now).change_percent(&of(before)), percent);
    assert_eq!(Times::default().change_percent(&of(1)), None);
}

#[rstest]
#[case("Search p99 > 2 s on node-17", "search s on node")]
#[case("Disk 91% full on 10.2.3.4", "disk full on")]
#[case("Job 4f9a12bc failed", "job failed")]
#[case("Pod checkout-6c9f7d5b8-k2vxq crashloops", "pod checkout crashloops")]
#[case("Pod checkout-7b5d4f9c6-xzlmw crashloops", "pod checkout crashloops")]
#[case("Instance i-0abc12345def is gone", "instance i is gone")]
#[case("Volume vol-8f7e6d in eu-west-1 can't attach", "volume vol in eu-west can't attach")]
#[case("DNS of payments-db fails, HTTPS too", "dns of payments-db fails https too")]
#[case("2026-03-02", "--")]
#[case("zzzzzz 7", "zzzzzz")]
#[case("Job 7d81aa03-11ce failed", "job failed")]
fn numbers_and_ids_are_stripped_from_a_title(#[case] title: &str, #[case] pattern: &str) {
    assert_eq!(title_pattern(title), pattern);
}

#[test]
fn deduplication_key_has_precedence_before_the_title() {
    let of = |key, title| fingerprint(key, Some("db"), Some(Category::Performance), title);
    assert_eq!(of(None, "Disk 91% full"), of(None, "disk 95% full"));
    assert_ne!(of(None, "Disk full"), of(None, "Disk slow"));
    assert_eq!(of(Some("k"), "a"), of(Some("k"), "b"));
    assert_ne!(of(Some("k"), "a"), of(Some("l"), "a"));
    let pods =
        ["Pod checkout-6c9f7d5b8-k2vxq crashloops", "Pod checkout-7b5d4f9c6-x8zlm crashloops"];
    assert_eq!(of(None, pods[0]), of(None, pods[1]));
}

#[test]
fn window_of_days_starts_at_the_midnights_of_the_viewer() {
    let zone = FixedOffset::east_opt(2 * 3600).unwrap();
    let now = at(0); // 08:00 UTC, 10:00 there
    let window = Window::last_days(7, now, &zone);
    assert_eq!((window.from, window.to), (now - TimeDelta::days(7), now));
    assert_eq!(window.edges.len(), 8);
    assert_eq!(window.edges[7], now - TimeDelta::hours(10));
    assert!(window.edges.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(Window::last_days(7, now, &Utc).edges[7], now - TimeDelta::hours(8));
    assert_eq!(Window::last_day(now).edges.len(), 24);
}

/// From 08:20 to 08:20 of the next day there are 24 full hours, and a part of one before them. A zone that is
/// half an hour ahead has them at half past.
#[rstest]
#[case(0, 9 * 60)]
#[case(1800, 8 * 60 + 30)]
fn window_of_a_day_has_full_hours_of_the_clock(#[case] offset_s: i32, #[case] second_minute: i64) {
    let zone = FixedOffset::east_opt(offset_s).unwrap();
    let now = at(24 * 60 + 20);
    let window = Window::last_day_in(now, &zone);
    let midnight = at(-8 * 60);
    assert_eq!(window.edges.len(), 25);
    assert_eq!(window.edges[0], at(20));
    assert_eq!(window.edges[1], midnight + TimeDelta::minutes(second_minute));
    assert_eq!(Window::between(at(20), now, &zone).edges, window.edges);
}
