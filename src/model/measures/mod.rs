//! Measures over a time window, compared with the window of the same length before it.
//!
//! Terms follow DORA and ITIL practice: MTTA is reported → first acknowledged, MTTR is detected →
//! resolved (the last time, if reopened). Merged incidents, reclassified incidents and false alarms
//! are excluded and counted separately.

mod recurring;
mod sla;
mod times;
mod volume;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::IncidentNumber;
use super::incident::Incident;
use super::priority::Priority;
use super::service_level::ServiceLevels;
use super::status::{Category, Classification, Status};
use super::summary::Summary;

pub use recurring::{Recurring, fingerprint, title_pattern};
pub use sla::Compliance;
pub use times::Times;

/// A mean over fewer durations than this is marked as thin.
pub const MIN_SAMPLE: u64 = 5;

/// A half-open span of time, [from, to), with the starts of its buckets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// Included.
    pub from: DateTime<Utc>,
    /// Excluded.
    pub to: DateTime<Utc>,
    /// When each bucket of the volume starts; the first is `from`, ascending.
    pub edges: Vec<DateTime<Utc>>,
}

impl Window {
    /// Creates the window of the last `days` × 24 hours up to `now`.
    ///
    /// Its buckets start at `from` and at every midnight of the viewer's zone after it.
    #[must_use]
    pub fn last_days<Z: TimeZone>(days: u32, now: DateTime<Utc>, zone: &Z) -> Self {
        let today = now.with_timezone(zone).date_naive();
        let from = now - TimeDelta::days(i64::from(days));
        let mut edges = vec![from];
        for days_ago in (0..days).rev() {
            let day = today - TimeDelta::days(i64::from(days_ago));
            let midnight = day.and_time(chrono::NaiveTime::MIN);
            // If a clock change skips midnight, the day starts an hour later.
            let start = zone
                .from_local_datetime(&midnight)
                .earliest()
                .or_else(|| zone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest());
            if let Some(start) =
                start.map(|s| s.with_timezone(&Utc)).filter(|s| *s > from && *s < now)
            {
                edges.push(start);
            }
        }
        Self { from, to: now, edges }
    }

    /// Creates the window of the last 24 hours up to `now`, with one bucket an hour.
    #[must_use]
    pub fn last_day(now: DateTime<Utc>) -> Self {
        let from = now - TimeDelta::hours(24);
        let edges = (0..24).map(|hour| from + TimeDelta::hours(hour)).collect();
        Self { from, to: now, edges }
    }

    /// Returns start and end of the window of the same length that ends where this one starts.
    #[must_use]
    pub fn previous_span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.from - (self.to - self.from), self.from)
    }

    fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// By what measures are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// No breakdown: totals only.
    #[default]
    #[serde(rename = "whole")]
    Total,
    /// By priority.
    Priority,
    /// By category.
    Category,
    /// By primary service.
    Service,
    /// By team.
    Team,
}

/// Whether an incident counts in the measures, or why it is excluded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// The incident counts.
    Yes,
    /// Excluded: the incident continued in another one.
    Merged,
    /// Excluded: it was a service request, a change or a problem.
    Reclassified,
    /// Excluded: nothing was wrong.
    FalseAlarm,
}

impl Counted {
    /// Returns whether an incident counts, from its status and classification.
    #[must_use]
    pub fn for_incident(incident: &Incident) -> Self {
        match (incident.summary.status, &incident.reclassified) {
            (Status::Merged, _) => Self::Merged,
            (Status::Reclassified, Some((Classification::FalseAlarm, _))) => Self::FalseAlarm,
            (Status::Reclassified, _) => Self::Reclassified,
            _ => Self::Yes,
        }
    }
}

/// The input of the measures from one incident. Times are milliseconds since 1970 (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Number of the incident; 0 without one.
    pub number: u64,
    /// When the incident was reported, which starts the clocks.
    pub reported_ms: i64,
    /// When the incident was detected.
    pub detected_ms: i64,
    /// When the incident was first acknowledged.
    pub acknowledged_ms: Option<i64>,
    /// When the incident was last resolved.
    pub resolved_ms: Option<i64>,
    /// The present priority.
    pub priority: Priority,
    /// The category, if it is set.
    pub category: Option<Category>,
    /// Key of the primary service's name; 0 without one.
    pub service: u32,
    /// Key of the team's name; 0 without one.
    pub team: u32,
    /// Whether the incident counts.
    pub counted: Counted,
    /// Hash that incidents of the same fault share; see [`fingerprint`].
    pub fingerprint: u64,
}

impl Fact {
    /// Creates a fact from a summary, the keys of its names, and what the summary does not hold.
    #[must_use]
    pub fn new(row: &Summary, service: u32, team: u32, counted: Counted, fingerprint: u64) -> Self {
        Self {
            number: row.number.map_or(0, |n| n.0),
            reported_ms: row.reported_at.timestamp_millis(),
            detected_ms: row.detected_at.timestamp_millis(),
            acknowledged_ms: row.acknowledged_at.map(|t| t.timestamp_millis()),
            resolved_ms: row.resolved_at.map(|t| t.timestamp_millis()),
            priority: row.priority,
            category: row.category,
            service,
            team,
            counted,
            fingerprint,
        }
    }
}

/// The figures of one window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Figures {
    /// Reported → first acknowledged.
    pub mtta: Times,
    /// Detected → resolved.
    pub mttr: Times,
    /// Incidents reported, by priority.
    pub volume: [u64; 4],
    /// Kept and missed acknowledge levels, by priority.
    pub acknowledge: [Compliance; 4],
    /// Kept and missed resolve levels, by priority.
    pub resolve: [Compliance; 4],
}

impl Figures {
    /// Returns the number of incidents reported, over all priorities.
    #[must_use]
    pub fn reported(&self) -> u64 {
        self.volume.iter().sum()
    }

    /// Returns compliance with the acknowledge level over all priorities.
    #[must_use]
    pub fn acknowledge_all(&self) -> Compliance {
        Compliance::sum(&self.acknowledge)
    }

    /// Returns compliance with the resolve level over all priorities.
    #[must_use]
    pub fn resolve_all(&self) -> Compliance {
        Compliance::sum(&self.resolve)
    }
}

/// Incidents reported in the window that don't count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = LeftOut)]
pub struct ExcludedCounts {
    /// Continued in another.
    pub merged: u64,
    /// Were a request, a change or a problem.
    pub reclassified: u64,
    /// Nothing was wrong.
    pub false_alarms: u64,
}

/// The measures of a window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Measures {
    /// Over what.
    pub window: Window,
    /// The window's figures.
    pub now: Figures,
    /// Those of the window before.
    pub before: Figures,
    /// Figures by the value that they are cut by, most incidents first.
    pub cuts: Vec<(String, Figures)>,
    /// Incidents reported by bucket of the window, and by priority.
    pub buckets: Vec<[u64; 4]>,
    /// Groups of the same fault, most often first.
    pub recurring: Vec<Recurring>,
    /// Left out of all figures.
    #[serde(rename = "left_out")]
    pub excluded: ExcludedCounts,
}

/// Highest number of groups of recurring incidents that are returned.
const MAX_RECURRING: usize = 20;

/// Computes the measures from the facts of every incident that was reported or resolved in the
/// window or in the one before it.
///
/// Facts of other incidents do not change the result. `name` returns the name of a service or team
/// by its key. The titles of recurring groups stay empty, because a fact has no text.
#[must_use]
pub fn compute(
    facts: impl IntoIterator<Item = Fact>,
    window: &Window,
    cut: Cut,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
    name: &dyn Fn(u32) -> String,
) -> Measures {
    let (before_from, _) = window.previous_span();
    let before = Window { from: before_from, to: window.from, edges: Vec::new() };
    let mut sums = [Sums::default(), Sums::default()];
    let mut cuts: BTreeMap<u32, Sums> = BTreeMap::new();
    let mut buckets = volume::Buckets::new(&window.edges);
    let mut groups = recurring::Groups::default();
    let mut left_out = ExcludedCounts::default();
    for fact in facts {
        let reported_at = from_millis(fact.reported_ms);
        let reported_now = window.contains(reported_at);
        match fact.counted {
            Counted::Yes => {}
            Counted::Merged => left_out.merged += u64::from(reported_now),
            Counted::Reclassified => left_out.reclassified += u64::from(reported_now),
            Counted::FalseAlarm => left_out.false_alarms += u64::from(reported_now),
        }
        if fact.counted != Counted::Yes {
            continue;
        }
        for (sums, window) in sums.iter_mut().zip([window, &before]) {
            sums.add(&fact, window, now, levels);
        }
        if cut != Cut::Total {
            let key = match cut {
                Cut::Total => 0,
                Cut::Priority => u32::try_from(fact.priority.index()).unwrap_or(0),
                Cut::Category => fact.category.map_or(0, |c| u32::from(c.index()) + 1),
                Cut::Service => fact.service,
                Cut::Team => fact.team,
            };
            cuts.entry(key).or_default().add(&fact, window, now, levels);
        }
        if reported_now {
            buckets.add(fact.reported_ms, fact.priority);
            groups.add(&fact);
        }
    }
    let [mut in_window, mut in_before] = sums;
    let mut cuts: Vec<(String, Figures)> = cuts
        .into_iter()
        .map(|(key, mut sums)| (cut_name(cut, key, name), sums.figures()))
        .filter(|(_, figures)| *figures != Figures::default())
        .collect();
    cuts.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.reported()));
    Measures {
        window: window.clone(),
        now: in_window.figures(),
        before: in_before.figures(),
        cuts,
        buckets: buckets.counts,
        recurring: groups.largest(MAX_RECURRING),
        excluded: left_out,
    }
}

fn cut_name(cut: Cut, key: u32, name: &dyn Fn(u32) -> String) -> String {
    match cut {
        Cut::Total => String::new(),
        Cut::Priority => usize::try_from(key)
            .ok()
            .and_then(Priority::from_index)
            .map_or_else(String::new, |p| p.to_string()),
        Cut::Category => match u8::try_from(key).ok().and_then(|k| k.checked_sub(1)) {
            None => "uncategorized".into(),
            Some(index) => Category::from_index(index).map_or_else(String::new, |c| c.to_string()),
        },
        Cut::Service | Cut::Team if key == 0 => "none".into(),
        Cut::Service | Cut::Team => name(key),
    }
}

fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn incident_number(number: u64) -> Option<IncidentNumber> {
    (number > 0).then_some(IncidentNumber(number))
}

/// Running sums of one window.
#[derive(Default)]
struct Sums {
    acknowledge_ms: Vec<i64>,
    resolve_ms: Vec<i64>,
    volume: [u64; 4],
    acknowledge: [Compliance; 4],
    resolve: [Compliance; 4],
}

impl Sums {
    fn add(&mut self, fact: &Fact, window: &Window, now: DateTime<Utc>, levels: &ServiceLevels) {
        if let Some(resolved_ms) = fact.resolved_ms
            && window.contains(from_millis(resolved_ms))
        {
            self.resolve_ms.push((resolved_ms - fact.detected_ms).max(0));
        }
        if !window.contains(from_millis(fact.reported_ms)) {
            return;
        }
        let index = fact.priority.index();
        self.volume[index] += 1;
        if let Some(acknowledged_ms) = fact.acknowledged_ms {
            self.acknowledge_ms.push((acknowledged_ms - fact.reported_ms).max(0));
        }
        let level = levels.for_priority(fact.priority);
        let now_ms = now.timestamp_millis();
        self.acknowledge[index].add(
            fact.reported_ms,
            fact.acknowledged_ms,
            level.acknowledge_s,
            now_ms,
        );
        self.resolve[index].add(fact.reported_ms, fact.resolved_ms, level.resolve_s, now_ms);
    }

    fn figures(&mut self) -> Figures {
        Figures {
            mtta: Times::from_durations(&mut self.acknowledge_ms),
            mttr: Times::from_durations(&mut self.resolve_ms),
            volume: self.volume,
            acknowledge: self.acknowledge,
            resolve: self.resolve,
        }
    }
}
