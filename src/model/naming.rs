//! Names in commands: people, teams and services that the directory has, or has not.
//!
//! The directory decides which people a command can name. The requester is not looked up here: a
//! person who is not in the directory may do everything, and may name themselves.

use super::actor::{Actor, PersonRef};
use super::bad_field::{BadField, FieldProblem};
use super::check;
use super::command::IncidentCommand;
use super::directory::Directory;
use super::incident::Incident;
use super::nearest::nearest;
use super::problem::Problem;
use super::signals::self_test::{SELF_TEST, test_person};
use super::text::equals_folded;

/// Returns the people whom a command names, each with the name of the field.
fn named_people(command: &mut IncidentCommand) -> Vec<(&'static str, &mut PersonRef)> {
    match command {
        IncidentCommand::Assign { to: Some(person) } => vec![("to", person)],
        IncidentCommand::GiveRole { person, .. } | IncidentCommand::AskForRole { person, .. } => {
            vec![("person", person)]
        }
        IncidentCommand::Escalate { to, .. } => to.iter_mut().map(|one| ("to", one)).collect(),
        IncidentCommand::SetActionItem { item } => {
            item.owner.iter_mut().map(|owner| ("owner", owner)).collect()
        }
        IncidentCommand::RecordDecision(decision) => {
            decision.by.iter_mut().map(|by| ("by", by)).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether a command names people.
#[must_use]
pub fn names_people(command: &IncidentCommand) -> bool {
    !named_people(&mut command.clone()).is_empty()
}

/// Replaces each person whom a command names by the directory's entry with the same handle. Changes
/// nothing if the directory has no people.
///
/// A person who is not in the directory may name themselves, and may be named where the incident
/// names them already: they may have left the company. The incident of a self-test may name the
/// person of self-tests, who need not be in any directory.
///
/// # Errors
/// [`BadField`] for a handle that nobody in the directory has.
pub fn resolve_people(
    command: &mut IncidentCommand,
    directory: &Directory,
    actor: &Actor,
    incident: Option<&Incident>,
) -> Result<(), BadField> {
    if directory.people.is_empty() {
        return Ok(());
    }
    let of_test = incident
        .is_some_and(|incident| incident.summary.team.as_deref() == Some(SELF_TEST))
        .then(test_person);
    for (field, person) in named_people(command) {
        // A text that is not a valid name is refused for that reason.
        if check::person(field, person).is_err() {
            continue;
        }
        let has_handle = |other: &&PersonRef| equals_folded(&other.handle, &person.handle);
        let found = directory
            .people
            .iter()
            .find(has_handle)
            .or_else(|| actor.person().filter(has_handle))
            .or_else(|| incident.and_then(|incident| incident.people().find(has_handle)))
            .or_else(|| of_test.as_ref().filter(has_handle))
            .cloned();
        *person = found.ok_or_else(|| unknown_person(field, &person.handle, directory))?;
    }
    Ok(())
}

/// Replaces the owner of a problem by the directory's entry with the same handle, as
/// [`resolve_people`] does. `stored` is the problem before it is changed.
///
/// # Errors
/// [`BadField`] for a handle that nobody in the directory has.
pub fn resolve_owner(
    problem: &mut Problem,
    directory: &Directory,
    actor: &Actor,
    stored: Option<&Problem>,
) -> Result<(), BadField> {
    let Some(owner) = problem.owner.as_mut().filter(|_| !directory.people.is_empty()) else {
        return Ok(());
    };
    let has_handle = |other: &&PersonRef| equals_folded(&other.handle, &owner.handle);
    let found = directory
        .people
        .iter()
        .find(has_handle)
        .or_else(|| actor.person().filter(has_handle))
        .or_else(|| stored.and_then(|stored| stored.owner.as_ref()).filter(has_handle))
        .cloned();
    *owner = found.ok_or_else(|| unknown_person("owner", &owner.handle, directory))?;
    Ok(())
}

/// Returns the error for a handle that nobody in the directory has.
fn unknown_person(field: &'static str, handle: &str, directory: &Directory) -> BadField {
    let handles = directory.people.iter().map(|person| person.handle.as_str());
    let nearest = nearest(handle, handles).map(str::to_owned);
    BadField::new(field, FieldProblem::UnknownPerson { handle: handle.to_owned(), nearest })
}

/// Returns the errors for the services and the team of a command that the directory does not have.
/// A directory without services, or without teams, accepts every name.
#[must_use]
pub fn unknown_names(command: &IncidentCommand, directory: &Directory) -> Vec<BadField> {
    let (services, team) = match command {
        IncidentCommand::Declare(declaration) => {
            (declaration.services.as_slice(), declaration.team.as_ref())
        }
        IncidentCommand::SetServices { services } => (services.as_slice(), None),
        IncidentCommand::SetTeam { team } => ([].as_slice(), team.as_ref()),
        IncidentCommand::InvolveTeam { team, involved: true } => ([].as_slice(), Some(team)),
        _ => return Vec::new(),
    };
    let is_name = |name: &&String| check::name("name", name).is_ok();
    let services =
        services.iter().filter(is_name).filter(|name| directory.is_unknown_service(name)).map(
            |name| {
                let names = directory.services.iter().map(|service| service.name.as_str());
                ("services", "service", name, nearest(name, names))
            },
        );
    let team = team.into_iter().filter(is_name).filter(|name| directory.is_unknown_team(name)).map(
        |name| {
            let names = directory.teams.iter().map(|team| team.name.as_str());
            ("team", "team", name, nearest(name, names))
        },
    );
    services
        .chain(team)
        .map(|(field, kind, name, nearest)| {
            let (name, nearest) = (name.clone(), nearest.map(str::to_owned));
            BadField::new(field, FieldProblem::UnknownName { kind, name, nearest })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::directory::{Service, Team};

    fn directory() -> Directory {
        let service = |name: &str| Service {
            name: name.into(),
            team: "core".into(),
            depends_on: Vec::new(),
            runbook: None,
            objective: None,
            public_name: None,
        };
        Directory {
            people: vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("bo", "Bo Lind")],
            teams: vec![Team { name: "core".into(), members: Vec::new() }],
            services: vec![service("payments"), service("checkout")],
            ..Directory::default()
        }
    }

    fn assigned(handle: &str, actor: &Actor) -> Result<PersonRef, BadField> {
        let to = Some(PersonRef::new(handle, "Somebody Else"));
        let mut command = IncidentCommand::Assign { to };
        resolve_people(&mut command, &directory(), actor, None)?;
        let IncidentCommand::Assign { to: Some(to) } = command else { panic!("an assignment") };
        Ok(to)
    }

    #[test]
    fn names_of_people_come_from_the_directory() {
        let stranger = Actor::Person(PersonRef::new("sam", "Sam Okafor"));
        let ines = PersonRef::new("ines", "Ines Moreau");
        assert_eq!(assigned("ines", &stranger), Ok(ines.clone()));
        assert_eq!(assigned("INES", &stranger), Ok(ines));
        // Requesters may name themselves.
        assert_eq!(assigned("sam", &stranger), Ok(PersonRef::new("sam", "Sam Okafor")));
        let refused = assigned("ghost", &stranger).unwrap_err().to_string();
        assert!(refused.starts_with("to: there is no \"ghost\" in the directory"), "{refused}");
        let near = assigned("inez", &stranger).unwrap_err().to_string();
        assert!(near.contains("did you mean \"ines\"?"), "{near}");
    }

    #[test]
    fn only_the_incident_of_a_self_test_names_its_person() {
        let incident = |team: &str| -> Incident {
            let at = DateTime::<Utc>::UNIX_EPOCH;
            let summary = serde_json::from_value(serde_json::json!({
                "id": uuid::Uuid::from_u128(1), "number": 1, "title": "Self-test",
                "status": "triggered", "impact": "low", "urgency": "low", "priority": "P4",
                "source": "monitoring", "services": [], "team": team, "detected_at": at,
                "reported_at": at, "paused": false, "alerts": 1, "escalation": 0, "seq": 1,
                "last_event_at": at,
            }));
            Incident::from_row(summary.unwrap(), Actor::Integration("alerts".into()), at)
        };
        let called = |incident: Option<&Incident>| {
            let mut command = IncidentCommand::Escalate {
                level: 1,
                to: vec![test_person()],
                reason: None,
                automatic: None,
                all_must_acknowledge: false,
            };
            let actor = Actor::Integration("escalation".into());
            resolve_people(&mut command, &directory(), &actor, incident).is_ok()
        };
        assert!(called(Some(&incident(SELF_TEST))));
        assert!(!called(Some(&incident("core"))));
        assert!(!called(None));
    }

    #[test]
    fn unknown_services_and_teams_are_named() {
        let problems = |command: &IncidentCommand| -> Vec<String> {
            unknown_names(command, &directory()).iter().map(ToString::to_string).collect()
        };
        let services = |names: &[&str]| IncidentCommand::SetServices {
            services: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(problems(&services(&["payments", "checkout"])), Vec::<String>::new());
        let unknown = problems(&services(&["checkout", "pay", "zebra"]));
        assert_eq!(unknown.len(), 2, "{unknown:?}");
        assert!(unknown[0].contains("no service \"pay\""), "{unknown:?}");
        assert!(unknown[0].contains("did you mean \"payments\"?"), "{unknown:?}");
        let team = IncidentCommand::SetTeam { team: Some("cor".into()) };
        assert!(problems(&team)[0].contains("no team \"cor\""));
        assert_eq!(unknown_names(&services(&["zebra"]), &Directory::default()), []);
    }
}
