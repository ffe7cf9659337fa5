//! Atlassian Statuspage (<https://developer.statuspage.io/>).
//!
//! An incident is recognized by its metadata. A token may be used once a second; 420 and 429 mean
//! that it was used too often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};

use super::system::{
    Publication, Publisher, PublisherOptions, ScheduledWork, accepted, accepted_or_removed, id_of,
    is_same_text, url_below,
};
use crate::model::status_page::{MaintenanceState, PublicIncident};
use crate::outbound::answer::Answer;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::SendError;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

const DEFAULT_URL: &str = "https://api.statuspage.io";
/// The longest text of an update, in characters.
const MAX_TEXT: usize = 25_000;
/// The longest name of an incident, in characters.
const MAX_NAME: usize = 200;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How many pages of incidents are searched, each with 100.
const MAX_PAGES: u32 = 3;

/// A page of Statuspage.
pub(super) struct Statuspage {
    pub(super) client: Arc<Client>,
    pub(super) options: PublisherOptions,
    /// The id of the page.
    pub(super) page: String,
    /// The key of the API.
    pub(super) secret: CachedSecret,
}

impl Statuspage {
    fn url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let base = match &self.options.url {
            Some(url) => url.clone(),
            None => DEFAULT_URL
                .parse()
                .map_err(|_| SendError::permanent("the URL of Statuspage can't be read"))?,
        };
        let page = ["v1", "pages", self.page.as_str(), "incidents"];
        Ok(url_below(&base, &[&page[..], parts].concat()))
    }

    async fn exchange(&self, request: Request) -> Result<Answer, SendError> {
        let key = self.secret.get().await?;
        let value = format!("OAuth {}", key.expose());
        let request = request.hiding(key.expose()).with_header(AUTHORIZATION, &value)?;
        self.client.send(request).await
    }

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        accepted(self.exchange(request).await?, &self.secret).await
    }

    async fn read(&self, url: Url) -> Result<Value, SendError> {
        let answer = self.send(Request::read(url, MAX_ANSWER)).await?;
        let value = answer.json();
        if value.is_null() {
            let problem = format!("{} answers with what is no JSON", answer.host);
            return Err(SendError::temporary(problem));
        }
        Ok(value)
    }

    /// Finds the entry with a mark in its metadata, among the last ones of a list.
    async fn find_marked(
        &self,
        list: &[&str],
        kind: &str,
        mark: &str,
    ) -> Result<Option<String>, SendError> {
        for page in 1..=MAX_PAGES {
            let mut url = self.url(list)?;
            url.query_pairs_mut()
                .append_pair("limit", "100")
                .append_pair("page", &page.to_string());
            let found = self.read(url).await?;
            let entries = found.as_array().map(Vec::as_slice).unwrap_or_default();
            let is_it = |entry: &&Value| entry["metadata"]["redphone"][kind].as_str() == Some(mark);
            if let Some(entry) = entries.iter().find(is_it) {
                return Ok(id_of(&entry["id"]));
            }
            if entries.len() < 100 {
                break;
            }
        }
        Ok(None)
    }

    /// Returns a maintenance in the format of Statuspage, without the fields of a new one.
    fn maintenance(&self, work: ScheduledWork<'_>) -> Value {
        json!({
            "name": text::cut(work.name, MAX_NAME, text::chars),
            "status": work.state.as_str(),
            "scheduled_for": time(work.from),
            "scheduled_until": time(work.until),
            "component_ids": work.components,
            "deliver_notifications": self.options.notify,
        })
    }

    /// Returns the fields of a maintenance to change; `None` if it shows the same already.
    fn correction(&self, before: &Value, work: ScheduledWork<'_>) -> Option<Value> {
        let mut change = self.maintenance(work);
        let is_same = |field: &str| before[field] == change[field];
        if work.state == MaintenanceState::Completed {
            // The times of one that has ended stay as they were.
            return (!is_same("status")).then(|| {
                json!({
                    "status": work.state.as_str(),
                    "deliver_notifications": self.options.notify,
                })
            });
        }
        let body = text::cut(work.text, MAX_TEXT, text::chars);
        let updates = before["incident_updates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has_text = updates
            .iter()
            .any(|update| update["body"].as_str().is_some_and(|found| is_same_text(found, &body)));
        let is_same_time = |field: &str, at: DateTime<Utc>| {
            let found = before[field].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
            found.is_some_and(|found| found.timestamp() == at.timestamp())
        };
        let has_components = before["components"].as_array().is_none_or(|components| {
            let ids = components.iter().filter_map(|component| component["id"].as_str());
            ids.collect::<BTreeSet<_>>() == work.components.iter().map(String::as_str).collect()
        });
        let is_shown = has_text
            && has_components
            && is_same("name")
            && is_same("status")
            && is_same_time("scheduled_for", work.from)
            && is_same_time("scheduled_until", work.until);
        // Each text that is sent would add another update.
        if !has_text {
            change["body"] = json!(body);
        }
        (!is_shown).then_some(change)
    }

    fn update(&self, publication: Publication<'_>) -> Value {
        let Publication { incident, post, components } = publication;
        let states: BTreeMap<&str, &str> =
            components.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
        let ids: Vec<&str> = states.keys().copied().collect();
        json!({
            "name": name(incident),
            "status": post.status.as_str(),
            "impact_override": incident.harm.as_str(),
            "body": body(publication),
            "component_ids": ids,
            "components": states,
            "deliver_notifications": self.options.notify,
        })
    }
}

fn name(incident: &PublicIncident) -> String {
    text::cut(&incident.name, MAX_NAME, text::chars)
}

fn body(publication: Publication<'_>) -> String {
    text::cut(&publication.post.text, MAX_TEXT, text::chars)
}

#[async_trait]
impl Publisher for Statuspage {
    fn components(&self) -> &BTreeMap<String, String> {
        &self.options.components
    }

    async fn find(&self, publication: Publication<'_>) -> Result<Option<String>, SendError> {
        self.find_marked(&[], "incident", &publication.incident.id).await
    }

    fn finds_by_update(&self) -> bool {
        false
    }

    async fn create(&self, publication: Publication<'_>) -> Result<String, SendError> {
        let mut incident = self.update(publication);
        incident["metadata"] = json!({ "redphone": { "incident": publication.incident.id } });
        let request = Request::json(self.url(&[])?, &json!({ "incident": incident }));
        let answer = self.send(request).await?;
        id_of(&answer.json()["id"]).ok_or_else(|| {
            SendError::uncertain(format!("{} does not say which incident it made", answer.host))
        })
    }

    async fn has(&self, id: &str, publication: Publication<'_>) -> Result<bool, SendError> {
        let incident = self.read(self.url(&[id])?).await?;
        let updates = incident["incident_updates"].as_array();
        let text = body(publication);
        let is_it = |update: &Value| {
            update["status"].as_str() == Some(publication.post.status.as_str())
                && update["body"].as_str().is_some_and(|body| is_same_text(body, &text))
        };
        Ok(updates.is_some_and(|updates| updates.iter().any(is_it)))
    }

    async fn add(&self, id: &str, publication: Publication<'_>) -> Result<(), SendError> {
        let body = json!({ "incident": self.update(publication) }).to_string();
        let (url, json) = (self.url(&[id])?, "application/json");
        self.send(Request::new(Method::PATCH, url, json, body.into_bytes())).await.map(drop)
    }

    fn updates_have_names(&self) -> bool {
        true
    }

    async fn rename(&self, id: &str, incident: &PublicIncident) -> Result<(), SendError> {
        // Nobody is notified of a name alone.
        let incident = json!({ "name": name(incident), "deliver_notifications": false });
        let body = json!({ "incident": incident }).to_string().into_bytes();
        let request = Request::new(Method::PATCH, self.url(&[id])?, "application/json", body);
        accepted_or_removed(self.exchange(request).await?, &self.secret).await
    }

    async fn find_work(&self, work: ScheduledWork<'_>) -> Result<Option<String>, SendError> {
        // Which list has it depends on whether it has begun.
        match self.find_marked(&["scheduled"], "maintenance", work.mark).await? {
            Some(id) => Ok(Some(id)),
            None => self.find_marked(&[], "maintenance", work.mark).await,
        }
    }

    async fn announce(&self, work: ScheduledWork<'_>) -> Result<String, SendError> {
        let mut incident = self.maintenance(work);
        let notify = self.options.notify;
        let further = json!({
            "body": text::cut(work.text, MAX_TEXT, text::chars),
            "metadata": { "redphone": { "maintenance": work.mark } },
            // It begins and ends at its times.
            "scheduled_auto_in_progress": true,
            "scheduled_auto_completed": true,
            "auto_transition_to_maintenance_state": true,
            "auto_transition_to_operational_state": true,
            "auto_transition_deliver_notifications_at_start": notify,
            "auto_transition_deliver_notifications_at_end": notify,
            "scheduled_remind_prior": notify,
        });
        if let (Some(fields), Value::Object(further)) = (incident.as_object_mut(), further) {
            fields.extend(further);
        }
        let request = Request::json(self.url(&[])?, &json!({ "incident": incident }));
        let answer = self.send(request).await?;
        id_of(&answer.json()["id"]).ok_or_else(|| {
            SendError::uncertain(format!("{} does not say which maintenance it made", answer.host))
        })
    }

    async fn correct(&self, id: &str, work: ScheduledWork<'_>) -> Result<(), SendError> {
        let url = self.url(&[id])?;
        let answer = self.exchange(Request::read(url.clone(), MAX_ANSWER)).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(());
        }
        let before = accepted(answer, &self.secret).await?.json();
        let Some(change) = self.correction(&before, work) else { return Ok(()) };
        let body = json!({ "incident": change }).to_string().into_bytes();
        let request = Request::new(Method::PATCH, url, "application/json", body);
        accepted_or_removed(self.exchange(request).await?, &self.secret).await
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
