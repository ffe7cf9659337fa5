//! The result of a person's answer to a message: the command, or the reason why nothing can be
//! done.

use chrono::{DateTime, Utc};

use super::link::{AnswerLink, LinkAction};
use crate::model::actor::{Actor, PersonRef};
use crate::model::command::{Command, Envelope, IncidentCommand};
use crate::model::directory::Directory;
use crate::model::escalation::path::path;
use crate::model::id::CommandId;
use crate::model::incident::Incident;
use crate::model::status::{ResolutionAction, Role, Status};
use crate::model::summary::Summary;
use crate::model::text::sanitize;

/// How a person has answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerWay {
    /// By a link in a message.
    Link,
    /// By a text message.
    Sms,
    /// By a mail.
    Mail,
}

impl AnswerWay {
    /// Returns why an event happened, as the timeline has it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Link => "by link",
            Self::Sms => "by SMS",
            Self::Mail => "by mail",
        }
    }
}

/// The reason why an answer leads to nothing. Displayed as a sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerRefusal {
    /// The link was used before.
    #[error("this link was used at {}: it counts once", time(.at))]
    Used {
        /// When.
        at: DateTime<Utc>,
    },
    /// The link has expired.
    #[error("this link ended at {}: open redphone, or wait for the next message", time(.at))]
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody has acknowledged the incident.
    #[error("{label} was acknowledged by {by} at {}", time(.at))]
    Acknowledged {
        /// The number of the incident.
        label: String,
        /// The person who has acknowledged it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The incident has ended, or is at a later stage.
    #[error("{label} is {status}")]
    Ended {
        /// The number of the incident.
        label: String,
        /// Its status.
        status: Status,
    },
    /// No escalation policy is for the incident.
    #[error("no escalation policy is for {label}: nobody can be called")]
    NoPolicy {
        /// The number of the incident.
        label: String,
    },
    /// All levels were called.
    #[error("level {last} of {label} was called, which is the last one")]
    LastLevel {
        /// The number of the incident.
        label: String,
        /// The last level.
        last: u8,
    },
    /// The next level calls nobody now.
    #[error("level {level} of {label} reaches nobody now")]
    NobodyReached {
        /// The number of the incident.
        label: String,
        /// The next level.
        level: u8,
    },
    /// The person was not asked for the role, or has answered already.
    #[error("{label}: you are not asked to be {role} any more")]
    NotRequested {
        /// The number of the incident.
        label: String,
        /// The role.
        role: Role,
    },
    /// The person was asked for no role, or has answered already.
    #[error("you are asked for no role in {label}")]
    NoRoleRequested {
        /// The number of the incident.
        label: String,
    },
    /// The person was asked for several roles.
    #[error("{label}: it is not clear for which role: answer by redphone or by the link")]
    UnclearRole {
        /// The number of the incident.
        label: String,
    },
    /// The answer contains no known action.
    #[error("answer with ack, escalate or resolve")]
    NoAction,
}

/// Formats a time as an answer has it.
fn time(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Returns the number of an incident, or its title before it has one.
#[must_use]
pub fn label(row: &Summary) -> String {
    match row.number {
        Some(number) => number.to_string(),
        None => sanitize(&row.title).into_string(),
    }
}

/// Checks that a link counts still: it ends with the acknowledgement of its incident, with its time, and
/// once it was used.
///
/// # Errors
/// [`AnswerRefusal`] with the reason why it has ended.
pub fn check_link(
    link: &AnswerLink,
    incident: &Incident,
    now: DateTime<Utc>,
) -> Result<(), AnswerRefusal> {
    if let Some(at) = link.used_at {
        return Err(AnswerRefusal::Used { at });
    }
    let row = &incident.summary;
    let label = label(row);
    if !row.status.is_open() {
        return Err(AnswerRefusal::Ended { label, status: row.status });
    }
    if let Some(role) = link.role {
        let handle = &link.person.handle;
        if !incident.role_requests.iter().any(|request| request.awaits(role, handle)) {
            return Err(AnswerRefusal::NotRequested { label, role });
        }
        return check_time(link, now);
    }
    // The recipient of a reminder usually works on the incident, which is therefore acknowledged.
    let is_reminder = link.reminder && link.action != LinkAction::Acknowledge;
    if is_reminder {
        return check_time(link, now);
    }
    if let (Some(at), Some(by)) = (row.acknowledged_by_somebody_at(), &incident.acknowledged_by) {
        let by = sanitize(by.name()).into_string();
        return Err(AnswerRefusal::Acknowledged { label, by, at });
    }
    if row.acknowledged_at.is_some() || row.status != Status::Triggered {
        return Err(AnswerRefusal::Ended { label, status: row.status });
    }
    check_time(link, now)
}

fn check_time(link: &AnswerLink, now: DateTime<Utc>) -> Result<(), AnswerRefusal> {
    if link.expires_at <= now {
        return Err(AnswerRefusal::Expired { at: link.expires_at });
    }
    Ok(())
}

/// Returns the meaning of a reply to a message: a person who was asked for a role and confirms
/// accepts it, and a person who was reminded and confirms still works on the incident.
#[must_use]
pub fn meant_action(written: LinkAction, link: &AnswerLink, row: &Summary) -> LinkAction {
    match written {
        LinkAction::Acknowledge if link.role.is_some() => LinkAction::AcceptRole,
        LinkAction::Acknowledge if link.reminder && row.acknowledged_at.is_some() => {
            LinkAction::Working
        }
        written => written,
    }
}

/// Returns the role that a person accepts or declines without naming it: the only one that the
/// person was asked for.
///
/// # Errors
/// The person was asked for none, or for several.
pub fn meant_role(incident: &Incident, person: &PersonRef) -> Result<Role, AnswerRefusal> {
    let requests = incident.role_requests.iter();
    let mut asked = requests.filter(|request| request.awaits(request.role, &person.handle));
    match (asked.next(), asked.next()) {
        (Some(request), None) => Ok(request.role),
        (Some(_), Some(_)) => Err(AnswerRefusal::UnclearRole { label: label(&incident.summary) }),
        (None, _) => Err(AnswerRefusal::NoRoleRequested { label: label(&incident.summary) }),
    }
}

/// An answer whose person and incident are known.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The id of the command, by which a repeated answer is recognized.
    pub id: CommandId,
    /// The author of the answer.
    pub person: &'a PersonRef,
    /// The action.
    pub action: LinkAction,
    /// The role that is accepted or declined.
    pub role: Option<Role>,
    /// How the person answers.
    pub way: AnswerWay,
    /// When.
    pub at: DateTime<Utc>,
}

impl Answer<'_> {
    /// Creates the command that carries the answer out.
    ///
    /// # Errors
    /// [`AnswerRefusal`] if it makes no sense for the incident.
    pub fn envelope(
        &self,
        row: &Summary,
        directory: &Directory,
    ) -> Result<Envelope, AnswerRefusal> {
        let command = match self.action {
            LinkAction::Acknowledge => IncidentCommand::Acknowledge,
            LinkAction::Escalate => Self::escalate(row, directory)?,
            LinkAction::Resolve => IncidentCommand::Resolve {
                action: ResolutionAction::Other,
                detail: "resolved from a message".to_owned(),
                validation: "not described".to_owned(),
            },
            LinkAction::Working => {
                IncidentCommand::AddNote { text: "I am on it, answered from a message".to_owned() }
            }
            LinkAction::AcceptRole | LinkAction::DeclineRole => {
                let refused = || AnswerRefusal::UnclearRole { label: label(row) };
                let role = self.role.ok_or_else(refused)?;
                let accepted = self.action == LinkAction::AcceptRole;
                IncidentCommand::AnswerRole { role, accepted }
            }
            LinkAction::AcceptCover
            | LinkAction::DeclineCover
            | LinkAction::Reply
            | LinkAction::Unknown(_) => return Err(AnswerRefusal::NoAction),
        };
        Ok(Envelope {
            id: self.id,
            at: self.at,
            actor: Actor::Person(self.person.clone()),
            command: Command::Incident {
                incident: row.id,
                command,
                undoes: None,
                because: Some(self.way.reason().to_owned()),
            },
            expected_seq: None,
        })
    }

    /// Returns the command that calls the next level now.
    fn escalate(row: &Summary, directory: &Directory) -> Result<IncidentCommand, AnswerRefusal> {
        let steps = path(row, directory);
        let label = label(row);
        let Some(last) = steps.iter().map(|step| step.level).max() else {
            return Err(AnswerRefusal::NoPolicy { label });
        };
        let level = row.escalation.saturating_add(1);
        let Some(step) = steps.into_iter().find(|step| step.level == level) else {
            return Err(AnswerRefusal::LastLevel { label, last });
        };
        let to = step.people();
        if to.is_empty() {
            return Err(AnswerRefusal::NobodyReached { label, level });
        }
        let reason = Some("asked for in an answer to a message".to_owned());
        Ok(IncidentCommand::Escalate {
            level,
            to,
            reason,
            automatic: None,
            all_must_acknowledge: step.all_must_acknowledge,
        })
    }

    /// Returns the result as a sentence without a full stop.
    #[must_use]
    pub fn outcome(&self, row: &Summary) -> String {
        let (label, name) = (label(row), sanitize(&self.person.name));
        match self.action {
            LinkAction::Acknowledge => match &row.required {
                Some(required) => {
                    let text = sanitize(required.text()).into_string();
                    format!("{name} has acknowledged {label}: {text}")
                }
                None => format!("{label} is acknowledged by {name}"),
            },
            LinkAction::Escalate => format!("{label}: level {} is called", row.escalation),
            LinkAction::Resolve => format!("{label} is resolved by {name}"),
            LinkAction::Working => format!("{label}: a note says that {name} is on it"),
            LinkAction::AcceptRole | LinkAction::DeclineRole => {
                let is_accepted = self.action == LinkAction::AcceptRole;
                let done = if is_accepted { "accepted" } else { "declined" };
                let role = self.role.map(|role| role.to_string()).unwrap_or_default();
                format!("{label}: {name} has {done} the role {role}")
            }
            LinkAction::AcceptCover
            | LinkAction::DeclineCover
            | LinkAction::Reply
            | LinkAction::Unknown(_) => format!("{label}: nothing was done"),
        }
    }
}

/// Returns the state of an incident as a sentence without a full stop.
#[must_use]
pub fn state(incident: &Incident) -> String {
    let row = &incident.summary;
    let label = label(row);
    match (&incident.acknowledged_by, row.acknowledged_by_somebody_at()) {
        (Some(by), Some(at)) if row.status.is_open() => {
            format!("{label} was acknowledged by {} at {}", sanitize(by.name()), time(&at))
        }
        _ => format!("{label} is {}", row.status),
    }
}

#[cfg(test)]
mod tests;
