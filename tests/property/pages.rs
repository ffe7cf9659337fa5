//! The pages of measures against a slow computation of their own: every figure by its definition, over
//! plain lists.

use chrono::TimeDelta;
use proptest::prelude::*;
use redphone::model::decide::{Context, decide};
use redphone::model::measures::pages::{
    Bucket, Dimension, History, HistoryFold, Objective, Offsets, Outage, PageFigures, PageInputs,
    PagesQuery, ReviewProgress, Selection, TimeMeasure, compute_pages, union_ms,
};
use redphone::model::measures::{Compliance, Counted, Fact, FactVerdict, Window};
use redphone::model::signals::{Burn, BurnWindow};
use redphone::model::status::{Category, Source};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, EventBody, Incident, IncidentCommand, IncidentId,
    PersonRef, Priority, Rules,
};

use crate::support::strategies::{self, ask, declaration, of, start};

fn history() -> impl Strategy<Value = History> {
    (
        (of(Source::ALL), prop::option::of(0i64..900), 0i64..90_000, 0i64..90_000),
        (0u32..3, 0u32..4, 0u32..4, prop::option::of(0i64..2_000_000)),
        (0u8..16, any::<bool>(), any::<bool>()),
        of(&[ReviewProgress::Missing, ReviewProgress::Draft, ReviewProgress::Published]),
    )
        .prop_map(
            |(
                (source, began, out_ms, unowned_ms),
                (reopened, met, missed, due),
                fields,
                review,
            )| {
                let (missing, has_runbook, runbook_used) = fields;
                let start_ms = start().timestamp_millis();
                History {
                    source,
                    began_ms: began.map(|at| start_ms + at * 2000),
                    out_ms,
                    unowned_ms,
                    reopened,
                    updates_met: met,
                    updates_missed: missed,
                    update_due_ms: due.map(|due| start_ms + due),
                    missing,
                    has_runbook,
                    runbook_used,
                    review,
                }
            },
        )
}

fn incident() -> impl Strategy<Value = (Fact, History)> {
    let start_ms = start().timestamp_millis();
    let verdict = || prop::option::of((of(&Priority::ALL), any::<bool>()));
    let counted = of(&[
        Counted::Yes,
        Counted::Yes,
        Counted::Yes,
        Counted::Merged,
        Counted::Reclassified,
        Counted::FalseAlarm,
    ]);
    let times = (
        0i64..2_000_000,
        0i64..1000,
        prop::option::of(-10i64..500_000),
        prop::option::of(-10i64..900_000),
    );
    let fields = (of(&Priority::ALL), prop::option::of(of(Category::ALL)), 0u32..4, 0u32..3);
    (times, fields, counted, 0u64..6, (verdict(), verdict()), history()).prop_map(
        move |(times, fields, counted, fingerprint, verdicts, history)| {
            let (at, early, acknowledged, resolved) = times;
            let (priority, category, service, team) = fields;
            let verdict = |v: Option<(Priority, bool)>| {
                v.map(|(priority, met)| FactVerdict { priority, met })
            };
            let reported_ms = start_ms + at;
            let fact = Fact {
                number: at.unsigned_abs() + 1,
                reported_ms,
                detected_ms: reported_ms - early,
                acknowledged_ms: acknowledged.map(|ms| reported_ms + ms),
                resolved_ms: resolved.map(|ms| reported_ms + ms),
                priority,
                acknowledge_verdict: acknowledged.and(verdict(verdicts.0)),
                resolve_verdict: resolved.and(verdict(verdicts.1)),
                paused_since_ms: None,
                paused_ms: 0,
                mute: <_>::default(),
                category,
                service,
                team,
                counted,
                fingerprint,
            };
            (fact, history)
        },
    )
}

/// Returns mean, median and 90th percentile of durations, by their definitions over a sorted list.
fn statistics(mut durations: Vec<i64>) -> (i64, i64, i64, u64) {
    durations.sort_unstable();
    let count = durations.len();
    if count == 0 {
        return (0, 0, 0, 0);
    }
    let sum: i64 = durations.iter().sum();
    let n = i64::try_from(count).unwrap();
    // Rounded to the nearest, halves up.
    let mean = (sum * 2 + n) / (n * 2);
    let median = if count % 2 == 1 {
        durations[count / 2]
    } else {
        i64::midpoint(durations[count / 2 - 1], durations[count / 2])
    };
    let p90 = *durations
        .iter()
        .find(|d| durations.iter().filter(|other| other <= d).count() * 10 >= count * 9)
        .unwrap();
    (mean, median, p90, count as u64)
}

/// Computes a group's figures of a window in the slowest way: one pass for each figure.
fn check_figures(
    figures: &PageFigures,
    incidents: &[(Fact, History)],
    (from, to): (i64, i64),
    now_ms: i64,
) -> Result<(), TestCaseError> {
    let inside = |ms: i64| from <= ms && ms < to;
    let counted = || incidents.iter().filter(|(fact, _)| fact.counted == Counted::Yes);
    let reported: Vec<_> = counted().filter(|(fact, _)| inside(fact.reported_ms)).collect();
    let resolved: Vec<_> =
        counted().filter(|(fact, _)| fact.resolved_ms.is_some_and(inside)).collect();
    let durations = |measure: TimeMeasure| -> Vec<i64> {
        match measure {
            TimeMeasure::Detect => reported
                .iter()
                .filter_map(|(fact, history)| Some(fact.detected_ms - history.began_ms?))
                .filter(|duration| *duration >= 0)
                .collect(),
            TimeMeasure::Acknowledge => reported
                .iter()
                .filter_map(|(fact, _)| Some((fact.acknowledged_ms? - fact.reported_ms).max(0)))
                .collect(),
            TimeMeasure::Resolve => resolved
                .iter()
                .filter_map(|(fact, _)| Some((fact.resolved_ms? - fact.detected_ms).max(0)))
                .collect(),
            TimeMeasure::Out => resolved.iter().map(|(_, history)| history.out_ms).collect(),
            TimeMeasure::Unowned => {
                resolved.iter().map(|(_, history)| history.unowned_ms).collect()
            }
        }
    };
    for measure in TimeMeasure::ALL {
        let times = figures.timing(measure).times;
        let expected = statistics(durations(measure));
        let computed = (times.mean_ms, times.median_ms, times.p90_ms, times.count);
        prop_assert_eq!(computed, expected, "{}", measure.label());
    }
    let levels = Rules::default().levels;
    for priority in Priority::ALL {
        let volume = reported.iter().filter(|(fact, _)| fact.priority == priority).count();
        prop_assert_eq!(figures.volume[priority.index()], volume as u64);
        let mut acknowledge = Compliance::default();
        let mut resolve = Compliance::default();
        for (fact, _) in &reported {
            let level = levels.for_priority(fact.priority);
            for (clock, ended, done, goal) in [
                (
                    &mut acknowledge,
                    fact.acknowledge_verdict,
                    fact.acknowledged_ms,
                    level.acknowledge_s,
                ),
                (&mut resolve, fact.resolve_verdict, fact.resolved_ms, level.resolve_s),
            ] {
                let due = fact.reported_ms + goal * 1000;
                let judged = match (ended, done) {
                    (Some(verdict), _) => Some((verdict.priority, verdict.met)),
                    (None, Some(done)) => Some((fact.priority, done <= due)),
                    (None, None) if now_ms > due => Some((fact.priority, false)),
                    (None, None) => None,
                };
                match judged.filter(|(judged, _)| *judged == priority) {
                    Some((_, true)) => clock.met += 1,
                    Some((_, false)) => clock.missed += 1,
                    None => {}
                }
            }
        }
        prop_assert_eq!(figures.acknowledge[priority.index()], acknowledge);
        prop_assert_eq!(figures.resolve[priority.index()], resolve);
    }
    let sum = |figure: fn(&History) -> u32| {
        reported.iter().map(|(_, history)| u64::from(figure(history))).sum::<u64>()
    };
    let past_due = reported.iter().filter(|(_, h)| h.update_due_ms.is_some_and(|due| due < now_ms));
    prop_assert_eq!(figures.updates.met, sum(|h| h.updates_met));
    prop_assert_eq!(figures.updates.missed, sum(|h| h.updates_missed) + past_due.count() as u64);
    let count = |test: fn(&(Fact, History)) -> bool| {
        resolved.iter().filter(|incident| test(incident)).count() as u64
    };
    let owes: fn(&(Fact, History)) -> bool = |(fact, _)| fact.priority <= Priority::P2;
    prop_assert_eq!(figures.resolved, resolved.len() as u64);
    prop_assert_eq!(figures.resolved_unacknowledged, count(|(f, _)| f.acknowledged_ms.is_none()));
    prop_assert_eq!(figures.practice.reviews_owed, count(owes));
    let published =
        count(|(f, h)| f.priority <= Priority::P2 && h.review == ReviewProgress::Published);
    prop_assert_eq!(figures.practice.reviews_published, published);
    prop_assert_eq!(figures.practice.reopened, count(|(_, h)| h.reopened > 0));
    prop_assert_eq!(figures.practice.with_runbook, count(|(_, h)| h.has_runbook));
    prop_assert_eq!(figures.practice.runbook_used, count(|(_, h)| h.has_runbook && h.runbook_used));
    let without =
        |bit: u8| reported.iter().filter(|(_, h)| h.missing & (1 << bit) != 0).count() as u64;
    prop_assert_eq!(figures.practice.without_category, without(0));
    prop_assert_eq!(figures.practice.without_team, without(3));
    Ok(())
}

/// Returns the milliseconds that outages cover, from one border of an outage to the next.
fn covered(outages: &[Outage], from: i64, to: i64) -> i64 {
    let mut borders: Vec<i64> = outages
        .iter()
        .flat_map(|o| [o.start_ms, o.end_ms.unwrap_or(to)])
        .chain([from, to])
        .collect();
    borders.sort_unstable();
    borders
        .windows(2)
        .filter(|pair| pair[0] >= from && pair[1] <= to)
        .filter(|pair| {
            outages.iter().any(|o| o.start_ms <= pair[0] && pair[1] <= o.end_ms.unwrap_or(to))
        })
        .map(|pair| pair[1] - pair[0])
        .sum()
}

/// Returns the events of commands, without the refused ones.
fn timeline(
    declared: redphone::model::command::Declaration,
    commands: Vec<(i64, IncidentCommand)>,
) -> Vec<Event> {
    let rules = Rules::default();
    let id = IncidentId::new();
    let envelope = |minute: i64, command: IncidentCommand| Envelope {
        id: CommandId::new(),
        at: start() + TimeDelta::minutes(minute),
        actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
        command: Command::incident(id, command),
        expected_seq: None,
    };
    let context = |minute| Context { now: start() + TimeDelta::minutes(minute), rules: &rules };
    let made = envelope(0, IncidentCommand::Declare(Box::new(declared)));
    let Ok(mut events) = decide(None, &made, context(0)) else { return Vec::new() };
    let mut clock = 0;
    for (step, command) in commands {
        clock += step;
        let incident = Incident::fold(&events).unwrap().unwrap();
        events.extend(
            decide(Some(&incident), &envelope(clock, command), context(clock)).unwrap_or_default(),
        );
    }
    events
}

proptest! {
    #![proptest_config(strategies::config(200))]

    #[test]
    fn every_figure_is_that_of_its_definition(
        incidents in prop::collection::vec(incident(), 0..80),
        by in of(&[Dimension::Priority, Dimension::Category, Dimension::Service, Dimension::Team,
            Dimension::Source]),
        offset in -12i32..13,
    ) {
        let at = |s| start() + TimeDelta::seconds(s);
        let window = Window { from: at(700), to: at(1500), edges: vec![at(700), at(1000), at(1300)] };
        let query = PagesQuery {
            window,
            selection: Selection::default(),
            by: vec![by],
            offsets: Offsets { base_s: offset * 3600, changes: vec![] },
        };
        let (now, rules) = (at(1500), Rules::default());
        let keys = query.selection.keys(&|_, _| None);
        let pages = compute_pages(
            incidents.clone(), &query, &keys, now, &rules.levels, &|key| format!("name {key}"),
            &PageInputs::default(),
        );
        let ms = |s| at(s).timestamp_millis();
        check_figures(&pages.now, &incidents, (ms(700), ms(1500)), ms(1500))?;
        check_figures(&pages.before, &incidents, (ms(-100), ms(700)), ms(1500))?;
        let value = |(fact, history): &(Fact, History)| match by {
            Dimension::Priority => fact.priority.to_string(),
            Dimension::Category => fact.category.map_or("none".into(), |c| c.to_string()),
            Dimension::Service if fact.service == 0 => "none".into(),
            Dimension::Service => format!("name {}", fact.service),
            Dimension::Team if fact.team == 0 => "none".into(),
            Dimension::Team => format!("name {}", fact.team),
            _ => history.source.to_string(),
        };
        for row in &pages.cuts[0].rows {
            let of_row: Vec<_> =
                incidents.iter().filter(|incident| value(incident) == row.name).copied().collect();
            check_figures(&row.now, &of_row, (ms(700), ms(1500)), ms(1500))?;
            check_figures(&row.before, &of_row, (ms(-100), ms(700)), ms(1500))?;
        }
        let rows: u64 = pages.cuts[0].rows.iter().map(|row| row.now.reported()).sum();
        prop_assert_eq!(rows, pages.now.reported());
        for (weekday, hours) in pages.heat.iter().enumerate() {
            for (hour, count) in hours.iter().enumerate() {
                let expected = incidents.iter().filter(|(fact, _)| {
                    use chrono::{Datelike, Timelike};
                    let zone = chrono::FixedOffset::east_opt(offset * 3600).unwrap();
                    let local = chrono::DateTime::from_timestamp_millis(fact.reported_ms)
                        .unwrap()
                        .with_timezone(&zone);
                    fact.counted == Counted::Yes
                        && (ms(700)..ms(1500)).contains(&fact.reported_ms)
                        && local.weekday().num_days_from_monday() as usize == weekday
                        && local.hour() as usize == hour
                });
                prop_assert_eq!(*count, expected.count() as u64);
            }
        }
        let sum = |count: fn(&Bucket) -> u64| pages.buckets.iter().map(count).sum::<u64>();
        let (acknowledge, resolve) = (pages.now.acknowledge_all(), pages.now.resolve_all());
        prop_assert_eq!(sum(|b| b.acknowledge.met), acknowledge.met);
        prop_assert_eq!(sum(|b| b.acknowledge.missed), acknowledge.missed);
        prop_assert_eq!(sum(|b| b.resolve.met), resolve.met);
        prop_assert_eq!(sum(|b| b.resolve.missed), resolve.missed);
        prop_assert_eq!(sum(|b| b.incomplete), pages.now.practice.incomplete);
        prop_assert_eq!(sum(|b| b.volume.iter().sum()), pages.now.reported());
        let in_window = |fact: &Fact| {
            fact.counted == Counted::Yes && (ms(700)..ms(1500)).contains(&fact.reported_ms)
        };
        let of_fault = |fingerprint: u64| {
            incidents.iter().filter(|(f, _)| in_window(f) && f.fingerprint == fingerprint).count()
        };
        let faults = (0..6).filter(|fingerprint| of_fault(*fingerprint) >= 2);
        prop_assert_eq!(pages.recurring_total, faults.count() as u64);
        let recurring: usize = (0..6).map(of_fault).filter(|count| *count >= 2).sum();
        prop_assert_eq!(sum(|b| b.recurring), recurring as u64);
    }

    #[test]
    fn overlapping_outages_count_once(
        spans in prop::collection::vec((0i64..1000, prop::option::of(0i64..300)), 0..20),
        from in 0i64..500,
        length in 1i64..700,
    ) {
        let outages: Vec<Outage> = spans
            .into_iter()
            .map(|(start_ms, length)| Outage { start_ms, end_ms: length.map(|ms| start_ms + ms) })
            .collect();
        let to = from + length;
        prop_assert_eq!(union_ms(&outages, from, to), covered(&outages, from, to));
    }

    /// The time out is counted minute by minute: a minute counts if the record as of its start is not
    /// resolved. All commands happen at full minutes.
    #[test]
    fn time_out_is_that_of_the_minutes_it_was_not_resolved(
        declared in declaration(),
        commands in prop::collection::vec((0i64..4, ask()), 0..30),
    ) {
        let events = timeline(declared, commands);
        prop_assume!(!events.is_empty());
        let mut fold = HistoryFold::default();
        for event in &events {
            fold.apply(event).unwrap();
        }
        let history = fold.finish().unwrap();
        let record = Incident::fold(&events).unwrap().unwrap();
        // The last statement about the begin is valid.
        let began = events.iter().rev().find_map(|event| match &event.body {
            EventBody::ImpactBeganSet { began_at } => Some(*began_at),
            _ => None,
        });
        let began_ms = began.flatten().map(|at| at.timestamp_millis());
        prop_assert_eq!(history.began_ms, began_ms);
        prop_assert_eq!(history.reopened, record.reopened);
        prop_assert_eq!(history.unowned_ms, record.unowned_s * 1000);
        let detected = record.summary.detected_at;
        let last = events.iter().map(|event| event.at).max().unwrap();
        let mut out = 0;
        let mut at = detected;
        let mut spans = 0;
        while at < last {
            let so_far: Vec<&Event> = events.iter().filter(|event| event.at <= at).collect();
            let is_out = so_far.is_empty()
                || Incident::fold(so_far).unwrap().unwrap().summary.resolved_at.is_none();
            out += i64::from(is_out) * 60_000;
            at += TimeDelta::minutes(1);
        }
        // An incident that is not resolved at the end has no time to restore.
        if record.summary.resolved_at.is_none() {
            let mut open_since = detected;
            for count in 2..=events.len() {
                let resolved = |count: usize| {
                    Incident::fold(&events[..count]).unwrap().unwrap().summary.resolved_at
                };
                if resolved(count - 1).is_some() && resolved(count).is_none() {
                    open_since = events[count - 1].at;
                }
            }
            spans = (last - open_since).num_milliseconds();
        }
        prop_assert_eq!(history.out_ms, out - spans);
    }
}

/// Returns for how many seconds of the last `length_s` one of the outages lasted, counted one by one.
fn down_seconds(outages: &[(i64, i64)], length_s: i64) -> i64 {
    let is_down = |second: &i64| outages.iter().any(|(from, to)| from <= second && second < to);
    i64::try_from((-length_s..0).filter(is_down).count()).expect("a small number")
}

proptest! {
    #![proptest_config(strategies::usual())]

    /// Both windows of a budget are over its limit exactly if counting seconds gives the same.
    #[test]
    fn burn_fires_as_counted_second_by_second(
        spans in prop::collection::vec((-22_000i64..0, 0i64..900), 0..6),
        allowed_ppm in of(&[100u32, 500, 1000, 5000, 10_000]),
    ) {
        let outages: Vec<(i64, i64)> =
            spans.iter().map(|(from, length)| (*from, (from + length).min(0))).collect();
        let now = start();
        let now_ms = now.timestamp_millis();
        let in_ms: Vec<Outage> = outages
            .iter()
            .map(|(from, to)| {
                Outage { start_ms: now_ms + from * 1000, end_ms: Some(now_ms + to * 1000) }
            })
            .collect();
        let objective =
            Objective { service: "checkout".into(), allowed_ppm, window_days: 30, alert: true };
        for (window, lengths_s, tenfold) in
            [(BurnWindow::Hour, [3600, 300], 144), (BurnWindow::SixHours, [21_600, 1800], 60)]
        {
            // Downtime of the span, in millionths, compared with the limit times the allowed rate.
            let is_fast = |length_s: &i64| {
                down_seconds(&outages, *length_s) * 10_000_000
                    >= tenfold * length_s * i64::from(allowed_ppm)
            };
            let expected = lengths_s.iter().all(is_fast);
            let burn = Burn::compute(&objective, window, &in_ms, now);
            prop_assert_eq!(burn.fires(), expected, "{:?} {:?}", window, burn);
        }
    }
}
