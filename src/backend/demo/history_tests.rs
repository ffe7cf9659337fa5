//! Tests of properties that the history must have for any seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Utc, Weekday};
use rstest::rstest;

use super::data::DemoData;
use super::history::{History, HistoryOptions};
use crate::backend::record::Record;
use crate::model::change::{Change, find_suspects};
use crate::model::command::Link;
use crate::model::directory::Directory;
use crate::model::measures::fingerprint;
use crate::model::{Actor, Event, EventBody, Incident, Priority, Rules, Status, check};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 11, 15, 9, 26).unwrap()
}

fn data() -> &'static DemoData {
    super::data::load().unwrap()
}

fn options(seed: u64, incidents: u64, open: u64) -> HistoryOptions {
    HistoryOptions { seed, incidents, open, now: now(), rules: Rules::default() }
}

/// A history that was read as an importer reads it.
#[derive(Default)]
struct ReadHistory {
    directory: Directory,
    changes: Vec<Change>,
    problems: BTreeSet<crate::model::ProblemId>,
    incidents: Vec<Incident>,
    events: Vec<Event>,
}

fn read_history(options: HistoryOptions) -> ReadHistory {
    let mut read = ReadHistory::default();
    let mut indexes = BTreeMap::new();
    let mut history = History::new(data(), options);
    for record in &mut history {
        match record {
            Record::Header { .. }
            | Record::End { .. }
            | Record::Command(_)
            | Record::Administration(_)
            | Record::Notification(_)
            | Record::Notice(_)
            | Record::Attempt(_)
            | Record::Alert(_)
            | Record::Contacts(_)
            | Record::MaintenanceWindow(_)
            | Record::Heartbeat(_)
            | Record::Evidence(_)
            | Record::Unknown(_) => {}
            Record::Directory(directory) => read.directory = *directory,
            Record::Problem(problem) => {
                assert!(read.problems.insert(problem.id));
            }
            Record::Change(change) => read.changes.push(change),
            Record::Event(event) => {
                let event = *event;
                check::event(&event).unwrap_or_else(|bad| panic!("{bad}: {event:?}"));
                if let EventBody::Declared { .. } = event.body {
                    assert_eq!(event.seq, 1);
                    indexes.insert(event.incident, read.incidents.len());
                    read.incidents.push(Incident::from_declaration(&event).unwrap());
                } else {
                    let index = indexes[&event.incident];
                    read.incidents[index].apply_next(&event).unwrap();
                }
                read.events.push(event);
            }
        }
    }
    assert_eq!(history.refused(), 0, "the model refused a step of a story");
    read
}

fn share(part: usize, total: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    let share = part as f64 / total.max(1) as f64;
    share
}

#[test]
fn seed_determines_the_records() {
    let lines = |seed| -> Vec<String> {
        History::new(data(), options(seed, 300, 20))
            .map(|r| serde_json::to_string(&r).unwrap())
            .collect()
    };
    let first = lines(7);
    assert_eq!(first, lines(7));
    assert_ne!(first, lines(8));
}

#[rstest]
#[case(0, 0)]
#[case(1, 0)]
#[case(1, 1)]
#[case(5, 20)]
#[case(20, 20)]
#[case(21, 20)]
#[case(400, 0)]
#[case(2400, 20)]
#[case(1500, 300)]
fn history_has_the_requested_number_of_incidents(
    #[case] incidents: u64,
    #[case] open: u64,
    #[values(1, 99)] seed: u64,
) {
    let read = read_history(options(seed, incidents, open));
    assert_eq!(read.incidents.len() as u64, incidents);
    let still = read.incidents.iter().filter(|i| i.summary.status.is_open()).count();
    assert_eq!(still as u64, open.min(incidents));
}

#[test]
fn numbers_ascend_and_nothing_happens_after_now() {
    let read = read_history(options(3, 2400, 20));
    let mut last = now() - TimeDelta::days(600);
    for (incident, number) in read.incidents.iter().zip(1..) {
        assert_eq!(incident.summary.number.map(|n| n.0), Some(number));
        assert!(incident.summary.reported_at >= last);
        last = incident.summary.reported_at;
    }
    assert!(read.events.is_sorted_by_key(|e| e.at));
    assert!(read.events.last().unwrap().at <= now());
    assert!(read.changes.iter().all(|c| c.starts_at <= now()));
    let ids: BTreeSet<_> = read.events.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), read.events.len());
}

#[test]
fn every_reference_names_an_existing_record() {
    let read = read_history(options(4, 2400, 20));
    let changes: BTreeSet<_> = read.changes.iter().map(|c| c.id).collect();
    let numbers: BTreeMap<_, _> =
        read.incidents.iter().map(|i| (i.summary.id, i.summary.number)).collect();
    let teams: BTreeSet<_> = read.directory.teams.iter().map(|t| t.name.as_str()).collect();
    for incident in &read.incidents {
        let summary = &incident.summary;
        assert!(summary.services.iter().all(|s| read.directory.service(s).is_some()));
        assert!(summary.team.as_deref().is_none_or(|team| teams.contains(team)));
        for link in &incident.links {
            match link {
                Link::Change { id, .. } => assert!(changes.contains(id)),
                Link::Problem { id, .. } => assert!(read.problems.contains(id)),
                Link::Incident { id, number } => assert_eq!(numbers[id], *number),
                Link::Url(_) | Link::Unknown(_) => {}
            }
        }
        if let Some((into, number)) = incident.merged_into {
            assert_eq!(numbers[&into], number);
        }
    }
    for event in &read.events {
        if let Actor::Person(person) = &event.actor {
            assert!(read.directory.people.contains(person), "{person:?}");
        }
    }
}

#[test]
fn filled_templates_have_no_braces() {
    for record in History::new(data(), options(5, 2400, 20)) {
        let text = match &record {
            Record::Event(event) => event.body.detail(),
            Record::Change(change) => change.title.clone(),
            Record::Problem(p) => format!("{} {} {}", p.title, p.cause, p.workaround),
            _ => continue,
        };
        assert!(!text.contains(['{', '}']), "{text}");
    }
}

#[test]
fn history_has_quiet_weekends_recurring_faults_and_few_p1() {
    let read = read_history(options(6, 2400, 20));
    let all = read.incidents.len();
    let weekend = read
        .incidents
        .iter()
        .filter(|i| matches!(i.summary.reported_at.weekday(), Weekday::Sat | Weekday::Sun))
        .count();
    assert!(share(weekend, all) < 0.2, "{weekend} of {all}");

    let count = |p| read.incidents.iter().filter(|i| i.summary.priority == p).count();
    assert!((0.005..0.04).contains(&share(count(Priority::P1), all)), "{}", count(Priority::P1));
    assert!((0.05..0.2).contains(&share(count(Priority::P2), all)), "{}", count(Priority::P2));

    let recent =
        read.incidents.iter().filter(|i| i.summary.reported_at > now() - TimeDelta::days(30));
    let mut groups: BTreeMap<u64, usize> = BTreeMap::new();
    for incident in recent {
        let summary = &incident.summary;
        let key = incident.dedup_key.as_deref();
        *groups
            .entry(fingerprint(key, summary.primary_service(), summary.category, &summary.title))
            .or_default() += 1;
    }
    assert!(groups.values().filter(|count| **count >= 3).count() >= 3, "{groups:?}");

    let linked = read
        .incidents
        .iter()
        .filter(|i| i.links.iter().any(|l| matches!(l, Link::Problem { .. })))
        .count();
    assert!(share(linked, all) > 0.05, "{linked}");
    let with =
        |wanted: Status| read.incidents.iter().filter(|i| i.summary.status == wanted).count();
    assert!(with(Status::Merged) > 20);
    assert!(with(Status::Reclassified) > 50);
    assert!(read.incidents.iter().filter(|i| i.reopened > 0).count() > 10);
    assert!(read.incidents.iter().filter(|i| i.review.published_at.is_some()).count() > 50);
    assert!(read.incidents.iter().filter(|i| i.summary.escalation > 0).count() > 10);
}

#[test]
fn service_levels_are_mostly_met() {
    let read = read_history(options(6, 2400, 20));
    let levels = Rules::default().levels;
    let (mut acknowledged, mut resolved, mut all) = (0, 0, 0);
    for incident in &read.incidents {
        let summary = &incident.summary;
        let level = levels.for_priority(summary.priority);
        if let (Some(ack), Some(done)) = (summary.acknowledged_at, summary.resolved_at) {
            all += 1;
            acknowledged +=
                usize::from((ack - summary.reported_at).num_seconds() < level.acknowledge_s);
            resolved += usize::from((done - summary.reported_at).num_seconds() < level.resolve_s);
        }
    }
    assert!((0.9..0.985).contains(&share(acknowledged, all)), "{acknowledged} of {all}");
    assert!((0.9..0.985).contains(&share(resolved, all)), "{resolved} of {all}");
}

#[test]
fn many_incidents_have_suspected_changes() {
    let read = read_history(options(6, 600, 20));
    let rules = Rules::default();
    let found = read
        .incidents
        .iter()
        .filter(|i| {
            let summary = &i.summary;
            let near: Vec<Change> = read
                .changes
                .iter()
                .filter(|c| (summary.detected_at - c.starts_at).abs() < TimeDelta::hours(6))
                .cloned()
                .collect();
            !find_suspects(&summary.services, summary.detected_at, &near, &read.directory, &rules)
                .is_empty()
        })
        .count();
    assert!((0.15..0.8).contains(&share(found, read.incidents.len())), "{found}");
}

#[test]
fn first_queue_has_every_priority_status_and_special_case() {
    let read = read_history(options(1, 2400, 20));
    let rules = Rules::default();
    let open: Vec<&Incident> =
        read.incidents.iter().filter(|i| i.summary.status.is_open()).collect();
    let any = |what: &dyn Fn(&Incident) -> bool| open.iter().filter(|i| what(i)).count();
    assert!((1..=2).contains(&any(&|i| i.summary.priority == Priority::P1)));
    for priority in Priority::ALL {
        assert!(any(&|i| i.summary.priority == priority) > 0, "{priority}");
    }
    for status in Status::ALL.iter().filter(|s| s.is_open()) {
        assert!(any(&|i| i.summary.status == *status) > 0, "{status}");
    }
    let past = any(&|i| {
        crate::model::service_level::running_clock(&i.summary, &rules.levels)
            .is_some_and(|clock| clock.is_past(now()))
    });
    assert!((1..=3).contains(&past), "{past}");
    assert!(any(&|i| i.summary.paused) > 0);
    assert!(any(&|i| i.summary.is_snoozed(now())) > 0);
    assert!(any(&|i| i.summary.title.chars().any(|c| c > '\u{3000}')) > 0);
    let fresh = now() - TimeDelta::minutes(1);
    assert!(any(&|i| i.summary.status == Status::Triggered && i.summary.reported_at > fresh) > 0);
    assert!(any(&|i| i.summary.assignee.as_ref().is_some_and(|p| p.handle == "ines")) > 0);
}

#[test]
fn open_incidents_never_share_a_deduplication_key() {
    let read = read_history(options(9, 3000, 1000));
    let mut keys = BTreeSet::new();
    for incident in read.incidents.iter().filter(|i| i.summary.status.is_open()) {
        if let Some(key) = &incident.dedup_key {
            assert!(keys.insert(key), "{key}");
        }
    }
}

/// `REDPHONE_TEST_INCIDENTS=1000000` tests the full size.
#[test]
fn large_history_has_few_events_for_each_incident() {
    let incidents = std::env::var("REDPHONE_TEST_INCIDENTS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(30_000);
    let began = Instant::now();
    let (mut declared, mut events, mut over) = (0_u64, 0_u64, 0_u64);
    for record in History::new(data(), options(1, incidents, incidents / 200)) {
        if let Record::Event(event) = record {
            events += 1;
            match event.body {
                EventBody::Declared { .. } => declared += 1,
                EventBody::Resolved { .. }
                | EventBody::MergedInto { .. }
                | EventBody::Reclassified { .. } => over += 1,
                EventBody::Reopened { .. } => over -= 1,
                _ => {}
            }
        }
    }
    let took = began.elapsed();
    eprintln!("{events} events of {declared} incidents in {took:?}");
    assert_eq!(declared, incidents);
    assert_eq!(declared - over, incidents / 200);
    assert!((3..=7).contains(&(events / declared)), "{events}");
}

/// Prints the texts for a manual review: `cargo test --lib history_prints -- --ignored
/// --nocapture`.
#[test]
#[ignore = "for looking at"]
fn history_prints_a_sample() {
    let read = read_history(options(1, 2400, 20));
    eprintln!("{} events, {} changes", read.events.len(), read.changes.len());
    for incident in read.incidents.iter().rev().take(70) {
        let s = &incident.summary;
        eprintln!(
            "{} {} {:13} {:10} {:16} {}",
            s.label(),
            s.priority,
            s.status.as_str(),
            s.reported_at.format("%d %H:%M:%S"),
            s.primary_service().unwrap_or_default(),
            s.title
        );
    }
    let shown = read.incidents.iter().filter(|i| i.summary.priority <= Priority::P2);
    for incident in shown.rev().take(9) {
        eprintln!("\n{} {}", incident.summary.label(), incident.symptoms);
        for event in read.events.iter().filter(|e| e.incident == incident.summary.id) {
            eprintln!(
                "  {} {:12} {:18} {}",
                event.at.format("%d %H:%M:%S"),
                event.body.label(),
                event.actor.name(),
                event.body.detail()
            );
        }
    }
}
