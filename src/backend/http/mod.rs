//! The project's own API, as a client: any backend that is served is a backend again.
//!
//! It keeps nothing of what it reads but a few answers with their tags, and tries nothing again by
//! itself but with another token: what becomes of a command that was not answered is for whoever
//! sent it, who can send it again with the same id. Every failure is a sentence that names the host
//! and holds neither the token nor anything else of the request.

mod address;
mod backoff;
mod batch;
mod client;
mod clock;
mod error_response;
mod etag_cache;
mod long_poll;
mod proxy;
pub mod token;
mod transport_error;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Certificate, Client, redirect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use crate::api::{path, query};
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::text::sanitize;
use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Summary};
use backoff::PathBackoff;
use client::{ApiClient, ApiRequest, ApiResponse};
use clock::ServerClock;
use error_response::RequestError;
use etag_cache::EtagCache;
use long_poll::{LongPoll, MIN_WAIT};
use token::TokenCache;

pub use address::{Address, AddressError};
pub use long_poll::LongPollState;
pub use proxy::ProxySettings;
pub use token::{Token, TokenError, TokenSource};

/// The most events of a timeline that are given at once.
const MAX_EVENTS: u32 = 1000;
/// The largest file of certificates that is read, in bytes.
const MAX_CA_BYTES: u64 = 4 * 1024 * 1024;
/// A time that is so near is now.
const NOW_TOLERANCE: TimeDelta = TimeDelta::seconds(2);
/// After so long without a byte, a connection is asked whether it is still there.
const PROBE_INTERVAL: Duration = Duration::from_secs(20);

/// How an API is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Where it is.
    pub address: Address,
    /// Where the token comes from.
    pub token: TokenSource,
    /// A PEM file of certificates. Where there is one, only these authorities are trusted, and
    /// none of the system's: nobody else can vouch for a host of one's own.
    pub ca_file: Option<PathBuf>,
    /// The token may be sent without TLS beyond this machine.
    pub insecure_http: bool,
    /// Which proxy is taken.
    pub proxies: ProxySettings,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// How long each step may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// Until there is a connection, with its name looked up and TLS agreed on.
    pub connect: Duration,
    /// From then on until the answer begins, besides what the server was asked to wait.
    pub response: Duration,
    /// Between two pieces of an answer.
    pub chunk: Duration,
    /// For the whole of an answer.
    pub body: Duration,
}

impl Timeouts {
    /// For a request, until its answer begins.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.connect + self.response
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(20),
            chunk: Duration::from_secs(15),
            body: Duration::from_mins(1),
        }
    }
}

/// Why an API can't even be asked, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

/// An API somewhere else.
pub struct HttpBackend {
    client: ApiClient,
    cache: EtagCache,
    long_poll: Mutex<LongPoll>,
}

impl std::fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpBackend").field("address", &self.client.address).finish_non_exhaustive()
    }
}

impl HttpBackend {
    /// Makes ready to ask; nothing is sent yet, and no token is read.
    ///
    /// # Errors
    /// The certificates can't be read, or the system has none; the token could be read on the way;
    /// the proxy can't be used.
    pub fn new(options: Options) -> Result<Self, OpenError> {
        let Options { address, token, ca_file, insecure_http, proxies, timeouts } = options;
        if address.is_exposed() && !insecure_http {
            return Err(OpenError(format!("the API {}", address.exposed_reason())));
        }
        let mut builder = Client::builder()
            .user_agent(concat!("redphone/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            // The token goes nowhere but where it was meant for.
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_keepalive(PROBE_INTERVAL)
            .http2_keep_alive_interval(PROBE_INTERVAL)
            .http2_keep_alive_timeout(timeouts.connect);
        if let Some(file) = &ca_file {
            builder = builder.tls_certs_only(load_certificates(file)?);
        } else if !address.is_tls() {
            // There is nobody to be trusted, and the system's authorities take time to read.
            builder = builder.tls_certs_only([]);
        }
        let via = proxies.resolve(&address)?;
        builder = builder.no_proxy();
        if let Some(via) = &via {
            builder = builder.proxy(via.to_reqwest().map_err(|_| {
                OpenError(format!(
                    "the proxy {} on the way to {} can't be used: correct HTTPS_PROXY",
                    via.host,
                    address.host()
                ))
            })?);
        }
        let client = builder.build().map_err(|error| {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            let said = transport_error::short_message(&cause.to_string());
            OpenError(format!(
                "no TLS connection can be made here ({said}): install the system's certificates \
                 (ca-certificates), or name a file of them with ca_file"
            ))
        })?;
        let host = address.host();
        let tokens = TokenCache::new(token, address.clone());
        let (via, resting) = (via.map(|via| via.host), PathBackoff::default());
        let wire = ApiClient {
            http: client,
            address,
            host,
            proxy_host: via,
            tokens,
            timeouts,
            clock: ServerClock::new(),
            backoff: resting,
            person: Mutex::default(),
        };
        Ok(Self {
            client: wire,
            cache: EtagCache::default(),
            long_poll: Mutex::new(LongPoll::new()),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.client.address
    }

    /// The server's time less this machine's, once it has answered; good to a second. Over a minute
    /// of it is told in the log.
    #[must_use]
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        self.client.clock.skew()
    }

    /// Counts how often the token was changed for another, which may be another person's.
    #[must_use]
    pub fn token_changes(&self) -> watch::Receiver<u64> {
        self.client.tokens.changes()
    }

    /// Whether questions for changes are held open, as far as they have shown it.
    #[must_use]
    pub fn long_poll_state(&self) -> LongPollState {
        self.long_poll().state()
    }

    fn long_poll(&self) -> MutexGuard<'_, LongPoll> {
        self.long_poll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, RequestError> {
        match self.client.call(&request).await? {
            ApiResponse::Json(json, _) => Ok(self.client.decode(&json)?),
            ApiResponse::NotModified => Err(self.unexpected_not_modified().into()),
        }
    }

    /// As [`Self::get`], of what often stays the same: an answer that is known is not sent again.
    /// `question` tells it from others.
    async fn get_cached<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        question: String,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, BackendError> {
        let kept = self.cache.get(&question);
        let known = kept.as_ref().map(|kept| &kept.tag);
        let answer = self.client.call(&ApiRequest { if_none_match: known, ..request }).await;
        match (answer.map_err(|trouble| trouble.error)?, kept) {
            (ApiResponse::NotModified, Some(kept)) => self.client.decode(&kept.json),
            (ApiResponse::NotModified, None) => Err(self.unexpected_not_modified()),
            (ApiResponse::Json(json, tag), _) => {
                let read = self.client.decode(&json)?;
                if let Some(tag) = tag {
                    self.cache.insert(question, tag, &json);
                }
                Ok(read)
            }
        }
    }

    /// It says that nothing has changed, and nobody has asked that.
    fn unexpected_not_modified(&self) -> BackendError {
        let host = &self.client.host;
        BackendError::Broken(format!("{host} answers 304 to what is not known here yet"))
    }

    async fn fetch_events(
        &self,
        id: IncidentId,
        part: query::Timeline,
    ) -> Result<Vec<Event>, BackendError> {
        let request = ApiRequest {
            path: path::TIMELINE,
            path_value: &id.to_string(),
            query: Some(&part),
            ..get_request(path::TIMELINE)
        };
        self.get(request).await.map_err(|trouble| trouble.error)
    }
}

/// A request of a path with a query.
fn get_request<Q>(path: &str) -> ApiRequest<'_, Q> {
    ApiRequest {
        path,
        path_value: "",
        query: None,
        body: None,
        wait: Duration::ZERO,
        if_none_match: None,
    }
}

/// The certificates of a PEM file.
fn load_certificates(file: &std::path::Path) -> Result<Vec<Certificate>, OpenError> {
    use std::io::Read;
    let name = file.to_string_lossy();
    let name = sanitize(&name);
    let refused = |why: &str| OpenError(format!("the certificates in {name} {why}"));
    let mut pem = Vec::new();
    std::fs::File::open(file)
        .and_then(|from| from.take(MAX_CA_BYTES).read_to_end(&mut pem))
        .map_err(|error| {
            refused(&format!(
                "can't be read: {}",
                transport_error::short_message(&error.to_string())
            ))
        })?;
    let found = Certificate::from_pem_bundle(&pem);
    let found =
        found.map_err(|_| refused("are no PEM: name a file with BEGIN CERTIFICATE in it"))?;
    if found.is_empty() {
        return Err(refused("are none: name a file with BEGIN CERTIFICATE in it"));
    }
    Ok(found)
}

#[async_trait]
impl Backend for HttpBackend {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let known: Capabilities = self
            .get_cached(path::CAPABILITIES.into(), get_request::<()>(path::CAPABILITIES))
            .await?;
        let me = known.me.as_ref().filter(|_| known.checks_person);
        *self.client.person() = me.map(|me| me.handle.clone());
        Ok(known)
    }

    /// A wait that something in between cuts short is no failure: it ends with an empty delta, as one
    /// that was held to its end does, and the next one is asked to be shorter.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let wait = wait.min(Duration::from_secs(query::MAX_WAIT_S));
        // All open incidents are there at once.
        let wait = since.map_or(0, |_| self.long_poll().wait_seconds(wait, Instant::now()));
        let asked = Duration::from_secs(wait);
        let query = query::Changes { since, wait };
        let begun = Instant::now();
        let request = ApiRequest { query: Some(&query), wait: asked, ..get_request(path::CHANGES) };
        let answer: Result<Delta, RequestError> = self.get(request).await;
        let (after, now) = (begun.elapsed(), Instant::now());
        match (answer, since) {
            (Ok(delta), _) => {
                let news = delta.reset || delta.directory || !delta.rows.is_empty();
                self.long_poll().record_answer(wait, after, news);
                Ok(delta)
            }
            // Once the wait is over the server would have answered.
            (Err(trouble), Some(cursor))
                if (trouble.is_gateway_timeout || trouble.is_connection_lost)
                    && after >= MIN_WAIT
                    && after < asked =>
            {
                tracing::debug!(ms = after.as_millis(), "a wait was cut: {}", trouble.error);
                self.long_poll().record_cut(after, trouble.is_gateway_timeout, now);
                Ok(Delta { cursor, reset: false, rows: Vec::new(), directory: false })
            }
            (Err(trouble), _) => Err(trouble.error),
        }
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let mut query = query::Search {
            filter: search.filter.to_string(),
            sort: search.sort,
            limit: Some(search.limit),
            after: search.after.clone(),
            now: None,
        };
        // The same question a moment later is the same question, and the tag tells whether it has
        // the same answer.
        let question = query.after.is_none().then(|| format!("{query:?}"));
        // Of a first page as it is now the server may have a copy for all who ask.
        let is_now = (search.now - Utc::now()).abs() < NOW_TOLERANCE;
        query.now = Some(search.now).filter(|_| question.is_none() || !is_now);
        let request = ApiRequest { query: Some(&query), ..get_request(path::INCIDENTS) };
        match question {
            Some(question) => self.get_cached(question, request).await,
            None => self.get(request).await.map_err(|trouble| trouble.error),
        }
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let request =
            ApiRequest { path_value: &id.to_string(), ..get_request::<()>(path::INCIDENT) };
        self.get(request).await.map_err(|trouble| trouble.error)
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        #[derive(Deserialize)]
        struct Found {
            id: IncidentId,
        }
        let request =
            ApiRequest { path_value: &number.0.to_string(), ..get_request::<()>(path::NUMBER) };
        let found: Found = self.get(request).await.map_err(|trouble| trouble.error)?;
        Ok(found.id)
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let (mut before, mut left) = match part {
            TimelineRange::Last(0) | TimelineRange::Before(_, 0) => return Ok(Vec::new()),
            TimelineRange::After(after) => {
                return self
                    .fetch_events(id, query::Timeline { after: Some(after), ..<_>::default() })
                    .await;
            }
            TimelineRange::Last(count) => (None, count),
            TimelineRange::Before(before, count) => (Some(before), count),
        };
        // From the end, as many at once as are given at once.
        let mut events = Vec::new();
        loop {
            let limit = left.min(MAX_EVENTS);
            let part = query::Timeline { after: None, before, limit: Some(limit) };
            let mut earlier = self.fetch_events(id, part).await?;
            let count = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
            let first = earlier.first().map(|event| event.seq);
            earlier.append(&mut events);
            events = earlier;
            left = left.saturating_sub(count);
            if left == 0 || count < limit || first.is_none_or(|seq| seq <= 1) {
                return Ok(events);
            }
            before = first;
        }
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let edges: Vec<String> = window
            .edges
            .iter()
            .skip(1)
            .map(|edge| edge.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
            .collect();
        let query = query::Measures {
            from: window.from,
            to: window.to,
            edges: edges.join(","),
            cut,
            now: Some(now),
        };
        let request = ApiRequest { query: Some(&query), ..get_request(path::MEASURES) };
        self.get(request).await.map_err(|trouble| trouble.error)
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let mut answers = self.execute_all(std::slice::from_ref(envelope)).await;
        answers.pop().unwrap_or_else(|| Err(BackendError::Broken("nothing was asked for".into())))
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        batch::send(&self.client, envelopes).await
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.get_cached(path::PROBLEMS.into(), get_request::<()>(path::PROBLEMS)).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.get_cached(path::DIRECTORY.into(), get_request::<()>(path::DIRECTORY)).await
    }
}
