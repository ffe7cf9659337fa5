//! Strict extractors for path, query and body: whatever is not understood is refused and named.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::error::{ApiError, ApiResult};
use super::limits::BodyPermit;
use super::state::Shared;
use super::strict::{self, Body, RequestSchemas};
use crate::api::ErrorCode;
use crate::model::text::truncate;
use crate::model::unknown::strictly;
use crate::model::{IncidentId, IncidentNumber};

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
    let known: Vec<String> = quoted.map(ToOwned::to_owned).collect();
    match strict::nearest(unknown, known.iter()) {
        Some(name) => format!("unknown field `{unknown}`, did you mean `{name}`?"),
        None => message,
    }
}

/// An empty query, for routes without parameters.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// The incident id in a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathId(pub IncidentId);

impl FromRequestParts<Arc<Shared>> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        let text = path_parameter(parts, shared).await?;
        // Other notations of the UUID would make more than one path for an incident.
        let id = (text.len() == 36).then(|| text.parse().ok()).flatten();
        id.map(Self).ok_or_else(|| {
            let text = truncate(text, MAX_QUOTE_WIDTH);
            ApiError::bad_request(format!("{text:?} is no id of an incident: give its UUID"))
        })
    }
}

/// The incident number in a path, such as `2041` or `INC-2041`.
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
        let is_number =
            (1..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(number) = digits.parse().ok().filter(|_| is_number) {
            return Ok(Self(IncidentNumber(number)));
        }
        let text = truncate(text, MAX_QUOTE_WIDTH);
        Err(ApiError::bad_request(format!(
            "{text:?} is no incident number: write it as INC-2041 or 2041"
        )))
    }
}

/// Returns the only parameter of a path.
async fn path_parameter(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<String> {
    let params = RawPathParams::from_request_parts(parts, shared).await;
    let error = || ApiError::bad_request("the path can't be understood: it is not UTF-8");
    let params = params.map_err(|_| error())?;
    params.iter().next().map(|(_, value)| value.to_owned()).ok_or_else(error)
}

/// A JSON body and its reserved memory.
#[derive(Debug)]
pub(super) struct Json<T>(pub T, pub BodyPermit);

impl<T: DeserializeOwned + ToSchema> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        check_content_type(request.headers())?;
        let schemas = request.extensions().get::<RequestSchemas>().copied();
        let (body, permit) = read_body(request, shared).await?;
        if body.is_empty() {
            return Err(ApiError::bad_request("there is no body: send JSON"));
        }
        let text = std::str::from_utf8(&body).map_err(|error| {
            ApiError::bad_request(format!(
                "the body is not UTF-8 from byte {} on",
                error.valid_up_to()
            ))
        })?;
        // A text that is no JSON value is refused below, where the error has its place.
        let parsed = Body::parse(text).ok();
        if let (Some(RequestSchemas(schemas)), Some(body)) = (schemas, &parsed) {
            let checked = schemas.check(&T::name(), &body.value);
            checked.map_err(|error| body_error(&error.at, &error.why))?;
        }
        if let Some(Body { value, is_normalized: true }) = parsed {
            let value = strictly(|| serde_path_to_error::deserialize(value));
            return value
                .map(|value| Self(value, permit))
                .map_err(|e| body_error(&e.path().to_string(), &e.inner().to_string()));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let value = strictly(|| serde_path_to_error::deserialize(&mut json))
            .map_err(|error| body_error(&error.path().to_string(), &error.inner().to_string()))?;
        json.end().map_err(|error| {
            ApiError::bad_request(format!("the body goes on after its JSON: {error}"))
        })?;
        Ok(Self(value, permit))
    }
}

/// Returns the error for a body that is wrong at a place in it.
fn body_error(at: &str, why: &str) -> ApiError {
    let why = truncate(why, 200);
    ApiError::bad_request(match at {
        "" | "." | "?" => format!("the body can't be understood: {why}"),
        at => format!("the body can't be understood at {}: {why}", truncate(at, 120)),
    })
}

/// Reads a body within the limits of size and time, after memory for it was reserved.
async fn read_body(request: Request, shared: &Shared) -> ApiResult<(Bytes, BodyPermit)> {
    let limits = &shared.limits;
    let too_large = || {
        let most = limits.max_body_bytes;
        ApiError::new(
            ErrorCode::TooLarge,
            format!("the body is longer than {most} bytes: send less"),
        )
    };
    let content_length = request.headers().get(header::CONTENT_LENGTH);
    let content_length =
        content_length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A body without an announced length may have the maximum size.
    let bytes = content_length
        .map_or(limits.max_body_bytes, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if bytes > limits.max_body_bytes {
        return Err(too_large());
    }
    let permits = u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
    let permit = Arc::clone(&shared.body_permits).acquire_many_owned(permits);
    let Ok(Ok(permit)) = tokio::time::timeout(limits.body_timeout, permit).await else {
        let message = "the server has more to read than it has room for: send it again in a second";
        return Err(ApiError::new(ErrorCode::Unreachable, message));
    };
    let body = Limited::new(request.into_body(), limits.max_body_bytes).collect();
    match tokio::time::timeout(limits.body_timeout, body).await {
        Ok(Ok(body)) => Ok((body.to_bytes(), permit)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(ApiError::bad_request(format!(
            "the body did not arrive whole ({error}): send it again"
        ))),
        Err(_) => {
            let s = limits.body_timeout.as_secs();
            let message = format!("the body took longer than {s} s to arrive: send it again");
            Err(ApiError::new(ErrorCode::TooSlow, message))
        }
    }
}

/// Checks that the body is JSON in UTF-8 without a content encoding.
fn check_content_type(headers: &HeaderMap) -> ApiResult<()> {
    let refuse = |what: &'static str| Err(ApiError::new(ErrorCode::MediaType, what));
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let media_type =
        types.next().and_then(|media_type| media_type.to_str().ok()).unwrap_or_default();
    let (media_type, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    if types.next().is_some() || !media_type.trim().eq_ignore_ascii_case("application/json") {
        return refuse("the body is not JSON by its type: send `Content-Type: application/json`");
    }
    let charset = parameters.trim().to_ascii_lowercase();
    if !matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"") {
        return refuse("the body has a type with a parameter that is not known: leave it out");
    }
    let encoding = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut encoding = encoding.map(|value| value.to_str().unwrap_or_default().trim());
    if encoding.any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return refuse("the body is encoded: send it as it is, without Content-Encoding");
    }
    Ok(())
}
