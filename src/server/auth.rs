//! Extractors that authenticate the caller by the token of a request and check its permission.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{TimeDelta, Utc};

use super::caller_slot::CallerSlot;
use super::credentials::{self, NoCredential};
use super::denials::Denial;
use super::error::{ApiError, ApiResult};
use super::middleware::Client;
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

/// A caller who may report alerts. A program may always do so.
#[derive(Clone, Debug)]
pub(super) struct IngestAccess(pub Arc<RegisteredToken>);

/// A caller who may perform actions of people: record problems, and see messages that could not be
/// understood and read them again.
#[derive(Clone, Debug)]
pub(super) struct RespondAccess(pub Arc<RegisteredToken>);

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

/// A caller whose token may be wherever senders of alerts have theirs, and of whom it is checked afterwards
/// what it may do.
#[derive(Clone, Debug)]
pub(super) struct SenderCaller {
    caller: UnauthenticatedCaller,
    secret: Result<Secret, NoCredential>,
}

impl FromRequestParts<Arc<Shared>> for SenderCaller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Infallible> {
        let (caller, secret) = (UnauthenticatedCaller::of(parts), credentials::sender_token(parts));
        Ok(Self { caller, secret })
    }
}

impl SenderCaller {
    /// Authenticates the caller, who needs a permission.
    pub(super) fn authorize(
        self,
        shared: &Arc<Shared>,
        permission: Permission,
    ) -> ApiResult<Arc<RegisteredToken>> {
        self.caller.authorize(shared, self.secret, permission)
    }

    /// Authenticates the caller, who may read or report alerts. Those that only report them are limited in
    /// how often they ask.
    pub(super) fn authorize_reader(self, shared: &Arc<Shared>) -> ApiResult<Arc<RegisteredToken>> {
        let caller = self.authorize(shared, Permission::Authenticated)?;
        let scope = caller.token.scope;
        if scope.grants(Permission::Read) || scope.grants(Permission::Ingest) {
            Ok(caller)
        } else {
            Err(scope_error(&caller, Permission::Read))
        }
    }
}

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
permission_extractor!(RespondAccess, Permission::Respond);
permission_extractor!(OnCallAccess, Permission::ChangeOnCall);
permission_extractor!(AdminAccess, Permission::Administer);
permission_extractor!(MetricsAccess, Permission::Metrics);

fn authorize(
    parts: &mut Parts,
    shared: &Arc<Shared>,
    permission: Permission,
) -> ApiResult<Arc<RegisteredToken>> {
    let secret = match permission {
        Permission::Ingest => credentials::sender_token(parts),
        _ => credentials::bearer_token(&parts.headers),
    };
    UnauthenticatedCaller::of(parts).authorize(shared, secret, permission)
}

/// A caller whose token or key is in the body of its message, which must be read first.
#[derive(Clone, Debug)]
pub(super) struct UnauthenticatedCaller {
    slot: Option<CallerSlot>,
    peer: Option<IpAddr>,
    admission: Option<Arc<Admission>>,
}

impl FromRequestParts<Arc<Shared>> for UnauthenticatedCaller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl UnauthenticatedCaller {
    fn of(parts: &Parts) -> Self {
        Self {
            slot: parts.extensions.get::<CallerSlot>().cloned(),
            peer: parts.extensions.get::<Client>().and_then(|client| client.0),
            admission: parts.extensions.get::<Arc<Admission>>().cloned(),
        }
    }

    /// Authenticates the caller, who sends alerts, by the token or integration key in its message.
    pub(super) fn authenticate(
        &self,
        shared: &Arc<Shared>,
        key: Option<&str>,
    ) -> ApiResult<Arc<RegisteredToken>> {
        let secret = key.ok_or(NoCredential::Missing).and_then(credentials::parse);
        self.authorize(shared, secret, Permission::Ingest)
    }

    fn authorize(
        &self,
        shared: &Arc<Shared>,
        secret: Result<Secret, NoCredential>,
        permission: Permission,
    ) -> ApiResult<Arc<RegisteredToken>> {
        let now = Utc::now();
        let secret = secret.map_err(|error| {
            self.deny(shared, Denial { reason: error.reason(), token_id: None });
            ApiError::new(ErrorCode::Unauthorized, error.to_string())
        })?;
        let caller = shared.tokens.authenticate(&secret, now).map_err(|denied| {
            self.deny(shared, Denial::from(&denied));
            denial_error(denied)
        })?;
        if let Some(slot) = &self.slot {
            slot.set(&caller);
        }
        if let Some(admission) = &self.admission {
            admission.promote();
        }
        shared.tokens.schedule_write();
        // A monitoring system gives up a message that is refused with 429, and a storm of alerts is no
        // reason to lose some. Their number is bounded where they are stored.
        let is_unlimited = permission == Permission::Ingest && caller.token.scope == Scope::Ingest;
        if !is_unlimited {
            let (rate, wait) = caller.check_rate_limit();
            if let Some(slot) = &self.slot {
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

    /// Records that the request is refused.
    fn deny(&self, shared: &Shared, denial: Denial) {
        shared.denials.record(&denial, self.peer);
        if let Some(slot) = &self.slot {
            slot.set_denial(denial);
        }
    }
}

/// Checks that the caller's token is still valid after a wait.
pub(super) fn recheck(shared: &Shared, caller: &RegisteredToken) -> ApiResult<()> {
    shared.tokens.recheck(caller, Utc::now()).map_err(|denied| {
        shared.denials.record(&Denial::from(&denied), None);
        denial_error(denied)
    })
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
        Permission::Respond => {
            "may not do this, which only people do: use one of scope respond or admin"
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
