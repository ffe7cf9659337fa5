//! The API's description (OpenAPI 3.1), made from the routes and the types themselves.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::routes;
use crate::api::{Code, Details, details};

/// What every route may answer besides what it is for.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = BTreeMap::new();
        for code in Code::ALL {
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name(Details::name()))).build();
            let response = ResponseBuilder::new()
                .description(code.title())
                .content(details::MEDIA_TYPE, content)
                .build();
            all.insert(code.status().to_string(), response.into());
        }
        let same = ResponseBuilder::new().description("As it was: the tag is still right").build();
        all.insert("304".into(), same.into());
        all
    }
}

/// What is described besides the routes.
pub(super) fn frame() -> OpenApi {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("Made by `redphone token create` on the server.".into());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("redphone incident API")
                .version(env!("CARGO_PKG_VERSION"))
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

/// The whole description.
#[must_use]
pub fn document() -> OpenApi {
    routes::description()
}
