//! References of directory entries: names that must exist, and entries that are in use.

use chrono::{DateTime, Utc};

use super::entry::Entry;
use super::entry_ref::{EntryKind, EntryRef};
use super::refusal::AdministrationRefusal;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::directory::Directory;
use crate::model::escalation::Target;
use crate::model::nearest::nearest;
use crate::model::oncall::{Override, Schedule};
use crate::model::text::equals_folded;

/// Replaces each name that an entry refers to by the directory's spelling of it.
///
/// As everywhere, a directory without people, teams or services accepts every name of that kind. Members
/// and dependencies that the entry had `before` stay: they may be from that time, and must not prevent
/// other changes of it.
///
/// # Errors
/// [`BadField`] for a name that the directory does not have.
pub(super) fn resolve(
    entry: &mut Entry,
    before: Option<&Entry>,
    directory: &Directory,
) -> Result<(), BadField> {
    let had: &[String] = match before {
        Some(Entry::Team(team)) => &team.members,
        Some(Entry::Service(service)) => &service.depends_on,
        _ => &[],
    };
    match entry {
        Entry::Person(_) => Ok(()),
        Entry::Team(team) => {
            for member in &mut team.members {
                let is_new = !had.contains(member);
                person("members", member, directory).or_else(|bad| unless_new(bad, is_new))?;
            }
            no_duplicate("members", &team.members)
        }
        Entry::Service(service) => {
            owner("team", &mut service.team, directory)?;
            for name in &mut service.depends_on {
                if *name == service.name {
                    return Err(BadField::new("depends_on", FieldProblem::DependsOnItself));
                }
                let is_new = !had.contains(name);
                let listed = listed_service("depends_on", name, directory);
                listed.or_else(|bad| unless_new(bad, is_new))?;
            }
            no_duplicate("depends_on", &service.depends_on)
        }
        Entry::Schedule(schedule) => {
            owner("team", &mut schedule.team, directory)?;
            for handle in &mut schedule.rotation {
                person("rotation", handle, directory)?;
            }
            let members = schedule.layers.iter_mut().flat_map(|layer| &mut layer.people);
            for handle in members.filter_map(|member| member.person.as_mut()) {
                person("layers", handle, directory)?;
            }
            schedule.set_plain_rotation();
            // The address of a calendar is defined by the settings alone.
            schedule.calendar = None;
            schedule.overrides.iter_mut().try_for_each(|span| resolve_override(span, directory))
        }
        Entry::Policy(policy) => {
            owner("team", &mut policy.team, directory)?;
            for service in &mut policy.services {
                listed_service("services", service, directory)?;
            }
            let levels = policy.levels.iter_mut().chain(&mut policy.at_end);
            for target in levels.flat_map(|level| &mut level.call) {
                match target {
                    Target::OnCall(team) | Target::Team(team) => owner("call", team, directory)?,
                    Target::Person(handle) => person("call", handle, directory)?,
                    Target::Schedule(name) => scheduled("call", name, directory)?,
                    Target::Unknown(_) => {}
                }
            }
            Ok(())
        }
    }
}

/// Replaces the person of an override by the directory's spelling of the handle.
pub(super) fn resolve_override(span: &mut Override, directory: &Directory) -> Result<(), BadField> {
    person("person", &mut span.person, directory)
}

/// Two spellings of one name may have become the same.
fn no_duplicate(field: &'static str, names: &[String]) -> Result<(), BadField> {
    crate::model::check::names(field, names)
}

/// Accepts the error of a name that the entry had before: the first entries may name what is added later.
fn unless_new(bad: BadField, is_new: bool) -> Result<(), BadField> {
    if is_new { Err(bad) } else { Ok(()) }
}

/// Resolves the handle of a person.
pub(super) fn person(
    field: &'static str,
    handle: &mut String,
    directory: &Directory,
) -> Result<(), BadField> {
    if directory.people.is_empty() {
        return Ok(());
    }
    let handles = || directory.people.iter().map(|person| person.handle.as_str());
    if let Some(found) = spelling(handle, handles()) {
        *handle = found;
        return Ok(());
    }
    let nearest = nearest(handle, handles()).map(str::to_owned);
    Err(BadField::new(field, FieldProblem::UnknownPerson { handle: handle.clone(), nearest }))
}

/// Resolves the name of a team. A team that owns a service is known even if it is not listed.
fn owner(field: &'static str, name: &mut String, directory: &Directory) -> Result<(), BadField> {
    let teams = || directory.teams.iter().map(|team| team.name.as_str());
    if let Some(found) = spelling(name, teams()) {
        *name = found;
    }
    if !directory.is_unknown_team(name) {
        return Ok(());
    }
    let nearest = nearest(name, teams()).map(str::to_owned);
    let problem = FieldProblem::UnknownName { kind: "team", name: name.clone(), nearest };
    Err(BadField::new(field, problem))
}

/// Resolves the name of a schedule.
fn scheduled(
    field: &'static str,
    name: &mut String,
    directory: &Directory,
) -> Result<(), BadField> {
    let schedules = || directory.schedules.iter().map(Schedule::key);
    if let Some(found) = spelling(name, schedules()) {
        *name = found;
        return Ok(());
    }
    let nearest = nearest(name, schedules()).map(str::to_owned);
    let problem = FieldProblem::UnknownName { kind: "schedule", name: name.clone(), nearest };
    Err(BadField::new(field, problem))
}

fn listed_service(
    field: &'static str,
    name: &mut String,
    directory: &Directory,
) -> Result<(), BadField> {
    let services = || directory.services.iter().map(|service| service.name.as_str());
    if let Some(found) = spelling(name, services()) {
        *name = found;
    }
    if !directory.is_unknown_service(name) {
        return Ok(());
    }
    let nearest = nearest(name, services()).map(str::to_owned);
    let problem = FieldProblem::UnknownName { kind: "service", name: name.clone(), nearest };
    Err(BadField::new(field, problem))
}

/// Returns the name that is the same, or else the one that is the same but for the case.
fn spelling<'a>(name: &str, mut names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let mut same = names.clone().filter(|other| *other == name);
    let same = same.next().or_else(|| names.find(|other| equals_folded(other, name)));
    same.map(ToOwned::to_owned)
}

/// Returns the entries that refer to another one, which could not be called or found without it.
/// Overrides that ended before `now` do not count.
pub(super) fn users(directory: &Directory, named: &EntryRef, now: DateTime<Utc>) -> Vec<EntryRef> {
    let name = &named.name;
    let mut users = Vec::new();
    let mut add = |kind, user: &str, is_user: bool| {
        if is_user {
            users.push(EntryRef::new(kind, user));
        }
    };
    let calls = |wanted: &[Target]| {
        let wanted = wanted.to_vec();
        move |policy: &crate::model::escalation::Policy| {
            policy
                .levels
                .iter()
                .chain(&policy.at_end)
                .any(|level| level.call.iter().any(|target| wanted.contains(target)))
        }
    };
    match named.kind {
        EntryKind::Person => {
            for team in &directory.teams {
                add(EntryKind::Team, &team.name, team.members.contains(name));
            }
            for schedule in &directory.schedules {
                let stands_in =
                    schedule.overrides.iter().any(|span| span.person == *name && span.to > now);
                let members = schedule.layers.iter().flat_map(|layer| &layer.people);
                let is_member =
                    members.filter_map(|member| member.person.as_ref()).any(|other| other == name);
                let is_user = schedule.rotation.contains(name) || is_member || stands_in;
                add(EntryKind::Schedule, schedule.key(), is_user);
            }
            let calls = calls(&[Target::Person(name.clone())]);
            for policy in &directory.policies {
                add(EntryKind::Policy, policy.key(), calls(policy));
            }
        }
        EntryKind::Team => {
            for service in &directory.services {
                add(EntryKind::Service, &service.name, service.team == *name);
            }
            for schedule in &directory.schedules {
                add(EntryKind::Schedule, schedule.key(), schedule.team == *name);
            }
            let calls = calls(&[Target::OnCall(name.clone()), Target::Team(name.clone())]);
            for policy in &directory.policies {
                add(EntryKind::Policy, policy.key(), policy.team == *name || calls(policy));
            }
        }
        EntryKind::Service => {
            for service in &directory.services {
                add(EntryKind::Service, &service.name, service.depends_on.contains(name));
            }
            for policy in &directory.policies {
                add(EntryKind::Policy, policy.key(), policy.services.contains(name));
            }
        }
        EntryKind::Schedule => {
            let calls = calls(&[Target::OnCall(name.clone()), Target::Schedule(name.clone())]);
            for policy in &directory.policies {
                add(EntryKind::Policy, policy.key(), calls(policy));
            }
        }
        EntryKind::Policy => {}
    }
    users
}

/// Checks that an entry exists.
pub(super) fn require(merged: &Directory, named: &EntryRef) -> Result<(), AdministrationRefusal> {
    let existing = Entry::names(merged, named.kind);
    if existing.contains(&named.name.as_str()) {
        return Ok(());
    }
    let nearest = nearest(&named.name, existing.into_iter()).map(str::to_owned);
    Err(AdministrationRefusal::NoSuchEntry { entry: named.clone(), nearest })
}
