//! The pages of measures, against an example that is worked out by hand.

use chrono::{TimeDelta, Utc};
use redphone::model::measures::pages::{
    Budget, Call, Dimension, History, HistoryFold, Objective, Offsets, Outage, PageInputs, Pages,
    PagesQuery, ReviewProgress, Selection, SelectionKeys, Shift, compute_budgets, compute_pages,
    union_ms,
};
use redphone::model::measures::sheet::{Behind, Page, Sheet, Tone, Value, relative_change};
use redphone::model::measures::{Compliance, Counted, Fact, Times, Window};
use redphone::model::status::Source;
use redphone::model::{Event, IncidentCommand, Priority, Rules};
use rstest::rstest;

use crate::support::model::{Bench, at, declaration, ines, resolve};

const MINUTE: i64 = 60_000;

fn ms(minute: i64) -> i64 {
    at(minute).timestamp_millis()
}

/// Returns a fact of P2 whose times are minutes from the start of the window.
fn fact(number: u64, reported: i64, acknowledged: Option<i64>, resolved: Option<i64>) -> Fact {
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
        category: None,
        service: 1,
        team: 2,
        counted: Counted::Yes,
        fingerprint: number,
    }
}

fn query(selection: Selection) -> PagesQuery {
    PagesQuery {
        window: Window { from: at(0), to: at(1000), edges: vec![at(0), at(500)] },
        selection,
        by: vec![Dimension::Service, Dimension::Team, Dimension::Source],
        offsets: Offsets::default(),
    }
}

fn compute(incidents: Vec<(Fact, History)>, query: &PagesQuery, inputs: &PageInputs) -> Pages {
    let rules = Rules::default();
    let keys = query.selection.keys(&|is_service, name| match (is_service, name) {
        (true, "checkout") => Some(1),
        (true, "search") => Some(3),
        (false, "payments") => Some(2),
        _ => None,
    });
    let name = |key: u32| ["none", "checkout", "payments", "search"][key as usize].to_owned();
    compute_pages(incidents, query, &keys, at(1000), &rules.levels, &name, inputs)
}

fn history(out: i64, unowned: i64) -> History {
    History { out_ms: out * MINUTE, unowned_ms: unowned * MINUTE, ..History::default() }
}

/// Worked out by hand. The window is the minutes 0 to 1000; every incident is detected a minute before
/// it is reported.
///
/// | INC | reported | acknowledged | resolved | out | unowned | |
/// |---|---|---|---|---|---|---|
/// | 1 | 10 | 14 | 40 | 31 | 4 | |
/// | 2 | 20 | 30 | 100 | 61 | 10 | reopened once, 20 minutes were not out |
/// | 3 | 200 | – | 205 | 6 | 5 | nobody acknowledged it |
/// | 4 | 900 | 910 | – | | | search |
/// | 5 | −100 | −90 | 20 | 121 | 10 | reported in the window before |
///
/// MTTA of those reported in the window and acknowledged: (4 + 10 + 10) / 3 = 8 min; before: 10 min.
/// MTTR of those resolved in it: (31 + 81 + 6 + 121) / 4 = 59 min 45 s. Time out: (31 + 61 + 6 + 121) / 4
/// = 54 min 45 s. Unowned: (4 + 10 + 5 + 10) / 4 = 7 min 15 s; its median is (5 + 10) / 2 = 7 min 30 s.
/// P2 is to be acknowledged within 15 min: 1, 2 and 4 were, and 3 is late at minute 1000. It is to be
/// resolved within 240 min: 1, 2 and 3 were, and 4 is not yet due.
#[test]
fn figures_are_those_worked_out_on_paper() {
    let reopened = History { reopened: 1, ..history(61, 10) };
    let incidents = vec![
        (fact(1, 10, Some(14), Some(40)), history(31, 4)),
        (fact(2, 20, Some(30), Some(100)), reopened),
        (fact(3, 200, None, Some(205)), history(6, 5)),
        (Fact { service: 3, ..fact(4, 900, Some(910), None) }, History::default()),
        (fact(5, -100, Some(-90), Some(20)), history(121, 10)),
    ];
    let pages = compute(incidents, &query(Selection::default()), &PageInputs::default());
    let now = &pages.now;
    assert_eq!((now.reported(), pages.before.reported()), (4, 1));
    assert_eq!((now.mtta.times.mean_ms, now.mtta.times.count), (8 * MINUTE, 3));
    assert_eq!(pages.before.mtta.times.mean_ms, 10 * MINUTE);
    assert_eq!((now.mttr.times.mean_ms, now.mttr.times.count), (59 * MINUTE + 45_000, 4));
    assert_eq!(now.time_out.times.mean_ms, 54 * MINUTE + 45_000);
    let unowned = now.unowned.times;
    assert_eq!((unowned.mean_ms, unowned.median_ms), (7 * MINUTE + 15_000, 7 * MINUTE + 30_000));
    assert_eq!((now.resolved, now.resolved_unacknowledged), (4, 1));
    assert_eq!(now.acknowledge_all(), Compliance { met: 3, missed: 1 });
    assert_eq!(now.resolve_all(), Compliance { met: 3, missed: 0 });
    assert_eq!((now.practice.reopened, now.practice.reviews_owed), (1, 4));
    // 1 to 5 min: INC-1; 5 to 15 min: INC-2 and INC-4.
    assert_eq!(now.mtta.histogram, [0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let buckets: Vec<_> = pages.buckets.iter().map(|b| (b.volume, b.mtta_ms, b.mttr_ms)).collect();
    let mean = Some(59 * MINUTE + 45_000);
    assert_eq!(buckets[0], ([0, 3, 0, 0], Some(7 * MINUTE), mean));
    assert_eq!(buckets[1], ([0, 1, 0, 0], Some(10 * MINUTE), None));
    let services: Vec<_> = pages
        .cut(Dimension::Service)
        .unwrap()
        .rows
        .iter()
        .map(|row| (row.name.as_str(), row.now.reported(), row.before.reported()))
        .collect();
    assert_eq!(services, [("checkout", 3, 1), ("search", 1, 0)]);
}

#[test]
fn selection_leaves_only_incidents_that_have_its_values() {
    let incidents = || {
        vec![
            (fact(1, 10, None, None), History { source: Source::Support, ..History::default() }),
            (Fact { service: 3, ..fact(2, 20, None, None) }, History::default()),
            (Fact { priority: Priority::P1, ..fact(3, 30, None, None) }, History::default()),
        ]
    };
    let count = |selection: Selection| {
        compute(incidents(), &query(selection), &PageInputs::default()).now.reported()
    };
    let all = Selection::default();
    assert_eq!(count(all.clone()), 3);
    assert_eq!(count(Selection { services: vec!["checkout".into()], ..all.clone() }), 2);
    let both = vec!["checkout".into(), "search".into()];
    assert_eq!(count(Selection { services: both, ..all.clone() }), 3);
    assert_eq!(count(Selection { services: vec!["unheard of".into()], ..all.clone() }), 0);
    assert_eq!(count(Selection { priorities: vec![Priority::P1], ..all.clone() }), 1);
    let checkout = Selection { services: vec!["checkout".into()], ..all.clone() };
    assert_eq!(count(Selection { sources: vec![Source::Support], ..checkout }), 1);
    assert_eq!(count(Selection { teams: vec!["none".into()], ..all }), 0);
}

#[test]
fn excluded_incidents_are_counted_apart_for_both_windows() {
    let with = |number, reported, counted| {
        (
            Fact { counted, ..fact(number, reported, Some(reported), Some(reported)) },
            History::default(),
        )
    };
    let incidents = vec![
        with(1, 5, Counted::Merged),
        with(2, 5, Counted::FalseAlarm),
        with(3, -5, Counted::FalseAlarm),
        with(4, -5, Counted::Reclassified),
    ];
    let pages = compute(incidents, &query(Selection::default()), &PageInputs::default());
    assert_eq!((pages.now.reported(), pages.now.resolved), (0, 0));
    assert_eq!((pages.excluded.merged, pages.excluded.false_alarms), (1, 1));
    let before = pages.excluded_before;
    assert_eq!((before.false_alarms, before.reclassified, before.merged), (1, 1, 0));
}

#[test]
fn hours_and_weekdays_are_those_of_the_viewer() {
    let mut query = query(Selection::default());
    let incidents = || vec![(fact(1, 0, None, None), History::default())];
    let cell_of = |pages: &Pages| {
        let (day, hours) =
            pages.heat.iter().enumerate().find(|(_, h)| h.iter().any(|n| *n > 0)).unwrap();
        (day, hours.iter().position(|n| *n > 0).unwrap())
    };
    let utc = cell_of(&compute(incidents(), &query, &PageInputs::default()));
    query.offsets = Offsets { base_s: 0, changes: vec![(at(-10), 3600)] };
    let shifted = cell_of(&compute(incidents(), &query, &PageInputs::default()));
    assert_eq!(shifted, (utc.0, utc.1 + 1));
    // The offset before its change.
    query.offsets.changes = vec![(at(10), 3600)];
    assert_eq!(cell_of(&compute(incidents(), &query, &PageInputs::default())), utc);
}

/// 99.9 % over 30 days allow 30 × 1440 × 0.001 = 43.2 minutes. There were outages from −600 to −570 and
/// from −580 to −565 minutes, which is 35 minutes together, and one that lasts since 5 minutes: 40 in all,
/// 92.5 % of the budget. In the last hour 5 of 60 minutes were used, where 0.06 are allowed: 83.3 times
/// that. 3.2 minutes remain, which last 3.2 × 60 / 5 = 38.4 minutes.
#[test]
fn budget_is_the_one_worked_out_on_paper() {
    let outage = |from: i64, to: Option<i64>| Outage {
        start_ms: from * MINUTE,
        end_ms: to.map(|to| to * MINUTE),
    };
    let outages = vec![outage(-600, Some(-570)), outage(-580, Some(-565)), outage(-5, None)];
    let objective =
        Objective { service: "checkout".into(), allowed_ppm: 1000, window_days: 30, alert: false };
    let budgets = compute_budgets(&[(objective, outages)], 0);
    assert_eq!(
        budgets,
        [Budget {
            service: "checkout".into(),
            target: "99.9".into(),
            window_days: 30,
            allowed_ms: 2_592_000,
            down_ms: 40 * MINUTE,
            used_permille: 925,
            burn_1h_permille: 83_333,
            burn_6h_permille: 13_888,
            exhausted_in_ms: Some(2_304_000),
        }]
    );
}

#[rstest]
#[case("99.9", Some(1000))]
#[case("99.95", Some(500))]
#[case("99.9999", Some(1))]
#[case(" 95 % ", Some(50_000))]
#[case("100", None)]
#[case("0", None)]
#[case("99.99999", None)]
#[case("-1", None)]
#[case("99,9", None)]
#[case("", None)]
fn target_is_a_share_of_the_time(#[case] text: &str, #[case] allowed: Option<u32>) {
    assert_eq!(Objective::parse_target(text), allowed);
}

#[test]
fn unused_budget_is_never_exhausted() {
    let objective =
        Objective { service: "search".into(), allowed_ppm: 500, window_days: 7, alert: false };
    let budget = compute_budgets(&[(objective, Vec::new())], 0).remove(0);
    assert_eq!((budget.down_ms, budget.used_permille, budget.exhausted_in_ms), (0, 0, None));
    assert_eq!(union_ms(&[Outage { start_ms: 5, end_ms: Some(5) }], 0, 10), 0);
}

#[test]
fn load_of_people_has_nights_interruptions_and_hours() {
    let call = |person: &str, minute: i64| Call { person: person.into(), at_ms: ms(minute) };
    let shift = |person: &str, from: i64, to: i64| Shift {
        person: person.into(),
        from_ms: ms(from),
        to_ms: ms(to),
    };
    // The window begins at 08:00 UTC or so; an offset moves it to where the test wants it.
    let night =
        22 * 3600 - at(0).time().signed_duration_since(chrono::NaiveTime::MIN).num_seconds();
    let inputs = PageInputs {
        calls: vec![
            call("ines", 0),
            call("ines", 10),
            call("ines", 25),
            call("ines", 41),
            call("tariq", -5),
            call("tariq", 700),
        ],
        shifts: vec![shift("ines", -100, 60), shift("ines", 30, 90), shift("mei", 0, 10)],
        ..PageInputs::default()
    };
    let mut query = query(Selection::default());
    query.offsets.base_s = i32::try_from(night).unwrap();
    let people = compute(Vec::new(), &query, &inputs).people;
    let loads: Vec<_> = people
        .iter()
        .map(|p| (p.person.as_str(), p.pages, p.by_night, p.interruptions, p.pages_before))
        .collect();
    assert_eq!(loads, [("ines", 4, 4, 2, 0), ("tariq", 1, 0, 1, 1), ("mei", 0, 0, 0, 0)]);
    assert_eq!(people[0].on_call_ms, 90 * MINUTE);
    assert_eq!(people[2].on_call_ms, 10 * MINUTE);
}

fn fold(events: &[Event]) -> History {
    let mut fold = HistoryFold::default();
    for event in events {
        fold.apply(event).unwrap();
    }
    fold.finish().unwrap()
}

/// Detected at minute 0, resolved at 30, reopened at 50, resolved at 60: out for 40 minutes. Nobody had it
/// until minute 5. An update was promised for minute 20 and came at 15; the next one for 25 did not come
/// before the resolution.
#[test]
fn history_has_the_time_out_and_the_promises() {
    let mut bench = Bench::with(declaration("Card payments fail"));
    let update = |minutes| IncidentCommand::UpdateStakeholders {
        message: "We are on it.".into(),
        next_due: Some(at(minutes)),
        public: None,
    };
    bench.ask(5, IncidentCommand::Assign { to: Some(ines()) });
    bench.ask(6, update(20)).ask(15, update(25));
    bench.resolve(30);
    bench.ask(50, IncidentCommand::Reopen { reason: "it is back".into() });
    bench.ask(60, resolve());
    let history = fold(&bench.events);
    let detected = declaration("").detected_at;
    assert_eq!(history.out_ms, (at(30) - detected + TimeDelta::minutes(10)).num_milliseconds());
    assert_eq!((history.updates_met, history.updates_missed), (1, 1));
    assert_eq!((history.reopened, history.review), (1, ReviewProgress::Missing));
    assert_eq!(history.update_due_ms, None);
}

#[rstest]
#[case(10, 5, Some(100))]
#[case(5, 10, Some(-50))]
#[case(3, 0, None)]
#[case(201, 200, Some(1))]
#[case(199, 200, Some(-1))]
fn changes_are_rounded_away_from_zero(
    #[case] now: i64,
    #[case] before: i64,
    #[case] percent: Option<i64>,
) {
    assert_eq!(relative_change(now, before), percent);
}

#[test]
fn thin_bases_have_no_change() {
    let few = vec![
        (fact(1, 10, Some(20), None), History::default()),
        (fact(2, -10, Some(-9), None), History::default()),
    ];
    let sheet = Sheet::new(
        Page::Times,
        &compute(few, &query(Selection::default()), &PageInputs::default()),
        None,
    );
    let mtta = &sheet.tables[0].rows[1];
    assert_eq!((mtta.label.as_str(), mtta.is_thin), ("MTTA", true));
    assert_eq!(mtta.cells[1].value, Value::Missing);
    let many = |reported: i64, minutes: i64| {
        (0..5).map(move |n| (fact(n, reported, Some(reported + minutes), None), History::default()))
    };
    let incidents = many(10, 20).chain(many(-50, 10)).collect();
    let sheet = Sheet::new(
        Page::Times,
        &compute(incidents, &query(Selection::default()), &PageInputs::default()),
        None,
    );
    let change = &sheet.tables[0].rows[1].cells[1];
    assert_eq!((&change.value, change.tone), (&Value::Number(100), Tone::Worse));
}

#[test]
fn every_page_has_its_tables_and_says_what_it_means() {
    let incidents = vec![(fact(1, 10, Some(14), Some(40)), History::default())];
    let pages = compute(incidents, &query(Selection::default()), &PageInputs::default());
    for page in Page::ALL {
        let sheet = Sheet::new(*page, &pages, Some(Dimension::Service));
        assert!(!sheet.tables.is_empty() && !sheet.headline.is_empty(), "{page}");
        assert!(!page.definitions().is_empty(), "{page}");
        for table in &sheet.tables {
            for row in &table.rows {
                assert_eq!(row.cells.len(), table.columns.len(), "{page}: {}", row.label);
            }
        }
        let markdown = sheet.markdown("30 d");
        assert!(markdown.starts_with("## ") && markdown.contains("| --- |"), "{markdown}");
    }
}

#[test]
fn figures_lead_to_the_incidents_behind_them() {
    let incidents = vec![(fact(1, 10, Some(14), Some(40)), History::default())];
    let pages = compute(incidents, &query(Selection::default()), &PageInputs::default());
    let sheet = Sheet::new(Page::Volume, &pages, Some(Dimension::Service));
    let behind: Vec<_> = sheet.rows().map(|row| (row.label.as_str(), row.behind.clone())).collect();
    let reported = |more: &str| {
        let (from, to) = (at(0).to_rfc3339(), at(1000).to_rfc3339());
        let on = format!("on:{from}/{to}").replace("+00:00", "Z");
        Some(Behind::Filter(format!("is:any {on} {more}")))
    };
    assert!(behind.contains(&("P2", reported("p2"))), "{behind:?}");
    assert!(behind.contains(&("checkout", reported("service:checkout"))), "{behind:?}");
}

#[test]
fn totals_of_nothing_are_nothing() {
    let pages = compute(Vec::new(), &query(Selection::default()), &PageInputs::default());
    assert_eq!(pages.now.mttr.times, Times::default());
    assert_eq!((pages.now.resolve_all().percent(), pages.recurring_total), (None, 0));
    assert!(SelectionKeys::default().matches(&fact(1, 0, None, None), &History::default()));
    assert_eq!(pages.at, at(1000).with_timezone(&Utc));
}
