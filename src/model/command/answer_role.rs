//! Answer a request for a role: the person who was asked accepts or declines it.

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::status::Role;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::AnswerRole,
    "answer_role",
    "answer-role",
    "accept or decline a role that you were asked for",
    |_, _| Some(IncidentCommand::AnswerRole { role: Role::Scribe, accepted: true }),
)
.argument(Argument::Listed("accept or decline, and the role: accept scribe"));

pub(in crate::model) struct AnswerRole {
    pub role: Role,
    pub accepted: bool,
}

impl CommandLogic for AnswerRole {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { role, accepted } = *self;
        require_open(case.incident)?;
        let person = case.envelope.actor.person();
        let asked = person.filter(|person| {
            let mut requests = case.incident.role_requests.iter();
            requests.any(|request| request.awaits(role, &person.handle))
        });
        let Some(person) = asked else { return Err(Rejection::NoRoleRequest { role }) };
        let person = person.clone();
        let mut roles = case.incident.roles.iter();
        let has = roles.any(|(r, p)| *r == role && p.handle == person.handle);
        let mut events = vec![EventBody::RoleAnswered { role, person: person.clone(), accepted }];
        if accepted && !has {
            events.push(EventBody::RoleGiven { role, person, given: true });
        }
        Ok(events)
    }

    fn phrase(&self) -> &'static str {
        if self.accepted { "accept a role on" } else { "decline a role on" }
    }

    fn content(&self) -> String {
        self.role.to_string()
    }
}

pub(in crate::model) struct RoleAnswered<'a> {
    pub role: Role,
    pub person: &'a PersonRef,
    pub accepted: bool,
}

impl EventLogic for RoleAnswered<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        let mut requests = incident.role_requests.iter_mut();
        let answered = requests.find(|request| request.awaits(self.role, &self.person.handle));
        if let Some(request) = answered {
            request.accepted = Some(self.accepted);
            request.answered_at = Some(event.at);
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::person("person", self.person)
    }

    fn label(&self) -> &'static str {
        if self.accepted { "Accepted" } else { "Declined" }
    }

    fn detail(&self) -> String {
        format!("{}: {}", self.role, self.person.name)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        let answer = if self.accepted { "accepts" } else { "declines" };
        format!("{answer} the role {}", self.role)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use rstest::rstest;

    use super::*;
    use crate::model::command::Declaration;
    use crate::model::decide::{Context, decide};
    use crate::model::status::Source;
    use crate::model::{Actor, Command, CommandId, Envelope, Impact, IncidentId, Rules, Urgency};

    fn person(handle: &str) -> PersonRef {
        PersonRef::new(handle, handle)
    }

    fn send(
        incident: Option<&Incident>,
        actor: Actor,
        command: IncidentCommand,
    ) -> Result<Incident, Rejection> {
        let id = incident.map_or_else(IncidentId::new, |incident| incident.summary.id);
        let at: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let command = Command::incident(id, command);
        let envelope = Envelope { id: CommandId::new(), at, actor, command, expected_seq: None };
        let events = decide(incident, &envelope, Context { now: at, rules: &Rules::default() })?;
        let mut changed = match incident {
            Some(incident) => incident.clone(),
            None => Incident::from_declaration(&events[0]).unwrap(),
        };
        for event in events.iter().skip(usize::from(incident.is_none())) {
            changed.apply_next(event).unwrap();
        }
        Ok(changed)
    }

    fn requested() -> Incident {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(19_999);
        let declaration = Declaration {
            title: "payments fail".into(),
            services: Vec::new(),
            impact: Impact::High,
            urgency: Urgency::High,
            category: None,
            source: Source::Internal,
            symptoms: String::new(),
            detected_at: at,
            reported_at: at,
            team: None,
            labels: Vec::new(),
            dedup_key: None,
            alerts: None,
            runbook: None,
        };
        let actor = || Actor::Person(person("ines"));
        let declare = IncidentCommand::Declare(Box::new(declaration));
        let declared = send(None, actor(), declare).unwrap();
        let ask = IncidentCommand::AskForRole { role: Role::Scribe, person: person("tomasz") };
        send(Some(&declared), actor(), ask).unwrap()
    }

    #[rstest]
    #[case(true, 1)]
    #[case(false, 0)]
    fn answer_is_recorded_and_gives_the_role(#[case] accepted: bool, #[case] roles: usize) {
        let incident = requested();
        assert_eq!((incident.roles.len(), incident.role_requests[0].accepted), (0, None));
        let answer = IncidentCommand::AnswerRole { role: Role::Scribe, accepted };
        let actor = Actor::Person(person("tomasz"));
        let incident = send(Some(&incident), actor, answer).unwrap();
        assert_eq!(incident.role_requests[0].accepted, Some(accepted));
        assert_eq!(incident.roles.len(), roles);
    }

    #[rstest]
    #[case(Actor::Person(person("ines")), Role::Scribe)]
    #[case(Actor::Person(person("tomasz")), Role::Communications)]
    #[case(Actor::Integration("tomasz".into()), Role::Scribe)]
    fn nobody_else_answers_a_request(#[case] actor: Actor, #[case] role: Role) {
        let answer = IncidentCommand::AnswerRole { role, accepted: true };
        let refused = send(Some(&requested()), actor, answer).unwrap_err();
        assert_eq!(refused, Rejection::NoRoleRequest { role });
    }

    #[test]
    fn nobody_gets_a_request_twice_or_for_an_own_role() {
        let incident = requested();
        let ines = || Actor::Person(person("ines"));
        let ask = || IncidentCommand::AskForRole { role: Role::Scribe, person: person("tomasz") };
        let refused = send(Some(&incident), ines(), ask()).unwrap_err();
        assert!(matches!(refused, Rejection::RoleAlreadyRequested { role: Role::Scribe, .. }));
        let answer = IncidentCommand::AnswerRole { role: Role::Scribe, accepted: true };
        let tomasz = Actor::Person(person("tomasz"));
        let incident = send(Some(&incident), tomasz, answer).unwrap();
        let refused = send(Some(&incident), ines(), ask()).unwrap_err();
        assert!(matches!(refused, Rejection::RoleUnchanged { given: true, .. }));
    }

    #[test]
    fn request_can_come_again_after_a_refusal() {
        let answer = IncidentCommand::AnswerRole { role: Role::Scribe, accepted: false };
        let tomasz = Actor::Person(person("tomasz"));
        let incident = send(Some(&requested()), tomasz, answer).unwrap();
        let ask = IncidentCommand::AskForRole { role: Role::Scribe, person: person("tomasz") };
        let incident = send(Some(&incident), Actor::Person(person("ines")), ask).unwrap();
        assert_eq!(incident.role_requests.len(), 1);
        assert_eq!(incident.role_requests[0].accepted, None);
    }

    #[test]
    fn role_that_is_given_answers_the_request() {
        let give =
            IncidentCommand::GiveRole { role: Role::Scribe, person: person("tomasz"), given: true };
        let incident = send(Some(&requested()), Actor::Person(person("ines")), give).unwrap();
        assert_eq!(incident.role_requests, []);
    }
}
