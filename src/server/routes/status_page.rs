//! The status page, which everybody may read. It is no part of the API, and needs no token.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::api::ErrorCode;
use crate::model::status_page::PublicFile;
use crate::server::error::{ApiError, ApiResult};
use crate::server::paths;
use crate::server::state::Shared;

/// Allows the style within the page, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The page relative to the path without its slash.
const RELATIVE_PAGE: &str = "status/";

/// Adds the routes.
pub(super) fn add_routes(router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    router
        .route(paths::STATUS_NAME, get(lead_to_page))
        .route(paths::STATUS_PAGE, get(show_page))
        .route(paths::STATUS_FILE, get(show_file))
}

/// Redirects to the page, whose links need the slash at its end. Behind a proxy the path may have a
/// prefix, so the redirect is relative.
async fn lead_to_page(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let mut response = show(&shared, "index.html", &headers)?;
    *response.body_mut() = Body::empty();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(RELATIVE_PAGE));
    Ok(response)
}

/// The page itself.
async fn show_page(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> ApiResult<Response> {
    show(&shared, "index.html", &headers)
}

/// A file of the page.
async fn show_file(
    State(shared): State<Arc<Shared>>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let file = file.map(|Path(file)| file).unwrap_or_default();
    show(&shared, &file, &headers)
}

fn show(shared: &Shared, path: &str, headers: &HeaderMap) -> ApiResult<Response> {
    let settings = shared.settings();
    let file = settings.status_page.as_ref().and_then(|site| site.file(path));
    let file = file.ok_or_else(|| {
        ApiError::new(ErrorCode::NotFound, "there is no such page: this server has no status page")
    })?;
    Ok(response(file, headers))
}

fn response(file: PublicFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(file.content.as_bytes())[..16]));
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tag| tag.to_str().ok());
    let is_fresh = sent
        .flat_map(|list| list.split(','))
        .any(|one| ["*", tag.as_str()].contains(&one.trim().trim_start_matches("W/")));
    let body = if is_fresh { Body::empty() } else { Body::from(file.content) };
    let mut response = Response::new(body);
    if is_fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    for (name, value) in [
        (header::CONTENT_TYPE, file.media_type),
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "public, max-age=30"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Public data is readable for pages of other sites too.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
