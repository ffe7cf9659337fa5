//! The load of incidents on people: messages, also by night, interruptions, and hours on call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::window::Span;
use super::query::Offsets;
use crate::model::oncall::Schedule;

/// The hours of the night by the viewer's clock: from 22:00 to 07:00.
const NIGHT_FROM: usize = 22;
const NIGHT_TO: usize = 7;
/// Messages to one person within this time of the one before are one interruption, in milliseconds.
const SAME_INTERRUPTION_MS: i64 = 15 * 60_000;

/// A message that was sent to a person because of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The handle of the person.
    pub person: String,
    /// When it was sent, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A span in which somebody is on call, in milliseconds since 1970. The end is excluded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shift {
    /// The handle of the person.
    pub person: String,
    /// Its start.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
}

/// The load of incidents on a person in the window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PersonLoad {
    /// The handle of the person.
    pub person: String,
    /// The number of messages that were sent.
    pub pages: u64,
    /// Those of them between 22:00 and 07:00 by the viewer's clock.
    pub by_night: u64,
    /// The number of interruptions: a message within 15 minutes of the one before belongs to the
    /// same interruption.
    pub interruptions: u64,
    /// For how long the person was on call, for one team or several, in milliseconds.
    pub on_call_ms: i64,
    /// The number of messages in the window before.
    pub pages_before: u64,
}

/// The greatest number of shifts of a schedule that are computed.
const MAX_SHIFTS: usize = 20_000;

/// Returns who is on call by a schedule from one time to another, shift by shift.
#[must_use]
pub fn shifts(schedule: &Schedule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Shift> {
    let mut shifts: Vec<Shift> = Vec::new();
    let mut at = from;
    while at < to && shifts.len() < MAX_SHIFTS {
        let end = schedule.next_change(at).map_or(to, |next| next.min(to));
        let (from_ms, to_ms) = (at.timestamp_millis(), end.timestamp_millis());
        match (schedule.on_call(at), shifts.last_mut()) {
            (Some(person), Some(last)) if last.person == person && last.to_ms == from_ms => {
                last.to_ms = to_ms;
            }
            (Some(person), _) => shifts.push(Shift { person: person.to_owned(), from_ms, to_ms }),
            (None, _) => {}
        }
        at = end;
    }
    shifts
}

/// Returns whether it is night in the viewer's zone at a time in milliseconds since 1970.
#[must_use]
pub fn is_night(at_ms: i64, offsets: &Offsets) -> bool {
    let (_, hour) = offsets.weekday_and_hour(at_ms);
    !(NIGHT_TO..NIGHT_FROM).contains(&hour)
}

/// Computes the load of everybody who was sent a message in either window or was on call in the first:
/// most messages first, then most hours on call.
#[must_use]
pub(super) fn compute_loads(
    calls: &[Call],
    shifts: &[Shift],
    (span, before): (Span, Span),
    offsets: &Offsets,
) -> Vec<PersonLoad> {
    let mut times: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut loads: BTreeMap<&str, PersonLoad> = BTreeMap::new();
    for call in calls {
        if span.contains(call.at_ms) {
            times.entry(&call.person).or_default().push(call.at_ms);
        } else if before.contains(call.at_ms) {
            loads.entry(&call.person).or_default().pages_before += 1;
        }
    }
    for (person, mut times) in times {
        times.sort_unstable();
        let load = loads.entry(person).or_default();
        load.pages = times.len() as u64;
        load.by_night = times.iter().filter(|at| is_night(**at, offsets)).count() as u64;
        let gaps = times.windows(2).filter(|pair| pair[1] - pair[0] > SAME_INTERRUPTION_MS);
        load.interruptions = 1 + gaps.count() as u64;
    }
    let mut on_call: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for shift in shifts {
        let (from, to) = (shift.from_ms.max(span.start_ms()), shift.to_ms.min(span.end_ms()));
        if from < to {
            on_call.entry(&shift.person).or_default().push((from, to));
        }
    }
    for (person, mut spans) in on_call {
        spans.sort_unstable();
        let (mut sum, mut covered_to) = (0, i64::MIN);
        for (from, to) in spans {
            sum += (to - from.max(covered_to)).max(0);
            covered_to = covered_to.max(to);
        }
        loads.entry(person).or_default().on_call_ms = sum;
    }
    let mut loads: Vec<PersonLoad> = loads
        .into_iter()
        .map(|(person, load)| PersonLoad { person: person.to_owned(), ..load })
        .collect();
    loads.sort_by(|a, b| {
        (b.pages, b.on_call_ms, &a.person).cmp(&(a.pages, a.on_call_ms, &b.person))
    });
    loads
}

/// Computes the load of people over a window and the one before it, see [`PersonLoad`].
#[must_use]
pub fn compute_people(
    calls: &[Call],
    shifts: &[Shift],
    window: &super::super::window::Window,
    offsets: &Offsets,
) -> Vec<PersonLoad> {
    compute_loads(calls, shifts, (window.span(), window.previous_in(offsets).span()), offsets)
}
