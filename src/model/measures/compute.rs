//! Computes the measures of a window from facts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fact::{Counted, Fact, FactVerdict};
use super::recurring::{Groups, Recurring};
use super::sla::Compliance;
use super::times::Times;
use super::volume::Buckets;
use super::window::{Span, Window};
use crate::model::priority::Priority;
use crate::model::service_level::{ServiceLevels, SlaTarget};
use crate::model::status::Category;

/// The field by which the measures are broken down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// No breakdown: totals only.
    #[default]
    #[serde(rename = "whole")]
    Total,
    /// One row of figures for each priority.
    Priority,
    /// One row of figures for each category.
    Category,
    /// One row of figures for each primary service.
    Service,
    /// One row of figures for each team.
    Team,
}

/// The figures of one window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Figures {
    /// Times to acknowledge: from the report to the first acknowledgement.
    pub mtta: Times,
    /// Times to restore service: from the detection to the last resolution.
    pub mttr: Times,
    /// The number of incidents reported, by priority from P1 to P4.
    pub volume: [u64; 4],
    /// How often the time to acknowledge was met and missed, by priority from P1 to P4.
    pub acknowledge: [Compliance; 4],
    /// How often the time to resolve was met and missed, by priority from P1 to P4.
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

/// The numbers of incidents that were reported in the window and do not count in the figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = LeftOut)]
pub struct ExcludedCounts {
    /// Incidents that continued in another one.
    pub merged: u64,
    /// Incidents that were a service request, a change or a problem.
    pub reclassified: u64,
    /// Incidents in which nothing was wrong.
    pub false_alarms: u64,
}

/// The measures of a window, with those of the window before it for comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Measures {
    /// The window that the measures are about.
    pub window: Window,
    /// The figures of the window.
    pub now: Figures,
    /// The figures of the window of the same length before it.
    pub before: Figures,
    /// The figures for each value of the field by which they are broken down, most incidents first.
    pub cuts: Vec<(String, Figures)>,
    /// The number of incidents reported in each bucket of the window, by priority from P1 to P4.
    pub buckets: Vec<[u64; 4]>,
    /// Groups of incidents with the same fault, largest group first; at most 20.
    pub recurring: Vec<Recurring>,
    /// The number of all such groups; absent where a server does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_total: Option<u64>,
    /// The incidents that are excluded from all figures.
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
    let before = Window { from: before_from, to: window.from, edges: Vec::new() }.span();
    let (span, now_ms) = (window.span(), now.timestamp_millis());
    let mut sums = [Sums::default(), Sums::default()];
    let mut cuts: BTreeMap<u32, Sums> = BTreeMap::new();
    let mut buckets = Buckets::new(&window.edges);
    let mut groups = Groups::default();
    let mut left_out = ExcludedCounts::default();
    for fact in facts {
        let reported_now = span.contains(fact.reported_ms);
        match fact.counted {
            Counted::Yes => {}
            Counted::Merged => left_out.merged += u64::from(reported_now),
            Counted::Reclassified => left_out.reclassified += u64::from(reported_now),
            Counted::FalseAlarm => left_out.false_alarms += u64::from(reported_now),
        }
        if fact.counted != Counted::Yes {
            continue;
        }
        for (sums, span) in sums.iter_mut().zip([span, before]) {
            sums.add(&fact, span, now_ms, levels);
        }
        if cut != Cut::Total {
            let key = match cut {
                Cut::Total => 0,
                Cut::Priority => u32::try_from(fact.priority.index()).unwrap_or(0),
                Cut::Category => fact.category.map_or(0, |c| u32::from(c.to_stored())),
                Cut::Service => fact.service,
                Cut::Team => fact.team,
            };
            cuts.entry(key).or_default().add(&fact, span, now_ms, levels);
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
    let recurring_total = Some(groups.count());
    Measures {
        window: window.clone(),
        now: in_window.figures(),
        before: in_before.figures(),
        cuts,
        buckets: buckets.counts,
        recurring: groups.largest(MAX_RECURRING),
        recurring_total,
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
        Cut::Category if key == 0 => "uncategorized".into(),
        Cut::Category => u8::try_from(key)
            .ok()
            .and_then(Category::from_stored)
            .map_or_else(|| "of a later version".into(), |category| category.to_string()),
        Cut::Service | Cut::Team if key == 0 => "none".into(),
        Cut::Service | Cut::Team => name(key),
    }
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
    fn add(&mut self, fact: &Fact, span: Span, now_ms: i64, levels: &ServiceLevels) {
        if let Some(resolved_ms) = fact.resolved_ms
            && span.contains(resolved_ms)
        {
            self.resolve_ms.push((resolved_ms - fact.detected_ms).max(0));
        }
        if !span.contains(fact.reported_ms) {
            return;
        }
        self.volume[fact.priority.index()] += 1;
        if let Some(acknowledged_ms) = fact.acknowledged_ms {
            self.acknowledge_ms.push((acknowledged_ms - fact.reported_ms).max(0));
        }
        for (target, by_priority) in [
            (SlaTarget::Acknowledge, &mut self.acknowledge),
            (SlaTarget::Resolve, &mut self.resolve),
        ] {
            if let Some(FactVerdict { priority, met }) = fact.judge(target, now_ms, levels) {
                by_priority[priority.index()].add(met);
            }
        }
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
