//! From entries to shifts: every recurrence of an entry, and one person at a time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::entry::Entry;
use super::people::{CalendarPeople, Meant};
use super::problems::{MAX_SHIFTS, Problems};
use super::times::CalendarTime;
use crate::model::oncall::CalendarShift;
use crate::model::text::sanitize;

/// The most times of all entries together that are read.
const MAX_INSTANCES: usize = 10_000;
/// The most steps of all rules together that are followed.
const MAX_STEPS: u32 = 1_000_000;

/// One time of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Instance {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    meant: Meant,
}

/// Returns the times of all entries between two times.
pub(super) fn instances(
    entries: &[Entry],
    people: &CalendarPeople<'_>,
    span: (DateTime<Utc>, DateTime<Utc>),
    problems: &mut Problems,
) -> Vec<Instance> {
    let entries = latest(entries);
    let mut replaced: BTreeMap<&str, BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    for entry in &entries {
        if let Some(time) = &entry.replaces {
            replaced.entry(&entry.uid).or_default().insert(time.utc());
        }
    }
    let (mut instances, mut steps) = (Vec::new(), MAX_STEPS);
    for entry in entries.iter().filter(|entry| !entry.is_cancelled) {
        let none = BTreeSet::new();
        let replaced = replaced.get(entry.uid.as_str()).filter(|_| entry.replaces.is_none());
        let starts = starts(entry, replaced.unwrap_or(&none), span, &mut steps, problems);
        if starts.is_empty() {
            continue;
        }
        let meant = people.meant_by(entry);
        if let Meant::Unknown(name) = &meant {
            problems.add(&format!("{:?} is nobody of the directory", sanitize(name)));
        }
        for start in starts {
            if instances.len() >= MAX_INSTANCES {
                problems.add(&format!("only the first {MAX_INSTANCES} times are read"));
                return instances;
            }
            let (from, to) = (start.utc().max(span.0), entry.length.end_of(&start).min(span.1));
            if from < to {
                instances.push(Instance { from, to, meant: meant.clone() });
            }
        }
    }
    instances
}

/// Returns the last version of each entry: a calendar may have several with the same id.
fn latest(entries: &[Entry]) -> Vec<&Entry> {
    // By the id of the entry and the instance that is replaced: the entry and its number.
    type Versions<'a> = BTreeMap<(&'a str, Option<DateTime<Utc>>), (usize, i64)>;
    let mut versions = Versions::new();
    let key = |entry: &'_ Entry| entry.replaces.as_ref().map(CalendarTime::utc);
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.uid.is_empty()) {
        let version = versions.entry((&entry.uid, key(entry))).or_insert((at, entry.sequence));
        if entry.sequence >= version.1 {
            *version = (at, entry.sequence);
        }
    }
    let is_latest = |at: usize, entry: &Entry| {
        let version = versions.get(&(entry.uid.as_str(), key(entry)));
        version.is_none_or(|(latest, _)| *latest == at)
    };
    entries.iter().enumerate().filter(|(at, entry)| is_latest(*at, entry)).map(|(_, e)| e).collect()
}

/// Returns when an entry begins, each time that it ends after the start of the span.
fn starts(
    entry: &Entry,
    replaced: &BTreeSet<DateTime<Utc>>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    steps: &mut u32,
    problems: &mut Problems,
) -> Vec<CalendarTime> {
    let mut starts: BTreeMap<DateTime<Utc>, CalendarTime> = BTreeMap::new();
    let is_in = |start: &CalendarTime| entry.length.end_of(start) > from && start.utc() < to;
    let mut is_cut = false;
    match &entry.recurrence {
        None => {
            let start = entry.start.clone();
            starts.extend(is_in(&start).then(|| (start.utc(), start)));
        }
        Some(recurrence) => {
            let is_complete = recurrence.each(&entry.start, |local| {
                let start = entry.start.with_local(local);
                let at = start.utc();
                *steps = steps.saturating_sub(1);
                is_cut = *steps == 0 || starts.len() >= MAX_INSTANCES;
                if is_in(&start) {
                    starts.insert(at, start);
                }
                at < to && !is_cut
            });
            is_cut |= !is_complete;
        }
    }
    if is_cut {
        let summary = sanitize(&entry.summary);
        problems.add(&format!("{summary:?} comes again too often: not all of it is read"));
    }
    for time in entry.more_times.iter().filter(|time| is_in(time)) {
        starts.insert(time.utc(), time.clone());
    }
    for time in &entry.excluded {
        if time.is_day {
            starts.retain(|_, start| start.local.date() != time.local.date());
        } else {
            starts.remove(&time.utc());
        }
    }
    starts.retain(|at, _| !replaced.contains(at));
    starts.into_values().collect()
}

/// Returns shifts with one person at a time: where several overlap the one that began last counts,
/// and a person who can be called takes precedence over an unknown name.
pub(super) fn flatten(mut instances: Vec<Instance>, problems: &mut Problems) -> Vec<CalendarShift> {
    instances.sort_by_key(|instance| instance.from);
    let edges: BTreeSet<DateTime<Utc>> =
        instances.iter().flat_map(|instance| [instance.from, instance.to]).collect();
    let edges: Vec<DateTime<Utc>> = edges.into_iter().collect();
    let mut shifts: Vec<CalendarShift> = Vec::new();
    let (mut next, mut running): (usize, Vec<&Instance>) = (0, Vec::new());
    for span in edges.windows(2) {
        let &[from, to] = span else { continue };
        running.retain(|instance| instance.to > from);
        while let Some(instance) = instances.get(next).filter(|instance| instance.from <= from) {
            running.push(instance);
            next += 1;
        }
        let is_person = |instance: &Instance| matches!(instance.meant, Meant::Person(_));
        // The last of those that are greatest, which is the one that began last.
        let Some(instance) = running.iter().max_by_key(|instance| is_person(instance)) else {
            continue;
        };
        let (Meant::Person(person) | Meant::Unknown(person)) = &instance.meant;
        let is_full = shifts.len() >= MAX_SHIFTS;
        match shifts.last_mut() {
            Some(last) if last.to == from && last.person == *person => last.to = to,
            _ if is_full => {
                problems.add(&format!("only the first {MAX_SHIFTS} shifts are read"));
                break;
            }
            _ => shifts.push(CalendarShift { from, to, person: person.clone() }),
        }
    }
    shifts
}
