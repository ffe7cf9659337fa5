//! What all parts of a running server share.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::{Semaphore, watch};

use super::access_log::LogWriter;
use super::cached_json::CachedJson;
use super::change_feed::ChangeFeed;
use super::error::ApiResult;
use super::group_commit::CommandQueue;
use super::limits::Limits;
use super::metrics::Metrics;
use super::single_flight::SingleFlight;
use super::tokens::TokenRegistry;
use crate::backend::{Backend, BackendError, Search};
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::queue::Sort;

/// What a first page is of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PageKey {
    pub filter: String,
    pub sort: Sort,
    pub limit: u32,
    /// Of whoever asks, where the filter is about them.
    pub me: Option<String>,
}

/// A search for the first of all open incidents.
pub(super) fn open_incidents_search(limit: u32) -> Search {
    let filter = Filter::default();
    Search { filter, me: None, sort: Sort::Urgent, limit, after: None, now: Utc::now() }
}

/// Shared by all requests.
pub(super) struct Shared {
    pub backend: Arc<dyn Backend>,
    pub tokens: Arc<TokenRegistry>,
    pub limits: Limits,
    /// Room for bodies of requests, in KiB.
    pub body_permits: Arc<Semaphore>,
    /// Nothing is written, whatever a token is good for.
    pub read_only: bool,
    pub commands: CommandQueue,
    pub metrics: Arc<Metrics>,
    pub log: LogWriter,
    pub feed: Arc<ChangeFeed>,
    /// First pages, which many look at.
    pub first_pages: SingleFlight<PageKey, Arc<CachedJson>>,
    /// True once the server is about to end.
    pub stopping: watch::Receiver<bool>,
}

impl Shared {
    /// People, teams and services.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        self.feed.directory().await
    }

    /// Whether the backend answers. It may be asked often, and by anybody: it is looked at once a
    /// second at most while nothing changes.
    pub(super) async fn check_backend(&self) -> ApiResult<()> {
        let page = PageKey { filter: String::new(), sort: Sort::Urgent, limit: 1, me: None };
        let read =
            async || CachedJson::encode(&self.backend.search(&open_incidents_search(1)).await?);
        self.first_pages.get(self.feed.epoch(), page, read).await.map(drop)
    }

    /// Waits until the server is told to stop.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // Who would tell is gone: then it has stopped.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
