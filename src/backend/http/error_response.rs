//! Interprets unexpected responses: error statuses, redirects and bodies that are not JSON.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};

use super::address::Address;
use super::clock::ServerClock;
use super::unusable_response::{Unusable, UnusableResponse};
use crate::api::{Details, ErrorCode, path};
use crate::backend::{BackendError, Cause};

/// The longest pause that a server can request. A wrong number from a proxy must not stop requests
/// for days.
const MAX_BACKOFF: TimeDelta = TimeDelta::hours(1);
/// The pause after a limit whose duration the server does not state.
const DEFAULT_BACKOFF: TimeDelta = TimeDelta::seconds(5);

/// The reason why a request has no usable response.
pub(super) struct RequestError {
    /// The error for the caller.
    pub(super) error: BackendError,
    /// Whether a proxy between client and server reported a time-out of the server.
    pub(super) is_gateway_timeout: bool,
    /// Whether the connection was lost before a response.
    pub(super) is_connection_lost: bool,
    /// Until when the server asks not to receive this request again.
    pub(super) backoff_until: Option<DateTime<Utc>>,
}

impl From<BackendError> for RequestError {
    fn from(error: BackendError) -> Self {
        Self { error, is_gateway_timeout: false, is_connection_lost: false, backoff_until: None }
    }
}

/// A response with a status of 400 or more.
pub(super) struct ErrorResponse<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    /// The body, if it is JSON.
    pub(super) body: Option<&'a [u8]>,
    /// The path of the API that was requested.
    pub(super) path: &'a str,
}

impl ErrorResponse<'_> {
    /// Converts the response to an error. Only an answer of the API itself can settle a command: a
    /// request that a proxy refuses today may pass it tomorrow.
    pub(super) fn interpret(
        &self,
        host: &str,
        address: &Address,
        clock: &ServerClock,
        now: DateTime<Utc>,
    ) -> RequestError {
        let details: Option<Details> = self.body.and_then(|json| serde_json::from_slice(json).ok());
        let status = self.status;
        let backoff_until = retry_after(self.headers, clock, now);
        let is_gateway_timeout = matches!(status.as_u16(), 408 | 502 | 504);
        let unusable = |reason| UnusableResponse { host: host.to_owned(), reason };
        let limited =
            |until: DateTime<Utc>| BackendError::Limited { until: clamp_backoff(until, now) };
        let requested_backoff = backoff_until
            .filter(|_| status == StatusCode::SERVICE_UNAVAILABLE && details.is_some());
        let error = match (status, details, backoff_until) {
            // A 503 with details gives the reason why the API can't answer, which is worth more
            // than the pause.
            (StatusCode::TOO_MANY_REQUESTS, _, Some(until))
            | (StatusCode::SERVICE_UNAVAILABLE, None, Some(until)) => limited(until),
            (StatusCode::TOO_MANY_REQUESTS, details, None) => {
                let until = details.and_then(|details| details.until);
                limited(until.map_or(now + DEFAULT_BACKOFF, |until| clock.to_local_time(until)))
            }
            (StatusCode::UNAUTHORIZED, details, _) => {
                let (address, detail) = (address.clone(), details.map(|details| details.detail));
                BackendError::unreachable(unusable(Unusable::TokenRefused { address, detail }))
            }
            (StatusCode::NOT_FOUND, details, _)
                if details.is_none() || self.path == path::CAPABILITIES =>
            {
                let address = address.clone();
                BackendError::unreachable(unusable(Unusable::NoApi { address }))
            }
            (_, Some(details), _) => {
                // The API's sentence is for people. If it concerns the server, the host is named.
                let failed = |why: &Cause| unusable(Unusable::Failed { detail: why.to_string() });
                match details.into_error(now) {
                    BackendError::Unreachable(why) => BackendError::unreachable(failed(&why)),
                    BackendError::Broken(why) => BackendError::broken(failed(&why)),
                    error => error,
                }
            }
            (status, None, _) => not_json_error(host, status, self.headers),
        };
        RequestError {
            error,
            is_gateway_timeout,
            is_connection_lost: false,
            backoff_until: requested_backoff.map(|until| clamp_backoff(until, now)),
        }
    }
}

/// Returns the error of one refused command in a batch.
pub(super) fn command_error(
    details: Details,
    clock: &ServerClock,
    now: DateTime<Utc>,
) -> BackendError {
    let until = details.until.map(|until| clamp_backoff(clock.to_local_time(until), now));
    match details.code() {
        Some(ErrorCode::Limited) => {
            BackendError::Limited { until: until.unwrap_or(now + DEFAULT_BACKOFF) }
        }
        _ => details.into_error(now),
    }
}

/// Returns the error for a response that is not from the API but from a proxy or another server.
pub(super) fn not_json_error(host: &str, status: StatusCode, headers: &HeaderMap) -> BackendError {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("nothing");
    let (status, media_type) = (status_text(status), kind.trim().to_owned());
    let reason = Unusable::NotJson { status, media_type };
    BackendError::unreachable(UnusableResponse { host: host.to_owned(), reason })
}

/// Returns the error for a redirect. It is not followed, because anybody able to send a response
/// could obtain the token that way.
pub(super) fn redirect_error(
    host: &str,
    address: &Address,
    status: StatusCode,
    headers: &HeaderMap,
) -> BackendError {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    let to = address.join("/", "").join(to).ok().map(|mut url| {
        // Removes user name and password, and the query, which may hold a secret. The setters fail
        // only for URLs without a host.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_query(None);
        url.set_fragment(None);
        url.to_string()
    });
    let reason = Unusable::Redirect { status: status_text(status), to };
    BackendError::unreachable(UnusableResponse { host: host.to_owned(), reason })
}

/// Returns a status code with its reason phrase.
fn status_text(status: StatusCode) -> String {
    status
        .canonical_reason()
        .map_or_else(|| status.as_u16().to_string(), |words| format!("{} {words}", status.as_u16()))
}

/// Returns whether the content type is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Parses an HTTP date (RFC 9110).
pub(super) fn parse_http_date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(value.to_str().ok()?).ok().map(DateTime::from)
}

/// Returns when the request may be sent again by this machine's clock, from `Retry-After`: a number
/// of seconds or a date.
fn retry_after(
    headers: &HeaderMap,
    clock: &ServerClock,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let value = headers.get(RETRY_AFTER)?;
    if let Some(date) = parse_http_date(value) {
        return Some(clock.to_local_time(date));
    }
    let seconds: u32 = value.to_str().ok()?.trim().parse().ok()?;
    now.checked_add_signed(TimeDelta::seconds(i64::from(seconds)))
}

/// Limits the end of a pause to the range from now to [`MAX_BACKOFF`] from now.
fn clamp_backoff(until: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    until.clamp(now, now + MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;
    use crate::backend::http::clock::{RoundTrip, ServerTime};
    use crate::model::{Rejection, RejectionKind};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn interpret(
        status: u16,
        headers: &[(&'static str, &str)],
        body: Option<&[u8]>,
    ) -> RequestError {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let response = ErrorResponse { status, headers: &headers, body, path: path::INCIDENTS };
        let address = "https://example.net".parse().unwrap();
        response.interpret("example.net", &address, &ServerClock::new(), now())
    }

    #[rstest]
    #[case(429, "30", 30)]
    #[case(503, "30", 30)]
    #[case(429, "0", 0)]
    #[case(429, "Mon, 21 Sep 2026 14:14:20 GMT", 60)]
    #[case(503, "Mon, 21 Sep 2026 14:14:20 GMT", 60)]
    #[case(429, "Sat, 21 Sep 2024 14:14:20 GMT", 0)]
    #[case(429, "4000000000", 3600)]
    #[case(429, "soon", 5)]
    fn retry_after_sets_the_limit(#[case] status: u16, #[case] value: &str, #[case] seconds: i64) {
        let until = now() + TimeDelta::seconds(seconds);
        let error = interpret(status, &[("retry-after", value)], None).error;
        assert_eq!(error, BackendError::Limited { until });
    }

    #[test]
    fn unavailable_api_is_quoted_and_its_pause_respected() {
        let body = serde_json::to_vec(&Details::new(ErrorCode::Unreachable, "the disk is full"));
        let failure = interpret(503, &[("retry-after", "30")], Some(&body.unwrap()));
        let says = BackendError::Unreachable("example.net says: the disk is full".into());
        assert_eq!(
            (failure.error, failure.backoff_until),
            (says, Some(now() + TimeDelta::seconds(30)))
        );
    }

    #[test]
    fn retry_date_is_corrected_by_the_clock_skew() {
        let clock = ServerClock::new();
        let time = ServerTime { at: now() + TimeDelta::hours(2), precision: TimeDelta::zero() };
        let trip = RoundTrip { sent: now(), received: now(), elapsed: Duration::ZERO };
        clock.observe("example.net", time, trip);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Mon, 21 Sep 2026 16:14:20 GMT".parse().unwrap());
        let until = retry_after(&headers, &clock, now()).unwrap();
        assert_eq!((until - now()).num_seconds(), 60);
    }

    #[test]
    fn api_error_is_decoded_unchanged() {
        let rejection = Rejection::foreign(RejectionKind::Conflict, "already closed");
        for error in [
            BackendError::rejected(rejection, now()),
            BackendError::NotFound("there is no INC-9".into()),
            BackendError::NotAllowed("the token may only read".into()),
        ] {
            let details = Details::from(error.clone());
            let body = serde_json::to_vec(&details).unwrap();
            assert_eq!(interpret(details.status, &[], Some(&body)).error, error);
        }
    }

    #[rstest]
    #[case(400)]
    #[case(403)]
    #[case(404)]
    #[case(405)]
    #[case(409)]
    #[case(413)]
    #[case(500)]
    #[case(502)]
    fn answer_of_a_proxy_settles_no_command(#[case] status: u16) {
        for body in [None, Some(&b"{\"error\": \"no\"}"[..])] {
            let error = interpret(status, &[("content-type", "text/html")], body).error;
            assert!(error.is_temporary(), "{error}");
            assert!(error.to_string().contains("example.net"), "{error}");
        }
    }

    #[rstest]
    #[case("https://other.example/x?token=hunter2#hunter2", "to https://other.example/x (")]
    #[case("https://ines:hunter2@other.example/", "to https://other.example/ (")]
    #[case("/login", "to https://example.net/login (")]
    #[case("https://\u{7f}", "to nowhere (")]
    fn redirect_is_named_without_secrets(#[case] to: &str, #[case] says: &str) {
        let mut headers = HeaderMap::new();
        if let Ok(to) = to.parse() {
            headers.insert(LOCATION, to);
        }
        let address = "https://example.net".parse().unwrap();
        let message =
            redirect_error("example.net", &address, StatusCode::FOUND, &headers).to_string();
        let names_target =
            message.contains(says) || (to.contains('\u{7f}') && !message.contains('\u{7f}'));
        assert!(
            names_target && !message.contains("hunter2") && !message.contains("ines"),
            "{message}"
        );
    }
}
