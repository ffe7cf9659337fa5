//! Changes: planned modifications, and which of them are suspected of causing an incident.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

use super::actor::Actor;
use super::directory::Directory;
use super::extra::{Extra, extensible_record};
use super::id::ChangeId;
use super::rules::Rules;
use super::status::growing_enum;

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
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Change);

/// A change that may have caused an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Suspect {
    /// The suspected change itself.
    pub change: Change,
    /// Seconds from its end to the detection of the incident; 0 if it was in progress then.
    pub before_s: i64,
    /// Whether it touched an affected service itself, and not only a service that one depends on.
    pub direct: bool,
}

/// Returns the changes suspected of causing an incident, the nearest in time first.
///
/// A change is suspected when it touches one of `services` or a service that these depend on, and
/// ended or was running within [`Rules::suspect_s`] (2 h by default) before detection. Planned
/// changes that have not started are never suspected.
#[must_use]
pub fn find_suspects(
    services: &[String],
    detected_at: DateTime<Utc>,
    changes: &[Change],
    directory: &Directory,
    rules: &Rules,
) -> Vec<Suspect> {
    let own: BTreeSet<&str> = services.iter().map(String::as_str).collect();
    let touched = directory.with_dependencies(services);
    let earliest = detected_at - TimeDelta::seconds(rules.suspect_s);
    let mut suspects: Vec<Suspect> = changes
        .iter()
        .filter(|change| change.starts_at <= detected_at && change.state != ChangeState::Planned)
        .filter(|change| change.ends_at.is_none_or(|end| end >= earliest))
        .filter(|change| change.services.iter().any(|s| touched.contains(s.as_str())))
        .map(|change| Suspect {
            before_s: change.ends_at.map_or(0, |end| (detected_at - end).num_seconds().max(0)),
            direct: change.services.iter().any(|s| own.contains(s.as_str())),
            change: change.clone(),
        })
        .collect();
    suspects.sort_by_key(|s| {
        (s.before_s, !s.direct, std::cmp::Reverse(s.change.starts_at), s.change.id)
    });
    suspects
}
