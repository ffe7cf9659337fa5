//! Issues of GitLab (<https://docs.gitlab.com/api/issues/>).
//!
//! Nothing refuses a second issue. Each has a comment with the id of its action item, by which the
//! descriptions of the project are searched.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderName;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{
    Access, MAX_ISSUE_BYTES, MAX_PAGE_BYTES, accepted, issue, state_name, unreadable,
};
use super::issue::{FoundIssue, NewIssue, Tracker};
use super::options::TrackerKind;
use super::states::States;
use super::text;
use crate::model::follow_up::FollowUpState;
use crate::outbound::answer::Answer;
use crate::outbound::client::Request;
use crate::outbound::delivery::SendError;

/// A project of GitLab.
pub(super) struct GitLab {
    pub(super) access: Access,
    /// Its path or its number.
    pub(super) project: String,
    pub(super) labels: Vec<String>,
    pub(super) states: States,
}

impl GitLab {
    /// Returns a URL of the project, whose path is one part.
    fn url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let mut all = vec!["api", "v4", "projects", &*self.project];
        all.extend(parts);
        self.access.url(&all)
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let token = self.access.token().await?;
        let request = request
            .hiding(token.expose())
            .with_header(HeaderName::from_static("private-token"), token.expose())?;
        self.access.send(request).await
    }

    /// Returns an issue; `None` if it makes no sense.
    fn found(&self, found: &Value) -> Option<FoundIssue> {
        let number = found["iid"].as_u64()?;
        let name = found["state"].as_str()?;
        let is_closed = name == "closed";
        let labels = found["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
        let labels = labels.iter().filter_map(Value::as_str);
        let reference = number.to_string();
        let label = found["references"]["full"].as_str();
        let label = label.map_or_else(|| format!("{}#{number}", self.project), ToOwned::to_owned);
        Some(FoundIssue {
            issue: issue(&reference, &label, found["web_url"].as_str()?)?,
            // A label is the state of an open issue; a closed one is closed.
            state: if is_closed {
                self.states.of([name], FollowUpState::Done)
            } else {
                self.states.of(labels.chain([name]), FollowUpState::Open)
            },
            state_name: if is_closed { "closed".to_owned() } else { state_name("open") },
        })
    }
}

#[async_trait]
impl Tracker for GitLab {
    fn kind(&self) -> TrackerKind {
        TrackerKind::GitLab
    }

    async fn find(&self, item: Uuid, _: DateTime<Utc>) -> Result<Option<FoundIssue>, SendError> {
        let marker = text::marker(item);
        let mut url = self.url(&["issues"])?;
        url.query_pairs_mut()
            .append_pair("search", &marker)
            .append_pair("in", "description")
            .append_pair("scope", "all")
            .append_pair("per_page", "20");
        let answer = self.send(Request::read(url, MAX_PAGE_BYTES)).await?;
        let issues = accepted(&answer)?;
        let issues = issues.as_array().ok_or_else(|| unreadable(&answer))?;
        let has_marker = |issue: &&Value| {
            let description = issue["description"].as_str();
            description.is_some_and(|text| text.contains(&format!("<!-- {marker} -->")))
        };
        match issues.iter().find(has_marker) {
            Some(found) => self.found(found).map(Some).ok_or_else(|| unreadable(&answer)),
            None => Ok(None),
        }
    }

    async fn create(&self, new: &NewIssue) -> Result<FoundIssue, SendError> {
        let mut body = json!({"title": text::title(new), "description": text::markdown(new)});
        if !self.labels.is_empty() {
            body["labels"] = json!(self.labels.join(","));
        }
        if let Some(due) = new.due {
            body["due_date"] = json!(due.to_string());
        }
        let request = Request::json(self.url(&["issues"])?, &body);
        let answer = self.send(request.with_max_answer(MAX_ISSUE_BYTES)).await?;
        let created = accepted(&answer)?;
        self.found(&created).ok_or_else(|| unreadable(&answer))
    }

    async fn read(&self, reference: &str) -> Result<Option<FoundIssue>, SendError> {
        let url = self.url(&["issues", reference])?;
        let answer = self.send(Request::read(url, MAX_ISSUE_BYTES)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // The issue is deleted only if the project can still be read.
            let project = Request::read(self.url(&[])?, MAX_ISSUE_BYTES);
            return accepted(&self.send(project).await?).map(|_| None);
        }
        let found = accepted(&answer)?;
        self.found(&found).map(Some).ok_or_else(|| unreadable(&answer))
    }
}
