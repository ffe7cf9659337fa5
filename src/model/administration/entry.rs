//! Entries of the directory: a person, a team, a service, a schedule or a policy.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry_ref::{EntryKind, EntryRef};
use crate::model::actor::PersonRef;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::check;
use crate::model::directory::{Directory, Service, Team};
use crate::model::escalation::{Policy, Target};
use crate::model::oncall::{Override, Schedule};

/// An entry of the directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A person.
    Person(PersonRef),
    /// A team.
    Team(Team),
    /// A service.
    Service(Service),
    /// An on-call schedule.
    Schedule(Schedule),
    /// An escalation policy.
    Policy(Policy),
}

impl Entry {
    /// Returns the kind of the entry.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Person(_) => EntryKind::Person,
            Self::Team(_) => EntryKind::Team,
            Self::Service(_) => EntryKind::Service,
            Self::Schedule(_) => EntryKind::Schedule,
            Self::Policy(_) => EntryKind::Policy,
        }
    }

    /// Returns the name that identifies the entry among those of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(person) => &person.handle,
            Self::Team(team) => &team.name,
            Self::Service(service) => &service.name,
            Self::Schedule(schedule) => schedule.key(),
            Self::Policy(policy) => policy.key(),
        }
    }

    /// Returns the reference to the entry.
    #[must_use]
    pub fn reference(&self) -> EntryRef {
        EntryRef::new(self.kind(), self.name())
    }

    /// Finds an entry of a directory.
    #[must_use]
    pub fn find(directory: &Directory, named: &EntryRef) -> Option<Self> {
        let name = &named.name;
        match named.kind {
            EntryKind::Person => {
                directory.people.iter().find(|e| e.handle == *name).cloned().map(Self::Person)
            }
            EntryKind::Team => {
                directory.teams.iter().find(|e| e.name == *name).cloned().map(Self::Team)
            }
            EntryKind::Service => {
                directory.services.iter().find(|e| e.name == *name).cloned().map(Self::Service)
            }
            EntryKind::Schedule => {
                directory.schedules.iter().find(|e| e.key() == *name).cloned().map(Self::Schedule)
            }
            EntryKind::Policy => {
                directory.policies.iter().find(|e| e.key() == *name).cloned().map(Self::Policy)
            }
        }
    }

    /// Returns the names of the entries of a kind, in the order of the directory.
    pub fn names(directory: &Directory, kind: EntryKind) -> Vec<&str> {
        match kind {
            EntryKind::Person => directory.people.iter().map(|e| e.handle.as_str()).collect(),
            EntryKind::Team => directory.teams.iter().map(|e| e.name.as_str()).collect(),
            EntryKind::Service => directory.services.iter().map(|e| e.name.as_str()).collect(),
            EntryKind::Schedule => directory.schedules.iter().map(Schedule::key).collect(),
            EntryKind::Policy => directory.policies.iter().map(Policy::key).collect(),
        }
    }

    /// Returns the entry as JSON without its kind, as routes have it.
    ///
    /// # Errors
    /// The error of the serializer; values of this version cause none.
    pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        match self {
            Self::Person(person) => serde_json::to_value(person),
            Self::Team(team) => serde_json::to_value(team),
            Self::Service(service) => serde_json::to_value(service),
            Self::Schedule(schedule) => serde_json::to_value(schedule),
            Self::Policy(policy) => serde_json::to_value(policy),
        }
    }

    /// Reads the JSON of [`Self::to_json`].
    ///
    /// # Errors
    /// The error of the parser, if it is no entry of the kind.
    pub fn from_json(kind: EntryKind, json: &serde_json::Value) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            EntryKind::Person => Self::Person(PersonRef::deserialize(json)?),
            EntryKind::Team => Self::Team(Team::deserialize(json)?),
            EntryKind::Service => Self::Service(Service::deserialize(json)?),
            EntryKind::Schedule => Self::Schedule(Schedule::deserialize(json)?),
            EntryKind::Policy => Self::Policy(Policy::deserialize(json)?),
        })
    }

    /// Checks the fields of the entry, without those that refer to other entries.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        identifier(self.kind().key(), self.name())?;
        match self {
            Self::Person(person) => check::name("name", &person.name),
            Self::Team(team) => check::names("members", &team.members),
            Self::Service(service) => check_service(service),
            Self::Schedule(schedule) => check_schedule(schedule),
            Self::Policy(policy) => check_policy(policy),
        }
    }
}

/// Checks a name that identifies an entry and is used in paths.
pub(super) fn identifier(field: &'static str, name: &str) -> Result<(), BadField> {
    check::name(field, name)?;
    let is_path_step = matches!(name, "." | "..");
    if is_path_step || name.trim() != name || name.starts_with('@') {
        return Err(BadField::new(field, FieldProblem::NotAnIdentifier(name.to_owned())));
    }
    Ok(())
}

fn check_service(service: &Service) -> Result<(), BadField> {
    check::name("team", &service.team)?;
    check::names("depends_on", &service.depends_on)?;
    if let Some(runbook) = &service.runbook {
        check::title(runbook).map_err(|bad| BadField { field: "runbook", ..bad })?;
    }
    if let Some(name) = &service.public_name {
        check::name("public_name", name)?;
    }
    match service.objective {
        Some(objective) if !(1..100_000).contains(&objective) => {
            Err(BadField::new("objective", FieldProblem::NotAnObjective(objective)))
        }
        _ => Ok(()),
    }
}

fn check_schedule(schedule: &Schedule) -> Result<(), BadField> {
    let length = schedule.rotation.len();
    if length > check::MAX_LIST_ITEMS {
        let problem = FieldProblem::TooManyEntries { count: length, max: check::MAX_LIST_ITEMS };
        return Err(BadField::new("rotation", problem));
    }
    schedule.rotation.iter().try_for_each(|handle| check::name("rotation", handle))?;
    check::time("starts_at", schedule.starts_at)?;
    if schedule.turn_s <= 0 {
        return Err(BadField::new("turn_s", FieldProblem::NotPositive));
    }
    check_layers(schedule)?;
    schedule.overrides.iter().try_for_each(check_override)
}

fn check_layers(schedule: &Schedule) -> Result<(), BadField> {
    identifier("team", &schedule.team)?;
    if let Some(name) = schedule.zone.as_ref().filter(|_| schedule.zone_error().is_some()) {
        return Err(BadField::new("zone", FieldProblem::NotAZone(name.clone())));
    }
    let max = check::MAX_LIST_ITEMS;
    let layers = &schedule.layers;
    let longest = layers.iter().map(|layer| layer.people.len().max(layer.hours.len()));
    let count = longest.chain([layers.len()]).max().unwrap_or(0);
    if count > max {
        return Err(BadField::new("layers", FieldProblem::TooManyEntries { count, max }));
    }
    for layer in layers {
        if layer.people.is_empty() {
            return Err(BadField::new("people", FieldProblem::NoEntries));
        }
        let names = layer.people.iter().filter_map(|member| member.person.as_ref());
        names.chain(&layer.name).try_for_each(|name| check::name("layers", name))?;
        check::time("starts", layer.starts.and_utc())?;
        if layer.turn.is_too_short() {
            return Err(BadField::new("turn", FieldProblem::NotPositive));
        }
    }
    Ok(())
}

/// Checks an override.
pub(super) fn check_override(entry: &Override) -> Result<(), BadField> {
    check::name("person", &entry.person)?;
    check::time("from", entry.from)?;
    check::time("to", entry.to)?;
    if entry.to <= entry.from {
        return Err(BadField::new("to", FieldProblem::NotAfter("from")));
    }
    Ok(())
}

fn check_policy(policy: &Policy) -> Result<(), BadField> {
    let count = policy.levels.len();
    if count == 0 {
        return Err(BadField::new("levels", FieldProblem::NoEntries));
    }
    // The level of an incident is a byte.
    let max = usize::from(u8::MAX);
    if count > max {
        return Err(BadField::new("levels", FieldProblem::TooManyEntries { count, max }));
    }
    identifier("team", &policy.team)?;
    check::names("services", &policy.services)?;
    if let Some(repeat) = policy.repeat
        && (repeat.every_s <= 0 || !(1..=Policy::MOST_REPEATS).contains(&repeat.times))
    {
        return Err(BadField::new("repeat", FieldProblem::NotPositive));
    }
    let mut before = None;
    for level in policy.levels.iter().chain(&policy.at_end) {
        let is_in_order = before.is_none_or(|before| level.after_s > before);
        if level.after_s < 0 || !is_in_order {
            return Err(BadField::new("after_s", FieldProblem::NotAscending));
        }
        before = Some(level.after_s);
        if level.call.is_empty() {
            return Err(BadField::new("call", FieldProblem::NoEntries));
        }
        let max = check::MAX_LIST_ITEMS;
        if level.call.len() > max {
            let problem = FieldProblem::TooManyEntries { count: level.call.len(), max };
            return Err(BadField::new("call", problem));
        }
        for target in &level.call {
            match target {
                Target::OnCall(name)
                | Target::Person(name)
                | Target::Schedule(name)
                | Target::Team(name) => check::name("call", name)?,
                Target::Unknown(_) => {}
            }
        }
    }
    Ok(())
}
