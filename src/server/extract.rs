//! What a request carries, read strictly: what is not understood is refused and named.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::error::{ApiError, ApiResult};
use super::limits::BodyPermit;
use super::state::Shared;
use crate::api::ErrorCode;
use crate::model::text::{sanitize, truncate};
use crate::model::{IncidentId, IncidentNumber};

/// Columns of what somebody else wrote, where it is named.
const MAX_QUOTE_WIDTH: usize = 60;

/// What stands behind the question mark.
#[derive(Debug)]
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Shared>> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> ApiResult<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let why = truncate(&sanitize(&error.inner().to_string()), 200).into_owned();
            let at = error.path().to_string();
            ApiError::bad_request(match at.as_str() {
                "." | "?" => format!("the query can't be understood: {why}"),
                at => format!("{} in the query can't be understood: {why}", sanitize(at)),
            })
        })
    }
}

/// No query at all, for routes that take none.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// The incident of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathId(pub IncidentId);

impl FromRequestParts<Arc<Shared>> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        let text = path_parameter(parts, shared).await?;
        // Other ways to write a UUID would be other paths to the same.
        let id = (text.len() == 36).then(|| text.parse().ok()).flatten();
        id.map(Self).ok_or_else(|| {
            let text = truncate(&sanitize(&text), MAX_QUOTE_WIDTH).into_owned();
            ApiError::bad_request(format!("{text:?} is no id of an incident: give its UUID"))
        })
    }
}

/// The number of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathNumber(pub IncidentNumber);

impl FromRequestParts<Arc<Shared>> for PathNumber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        let text = path_parameter(parts, shared).await?;
        let digits = match text.get(..3) {
            Some(head) if head.eq_ignore_ascii_case("inc") => {
                text[3..].strip_prefix('-').unwrap_or(&text[3..])
            }
            _ => &text,
        };
        let number =
            (1..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(number) = digits.parse().ok().filter(|_| number) {
            return Ok(Self(IncidentNumber(number)));
        }
        let text = truncate(&sanitize(&text), MAX_QUOTE_WIDTH).into_owned();
        Err(ApiError::bad_request(format!(
            "{text:?} is no incident number: write it as INC-2041 or 2041"
        )))
    }
}

/// The one parameter of a path.
async fn path_parameter(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<String> {
    let params = RawPathParams::from_request_parts(parts, shared).await;
    let bad = || ApiError::bad_request("the path can't be understood: it is not UTF-8");
    let params = params.map_err(|_| bad())?;
    params.iter().next().map(|(_, value)| value.to_owned()).ok_or_else(bad)
}

/// A body of JSON, and the room it takes.
#[derive(Debug)]
pub(super) struct Json<T>(pub T, pub BodyPermit);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        check_content_type(request.headers())?;
        let (body, room) = read_body(request, shared).await?;
        if body.is_empty() {
            return Err(ApiError::bad_request("there is no body: send JSON"));
        }
        let text = std::str::from_utf8(&body).map_err(|error| {
            ApiError::bad_request(format!(
                "the body is not UTF-8 from byte {} on",
                error.valid_up_to()
            ))
        })?;
        let mut json = serde_json::Deserializer::from_str(text);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let why = truncate(&sanitize(&error.inner().to_string()), 200).into_owned();
            let at = error.path().to_string();
            ApiError::bad_request(match at.as_str() {
                "." | "?" => format!("the body can't be understood: {why}"),
                at => {
                    let at = truncate(&sanitize(at), 120).into_owned();
                    format!("the body can't be understood at {at}: {why}")
                }
            })
        })?;
        json.end().map_err(|error| {
            ApiError::bad_request(format!(
                "the body goes on after its JSON: {}",
                sanitize(&error.to_string())
            ))
        })?;
        Ok(Self(value, room))
    }
}

/// Reads a body of bounded length, in bounded time, once there is room for it.
async fn read_body(request: Request, shared: &Shared) -> ApiResult<(Bytes, BodyPermit)> {
    let limits = &shared.limits;
    let too_large = || {
        let most = limits.max_body_bytes;
        ApiError::new(
            ErrorCode::TooLarge,
            format!("the body is longer than {most} bytes: send less"),
        )
    };
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A length that is not told may be the longest.
    let most =
        told.map_or(limits.max_body_bytes, |told| usize::try_from(told).unwrap_or(usize::MAX));
    if most > limits.max_body_bytes {
        return Err(too_large());
    }
    let most = u32::try_from(most.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
    let room = Arc::clone(&shared.body_permits).acquire_many_owned(most);
    let Ok(Ok(room)) = tokio::time::timeout(limits.body_timeout, room).await else {
        let what = "the server has more to read than it has room for: send it again in a second";
        return Err(ApiError::new(ErrorCode::Unreachable, what));
    };
    let read = Limited::new(request.into_body(), limits.max_body_bytes).collect();
    match tokio::time::timeout(limits.body_timeout, read).await {
        Ok(Ok(body)) => Ok((body.to_bytes(), room)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            let why = sanitize(&error.to_string()).into_owned();
            Err(ApiError::bad_request(format!(
                "the body did not arrive whole ({why}): send it again"
            )))
        }
        Err(_) => {
            let s = limits.body_timeout.as_secs();
            let what = format!("the body took longer than {s} s to arrive: send it again");
            Err(ApiError::new(ErrorCode::TooSlow, what))
        }
    }
}

/// Only JSON in UTF-8, as it is.
fn check_content_type(headers: &HeaderMap) -> ApiResult<()> {
    let refused = |what: &str| Err(ApiError::new(ErrorCode::MediaType, what));
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = types.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (kind, rest) = kind.split_once(';').unwrap_or((kind, ""));
    if types.next().is_some() || !kind.trim().eq_ignore_ascii_case("application/json") {
        return refused("the body is not JSON by its type: send `Content-Type: application/json`");
    }
    let charset = rest.trim().to_ascii_lowercase();
    if !matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"") {
        return refused("the body has a type with a parameter that is not known: leave it out");
    }
    let encoding = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut encoding = encoding.map(|value| value.to_str().unwrap_or_default().trim());
    if encoding.any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return refused("the body is encoded: send it as it is, without Content-Encoding");
    }
    Ok(())
}
