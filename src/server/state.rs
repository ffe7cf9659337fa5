//! What all parts of a running server share.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::{Semaphore, watch};

use super::access_log::Log;
use super::cached_json::Document;
use super::change_feed::Hub;
use super::error::Answer;
use super::group_commit::Gather;
use super::limits::Limits;
use super::metrics::Metrics;
use super::single_flight::Fresh;
use super::tokens::Keys;
use crate::backend::{Backend, BackendError, Search};
use crate::model::directory::Directory;
use crate::model::filter::Filter;
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

/// A search for the first of all open incidents.
pub(super) fn first(limit: u32) -> Search {
    let filter = Filter::default();
    Search { filter, me: None, sort: Sort::Urgent, limit, after: None, now: Utc::now() }
}

/// Shared by all requests.
pub(super) struct Shared {
    pub backend: Arc<dyn Backend>,
    pub keys: Arc<Keys>,
    pub limits: Limits,
    /// Room for bodies of requests, in KiB.
    pub bodies: Arc<Semaphore>,
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

    /// Whether the backend answers. It may be asked often, and by anybody: it is looked at once a
    /// second at most while nothing changes.
    pub(super) async fn answers(&self) -> Answer<()> {
        let page = Page { filter: String::new(), sort: Sort::Urgent, limit: 1, me: None };
        let read = async || Document::of(&self.backend.search(&first(1)).await?);
        self.pages.get(self.hub.moment(), page, read).await.map(drop)
    }

    /// Waits until the server is told to stop.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // Who would tell is gone: then it has stopped.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
