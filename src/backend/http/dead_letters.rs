//! Messages of alerts over the API: those that could not be understood, and those that are sent.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::{ApiRequest, ChangeRequest};
use super::{HttpBackend, get_request};
use crate::api::{path, query};
use crate::backend::dead_letters::ReplayedLetter;
use crate::backend::{
    BackendError, DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch, IngestOutcome,
    NoDeadLetters,
};
use crate::model::change::Change;

/// The path of a receiver, by its name.
const RECEIVER: &str = "/v1/ingest/{name}";

/// The answer of receivers: the outcome of a message with one group of alerts, or of each group.
#[derive(Deserialize)]
#[serde(untagged)]
enum Received {
    Each {
        outcomes: Vec<IngestOutcome>,
        #[serde(default)]
        changes: Vec<Change>,
    },
    One(IngestOutcome),
}

/// The result of a message that was sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SentMessage {
    /// The results of each group of alerts.
    pub outcomes: Vec<IngestOutcome>,
    /// The changes that it reports, as they are recorded then.
    pub changes: Vec<Change>,
}

impl HttpBackend {
    /// Sends a message to a receiver of the server, and returns its result.
    ///
    /// # Errors
    /// There is no such receiver, it does not understand the message, or the server does not answer.
    pub async fn send_message(
        &self,
        name: &str,
        message: Vec<u8>,
    ) -> Result<SentMessage, BackendError> {
        let request =
            ApiRequest { path_value: name, body: Some(message), ..get_request::<()>(RECEIVER) };
        let received: Received = self.get(request).await.map_err(|failure| failure.error)?;
        Ok(match received {
            Received::Each { outcomes, changes } => SentMessage { outcomes, changes },
            Received::One(outcome) => SentMessage { outcomes: vec![outcome], changes: Vec::new() },
        })
    }

    /// Lets the server read a message again that could not be understood.
    ///
    /// # Errors
    /// There is no such message, it still can't be understood, or the server does not answer.
    pub async fn replay_dead_letter(&self, number: u64) -> Result<ReplayedLetter, BackendError> {
        self.change_letter(path::REPLAY_DEAD_LETTER, number, Method::POST).await
    }

    /// Fetches the messages that could not be understood.
    pub(super) async fn fetch_dead_letters(
        &self,
        search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        let query = query::DeadLetters { limit: Some(search.limit), before: search.before };
        let request = ApiRequest { query: Some(&query), ..get_request(path::DEAD_LETTERS) };
        match self.get(request).await.map_err(|failure| failure.error) {
            // The server is older than this route.
            Err(BackendError::NotFound(_)) => Err(BackendError::not_allowed(NoDeadLetters)),
            response => response,
        }
    }

    /// Removes one of them.
    pub(super) async fn delete_dead_letter(&self, number: u64) -> Result<DeadLetter, BackendError> {
        self.change_letter(path::DEAD_LETTER, number, Method::DELETE).await
    }

    /// Fetches one of them.
    pub(super) async fn fetch_dead_letter(
        &self,
        number: u64,
    ) -> Result<DeadLetterMessage, BackendError> {
        let number = number.to_string();
        let request = ApiRequest { path_value: &number, ..get_request::<()>(path::DEAD_LETTER) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    async fn change_letter<T: DeserializeOwned>(
        &self,
        path: &'static str,
        number: u64,
        method: Method,
    ) -> Result<T, BackendError> {
        let number = number.to_string();
        let change = ChangeRequest { method, key: None, expected: None };
        let request =
            ApiRequest { path_value: &number, change: Some(change), ..get_request::<()>(path) };
        self.get(request).await.map_err(|failure| failure.error)
    }
}
