//! Calendars that other programs read by an address, without a token of the API.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::api::ErrorCode;
use crate::model::calendar::subscription;
use crate::model::notification::LinkToken;
use crate::server::error::{ApiError, ApiResult};
use crate::server::state::Shared;

/// The ending of the path.
const ENDING: &str = ".ics";
/// The form of times in headers (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// Returns the path of the calendar with a token.
pub(in crate::server) fn path_of(token: &LinkToken) -> String {
    format!("/calendar/{}{ENDING}", token.expose())
}

/// Returns the calendar that the last part of a path leads to.
pub(in crate::server) async fn show(
    shared: &Shared,
    name: &str,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> ApiResult<Response> {
    let not_found = || ApiError::new(ErrorCode::NotFound, "there is no such calendar");
    let token = name.strip_suffix(ENDING).unwrap_or(name);
    let token: LinkToken = token.parse().map_err(|_| not_found())?;
    let directory = shared.directory().await?;
    let digest = hex::encode(token.digest().as_bytes());
    let link = directory.calendar_link(&digest).cloned().ok_or_else(not_found)?;
    let id = link.id;
    let text = tokio::task::spawn_blocking(move || subscription(&directory, &link, now)).await;
    let text =
        text.map_err(|_| ApiError::new(ErrorCode::Internal, "the calendar can't be made"))?;
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..16]));
    let since = shared.calendars.since(id, &tag, now);
    let is_fresh = is_fresh(headers, &tag, since);
    let mut response = Response::new(if is_fresh { Body::empty() } else { Body::from(text) });
    if is_fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    for (name, value) in [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::ETAG, tag),
        (header::LAST_MODIFIED, since.format(HTTP_DATE).to_string()),
        // The address is a secret: no shared cache may store its content.
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_DISPOSITION, "inline; filename=\"on-call.ics\"".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Returns whether the client has the current calendar. A tag takes precedence over a time.
fn is_fresh(headers: &HeaderMap, tag: &str, since: DateTime<Utc>) -> bool {
    let text = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    if headers.contains_key(header::IF_NONE_MATCH) {
        return text(header::IF_NONE_MATCH)
            .flat_map(|list| list.split(','))
            .any(|one| ["*", tag].contains(&one.trim().trim_start_matches("W/")));
    }
    text(header::IF_MODIFIED_SINCE).next().is_some_and(|text| {
        let at = chrono::NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE);
        at.is_ok_and(|at| at.and_utc() >= since)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_counts_before_a_time() {
        let since: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let fresh = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            is_fresh(&headers, "\"a\"", since)
        };
        assert!(!fresh(&[]));
        assert!(fresh(&[("if-none-match", "\"b\", W/\"a\"")]));
        assert!(fresh(&[("if-modified-since", "Mon, 02 Mar 2026 09:00:00 GMT")]));
        assert!(!fresh(&[("if-modified-since", "Mon, 02 Mar 2026 08:59:59 GMT")]));
        let both =
            [("if-none-match", "\"b\""), ("if-modified-since", "Mon, 02 Mar 2026 09:00:00 GMT")];
        assert!(!fresh(&both));
    }
}
