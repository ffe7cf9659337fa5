//! Tokens: the users of the API, their permissions and their expiry.
//!
//! Tokens are stored in a file next to the store. The file has no secret in it: the secret part of
//! a token is shown once, when the token is created, and only its hash is stored. Any number of
//! processes may change the file. A running server picks up a change within a second.

mod file;
mod registry;
mod secret;
mod stored;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use crate::model::administration::TokenRecord;
use crate::model::{Actor, PersonRef};

pub use file::{TokenError, TokenFile};
pub use registry::{Denied, RateState, RegisteredToken, TokenRegistry};
pub use secret::{Hash, InvalidToken, NoRandomness, Secret, TokenForm};

/// A stored token, without its secret part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Identifies the token; the part of the token that is no secret.
    pub id: String,
    /// The name for people. No two valid tokens have the same name.
    pub name: String,
    /// The permitted uses of the token.
    pub scope: Scope,
    /// The handle of the person that the token acts for. If absent, that is the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The form in which it is sent.
    #[serde(default, skip_serializing_if = "TokenForm::is_token")]
    pub form: TokenForm,
    /// The hash of the secret part.
    pub hash: Hash,
    /// When the token was created.
    pub created_at: DateTime<Utc>,
    /// When the token expires; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the token was revoked.
    #[serde(default)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When the token was last used, to about a minute.
    #[serde(default)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Whether a token is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenStatus {
    /// The token is valid.
    Valid,
    /// The token expired at this time.
    Expired(DateTime<Utc>),
    /// The token was revoked at this time.
    Revoked(DateTime<Utc>),
}

impl Token {
    /// Returns the recorded facts about the token: neither its secret nor the hash of that.
    #[must_use]
    pub fn record(&self) -> TokenRecord {
        TokenRecord {
            id: self.id.clone(),
            name: self.name.clone(),
            scope: self.scope.to_string(),
            person: self.person.clone(),
            expires_at: self.expires_at,
        }
    }

    /// Returns whether the token is valid at `now`.
    #[must_use]
    pub fn status(&self, now: DateTime<Utc>) -> TokenStatus {
        match (self.revoked_at, self.expires_at) {
            (Some(at), _) => TokenStatus::Revoked(at),
            (None, Some(at)) if at <= now => TokenStatus::Expired(at),
            _ => TokenStatus::Valid,
        }
    }

    /// Returns the person that the token acts for; `None` for an integration. `find_person` looks
    /// up a handle in the directory.
    #[must_use]
    pub fn person(&self, find_person: impl Fn(&str) -> Option<PersonRef>) -> Option<PersonRef> {
        if self.scope.is_for_programs() {
            return None;
        }
        let handle = self.person.as_deref().unwrap_or(&self.name).trim_start_matches('@');
        Some(find_person(handle).unwrap_or_else(|| PersonRef::new(handle, handle)))
    }

    /// Returns the actor of commands that are sent with the token.
    #[must_use]
    pub fn actor(&self, find_person: impl Fn(&str) -> Option<PersonRef>) -> Actor {
        match self.person(find_person) {
            Some(person) => Actor::Person(person),
            None => Actor::Integration(self.name.clone()),
        }
    }
}

/// The properties of a token to create.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewToken {
    /// The name: one line of at most 100 characters.
    pub name: String,
    /// The permitted uses of the token.
    pub scope: Scope,
    /// The handle of the person that the token acts for, if that is not the name.
    pub person: Option<String>,
    /// When the token expires; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}
