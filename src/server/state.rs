//! State that all parts of a running server share.

use std::sync::Arc;

use axum::http::HeaderValue;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};

use super::access_log::LogWriter;
use super::cached_json::CachedJson;
use super::calendar_versions::CalendarVersions;
use super::change_feed::ChangeFeed;
use super::denials::Denials;
use super::error::ApiResult;
use super::group_commit::CommandQueue;
use super::health::Health;
use super::limits::Limits;
use super::metrics::Metrics;
use super::response_headers::MarkHeader;
use super::settings::ServerSettings;
use super::single_flight::SingleFlight;
use super::throttle::Throttle;
use super::tls::Tls;
use super::tokens::TokenRegistry;
use super::trusted_proxies::TrustedProxies;
use crate::backend::{Backend, BackendError, Search};
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::name_index::NameIndex;
use crate::model::queue::Sort;
use crate::model::{Priority, Rules};

/// The request for a first page, as the key of its cached response.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PageKey {
    pub filter: String,
    pub sort: Sort,
    pub limit: u32,
    /// The caller, if the filter refers to them.
    pub me: Option<String>,
}

/// Returns a search for the first open incidents, most urgent first.
pub(super) fn open_incidents_search(limit: u32) -> Search {
    let filter = Filter::default();
    Search { filter, me: None, sort: Sort::Urgent, limit, after: None, now: Utc::now() }
}

/// State shared by all requests.
pub(super) struct Shared {
    pub backend: Arc<dyn Backend>,
    pub tokens: Arc<TokenRegistry>,
    pub limits: Limits,
    /// The rules by which requests are read.
    pub rules: watch::Sender<Arc<Rules>>,
    /// The settings.
    pub settings: watch::Sender<Arc<ServerSettings>>,
    /// Memory for request bodies, in KiB.
    pub body_permits: Arc<Semaphore>,
    /// A permit for each message of alerts that may be waiting to be stored.
    pub alert_permits: Semaphore,
    /// The permit for the one list of alerts in the form of Opsgenie that is made at a time.
    pub alert_lists: Semaphore,
    /// Whether commands are refused, whatever the scope of a token.
    pub read_only: bool,
    pub commands: CommandQueue,
    pub metrics: Arc<Metrics>,
    pub log: LogWriter,
    pub health: Arc<Health>,
    pub denials: Denials,
    /// Errors that callers see only in part, as they were logged lately.
    pub hidden_errors: Throttle<String>,
    pub mark_header: MarkHeader,
    /// The proxies that may name the addresses of their clients.
    pub trusted_proxies: TrustedProxies,
    /// Certificate and key, if there is TLS.
    pub tls: Option<Arc<Tls>>,
    /// Returns how many lines the log of the program has lost.
    pub lost_log_lines: fn() -> u64,
    /// When the oldest unacknowledged incident was reported, by priority.
    pub oldest_unacknowledged: SingleFlight<(), [Option<DateTime<Utc>>; 4]>,
    pub feed: Arc<ChangeFeed>,
    /// Since when calendars are as they were last read.
    pub calendars: CalendarVersions,
    /// Cached first pages, which many callers request.
    pub first_pages: SingleFlight<PageKey, Arc<CachedJson>>,
    /// Becomes true when the server starts to shut down.
    pub stopping: watch::Receiver<bool>,
}

impl Shared {
    /// Returns people, teams and services.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        self.feed.directory().await
    }

    /// Returns the rules by which requests are read.
    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.borrow())
    }

    /// Returns the settings in force.
    pub(super) fn settings(&self) -> Arc<ServerSettings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Returns one page of a search. Its rows contain which of their names the directory does not
    /// have.
    pub(super) async fn search_page(&self, search: &Search) -> ApiResult<Arc<CachedJson>> {
        let mut page = self.backend.search(search).await?;
        NameIndex::from(&*self.directory().await?).mark_rows(&mut page.rows);
        CachedJson::encode(&page)
    }

    /// Checks that the backend answers. Anybody may call this often, so a request is sent at most
    /// once a second while nothing changes.
    pub(super) async fn check_backend(&self) -> ApiResult<()> {
        let key = PageKey { filter: String::new(), sort: Sort::Urgent, limit: 1, me: None };
        let search = async || self.search_page(&open_incidents_search(1)).await;
        self.first_pages.get(self.feed.epoch(), key, search).await.map(drop)
    }

    /// Returns, by priority, when the oldest unacknowledged open incident was reported.
    pub(super) async fn oldest_unacknowledged(
        &self,
    ) -> Result<[Option<DateTime<Utc>>; 4], BackendError> {
        let search = async || {
            let mut oldest = [None; 4];
            for (priority, oldest) in Priority::ALL.into_iter().zip(&mut oldest) {
                let filter = format!("status:triggered priority:{priority}");
                // The filter is made of names, so it is always valid.
                let filter: Filter = filter.parse().unwrap_or_default();
                let search = Search { filter, sort: Sort::Oldest, ..open_incidents_search(1) };
                let page = self.backend.search(&search).await?;
                *oldest = page.rows.first().map(|row| row.reported_at);
            }
            Ok(oldest)
        };
        self.oldest_unacknowledged.get(self.feed.epoch(), (), search).await
    }

    /// Returns the mark of the store as the value of a header; `None` if the backend does not
    /// identify its store.
    pub(super) async fn store_mark_header(&self) -> Option<HeaderValue> {
        self.mark_header.encode(self.backend.store_mark().await?)
    }

    /// Waits until the server starts to shut down.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the sender was dropped, so that the server has stopped.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
