//! Requests to change how people are reached.

use chrono::{DateTime, Utc};

use crate::model::notification::ContactChange;
use crate::model::{Actor, CommandId};

/// A request to change the contacts of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactRequest {
    /// The id. A request with the same id is the same request, sent again.
    pub id: CommandId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The author of the change.
    pub actor: Actor,
    /// The handle of the person whose contacts are changed.
    pub person: String,
    /// The change.
    pub change: ContactChange,
}

impl ContactRequest {
    /// Creates a request with a new id.
    #[must_use]
    pub fn new(
        actor: Actor,
        person: impl Into<String>,
        change: ContactChange,
        at: DateTime<Utc>,
    ) -> Self {
        Self { id: CommandId::new(), at, actor, person: person.into(), change }
    }
}

/// A backend has no contacts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} has no contacts: {}", name(.host.as_deref()), advice(.host.as_deref()))]
pub struct NoContacts {
    /// The host of the API, if its server is older than this program.
    pub host: Option<String>,
}

fn name(host: Option<&str>) -> &str {
    host.unwrap_or("this")
}

fn advice(host: Option<&str>) -> &'static str {
    match host {
        Some(_) => "update redphone on the server",
        None => "set them where the incidents are stored",
    }
}
