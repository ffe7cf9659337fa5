//! Extractors that authenticate the caller by the token of a request and check its permission.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{TimeDelta, Utc};

use super::denials::{Denial, DenialReason};
use super::error::{ApiError, ApiResult};
use super::middleware::{CallerSlot, Client};
use super::scope::{Permission, Scope};
use super::state::Shared;
use super::strangers::Admission;
use super::tokens::{Denied, RegisteredToken, Secret};
use crate::api::ErrorCode;
use crate::model::text::sanitize;

/// A caller with a valid token.
#[derive(Clone, Debug)]
pub(super) struct Authenticated(pub Arc<RegisteredToken>);

/// A caller who may read.
#[derive(Clone, Debug)]
pub(super) struct ReadAccess(pub Arc<RegisteredToken>);

/// A caller who may send commands. Which kinds is checked for each command.
#[derive(Clone, Debug)]
pub(super) struct CommandAccess(pub Arc<RegisteredToken>);

/// A caller who may report alerts. A program may do so at any rate.
#[derive(Clone, Debug)]
pub(super) struct IngestAccess(pub Arc<RegisteredToken>);

/// A caller who may change who is on call for a while, which programs may not.
#[derive(Clone, Debug)]
pub(super) struct OnCallAccess(pub Arc<RegisteredToken>);

/// A caller who may change the directory and the tokens.
#[derive(Clone, Debug)]
pub(super) struct AdminAccess(pub Arc<RegisteredToken>);

/// A caller who may read the metrics.
#[derive(Clone, Debug)]
pub(super) struct MetricsAccess(
    #[expect(dead_code, reason = "nobody asks whose it is")] pub Arc<RegisteredToken>,
);

macro_rules! permission_extractor {
    ($name:ident, $permission:expr) => {
        impl FromRequestParts<Arc<Shared>> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(
                parts: &mut Parts,
                shared: &Arc<Shared>,
            ) -> ApiResult<Self> {
                authorize(parts, shared, $permission).map(Self)
            }
        }
    };
}
permission_extractor!(Authenticated, Permission::Authenticated);
permission_extractor!(ReadAccess, Permission::Read);
permission_extractor!(CommandAccess, Permission::Command);
permission_extractor!(IngestAccess, Permission::Ingest);
permission_extractor!(OnCallAccess, Permission::ChangeOnCall);
permission_extractor!(AdminAccess, Permission::Administer);
permission_extractor!(MetricsAccess, Permission::Metrics);

fn authorize(
    parts: &mut Parts,
    shared: &Arc<Shared>,
    permission: Permission,
) -> ApiResult<Arc<RegisteredToken>> {
    let now = Utc::now();
    let slot = parts.extensions.get::<CallerSlot>();
    let peer = parts.extensions.get::<Client>().and_then(|client| client.0);
    let deny = |denial: Denial, error: ApiError| {
        shared.denials.record(&denial, peer);
        if let Some(slot) = slot {
            slot.set_denial(denial);
        }
        error
    };
    let secret = bearer_token(&parts.headers)
        .map_err(|(reason, error)| deny(Denial { reason, token_id: None }, error))?;
    let caller = shared
        .tokens
        .authenticate(&secret, now)
        .map_err(|denied| deny(Denial::from(&denied), denial_error(denied)))?;
    if let Some(slot) = slot {
        slot.set(&caller);
    }
    if let Some(admission) = parts.extensions.get::<Arc<Admission>>() {
        admission.promote();
    }
    shared.tokens.schedule_write();
    // A monitoring system gives up a message that is refused with 429, and a storm of alerts is no
    // reason to lose some. Their number is bounded where they are stored.
    let is_unlimited = permission == Permission::Ingest && caller.token.scope == Scope::Ingest;
    if !is_unlimited {
        let (rate, wait) = caller.check_rate_limit();
        if let Some(slot) = slot {
            slot.set_rate(rate);
        }
        if let Some(wait) = wait {
            let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1));
            return Err(ApiError::limited(now + wait));
        }
    }
    if !caller.token.scope.grants(permission) {
        return Err(scope_error(&caller, permission));
    }
    Ok(caller)
}

/// Checks that the caller's token is still valid after a wait.
pub(super) fn recheck(shared: &Shared, caller: &RegisteredToken) -> ApiResult<()> {
    shared.tokens.recheck(caller, Utc::now()).map_err(|denied| {
        shared.denials.record(&Denial::from(&denied), None);
        denial_error(denied)
    })
}

/// Returns the token of a request, or why it has none.
fn bearer_token(headers: &HeaderMap) -> Result<Secret, (DenialReason, ApiError)> {
    let unauthorized =
        |reason, detail: &'static str| (reason, ApiError::new(ErrorCode::Unauthorized, detail));
    let malformed = |detail| unauthorized(DenialReason::Malformed, detail);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = values.next() else {
        return Err(unauthorized(
            DenialReason::Missing,
            "no token came with the request: send `Authorization: Bearer rp_…`, made by \
             `redphone token create` on the server",
        ));
    };
    if values.next().is_some() {
        return Err(malformed("two Authorization headers came with the request: send one"));
    }
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
    });
    let Some(token) = token else {
        return Err(malformed("the Authorization header is not `Bearer` and a token: mend it"));
    };
    token.parse().map_err(|_| (DenialReason::Unknown, denial_error(Denied::Unknown)))
}

fn denial_error(denial: Denied) -> ApiError {
    let format_time = |at: chrono::DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let detail = match denial {
        Denied::Unknown => "the token is not known here: ask for a new one".to_owned(),
        Denied::Expired { name, at: time, .. } => {
            format!(
                "the token {:?} expired at {}: ask for a new one",
                sanitize(&name),
                format_time(time)
            )
        }
        Denied::Revoked { name, at: time, .. } => {
            format!(
                "the token {:?} was revoked at {}: ask for a new one",
                sanitize(&name),
                format_time(time)
            )
        }
    };
    ApiError::new(ErrorCode::Unauthorized, detail)
}

fn scope_error(caller: &RegisteredToken, permission: Permission) -> ApiError {
    let what = match permission {
        Permission::Authenticated | Permission::Read => {
            "may not read this: use one of scope read, respond or admin"
        }
        Permission::ChangeOnCall => {
            "may not change who is on call: use one of scope respond or admin"
        }
        Permission::Administer => "may not change this: use one of scope admin",
        Permission::Metrics => {
            "may not read the metrics: use one of scope metrics, read, respond or admin"
        }
        Permission::Ingest => "may not report alerts: use one of scope ingest",
        Permission::Command => {
            "may not send commands: use one of scope respond, or ingest for a program"
        }
    };
    let (name, scope) = (sanitize(&caller.token.name), caller.token.scope);
    ApiError::new(ErrorCode::NotAllowed, format!("the token {name:?} of scope {scope} {what}"))
}
