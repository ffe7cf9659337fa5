//! Service levels: how soon an incident must be acknowledged, resolved and reported on.

use chrono::{DateTime, TimeDelta, Utc};

use super::priority::Priority;
use super::summary::Summary;

pub use super::verdict::{ServiceLevel, ServiceLevels, SlaTarget, Verdict, is_within};

/// A running clock of a service level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// The target that the clock measures.
    pub target: SlaTarget,
    /// When the clock started: the time of the report.
    pub started_at: DateTime<Utc>,
    /// The time within which the target must be reached.
    pub goal: TimeDelta,
    /// The last instant at which the target is met. A pause moves it.
    pub due: DateTime<Utc>,
    /// When the clock was stopped by a pause or a mute that still lasts; `None` if it runs.
    pub stopped_at: Option<DateTime<Utc>>,
}

impl Clock {
    /// Returns the time that remains; negative once the target is missed.
    #[must_use]
    pub fn remaining(&self, now: DateTime<Utc>) -> TimeDelta {
        self.due - self.stopped_at.map_or(now, |stopped| stopped.min(now))
    }

    /// Returns whether the target is missed. The due instant itself is in time.
    #[must_use]
    pub fn is_past(&self, now: DateTime<Utc>) -> bool {
        self.remaining(now) < TimeDelta::zero()
    }

    /// Returns whether at most a quarter of the time remains, or none.
    #[must_use]
    pub fn is_near(&self, now: DateTime<Utc>) -> bool {
        self.remaining(now) * 4 <= self.goal
    }

    /// Returns the share of the time that has elapsed, from 0.0 to 1.0.
    #[must_use]
    pub fn elapsed_share(&self, now: DateTime<Utc>) -> f64 {
        let total = self.goal.num_seconds().max(1);
        let elapsed = (self.goal - self.remaining(now)).num_seconds().clamp(0, total);
        // Both are far below 2^52 seconds.
        #[allow(clippy::cast_precision_loss)]
        let share = elapsed as f64 / total as f64;
        share
    }
}

/// Returns the clock that runs for an incident: first to acknowledge, then to resolve.
///
/// A pause stops the clock to resolve, but never the one to acknowledge, which stops while a
/// maintenance window mutes the incident. `None` once the incident has ended: an incident that was
/// merged or reclassified is not judged.
#[must_use]
pub fn running_clock(incident: &Summary, levels: &ServiceLevels) -> Option<Clock> {
    if !incident.status.is_open() {
        return None;
    }
    let level = levels.for_priority(incident.priority);
    let started_at = incident.reported_at;
    Some(if incident.acknowledged_at.is_none() {
        let goal = TimeDelta::seconds(level.acknowledge_s);
        let due = started_at + goal + TimeDelta::milliseconds(incident.muted_ms);
        let target = SlaTarget::Acknowledge;
        Clock { target, started_at, goal, due, stopped_at: incident.mute().map(|mute| mute.since) }
    } else {
        let goal = TimeDelta::seconds(level.resolve_s);
        let due = started_at + goal + TimeDelta::milliseconds(incident.paused_ms);
        let target = SlaTarget::Resolve;
        Clock { target, started_at, goal, due, stopped_at: incident.paused_since }
    })
}

/// Returns the verdict on a clock that ends now: as if it was judged without knowing the goals.
///
/// `None` while the clock runs.
#[must_use]
pub(super) fn ended_clock(incident: &Summary, target: SlaTarget) -> Option<Verdict> {
    let elapsed_ms = match target {
        SlaTarget::Acknowledge => acknowledge_ms(incident)?,
        SlaTarget::Resolve => resolve_ms(incident)?,
        SlaTarget::Unknown(_) => return None,
    };
    Some(Verdict { target, priority: incident.priority, goal_s: None, elapsed_ms, met: None })
}

/// Returns the time from the report to the acknowledgement without the time for which the incident was
/// muted, in milliseconds.
#[must_use]
pub fn acknowledge_ms(incident: &Summary) -> Option<i64> {
    let elapsed = (incident.acknowledged_at? - incident.reported_at).num_milliseconds();
    Some(elapsed - incident.muted_ms)
}

/// Returns the time from the report to the resolution without pauses, in milliseconds.
#[must_use]
pub fn resolve_ms(incident: &Summary) -> Option<i64> {
    let elapsed = (incident.resolved_at? - incident.reported_at).num_milliseconds();
    Some(elapsed - incident.paused_ms)
}

/// Returns for how long an incident was paused in total.
#[must_use]
pub fn paused_time(incident: &Summary, now: DateTime<Utc>) -> TimeDelta {
    let current = incident.paused_since.map_or(TimeDelta::zero(), |since| now - since);
    TimeDelta::milliseconds(incident.paused_ms) + current.max(TimeDelta::zero())
}

/// Returns the verdicts on the clocks of an incident that have ended. A clock whose goal was not
/// recorded is judged by `levels`.
pub fn verdicts(incident: &Summary, levels: &ServiceLevels) -> impl Iterator<Item = Verdict> {
    let levels = *levels;
    let ended =
        |verdict: Option<Verdict>, target| verdict.or_else(|| ended_clock(incident, target));
    let acknowledge = ended(incident.acknowledge_verdict, SlaTarget::Acknowledge);
    let resolve = ended(incident.resolve_verdict, SlaTarget::Resolve);
    acknowledge.into_iter().chain(resolve).map(move |verdict| match verdict.goal_s {
        Some(_) => verdict,
        None => verdict.judged_by(&levels),
    })
}

/// Returns the priority whose target of service levels an incident has missed: its clock ended late, or runs and
/// is past at `now`. `None` if it has missed none. This is how the measures count it.
#[must_use]
pub fn missed_priority(
    incident: &Summary,
    target: SlaTarget,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Option<Priority> {
    let level = levels.for_priority(incident.priority);
    let (ended, done, goal_s) = match target {
        SlaTarget::Acknowledge => {
            let at = incident.acknowledged_by_somebody_at();
            let done = at.and_then(|_| acknowledge_ms(incident));
            (incident.acknowledge_verdict, done, level.acknowledge_s)
        }
        SlaTarget::Resolve => (incident.resolve_verdict, resolve_ms(incident), level.resolve_s),
        SlaTarget::Unknown(_) => return None,
    };
    if let Some((verdict, met)) = ended.and_then(|verdict| Some((verdict, verdict.met?))) {
        return (!met).then(|| verdict.priority.rank());
    }
    let running = || {
        let (since, before_ms) = match target {
            SlaTarget::Resolve => (incident.paused_since, incident.paused_ms),
            _ if incident.acknowledged_at.is_some() => (None, 0),
            _ => (incident.mute().map(|mute| mute.since), incident.muted_ms),
        };
        let elapsed = since.map_or(now, |since| since.min(now)) - incident.reported_at;
        elapsed.num_milliseconds() - before_ms
    };
    let is_missed = !is_within(done.unwrap_or_else(running), goal_s);
    is_missed.then(|| incident.priority.rank())
}

/// Returns when the next stakeholder update is due, counted from the last one or from the report.
#[must_use]
pub fn update_due(
    priority: Priority,
    reported_at: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    let interval = levels.for_priority(priority).update_every_s?;
    Some(last.unwrap_or(reported_at) + TimeDelta::seconds(interval))
}
