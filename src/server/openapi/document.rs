//! The parts of the API's description that routes and types do not give by themselves, and how the
//! description is written.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::requests::close_requests;
use crate::api::{Details, ErrorCode, details};
use crate::model::command::CommandKind;
use crate::server::scope::Scope;

/// The error responses of a route that reads.
pub(in crate::server) struct ErrorResponses;

/// The error responses of a route that accepts commands.
pub(in crate::server) struct CommandErrorResponses;

impl IntoResponses for ErrorResponses {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = error_responses(&[
            ErrorCode::BadRequest,
            ErrorCode::Unauthorized,
            ErrorCode::NotAllowed,
            ErrorCode::NotFound,
            ErrorCode::NoSuchMethod,
            ErrorCode::Rejected,
            ErrorCode::Limited,
            ErrorCode::Internal,
            ErrorCode::Unreachable,
        ]);
        let not_modified =
            ResponseBuilder::new().description("As it was: the tag is still right").build();
        responses.insert("304".into(), not_modified.into());
        responses
    }
}

impl IntoResponses for CommandErrorResponses {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        error_responses(&[
            ErrorCode::BadRequest,
            ErrorCode::Unauthorized,
            ErrorCode::NotAllowed,
            ErrorCode::NoSuchMethod,
            ErrorCode::TooSlow,
            ErrorCode::ChangedMeanwhile,
            ErrorCode::Conflict,
            ErrorCode::TooLarge,
            ErrorCode::MediaType,
            ErrorCode::Rejected,
            ErrorCode::OtherStore,
            ErrorCode::Limited,
            ErrorCode::Internal,
            ErrorCode::Unreachable,
        ])
    }
}

fn error_responses(codes: &[ErrorCode]) -> BTreeMap<String, RefOr<Response>> {
    let response = |code: &ErrorCode| {
        let details = Ref::from_schema_name(Details::name());
        let content = ContentBuilder::new().schema(Some(details)).build();
        let response = ResponseBuilder::new()
            .description(code.title())
            .content(details::MEDIA_TYPE, content)
            .build();
        (code.status().to_string(), response.into())
    };
    codes.iter().map(response).collect()
}

/// Returns the document without the routes.
pub(in crate::server) fn base_document() -> OpenApi {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("Made by `redphone token create` on the server.".into());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("redphone incident API")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description()))
                .license(Some(License::new("MIT")))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .schema(Details::name(), Details::schema())
                .security_scheme("token", SecurityScheme::Http(scheme))
                .build(),
        ))
        .build()
}

const INTRODUCTION: &str = "\
Incidents, their timelines and measures; commands, of which each is carried out once however often it
is sent; and changes, which can be waited for. What is read has a tag (ETag), and is not sent again to
who knows it. Every refusal is problem details with a code that does not change; only the 431 of HTTP/2, for
a head that is too long, has no body.

Each response to a caller with a token has a header `Redphone-Store`. A client that returns the last
one that it was given, as `Redphone-Seen`, lets the server notice that its store was put back from a
copy, and that commands are meant for another store. The store of the capabilities has another
`generation` then.

Requests are strict: a field or a value that is not described here is refused and named. Responses may
grow: later versions may add fields to objects, values to the enums that are marked with
`x-extensible-enum`, kinds to what has one of several forms, and codes to refusals. A client ignores a field
that it does not know, treats an unknown value as text, and an unknown code by its HTTP status.";

/// Returns the description of the API, with the table of scopes.
fn description() -> String {
    let names = |is_listed: fn(CommandKind) -> bool| {
        let kinds = CommandKind::ALL.into_iter().filter(|kind| is_listed(*kind));
        kinds.map(|kind| kind.row().wire_name).collect::<Vec<_>>()
    };
    let ingest = names(|kind| Scope::Ingest.allows(kind)).join(", ");
    let respond = match &names(|kind| !Scope::Respond.allows(kind))[..] {
        [] => "all".to_owned(),
        [one] => format!("all but {one}"),
        [first @ .., last] => format!("all but {} and {last}", first.join(", ")),
    };
    format!(
        "\
{INTRODUCTION}

| scope of the token | reads | commands |
|---|---|---|
| read | everything | none |
| ingest | capabilities only | {ingest} |
| respond | everything | {respond} |
| admin | everything | all |"
    )
}

/// Encodes the document as JSON, with what `utoipa` can't describe.
pub(in crate::server) fn encode(mut document: OpenApi) -> String {
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(deny_other_keys);
    }
    // Encoding can't fail: the document consists of names and texts.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_maximums(&mut document);
    close_requests(&mut document);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    // Links of rustdoc have no target outside of it: removes their brackets.
    text.replace("[`", "`").replace("`]", "`")
}

/// Adds a maximum to each integer: the largest value of its type, but no more than 2⁵³ − 1, up to
/// which all JSON readers are exact. Unsigned numbers of 32 bits get the format `int64`, since those
/// of `int32` end at 2³¹ − 1.
fn add_maximums(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let maximum: Option<u64> = match fields.get("format").and_then(Value::as_str) {
                Some("int32") if fields.contains_key("minimum") => Some(u32::MAX.into()),
                Some("int32") => Some(i32::MAX.unsigned_abs().into()),
                Some("int64") => Some((1 << 53) - 1),
                _ => None,
            };
            if let Some(maximum) = maximum.filter(|_| !fields.contains_key("maximum")) {
                fields.insert("maximum".into(), maximum.into());
            }
            let is_u32 = fields.get("maximum").and_then(Value::as_u64) == Some(u32::MAX.into());
            if is_u32 && maximum == Some(u32::MAX.into()) {
                fields.insert("format".into(), "int64".into());
            }
            fields.values_mut().for_each(add_maximums);
        }
        Value::Array(items) => items.iter_mut().for_each(add_maximums),
        _ => {}
    }
}

/// Forbids other keys in variants that are objects with the variant's name as their only key.
fn deny_other_keys(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(kinds)) = schema else { return };
    for kind in &mut kinds.items {
        if let RefOr::T(Schema::Object(kind)) = kind
            && kind.properties.len() == 1
            && kind.required.len() == 1
            && !kind.properties.values().any(is_constant)
        {
            kind.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// Returns whether a schema allows one value only, as a field that tells variants apart does.
fn is_constant(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { enum_values: Some(values), .. }))
        if values.len() == 1)
}
