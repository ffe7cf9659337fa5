//! Description of the API in `OpenAPI` 3.1, generated from the routes and the types.

pub(super) mod document;
mod requests;

use super::routes;

/// Returns the complete document as JSON.
#[must_use]
pub fn document_json() -> String {
    document::encode(routes::openapi_document())
}
