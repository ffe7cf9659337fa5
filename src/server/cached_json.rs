//! JSON bodies that may be sent to many callers: tag and compressed form are computed only once.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::error::{ApiError, ApiResult};
use crate::api::ErrorCode;
use crate::backend::Detail;

/// Bodies shorter than this, in bytes, are not compressed.
const WORTH_COMPRESSING: usize = 1024;
/// Bodies longer than this, in bytes, are hashed and compressed on a blocking thread.
const OFFLOAD_ABOVE: usize = 128 * 1024;

/// A JSON body with its tag and its compressed form.
#[derive(Clone, Debug)]
pub(super) struct CachedJson {
    plain: Bytes,
    /// The number at the beginning of the tag: the sequence number of the last event of the
    /// incident in the body, or the revision of the record in it.
    seq: Option<u32>,
    // Thousands of requests may need these at the same time. One computes them, the others wait
    // without blocking their threads.
    tag: OnceCell<HeaderValue>,
    gzip: OnceCell<Bytes>,
}

/// A response with a JSON body; [`negotiate`] adapts it to the request.
#[derive(Clone, Debug)]
pub(super) struct JsonResponse(pub Arc<CachedJson>);

/// The responses that a request accepts.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepts {
    is_head: bool,
    gzip: bool,
    /// Whether the request only reads, so that the response may be cached and revalidated (RFC
    /// 9110, 13.1.2).
    is_read: bool,
    if_none_match: Vec<HeaderValue>,
}

impl CachedJson {
    /// Encodes a value as JSON.
    pub(super) fn encode(value: &impl Serialize) -> ApiResult<Arc<Self>> {
        let json = serde_json::to_vec(value).map_err(|error| {
            tracing::error!("an answer can't be written: {error}");
            ApiError::new(
                ErrorCode::Internal,
                "the answer can't be written: tell who runs the server",
            )
        })?;
        Ok(Arc::new(Self::from(Bytes::from(json))))
    }

    /// Encodes an incident as JSON. Its tag contains its position, so that a command can be sent
    /// for this state of the incident.
    pub(super) fn encode_incident(detail: &Detail) -> ApiResult<Arc<Self>> {
        Self::encode_revision(detail, detail.incident.summary.seq)
    }

    /// Encodes a record as JSON. Its tag contains its revision, so that a change can be sent for
    /// this state of the record.
    pub(super) fn encode_revision(value: &impl Serialize, revision: u32) -> ApiResult<Arc<Self>> {
        let mut json = Arc::unwrap_or_clone(Self::encode(value)?);
        json.seq = Some(revision);
        Ok(Arc::new(json))
    }

    async fn tag(&self) -> &HeaderValue {
        let make = async || self.compute_tag().await.unwrap_or(NO_TAG);
        self.tag.get_or_init(make).await
    }

    async fn compute_tag(&self) -> Option<HeaderValue> {
        let hash = self.compute(compute_hash).await?;
        let seq = self.seq.map(|seq| format!("{seq}-")).unwrap_or_default();
        HeaderValue::try_from(format!("W/\"{seq}{hash}\"")).ok()
    }

    /// Returns the compressed body; empty if it could not be computed.
    async fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(async || self.compute(compress).await.unwrap_or_default()).await
    }

    async fn compute<T: Send + 'static>(&self, from_plain: fn(&[u8]) -> T) -> Option<T> {
        if self.plain.len() <= OFFLOAD_ABOVE {
            return Some(from_plain(&self.plain));
        }
        let plain = self.plain.clone();
        tokio::task::spawn_blocking(move || from_plain(&plain)).await.ok()
    }
}

/// The tag of a body whose tag could not be computed. It differs from all computed tags.
const NO_TAG: HeaderValue = HeaderValue::from_static("W/\"0\"");

/// Computes the hash for the tag. The tag is weak, as the compressed form has other bytes.
fn compute_hash(plain: &[u8]) -> String {
    hex::encode(&Sha256::digest(plain)[..16])
}

/// Returns the position of the incident that the header `If-Match` names by its tag; `None` without
/// the header, and for `*`, which every incident matches.
///
/// The tags are weak, and such a tag matches nothing by RFC 9110, 13.1.1. Here only the position in
/// it is used.
///
/// # Errors
/// There are several tags, or it is not the tag of an incident.
pub(super) fn expected_seq(headers: &HeaderMap) -> ApiResult<Option<u32>> {
    tagged_number(headers).map_err(|_| {
        ApiError::rejected(
            "If-Match is not the tag of one incident: send the ETag of GET /v1/incidents/{id}, or \
             `expected_seq` in the command",
        )
    })
}

/// Returns the revision of a record that the header `If-Match` names by its tag; `None` without the
/// header, and for `*`.
///
/// # Errors
/// There are several tags, or it is not the tag of such a record.
pub(super) fn expected_revision(headers: &HeaderMap) -> ApiResult<Option<u32>> {
    tagged_number(headers).map_err(|_| {
        ApiError::rejected(
            "If-Match is not the tag of one record: send the ETag of its path, or `revision` in the \
             query",
        )
    })
}

/// The error for a header `If-Match` that holds something else than one tag with a number.
struct NotOneTag;

/// Returns the number that the tag in the header `If-Match` begins with; `None` without the header, and
/// for `*`.
fn tagged_number(headers: &HeaderMap) -> Result<Option<u32>, NotOneTag> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let tag = value.to_str().unwrap_or_default().trim();
    if tag == "*" && values.next().is_none() {
        return Ok(None);
    }
    let opaque = tag.trim_start_matches("W/").strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    // A tag has no quotes within (RFC 9110, 8.8.3): these are several.
    let opaque = opaque.filter(|opaque| !opaque.contains('"'));
    let number = opaque.and_then(|opaque| opaque.split_once('-')?.0.parse().ok());
    match (number, values.next()) {
        (Some(number), None) => Ok(Some(number)),
        _ => Err(NotOneTag),
    }
}

fn compress(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    // Writing to memory can't fail.
    encoder.write_all(plain).and_then(|()| encoder.finish()).map(Bytes::from).unwrap_or_default()
}

impl From<Bytes> for CachedJson {
    fn from(plain: Bytes) -> Self {
        Self { plain, seq: None, tag: OnceCell::new(), gzip: OnceCell::new() }
    }
}

impl IntoResponse for JsonResponse {
    fn into_response(self) -> Response {
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Accepts {
    /// Reads method and headers of a request.
    pub(super) fn from_headers(method: &Method, headers: &HeaderMap) -> Self {
        let if_none_match = headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        let is_head = method == Method::HEAD;
        Self {
            is_head,
            gzip: accepts_gzip(headers),
            is_read: is_head || method == Method::GET,
            if_none_match,
        }
    }

    fn matches_tag(&self, tag: &HeaderValue) -> bool {
        let Ok(tag) = tag.to_str() else { return false };
        let opaque_part = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mut lists = self.if_none_match.iter().filter_map(|value| value.to_str().ok());
        lists.any(|list| {
            list.trim() == "*" || list.split(',').any(|item| opaque_part(item) == opaque_part(tag))
        })
    }
}

/// Returns whether the request accepts gzip (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut is_wildcard_accepted = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
            let weight = weight.trim().trim_start_matches("q=");
            let is_accepted = weight.is_empty() || weight.parse::<f32>().is_ok_and(|q| q > 0.0);
            match coding.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => return is_accepted,
                "*" => is_wildcard_accepted = is_accepted,
                _ => {}
            }
        }
    }
    is_wildcard_accepted
}

/// Completes a JSON response: adds tag and caching headers, compresses the body, or answers 304, as
/// the request requires.
pub(super) async fn negotiate(mut response: Response, accepts: &Accepts) -> Response {
    let Some(JsonResponse(json)) = response.extensions_mut().remove::<JsonResponse>() else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
    if accepts.is_read {
        let tag = json.tag().await;
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if accepts.matches_tag(tag) {
            headers.remove(header::CONTENT_LENGTH);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            return response;
        }
    } else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if accepts.gzip && json.plain.len() >= WORTH_COMPRESSING {
        let compressed = json.gzip().await.clone();
        if compressed.is_empty() {
            json.plain.clone()
        } else {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            compressed
        }
    } else {
        json.plain.clone()
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = if accepts.is_head { Body::empty() } else { Body::from(body) };
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts_with(name: header::HeaderName, value: &'static str) -> Accepts {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        Accepts::from_headers(&Method::GET, &headers)
    }

    #[test]
    fn gzip_is_used_if_the_request_accepts_it() {
        for (value, is_accepted) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("*", true),
            ("*;q=0", false),
            ("identity", false),
            ("*, gzip;q=0", false),
            ("", false),
        ] {
            assert_eq!(accepts_with(header::ACCEPT_ENCODING, value).gzip, is_accepted, "{value}");
        }
    }

    #[tokio::test]
    async fn position_is_read_from_the_tag_of_an_incident_alone() {
        let mut json = CachedJson::from(Bytes::from_static(b"{}"));
        json.seq = Some(17);
        let tag = json.tag().await.clone();
        let expected = |values: &[HeaderValue]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, value.clone());
            }
            expected_seq(&headers).ok()
        };
        let strong = tag.to_str().unwrap().trim_start_matches("W/").parse().unwrap();
        assert_eq!(expected(&[]), Some(None));
        assert_eq!(expected(std::slice::from_ref(&tag)), Some(Some(17)));
        assert_eq!(expected(&[strong]), Some(Some(17)));
        assert_eq!(expected(&[HeaderValue::from_static("*")]), Some(None));
        assert_eq!(expected(&[tag.clone(), tag.clone()]), None);
        let several = HeaderValue::from_static("\"17-a\", \"18-b\"");
        assert_eq!(expected(&[several]), None);
        let other = CachedJson::from(Bytes::from_static(b"{}")).tag().await.clone();
        for wrong in [other, HeaderValue::from_static("17"), HeaderValue::from_static("")] {
            assert_eq!(expected(&[wrong]), None);
        }
    }

    #[tokio::test]
    async fn revision_is_read_from_the_tag_of_a_record() {
        let json = CachedJson::encode_revision(&"a window", 4).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, json.tag().await.clone());
        assert_eq!(expected_revision(&headers).ok(), Some(Some(4)));
        headers.insert(header::IF_MATCH, HeaderValue::from_static("\"4\""));
        assert!(expected_revision(&headers).is_err());
    }

    #[tokio::test]
    async fn tag_matches_in_all_notations() {
        let json = CachedJson::from(Bytes::from_static(b"{}"));
        let tag = json.tag().await;
        let text = tag.to_str().unwrap().to_owned();
        let matches = |value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.try_into().unwrap());
            Accepts::from_headers(&Method::GET, &headers).matches_tag(tag)
        };
        assert!(matches(text.clone()));
        assert!(matches(text.trim_start_matches("W/").to_owned()));
        assert!(matches(format!("\"other\", {text}")));
        assert!(matches("*".into()));
        assert!(!matches("\"other\"".into()) && !matches(String::new()));
    }
}
