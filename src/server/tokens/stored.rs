//! Tokens as the file has them, so that earlier versions go on with it.
//!
//! Versions before the scope `metrics` refuse a file with a scope that they do not know. A token of
//! that scope is therefore stored as a revoked one of a scope that they know, with what holds in a
//! field that they ignore: to them it opens nothing, and all other tokens work.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Token;
use crate::server::scope::Scope;

/// A token in the file.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredToken {
    #[serde(flatten)]
    token: Token,
    /// What holds in place of the scope and of the time of revocation.
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
