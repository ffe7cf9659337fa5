//! Issues of GitHub (<https://docs.github.com/en/rest/issues/issues>).
//!
//! Nothing refuses a second issue. Each has a comment with the id of its action item, which is looked for
//! in the list of issues: unlike the search of GitHub, it has an issue as soon as that is created.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, HeaderName};
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

/// The number of issues per page, and of pages that are read: the newest come first.
const PAGE: usize = 100;
const MAX_PAGES: usize = 20;

/// A repository of GitHub.
pub(super) struct GitHub {
    pub(super) access: Access,
    /// Owner and name.
    pub(super) project: String,
    pub(super) labels: Vec<String>,
    pub(super) states: States,
}

impl GitHub {
    fn url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let mut all = vec!["repos"];
        all.extend(self.project.split('/'));
        all.extend(parts);
        self.access.url(&all)
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let token = self.access.token().await?;
        let request = request
            .with_bearer(&token)?
            .with_header(ACCEPT, "application/vnd.github+json")?
            .with_header(HeaderName::from_static("x-github-api-version"), "2022-11-28")?;
        self.access.send(request).await
    }

    /// Returns an issue; `None` if it makes no sense.
    fn found(&self, found: &Value) -> Option<FoundIssue> {
        let number = found["number"].as_u64()?;
        let reason = found["state_reason"].as_str().unwrap_or_default();
        let (name, state) = match (found["state"].as_str()?, reason) {
            ("closed", "not_planned") => ("not planned", FollowUpState::Dropped),
            ("closed", "duplicate") => ("duplicate", FollowUpState::Dropped),
            ("closed", _) => ("closed", FollowUpState::Done),
            _ => ("open", FollowUpState::Open),
        };
        let labels = found["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
        let labels = labels.iter().filter_map(|label| label["name"].as_str());
        let reference = number.to_string();
        let label = format!("{}#{number}", self.project);
        Some(FoundIssue {
            issue: issue(&reference, &label, found["html_url"].as_str()?)?,
            // A label is the state of an open issue; a closed one is closed.
            state: match state {
                FollowUpState::Open => self.states.of(labels.chain([name]), state),
                _ => self.states.of([name], state),
            },
            state_name: state_name(name),
        })
    }

    async fn page(&self, since: DateTime<Utc>, page: usize) -> Result<Value, SendError> {
        let mut url = self.url(&["issues"])?;
        url.query_pairs_mut()
            .append_pair("state", "all")
            .append_pair("sort", "created")
            .append_pair("direction", "desc")
            .append_pair("since", &since.format("%Y-%m-%dT%H:%M:%SZ").to_string())
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string());
        accepted(&self.send(Request::read(url, MAX_PAGE_BYTES)).await?)
    }
}

#[async_trait]
impl Tracker for GitHub {
    fn kind(&self) -> TrackerKind {
        TrackerKind::GitHub
    }

    async fn find(
        &self,
        item: Uuid,
        since: DateTime<Utc>,
    ) -> Result<Option<FoundIssue>, SendError> {
        let marker = text::marker(item);
        let has_marker = |issue: &&Value| {
            issue["body"].as_str().is_some_and(|body| body.contains(&format!("<!-- {marker} -->")))
        };
        let created_before = |issue: &Value| {
            let created = issue["created_at"].as_str().and_then(|at| at.parse().ok());
            created.is_some_and(|at: DateTime<Utc>| at < since)
        };
        for page in 1..=MAX_PAGES {
            let issues = self.page(since, page).await?;
            // An answer that is not a list does not mean that there is no issue.
            let issues = issues.as_array().map(Vec::as_slice).ok_or_else(|| {
                SendError::temporary("GitHub gives a list of issues that can't be understood")
            })?;
            if let Some(found) = issues.iter().find(has_marker) {
                return self.found(found).map(Some).ok_or_else(|| {
                    SendError::temporary("GitHub gives an issue that can't be understood")
                });
            }
            if issues.len() < PAGE || issues.last().is_some_and(created_before) {
                break;
            }
        }
        Ok(None)
    }

    async fn create(&self, new: &NewIssue) -> Result<FoundIssue, SendError> {
        let mut body = json!({"title": text::title(new), "body": text::markdown(new)});
        if !self.labels.is_empty() {
            body["labels"] = json!(self.labels);
        }
        let request = Request::json(self.url(&["issues"])?, &body);
        let answer = self.send(request.with_max_answer(MAX_ISSUE_BYTES)).await?;
        let created = accepted(&answer)?;
        self.found(&created).ok_or_else(|| unreadable(&answer))
    }

    async fn read(&self, reference: &str) -> Result<Option<FoundIssue>, SendError> {
        let url = self.url(&["issues", reference])?;
        let answer = self.send(Request::read(url, MAX_ISSUE_BYTES)).await?;
        // The API redirects to an issue that was moved to another repository.
        let is_absent = matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE)
            || answer.status.is_redirection();
        if is_absent {
            // The issue is deleted only if the repository can still be read.
            let project = Request::read(self.url(&[])?, MAX_ISSUE_BYTES);
            return accepted(&self.send(project).await?).map(|_| None);
        }
        let found = accepted(&answer)?;
        self.found(&found).map(Some).ok_or_else(|| unreadable(&answer))
    }
}
