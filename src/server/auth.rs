//! Who asks: the token that a request carries, and whether it is good for what is asked for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{TimeDelta, Utc};

use super::error::{Answer, Refusal};
use super::scope::Right;
use super::state::Shared;
use super::tokens::{Denied, Key, Secret};
use crate::api::ErrorCode;
use crate::model::text::sanitize;

/// Somebody with a token that holds.
#[derive(Clone, Debug)]
pub(super) struct Known(pub Arc<Key>);

/// Somebody who may read.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub Arc<Key>);

/// Somebody who may send commands, of some kind.
#[derive(Clone, Debug)]
pub(super) struct Commander(pub Arc<Key>);

macro_rules! needs {
    ($name:ident, $right:expr) => {
        impl FromRequestParts<Arc<Shared>> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Answer<Self> {
                admitted(parts, shared, $right).map(Self)
            }
        }
    };
}
needs!(Known, Right::Known);
needs!(Reader, Right::Read);
needs!(Commander, Right::Command);

fn admitted(parts: &mut Parts, shared: &Arc<Shared>, right: Right) -> Answer<Arc<Key>> {
    let now = Utc::now();
    let secret = carried(&parts.headers)?;
    let key = shared.keys.check(&secret, now).map_err(refused)?;
    if let Some(who) = parts.extensions.get::<super::middleware::Who>() {
        who.is(&key);
    }
    shared.keys.write_soon();
    key.count().map_err(|wait| {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1));
        Refusal::limited(now + wait)
    })?;
    if !key.token.scope.has(right) {
        return Err(not_enough(&key, right));
    }
    Ok(key)
}

/// A token that does not hold any more when an answer is ready.
pub(super) fn still(shared: &Shared, key: &Key) -> Answer<()> {
    shared.keys.again(key, Utc::now()).map_err(refused)
}

fn carried(headers: &HeaderMap) -> Answer<Secret> {
    let unauthorized = |detail: &str| Refusal::new(ErrorCode::Unauthorized, detail);
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
    token.parse().map_err(|_| refused(Denied::Unknown))
}

fn refused(why: Denied) -> Refusal {
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
    Refusal::new(ErrorCode::Unauthorized, detail)
}

fn not_enough(key: &Key, right: Right) -> Refusal {
    let what = match right {
        Right::Known | Right::Read => "may not read this: use one of scope read, respond or admin",
        Right::Command => {
            "may not send commands: use one of scope respond, or ingest for a program"
        }
    };
    let (name, scope) = (sanitize(&key.token.name), key.token.scope);
    Refusal::new(ErrorCode::NotAllowed, format!("the token {name:?} of scope {scope} {what}"))
}
