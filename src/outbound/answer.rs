//! Answers of providers, and the meaning of their statuses for the message.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::delivery::{Receipt, SendError};
use crate::model::text::{sanitize, truncate};

/// The most of an answer that is stored, in bytes.
pub const MAX_EXCERPT_BYTES: usize = 1024;
/// The longest wait that a provider can request.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
/// The widest excerpt of an answer within a sentence.
const MAX_QUOTED_WIDTH: usize = 200;

/// The answer of a provider, without the secrets of the request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The host that answered.
    pub host: String,
    /// The status of the answer.
    pub status: StatusCode,
    /// The wait that the provider requests.
    pub retry_after: Option<Duration>,
    /// Where a redirect leads: its host alone.
    pub redirect_host: Option<String>,
    /// The beginning of the body.
    pub body: String,
}

impl Answer {
    /// Returns the body as JSON; `Null` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Returns the receipt for a message that the provider has accepted.
    #[must_use]
    pub fn receipt(&self, provider_id: Option<String>) -> Receipt {
        let code = self.status.as_u16();
        let body = excerpt(&self.body);
        let answer = if body.is_empty() { code.to_string() } else { format!("{code} {body}") };
        let provider_id = provider_id.map(|id| excerpt(&id)).filter(|id| !id.is_empty());
        Receipt { provider_id, answer: excerpt(&answer) }
    }

    /// Returns the answer if its status means that the message was accepted.
    ///
    /// # Errors
    /// The error of another status.
    pub fn accepted(self) -> Result<Self, SendError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refusal(None)) }
    }

    /// Returns the error of an unsuccessful status. `problem` is the provider's message, if it was
    /// found in the answer.
    #[must_use]
    pub fn refusal(&self, problem: Option<&str>) -> SendError {
        let (host, status) = (&self.host, self.status);
        let says = problem.map_or_else(|| excerpt(&self.body), excerpt);
        let says = truncate(says.as_str(), MAX_QUOTED_WIDTH);
        let says = if says.is_empty() { String::new() } else { format!(": {says}") };
        match status {
            StatusCode::TOO_MANY_REQUESTS => SendError::Temporary {
                reason: format!("{host} accepts no more messages for now (429){says}"),
                retry_after: self.retry_after,
            },
            // The gateway has forwarded the request, and does not know its result.
            StatusCode::GATEWAY_TIMEOUT => {
                SendError::uncertain(format!("{host} answers {status}: it may have arrived"))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => self.temporary(&says),
            _ if status.is_server_error() => self.temporary(&says),
            _ if status.is_redirection() => {
                let to = self.redirect_host.as_deref().unwrap_or("another address");
                SendError::permanent(format!(
                    "{host} answers with a redirect ({}) to {}, which is not followed: write the \
                     address that is meant into the settings",
                    status.as_u16(),
                    sanitize(to)
                ))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SendError::permanent(format!(
                "{host} does not allow it ({status}): check the secret of the channel{says}"
            )),
            _ => SendError::permanent(format!("{host} refuses the message ({status}){says}")),
        }
    }

    fn temporary(&self, says: &str) -> SendError {
        SendError::Temporary {
            reason: format!("{} fails for now ({}){says}", self.host, self.status),
            retry_after: self.retry_after,
        }
    }
}

/// Returns the wait in the header `Retry-After`: seconds, or a time by the provider's own clock.
///
/// Without one, the end of a limit counts that is used up: `X-RateLimit-Remaining: 0` with the Unix time
/// `X-RateLimit-Reset`, as GitHub and Plane send it.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let Some(header) = headers.get(RETRY_AFTER) else { return limit_reset(headers) };
    let text = header.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return wait_seconds(seconds);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let wait = until.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default();
    Some(wait.min(MAX_RETRY_AFTER))
}

/// Returns how long a limit that is used up lasts.
fn limit_reset(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    if number("x-ratelimit-remaining")? > 0.0 {
        return None;
    }
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let now = now.unwrap_or_else(SystemTime::now).duration_since(SystemTime::UNIX_EPOCH).ok()?;
    wait_seconds((number("x-ratelimit-reset")? - now.as_secs_f64()).max(0.0))
}

/// Returns a wait in seconds, at most a day; `None` for an invalid number.
pub(super) fn wait_seconds(seconds: f64) -> Option<Duration> {
    let is_wait = seconds.is_finite() && seconds >= 0.0;
    is_wait.then(|| Duration::from_secs_f64(seconds.min(MAX_RETRY_AFTER.as_secs_f64())))
}

/// Returns the host of the address that a redirect leads to. The rest may hold a secret.
pub(super) fn redirect_host(headers: &HeaderMap, from: &reqwest::Url) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    Some(from.join(location).ok()?.host_str()?.to_owned())
}

/// Returns the beginning of a text, on one line and at most [`MAX_EXCERPT_BYTES`] long.
pub(super) fn excerpt(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe = sanitize(joined.as_str()).into_string();
    if safe.len() > MAX_EXCERPT_BYTES {
        let mut end = MAX_EXCERPT_BYTES - '…'.len_utf8();
        while !safe.is_char_boundary(end) {
            end -= 1;
        }
        safe.truncate(end);
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(status: u16) -> Answer {
        Answer {
            host: "ntfy.example".into(),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: Some(Duration::from_secs(7)),
            redirect_host: Some("other.example".into()),
            body: "no\n\u{1b}[31m".into(),
        }
    }

    #[rstest]
    #[case(200, "ok")]
    #[case(204, "ok")]
    #[case(301, "permanent")]
    #[case(304, "permanent")]
    #[case(400, "permanent")]
    #[case(401, "permanent")]
    #[case(404, "permanent")]
    #[case(408, "temporary")]
    #[case(413, "permanent")]
    #[case(425, "temporary")]
    #[case(429, "temporary")]
    #[case(500, "temporary")]
    #[case(503, "temporary")]
    #[case(504, "uncertain")]
    fn status_decides_whether_another_attempt_makes_sense(
        #[case] status: u16,
        #[case] outcome: &str,
    ) {
        let found = match answer(status).accepted() {
            Ok(_) => "ok",
            Err(SendError::Temporary { retry_after, .. }) => {
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
                "temporary"
            }
            Err(SendError::Permanent { .. }) => "permanent",
            Err(SendError::Uncertain { .. }) => "uncertain",
        };
        assert_eq!(found, outcome);
    }

    #[rstest]
    #[case("7", Some(7.0))]
    #[case("0.5", Some(0.5))]
    #[case("1e12", Some(86400.0))]
    #[case("-1", None)]
    #[case("NaN", None)]
    #[case("soon", None)]
    #[case("Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0))]
    #[case("Sun, 06 Nov 1994 08:49:27 GMT", Some(0.0))]
    fn wait_is_read_as_seconds_or_as_a_time(#[case] text: &str, #[case] seconds: Option<f64>) {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers).map(|wait| wait.as_secs_f64()), seconds);
    }

    #[rstest]
    #[case("0", "784111787", Some(10.0))]
    #[case("0", "784111000", Some(0.0))]
    #[case("3", "784111787", None)]
    #[case("0", "soon", None)]
    fn limit_that_is_used_up_asks_for_a_wait(
        #[case] remaining: &str,
        #[case] reset: &str,
        #[case] seconds: Option<f64>,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
        headers.insert("x-ratelimit-reset", reset.parse().unwrap());
        assert_eq!(retry_after(&headers).map(|wait| wait.as_secs_f64()), seconds);
    }

    #[test]
    fn answers_are_one_harmless_line_within_their_limit() {
        let receipt = answer(200).receipt(None);
        assert!(!receipt.answer.contains(['\u{1b}', '\n']), "{}", receipt.answer);
        let long = Answer { body: "é".repeat(5000), ..answer(200) }.receipt(Some("x\ny".into()));
        assert!(long.answer.len() <= MAX_EXCERPT_BYTES && long.answer.ends_with('…'));
        assert_eq!(long.provider_id.as_deref(), Some("x y"));
    }
}
