//! The facts about one incident that the measures need.

use chrono::{DateTime, Utc};

use crate::model::id::IncidentNumber;
use crate::model::incident::Incident;
use crate::model::priority::Priority;
use crate::model::service_level::{ServiceLevels, SlaTarget, Verdict, is_within};
use crate::model::status::{Category, Classification, Status};
use crate::model::summary::Summary;

/// Whether an incident counts in the measures, or why it is excluded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// The incident counts in all measures.
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

/// How a clock of a service level ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactVerdict {
    /// The priority when it ended.
    pub priority: Priority,
    /// Whether the goal of then was met.
    pub met: bool,
}

impl FactVerdict {
    /// Creates it from a verdict; `None` if the goal was not recorded.
    #[must_use]
    pub fn from_verdict(verdict: Verdict) -> Option<Self> {
        Some(Self { priority: verdict.priority.rank(), met: verdict.met? })
    }
}

/// For how long an incident that nobody has acknowledged was muted during maintenance, which stops its clock to
/// acknowledge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FactMute {
    /// The milliseconds for which it was muted before.
    pub before_ms: i64,
    /// Since when it is muted now, in milliseconds since 1970.
    pub since_ms: Option<i64>,
}

impl FactMute {
    /// Creates it from a summary; without any mute once somebody has acknowledged the incident.
    #[must_use]
    pub fn new(row: &Summary) -> Self {
        if row.acknowledged_at.is_some() {
            return Self::default();
        }
        let since_ms = row.mute().map(|mute| mute.since.timestamp_millis());
        Self { before_ms: row.muted_ms, since_ms }
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
    /// When the incident was first acknowledged, less the time for which it was muted during maintenance;
    /// `None` also if it was resolved without that.
    pub acknowledged_ms: Option<i64>,
    /// When the incident was last resolved.
    pub resolved_ms: Option<i64>,
    /// The present priority of the incident.
    pub priority: Priority,
    /// How the clock to acknowledge ended; `None` while it runs, and where it was not judged.
    pub acknowledge_verdict: Option<FactVerdict>,
    /// How the clock to resolve ended; `None` while it runs, and where it was not judged.
    pub resolve_verdict: Option<FactVerdict>,
    /// Since when the incident is paused.
    pub paused_since_ms: Option<i64>,
    /// For how long it was paused before.
    pub paused_ms: i64,
    /// For how long it was muted; packed facts do not have it.
    pub mute: FactMute,
    /// The category, if it is set.
    pub category: Option<Category>,
    /// Key of the primary service's name; 0 without one.
    pub service: u32,
    /// Key of the team's name; 0 without one.
    pub team: u32,
    /// Whether the incident counts.
    pub counted: Counted,
    /// Hash that incidents of the same fault share; see [`fingerprint`](super::fingerprint).
    pub fingerprint: u64,
}

impl Fact {
    /// Creates a fact from a summary, the keys of its names, and the values that the summary does
    /// not have.
    #[must_use]
    pub fn new(row: &Summary, service: u32, team: u32, counted: Counted, fingerprint: u64) -> Self {
        Self {
            number: row.number.map_or(0, |n| n.0),
            reported_ms: row.reported_at.timestamp_millis(),
            detected_ms: row.detected_at.timestamp_millis(),
            acknowledged_ms: row
                .acknowledged_by_somebody_at()
                .map(|t| t.timestamp_millis() - row.muted_ms),
            resolved_ms: row.resolved_at.map(|t| t.timestamp_millis()),
            priority: row.priority,
            acknowledge_verdict: row.acknowledge_verdict.and_then(FactVerdict::from_verdict),
            resolve_verdict: row.resolve_verdict.and_then(FactVerdict::from_verdict),
            paused_since_ms: row.paused_since.map(|t| t.timestamp_millis()),
            paused_ms: row.paused_ms,
            mute: FactMute::new(row),
            category: row.category,
            service,
            team,
            counted,
            fingerprint,
        }
    }
}

/// Returns when an incident was acknowledged; `None` if that is only the time of its resolution, which passes
/// the stages before it. Nobody acknowledged it then.
#[must_use]
pub fn acknowledged_by_somebody(
    acknowledged_ms: Option<i64>,
    resolved_ms: Option<i64>,
) -> Option<i64> {
    acknowledged_ms.filter(|at| resolved_ms != Some(*at))
}

impl Fact {
    /// Returns the verdict on the clock of a target at a time in milliseconds since 1970: the
    /// verdict at its end, or missed if it runs and is overdue. `None` while it is not yet due.
    pub(super) fn judge(
        &self,
        target: SlaTarget,
        now_ms: i64,
        levels: &ServiceLevels,
    ) -> Option<FactVerdict> {
        let level = levels.for_priority(self.priority);
        let (ended, done_ms, goal_s) = match target {
            SlaTarget::Acknowledge => {
                (self.acknowledge_verdict, self.acknowledged_ms, level.acknowledge_s)
            }
            SlaTarget::Resolve => (self.resolve_verdict, self.resolved_ms, level.resolve_s),
            SlaTarget::Unknown(_) => return None,
        };
        let (stopped_ms, paused_ms) = match target {
            SlaTarget::Resolve => (self.paused_since_ms, self.paused_ms),
            _ => (self.mute.since_ms, self.mute.before_ms),
        };
        if ended.is_some() {
            return ended;
        }
        let now_ms = now_ms.min(stopped_ms.unwrap_or(i64::MAX));
        let elapsed_ms = done_ms.unwrap_or(now_ms) - self.reported_ms - paused_ms;
        let met = is_within(elapsed_ms, goal_s);
        (done_ms.is_some() || !met).then_some(FactVerdict { priority: self.priority, met })
    }
}

/// Converts milliseconds since 1970 to a time.
pub(super) fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Returns the number of an incident; `None` for 0.
pub(super) fn incident_number(number: u64) -> Option<IncidentNumber> {
    (number > 0).then_some(IncidentNumber(number))
}
