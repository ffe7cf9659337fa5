//! Cachet 3 (<https://docs.cachethq.io/>).
//!
//! Its incidents have no field for a mark, so they are recognized by their name and first message.
//! An update does not set the states of components there: they are set after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::system::{
    Publication, Publisher, PublisherOptions, ScheduledWork, accepted, accepted_or_removed, id_of,
    is_same_text, url_below,
};
use crate::model::status_page::{ComponentState, PublicIncident, PublicStatus};
use crate::outbound::answer::Answer;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::SendError;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// The longest name of an incident, in characters.
const MAX_NAME: usize = 255;
/// The longest message, in characters.
const MAX_TEXT: usize = 20_000;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// A Cachet.
pub(super) struct Cachet {
    pub(super) client: Arc<Client>,
    pub(super) options: PublisherOptions,
    /// The address of Cachet, without `/api`.
    pub(super) url: Url,
    /// The token of the API.
    pub(super) secret: CachedSecret,
}

fn status(status: PublicStatus) -> u8 {
    match status {
        PublicStatus::Investigating => 1,
        PublicStatus::Identified => 2,
        PublicStatus::Monitoring => 3,
        PublicStatus::Resolved => 4,
    }
}

fn component_status(state: ComponentState) -> u8 {
    match state {
        ComponentState::Operational => 1,
        ComponentState::Degraded => 2,
        ComponentState::PartialOutage => 3,
        ComponentState::MajorOutage => 4,
        ComponentState::Maintenance => 6,
    }
}

fn message(publication: Publication<'_>) -> String {
    text::cut(&publication.post.text, MAX_TEXT, text::chars)
}

fn name(incident: &PublicIncident) -> String {
    text::cut(&incident.name, MAX_NAME, text::chars)
}

impl Cachet {
    fn url(&self, parts: &[&str]) -> Url {
        url_below(&self.url, &[&["api"][..], parts].concat())
    }

    async fn exchange(&self, request: Request) -> Result<Answer, SendError> {
        let token = self.secret.get().await?;
        self.client.send(request.with_bearer(&token)?).await
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        accepted(self.exchange(request).await?, &self.secret).await
    }

    /// Reads the last entries of a list in an order that this list has.
    async fn read(&self, mut url: Url, sort: &str) -> Result<Vec<Value>, SendError> {
        url.query_pairs_mut().append_pair("per_page", "50").append_pair("sort", sort);
        let answer = self.send(Request::read(url, MAX_ANSWER)).await?;
        match answer.json()["data"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Err(SendError::temporary(format!("{} answers without a list", answer.host))),
        }
    }

    /// Sets the states of the affected components.
    async fn set_components(&self, publication: Publication<'_>) -> Result<(), SendError> {
        for (id, state) in publication.components {
            let body = json!({ "status": component_status(*state) }).to_string().into_bytes();
            let url = self.url(&["components", id]);
            self.send(Request::new(Method::PUT, url, "application/json", body)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Publisher for Cachet {
    fn components(&self) -> &BTreeMap<String, String> {
        &self.options.components
    }

    async fn find(&self, publication: Publication<'_>) -> Result<Option<String>, SendError> {
        let (name, message) = (name(publication.incident), message(publication));
        let incidents = self.read(self.url(&["incidents"]), "-id").await?;
        let found = incidents.iter().find(|incident| {
            let attributes = &incident["attributes"];
            let is = |field: &str, text: &str| {
                attributes[field].as_str().is_some_and(|found| is_same_text(found, text))
            };
            is("name", &name) && is("message", &message)
        });
        Ok(found.and_then(|incident| id_of(&incident["id"])))
    }

    fn finds_by_update(&self) -> bool {
        true
    }

    async fn create(&self, publication: Publication<'_>) -> Result<String, SendError> {
        let components: Vec<Value> = publication
            .components
            .iter()
            .map(|(id, state)| json!({ "id": id, "status": component_status(*state) }))
            .collect();
        let mut incident = json!({
            "name": name(publication.incident),
            "status": status(publication.post.status),
            "message": message(publication),
            // For everybody: 1 in the present version, a truth in the ones before.
            "visible": 1,
            "notifications": self.options.notify,
            "occurred_at": publication.post.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        if !components.is_empty() {
            incident["components"] = json!(components);
        }
        let answer = self.send(Request::json(self.url(&["incidents"]), &incident)).await?;
        let id = id_of(&answer.json()["data"]["id"]).ok_or_else(|| {
            SendError::uncertain(format!("{} does not say which incident it made", answer.host))
        })?;
        Ok(id)
    }

    async fn has(&self, id: &str, publication: Publication<'_>) -> Result<bool, SendError> {
        let text = message(publication);
        let updates = self.read(self.url(&["incidents", id, "updates"]), "-created_at").await?;
        let found = updates.iter().any(|update| {
            let attributes = &update["attributes"];
            let is_status = attributes["status"]["value"] == json!(status(publication.post.status));
            let found = attributes["message"].as_str();
            is_status && found.is_some_and(|message| is_same_text(message, &text))
        });
        if found {
            // The answer was lost before the components were set.
            self.set_components(publication).await?;
        }
        Ok(found)
    }

    async fn add(&self, id: &str, publication: Publication<'_>) -> Result<(), SendError> {
        let update = json!({
            "status": status(publication.post.status),
            "message": message(publication),
        });
        let url = self.url(&["incidents", id, "updates"]);
        self.send(Request::json(url, &update)).await?;
        self.set_components(publication).await
    }

    fn updates_have_names(&self) -> bool {
        false
    }

    async fn rename(&self, id: &str, incident: &PublicIncident) -> Result<(), SendError> {
        let body = json!({ "name": name(incident) }).to_string().into_bytes();
        let request =
            Request::new(Method::PUT, self.url(&["incidents", id]), "application/json", body);
        accepted_or_removed(self.exchange(request).await?, &self.secret).await
    }

    async fn find_work(&self, work: ScheduledWork<'_>) -> Result<Option<String>, SendError> {
        let schedules = self.read(self.url(&["schedules"]), "-id").await?;
        let found = schedules.iter().find(|schedule| shows(schedule, work));
        Ok(found.and_then(|schedule| id_of(&schedule["id"])))
    }

    async fn announce(&self, work: ScheduledWork<'_>) -> Result<String, SendError> {
        let answer = self.send(Request::json(self.url(&["schedules"]), &schedule(work))).await?;
        id_of(&answer.json()["data"]["id"]).ok_or_else(|| {
            SendError::uncertain(format!("{} does not say which maintenance it made", answer.host))
        })
    }

    async fn correct(&self, id: &str, work: ScheduledWork<'_>) -> Result<(), SendError> {
        let body = schedule(work).to_string().into_bytes();
        let url = self.url(&["schedules", id]);
        let request = Request::new(Method::PUT, url, "application/json", body);
        accepted_or_removed(self.exchange(request).await?, &self.secret).await
    }
}

/// Returns a schedule in the format of Cachet, which has a time without a zone: that of its
/// settings, by default UTC.
fn schedule(work: ScheduledWork<'_>) -> Value {
    let components: Vec<Value> = work
        .components
        .iter()
        .map(|id| json!({ "id": id, "status": component_status(ComponentState::Maintenance) }))
        .collect();
    let mut schedule = json!({
        "name": text::cut(work.name, MAX_NAME, text::chars),
        "message": text::cut(work.text, MAX_TEXT, text::chars),
        "scheduled_at": time(work.from),
        "completed_at": time(work.until),
    });
    if !components.is_empty() {
        schedule["components"] = json!(components);
    }
    schedule
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns whether a schedule of a list is that of a maintenance.
fn shows(schedule: &Value, work: ScheduledWork<'_>) -> bool {
    let attributes = &schedule["attributes"];
    let is = |field: &str, text: &str, max: usize| {
        let text = text::cut(text, max, text::chars);
        attributes[field].as_str().is_some_and(|found| is_same_text(found, &text))
    };
    is("name", work.name, MAX_NAME)
        && is("message", work.text, MAX_TEXT)
        && attributes["scheduled"]["string"] == json!(time(work.from))
}
