//! Maintenance windows over the API.

use reqwest::Method;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::client::{ApiRequest, ChangeRequest};
use super::{HttpBackend, get_request};
use crate::api::{path, query};
use crate::backend::{BackendError, NoMaintenance};
use crate::model::maintenance::{
    MaintenanceChange, MaintenancePreview, MaintenanceRequest, MaintenanceSearch,
    MaintenanceWindow, MutedEntry, MutedSearch, NewWindow,
};
use crate::model::unknown::Entries;

impl HttpBackend {
    pub(super) async fn fetch_maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        let query = query::Maintenance { ended: search.ended, limit: Some(search.limit) };
        let request = ApiRequest { query: Some(&query), ..get_request(path::MAINTENANCE) };
        let windows: Result<Entries<MaintenanceWindow>, _> = self.get(request).await;
        older(windows.map_err(|failure| failure.error)).map(|windows| windows.0)
    }

    pub(super) async fn fetch_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        let id = id.to_string();
        let request = ApiRequest { path_value: &id, ..get_request::<()>(path::MAINTENANCE_WINDOW) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    /// Sends a change. The id of a new window is the key by which it is created once; the server
    /// derives the id of the window from it.
    pub(super) async fn send_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        let id = request.id.to_string();
        let revision = query::Revision { revision: request.expected };
        match &request.change {
            MaintenanceChange::Create(new) => {
                let change = ChangeRequest { method: Method::POST, key: Some(id), expected: None };
                older(self.send_window(path::MAINTENANCE, "", change, None, Some(new)).await)
            }
            MaintenanceChange::Change(new) => {
                let change = ChangeRequest { method: Method::PUT, key: None, expected: None };
                let path = path::MAINTENANCE_WINDOW;
                self.send_window(path, &id, change, Some(&revision), Some(new)).await
            }
            MaintenanceChange::End => {
                let change = ChangeRequest { method: Method::DELETE, key: None, expected: None };
                let path = path::MAINTENANCE_WINDOW;
                self.send_window(path, &id, change, Some(&revision), None).await
            }
        }
    }

    pub(super) async fn fetch_preview(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        let change = ChangeRequest { method: Method::POST, key: None, expected: None };
        older(self.send_window(path::MAINTENANCE_PREVIEW, "", change, None, Some(window)).await)
    }

    pub(super) async fn fetch_muted(
        &self,
        search: &MutedSearch,
    ) -> Result<Vec<MutedEntry>, BackendError> {
        let query = query::Muted { window: search.window, limit: Some(search.limit) };
        let request = ApiRequest { query: Some(&query), ..get_request(path::MUTED) };
        let entries: Result<Entries<MutedEntry>, _> = self.get(request).await;
        older(entries.map_err(|failure| failure.error)).map(|entries| entries.0)
    }

    async fn send_window<T: DeserializeOwned>(
        &self,
        path: &'static str,
        id: &str,
        change: ChangeRequest,
        query: Option<&query::Revision>,
        window: Option<&NewWindow>,
    ) -> Result<T, BackendError> {
        let body = window.map(serde_json::to_vec).transpose().map_err(BackendError::broken)?;
        let request =
            ApiRequest { path_value: id, query, body, change: Some(change), ..get_request(path) };
        self.get(request).await.map_err(|failure| failure.error)
    }
}

/// Recognizes a path that an older server does not have.
fn older<T>(response: Result<T, BackendError>) -> Result<T, BackendError> {
    match response {
        Err(BackendError::NotFound(_)) => Err(BackendError::not_allowed(NoMaintenance)),
        response => response,
    }
}
