//! The tokens of a server, over its API. Requests need a token of scope `admin`.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::client::{ApiRequest, ChangeRequest};
use super::{HttpBackend, get_request};
use crate::api::path;
use crate::backend::BackendError;
use crate::model::unknown::Entries;

/// A token of a server, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    /// Identifies the token; the part of it that is no secret.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The scope of its use, such as `respond`.
    pub scope: String,
    /// The form in which it is sent: `key` for an integration key, and `None` for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The handle of the person that it acts for; `None` if that is the name, or for a program.
    #[serde(default)]
    pub person: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires; `None` for never.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked; `None` if it was not.
    #[serde(default)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to about a minute; `None` if it never was.
    #[serde(default)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NewAccessToken {
    /// The name for people.
    pub name: String,
    /// The scope of its use, such as `respond`.
    pub scope: String,
    /// The form in which it is sent: `key` for an integration key, and `None` for a token, which
    /// servers without keys create too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The handle of the person that it acts for; `None` for the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// When it expires; `None` for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token that was just created, with its secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct CreatedAccessToken {
    /// The complete token, which the server does not store.
    pub secret: String,
    /// The stored part of it.
    pub token: AccessToken,
}

impl HttpBackend {
    /// Returns all tokens of the server, in the order of their creation.
    ///
    /// # Errors
    /// The server is older than this route, refuses the request or does not answer.
    pub async fn access_tokens(&self) -> Result<Vec<AccessToken>, BackendError> {
        let tokens: Result<Entries<AccessToken>, _> =
            self.get(get_request::<()>(path::TOKENS)).await;
        match tokens.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Err(self.no_administration()),
            tokens => tokens.map(|tokens| tokens.0),
        }
    }

    /// Creates a token. Without an answer it is not known whether the token exists.
    ///
    /// # Errors
    /// As of [`Self::access_tokens`].
    pub async fn create_access_token(
        &self,
        new: &NewAccessToken,
    ) -> Result<CreatedAccessToken, BackendError> {
        let body = Some(serde_json::to_vec(new).map_err(BackendError::broken)?);
        let created = self.get(ApiRequest { body, ..get_request::<()>(path::TOKENS) }).await;
        match created.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Err(self.no_administration()),
            created => created,
        }
    }

    /// Revokes the token with an id.
    ///
    /// # Errors
    /// The same as for [`Self::access_tokens`]; or there is no such token, or it was revoked
    /// before.
    pub async fn revoke_access_token(&self, id: &str) -> Result<AccessToken, BackendError> {
        let change = ChangeRequest { method: Method::DELETE, key: None, expected: None };
        let request =
            ApiRequest { path_value: id, change: Some(change), ..get_request::<()>(path::TOKEN) };
        self.get(request).await.map_err(|failure| failure.error)
    }
}
