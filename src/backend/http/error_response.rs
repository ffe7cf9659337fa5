//! What an answer means that is not what was asked for.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};

use super::Address;
use super::clock::ServerClock;
use crate::api::{Details, ErrorCode, path};
use crate::backend::BackendError;
use crate::model::text::{sanitize, truncate};

/// The longest that a server is left alone because it says so: a wrong figure in a proxy must not
/// silence it for days.
const MAX_BACKOFF: TimeDelta = TimeDelta::hours(1);
/// And where it does not say for how long.
const DEFAULT_BACKOFF: TimeDelta = TimeDelta::seconds(5);

/// Why there is no answer.
pub(super) struct RequestError {
    /// For whoever asked.
    pub(super) error: BackendError,
    /// Something in between gave up waiting for the server, and said so.
    pub(super) is_gateway_timeout: bool,
    /// The connection went away without an answer.
    pub(super) is_connection_lost: bool,
    /// It does not want to be asked that again before then.
    pub(super) backoff_until: Option<DateTime<Utc>>,
}

impl From<BackendError> for RequestError {
    fn from(error: BackendError) -> Self {
        Self { error, is_gateway_timeout: false, is_connection_lost: false, backoff_until: None }
    }
}

/// An answer with a status of 400 or more.
pub(super) struct ErrorResponse<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    /// Its JSON, where it has any.
    pub(super) body: Option<&'a [u8]>,
    /// The path of the API that was asked.
    pub(super) path: &'a str,
}

impl ErrorResponse<'_> {
    /// What it means. Only what the API itself says can end a command: anything in between that
    /// refuses may not refuse tomorrow.
    pub(super) fn interpret(
        &self,
        host: &str,
        address: &Address,
        clock: &ServerClock,
        now: DateTime<Utc>,
    ) -> RequestError {
        let details: Option<Details> = self.body.and_then(|json| serde_json::from_slice(json).ok());
        let status = self.status;
        let rest = retry_after(self.headers, clock, now);
        let gave_up = matches!(status.as_u16(), 408 | 502 | 504);
        let limited =
            |until: DateTime<Utc>| BackendError::Limited { until: clamp_backoff(until, now) };
        let wants = rest.filter(|_| status == StatusCode::SERVICE_UNAVAILABLE && details.is_some());
        let error = match (status, details, rest) {
            // What the API itself says is why it can't, which is more than that it wants rest.
            (StatusCode::TOO_MANY_REQUESTS, _, Some(until))
            | (StatusCode::SERVICE_UNAVAILABLE, None, Some(until)) => limited(until),
            (StatusCode::TOO_MANY_REQUESTS, details, None) => {
                let until = details.and_then(|details| details.until);
                limited(until.map_or(now + DEFAULT_BACKOFF, |until| clock.to_local_time(until)))
            }
            (StatusCode::UNAUTHORIZED, details, _) => {
                let said = details.map(|d| sanitize(&d.detail).into_owned());
                let said = said.unwrap_or_else(|| "it wants another one".into());
                BackendError::Unreachable(format!(
                    "{host} does not take the token ({said}): put a good one in its place, with \
                     `redphone login {address}` where it is in the keyring"
                ))
            }
            (StatusCode::NOT_FOUND, details, _)
                if details.is_none() || self.path == path::CAPABILITIES =>
            {
                BackendError::Unreachable(format!(
                    "there is no redphone API (v1) at {address}: correct the URL, or see what \
                     stands there"
                ))
            }
            (_, Some(details), _) => {
                // Its sentence is for people; where it is about the server, that is named.
                let about = |said: String| format!("{host} says: {}", sanitize(&said));
                match details.into_error(now) {
                    BackendError::Unreachable(said) => BackendError::Unreachable(about(said)),
                    BackendError::Broken(said) => BackendError::Broken(about(said)),
                    error => error,
                }
            }
            (status, None, _) => not_json_error(host, status, self.headers),
        };
        RequestError {
            error,
            is_gateway_timeout: gave_up,
            is_connection_lost: false,
            backoff_until: wants.map(|until| clamp_backoff(until, now)),
        }
    }
}

/// What one command of several was refused for.
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

/// It is no answer of the API: a page of a proxy, or of somebody else.
pub(super) fn not_json_error(host: &str, status: StatusCode, headers: &HeaderMap) -> BackendError {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("nothing");
    let kind = sanitize(kind.trim());
    let kind = truncate(&kind, 60);
    let status = status_text(status);
    BackendError::Unreachable(if status.starts_with("407") {
        format!(
            "the proxy on the way to {host} wants a name and a password ({status}): write them \
                 into HTTPS_PROXY"
        )
    } else if status.starts_with('2') {
        format!(
            "{host} answers with {kind} in place of JSON ({status}): that is no redphone API, \
                 it may be a sign-in page of something in between"
        )
    } else {
        format!(
            "{host} answers {status} with {kind}, which is nothing that the API says: it seems \
                 to come from a proxy in between"
        )
    })
}

/// It sends elsewhere. The token is not taken there: whoever can write an answer could ask for it.
pub(super) fn redirect_error(
    host: &str,
    address: &Address,
    status: StatusCode,
    headers: &HeaderMap,
) -> BackendError {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    let to = address.join("/", "").join(to).ok().map(|mut url| {
        // Neither a name nor a password, nor what may be a secret behind a question mark. Both
        // fail only for URLs without a host.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_query(None);
        url.set_fragment(None);
        url.to_string()
    });
    let to = to.map_or_else(|| "nowhere".into(), |to| truncate(&sanitize(&to), 200).into_owned());
    let status = status_text(status);
    BackendError::Unreachable(format!(
        "{host} sends elsewhere, to {to} ({status}), and the token does not go there: if that is \
         the API, name it as the backend"
    ))
}

/// A status with its words.
fn status_text(status: StatusCode) -> String {
    status
        .canonical_reason()
        .map_or_else(|| status.as_u16().to_string(), |words| format!("{} {words}", status.as_u16()))
}

/// Whether a body says that it is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// A date of HTTP (RFC 9110).
pub(super) fn parse_http_date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(value.to_str().ok()?).ok().map(DateTime::from)
}

/// When it may be asked again, by this machine's clock: a number of seconds, or a date.
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

/// Neither in the past nor far away.
fn clamp_backoff(until: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    until.clamp(now, now + MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::{Rejection, RejectionKind};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn told(status: u16, headers: &[(&'static str, &str)], body: Option<&[u8]>) -> RequestError {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = ErrorResponse { status, headers: &headers, body, path: path::INCIDENTS };
        let address = "https://example.net".parse().unwrap();
        refusal.interpret("example.net", &address, &ServerClock::new(), now())
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
    fn retry_after_is_honoured(#[case] status: u16, #[case] value: &str, #[case] seconds: i64) {
        let until = now() + TimeDelta::seconds(seconds);
        let error = told(status, &[("retry-after", value)], None).error;
        assert_eq!(error, BackendError::Limited { until });
    }

    #[test]
    fn what_the_api_says_of_itself_is_told_and_its_rest_is_kept() {
        let body = serde_json::to_vec(&Details::new(ErrorCode::Unreachable, "the disk is full"));
        let told = told(503, &[("retry-after", "30")], Some(&body.unwrap()));
        let says = BackendError::Unreachable("example.net says: the disk is full".into());
        assert_eq!((told.error, told.backoff_until), (says, Some(now() + TimeDelta::seconds(30))));
    }

    #[test]
    fn a_date_of_a_clock_that_is_wrong_is_corrected() {
        let clock = ServerClock::new();
        clock.observe("example.net", now() + TimeDelta::hours(2), now());
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Mon, 21 Sep 2026 16:14:20 GMT".parse().unwrap());
        let until = retry_after(&headers, &clock, now()).unwrap();
        assert_eq!((until - now()).num_seconds(), 59);
    }

    #[test]
    fn what_the_api_says_arrives_as_it_was_said() {
        let rejection = Rejection::new(RejectionKind::Conflict, "already closed");
        for error in [
            BackendError::Conflict(rejection),
            BackendError::NotFound("there is no INC-9".into()),
            BackendError::NotAllowed("the token may only read".into()),
        ] {
            let details = Details::from(error.clone());
            let body = serde_json::to_vec(&details).unwrap();
            assert_eq!(told(details.status, &[], Some(&body)).error, error);
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
    fn what_something_in_between_says_ends_no_command(#[case] status: u16) {
        for body in [None, Some(&b"{\"error\": \"no\"}"[..])] {
            let error = told(status, &[("content-type", "text/html")], body).error;
            assert!(error.is_temporary(), "{error}");
            assert!(error.to_string().contains("example.net"), "{error}");
        }
    }

    #[rstest]
    #[case("https://other.example/x?token=hunter2#hunter2", "to https://other.example/x (")]
    #[case("https://ines:hunter2@other.example/", "to https://other.example/ (")]
    #[case("/login", "to https://example.net/login (")]
    #[case("https://\u{7f}", "to nowhere (")]
    fn a_redirect_is_named_without_what_may_be_secret(#[case] to: &str, #[case] says: &str) {
        let mut headers = HeaderMap::new();
        if let Ok(to) = to.parse() {
            headers.insert(LOCATION, to);
        }
        let address = "https://example.net".parse().unwrap();
        let told = redirect_error("example.net", &address, StatusCode::FOUND, &headers).to_string();
        let there = told.contains(says) || (to.contains('\u{7f}') && !told.contains('\u{7f}'));
        assert!(there && !told.contains("hunter2") && !told.contains("ines"), "{told}");
    }
}
