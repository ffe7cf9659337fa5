//! Changes of administration, and the record of each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::entry::{Entry, check_override, identifier};
use super::entry_ref::{EntryKind, EntryRef};
use crate::model::actor::{Actor, PersonRef};
use crate::model::bad_field::BadField;
use crate::model::directory::{Service, Team, TeamOverride};
use crate::model::escalation::Policy;
use crate::model::extra::{Extra, extensible_record};
use crate::model::id::{CalendarLinkId, CommandId};
use crate::model::oncall::{CalendarLink, Cover, CoverAnswer, Schedule};
use crate::model::unknown::{Foreign, is_exact};

/// A change of the directory or of the tokens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum AdministrationChange {
    /// Adds a person, or replaces the one with the same handle.
    PutPerson(PersonRef),
    /// Adds a team, or replaces the one with the same name.
    PutTeam(Team),
    /// Adds a service, or replaces the one with the same name.
    PutService(Service),
    /// Adds an on-call schedule, or replaces the one of the same team.
    PutSchedule(Schedule),
    /// Adds an escalation policy, or replaces the one of the same team.
    PutPolicy(Policy),
    /// Removes the person with a handle.
    RemovePerson(String),
    /// Removes the team with a name.
    RemoveTeam(String),
    /// Removes the service with a name.
    RemoveService(String),
    /// Removes the on-call schedule of a team.
    RemoveSchedule(String),
    /// Removes the escalation policy of a team.
    RemovePolicy(String),
    /// Adds an override to the schedule of a team. The schedule may be one of the settings file.
    AddOverride(TeamOverride),
    /// Removes such a span.
    RemoveOverride(TeamOverride),
    /// A person requests cover for a shift. The schedule may be one of the settings file.
    RequestCover(Cover),
    /// A person accepts a request for cover, and so replaces the requester.
    AcceptCover(CoverAnswer),
    /// A person who could accept a request for cover declines it.
    DeclineCover(CoverAnswer),
    /// The requester withdraws a request for cover.
    WithdrawCover(CoverAnswer),
    /// Adds an address under which calendar programs read shifts.
    CreateCalendarLink(CalendarLink),
    /// Revokes such an address, by its id.
    RevokeCalendarLink(CalendarLinkId),
    /// A token was created. Recorded by its creator; it changes nothing in the directory.
    CreateToken(TokenRecord),
    /// A token was revoked. Recorded by the person who revoked it; it changes nothing in the
    /// directory.
    RevokeToken(TokenRecord),
    /// A person has a new contact. Recorded with it; it changes nothing of the directory, as those
    /// below.
    AddContact(ContactRecord),
    /// A contact was changed.
    ChangeContact(ContactRecord),
    /// A contact was removed.
    RemoveContact(ContactRecord),
    /// The quiet hours of a person were changed.
    SetQuietHours(QuietRecord),
    /// A change of a kind that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

/// The names of the changes that this version defines.
const DEFINED: [&str; 24] = [
    "put_person",
    "put_team",
    "put_service",
    "put_schedule",
    "put_policy",
    "remove_person",
    "remove_team",
    "remove_service",
    "remove_schedule",
    "remove_policy",
    "add_override",
    "remove_override",
    "request_cover",
    "accept_cover",
    "decline_cover",
    "withdraw_cover",
    "create_calendar_link",
    "revoke_calendar_link",
    "create_token",
    "revoke_token",
    "add_contact",
    "change_contact",
    "remove_contact",
    "set_quiet_hours",
];

impl Serialize for AdministrationChange {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for AdministrationChange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if is_exact() {
            return Self::deserialize(from);
        }
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &DEFINED, read, Self::Unknown)
    }
}

/// The recorded facts about a token. The secret is not among them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenRecord {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The scope of its use.
    pub scope: String,
    /// The handle of the person that it acts for, if that is not the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// When it expires; absent if it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The recorded facts about a contact. The address is not among them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactRecord {
    /// The handle of the person.
    pub person: String,
    /// The name of the contact.
    pub contact: String,
    /// The name of its channel.
    pub channel: String,
}

/// The recorded facts about quiet hours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuietRecord {
    /// The handle of the person.
    pub person: String,
    /// The local time at which they begin; absent, as the rest, if the person has none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The local time at which they end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The zone; absent for that of the machine that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl AdministrationChange {
    /// Returns whether the change is one of the contacts of a person, which the store records with it.
    #[must_use]
    pub fn is_about_contacts(&self) -> bool {
        matches!(
            self,
            Self::AddContact(_)
                | Self::ChangeContact(_)
                | Self::RemoveContact(_)
                | Self::SetQuietHours(_)
        )
    }

    /// Returns the change that adds or replaces an entry.
    #[must_use]
    pub fn put(entry: Entry) -> Self {
        match entry {
            Entry::Person(person) => Self::PutPerson(person),
            Entry::Team(team) => Self::PutTeam(team),
            Entry::Service(service) => Self::PutService(service),
            Entry::Schedule(schedule) => Self::PutSchedule(schedule),
            Entry::Policy(policy) => Self::PutPolicy(policy),
        }
    }

    /// Returns the change that removes an entry.
    #[must_use]
    pub fn remove(named: EntryRef) -> Self {
        match named.kind {
            EntryKind::Person => Self::RemovePerson(named.name),
            EntryKind::Team => Self::RemoveTeam(named.name),
            EntryKind::Service => Self::RemoveService(named.name),
            EntryKind::Schedule => Self::RemoveSchedule(named.name),
            EntryKind::Policy => Self::RemovePolicy(named.name),
        }
    }

    /// Returns the entry that the change adds or replaces.
    #[must_use]
    pub fn added(&self) -> Option<Entry> {
        Some(match self {
            Self::PutPerson(person) => Entry::Person(person.clone()),
            Self::PutTeam(team) => Entry::Team(team.clone()),
            Self::PutService(service) => Entry::Service(service.clone()),
            Self::PutSchedule(schedule) => Entry::Schedule(schedule.clone()),
            Self::PutPolicy(policy) => Entry::Policy(policy.clone()),
            _ => return None,
        })
    }

    /// Returns the entry that the change removes.
    #[must_use]
    pub fn removed(&self) -> Option<EntryRef> {
        let (kind, name) = match self {
            Self::RemovePerson(name) => (EntryKind::Person, name),
            Self::RemoveTeam(name) => (EntryKind::Team, name),
            Self::RemoveService(name) => (EntryKind::Service, name),
            Self::RemoveSchedule(name) => (EntryKind::Schedule, name),
            Self::RemovePolicy(name) => (EntryKind::Policy, name),
            _ => return None,
        };
        Some(EntryRef::new(kind, name))
    }

    /// Returns the entry of the directory that the change concerns; `None` for a change of a token or
    /// of a later version.
    #[must_use]
    pub fn subject(&self) -> Option<EntryRef> {
        match self {
            Self::AddOverride(change) | Self::RemoveOverride(change) => {
                Some(EntryRef::new(EntryKind::Schedule, &change.team))
            }
            Self::RequestCover(cover) => Some(EntryRef::new(EntryKind::Schedule, &cover.schedule)),
            Self::AcceptCover(answer)
            | Self::DeclineCover(answer)
            | Self::WithdrawCover(answer) => {
                Some(EntryRef::new(EntryKind::Schedule, &answer.schedule))
            }
            other => other.added().map(|entry| entry.reference()).or_else(|| other.removed()),
        }
    }

    /// Checks the fields of the change, without those that refer to entries.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        if let Some(entry) = self.added() {
            return entry.check();
        }
        match self {
            Self::AddOverride(change) | Self::RemoveOverride(change) => {
                identifier("team", &change.team)?;
                check_override(&change.span)
            }
            Self::RequestCover(cover) => {
                identifier("schedule", &cover.schedule)?;
                cover.check(None)
            }
            Self::CreateCalendarLink(link) => link.check(),
            Self::AcceptCover(answer)
            | Self::DeclineCover(answer)
            | Self::WithdrawCover(answer) => {
                identifier("schedule", &answer.schedule)?;
                crate::model::check::name("person", &answer.person)
            }
            Self::CreateToken(token) | Self::RevokeToken(token) => {
                crate::model::check::name("id", &token.id)?;
                crate::model::check::name("name", &token.name)
            }
            _ => Ok(()),
        }
    }
}

/// The record of a change that was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct AdministrationEvent {
    /// The id of the request; another request has another one.
    #[schema(value_type = uuid::Uuid)]
    pub id: CommandId,
    /// When it was carried out.
    pub at: DateTime<Utc>,
    /// The author of the change.
    pub actor: Actor,
    /// The change.
    pub change: AdministrationChange,
    /// The entry as it was before; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Entry>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(AdministrationEvent);
