//! A body of JSON that may go to many: its tag and its compressed form are made once.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::{Answer, Refusal};
use crate::api::Code;

/// Shorter ones are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;
/// Longer ones are compressed where nobody waits for the thread.
const LONG: usize = 128 * 1024;

/// A body of JSON.
#[derive(Debug)]
pub(super) struct Document {
    plain: Bytes,
    tag: OnceLock<HeaderValue>,
    gzip: OnceLock<Bytes>,
}

/// An answer with a document; [`finish`] fits it to who asked.
#[derive(Clone, Debug)]
pub(super) struct Whole(pub Arc<Document>);

/// What a request says of the answers it takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Takes {
    head: bool,
    gzip: bool,
    known: Vec<HeaderValue>,
}

impl Document {
    /// The JSON of a value.
    pub(super) fn of(value: &impl Serialize) -> Answer<Arc<Self>> {
        let json = serde_json::to_vec(value).map_err(|error| {
            tracing::error!("an answer can't be written: {error}");
            Refusal::new(Code::Internal, "the answer can't be written: tell who runs the server")
        })?;
        Ok(Arc::new(Self::from(Bytes::from(json))))
    }

    /// Weak, as the compressed form is another row of bytes.
    fn tag(&self) -> &HeaderValue {
        self.tag.get_or_init(|| {
            let hash = Sha256::digest(&self.plain);
            let text = hash[..16].iter().fold("W/\"".to_owned(), |mut text, byte| {
                use std::fmt::Write as _;
                // Writing to a String can't fail.
                let _ = write!(text, "{byte:02x}");
                text
            });
            HeaderValue::try_from(text + "\"").unwrap_or(HeaderValue::from_static("W/\"0\""))
        })
    }

    fn gzip(&self) -> Bytes {
        let compress = || {
            let mut to =
                GzEncoder::new(Vec::with_capacity(self.plain.len() / 4), Compression::fast());
            // Writing to memory can't fail.
            to.write_all(&self.plain).and_then(|()| to.finish()).map(Bytes::from)
        };
        self.gzip.get_or_init(|| compress().unwrap_or_default()).clone()
    }
}

impl From<Bytes> for Document {
    fn from(plain: Bytes) -> Self {
        Self { plain, tag: OnceLock::new(), gzip: OnceLock::new() }
    }
}

impl IntoResponse for Whole {
    fn into_response(self) -> Response {
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Takes {
    /// As the headers of a request say.
    pub(super) fn of(head: bool, headers: &HeaderMap) -> Self {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        Self { head, gzip: takes_gzip(headers), known }
    }

    fn knows(&self, tag: &HeaderValue) -> bool {
        let Ok(tag) = tag.to_str() else { return false };
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mut known = self.known.iter().filter_map(|value| value.to_str().ok());
        known
            .any(|list| list.trim() == "*" || list.split(',').any(|one| opaque(one) == opaque(tag)))
    }
}

/// Whether gzip is among the encodings that are taken (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
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
pub(super) async fn finish(mut response: Response, takes: &Takes) -> Response {
    let Some(Whole(document)) = response.extensions_mut().remove::<Whole>() else {
        return response;
    };
    let tag = document.tag();
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
    if takes.knows(tag) {
        headers.remove(header::CONTENT_LENGTH);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if takes.gzip && document.plain.len() >= WORTH_COMPRESSING {
        let zipped = if document.plain.len() > LONG && document.gzip.get().is_none() {
            let document = Arc::clone(&document);
            tokio::task::spawn_blocking(move || document.gzip()).await.unwrap_or_default()
        } else {
            document.gzip()
        };
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
    *response.body_mut() = if takes.head { Body::empty() } else { Body::from(body) };
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(name: header::HeaderName, value: &'static str) -> Takes {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        Takes::of(false, &headers)
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

    #[test]
    fn a_tag_is_known_in_each_way_to_write_it() {
        let document = Document::from(Bytes::from_static(b"{}"));
        let tag = document.tag().to_str().unwrap().to_owned();
        let is_known = |value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.try_into().unwrap());
            Takes::of(false, &headers).knows(document.tag())
        };
        assert!(is_known(tag.clone()));
        assert!(is_known(tag.trim_start_matches("W/").to_owned()));
        assert!(is_known(format!("\"other\", {tag}")));
        assert!(is_known("*".into()));
        assert!(!is_known("\"other\"".into()) && !is_known(String::new()));
    }
}
