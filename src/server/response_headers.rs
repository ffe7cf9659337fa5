//! Headers of every response: the id of the request, the time of the server, the mark of its store,
//! and the rate limit of the caller.

use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{SecondsFormat, Utc};

use super::tokens::RateState;
use crate::api::{SERVER_TIME, header as header_names};
use crate::backend::StoreMark;

/// The header that identifies a request, for the caller and for the log.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header with the time of the server.
const TIME: HeaderName = HeaderName::from_static(SERVER_TIME);

/// The header with the mark of the store.
const STORE: HeaderName = HeaderName::from_static(header_names::STORE);

/// The headers about the rate limit of a token (draft-ietf-httpapi-ratelimit-headers).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const RATE_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The maximum number of headers that [`set`] adds.
const MAX_COUNT: usize = 7;

/// The last mark of the store as a header. Many responses in a row contain the same one.
#[derive(Debug, Default)]
pub(super) struct MarkHeader(Mutex<Option<(StoreMark, HeaderValue)>>);

impl MarkHeader {
    /// Returns a mark as the value of a header.
    pub(super) fn encode(&self, mark: StoreMark) -> Option<HeaderValue> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, value)) = &*last
            && *of == mark
        {
            return Some(value.clone());
        }
        let value = HeaderValue::try_from(mark.to_string()).ok()?;
        *last = Some((mark, value.clone()));
        Some(value)
    }
}

/// Sets the headers that every response has, and those for a caller that is known: the mark of the
/// store, and the rate limit.
pub(super) fn set(
    headers: &mut HeaderMap,
    id: HeaderValue,
    mark: Option<HeaderValue>,
    rate: Option<RateState>,
) {
    headers.reserve(MAX_COUNT);
    headers.insert(REQUEST_ID, id);
    let answered_at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(time) = HeaderValue::try_from(answered_at) {
        headers.insert(TIME, time);
    }
    if let Some(mark) = mark {
        headers.insert(STORE, mark);
    }
    if let Some(rate) = rate {
        set_rate(headers, rate);
    }
}

/// Sets the headers of the rate limit, like `Retry-After` when it is exceeded: the limit, the
/// remaining requests, and after how many seconds all of them are available again.
fn set_rate(headers: &mut HeaderMap, rate: RateState) {
    let RateState { limit, remaining } = rate;
    headers.insert(RATE_LIMIT, HeaderValue::from(limit));
    headers.insert(RATE_REMAINING, HeaderValue::from(remaining));
    headers.insert(RATE_RESET, HeaderValue::from(rate.reset_s()));
    if let Ok(policy) = HeaderValue::try_from(format!("{limit};w=60")) {
        headers.insert(RATE_POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_that_of_the_given_mark() {
        let header = MarkHeader::default();
        let marks = [(1, 1), (1, 1), (2, 1), (2, 2), (1, 1)]
            .map(|(log, number)| StoreMark::sign(b"key", "00ff", "0a", log, number));
        for mark in marks {
            let expected = mark.to_string();
            assert_eq!(header.encode(mark).unwrap(), expected.as_str());
        }
    }
}
