//! Alerts in the form of `GoAlert`'s generic API. Errors are plain text.

use std::sync::Arc;

use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::respond::json_response;
use super::{RequestHead, content_type, not_understood, store_groups};
use crate::backend::{IngestEffect, IngestOutcome};
use crate::ingest::IngestError;
use crate::ingest::goalert::{self, AlertFields};
use crate::model::alert::AlertGroup;
use crate::server::auth::IngestAccess;
use crate::server::error::ApiResult;
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::check_writable;
use crate::server::state::Shared;

/// Stores an alert, or closes it.
pub(super) async fn incoming(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let store = async {
        let IngestAccess(caller) = access?;
        let UnpackedBody(body, _permit) = UnpackedBody::from_request(request, &shared).await?;
        check_writable(&shared)?;
        let content_type = content_type(&headers);
        let query = query.as_deref().unwrap_or_default();
        let group = match parse(query, content_type, &body, caller.sender()) {
            Ok(group) => group,
            Err(error) => {
                let source = goalert::SOURCE;
                let head = RequestHead { headers: &headers, query: Some(query) };
                return Err(not_understood(&shared, &caller, source, head, &body, &error).await);
            }
        };
        store_groups(&shared, &caller, &[group], goalert::SOURCE).await
    };
    match store.await {
        Ok(outcomes) if accepts_json(&headers) => outcome_response(&outcomes),
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let (status, body) = (error.status(), format!("{}\n", error.detail()));
            error.respond_as(status, "text/plain; charset=utf-8", body)
        }
    }
}

/// Reads query and body.
fn parse(
    query: &str,
    content_type: Option<&str>,
    body: &[u8],
    sender: &str,
) -> Result<AlertGroup, IngestError> {
    let media_type = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    let mut fields = with_form(AlertFields::default(), query.as_bytes());
    match media_type.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => fields = with_form(fields, body),
        "application/json" if !body.trim_ascii().is_empty() => fields = fields.with_json(body)?,
        _ if body.trim_ascii_start().starts_with(b"{") => fields = fields.with_json(body)?,
        _ => {}
    }
    fields.group(sender)
}

fn with_form(fields: AlertFields, form: &[u8]) -> AlertFields {
    let pairs: Vec<_> = form_urlencoded::parse(form).collect();
    fields.with_pairs(pairs.iter().map(|(name, text)| (&**name, &**text)))
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

fn outcome_response(outcomes: &[IngestOutcome]) -> Response {
    let outcome = outcomes.first();
    let number = outcome.and_then(|outcome| outcome.number).map_or(0, |number| number.0);
    let is_new = outcome.is_some_and(|outcome| outcome.effect == IngestEffect::Declared);
    let body = json!({"AlertID": number, "ServiceID": "", "IsNew": is_new});
    json_response(StatusCode::OK, &body)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::query("summary=x&dedup=k", None, "", "x")]
    #[case::form("", Some("application/x-www-form-urlencoded"), "summary=a+b", "a b")]
    #[case::json("summary=x", Some("application/json; charset=utf-8"), r#"{"summary":"y"}"#, "y")]
    #[case::untyped("", None, r#" {"summary":"y"}"#, "y")]
    #[case::other("summary=x", Some("text/plain"), "summary=y", "x")]
    fn fields_come_in_three_forms(
        #[case] query: &str,
        #[case] content_type: Option<&str>,
        #[case] body: &str,
        #[case] title: &str,
    ) {
        let group = parse(query, content_type, body.as_bytes(), "0a").unwrap();
        assert_eq!(group.alerts[0].title, title);
    }
}
