//! The figures of the buckets of a window, which charts show.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::fact::Fact;
use super::super::sla::Compliance;
use super::history::History;
use crate::model::service_level::{ServiceLevels, SlaTarget};

/// The figures of one bucket of the window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Bucket {
    /// The number of incidents reported, by priority from P1 to P4.
    pub volume: [u64; 4],
    /// The mean time to acknowledge of the incidents reported, in milliseconds; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtta_ms: Option<i64>,
    /// The mean time to restore service of the incidents resolved, in milliseconds; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mttr_ms: Option<i64>,
    /// How often the time to acknowledge was met and missed by the incidents reported; absent without any.
    #[serde(default, skip_serializing_if = "Compliance::is_empty")]
    pub acknowledge: Compliance,
    /// How often the time to resolve was met and missed by the incidents reported; absent without any.
    #[serde(default, skip_serializing_if = "Compliance::is_empty")]
    pub resolve: Compliance,
    /// The incidents reported whose fault recurred in the window; absent without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recurring: u64,
    /// The incidents reported of which a field is empty today; absent without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub incomplete: u64,
    /// The messages that were sent to people because of incidents; absent without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pages: u64,
    /// Those of them by night; absent without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub by_night: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Running sums of one bucket.
#[derive(Clone, Default)]
pub(super) struct BucketSums {
    /// The sum of the times to acknowledge, and their number.
    pub(super) acknowledge_ms: (i64, i64),
    /// The sum of the times to resolve, and their number.
    pub(super) resolve_ms: (i64, i64),
    /// The figures that need no division.
    pub(super) counts: Bucket,
}

impl BucketSums {
    /// Computes the figures.
    pub(super) fn figures(self) -> Bucket {
        let mean = |(sum, count): (i64, i64)| (count > 0).then(|| (sum + count / 2) / count);
        Bucket { mtta_ms: mean(self.acknowledge_ms), mttr_ms: mean(self.resolve_ms), ..self.counts }
    }

    /// Adds an incident that was reported in the bucket.
    pub(super) fn add_reported(
        &mut self,
        fact: &Fact,
        history: &History,
        now_ms: i64,
        levels: &ServiceLevels,
    ) {
        self.counts.volume[fact.priority.index()] += 1;
        self.counts.incomplete += u64::from(history.missing != 0);
        if let Some(acknowledged_ms) = fact.acknowledged_ms {
            let sums = &mut self.acknowledge_ms;
            sums.0 = sums.0.saturating_add((acknowledged_ms - fact.reported_ms).max(0));
            sums.1 += 1;
        }
        let judge = |target| fact.judge(target, now_ms, levels);
        if let Some(verdict) = judge(SlaTarget::Acknowledge) {
            self.counts.acknowledge.add(verdict.met);
        }
        if let Some(verdict) = judge(SlaTarget::Resolve) {
            self.counts.resolve.add(verdict.met);
        }
    }
}
