//! A body of JSON that may go to many: its tag and its compressed form are made once.

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

/// Shorter ones are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;
/// Longer ones are hashed and compressed where nobody waits for the thread.
const OFFLOAD_ABOVE: usize = 128 * 1024;

/// A body of JSON.
#[derive(Debug)]
pub(super) struct CachedJson {
    plain: Bytes,
    // Thousands may want them at once: one makes them, and the others leave their threads meanwhile.
    tag: OnceCell<HeaderValue>,
    gzip: OnceCell<Bytes>,
}

/// An answer with a document; [`finish`] fits it to who asked.
#[derive(Clone, Debug)]
pub(super) struct JsonResponse(pub Arc<CachedJson>);

/// What a request says of the answers it takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepts {
    is_head: bool,
    gzip: bool,
    /// It only reads: the answer can be kept, and may be known (RFC 9110, 13.1.2).
    is_read: bool,
    if_none_match: Vec<HeaderValue>,
}

impl CachedJson {
    /// The JSON of a value.
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

    async fn tag(&self) -> &HeaderValue {
        let make = async || self.compute(compute_tag).await.unwrap_or(NO_TAG);
        self.tag.get_or_init(make).await
    }

    /// Empty where it could not be made.
    async fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(async || self.compute(compress).await.unwrap_or_default()).await
    }

    async fn compute<T: Send + 'static>(&self, make: fn(&[u8]) -> T) -> Option<T> {
        if self.plain.len() <= OFFLOAD_ABOVE {
            return Some(make(&self.plain));
        }
        let plain = self.plain.clone();
        tokio::task::spawn_blocking(move || make(&plain)).await.ok()
    }
}

/// The tag of what has none: it is never the same.
const NO_TAG: HeaderValue = HeaderValue::from_static("W/\"0\"");

/// Weak, as the compressed form is another row of bytes.
fn compute_tag(plain: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(plain);
    let text = hash[..16].iter().fold("W/\"".to_owned(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    HeaderValue::try_from(text + "\"").unwrap_or(NO_TAG)
}

fn compress(plain: &[u8]) -> Bytes {
    let mut to = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    // Writing to memory can't fail.
    to.write_all(plain).and_then(|()| to.finish()).map(Bytes::from).unwrap_or_default()
}

impl From<Bytes> for CachedJson {
    fn from(plain: Bytes) -> Self {
        Self { plain, tag: OnceCell::new(), gzip: OnceCell::new() }
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
    /// As the headers of a request say.
    pub(super) fn from_headers(method: &Method, headers: &HeaderMap) -> Self {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        let head = method == Method::HEAD;
        Self {
            is_head: head,
            gzip: accepts_gzip(headers),
            is_read: head || method == Method::GET,
            if_none_match: known,
        }
    }

    fn matches_tag(&self, tag: &HeaderValue) -> bool {
        let Ok(tag) = tag.to_str() else { return false };
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mut known = self.if_none_match.iter().filter_map(|value| value.to_str().ok());
        known
            .any(|list| list.trim() == "*" || list.split(',').any(|one| opaque(one) == opaque(tag)))
    }
}

/// Whether gzip is among the encodings that are taken (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for one in value.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
            let weight = weight.trim().trim_start_matches("q=");
            let wanted = weight.is_empty() || weight.parse::<f32>().is_ok_and(|q| q > 0.0);
            match coding.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => return wanted,
                "*" => any = wanted,
                _ => {}
            }
        }
    }
    any
}

/// Gives an answer the form that whoever asked takes it in.
pub(super) async fn negotiate(mut response: Response, takes: &Accepts) -> Response {
    let Some(JsonResponse(document)) = response.extensions_mut().remove::<JsonResponse>() else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
    if takes.is_read {
        let tag = document.tag().await;
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if takes.matches_tag(tag) {
            headers.remove(header::CONTENT_LENGTH);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            return response;
        }
    } else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if takes.gzip && document.plain.len() >= WORTH_COMPRESSING {
        let zipped = document.gzip().await.clone();
        if zipped.is_empty() {
            document.plain.clone()
        } else {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            zipped
        }
    } else {
        document.plain.clone()
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = if takes.is_head { Body::empty() } else { Body::from(body) };
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(name: header::HeaderName, value: &'static str) -> Accepts {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        Accepts::from_headers(&Method::GET, &headers)
    }

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        for (value, taken) in [
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
            assert_eq!(takes(header::ACCEPT_ENCODING, value).gzip, taken, "{value}");
        }
    }

    #[tokio::test]
    async fn a_tag_is_known_in_each_way_to_write_it() {
        let document = CachedJson::from(Bytes::from_static(b"{}"));
        let tag = document.tag().await;
        let text = tag.to_str().unwrap().to_owned();
        let is_known = |value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.try_into().unwrap());
            Accepts::from_headers(&Method::GET, &headers).matches_tag(tag)
        };
        assert!(is_known(text.clone()));
        assert!(is_known(text.trim_start_matches("W/").to_owned()));
        assert!(is_known(format!("\"other\", {text}")));
        assert!(is_known("*".into()));
        assert!(!is_known("\"other\"".into()) && !is_known(String::new()));
    }
}
