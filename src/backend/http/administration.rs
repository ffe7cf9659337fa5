//! Administration over the API: each change is a request to the path of its entry.

use chrono::Utc;
use reqwest::Method;
use reqwest::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;

use super::client::{ApiRequest, ChangeRequest};
use super::{HttpBackend, get_request};
use crate::api::{CalendarLinkRequest, CoverPerson, CoverRequest, list_query, path};
use crate::backend::administration::NoAdministration;
use crate::backend::{
    Administered, AdministrationRequest, AdministrationSearch, BackendError, Page, Precondition,
};
use crate::model::administration::{
    AdministrationChange, AdministrationEvent, AdministrationRefusal, EntryKind,
};
use crate::model::bad_field::BadField;
use crate::model::oncall::{CoverAnswer, Override};

/// How a change is sent: method, path with its value, query and body.
struct Sent<'a> {
    method: Method,
    path: &'static str,
    path_value: String,
    query: Option<OverrideQuery<'a>>,
    body: Option<Vec<u8>>,
}

/// The key of the override to be removed.
#[derive(Serialize)]
struct OverrideQuery<'a> {
    person: &'a str,
    from: String,
    to: String,
}

impl<'a> From<&'a Override> for OverrideQuery<'a> {
    fn from(span: &'a Override) -> Self {
        // As in JSON, so that no part of a second is lost.
        let text = |at: chrono::DateTime<chrono::Utc>| {
            at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        };
        Self { person: &span.person, from: text(span.from), to: text(span.to) }
    }
}

impl HttpBackend {
    /// Sends a change of the directory.
    pub(super) async fn send_change(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        // A name that can't be part of a path would lead to another one.
        let rejected = |bad: BadField| BackendError::rejected(bad.into(), Utc::now());
        request.change.check().map_err(rejected)?;
        let Sent { method, path, path_value, query, body } = sent(&request.change)?;
        let expected = expected(&request.expected);
        let change = ChangeRequest { method, key: Some(request.id.to_string()), expected };
        let request = ApiRequest {
            path_value: &path_value,
            query: query.as_ref(),
            body,
            change: Some(change),
            ..get_request(path)
        };
        let response = self.get(request).await.map_err(|failure| failure.error);
        match response {
            Err(error @ BackendError::NotFound(_)) => Err(self.explain_not_found(error).await),
            Err(BackendError::NotAllowed(why)) if self.is_older().await => {
                tracing::debug!("{why}");
                Err(self.no_administration())
            }
            response => response,
        }
    }

    /// Fetches a page of the changes of administration.
    pub(super) async fn fetch_administration(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        let (limit, after) = (Some(search.limit), search.after.clone());
        let query = list_query::Administration { limit, after };
        let request = ApiRequest { query: Some(&query), ..get_request(path::ADMINISTRATION) };
        match self.get(request).await.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Err(self.no_administration()),
            response => response,
        }
    }

    pub(super) fn no_administration(&self) -> BackendError {
        BackendError::not_allowed(NoAdministration { host: Some(self.client.host.clone()) })
    }

    /// Returns whether the server is older than its administration, and so has no such path.
    async fn is_older(&self) -> bool {
        let search = AdministrationSearch { limit: 1, after: None };
        let query = list_query::Administration { limit: Some(search.limit), after: None };
        let request = ApiRequest { query: Some(&query), ..get_request(path::ADMINISTRATION) };
        let response: Result<serde_json::Value, _> = self.get(request).await;
        matches!(response.map_err(|failure| failure.error), Err(BackendError::NotFound(_)))
    }

    /// Distinguishes an entry that does not exist from a path that an older server does not have.
    async fn explain_not_found(&self, error: BackendError) -> BackendError {
        if self.is_older().await { self.no_administration() } else { error }
    }
}

/// Returns how a change is sent.
fn sent(change: &AdministrationChange) -> Result<Sent<'_>, BackendError> {
    let encode = |value: Result<Vec<u8>, serde_json::Error>| value.map_err(BackendError::broken);
    if let Some(entry) = change.added() {
        let json = entry.to_json().map_err(BackendError::broken)?;
        return Ok(Sent {
            method: Method::PUT,
            path: entry_path(entry.kind()),
            path_value: entry.name().to_owned(),
            query: None,
            body: Some(encode(serde_json::to_vec(&json))?),
        });
    }
    if let Some(named) = change.removed() {
        let (path, path_value) = (entry_path(named.kind), named.name);
        return Ok(Sent { method: Method::DELETE, path, path_value, query: None, body: None });
    }
    let path = path::OVERRIDES;
    let post = |path, path_value, body| Sent {
        method: Method::POST,
        path,
        path_value,
        query: None,
        body: Some(body),
    };
    let answer = |path, answer: &CoverAnswer| {
        let body = CoverPerson { person: Some(answer.person.clone()) };
        let body = encode(serde_json::to_vec(&body))?;
        Ok(post(path, answer.id.to_string(), body))
    };
    match change {
        AdministrationChange::RequestCover(cover) => {
            let body = encode(serde_json::to_vec(&CoverRequest::from(cover)))?;
            Ok(post(path::COVERS, cover.schedule.clone(), body))
        }
        AdministrationChange::CreateCalendarLink(link) => {
            let body = encode(serde_json::to_vec(&CalendarLinkRequest::from(link)))?;
            Ok(post(path::CALENDAR_LINKS, String::new(), body))
        }
        AdministrationChange::RevokeCalendarLink(id) => Ok(Sent {
            method: Method::POST,
            path: path::REVOKE_CALENDAR_LINK,
            path_value: id.to_string(),
            query: None,
            body: None,
        }),
        AdministrationChange::AcceptCover(accepted) => answer(path::ACCEPT_COVER, accepted),
        AdministrationChange::DeclineCover(declined) => answer(path::DECLINE_COVER, declined),
        AdministrationChange::WithdrawCover(withdrawn) => answer(path::WITHDRAW_COVER, withdrawn),
        AdministrationChange::AddOverride(added) => {
            let body = encode(serde_json::to_vec(&added.span))?;
            Ok(post(path, added.team.clone(), body))
        }
        AdministrationChange::RemoveOverride(removed) => Ok(Sent {
            method: Method::DELETE,
            path,
            path_value: removed.team.clone(),
            query: Some(OverrideQuery::from(&removed.span)),
            body: None,
        }),
        // The server records changes of tokens itself.
        _ => Err(BackendError::not_allowed(Unsendable)),
    }
}

/// The change is none that a client sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", AdministrationRefusal::UnknownChange)]
struct Unsendable;

/// Returns the path of an entry.
fn entry_path(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Person => path::PERSON,
        EntryKind::Team => path::TEAM,
        EntryKind::Service => path::SERVICE,
        EntryKind::Schedule => path::SCHEDULE,
        EntryKind::Policy => path::POLICY,
    }
}

/// Returns the header of the precondition on the entry.
fn expected(expected: &Precondition) -> Option<(HeaderName, String)> {
    match expected {
        Precondition::Any => None,
        Precondition::Absent => Some((IF_NONE_MATCH, "*".into())),
        Precondition::Present => Some((IF_MATCH, "*".into())),
        Precondition::Tag(tag) => Some((IF_MATCH, format!("\"{tag}\""))),
    }
}
