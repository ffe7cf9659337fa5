use proptest::prelude::*;
use redphone::model::measures::{Counted, Cut, Fact, Times, Window, compute, fingerprint};
use redphone::model::status::Category;
use redphone::model::{Priority, Rules};

use crate::support::strategies;
use crate::support::strategies::{any_text, of, start};

fn fact() -> impl Strategy<Value = Fact> {
    let start = start().timestamp_millis();
    let counted = of(&[
        Counted::Yes,
        Counted::Yes,
        Counted::Merged,
        Counted::Reclassified,
        Counted::FalseAlarm,
    ]);
    (
        (0u64..50, 0i64..2_000_000, 0i64..1000),
        prop::option::of(0i64..500_000),
        prop::option::of(0i64..900_000),
        (of(&Priority::ALL), prop::option::of(of(Category::ALL)), 0u32..4, 0u32..3),
        counted,
        0u64..6,
    )
        .prop_map(
            move |((number, at, early), acknowledged, resolved, cut, counted, fingerprint)| {
                let (priority, category, service, team) = cut;
                let reported_ms = start + at;
                Fact {
                    number,
                    reported_ms,
                    detected_ms: reported_ms - early,
                    acknowledged_ms: acknowledged.map(|ms| reported_ms + ms),
                    resolved_ms: resolved.map(|ms| reported_ms + ms),
                    priority,
                    acknowledge_verdict: None,
                    resolve_verdict: None,
                    paused_since_ms: None,
                    paused_ms: 0,
                    mute: <_>::default(),
                    category,
                    service,
                    team,
                    counted,
                    fingerprint,
                }
            },
        )
}

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn statistics_lie_between_the_least_and_the_greatest(
        mut durations in prop::collection::vec(0i64..1_000_000, 1..60),
    ) {
        let times = Times::from_durations(&mut durations);
        let (least, greatest) = (durations[0], durations[durations.len() - 1]);
        for value in [times.mean_ms, times.median_ms, times.p90_ms] {
            prop_assert!((least..=greatest).contains(&value));
        }
        let within = durations.iter().filter(|d| **d <= times.p90_ms).count();
        prop_assert!(within * 10 >= durations.len() * 9);
        durations.reverse();
        prop_assert_eq!(Times::from_unsorted(&mut durations), times);
    }

    #[test]
    fn cuts_and_buckets_add_up_to_the_total(
        facts in prop::collection::vec(fact(), 0..80),
        cut in of(&[Cut::Priority, Cut::Category, Cut::Service, Cut::Team]),
    ) {
        let rules = Rules::default();
        let at = |s| start() + chrono::TimeDelta::seconds(s);
        let window = Window { from: at(700), to: at(1500), edges: vec![at(700), at(1000), at(1300)] };
        let measures = compute(facts.clone(), &window, cut, at(1500), &rules.levels, &|k| k.to_string());
        let volume: u64 = measures.cuts.iter().map(|(_, f)| f.reported()).sum();
        prop_assert_eq!(volume, measures.now.reported());
        let resolved: u64 = measures.cuts.iter().map(|(_, f)| f.mttr.count).sum();
        prop_assert_eq!(resolved, measures.now.mttr.count);
        let buckets: u64 = measures.buckets.iter().flatten().sum();
        prop_assert_eq!(buckets, measures.now.reported());
        let in_window = |f: &Fact| f.counted == Counted::Yes
            && (at(700).timestamp_millis()..at(1500).timestamp_millis()).contains(&f.reported_ms);
        prop_assert_eq!(facts.iter().filter(|f| in_window(f)).count() as u64, measures.now.reported());
        for group in &measures.recurring {
            prop_assert!(group.count >= 2);
        }
    }

    #[test]
    fn numbers_in_a_title_do_not_change_its_fingerprint(title in "[a-z ]{1,30}", a in 0u32..9999, b in 0u32..9999) {
        let of = |n: u32| fingerprint(None, Some("db"), None, &format!("{title} {n}"));
        prop_assert_eq!(of(a), of(b));
    }

    #[test]
    fn any_text_has_a_fingerprint(title in any_text()) {
        let of = |title: &str| fingerprint(None, None, None, title);
        prop_assert_eq!(of(&title), of(&title));
    }
}
