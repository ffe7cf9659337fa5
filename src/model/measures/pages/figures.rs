//! The figures of one window and one group of incidents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::sla::Compliance;
use super::super::times::Times;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The upper bounds of the bins of a histogram, each excluded, in milliseconds. A last bin has all
/// durations beyond them.
pub const HISTOGRAM_BOUNDS_MS: [i64; 10] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    8 * HOUR_MS,
    24 * HOUR_MS,
    72 * HOUR_MS,
];

/// A time that is measured of each incident.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimeMeasure {
    /// From the beginning of the impact to the detection.
    Detect,
    /// From the report to the first acknowledgement.
    Acknowledge,
    /// From the detection to the last resolution.
    Resolve,
    /// For how long service was out.
    Out,
    /// How long the response had no lead.
    Unowned,
}

impl TimeMeasure {
    /// All measured times, in the order of the page.
    pub const ALL: [Self; 5] =
        [Self::Detect, Self::Acknowledge, Self::Resolve, Self::Out, Self::Unowned];

    /// Returns the name on screens and in documents.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Detect => "MTTD",
            Self::Acknowledge => "MTTA",
            Self::Resolve => "MTTR",
            Self::Out => "time out",
            Self::Unowned => "unowned",
        }
    }

    /// Returns the position in [`TimeMeasure::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Detect => 0,
            Self::Acknowledge => 1,
            Self::Resolve => 2,
            Self::Out => 3,
            Self::Unowned => 4,
        }
    }
}

/// Statistics of a measured time, with its distribution.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Timing {
    /// Mean, median, 90th percentile and count.
    #[serde(flatten)]
    pub times: Times,
    /// How many durations are in each bin; empty in breakdowns. The bins end at 1, 5, 15 and 30 minutes,
    /// 1, 2, 4, 8, 24 and 72 hours; the last one has the longer ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<u64>,
}

impl Timing {
    /// Computes the statistics of durations in milliseconds. Changes their order.
    #[must_use]
    pub fn from_durations(durations: &mut [i64], with_histogram: bool) -> Self {
        let times = Times::from_unsorted(durations);
        let mut histogram = Vec::new();
        if with_histogram {
            histogram.resize(HISTOGRAM_BOUNDS_MS.len() + 1, 0);
            for duration in durations {
                histogram[HISTOGRAM_BOUNDS_MS.partition_point(|bound| bound <= duration)] += 1;
            }
        }
        Self { times, histogram }
    }
}

/// Actions of people on incidents, beyond ending them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Practice {
    /// The incidents of P1 and P2 that were resolved in the window, which owe a review.
    pub reviews_owed: u64,
    /// Those of them whose review is published.
    pub reviews_published: u64,
    /// The incidents that were resolved in the window and reopened at some time.
    pub reopened: u64,
    /// The incidents that were resolved in the window with a runbook.
    pub with_runbook: u64,
    /// Those of them on whose timeline a step of a runbook is ticked.
    pub runbook_used: u64,
    /// The incidents reported in the window that have no category.
    pub without_category: u64,
    /// Those without services.
    pub without_services: u64,
    /// Those without symptoms.
    pub without_symptoms: u64,
    /// Those without a team.
    pub without_team: u64,
    /// Those of which any of these fields is empty.
    pub incomplete: u64,
}

/// The figures of one window, of all incidents or of one group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PageFigures {
    /// From the beginning of the impact to the detection, of incidents reported in the window whose
    /// beginning is known.
    pub mttd: Timing,
    /// From the report to the first acknowledgement, of incidents reported in the window.
    pub mtta: Timing,
    /// From the detection to the last resolution, of incidents resolved in the window.
    pub mttr: Timing,
    /// For how long service was out, of incidents resolved in the window.
    pub time_out: Timing,
    /// How long the response had no lead, of incidents resolved in the window.
    pub unowned: Timing,
    /// The number of incidents reported, by priority from P1 to P4.
    pub volume: [u64; 4],
    /// The number of incidents resolved.
    pub resolved: u64,
    /// Those of them that nobody had acknowledged, which do not count in the time to acknowledge.
    pub resolved_unacknowledged: u64,
    /// How often the time to acknowledge was met and missed, by priority from P1 to P4.
    pub acknowledge: [Compliance; 4],
    /// How often the time to resolve was met and missed, by priority from P1 to P4.
    pub resolve: [Compliance; 4],
    /// How often a promised update of stakeholders came in time, of incidents reported in the window.
    pub updates: Compliance,
    /// Reviews, runbooks, fields and reopenings.
    pub practice: Practice,
}

impl PageFigures {
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

    /// Returns a measured time.
    #[must_use]
    pub fn timing(&self, measure: TimeMeasure) -> &Timing {
        match measure {
            TimeMeasure::Detect => &self.mttd,
            TimeMeasure::Acknowledge => &self.mtta,
            TimeMeasure::Resolve => &self.mttr,
            TimeMeasure::Out => &self.time_out,
            TimeMeasure::Unowned => &self.unowned,
        }
    }
}
