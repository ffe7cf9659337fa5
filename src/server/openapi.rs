//! Description of the API in `OpenAPI` 3.1, generated from the routes and the types.

mod describe;
pub(super) mod document;
mod examples;
mod flatten;
mod forms;
pub(super) mod headers;
mod naming;
mod requests;
mod schemas;
pub(super) mod verbs;

use super::routes;

/// Returns the complete document as JSON.
#[must_use]
pub fn document_json() -> String {
    document::encode(routes::openapi_document())
}
