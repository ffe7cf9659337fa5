//! Who asks: the token that a request carries, and whether it is good for what is asked for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{TimeDelta, Utc};

use super::error::{ApiError, ApiResult};
use super::scope::Permission;
use super::state::Shared;
use super::tokens::{Denied, RegisteredToken, Secret};
use crate::api::ErrorCode;
use crate::model::text::sanitize;

/// Somebody with a token that holds.
#[derive(Clone, Debug)]
pub(super) struct Authenticated(pub Arc<RegisteredToken>);

/// Somebody who may read.
#[derive(Clone, Debug)]
pub(super) struct ReadAccess(pub Arc<RegisteredToken>);

/// Somebody who may send commands, of some kind.
#[derive(Clone, Debug)]
pub(super) struct CommandAccess(pub Arc<RegisteredToken>);

macro_rules! needs {
    ($name:ident, $right:expr) => {
        impl FromRequestParts<Arc<Shared>> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(
                parts: &mut Parts,
                shared: &Arc<Shared>,
            ) -> ApiResult<Self> {
                authorize(parts, shared, $right).map(Self)
            }
        }
    };
}
needs!(Authenticated, Permission::Authenticated);
needs!(ReadAccess, Permission::Read);
needs!(CommandAccess, Permission::Command);

fn authorize(
    parts: &mut Parts,
    shared: &Arc<Shared>,
    right: Permission,
) -> ApiResult<Arc<RegisteredToken>> {
    let now = Utc::now();
    let secret = bearer_token(&parts.headers)?;
    let key = shared.tokens.authenticate(&secret, now).map_err(denial_error)?;
    if let Some(who) = parts.extensions.get::<super::middleware::CallerSlot>() {
        who.set(&key);
    }
    shared.tokens.schedule_write();
    key.check_rate_limit().map_err(|wait| {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1));
        ApiError::limited(now + wait)
    })?;
    if !key.token.scope.grants(right) {
        return Err(scope_error(&key, right));
    }
    Ok(key)
}

/// A token that does not hold any more when an answer is ready.
pub(super) fn recheck(shared: &Shared, key: &RegisteredToken) -> ApiResult<()> {
    shared.tokens.recheck(key, Utc::now()).map_err(denial_error)
}

fn bearer_token(headers: &HeaderMap) -> ApiResult<Secret> {
    let unauthorized = |detail: &str| ApiError::new(ErrorCode::Unauthorized, detail);
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = all.next() else {
        return Err(unauthorized(
            "no token came with the request: send `Authorization: Bearer rp_…`, made by \
             `redphone token create` on the server",
        ));
    };
    if all.next().is_some() {
        return Err(unauthorized("two Authorization headers came with the request: send one"));
    }
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
    });
    let Some(token) = token else {
        return Err(unauthorized("the Authorization header is not `Bearer` and a token: mend it"));
    };
    token.parse().map_err(|_| denial_error(Denied::Unknown))
}

fn denial_error(why: Denied) -> ApiError {
    let at = |at: chrono::DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let detail = match why {
        Denied::Unknown => "the token is not known here: ask for a new one".to_owned(),
        Denied::Expired { name, at: when } => {
            format!("the token {:?} expired at {}: ask for a new one", sanitize(&name), at(when))
        }
        Denied::Revoked { name, at: when } => {
            format!(
                "the token {:?} was revoked at {}: ask for a new one",
                sanitize(&name),
                at(when)
            )
        }
    };
    ApiError::new(ErrorCode::Unauthorized, detail)
}

fn scope_error(key: &RegisteredToken, right: Permission) -> ApiError {
    let what = match right {
        Permission::Authenticated | Permission::Read => {
            "may not read this: use one of scope read, respond or admin"
        }
        Permission::Command => {
            "may not send commands: use one of scope respond, or ingest for a program"
        }
    };
    let (name, scope) = (sanitize(&key.token.name), key.token.scope);
    ApiError::new(ErrorCode::NotAllowed, format!("the token {name:?} of scope {scope} {what}"))
}
