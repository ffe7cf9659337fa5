//! What follows from the answer of a person to a message: the command, or why nothing can be done.

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

/// Why an answer leads to nothing. Displayed as a sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerRefusal {
    /// The link was used before.
    #[error("this link was used at {}: it counts once", time(.at))]
    Used {
        /// When.
        at: DateTime<Utc>,
    },
    /// The link has ended by itself.
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
        /// Who has acknowledged it.
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
    /// The person is not asked for the role, or has answered.
    #[error("{label}: you are not asked to be {role} any more")]
    NotRequested {
        /// The number of the incident.
        label: String,
        /// The role.
        role: Role,
    },
    /// The person is asked for no role, or for several.
    #[error("{label}: it is not clear for which role: answer by redphone or by the link")]
    UnclearRole {
        /// The number of the incident.
        label: String,
    },
    /// The answer does not say what is to be done.
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
/// [`AnswerRefusal`] tells why it has ended.
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
    // Whoever is reminded works on it as a rule, and so it is acknowledged.
    let is_reminder = link.reminder && link.action != LinkAction::Acknowledge;
    if is_reminder {
        return check_time(link, now);
    }
    if let (Some(at), Some(by)) = (row.acknowledged_at, &incident.acknowledged_by) {
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

/// Returns what an answer means that is written in a reply to a message: who is asked for a role and
/// confirms it accepts it, and who is reminded and confirms it still works on the incident.
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

/// Returns the role that a person means who accepts or declines one without naming it: the only one that
/// the person is asked for.
///
/// # Errors
/// The person is asked for none, or for several.
pub fn meant_role(incident: &Incident, person: &PersonRef) -> Result<Role, AnswerRefusal> {
    let requests = incident.role_requests.iter();
    let mut asked = requests.filter(|request| request.awaits(request.role, &person.handle));
    match (asked.next(), asked.next()) {
        (Some(request), None) => Ok(request.role),
        _ => Err(AnswerRefusal::UnclearRole { label: label(&incident.summary) }),
    }
}

/// An answer whose person and incident are known.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The id of the command, by which an answer that comes again is recognized.
    pub id: CommandId,
    /// Who answers.
    pub person: &'a PersonRef,
    /// What is to be done.
    pub action: LinkAction,
    /// The role that is accepted or declined.
    pub role: Option<Role>,
    /// How the person answers.
    pub way: AnswerWay,
    /// When.
    pub at: DateTime<Utc>,
}

impl Answer<'_> {
    /// Makes the command that carries the answer out.
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
            LinkAction::Reply | LinkAction::Unknown(_) => return Err(AnswerRefusal::NoAction),
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

    /// Returns what was done, as a sentence without a full stop.
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
            LinkAction::Reply | LinkAction::Unknown(_) => format!("{label}: nothing was done"),
        }
    }
}

/// Returns where an incident stands, as a sentence without a full stop.
#[must_use]
pub fn state(incident: &Incident) -> String {
    let row = &incident.summary;
    let label = label(row);
    match (&incident.acknowledged_by, row.acknowledged_at) {
        (Some(by), Some(at)) if row.status.is_open() => {
            format!("{label} was acknowledged by {} at {}", sanitize(by.name()), time(&at))
        }
        _ => format!("{label} is {}", row.status),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rstest::rstest;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::command::{Declaration, RoleRequest};
    use crate::model::escalation::policy::{Policy, PolicyLevel, Target};
    use crate::model::notification::link::LinkToken;
    use crate::model::status::Source;
    use crate::model::{Event, EventBody, EventId, Impact, IncidentId, Priority};

    fn at(minutes: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-01-05T22:31:00Z".parse().unwrap();
        start + TimeDelta::minutes(minutes)
    }

    fn row() -> Summary {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": "P1",
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": at(0), "reported_at": at(0), "paused": false, "alerts": 1,
            "escalation": 1, "seq": 2, "last_event_at": at(0),
        }))
        .unwrap()
    }

    fn directory(levels: &[&[&str]]) -> Directory {
        let level = |people: &&[&str]| PolicyLevel {
            after_s: 0,
            call: people.iter().map(|handle| Target::Person((*handle).into())).collect(),
            round_robin: false,
            all_must_acknowledge: false,
        };
        Directory {
            people: ["ines", "tomasz"].map(|handle| PersonRef::new(handle, handle)).to_vec(),
            policies: vec![Policy {
                team: "payments".into(),
                levels: levels.iter().map(level).collect(),
                ..Policy::default()
            }],
            ..Directory::default()
        }
    }

    fn answer(person: &PersonRef, action: LinkAction) -> Answer<'_> {
        Answer {
            id: CommandId(Uuid::from_u128(5)),
            person,
            action,
            role: None,
            way: AnswerWay::Link,
            at: at(1),
        }
    }

    #[test]
    fn answer_is_a_command_of_the_person_by_link() {
        let person = PersonRef::new("ines", "Ines Moreau");
        let answer = answer(&person, LinkAction::Acknowledge);
        let envelope = answer.envelope(&row(), &Directory::default()).unwrap();
        assert_eq!(envelope.actor, Actor::Person(person.clone()));
        assert_eq!((envelope.id, envelope.at), (CommandId(Uuid::from_u128(5)), at(1)));
        let expected = Command::Incident {
            incident: IncidentId(Uuid::from_u128(1)),
            command: IncidentCommand::Acknowledge,
            undoes: None,
            because: Some("by link".into()),
        };
        assert_eq!(envelope.command, expected);
        assert_eq!(answer.outcome(&row()), "INC-12 is acknowledged by Ines Moreau");
    }

    #[test]
    fn escalation_calls_the_next_level() {
        let person = PersonRef::new("ines", "ines");
        let answer = answer(&person, LinkAction::Escalate);
        let escalate = |levels: &[&[&str]]| answer.envelope(&row(), &directory(levels));
        let envelope = escalate(&[&["ines"], &["tomasz"]]).unwrap();
        let Command::Incident { command: IncidentCommand::Escalate { level, to, .. }, .. } =
            envelope.command
        else {
            panic!("an escalation");
        };
        assert_eq!((level, to), (2, vec![PersonRef::new("tomasz", "tomasz")]));
        let label = || "INC-12".to_owned();
        let last = AnswerRefusal::LastLevel { label: label(), last: 1 };
        assert_eq!(escalate(&[&["ines"]]).unwrap_err(), last);
        let nobody = AnswerRefusal::NobodyReached { label: label(), level: 2 };
        assert_eq!(escalate(&[&["ines"], &["stranger"]]).unwrap_err(), nobody);
        let none = answer.envelope(&row(), &Directory::default()).unwrap_err();
        assert_eq!(none, AnswerRefusal::NoPolicy { label: label() });
    }

    fn link() -> AnswerLink {
        AnswerLink {
            digest: LinkToken::random().unwrap().digest(),
            notification: Uuid::from_u128(7),
            incident: IncidentId(Uuid::from_u128(1)),
            person: PersonRef::new("ines", "Ines Moreau"),
            action: LinkAction::Acknowledge,
            role: None,
            reminder: false,
            expires_at: at(60),
            used_at: None,
        }
    }

    fn incident(change: impl FnOnce(&mut Incident)) -> Incident {
        let mut incident = Incident::from_declaration(&declared()).unwrap();
        incident.summary = row();
        change(&mut incident);
        incident
    }

    fn declared() -> Event {
        let declaration = Declaration {
            alerts: None,
            title: "Card payments fail".into(),
            services: vec!["checkout".into()],
            impact: Impact::High,
            urgency: Impact::High,
            category: None,
            source: Source::Monitoring,
            symptoms: String::new(),
            detected_at: at(0),
            reported_at: at(0),
            team: None,
            labels: Vec::new(),
            dedup_key: None,
            runbook: None,
        };
        Event {
            id: EventId::new(),
            incident: IncidentId(Uuid::from_u128(1)),
            seq: 1,
            at: at(0),
            recorded_at: at(0),
            actor: Actor::Integration("monitoring".into()),
            command: CommandId::new(),
            because: None,
            verdicts: Vec::new(),
            undo: None,
            body: EventBody::Declared {
                number: None,
                priority: Priority::P1,
                declaration: Box::new(declaration),
            },
            extra: <_>::default(),
        }
    }

    #[test]
    fn link_ends_by_use_time_acknowledgement_and_end() {
        let open = incident(|_| {});
        assert_eq!(check_link(&link(), &open, at(59)), Ok(()));
        let expired = AnswerRefusal::Expired { at: at(60) };
        assert_eq!(check_link(&link(), &open, at(60)), Err(expired));
        let used = AnswerLink { used_at: Some(at(3)), ..link() };
        assert_eq!(check_link(&used, &open, at(4)), Err(AnswerRefusal::Used { at: at(3) }));
        let acknowledged = incident(|incident| {
            incident.summary.acknowledged_at = Some(at(2));
            incident.acknowledged_by = Some(Actor::Person(PersonRef::new("tomasz", "Tomasz Zur")));
        });
        let first = check_link(&link(), &acknowledged, at(4)).unwrap_err();
        let sentence = "INC-12 was acknowledged by Tomasz Zur at 2026-01-05 22:33 UTC";
        assert_eq!(first.to_string(), sentence);
        let resolved = incident(|incident| incident.summary.status = Status::Resolved);
        let ended = AnswerRefusal::Ended { label: "INC-12".into(), status: Status::Resolved };
        assert_eq!(check_link(&link(), &resolved, at(4)), Err(ended));
    }

    fn requested(role: Role) -> RoleRequest {
        RoleRequest {
            role,
            person: PersonRef::new("ines", "Ines Moreau"),
            by: Actor::Person(PersonRef::new("tomasz", "Tomasz Zur")),
            at: at(0),
            accepted: None,
            answered_at: None,
        }
    }

    #[test]
    fn link_for_a_role_ends_with_its_answer() {
        let link = AnswerLink { role: Some(Role::Scribe), ..link() };
        let open = incident(|incident| {
            incident.summary.acknowledged_at = Some(at(2));
            incident.role_requests = vec![requested(Role::Scribe)];
        });
        assert_eq!(check_link(&link, &open, at(4)), Ok(()));
        let expired = AnswerRefusal::Expired { at: at(60) };
        assert_eq!(check_link(&link, &open, at(61)), Err(expired));
        let answered = incident(|incident| {
            incident.role_requests =
                vec![RoleRequest { accepted: Some(false), ..requested(Role::Scribe) }];
        });
        let refused = AnswerRefusal::NotRequested { label: "INC-12".into(), role: Role::Scribe };
        assert_eq!(check_link(&link, &answered, at(4)), Err(refused.clone()));
        let other = incident(|incident| incident.role_requests = vec![requested(Role::Resolver)]);
        assert_eq!(check_link(&link, &other, at(4)), Err(refused));
    }

    #[test]
    fn link_of_a_reminder_outlasts_the_acknowledgement() {
        let acknowledged = incident(|incident| incident.summary.acknowledged_at = Some(at(2)));
        for action in [LinkAction::Working, LinkAction::Resolve, LinkAction::Reply] {
            let link = AnswerLink { reminder: true, action, ..link() };
            assert_eq!(check_link(&link, &acknowledged, at(4)), Ok(()), "{action}");
        }
        let again = AnswerLink { reminder: true, ..link() };
        assert!(check_link(&again, &acknowledged, at(4)).is_err());
    }

    #[rstest]
    #[case(None, false, LinkAction::Acknowledge)]
    #[case(Some(Role::Scribe), false, LinkAction::AcceptRole)]
    #[case(None, true, LinkAction::Working)]
    fn confirmation_answers_the_message(
        #[case] role: Option<Role>,
        #[case] reminder: bool,
        #[case] expected: LinkAction,
    ) {
        let link = AnswerLink { role, reminder, ..link() };
        let row = Summary { acknowledged_at: Some(at(2)), ..row() };
        assert_eq!(meant_action(LinkAction::Acknowledge, &link, &row), expected);
        assert_eq!(meant_action(LinkAction::Resolve, &link, &row), LinkAction::Resolve);
    }

    #[test]
    fn only_requested_role_is_meant() {
        let person = PersonRef::new("ines", "Ines Moreau");
        let unclear = AnswerRefusal::UnclearRole { label: "INC-12".into() };
        assert_eq!(meant_role(&incident(|_| {}), &person), Err(unclear.clone()));
        let one = incident(|incident| incident.role_requests = vec![requested(Role::Scribe)]);
        assert_eq!(meant_role(&one, &person), Ok(Role::Scribe));
        let two = incident(|incident| {
            incident.role_requests = vec![requested(Role::Scribe), requested(Role::Resolver)];
        });
        assert_eq!(meant_role(&two, &person), Err(unclear));
    }
}
