//! Fetches the API's answers to requests, also through the cache of responses.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::HttpBackend;
use super::client::{ApiRequest, ApiResponse, get_request};
use super::error_response::RequestError;
use super::unusable_response::Unusable;
use crate::backend::{BackendError, List, NoSuchList, Page};

impl HttpBackend {
    /// Fetches the API's answer to a request.
    pub(super) async fn get<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, RequestError> {
        match self.client.call(&request).await? {
            ApiResponse::Json(json, _) => Ok(self.client.decode(&json)?),
            ApiResponse::NotModified => Err(self.unexpected_not_modified().into()),
        }
    }

    /// Fetches like [`Self::get`], but through the cache: a response that has not changed since it
    /// was cached is not sent again. `key` identifies the request in the cache.
    pub(super) async fn get_cached<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        key: String,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, BackendError> {
        let (request_number, cached) = self.cache.start_request(&key);
        let if_none_match = cached.as_ref().map(|cached| &cached.tag);
        let response = self.client.call(&ApiRequest { if_none_match, ..request }).await;
        match (response.map_err(|failure| failure.error)?, cached) {
            (ApiResponse::NotModified, Some(cached)) => self.client.decode(&cached.json),
            (ApiResponse::NotModified, None) => Err(self.unexpected_not_modified()),
            (ApiResponse::Json(json, tag), _) => {
                let value = self.client.decode(&json)?;
                if let Some(tag) = tag {
                    self.cache.insert(key, request_number, tag, &json);
                }
                Ok(value)
            }
        }
    }

    /// Returns the error for a 304 response to a request that sent no tag.
    fn unexpected_not_modified(&self) -> BackendError {
        BackendError::broken(self.client.unusable(Unusable::NotCached))
    }

    /// Fetches a page of a list over all incidents. A server without its route is older than this
    /// program.
    pub(super) async fn get_list<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        list: List,
        path: &'static str,
        query: Q,
    ) -> Result<Page<T>, BackendError> {
        let request = ApiRequest { query: Some(&query), ..get_request(path) };
        match self.get(request).await.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => {
                let host = Some(self.client.host.clone());
                Err(BackendError::not_allowed(NoSuchList { list, host }))
            }
            response => response,
        }
    }
}
