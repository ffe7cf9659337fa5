//! The operations of every system to which public updates are published.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::model::status_page::{ComponentState, MaintenanceState, Post, PublicIncident};
use crate::outbound::answer::Answer;
use crate::outbound::delivery::SendError;
use crate::outbound::secret::CachedSecret;

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

/// The settings of such a system, without its kind and its secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PublisherOptions {
    /// The base URL of its API; `None` for the one that the kind has.
    pub url: Option<Url>,
    /// The id of the page in the system.
    pub page: Option<String>,
    /// The ids of the components in the system, by the names of services.
    pub components: BTreeMap<String, String>,
    /// Whether the subscribers of the page are notified.
    pub notify: bool,
}

/// A public update, with its states of components.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The incident.
    pub incident: &'a PublicIncident,
    /// The update.
    pub post: &'a Post,
    /// The ids of the affected components in the system, with their states after the update.
    pub components: &'a [(String, ComponentState)],
}

/// A maintenance window in one of its occurrences, to be shown by a system.
#[derive(Clone, Copy, Debug)]
pub struct ScheduledWork<'a> {
    /// Its identity; it reveals nothing of the record.
    pub mark: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The public text.
    pub text: &'a str,
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// The ids of the affected components in the system.
    pub components: &'a [String],
    /// Whether it has begun, or was ended.
    pub state: MaintenanceState,
}

/// A system to which public updates are published.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Returns the ids of services in the system.
    fn components(&self) -> &BTreeMap<String, String>;

    /// Finds an incident that may have been created, by its first update; `None` if it was not.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn find(&self, publication: Publication<'_>) -> Result<Option<String>, SendError>;

    /// Returns whether incidents are found by their first update, so that one that is found has it.
    fn finds_by_update(&self) -> bool;

    /// Creates an incident with its first update, and returns its id in the system.
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

    /// Changes the name of an incident, without an update. One that no longer exists in the system is not
    /// created again.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn rename(&self, id: &str, incident: &PublicIncident) -> Result<(), SendError>;

    /// Returns whether an update that is added also sets the name of its incident.
    fn updates_have_names(&self) -> bool;

    /// Finds a maintenance that may have been announced; `None` if it was not.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn find_work(&self, work: ScheduledWork<'_>) -> Result<Option<String>, SendError>;

    /// Announces a maintenance, which begins and ends automatically in the system, and returns its
    /// id there.
    ///
    /// # Errors
    /// The system does not answer, or refuses. It may have been announced if that is uncertain.
    async fn announce(&self, work: ScheduledWork<'_>) -> Result<String, SendError>;

    /// Corrects the content of a maintenance, or ends it, unless it shows the same already. One
    /// that no longer exists in the system is not created again.
    ///
    /// # Errors
    /// The system does not answer, or refuses.
    async fn correct(&self, id: &str, work: ScheduledWork<'_>) -> Result<(), SendError>;
}

/// Returns a URL with more parts of its path.
pub(super) fn url_below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

/// Returns the answer if it was accepted. After a refusal of the secret, that is read again.
pub(super) async fn accepted(answer: Answer, secret: &CachedSecret) -> Result<Answer, SendError> {
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        secret.forget().await;
    }
    // Some report too many requests by a non-standard status.
    if answer.status.as_u16() == 420 {
        let retry_after = answer.retry_after;
        let reason = format!("{} accepts no more updates for now (420)", answer.host);
        return Err(SendError::Temporary { reason, retry_after });
    }
    answer.accepted()
}

/// Returns an id of JSON, which is a text or a number.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Returns whether two texts are the same, but for blanks: other systems change line ends.
pub(super) fn is_same_text(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// As [`accepted`], for a change of an object that may have been removed in the system, which is no
/// failure.
pub(super) async fn accepted_or_removed(
    answer: Answer,
    secret: &CachedSecret,
) -> Result<(), SendError> {
    if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        return Ok(());
    }
    accepted(answer, secret).await.map(drop)
}
