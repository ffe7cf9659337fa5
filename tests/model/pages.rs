//! The pages of measures, compared with an example calculated by hand.

use chrono::Utc;
use redphone::model::directory::{Directory, Service};
use redphone::model::filter::Filter;
use redphone::model::measures::pages::{
    Budget, Call, Dimension, History, Objective, Offsets, Outage, PageInputs, Pages, PagesQuery,
    Selection, SelectionKeys, Shift, all_objectives, compute_budgets, compute_pages, union_ms,
};
use redphone::model::measures::report::MeasuresReport;
use redphone::model::measures::sheet::{
    Behind, Page, Sheet, Tone, Value, relative_change, reported_in_hour,
};
use redphone::model::measures::{Compliance, Counted, Fact, Times, Window};
use redphone::model::status::Source;
use redphone::model::{Priority, Rules};
use rstest::rstest;

use crate::support::model::at;

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
        mute: <_>::default(),
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

/// Calculated by hand. The window is the minutes 0 to 1000; every incident is detected a minute
/// before it is reported.
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
            // All of it was in the last of 30 days.
            trend: [vec![0; 29], vec![925]].concat(),
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

/// A service that the settings name has their objective, and another one that of the directory: 99.95 %, which
/// is 500 millionths, over 30 days.
#[test]
fn objectives_of_the_directory_follow_those_of_the_settings() {
    let service = |name: &str, objective: Option<u32>| Service {
        name: name.into(),
        team: "payments".into(),
        depends_on: Vec::new(),
        runbook: None,
        objective,
        public_name: None,
    };
    let services = vec![
        service("Checkout", Some(99_900)),
        service("search", Some(99_950)),
        service("x", None),
    ];
    let directory = Directory { services, ..Directory::default() };
    let set =
        Objective { service: "checkout".into(), allowed_ppm: 5000, window_days: 7, alert: true };
    let of_search =
        Objective { service: "search".into(), allowed_ppm: 500, window_days: 30, alert: false };
    assert_eq!(all_objectives(std::slice::from_ref(&set), &directory), [set, of_search]);
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
    // The window begins at 08:00 UTC or so; an offset moves it to the time that the test needs.
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
    let pages = compute(Vec::new(), &query, &inputs);
    let by_bucket: Vec<_> = pages.buckets.iter().map(|b| (b.pages, b.by_night)).collect();
    assert_eq!(by_bucket, [(4, 4), (1, 0)]);
    let people = pages.people;
    let loads: Vec<_> = people
        .iter()
        .map(|p| (p.person.as_str(), p.pages, p.by_night, p.interruptions, p.pages_before))
        .collect();
    assert_eq!(loads, [("ines", 4, 4, 2, 0), ("tariq", 1, 0, 1, 1), ("mei", 0, 0, 0, 0)]);
    assert_eq!(people[0].on_call_ms, 90 * MINUTE);
    assert_eq!(people[2].on_call_ms, 10 * MINUTE);
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

/// The suffix of every filter of counted incidents.
const COUNTED: &str = "-status:merged -status:reclassified";

/// A window from minute 0 to 1000, in which one incident was acknowledged after 30 minutes, where 15 are
/// allowed, and resolved 32 minutes after its detection, where 240 are allowed.
#[test]
fn rows_lead_to_what_their_figures_rest_on() {
    let incidents = vec![(fact(1, 10, Some(40), Some(41)), History::default())];
    let pages = compute(incidents, &query(Selection::default()), &PageInputs::default());
    let behind = |page, label: &str| {
        let sheet = Sheet::new(page, &pages, Some(Dimension::Service));
        let row = sheet.rows().find(|row| row.label == label).unwrap();
        row.behind.clone()
    };
    let filter = |text: &str| {
        let span = "2026-03-02T08:00:00Z/2026-03-03T00:40:00Z";
        let text = format!("is:any {} {COUNTED}", text.replace('@', span));
        assert!(text.parse::<Filter>().is_ok(), "{text}");
        Some(Behind::Filter(text))
    };
    assert_eq!(behind(Page::Levels, "acknowledged"), filter("on:@ missed:acknowledge"));
    assert_eq!(behind(Page::Levels, "resolved"), filter("on:@"));
    assert_eq!(behind(Page::Levels, "P2"), filter("on:@ missed:acknowledge-p2"));
    assert_eq!(behind(Page::Levels, "P1"), filter("on:@ p1"));
    assert_eq!(
        behind(Page::Levels, "checkout"),
        filter("on:@ primary:checkout missed:acknowledge")
    );
    assert_eq!(behind(Page::Times, "MTTD"), filter("on:@ began>0s"));
    assert_eq!(behind(Page::Times, "MTTA"), filter("on:@ -is:never-acknowledged"));
    assert_eq!(behind(Page::Times, "MTTR"), filter("resolved:@"));
    assert_eq!(behind(Page::Times, "checkout"), filter("resolved:@ primary:checkout"));
    assert_eq!(behind(Page::Times, "30m–1h"), filter("resolved:@ -took<1800s took<3600s"));
    assert_eq!(behind(Page::Times, "> 3d"), None);
    assert_eq!(behind(Page::Practice, "P1 and P2 reviewed"), filter("resolved:@ p1 p2"));
    assert_eq!(behind(Page::Practice, "without a team"), filter("on:@ team:none"));
}

/// 2026-03-02 is a Monday, and the window ends on Tuesday at 00:40 UTC. Two hours west of UTC it is still
/// Monday then; the clocks of the third zone go forward by an hour at 22:30.
#[rstest]
#[case(0, &[], "Mo", "on:2026-03-02T08:00:00Z/2026-03-03T00:00:00Z")]
#[case(0, &[], "Tu", "on:2026-03-03T00:00:00Z/2026-03-03T00:40:00Z")]
#[case(-7200, &[], "Mo", "on:2026-03-02T08:00:00Z/2026-03-03T00:40:00Z")]
#[case(0, &[(870, 3600)], "Mo", "on:2026-03-02T08:00:00Z/2026-03-02T23:00:00Z")]
fn days_of_the_week_are_those_of_the_viewer(
    #[case] base_s: i32,
    #[case] changes: &[(i64, i32)],
    #[case] day: &str,
    #[case] expected: &str,
) {
    let incidents = [10, 980].map(|minute| (fact(1, minute, None, None), History::default()));
    let changes = changes.iter().map(|(minute, offset)| (at(*minute), *offset)).collect();
    let mut query = query(Selection::default());
    query.offsets = Offsets { base_s, changes };
    let pages = compute(incidents.to_vec(), &query, &PageInputs::default());
    let sheet = Sheet::new(Page::Volume, &pages, None);
    let row = sheet.rows().find(|row| row.label == day).unwrap();
    let filter = Behind::Filter(format!("is:any {expected} {COUNTED}"));
    assert_eq!(row.behind, Some(filter));
}

/// The window is two weeks from Monday, 2026-03-02, at 08:00 UTC. With the offset of an hour it is 10 o'clock at 09:00
/// UTC, or until the clock goes on to 11:30 at 09:30 UTC of the first day.
#[rstest]
#[case(0, &[], 9, "on:2026-03-02T09:00:00Z/2026-03-02T10:00:00Z on:2026-03-09T09:00:00Z/2026-03-09T10:00:00Z")]
#[case(3600, &[], 10, "on:2026-03-02T09:00:00Z/2026-03-02T10:00:00Z on:2026-03-09T09:00:00Z/2026-03-09T10:00:00Z")]
#[case(3600, &[(90, 7200)], 10, "on:2026-03-02T09:00:00Z/2026-03-02T09:30:00Z on:2026-03-09T08:00:00Z/2026-03-09T09:00:00Z")]
#[case(5400, &[(75, 1800)], 9, "on:2026-03-02T08:00:00Z/2026-03-02T08:30:00Z on:2026-03-02T09:15:00Z/2026-03-02T09:30:00Z on:2026-03-09T08:30:00Z/2026-03-09T09:30:00Z")]
fn hour_of_a_weekday_leads_to_its_incidents(
    #[case] base_s: i32,
    #[case] changes: &[(i64, i32)],
    #[case] hour: usize,
    #[case] expected: &str,
) {
    // 09:15 of the first day.
    let incidents = vec![(fact(1, 75, None, None), History::default())];
    let changes = changes.iter().map(|(minute, offset)| (at(*minute), *offset)).collect();
    let mut query = query(Selection::default());
    query.window = Window { from: at(0), to: at(14 * 1440), edges: vec![at(0)] };
    query.offsets = Offsets { base_s, changes };
    let pages = compute(incidents, &query, &PageInputs::default());
    assert_eq!(pages.heat[0][hour], 1);
    let filter = format!("is:any {expected} {COUNTED}");
    assert!(filter.parse::<Filter>().is_ok(), "{filter}");
    assert_eq!(reported_in_hour(&pages, 0, hour), Some(Behind::Filter(filter)));
    assert_eq!(reported_in_hour(&pages, 1, hour), None, "nothing was reported then");
    assert_eq!(reported_in_hour(&pages, 7, 24), None);
}

/// A month is compared with the month before, also one of a zone: that of an hour ahead begins at 23:00 UTC. The
/// incident of the day before its end is in February; the one an hour before its start is in January.
#[test]
fn month_is_compared_with_that_of_the_zone() {
    let day = 1440;
    let (from, to) = (at(-1980), at(-1980 + 31 * day));
    let mut query = query(Selection::default());
    query.window = Window { from, to, edges: vec![from] };
    query.offsets = Offsets { base_s: 3600, changes: Vec::new() };
    let minutes = [-1979, -1981, -1980 - 28 * day, -1980 - 28 * day - 60];
    let incidents = minutes.map(|minute| (fact(1, minute, None, None), History::default()));
    let pages = compute(incidents.to_vec(), &query, &PageInputs::default());
    assert_eq!((pages.now.reported(), pages.before.reported()), (1, 2));
    assert_eq!(pages.previous().from, at(-1980 - 28 * day));
    // At minute 1000 the month has not ended, so that its counts are not compared.
    assert!(pages.is_running());
    let report =
        MeasuresReport { pages: &pages, by: Dimension::Service, records: None, period: None };
    assert_eq!(report.title(), "Incidents in March 2026");
    assert_eq!(
        report.about(),
        "2026-03-01 00:00 – 2026-04-01 00:00 UTC+1, against the time from 2026-02-01 00:00"
    );
}

/// 8 incidents are reported before and 6 in a window: fewer by 25 percent, once it has ended.
#[rstest]
#[case(1000, Value::Number(-25), Tone::Better)]
#[case(1100, Value::Missing, Tone::Plain)]
fn counts_of_a_window_are_compared_once_it_has_ended(
    #[case] to: i64,
    #[case] expected: Value,
    #[case] tone: Tone,
) {
    let minutes = (1..=6).chain(-8..=-1);
    let incidents = minutes.map(|minute| (fact(1, minute, None, None), History::default()));
    let mut query = query(Selection::default());
    query.window.to = at(to);
    let pages = compute(incidents.collect(), &query, &PageInputs::default());
    let sheet = Sheet::new(Page::Volume, &pages, None);
    let all = sheet.rows().find(|row| row.label == "all").unwrap();
    assert_eq!((all.cells[1].value.clone(), all.cells[1].tone), (expected, tone));
    assert_eq!(sheet.tone, tone);
    assert_eq!(sheet.notes.len(), if to > 1000 { 2 } else { 1 });
}

/// 25 faults caused two incidents each. 20 of them are listed.
#[test]
fn incidents_of_all_recurring_faults_are_counted() {
    let incidents = (0..50).map(|n| {
        let fact = Fact { fingerprint: n / 2, ..fact(n + 1, 10, None, None) };
        (fact, History::default())
    });
    let pages = compute(incidents.collect(), &query(Selection::default()), &PageInputs::default());
    let sheet = Sheet::new(Page::Recurring, &pages, None);
    assert_eq!(sheet.headline, "25 faults came back: 50 incidents");
    assert_eq!(sheet.notes[0], "20 of 25 are listed");
}

/// Each page has a chart, that of volume two, and each chart a name that programs can read aloud.
#[test]
fn report_as_html_has_the_charts_of_the_pages() {
    let incidents = (1..=5).map(|n| (fact(n, 10, Some(11), Some(12)), History::default()));
    let objective = Objective {
        service: "<check> & \"out\"".into(),
        allowed_ppm: 1000,
        window_days: 30,
        alert: false,
    };
    let outage = Outage { start_ms: ms(0), end_ms: Some(ms(7)) };
    let inputs = PageInputs {
        objectives: vec![(objective, vec![outage])],
        calls: vec![Call { person: "ines".into(), at_ms: ms(20) }],
        ..PageInputs::default()
    };
    let pages = compute(incidents.collect(), &query(Selection::default()), &inputs);
    let html =
        MeasuresReport { pages: &pages, by: Dimension::Service, records: None, period: None }
            .to_html();
    assert_eq!(html.matches("<svg class=\"chart\"").count(), 9);
    assert_eq!(html.matches("role=\"img\" aria-label=\"").count(), 9);
    let volume = "aria-label=\"Incidents reported by hour: P1 0, P2 5, P3 0, P4 0; at most 5, in the hour from \
                  03-02 08:00\"";
    assert!(html.contains(volume), "{html}");
    assert!(html.contains("&lt;check&gt; &amp; &quot;out"), "{html}");
    assert!(!html.contains("<check>") && !html.contains("NaN"));
    let nothing = compute(Vec::new(), &query(Selection::default()), &PageInputs::default());
    let html =
        MeasuresReport { pages: &nothing, by: Dimension::Service, records: None, period: None }
            .to_html();
    assert!(!html.contains("<svg class=\"chart\""), "there is nothing to draw");
}

/// 5 incidents are no thin base, even where there is nothing before to compare with.
#[test]
fn row_is_thin_only_where_its_own_figure_is() {
    let many = (1..=5).map(|n| (fact(n, 10, Some(11), Some(12)), History::default()));
    let pages = compute(many.collect(), &query(Selection::default()), &PageInputs::default());
    for page in [Page::Levels, Page::Practice] {
        let sheet = Sheet::new(page, &pages, None);
        let labels = ["acknowledged", "resolved", "P2", "without a team"];
        let rows: Vec<_> =
            sheet.rows().filter(|row| labels.contains(&row.label.as_str())).collect();
        assert!(!rows.is_empty() && rows.iter().all(|row| !row.is_thin), "{page}");
    }
    let few = (1..=4).map(|n| (fact(n, 10, Some(11), Some(12)), History::default()));
    let pages = compute(few.collect(), &query(Selection::default()), &PageInputs::default());
    let sheet = Sheet::new(Page::Levels, &pages, None);
    assert!(sheet.rows().any(|row| row.label == "resolved" && row.is_thin));
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
        Some(Behind::Filter(format!("is:any {on} {more} {COUNTED}")))
    };
    assert!(behind.contains(&("P2", reported("p2"))), "{behind:?}");
    assert!(behind.contains(&("checkout", reported("primary:checkout"))), "{behind:?}");
}

#[test]
fn totals_of_nothing_are_nothing() {
    let pages = compute(Vec::new(), &query(Selection::default()), &PageInputs::default());
    assert_eq!(pages.now.mttr.times, Times::default());
    assert_eq!((pages.now.resolve_all().percent(), pages.recurring_total), (None, 0));
    assert!(SelectionKeys::default().matches(&fact(1, 0, None, None), &History::default()));
    assert_eq!(pages.at, at(1000).with_timezone(&Utc));
}
