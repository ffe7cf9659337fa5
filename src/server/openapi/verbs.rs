//! Describes the routes of the verbs, from the table of verbs.

use serde_json::Value;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, Required, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::document::{ChangeErrorResponses, JSON};
use super::headers::{IdempotencyKey, IfMatch, IncidentParam};
use crate::api::{IncidentOutcome, query};
use crate::verbs::Verb;

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Returns the description of the route of a verb.
pub(in crate::server) fn operation(verb: Verb) -> Operation {
    let row = verb.row();
    let outcome = Ref::from_schema_name(IncidentOutcome::name());
    let done = ResponseBuilder::new()
        .description("What the request led to")
        .content(JSON, ContentBuilder::new().schema(Some(outcome)).build())
        .build();
    let body = RequestBodyBuilder::new()
        .description(Some("The fields of the request"))
        .content(JSON, content(verb))
        .content(FORM, content(verb))
        .required(Some(if needs_body(verb) { Required::True } else { Required::False }))
        .build();
    let mut parameters = IncidentParam::into_params(|| Some(ParameterIn::Path));
    parameters.extend(query::ChangeOptions::into_params(|| Some(ParameterIn::Query)));
    parameters.extend(IfMatch::into_params(|| Some(ParameterIn::Header)));
    parameters.extend(IdempotencyKey::into_params(|| Some(ParameterIn::Header)));
    let about = if row.about.is_empty() {
        format!("{}.", row.help)
    } else {
        format!("{}. {}", row.help, row.about)
    };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_incident", row.name.replace('-', "_"))))
        .tag("changes")
        .summary(Some(row.help))
        .description(Some(about))
        .parameters(Some(parameters))
        .request_body(Some(body))
        .security(SecurityRequirement::new("token", Vec::<String>::new()))
        .response("200", done);
    for (status, response) in ChangeErrorResponses::responses() {
        operation = operation.response(status, response);
    }
    operation.build()
}

fn content(verb: Verb) -> Content {
    let schema = Ref::from_schema_name(verb.schema_name());
    let example: Option<Value> = serde_json::from_str(verb.row().example.fields).ok();
    ContentBuilder::new().schema(Some(schema)).example(example).build()
}

/// Returns whether a request of the verb has a field that is needed.
fn needs_body(verb: Verb) -> bool {
    match verb.request_schema() {
        Schema::Object(object) => !object.required.is_empty(),
        _ => true,
    }
}
