//! Running sums of one window and one group of incidents.

use super::super::fact::{Fact, FactVerdict};
use super::super::sla::Compliance;
use super::super::window::Span;
use super::figures::{PageFigures, Practice, TimeMeasure, Timing};
use super::history::{History, ReviewProgress};
use crate::model::priority::Priority;
use crate::model::service_level::{ServiceLevels, SlaTarget};

/// Running sums of one window and one group of incidents.
#[derive(Default)]
pub(super) struct PageSums {
    /// The durations of each of [`TimeMeasure::ALL`], in milliseconds.
    durations: [Vec<i64>; 5],
    volume: [u64; 4],
    resolved: u64,
    resolved_unacknowledged: u64,
    acknowledge: [Compliance; 4],
    resolve: [Compliance; 4],
    updates: Compliance,
    practice: Practice,
}

impl PageSums {
    /// Adds an incident that counts, as far as it belongs to the window.
    pub(super) fn add(
        &mut self,
        fact: &Fact,
        history: &History,
        span: Span,
        now_ms: i64,
        levels: &ServiceLevels,
    ) {
        if let Some(resolved_ms) = fact.resolved_ms.filter(|at| span.contains(*at)) {
            self.add_resolved(fact, history, resolved_ms);
        }
        if span.contains(fact.reported_ms) {
            self.add_reported(fact, history, now_ms, levels);
        }
    }

    fn add_duration(&mut self, measure: TimeMeasure, duration_ms: i64) {
        self.durations[measure.index()].push(duration_ms.max(0));
    }

    fn add_resolved(&mut self, fact: &Fact, history: &History, resolved_ms: i64) {
        self.resolved += 1;
        self.resolved_unacknowledged += u64::from(fact.acknowledged_ms.is_none());
        self.add_duration(TimeMeasure::Resolve, resolved_ms - fact.detected_ms);
        self.add_duration(TimeMeasure::Out, history.out_ms);
        self.add_duration(TimeMeasure::Unowned, history.unowned_ms);
        let practice = &mut self.practice;
        if matches!(fact.priority.rank(), Priority::P1 | Priority::P2) {
            practice.reviews_owed += 1;
            practice.reviews_published += u64::from(history.review == ReviewProgress::Published);
        }
        practice.reopened += u64::from(history.reopened > 0);
        if history.has_runbook {
            practice.with_runbook += 1;
            practice.runbook_used += u64::from(history.runbook_used);
        }
    }

    fn add_reported(
        &mut self,
        fact: &Fact,
        history: &History,
        now_ms: i64,
        levels: &ServiceLevels,
    ) {
        self.volume[fact.priority.index()] += 1;
        if let Some(began_ms) = history.began_ms.filter(|began| *began <= fact.detected_ms) {
            self.add_duration(TimeMeasure::Detect, fact.detected_ms - began_ms);
        }
        if let Some(acknowledged_ms) = fact.acknowledged_ms {
            self.add_duration(TimeMeasure::Acknowledge, acknowledged_ms - fact.reported_ms);
        }
        for (target, by_priority) in [
            (SlaTarget::Acknowledge, &mut self.acknowledge),
            (SlaTarget::Resolve, &mut self.resolve),
        ] {
            if let Some(FactVerdict { priority, met }) = fact.judge(target, now_ms, levels) {
                by_priority[priority.index()].add(met);
            }
        }
        self.updates.met += u64::from(history.updates_met);
        self.updates.missed += u64::from(history.updates_missed);
        self.updates.missed += u64::from(history.update_due_ms.is_some_and(|due| due < now_ms));
        let is_missing = |bit: u8| u64::from(history.missing >> bit & 1);
        let practice = &mut self.practice;
        practice.without_category += is_missing(0);
        practice.without_services += is_missing(1);
        practice.without_symptoms += is_missing(2);
        practice.without_team += is_missing(3);
        practice.incomplete += u64::from(history.missing != 0);
    }

    /// Computes the figures. Histograms are for totals.
    pub(super) fn figures(&mut self, with_histograms: bool) -> PageFigures {
        let mut timing = |measure: TimeMeasure| {
            Timing::from_durations(&mut self.durations[measure.index()], with_histograms)
        };
        PageFigures {
            mttd: timing(TimeMeasure::Detect),
            mtta: timing(TimeMeasure::Acknowledge),
            mttr: timing(TimeMeasure::Resolve),
            time_out: timing(TimeMeasure::Out),
            unowned: timing(TimeMeasure::Unowned),
            volume: self.volume,
            resolved: self.resolved,
            resolved_unacknowledged: self.resolved_unacknowledged,
            acknowledge: self.acknowledge,
            resolve: self.resolve,
            updates: self.updates,
            practice: self.practice,
        }
    }
}
