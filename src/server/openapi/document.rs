//! The parts of the API's description that routes and types do not give by themselves, and how the
//! description is written.

use std::collections::BTreeMap;

use serde_json::Value;
use strum::IntoEnumIterator;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder, ServerBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::describe::complete_operations;
use super::examples::add_examples;
use super::flatten::flatten;
use super::forms::name_forms;
use super::naming::name_schemas;
use super::requests::close_requests;
use crate::api::{Details, ErrorCode, details, path};
use crate::model::command::CommandKind;
use crate::server::scope::Scope;

/// The error responses of a route that reads.
pub(in crate::server) struct ErrorResponses;

/// The error responses of a route that accepts commands.
pub(in crate::server) struct CommandErrorResponses;

/// The error responses of a route that changes one incident.
pub(in crate::server) struct ChangeErrorResponses;

/// The codes of the errors of a route that accepts commands.
const COMMAND_ERRORS: [ErrorCode; 18] = [
    ErrorCode::BadRequest,
    ErrorCode::Unauthorized,
    ErrorCode::OtherPerson,
    ErrorCode::NotAllowed,
    ErrorCode::NoSuchMethod,
    ErrorCode::TooSlow,
    ErrorCode::Conflict,
    ErrorCode::IdCollides,
    ErrorCode::ChangedMeanwhile,
    ErrorCode::TooLarge,
    ErrorCode::MediaType,
    ErrorCode::OtherStore,
    ErrorCode::Rejected,
    ErrorCode::IdReused,
    ErrorCode::Limited,
    ErrorCode::Internal,
    ErrorCode::Broken,
    ErrorCode::Unreachable,
];

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
            ErrorCode::Broken,
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
        error_responses(&COMMAND_ERRORS)
    }
}

impl IntoResponses for ChangeErrorResponses {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        error_responses(&[&COMMAND_ERRORS[..], &[ErrorCode::NotFound]].concat())
    }
}

/// Returns the response for each status of the codes. Its description names the codes that have the
/// status.
fn error_responses(codes: &[ErrorCode]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for code in codes {
        let text = format!("{} (`{}`)", code.title(), code.as_str());
        by_status.entry(code.status()).or_default().push(text);
    }
    let response = |(status, texts): (u16, Vec<String>)| {
        let details = Ref::from_schema_name(Details::name());
        let content = ContentBuilder::new().schema(Some(details)).build();
        let response = ResponseBuilder::new()
            .description(texts.join(", "))
            .content(details::MEDIA_TYPE, content)
            .build();
        (status.to_string(), response.into())
    };
    by_status.into_iter().map(response).collect()
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
                .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
                .build(),
        )
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("The server that gave this document"))
            .build()]))
        .tags(Some(TAGS.map(|(name, description)| {
            TagBuilder::new().name(name).description(Some(description)).build()
        })))
        .components(Some(
            ComponentsBuilder::new()
                .schema(Details::name(), Details::schema())
                .security_scheme("token", SecurityScheme::Http(scheme))
                .build(),
        ))
        .build()
}

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// The tags of operations, each with a text.
const TAGS: [(&str, &str); 8] = [
    ("incidents", "Incidents, their timelines and their measures."),
    (
        "changes",
        "Declare an incident and change it: one route for each verb, with fields as people type \
         them. For scripts and people; a program that works offline sends commands.",
    ),
    (
        "lists",
        "Lists over all incidents: events, reviews, action items, changes, problems and \
         notifications.",
    ),
    ("directory", "People, teams, services, policies, schedules, and who is on call."),
    ("place", "What this server has and what the token permits."),
    ("commands", "Commands with ids of their own, for clients that work offline and catch up."),
    (
        "administration",
        "Change people, teams, services, schedules, policies and tokens, and see who changed what. \
         Needs a token of scope `admin`, but for overrides of schedules and cover. What the settings file of \
         the server names is changed there alone: a request to change it is refused with 409.",
    ),
    ("server", "The state of the server itself."),
];

const INTRODUCTION: &str = "\
Incidents, their timelines and measures; commands, of which each is carried out once however often it
is sent; and changes, which can be waited for. What is read has a tag (ETag), and is not sent again to
who knows it. Every refusal is problem details with a code that does not change; only the 431 of HTTP/2, for
a head that is too long, has no body.

# To begin with

A token is made by `redphone token create` on the server and sent as `Authorization: Bearer rp_…`. An incident
is declared by its title alone:

    curl -H \"Authorization: Bearer $TOKEN\" -d title='Card payments fail' \"$REDPHONE/v1/incidents\"

and acknowledged, resolved and so on by its number, at `/v1/incidents/INC-12/acknowledge` and the other paths
with the tag *changes*. Their bodies are JSON or a form. The status of the response says what became of the
request, as HTTP defines it.

# Sent once, carried out once

Who does not get an answer sends the request again. With the same `Idempotency-Key` it takes effect only once,
and is answered with its first outcome; another request with that key is refused with 422. With `If-Match` and the
tag of the incident, a request is refused with 412 if the incident has changed since it was read.

# Filters

The filter of `/v1/incidents` is what people type in the panes: words, which are found in number, title,
services, owner and team (in a search of the history also in notes and other texts), and terms:
`p1` to `p4`, `status:triggered`, `service:checkout`, `owner:me`, `owner:none`, `role:scribe`, `team:db`,
`cat:security`, `source:monitoring`, `label:eu`, `age>2h`, `idle>2h`, `changed<8h`, `resolved<8h`,
`resolved:yesterday`, `took>1h` (from detection to resolution), `missed:acknowledge`, `missed:resolve`,
`missed:resolve-p1`, `primary:checkout` (the first service), `leading:db` (without the teams that help),
`began<2h`, `users>100`, `reporter:varga`, `since:yesterday`, `before:2026-11`,
`on:2026-10-29`, `sla:late`, `is:snoozed`, `is:muted`, `is:never-acknowledged`, `is:any`. A `-` before a word or a term excludes what it matches. Terms
about the same field are alternatives; all others must match. Without `is:any` or `is:ended` only open incidents are
found.

# Limits

A body has at most 4 MiB, a head 16 KiB, a request 500 commands, a page 1000 rows, a filter 64 words and terms, unless
whoever runs the server has set others. A token may send 1200 requests at once, and as many within a minute; who sends
more is refused with 429 and `Retry-After`; the alerts of a program are not counted. Each response to a caller with a token says what the limit is and what is
left of it (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`, `RateLimit-Policy`). A request that waits is
held for at most 60 seconds.

# Errors

| code | status | meaning |
|---|---|---|
{errors}

# Stores

Each response to a caller with a token has a header `Redphone-Store`. A client that returns the last
one that it was given, as `Redphone-Seen`, lets the server notice that its store was put back from a
copy, and that commands are meant for another store. The store of the capabilities has another
`generation` then.

# Compatibility

Requests are strict: a field or a value that is not described here is refused and named. Responses may
grow: later versions may add fields to objects, values to the enums that are marked with
`x-extensible-enum`, kinds to what has one of several forms, and codes to refusals. A client ignores a field
that it does not know, treats an unknown value as text, and an unknown code by its HTTP status. Nothing that is
described here is taken away within `/v1`.

# Scopes";

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
    let errors: Vec<String> = ErrorCode::iter()
        .map(|code| format!("| `{}` | {} | {} |", code.as_str(), code.status(), code.title()))
        .collect();
    let introduction = INTRODUCTION.replace("{errors}", &errors.join("\n"));
    format!(
        "\
{introduction}

| scope of the token | reads | commands |
|---|---|---|
| metrics | capabilities and metrics only | none |
| read | everything | none |
| ingest | capabilities, and alerts in the forms of other systems | {ingest} |
| respond | everything | {respond} |
| admin | everything | all |"
    )
}

/// Encodes the document as JSON, with the parts that `utoipa` can't describe.
pub(in crate::server) fn encode(mut document: OpenApi) -> String {
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(deny_other_keys);
    }
    // Encoding can't fail: the document consists of names and texts.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_maximums(&mut document);
    allow_absent_bodies(&mut document);
    close_requests(&mut document);
    flatten(&mut document);
    name_forms(&mut document);
    name_schemas(&mut document);
    // The commands that send a request have the examples in them.
    add_examples(&mut document);
    complete_operations(&mut document);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    // Links of rustdoc have no target outside of it: removes their brackets.
    text.replace("[`", "`").replace("`]", "`")
}

/// The paths to which a POST without a body is one that leaves out all fields.
const MAY_LACK_BODY: [&str; 1] = [path::TEST_CONTACTS];

/// Marks the bodies that may be absent, which `utoipa` can do only for bodies that may be null too.
fn allow_absent_bodies(document: &mut Value) {
    for path in MAY_LACK_BODY {
        let pointer = format!("/paths/{}/post/requestBody", path.replace('/', "~1"));
        if let Some(body) = document.pointer_mut(&pointer) {
            body["required"] = Value::Bool(false);
        }
    }
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

/// Returns whether a schema allows one value only, like the field that distinguishes variants.
fn is_constant(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { enum_values: Some(values), .. }))
        if values.len() == 1)
}
