//! Atlassian Statuspage (<https://developer.statuspage.io/>).
//!
//! An incident is recognized by its metadata. A token may be used once a second; 420 and 429 say that it
//! was used too often.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::system::{
    Publication, Publisher, PublisherOptions, accepted, id_of, is_same_text, url_below,
};
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

    async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let key = self.secret.get().await?;
        let value = format!("OAuth {}", key.expose());
        let request = request.hiding(key.expose()).with_header(AUTHORIZATION, &value)?;
        accepted(self.client.send(request).await?, &self.secret).await
    }

    async fn read(&self, url: Url) -> Result<Value, SendError> {
        let answer = self.send(Request::get(url, "application/json", MAX_ANSWER)).await?;
        let value = answer.json();
        if value.is_null() {
            let problem = format!("{} answers with what is no JSON", answer.host);
            return Err(SendError::temporary(problem));
        }
        Ok(value)
    }

    fn update(&self, publication: Publication<'_>) -> Value {
        let Publication { incident, post, components } = publication;
        let states: BTreeMap<&str, &str> =
            components.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
        let ids: Vec<&str> = states.keys().copied().collect();
        json!({
            "status": post.status.as_str(),
            "impact_override": incident.harm.as_str(),
            "body": body(publication),
            "component_ids": ids,
            "components": states,
            "deliver_notifications": self.options.notify,
        })
    }
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
        for page in 1..=MAX_PAGES {
            let mut url = self.url(&[])?;
            url.query_pairs_mut()
                .append_pair("limit", "100")
                .append_pair("page", &page.to_string());
            let found = self.read(url).await?;
            let incidents = found.as_array().map(Vec::as_slice).unwrap_or_default();
            let is_it = |incident: &&Value| {
                let mark = &incident["metadata"]["redphone"]["incident"];
                mark.as_str() == Some(publication.incident.id.as_str())
            };
            if let Some(incident) = incidents.iter().find(is_it) {
                return Ok(id_of(&incident["id"]));
            }
            if incidents.len() < 100 {
                break;
            }
        }
        Ok(None)
    }

    async fn create(&self, publication: Publication<'_>) -> Result<String, SendError> {
        let mut incident = self.update(publication);
        incident["name"] = json!(text::cut(&publication.incident.name, MAX_NAME, text::chars));
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
}
