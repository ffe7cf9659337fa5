//! Request bodies, read strictly: JSON, or the fields of a form.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{ApiError, ApiResult};
use super::limits::BodyPermit;
use super::state::Shared;
use super::strict::{Body, RequestSchemas};
use crate::api::ErrorCode;
use crate::model::text::truncate;
use crate::model::unknown::strictly;

/// A JSON body and its reserved memory.
#[derive(Debug)]
pub(super) struct Json<T>(pub T, pub BodyPermit);

impl<T: DeserializeOwned + ToSchema> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        if media_type(request.headers())? != MediaType::Json {
            return Err(refuse_media_type(
                "the body is not JSON by its type: send `Content-Type: application/json`",
            ));
        }
        let schemas = request.extensions().get::<RequestSchemas>().copied();
        let (body, permit) = read_body(request, shared).await?;
        if body.is_empty() {
            return Err(ApiError::bad_request("there is no body: send JSON"));
        }
        let text = utf8(&body)?;
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

/// The bytes of a body and their reserved memory, whatever its declared type.
#[derive(Debug)]
pub(super) struct RawBody(pub Bytes, pub BodyPermit);

impl FromRequest<Arc<Shared>> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        refuse_encoding(request.headers())?;
        let (body, permit) = read_body(request, shared).await?;
        Ok(Self(body, permit))
    }
}

/// The bytes of a message of alerts, and their reserved memory. It may be compressed with gzip or deflate,
/// and is what it is without that. One that says how long it is may be longer than other bodies, as a sender has all
/// alerts of a storm in one message, and gives it up if it is refused.
#[derive(Debug)]
pub(super) struct UnpackedBody(pub Bytes, pub BodyPermit);

impl FromRequest<Arc<Shared>> for UnpackedBody {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        let encodings = request.headers().get_all(header::CONTENT_ENCODING).iter();
        let encodings: Vec<&str> =
            encodings.map(|value| value.to_str().unwrap_or_default().trim()).collect();
        let packing = match encodings[..] {
            [one] => Packing::from_name(one),
            _ => None,
        };
        let Some(packing) = packing else {
            refuse_encoding(request.headers())?;
            let most = shared.limits.max_message_bytes();
            let (body, permit) = read_body_within(request, shared, most).await?;
            return Ok(Self(body, permit));
        };
        // The decompressed body may have the maximum size, whatever its own size is.
        request.headers_mut().remove(header::CONTENT_LENGTH);
        let (body, permit) = read_body(request, shared).await?;
        let most = shared.limits.max_body_bytes;
        let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let unpacked = packing.unpack(&body, bound).map_err(|error| {
            let name = packing.name();
            ApiError::bad_request(format!("the body is not {name}, as its header says: {error}"))
        })?;
        if unpacked.len() > most {
            let message = format!("the body is longer than {most} bytes: send less");
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        Ok(Self(unpacked.into(), permit))
    }
}

/// How a message is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Packing {
    Gzip,
    Deflate,
}

impl Packing {
    /// Returns what a `Content-Encoding` names; `None` if it is none of them.
    fn from_name(name: &str) -> Option<Self> {
        let is_one_of = |names: [&str; 2]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
        if is_one_of(["gzip", "x-gzip"]) {
            return Some(Self::Gzip);
        }
        name.eq_ignore_ascii_case("deflate").then_some(Self::Deflate)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Returns what is compressed, at most `bound` bytes of it.
    fn unpack(self, body: &[u8], bound: u64) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        match self {
            // Some compress in several parts.
            Self::Gzip => MultiGzDecoder::new(body).take(bound).read_to_end(&mut unpacked)?,
            // Some send it without the frame of zlib that it must have.
            Self::Deflate if !has_zlib_frame(body) => {
                DeflateDecoder::new(body).take(bound).read_to_end(&mut unpacked)?
            }
            Self::Deflate => ZlibDecoder::new(body).take(bound).read_to_end(&mut unpacked)?,
        };
        Ok(unpacked)
    }
}

/// Returns whether a body begins as one in the format of zlib (RFC 1950).
fn has_zlib_frame(body: &[u8]) -> bool {
    let [method, flags, ..] = body else { return false };
    method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0
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
    read_body_within(request, shared, shared.limits.max_body_bytes).await
}

/// Reads a body as [`read_body`] does, of at most `most` bytes if it has a `Content-Length`.
async fn read_body_within(
    request: Request,
    shared: &Shared,
    most: usize,
) -> ApiResult<(Bytes, BodyPermit)> {
    let limits = &shared.limits;
    let too_large = |most: usize| {
        ApiError::new(
            ErrorCode::TooLarge,
            format!("the body is longer than {most} bytes: send less"),
        )
    };
    let content_length = request.headers().get(header::CONTENT_LENGTH);
    let content_length =
        content_length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A body without an announced length may have the maximum size.
    let most = if content_length.is_some() { most } else { limits.max_body_bytes };
    let bytes = content_length.map_or(most, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if bytes > most {
        return Err(too_large(most));
    }
    let permits = u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
    let permit = Arc::clone(&shared.body_permits).acquire_many_owned(permits);
    let Ok(Ok(permit)) = tokio::time::timeout(limits.body_timeout, permit).await else {
        let message = "the server has more to read than it has room for: send it again in a second";
        return Err(ApiError::new(ErrorCode::Unreachable, message));
    };
    let body = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(limits.body_timeout, body).await {
        Ok(Ok(body)) => Ok((body.to_bytes(), permit)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(most)),
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

fn utf8(body: &[u8]) -> ApiResult<&str> {
    std::str::from_utf8(body).map_err(|error| {
        ApiError::bad_request(format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))
    })
}

/// The fields of a body and its reserved memory. An empty body has none.
#[derive(Debug)]
pub(super) struct Fields {
    pub content: Content,
    pub permit: BodyPermit,
    schemas: Option<RequestSchemas>,
}

/// How the fields of a body were sent.
#[derive(Debug)]
pub(super) enum Content {
    /// As a JSON object.
    Json(Map<String, Value>),
    /// As names and texts of a form (`application/x-www-form-urlencoded`), in order.
    Form(Vec<(String, String)>),
}

impl FromRequest<Arc<Shared>> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> ApiResult<Self> {
        let media_type = media_type(request.headers())?;
        let schemas = request.extensions().get::<RequestSchemas>().copied();
        let (body, permit) = read_body(request, shared).await?;
        let text = utf8(&body)?;
        let content = match media_type {
            _ if text.is_empty() => Content::Json(Map::new()),
            MediaType::Json => Content::Json(json_object(text)?),
            MediaType::Form if text.trim_start().starts_with('{') => {
                return Err(refuse_media_type(
                    "the body is JSON and its type is that of a form: send it with `Content-Type: \
                     application/json`",
                ));
            }
            MediaType::Form => Content::Form(form_fields(text)?),
            MediaType::None | MediaType::Other => {
                return Err(refuse_media_type(
                    "the body is neither JSON nor a form by its type: send `Content-Type: \
                     application/json`, or a form as `curl -d` does",
                ));
            }
        };
        Ok(Self { content, permit, schemas })
    }
}

impl Fields {
    /// Returns the text of a field.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        match &self.content {
            Content::Json(members) => members.get(field).and_then(Value::as_str),
            Content::Form(pairs) => {
                let pair = pairs.iter().find(|(name, _)| name == field);
                pair.map(|(_, text)| text.as_str())
            }
        }
    }

    /// Returns whether the body has a field, whatever its value.
    fn has(&self, field: &str) -> bool {
        match &self.content {
            Content::Json(members) => members.contains_key(field),
            Content::Form(pairs) => pairs.iter().any(|(name, _)| name == field),
        }
    }

    /// Checks a body that replaces something with these fields.
    ///
    /// # Errors
    /// The body leaves out a field that has a value, which would clear it unseen. The error names it.
    pub(super) fn check_clears_nothing<'a>(
        &self,
        present: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> ApiResult<()> {
        let is_empty = |value: &Value| match value {
            Value::Array(values) => values.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::String(text) => text.is_empty(),
            value => value.is_null() || *value == Value::Bool(false),
        };
        let cleared: Vec<&str> = present
            .filter(|(name, value)| !is_empty(value) && !self.has(name))
            .map(|(name, _)| name.as_str())
            .collect();
        if cleared.is_empty() {
            return Ok(());
        }
        Err(ApiError::rejected(format!(
            "{}: absent, which would clear what is stored: send it, or null, [], \"\" or false to clear it, or \
             the ETag of the path as If-Match",
            cleared.join(", ")
        )))
    }

    /// Sets the field that the path names as well. A body may leave it out, or have the same text.
    ///
    /// # Errors
    /// The body has another text in the field.
    pub(super) fn fill_in(&mut self, field: &str, text: &str) -> ApiResult<()> {
        let other = |other: &str| {
            let (other, text) = (truncate(other, 60), truncate(text, 60));
            field_error(field, &format!("{other:?} is not the {text:?} of the path: leave it out"))
        };
        match &mut self.content {
            Content::Json(members) => match members.get(field) {
                Some(Value::String(sent)) if sent != text => return Err(other(sent)),
                Some(_) => {}
                None => drop(members.insert(field.to_owned(), text.into())),
            },
            Content::Form(pairs) => match pairs.iter().find(|(name, _)| name == field) {
                Some((_, sent)) if sent != text => return Err(other(sent)),
                Some(_) => {}
                None => pairs.push((field.to_owned(), text.to_owned())),
            },
        }
        Ok(())
    }

    /// Checks a JSON object against the schema with a name. A form is not checked.
    ///
    /// # Errors
    /// A field is unknown, missing or of another type. The error names it.
    pub(super) fn check(&self, schema: &str) -> ApiResult<()> {
        match &self.content {
            Content::Json(members) => self.check_value(schema, &Value::Object(members.clone())),
            Content::Form(_) => Ok(()),
        }
    }

    fn check_value(&self, schema: &str, value: &Value) -> ApiResult<()> {
        let Some(RequestSchemas(schemas)) = self.schemas else { return Ok(()) };
        schemas.check(schema, value).map_err(|error| field_error(&error.at, &error.why))
    }

    /// Reads the fields as a value, after they were checked against its schema. `lists` are those
    /// fields that hold several texts: a form repeats them, or separates the texts by commas.
    ///
    /// # Errors
    /// A field is unknown, missing, twice in a form, or has an invalid value.
    pub(super) fn read<T: DeserializeOwned + ToSchema>(&self, lists: &[&str]) -> ApiResult<T> {
        self.read_with_numbers(lists, &[])
    }

    /// Reads the fields as [`Self::read`] does. `numbers` are the fields with whole numbers, which
    /// a form contains as text.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub(super) fn read_with_numbers<T: DeserializeOwned + ToSchema>(
        &self,
        lists: &[&str],
        numbers: &[&str],
    ) -> ApiResult<T> {
        let value = match &self.content {
            Content::Json(members) => Value::Object(members.clone()),
            Content::Form(pairs) => {
                let mut members = form_object(pairs, lists)?;
                for (name, value) in &mut members {
                    let number = value.as_str().and_then(|text| text.trim().parse::<u64>().ok());
                    if let Some(number) = number.filter(|_| numbers.contains(&name.as_str())) {
                        *value = number.into();
                    }
                }
                Value::Object(members)
            }
        };
        self.check_value(&T::name(), &value)?;
        strictly(|| serde_path_to_error::deserialize(value))
            .map_err(|error| field_error(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// Returns the error for a field that can be parsed and has an invalid value.
fn field_error(at: &str, why: &str) -> ApiError {
    let why = truncate(why, 200);
    ApiError::rejected(match at {
        "" | "." | "?" => format!("the body has not the right fields: {why}"),
        at => format!("{}: {why}", truncate(at, 120)),
    })
}

/// Creates a JSON object of the fields of a form.
fn form_object(pairs: &[(String, String)], lists: &[&str]) -> ApiResult<Map<String, Value>> {
    let mut members = Map::new();
    for (name, text) in pairs {
        if lists.contains(&name.as_str()) {
            let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
            let list = members.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.extend(texts.map(Value::from));
            }
        } else if members.insert(name.clone(), text.as_str().into()).is_some() {
            return Err(field_error(name, "is in the form twice: send it once"));
        }
    }
    Ok(members)
}

/// Reads a JSON object whose names are all different.
fn json_object(text: &str) -> ApiResult<Map<String, Value>> {
    match Body::parse(text) {
        Ok(Body { value: Value::Object(members), .. }) => Ok(members),
        Ok(_) => Err(field_error("", "it is no object, which has the fields in braces")),
        Err(error) => Err(body_error("", &error.to_string())),
    }
}

/// Reads the names and texts of a form.
fn form_fields(text: &str) -> ApiResult<Vec<(String, String)>> {
    let read = |(name, text): (Cow<'_, str>, Cow<'_, str>)| {
        // Invalid UTF-8 is replaced by this character, which nobody types.
        if [&name, &text].into_iter().any(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(body_error(&name, "it is not UTF-8: convert it"));
        }
        Ok((name.into_owned(), text.into_owned()))
    };
    form_urlencoded::parse(text.as_bytes()).map(read).collect()
}

/// The type of a body by its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum MediaType {
    /// There is no header.
    None,
    Json,
    Form,
    Other,
}

fn refuse_media_type(what: &'static str) -> ApiError {
    ApiError::new(ErrorCode::MediaType, what)
}

/// Returns the type of the body.
///
/// # Errors
/// The body is not in UTF-8 by its type, or has a content encoding.
fn media_type(headers: &HeaderMap) -> ApiResult<MediaType> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(first) = types.next() else { return Ok(MediaType::None) };
    let first = first.to_str().unwrap_or_default();
    let (essence, parameters) = first.split_once(';').unwrap_or((first, ""));
    let media_type = match essence.trim().to_ascii_lowercase().as_str() {
        _ if types.next().is_some() => MediaType::Other,
        "application/json" => MediaType::Json,
        "application/x-www-form-urlencoded" => MediaType::Form,
        _ => return Ok(MediaType::Other),
    };
    let charset = parameters.trim().to_ascii_lowercase();
    if !matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"") {
        return Err(refuse_media_type(
            "the body has a type with a parameter that is not known: leave it out",
        ));
    }
    refuse_encoding(headers)?;
    Ok(media_type)
}

/// Refuses a body that has a content encoding.
fn refuse_encoding(headers: &HeaderMap) -> ApiResult<()> {
    let encoding = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut encoding = encoding.map(|value| value.to_str().unwrap_or_default().trim());
    if encoding.any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(refuse_media_type(
            "the body is encoded: send it as it is, without Content-Encoding",
        ));
    }
    Ok(())
}
