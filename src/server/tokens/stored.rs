//! The file format of tokens, which earlier versions can still read.
//!
//! Versions before the scope `metrics` refuse a file with a scope that they do not know. A token of
//! that scope is therefore stored as a revoked one of a scope that they know, with the real values
//! in a field that they ignore: they refuse this token, and accept all others.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Token;
use crate::server::scope::Scope;

/// A token in the file.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredToken {
    #[serde(flatten)]
    token: Token,
    /// The real scope and time of revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    later: Option<LaterScope>,
}

/// A scope that earlier versions do not know.
#[derive(Serialize, Deserialize)]
struct LaterScope {
    scope: Scope,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Token> for StoredToken {
    fn from(mut token: Token) -> Self {
        if token.scope != Scope::Metrics {
            return Self { token, later: None };
        }
        let later = LaterScope { scope: token.scope, revoked_at: token.revoked_at };
        token.scope = Scope::Read;
        token.revoked_at = Some(token.revoked_at.unwrap_or(token.created_at));
        Self { token, later: Some(later) }
    }
}

impl From<StoredToken> for Token {
    fn from(StoredToken { mut token, later }: StoredToken) -> Self {
        if let Some(LaterScope { scope, revoked_at }) = later {
            token.scope = scope;
            token.revoked_at = revoked_at;
        }
        token
    }
}
