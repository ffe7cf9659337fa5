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

use crate::api::{Details, ErrorCode, details};

/// What a route that is read may answer besides what it is for.
pub(in crate::server) struct ErrorResponses;

/// What a route that takes commands may answer besides what it is for.
pub(in crate::server) struct CommandErrorResponses;

impl IntoResponses for ErrorResponses {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = error_responses(&[
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
        let same = ResponseBuilder::new().description("As it was: the tag is still right").build();
        all.insert("304".into(), same.into());
        all
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
            ErrorCode::TooLarge,
            ErrorCode::MediaType,
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

/// What is described besides the routes.
pub(in crate::server) fn base_document() -> OpenApi {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("Made by `redphone token create` on the server.".into());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("redphone incident API")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
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

const DESCRIPTION: &str = "\
Incidents, their timelines and measures; commands, of which each is carried out once however often it
is sent; and changes, which can be waited for. What is read has a tag (ETag), and is not sent again to
who knows it. Every refusal is problem details with a code that does not change.

| scope of the token | reads | commands |
|---|---|---|
| read | everything | none |
| ingest | capabilities only | declare, repeat_alert, record_change |
| respond | everything | all but repeat_alert, record_change and record_problem |
| admin | everything | all |";

/// The whole description as JSON: that of the routes, with what `utoipa` can't say.
pub(in crate::server) fn encode(mut document: OpenApi) -> String {
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(deny_other_keys);
    }
    // Names and texts always become JSON.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_maximums(&mut document);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    // Links of the documentation lead nowhere here.
    text.replace("[`", "`").replace("`]", "`")
}

/// Says of each number how large it may be: what its type holds, and no more than every reader of
/// JSON keeps exactly.
fn add_maximums(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let most: Option<u64> = match fields.get("format").and_then(Value::as_str) {
                Some("int32") if fields.contains_key("minimum") => Some(u32::MAX.into()),
                Some("int32") => Some(i32::MAX.unsigned_abs().into()),
                Some("int64") => Some((1 << 53) - 1),
                _ => None,
            };
            if let Some(most) = most.filter(|_| !fields.contains_key("maximum")) {
                fields.insert("maximum".into(), most.into());
            }
            fields.values_mut().for_each(add_maximums);
        }
        Value::Array(items) => items.iter_mut().for_each(add_maximums),
        _ => {}
    }
}

/// A value that is named by its one key has no other keys.
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

/// Whether it is always the same word, as that which tells kinds apart.
fn is_constant(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { enum_values: Some(words), .. }))
        if words.len() == 1)
}
