//! Systems with status pages of their own, to which public updates are published.
//!
//! Neither of them recognizes a request that comes again. So whoever publishes looks for what may have
//! arrived before it is sent again: an incident by its mark, an update by its text and status.

mod cachet;
mod statuspage;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::answer::Answer;
use super::client::Client;
use super::delivery::SendError;
use super::secret::CachedSecret;
use crate::model::status_page::{ComponentState, Post, PublicIncident};

/// The kind of a system to which public updates are published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublisherKind {
    /// Atlassian Statuspage.
    Statuspage,
    /// Cachet 3.
    Cachet,
}

impl PublisherKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Statuspage, Self::Cachet];

    /// Returns the text of the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statuspage => "statuspage",
            Self::Cachet => "cachet",
        }
    }
}

/// What the settings say about such a system, without its kind and its secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PublisherOptions {
    /// The base URL of its API; `None` for the one that the kind has.
    pub url: Option<Url>,
    /// The id of the page there.
    pub page: Option<String>,
    /// The ids of the components there, by the names of services.
    pub components: BTreeMap<String, String>,
    /// Whether the subscribers there are notified.
    pub notify: bool,
}

/// A public update that is published, with what it says about components.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The incident.
    pub incident: &'a PublicIncident,
    /// The update.
    pub post: &'a Post,
    /// The ids of the affected components there, with their states after the update.
    pub components: &'a [(String, ComponentState)],
}

/// A system to which public updates are published.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Returns the ids that services have there.
    fn components(&self) -> &BTreeMap<String, String>;

    /// Finds an incident that may have been created, by its first update; `None` if it was not.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn find(&self, publication: Publication<'_>) -> Result<Option<String>, SendError>;

    /// Creates an incident with its first update, and returns its id there.
    ///
    /// # Errors
    /// The system does not answer, or refuses. It may have been created if that is uncertain.
    async fn create(&self, publication: Publication<'_>) -> Result<String, SendError>;

    /// Returns whether an incident has an update already.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn has(&self, id: &str, publication: Publication<'_>) -> Result<bool, SendError>;

    /// Adds an update to an incident.
    ///
    /// # Errors
    /// The system does not answer, or refuses. It may have been added if that is uncertain.
    async fn add(&self, id: &str, publication: Publication<'_>) -> Result<(), SendError>;
}

/// Why a system can't be published to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublisherProblem {
    /// Its address is not set.
    #[error("url is missing")]
    NoUrl,
    /// Its page is not set.
    #[error("page is missing")]
    NoPage,
}

/// Makes what publishes to a system. Nothing is connected yet.
///
/// # Errors
/// [`PublisherProblem`] names the setting that is missing.
pub fn build(
    kind: PublisherKind,
    options: PublisherOptions,
    secret: CachedSecret,
    client: &Arc<Client>,
) -> Result<Arc<dyn Publisher>, PublisherProblem> {
    let client = Arc::clone(client);
    Ok(match kind {
        PublisherKind::Statuspage => {
            let page = options.page.clone().ok_or(PublisherProblem::NoPage)?;
            Arc::new(statuspage::Statuspage { client, options, page, secret })
        }
        PublisherKind::Cachet => {
            let url = options.url.clone().ok_or(PublisherProblem::NoUrl)?;
            Arc::new(cachet::Cachet { client, options, url, secret })
        }
    })
}

/// Returns a URL with more parts of its path.
fn url_below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

/// Returns the answer if it was accepted. After a refusal of the secret, that is read again.
async fn accepted(answer: Answer, secret: &CachedSecret) -> Result<Answer, SendError> {
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        secret.forget().await;
    }
    // Some say that there are too many requests by a status that nobody else uses.
    if answer.status.as_u16() == 420 {
        let retry_after = answer.retry_after;
        let reason = format!("{} accepts no more updates for now (420)", answer.host);
        return Err(SendError::Temporary { reason, retry_after });
    }
    answer.accepted()
}

/// Returns an id of JSON, which is a text or a number.
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Returns whether two texts are the same, but for blanks: other systems change line ends.
fn is_same_text(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}
