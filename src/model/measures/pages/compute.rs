//! Computes the pages from facts and histories.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::compute::ExcludedCounts;
use super::super::fact::{Counted, Fact};
use super::super::recurring::{Groups, Recurring};
use super::super::window::{Span, Window};
use super::buckets::{Bucket, BucketSums};
use super::budget::{Budget, Objective, Outage, compute_budgets};
use super::figures::PageFigures;
use super::history::History;
use super::people::{Call, PersonLoad, Shift, compute_loads, is_night};
use super::query::{Dimension, NONE, Offsets, PagesQuery, Selection, SelectionKeys};
use super::sums::PageSums;
use crate::model::id::ProblemId;
use crate::model::priority::Priority;
use crate::model::service_level::ServiceLevels;
use crate::model::status::{Category, Source};

/// Highest number of rows of a breakdown.
pub const MAX_CUT_ROWS: usize = 100;
/// Highest number of recurring faults that are returned.
const MAX_FAULTS: usize = 20;

/// The inputs of the pages besides facts and histories.
#[derive(Clone, Debug, Default)]
pub struct PageInputs {
    /// The objectives, with the outages of their services.
    pub objectives: Vec<(Objective, Vec<Outage>)>,
    /// The messages to people in both windows.
    pub calls: Vec<Call>,
    /// The shifts that overlap the window.
    pub shifts: Vec<Shift>,
    /// The number of action items that are not done.
    pub open_actions: u64,
    /// Those of them that are past their due date.
    pub overdue_actions: u64,
}

/// One row of a breakdown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CutRow {
    /// The value: a priority, a category, the name of a service or team, or how it was detected.
    pub name: String,
    /// The figures of the window.
    pub now: PageFigures,
    /// The figures of the window before.
    pub before: PageFigures,
}

/// The figures for each value of a field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CutTable {
    /// The field.
    pub by: Dimension,
    /// The values, by the number of incidents in the window, most first; at most 100.
    pub rows: Vec<CutRow>,
    /// The number of all values.
    pub total: u64,
}

/// A fault that caused at least two incidents in the window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecurringFault {
    /// The number of incidents, and the last of them.
    #[serde(flatten)]
    pub group: Recurring,
    /// The number of incidents with this fault in the window before.
    pub before: u64,
    /// The problem that the last incident links to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_id: Option<ProblemId>,
}

/// The pages of the measures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pages {
    /// The window.
    pub window: Window,
    /// The time at which clocks and budgets were judged.
    pub at: DateTime<Utc>,
    /// The incidents that count; absent for all.
    #[serde(default, skip_serializing_if = "Selection::is_empty")]
    pub selection: Selection,
    /// The viewer's zone, in which hours and days of the week are counted; absent for UTC.
    #[serde(default, skip_serializing_if = "Offsets::is_utc")]
    pub offsets: Offsets,
    /// The figures of the window.
    pub now: PageFigures,
    /// The figures of the window of the same length before it.
    pub before: PageFigures,
    /// The breakdowns.
    #[serde(default)]
    pub cuts: Vec<CutTable>,
    /// The figures of each bucket of the window.
    pub buckets: Vec<Bucket>,
    /// The number of incidents reported by day of the week, from Monday, and by hour, in the viewer's
    /// zone.
    pub heat: Vec<Vec<u64>>,
    /// The incidents that are excluded from all figures.
    pub excluded: ExcludedCounts,
    /// Those of the window before.
    pub excluded_before: ExcludedCounts,
    /// The faults with the most incidents, at most 20.
    #[serde(default)]
    pub recurring: Vec<RecurringFault>,
    /// The number of all faults that recurred.
    #[serde(default)]
    pub recurring_total: u64,
    /// The error budgets of the objectives in the settings.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// The load of incidents on people.
    #[serde(default)]
    pub people: Vec<PersonLoad>,
    /// The number of action items that are not done.
    #[serde(default)]
    pub open_actions: u64,
    /// Those of them that are past their due date.
    #[serde(default)]
    pub overdue_actions: u64,
}

/// The most by which the end of a window that counts as one up to now may be in the future: clocks differ.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::hours(1);

impl Pages {
    /// Returns the window before, which ends where the window starts, without buckets.
    #[must_use]
    pub fn previous(&self) -> Window {
        self.window.previous_in(&self.offsets)
    }

    /// Returns whether the window has not ended, as that of the present month. Its counts will grow, so that they
    /// are not compared.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.window.to - self.at > CLOCK_DIFFERENCE
    }

    /// Returns the breakdown by a field, if there is one.
    #[must_use]
    pub fn cut(&self, by: Dimension) -> Option<&CutTable> {
        self.cuts.iter().find(|cut| cut.by == by)
    }
}

/// Sums over incidents. Those of several threads are merged.
struct Accumulator {
    total: [PageSums; 2],
    cuts: Vec<HashMap<u32, [PageSums; 2]>>,
    buckets: Vec<BucketSums>,
    heat: [[u64; 24]; 7],
    excluded: [ExcludedCounts; 2],
    groups: Groups,
    groups_before: HashMap<u64, u64>,
    /// The fingerprint and the bucket of each incident that was reported in the window.
    prints: Vec<(u64, usize)>,
}

/// The inputs of the sums of an incident.
struct Context<'a> {
    query: &'a PagesQuery,
    keys: &'a SelectionKeys,
    spans: [Span; 2],
    starts_ms: Vec<i64>,
    now_ms: i64,
    levels: &'a ServiceLevels,
}

impl Accumulator {
    fn new(context: &Context<'_>) -> Self {
        Self {
            total: <_>::default(),
            cuts: context.query.by.iter().map(|_| HashMap::new()).collect(),
            buckets: vec![BucketSums::default(); context.starts_ms.len()],
            heat: [[0; 24]; 7],
            excluded: <_>::default(),
            groups: Groups::default(),
            groups_before: HashMap::new(),
            prints: Vec::new(),
        }
    }

    fn add(&mut self, fact: &Fact, history: &History, context: &Context<'_>) {
        if !context.keys.matches(fact, history) {
            return;
        }
        let [now, before] = context.spans.map(|span| span.contains(fact.reported_ms));
        if fact.counted != Counted::Yes {
            for (counts, is_reported) in self.excluded.iter_mut().zip([now, before]) {
                let one = u64::from(is_reported);
                match fact.counted {
                    Counted::Merged => counts.merged += one,
                    Counted::FalseAlarm => counts.false_alarms += one,
                    Counted::Reclassified | Counted::Yes => counts.reclassified += one,
                }
            }
            return;
        }
        let (now_ms, levels) = (context.now_ms, context.levels);
        for (sums, span) in self.total.iter_mut().zip(context.spans) {
            sums.add(fact, history, span, now_ms, levels);
        }
        for (cut, by) in self.cuts.iter_mut().zip(&context.query.by) {
            let sums = cut.entry(cut_key(*by, fact, history)).or_default();
            for (sums, span) in sums.iter_mut().zip(context.spans) {
                sums.add(fact, history, span, now_ms, levels);
            }
        }
        if now {
            let (weekday, hour) = context.query.offsets.weekday_and_hour(fact.reported_ms);
            self.heat[weekday][hour] += 1;
            self.groups.add(fact);
        } else if before {
            *self.groups_before.entry(fact.fingerprint).or_default() += 1;
        }
        if let Some(index) = now.then(|| context.bucket(fact.reported_ms)).flatten() {
            self.prints.push((fact.fingerprint, index));
            self.buckets[index].add_reported(fact, history, context.now_ms, context.levels);
        }
        let resolved_ms = fact.resolved_ms.filter(|at| context.spans[0].contains(*at));
        if let Some((index, resolved_ms)) =
            resolved_ms.and_then(|at| Some((context.bucket(at)?, at)))
        {
            let sums = &mut self.buckets[index].resolve_ms;
            sums.0 = sums.0.saturating_add((resolved_ms - fact.detected_ms).max(0));
            sums.1 += 1;
        }
    }

    /// Counts the figures that are known only after all incidents, and the messages to people.
    fn finish_buckets(&mut self, calls: &[Call], context: &Context<'_>) {
        for (fingerprint, index) in std::mem::take(&mut self.prints) {
            self.buckets[index].counts.recurring += u64::from(self.groups.recurs(fingerprint));
        }
        for call in calls.iter().filter(|call| context.spans[0].contains(call.at_ms)) {
            if let Some(index) = context.bucket(call.at_ms) {
                let counts = &mut self.buckets[index].counts;
                counts.pages += 1;
                counts.by_night += u64::from(is_night(call.at_ms, &context.query.offsets));
            }
        }
    }
}

impl Context<'_> {
    /// Returns the index of the bucket that a time is in.
    fn bucket(&self, at_ms: i64) -> Option<usize> {
        self.starts_ms.partition_point(|start| *start <= at_ms).checked_sub(1)
    }
}

fn cut_key(by: Dimension, fact: &Fact, history: &History) -> u32 {
    match by {
        Dimension::Priority => u32::try_from(fact.priority.index()).unwrap_or(0),
        Dimension::Category => fact.category.map_or(0, |category| category.to_stored().into()),
        Dimension::Service => fact.service,
        Dimension::Team => fact.team,
        Dimension::Source => history.source.to_stored().into(),
        Dimension::Unknown(_) => 0,
    }
}

fn cut_name(by: Dimension, key: u32, name: &dyn Fn(u32) -> String) -> String {
    const LATER: &str = "of a later version";
    let stored = u8::try_from(key).ok();
    match by {
        Dimension::Category | Dimension::Service | Dimension::Team if key == 0 => NONE.into(),
        Dimension::Priority => usize::try_from(key)
            .ok()
            .and_then(Priority::from_index)
            .map_or_else(String::new, |priority| priority.to_string()),
        Dimension::Category => stored
            .and_then(Category::from_stored)
            .map_or_else(|| LATER.into(), |category| category.to_string()),
        Dimension::Source => stored
            .and_then(Source::from_stored)
            .map_or_else(|| LATER.into(), |source| source.to_string()),

        Dimension::Service | Dimension::Team => name(key),
        Dimension::Unknown(_) => String::new(),
    }
}

/// Computes the pages from the facts and histories of every incident that was reported or resolved in
/// the window or in the one before it.
///
/// Other incidents do not change the result. `keys` is the selection of the query with the keys that
/// facts have; `name` returns the name of a service or team by its key. The titles of recurring faults
/// stay empty, because a fact has no text.
#[must_use]
pub fn compute_pages(
    incidents: impl IntoIterator<Item = (Fact, History)>,
    query: &PagesQuery,
    keys: &SelectionKeys,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
    name: &dyn Fn(u32) -> String,
    inputs: &PageInputs,
) -> Pages {
    let before = query.window.previous_in(&query.offsets);
    let context = Context {
        query,
        keys,
        spans: [query.window.span(), before.span()],
        starts_ms: query.window.edges.iter().map(DateTime::timestamp_millis).collect(),
        now_ms: now.timestamp_millis(),
        levels,
    };
    let mut sums = Accumulator::new(&context);
    for (fact, history) in incidents {
        sums.add(&fact, &history, &context);
    }
    sums.finish_buckets(&inputs.calls, &context);
    let [mut in_window, mut in_before] = sums.total;
    let cuts =
        query.by.iter().zip(sums.cuts).map(|(by, rows)| cut_table(*by, rows, name)).collect();
    let recurring_total = sums.groups.count();
    let recurring = sums
        .groups
        .largest_with_fingerprints(MAX_FAULTS)
        .into_iter()
        .map(|(fingerprint, group)| RecurringFault {
            group,
            before: sums.groups_before.get(&fingerprint).copied().unwrap_or(0),
            problem_id: None,
        })
        .collect();
    let [excluded, excluded_before] = sums.excluded;
    Pages {
        window: query.window.clone(),
        at: now,
        selection: query.selection.clone(),
        offsets: query.offsets.clone(),
        now: in_window.figures(true),
        before: in_before.figures(true),
        cuts,
        buckets: sums.buckets.into_iter().map(BucketSums::figures).collect(),
        heat: sums.heat.iter().map(|hours| hours.to_vec()).collect(),
        excluded,
        excluded_before,
        recurring,
        recurring_total,
        budgets: compute_budgets(&inputs.objectives, context.now_ms),
        people: compute_loads(
            &inputs.calls,
            &inputs.shifts,
            (context.spans[0], context.spans[1]),
            &query.offsets,
        ),
        open_actions: inputs.open_actions,
        overdue_actions: inputs.overdue_actions,
    }
}

fn cut_table(
    by: Dimension,
    rows: HashMap<u32, [PageSums; 2]>,
    name: &dyn Fn(u32) -> String,
) -> CutTable {
    let mut rows: Vec<CutRow> = rows
        .into_iter()
        .map(|(key, [mut now, mut before])| CutRow {
            name: cut_name(by, key, name),
            now: now.figures(false),
            before: before.figures(false),
        })
        .filter(|row| row.now != PageFigures::default() || row.before != PageFigures::default())
        .collect();
    if by == Dimension::Priority {
        rows.sort_by(|a, b| a.name.cmp(&b.name));
    } else {
        rows.sort_by(|a, b| {
            (b.now.reported(), b.before.reported(), &a.name).cmp(&(
                a.now.reported(),
                a.before.reported(),
                &b.name,
            ))
        });
    }
    let total = rows.len() as u64;
    rows.truncate(MAX_CUT_ROWS);
    CutTable { by, rows, total }
}
