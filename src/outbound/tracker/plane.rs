//! Work items of Plane (<https://developers.plane.so/api-reference/introduction>).
//!
//! A work item has the id of an external system. A second one with the same id is refused, with the
//! id of the first.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderName;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{Access, MAX_ISSUE_BYTES, accepted, issue, refusal, state_name, unreadable};
use super::issue::{FoundIssue, NewIssue, Tracker};
use super::options::TrackerKind;
use super::states::States;
use super::text;
use crate::model::follow_up::FollowUpState;
use crate::outbound::answer::Answer;
use crate::outbound::client::Request;
use crate::outbound::delivery::SendError;

/// The name of the external system.
const SOURCE: &str = "redphone";

/// A project of Plane.
pub(super) struct Plane {
    pub(super) access: Access,
    pub(super) workspace: String,
    pub(super) project: String,
    pub(super) labels: Vec<String>,
    pub(super) states: States,
    pub(super) web_url: Option<Url>,
}

impl Plane {
    /// Returns a URL of the project, with a slash at its end, without which Plane redirects.
    fn project_url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let mut all = vec!["api", "v1", "workspaces", &self.workspace, "projects", &self.project];
        all.extend(parts);
        all.push("");
        self.access.url(&all)
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let token = self.access.token().await?;
        let request = request
            .hiding(token.expose())
            .with_header(HeaderName::from_static("x-api-key"), token.expose())?
            .with_max_answer(MAX_ISSUE_BYTES);
        self.access.send(request).await
    }

    /// Returns where people read a work item.
    fn page(&self, id: &str) -> String {
        let mut url = match &self.web_url {
            Some(url) => url.clone(),
            None => self.access.url.clone(),
        };
        if self.web_url.is_none() {
            if url.host_str() == Some("api.plane.so") {
                // Setting a valid host does not fail: the scheme is a web one.
                url.set_host(Some("app.plane.so")).ok();
            }
            url.set_path("/");
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([&*self.workspace, "projects", &self.project, "issues", id]);
        }
        url.into()
    }

    /// Returns a work item; `None` if it makes no sense.
    fn found(&self, item: &Value) -> Option<FoundIssue> {
        let id = item["id"].as_str()?;
        let number = item["sequence_id"].as_u64();
        let label = match (number, item["project"]["identifier"].as_str()) {
            (Some(number), Some(project)) => format!("{project}-{number}"),
            (Some(number), None) => format!("#{number}"),
            (None, _) => id.to_owned(),
        };
        let state = &item["state"];
        let name = state["name"].as_str().unwrap_or_default();
        let by_group = match state["group"].as_str() {
            Some("started") => FollowUpState::Started,
            Some("completed") => FollowUpState::Done,
            Some("cancelled") => FollowUpState::Dropped,
            _ => FollowUpState::Open,
        };
        Some(FoundIssue {
            issue: issue(id, &label, &self.page(id))?,
            state: self.states.of([name], by_group),
            state_name: state_name(name),
        })
    }
}

#[async_trait]
impl Tracker for Plane {
    fn kind(&self) -> TrackerKind {
        TrackerKind::Plane
    }

    async fn find(&self, item: Uuid, _: DateTime<Utc>) -> Result<Option<FoundIssue>, SendError> {
        let mut url = self.project_url(&["work-items"])?;
        url.query_pairs_mut()
            .append_pair("external_source", SOURCE)
            .append_pair("external_id", &item.to_string());
        let answer = self.send(Request::read(url, MAX_ISSUE_BYTES)).await?;
        // A project that does not exist has the same status; its creation is refused then.
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let found = accepted(&answer)?;
        let id = found["id"].as_str().ok_or_else(|| unreadable(&answer))?;
        self.read(id).await
    }

    async fn create(&self, new: &NewIssue) -> Result<FoundIssue, SendError> {
        let mut body = json!({
            "name": text::title(new),
            "description_html": text::html(new),
            "external_source": SOURCE,
            "external_id": new.item.to_string(),
        });
        if let Some(due) = new.due {
            body["target_date"] = json!(due.to_string());
        }
        if !self.labels.is_empty() {
            body["labels"] = json!(self.labels);
        }
        let answer = self.send(Request::json(self.project_url(&["work-items"])?, &body)).await?;
        let created =
            if answer.status == StatusCode::CONFLICT { answer.json() } else { accepted(&answer)? };
        let id = created["id"].as_str().ok_or_else(|| match answer.status {
            StatusCode::CONFLICT => refusal(&answer),
            _ => unreadable(&answer),
        })?;
        // The answer has neither the name of the state nor that of the project.
        match self.read(id).await {
            Ok(Some(found)) => Ok(found),
            _ => self.found(&created).ok_or_else(|| unreadable(&answer)),
        }
    }

    async fn read(&self, reference: &str) -> Result<Option<FoundIssue>, SendError> {
        let mut url = self.project_url(&["work-items", reference])?;
        url.query_pairs_mut().append_pair("expand", "state,project");
        let answer = self.send(Request::read(url, MAX_ISSUE_BYTES)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // The work item is deleted only if the project can still be read.
            let project = Request::read(self.project_url(&[])?, MAX_ISSUE_BYTES);
            return accepted(&self.send(project).await?).map(|_| None);
        }
        let item = accepted(&answer)?;
        self.found(&item).map(Some).ok_or_else(|| unreadable(&answer))
    }
}
