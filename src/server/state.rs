//! What all parts of a running server share.

use std::sync::Arc;

use tokio::sync::watch;

use super::access_log::Log;
use super::document::Document;
use super::fresh::Fresh;
use super::gather::Gather;
use super::hub::Hub;
use super::limits::Limits;
use super::metrics::Metrics;
use super::tokens::Keys;
use crate::backend::{Backend, BackendError};
use crate::model::directory::Directory;
use crate::model::queue::Sort;

/// What a first page is of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Page {
    pub filter: String,
    pub sort: Sort,
    pub limit: u32,
    /// Of whoever asks, where the filter is about them.
    pub me: Option<String>,
}

/// Shared by all requests.
pub(super) struct Shared {
    pub backend: Arc<dyn Backend>,
    pub keys: Arc<Keys>,
    pub limits: Limits,
    /// Nothing is written, whatever a token is good for.
    pub read_only: bool,
    pub gather: Gather,
    pub metrics: Arc<Metrics>,
    pub log: Log,
    pub hub: Arc<Hub>,
    /// First pages, which many look at.
    pub pages: Fresh<Page, Arc<Document>>,
    /// True once the server is about to end.
    pub stopping: watch::Receiver<bool>,
}

impl Shared {
    /// People, teams and services.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        self.hub.directory().await
    }

    /// Whether the backend answers.
    pub(super) async fn answers(&self) -> Result<(), BackendError> {
        self.backend.capabilities().await.map(drop)
    }

    /// Waits until the server is told to stop.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // Who would tell is gone: then it has stopped.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
