//! Changes: planned modifications, and which of them are suspected of causing an incident.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::Actor;
use super::directory::Directory;
use super::extra::{Extra, extensible_record};
use super::id::ChangeId;
use super::rules::Rules;
use super::status::growing_enum;
use super::time::format_duration;

growing_enum! {
    /// The state of a change.
    ChangeState, "change state" {
        /// The change has not started.
        Planned = "planned",
        /// The change is in progress.
        Running = "running",
        /// The change ended as planned.
        Done = "done",
        /// The change ended without success.
        Failed = "failed",
        /// The change was reverted.
        RolledBack = "rolled back",
    }
}

growing_enum! {
    /// Whether a change was approved by those who have to.
    ChangeApproval, "approval" {
        /// The approval was requested, and is not given yet.
        Requested = "requested" | "pending" | "waiting",
        /// The change may be made.
        Approved = "approved",
        /// The change may not be made.
        Rejected = "rejected" | "denied",
    }
}

growing_enum! {
    /// The kind of modification that a change makes.
    ChangeKind, "change kind" {
        /// New code was released.
        Deploy = "deploy",
        /// A setting was changed.
        ConfigEdit = "config edit" | "config",
        /// Data or a schema was changed.
        Migration = "migration",
        /// Any other kind of modification.
        Other = "other",
    }
}

/// A planned modification of services, such as a deploy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Change {
    /// The id of the change, which no other change has.
    pub id: ChangeId,
    /// The kind of modification that it makes.
    pub kind: ChangeKind,
    /// The title, on one line, such as `checkout v812`.
    pub title: String,
    /// The services that it touches.
    pub services: Vec<String>,
    /// The person or program that makes it.
    pub by: Actor,
    /// When it starts or started.
    pub starts_at: DateTime<Utc>,
    /// When it ended; `None` while it is planned or in progress.
    #[schema(required)]
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether it is planned, in progress, or how it ended.
    pub state: ChangeState,
    /// The page about it, such as the run of a pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether it was approved; absent if that was not reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ChangeApproval>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Change);

impl Change {
    /// Returns the approval if it is worth showing: a pending request only while the change is
    /// planned.
    #[must_use]
    pub fn shown_approval(&self) -> Option<ChangeApproval> {
        let is_planned = self.state == ChangeState::Planned;
        self.approval.filter(|approval| is_planned || *approval != ChangeApproval::Requested)
    }

    /// Returns the last instant of the change: that before its end, at which it does not run any
    /// more. One that runs and has no end does so up to `now`.
    #[must_use]
    pub fn last_instant(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let last = match self.ends_at {
            Some(end) => end.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(end),
            None if self.state == ChangeState::Running => now,
            None => self.starts_at,
        };
        last.max(self.starts_at)
    }
}

/// A change that may have caused an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Suspect {
    /// The suspected change itself.
    pub change: Change,
    /// Seconds from its end to the detection of the incident; 0 if it was in progress then.
    pub before_s: i64,
    /// Whether it touched an affected service itself, and not only a service that one depends on.
    pub direct: bool,
    /// The number of dependencies from an affected service to the nearest one that it touched; 0 for
    /// an affected service, and absent where only `direct` is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// When it is assumed to have ended, because no end was reported within a day of its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed_end: Option<DateTime<Utc>>,
}

/// The greatest number of dependencies between an affected service and one that a suspected change
/// touched.
pub const MAX_SUSPECT_STEPS: u32 = 3;
/// How long after its start a change is assumed to have ended if no end is reported.
pub const ASSUMED_DURATION: TimeDelta = TimeDelta::days(1);

impl Suspect {
    /// Returns when the change ended, or is assumed to have ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.change.ends_at.or(self.assumed_end)
    }

    /// Returns how long before a time, that of the detection, the change began.
    #[must_use]
    pub fn began_before(&self, detected_at: DateTime<Utc>) -> TimeDelta {
        (detected_at - self.change.starts_at).max(TimeDelta::zero())
    }

    /// Returns, in words, how long the change took, or that it was still in progress when the
    /// incident was detected.
    #[must_use]
    pub fn course(&self) -> String {
        match self.ended_at() {
            Some(_) if self.assumed_end.is_some() => "end unknown".to_owned(),
            Some(end) if self.before_s > 0 => {
                let took = (end - self.change.starts_at).max(TimeDelta::zero());
                format!("took {}", format_duration(took))
            }
            _ => "was running".to_owned(),
        }
    }

    /// Returns, in words, how many dependencies lie between the change and the incident; `None` if
    /// it touched an affected service and its end is known.
    #[must_use]
    pub fn distance(&self) -> Option<String> {
        let mut parts = Vec::new();
        match self.steps {
            _ if self.direct => {}
            Some(steps) if steps > 1 => parts.push(format!("a dependency {steps} steps away")),
            _ => parts.push("a dependency".to_owned()),
        }
        if self.assumed_end.is_some() {
            parts.push("no end reported, assumed after a day".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Returns suspected changes by when they began, the last one first: the nearest to the incident.
#[must_use]
pub fn by_begin(suspects: &[Suspect]) -> Vec<&Suspect> {
    let mut sorted: Vec<&Suspect> = suspects.iter().collect();
    sorted.sort_by_key(|suspect| std::cmp::Reverse(suspect.change.starts_at));
    sorted
}

/// Returns the changes suspected of causing an incident, the nearest first: by dependencies between
/// an affected service and one that the change touched, then by time.
///
/// A change is suspected when it touches one of `services` or a service at most
/// [`MAX_SUSPECT_STEPS`] dependencies away, and ended or was running within [`Rules::suspect_s`] (2
/// h by default) before detection. Without a reported end it is assumed to have ended
/// [`ASSUMED_DURATION`] after its start. Planned changes that have not started are never suspected.
#[must_use]
pub fn find_suspects(
    services: &[String],
    detected_at: DateTime<Utc>,
    changes: &[Change],
    directory: &Directory,
    rules: &Rules,
) -> Vec<Suspect> {
    let distances = directory.dependency_steps(services);
    let earliest = detected_at - TimeDelta::seconds(rules.suspect_s);
    let mut suspects: Vec<Suspect> = changes
        .iter()
        .filter(|change| change.starts_at <= detected_at && change.state != ChangeState::Planned)
        .filter_map(|change| {
            let touched = change.services.iter().filter_map(|s| distances.get(s.as_str()));
            let steps = *touched.min()?;
            let assumed_end = Some(change.starts_at + ASSUMED_DURATION)
                .filter(|end| change.ends_at.is_none() && *end <= detected_at);
            let end = change.ends_at.or(assumed_end);
            if steps > MAX_SUSPECT_STEPS || end.is_some_and(|end| end < earliest) {
                return None;
            }
            Some(Suspect {
                before_s: end.map_or(0, |end| (detected_at - end).num_seconds().max(0)),
                direct: steps == 0,
                steps: Some(steps),
                assumed_end,
                change: change.clone(),
            })
        })
        .collect();
    suspects
        .sort_by_key(|s| (s.steps, s.before_s, std::cmp::Reverse(s.change.starts_at), s.change.id));
    suspects
}
