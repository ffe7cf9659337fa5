//! Tokens: who may ask, for what, until when.
//!
//! They are kept in a file beside the store, which has no secret in it: the secret part of a token
//! is shown once, when it is made, and only its hash is written down. Any number of processes may
//! change the file; a running server takes a change over within a second.

mod file;
mod registry;
mod secret;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use crate::model::{Actor, PersonRef};

pub use file::{TokenError, TokenFile};
pub use registry::{Denied, RegisteredToken, TokenRegistry};
pub use secret::{Hash, InvalidToken, NoRandomness, Secret};

/// What is kept of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Names it; it is also the part of the token that is no secret.
    pub id: String,
    /// What people call it. No two that hold have the same.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The handle of whom it acts for; the name where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Of the secret part.
    pub hash: Hash,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is no longer good; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    #[serde(default)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to a minute or so.
    #[serde(default)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Whether a token is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenStatus {
    /// It is.
    Valid,
    /// Its time is over, since then.
    Expired(DateTime<Utc>),
    /// It was taken back, then.
    Revoked(DateTime<Utc>),
}

impl Token {
    /// Whether it is good at `now`.
    #[must_use]
    pub fn status(&self, now: DateTime<Utc>) -> TokenStatus {
        match (self.revoked_at, self.expires_at) {
            (Some(at), _) => TokenStatus::Revoked(at),
            (None, Some(at)) if at <= now => TokenStatus::Expired(at),
            _ => TokenStatus::Valid,
        }
    }

    /// Whom it acts for; `None` for an integration. `named` gives the person of a handle.
    #[must_use]
    pub fn person(&self, named: impl Fn(&str) -> Option<PersonRef>) -> Option<PersonRef> {
        if self.scope == Scope::Ingest {
            return None;
        }
        let handle = self.person.as_deref().unwrap_or(&self.name).trim_start_matches('@');
        Some(named(handle).unwrap_or_else(|| PersonRef::new(handle, handle)))
    }

    /// Who does what is asked for with it.
    #[must_use]
    pub fn actor(&self, named: impl Fn(&str) -> Option<PersonRef>) -> Actor {
        match self.person(named) {
            Some(person) => Actor::Person(person),
            None => Actor::Integration(self.name.clone()),
        }
    }
}

/// What a new token is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewToken {
    /// Its name: one line of at most 100 characters.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The handle of whom it acts for, where that is not the name.
    pub person: Option<String>,
    /// From when on it is no longer good; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}
