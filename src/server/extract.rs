//! Strict extractors for path and query: whatever is not understood is refused and named. Those for
//! the body are in [`super::request_body`].

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::{ApiError, ApiResult};
use super::state::Shared;
use crate::model::IncidentNumber;
use crate::model::id::IncidentRef;
use crate::model::nearest::nearest;
use crate::model::text::truncate;
use crate::model::unknown::strictly;

/// The maximum width of a quoted part of the request in a message.
const MAX_QUOTE_WIDTH: usize = 60;

/// The query of a request.
#[derive(Debug)]
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Shared>> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> ApiResult<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = serde_urlencoded::Deserializer::new(pairs);
        strictly(|| serde_path_to_error::deserialize(pairs)).map(Self).map_err(|error| {
            let why = truncate(with_suggestion(error.inner().to_string()), 200);
            let at = error.path().to_string();
            ApiError::bad_request(match at.as_str() {
                "." | "?" => format!("the query can't be understood: {why}"),
                at => format!("{at} in the query can't be understood: {why}"),
            })
        })
    }
}

/// Adds the nearest parameter to serde's message about an unknown one.
fn with_suggestion(message: String) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown =
        quoted.next().filter(|_| message.starts_with("unknown field")).unwrap_or_default();
    match nearest(unknown, quoted) {
        Some(name) => format!("unknown field `{unknown}`, did you mean `{name}`?"),
        None => message,
    }
}

/// An empty query, for routes without parameters.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// The query of a program that sends alerts and can set no header: its token or integration key,
/// which [`super::credentials`] reads. It has nothing else.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyQuery {
    #[serde(default, rename = "key")]
    _key: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "token")]
    _token: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "auth_token")]
    _auth_token: Option<serde::de::IgnoredAny>,
}

/// Shows none of its content.
impl std::fmt::Debug for KeyQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyQuery")
    }
}

/// The incident in a path: its id, or its number such as `INC-2041` or `2041`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathIncident(pub IncidentRef);

impl FromRequestParts<Arc<Shared>> for PathIncident {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        let text = path_parameter(parts, shared).await?;
        parse_incident(&text).map(Self).ok_or_else(|| {
            let text = truncate(text, MAX_QUOTE_WIDTH);
            ApiError::bad_request(format!(
                "{text:?} is no id of an incident: give its UUID, or its number as INC-2041"
            ))
        })
    }
}

/// Parses the id or the number of an incident.
pub(super) fn parse_incident(text: &str) -> Option<IncidentRef> {
    if let Some(number) = parse_number(text) {
        return Some(IncidentRef::Number(number));
    }
    // Other notations of the UUID would make more than one name for an incident.
    let id = (text.len() == 36).then(|| text.parse().ok()).flatten();
    id.map(IncidentRef::Id)
}

/// The incident number in a path, such as `2041` or `INC-2041`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathNumber(pub IncidentNumber);

impl FromRequestParts<Arc<Shared>> for PathNumber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        let text = path_parameter(parts, shared).await?;
        if let Some(number) = parse_number(&text) {
            return Ok(Self(number));
        }
        let text = truncate(text, MAX_QUOTE_WIDTH);
        Err(ApiError::bad_request(format!(
            "{text:?} is no incident number: write it as INC-2041 or 2041"
        )))
    }
}

/// The only text in a path: a name or an id.
#[derive(Clone, Debug)]
pub(super) struct PathText(pub String);

impl FromRequestParts<Arc<Shared>> for PathText {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        path_parameter(parts, shared).await.map(Self)
    }
}

/// Parses the number of an incident, with or without `INC-`.
fn parse_number(text: &str) -> Option<IncidentNumber> {
    let digits = match text.get(..3) {
        Some(head) if head.eq_ignore_ascii_case("inc") => {
            text[3..].strip_prefix('-').unwrap_or(&text[3..])
        }
        _ => text,
    };
    let is_number =
        (1..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number).map(IncidentNumber)
}

/// Returns the only parameter of a path.
async fn path_parameter(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<String> {
    let params = RawPathParams::from_request_parts(parts, shared).await;
    let error = || ApiError::bad_request("the path can't be understood: it is not UTF-8");
    let params = params.map_err(|_| error())?;
    params.iter().next().map(|(_, value)| value.to_owned()).ok_or_else(error)
}
