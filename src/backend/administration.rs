//! Requests to change the directory, and their results.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::PageMark;
use crate::model::administration::{
    AdministrationChange, AdministrationEvent, AdministrationRefusal, Entry,
};
use crate::model::{Actor, CommandId};

/// A request to change the directory, or to record a change of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdministrationRequest {
    /// The id. A request with the same id is the same request, sent again.
    pub id: CommandId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The author of the change.
    pub actor: Actor,
    /// The change.
    pub change: AdministrationChange,
    /// The precondition on the current entry.
    pub expected: Precondition,
}

/// A precondition on the entry to be changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Precondition {
    /// It may exist or not.
    #[default]
    Any,
    /// There is no such entry.
    Absent,
    /// There is such an entry.
    Present,
    /// There is such an entry, and it has this tag; see [`entry_tag`].
    Tag(String),
}

impl AdministrationRequest {
    /// Creates a request with a new id.
    #[must_use]
    pub fn new(actor: Actor, change: AdministrationChange, at: DateTime<Utc>) -> Self {
        Self { id: CommandId::new(), at, actor, change, expected: Precondition::Any }
    }

    /// Checks the precondition against the current entry.
    ///
    /// # Errors
    /// The entry exists although none was expected, or it is not the expected one.
    pub fn check_expected(&self, entry: Option<&Entry>) -> Result<(), AdministrationRefusal> {
        let Some(subject) = self.change.subject() else { return Ok(()) };
        match (&self.expected, entry) {
            (Precondition::Any, _)
            | (Precondition::Absent, None)
            | (Precondition::Present, Some(_)) => Ok(()),
            (Precondition::Absent, Some(_)) => {
                Err(AdministrationRefusal::AlreadyExists { entry: subject })
            }
            (Precondition::Present | Precondition::Tag(_), None) => {
                Err(AdministrationRefusal::NoSuchEntry { entry: subject, nearest: None })
            }
            (Precondition::Tag(tag), Some(entry)) if entry_tag(entry) == *tag => Ok(()),
            (Precondition::Tag(_), Some(_)) => {
                Err(AdministrationRefusal::ChangedMeanwhile { entry: subject })
            }
        }
    }
}

/// Returns the tag of an entry, which changes with its content: the digest of its JSON, as in the
/// header `ETag` of its route.
#[must_use]
pub fn entry_tag(entry: &Entry) -> String {
    let json = match entry {
        Entry::Person(person) => serde_json::to_vec(person),
        Entry::Team(team) => serde_json::to_vec(team),
        Entry::Service(service) => serde_json::to_vec(service),
        Entry::Schedule(schedule) => serde_json::to_vec(schedule),
        Entry::Policy(policy) => serde_json::to_vec(policy),
    };
    // Writing to memory can't fail.
    hex::encode(&Sha256::digest(json.unwrap_or_default())[..16])
}

/// The result of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Administered {
    /// The record of the change; `None` if everything was so already.
    pub event: Option<AdministrationEvent>,
    /// Whether the request had been carried out before, so that it changed nothing this time.
    pub replayed: bool,
}

/// Which page of the changes of administration to read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdministrationSearch {
    /// The maximum number of changes, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// A backend has no administration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} can't change people, teams, services, schedules or policies: {}", name(.host.as_deref()), advice(.host.as_deref()))]
pub struct NoAdministration {
    /// The host of the API, if its server is older than this program.
    pub host: Option<String>,
}

fn name(host: Option<&str>) -> &str {
    host.unwrap_or("this")
}

fn advice(host: Option<&str>) -> &'static str {
    match host {
        Some(_) => "update redphone on the server",
        None => "change them where the incidents are stored",
    }
}
