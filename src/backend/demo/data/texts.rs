//! The types of `texts.toml`: texts of people and machines that do not depend on the fault and its
//! cause.

use serde::Deserialize;

use crate::model::change::ChangeKind;
use crate::model::review::ActionKind;

/// The content of `texts.toml`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Texts {
    /// Texts of repeated alerts.
    pub alerts: Vec<String>,
    pub vocabulary: Vocabulary,
    pub actors: Actors,
    pub notes: Notes,
    pub updates: Updates,
    pub reasons: Reasons,
    pub review: Review,
    /// Changes that caused no incident.
    pub changes: Vec<ChangeTemplate>,
}

/// The values with which placeholders of templates are filled in.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Vocabulary {
    pub regions: Vec<String>,
    pub weekdays: Vec<String>,
    /// The first part of the name of a host.
    pub host_roles: Vec<String>,
    /// The second part of the name of a host.
    pub host_zones: Vec<String>,
}

/// Names of who acts without being a person of the company.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Actors {
    /// The monitoring systems that report incidents. A name that is listed twice is twice as
    /// likely.
    pub monitoring: Vec<String>,
    /// The monitoring system that reports incidents and repeats alerts while the demo is open.
    pub alerting: String,
    pub user_report: String,
    pub support: String,
    pub partner: String,
    pub deployment: String,
    pub escalation: String,
    /// The name of the responder in a company without people.
    pub responder: String,
    /// The name of a colleague in a company without people.
    pub colleague: String,
    /// First name of the colleague whom notes on problems name.
    pub problem_colleague: String,
}

/// Templates of the notes that responders write, by occasion.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Notes {
    pub first: Vec<String>,
    /// While the effect of a fix is watched.
    pub watching: Vec<String>,
    /// About an earlier incident with the same fault.
    pub recurrence: Vec<String>,
    /// When another person becomes the lead.
    pub handover: Vec<String>,
    /// When the priority is raised.
    pub raised: Vec<String>,
    /// When the priority is lowered.
    pub lowered: Vec<String>,
}

/// Templates of stakeholder updates, by the progress of the incident.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Updates {
    /// While the cause is unknown.
    pub early: Vec<String>,
    /// Once the cause is known.
    pub cause_found: Vec<String>,
    /// While the service recovers.
    pub recovery: Vec<String>,
    /// After the incident is resolved.
    pub resolved: Vec<String>,
}

/// Reasons for people's actions.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Reasons {
    pub reopen: Vec<String>,
    pub pause: Vec<String>,
    pub escalate: Vec<String>,
    /// For reclassifying an incident as a service request.
    pub reclassify: Vec<String>,
    /// For waiving the final stakeholder update when an incident is closed.
    pub waive_final_update: String,
    /// For waiving the follow-up when an incident is closed.
    pub waive_follow_up: String,
}

/// Sections of a review that do not depend on the fault and its cause, and its action items.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Review {
    pub summary: String,
    pub timeline: String,
    pub impact: String,
    pub communication: String,
    pub gaps: String,
    pub actions: Vec<ActionTemplate>,
}

/// An action item of a review.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct ActionTemplate {
    pub kind: ActionKind,
    pub text: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct ChangeTemplate {
    pub kind: ChangeKind,
    pub title: String,
}
