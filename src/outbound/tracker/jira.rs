//! Issues of Jira: of the cloud (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/>), if the
//! settings name the user of the token, and otherwise of a data center.
//!
//! Nothing refuses a second issue. Each has a label with the id of its action item, which is searched for.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{
    Access, MAX_ISSUE_BYTES, MAX_PAGE_BYTES, accepted, issue, refusal, state_name, unreadable,
};
use super::issue::{FoundIssue, NewIssue, Tracker};
use super::options::TrackerKind;
use super::states::States;
use super::text;
use crate::model::follow_up::FollowUpState;
use crate::outbound::answer::Answer;
use crate::outbound::client::Request;
use crate::outbound::delivery::SendError;

/// A project of Jira.
pub(super) struct Jira {
    pub(super) access: Access,
    /// The user of the token, in the cloud.
    pub(super) user: Option<String>,
    pub(super) project: String,
    pub(super) issue_type: String,
    pub(super) labels: Vec<String>,
    pub(super) states: States,
}

impl Jira {
    fn url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let version = if self.user.is_some() { "3" } else { "2" };
        let mut all = vec!["rest", "api", version];
        all.extend(parts);
        self.access.url(&all)
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let token = self.access.token().await?;
        let request = match &self.user {
            Some(user) => request.with_basic(user, &token)?,
            None => request.with_bearer(&token)?,
        };
        self.access.send(request).await
    }

    /// Returns where people read an issue.
    fn page(&self, key: &str) -> Result<String, SendError> {
        Ok(self.access.url(&["browse", key])?.into())
    }

    /// Returns an issue; `None` if it makes no sense.
    fn found(&self, found: &Value) -> Option<FoundIssue> {
        let (id, key) = (found["id"].as_str()?, found["key"].as_str()?);
        let status = &found["fields"]["status"];
        let name = status["name"].as_str().unwrap_or_default();
        let by_category = match status["statusCategory"]["key"].as_str() {
            Some("indeterminate") => FollowUpState::Started,
            Some("done") => FollowUpState::Done,
            _ => FollowUpState::Open,
        };
        Some(FoundIssue {
            issue: issue(id, key, &self.page(key).ok()?)?,
            state: self.states.of([name], by_category),
            state_name: state_name(name),
        })
    }

    /// Returns the fields of a new issue. Not every project lets the day be set.
    fn fields(&self, new: &NewIssue, has_due: bool) -> Value {
        let description = if self.user.is_some() {
            let paragraph = |line: String| {
                let text = if line.is_empty() {
                    json!([])
                } else {
                    json!([{"type": "text", "text": line}])
                };
                json!({"type": "paragraph", "content": text})
            };
            let content: Vec<Value> = text::plain_lines(new).into_iter().map(paragraph).collect();
            json!({"type": "doc", "version": 1, "content": content})
        } else {
            json!(text::wiki(new))
        };
        let mut labels = self.labels.clone();
        labels.push(text::marker(new.item));
        let mut fields = json!({
            "project": {"key": self.project},
            "issuetype": {"name": self.issue_type},
            "summary": text::title(new),
            "description": description,
            "labels": labels,
        });
        if let Some(due) = new.due.filter(|_| has_due) {
            fields["duedate"] = json!(due.to_string());
        }
        fields
    }

    async fn post_issue(&self, new: &NewIssue, has_due: bool) -> Result<Answer, SendError> {
        let body = json!({"fields": self.fields(new, has_due)});
        let request = Request::json(self.url(&["issue"])?, &body);
        self.send(request.with_max_answer(MAX_ISSUE_BYTES)).await
    }
}

#[async_trait]
impl Tracker for Jira {
    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    async fn find(&self, item: Uuid, _: DateTime<Utc>) -> Result<Option<FoundIssue>, SendError> {
        let jql = format!("project = \"{}\" AND labels = \"{}\"", self.project, text::marker(item));
        let body = json!({"jql": jql, "fields": ["status"], "maxResults": 2});
        let parts: &[&str] = if self.user.is_some() { &["search", "jql"] } else { &["search"] };
        let request = Request::json(self.url(parts)?, &body).with_max_answer(MAX_PAGE_BYTES);
        let answer = self.send(request).await?;
        // Jira reports a project that does not exist as an invalid value of the query.
        if answer.status == StatusCode::BAD_REQUEST {
            let SendError::Permanent { reason } = refusal(&answer) else { return Ok(None) };
            return Err(SendError::temporary(reason));
        }
        let found = accepted(&answer)?;
        let issues = found["issues"].as_array().ok_or_else(|| unreadable(&answer))?;
        match issues.first() {
            Some(first) => self.found(first).map(Some).ok_or_else(|| unreadable(&answer)),
            None => Ok(None),
        }
    }

    async fn create(&self, new: &NewIssue) -> Result<FoundIssue, SendError> {
        let mut answer = self.post_issue(new, true).await?;
        let refuses_due = |answer: &Answer| {
            answer.status == StatusCode::BAD_REQUEST
                && answer.json()["errors"].get("duedate").is_some()
        };
        if new.due.is_some() && refuses_due(&answer) {
            answer = self.post_issue(new, false).await?;
        }
        let created = accepted(&answer)?;
        let id = created["id"].as_str().ok_or_else(|| unreadable(&answer))?;
        // The answer to the creation has no status.
        match self.read(id).await {
            Ok(Some(found)) => Ok(found),
            _ => self.found(&created).ok_or_else(|| unreadable(&answer)),
        }
    }

    async fn read(&self, reference: &str) -> Result<Option<FoundIssue>, SendError> {
        let mut url = self.url(&["issue", reference])?;
        url.query_pairs_mut().append_pair("fields", "status");
        let answer = self.send(Request::read(url, MAX_ISSUE_BYTES)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // The issue is deleted only if the project can still be read.
            let project = Request::read(self.url(&["project", &self.project])?, MAX_ISSUE_BYTES);
            return accepted(&self.send(project).await?).map(|_| None);
        }
        let found = accepted(&answer)?;
        self.found(&found).map(Some).ok_or_else(|| unreadable(&answer))
    }
}
