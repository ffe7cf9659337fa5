//! The API's description (`OpenAPI` 3.1), made from the routes and the types themselves.

pub(super) mod document;

use super::routes;

/// The whole description as JSON.
#[must_use]
pub fn document_json() -> String {
    document::encode(routes::openapi_document())
}
