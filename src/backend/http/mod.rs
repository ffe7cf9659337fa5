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
use backoff::Resting;
use client::{Answer, Request, Wire};
use clock::Clock;
use error_response::Trouble;
use etag_cache::Answers;
use long_poll::{Hold, REAL};
use token::Tokens;

pub use address::{Address, BadAddress};
pub use long_poll::Holding;
pub use proxy::Proxies;
pub use token::{NoToken, Token, TokenSource};

/// The most events of a timeline that are given at once.
const EVENTS: u32 = 1000;
/// The largest file of certificates that is read, in bytes.
const LONGEST_CA: u64 = 4 * 1024 * 1024;
/// A time that is so near is now.
const NOW: TimeDelta = TimeDelta::seconds(2);
/// After so long without a byte, a connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

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
    pub proxies: Proxies,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// How long each step may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// Until there is a connection, with its name looked up and TLS agreed on.
    pub connect: Duration,
    /// From then on until the answer begins, besides what the server was asked to wait.
    pub answer: Duration,
    /// Between two pieces of an answer.
    pub piece: Duration,
    /// For the whole of an answer.
    pub whole: Duration,
}

impl Timeouts {
    /// For a request, until its answer begins.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.connect + self.answer
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(20),
            piece: Duration::from_secs(15),
            whole: Duration::from_mins(1),
        }
    }
}

/// Why an API can't even be asked, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

/// An API somewhere else.
pub struct HttpBackend {
    wire: Wire,
    kept: Answers,
    hold: Mutex<Hold>,
}

impl std::fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpBackend").field("address", &self.wire.address).finish_non_exhaustive()
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
            return Err(OpenError(format!("the API {}", address.why_exposed())));
        }
        let mut builder = Client::builder()
            .user_agent(concat!("redphone/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            // The token goes nowhere but where it was meant for.
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(timeouts.connect);
        if let Some(file) = &ca_file {
            builder = builder.tls_certs_only(certificates(file)?);
        } else if !address.is_tls() {
            // There is nobody to be trusted, and the system's authorities take time to read.
            builder = builder.tls_certs_only([]);
        }
        let via = proxies.to(&address)?;
        builder = builder.no_proxy();
        if let Some(via) = &via {
            builder = builder.proxy(via.proxy().map_err(|_| {
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
            let said = transport_error::brief(&cause.to_string());
            OpenError(format!(
                "no TLS connection can be made here ({said}): install the system's certificates \
                 (ca-certificates), or name a file of them with ca_file"
            ))
        })?;
        let host = address.host();
        let tokens = Tokens::new(token, address.clone());
        let (via, resting) = (via.map(|via| via.host), Resting::default());
        let wire = Wire {
            client,
            address,
            host,
            via,
            tokens,
            timeouts,
            clock: Clock::new(),
            resting,
            person: Mutex::default(),
        };
        Ok(Self { wire, kept: Answers::default(), hold: Mutex::new(Hold::new()) })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.wire.address
    }

    /// The server's time less this machine's, once it has answered; good to a second. Over a minute
    /// of it is told in the log.
    #[must_use]
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        self.wire.clock.ahead()
    }

    /// Counts how often the token was changed for another, which may be another person's.
    #[must_use]
    pub fn token_changes(&self) -> watch::Receiver<u64> {
        self.wire.tokens.changes()
    }

    /// Whether questions for changes are held open, as far as they have shown it.
    #[must_use]
    pub fn holding(&self) -> Holding {
        self.hold().holding()
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        request: Request<'_, Q>,
    ) -> Result<T, Trouble> {
        match self.wire.ask(&request).await? {
            Answer::Json(json, _) => Ok(self.wire.read(&json)?),
            Answer::Unchanged => Err(self.unasked().into()),
        }
    }

    /// As [`Self::get`], of what often stays the same: an answer that is known is not sent again.
    /// `question` tells it from others.
    async fn get_kept<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        question: String,
        request: Request<'_, Q>,
    ) -> Result<T, BackendError> {
        let kept = self.kept.get(&question);
        let known = kept.as_ref().map(|kept| &kept.tag);
        let answer = self.wire.ask(&Request { known, ..request }).await;
        match (answer.map_err(|trouble| trouble.error)?, kept) {
            (Answer::Unchanged, Some(kept)) => self.wire.read(&kept.json),
            (Answer::Unchanged, None) => Err(self.unasked()),
            (Answer::Json(json, tag), _) => {
                let read = self.wire.read(&json)?;
                if let Some(tag) = tag {
                    self.kept.keep(question, tag, &json);
                }
                Ok(read)
            }
        }
    }

    /// It says that nothing has changed, and nobody has asked that.
    fn unasked(&self) -> BackendError {
        let host = &self.wire.host;
        BackendError::Broken(format!("{host} answers 304 to what is not known here yet"))
    }

    async fn events(
        &self,
        id: IncidentId,
        part: query::Timeline,
    ) -> Result<Vec<Event>, BackendError> {
        let request = Request {
            path: path::TIMELINE,
            part: &id.to_string(),
            query: Some(&part),
            ..of(path::TIMELINE)
        };
        self.get(request).await.map_err(|trouble| trouble.error)
    }
}

/// A request of a path with a query.
fn of<Q>(path: &str) -> Request<'_, Q> {
    Request { path, part: "", query: None, body: None, wait: Duration::ZERO, known: None }
}

/// The certificates of a PEM file.
fn certificates(file: &std::path::Path) -> Result<Vec<Certificate>, OpenError> {
    use std::io::Read;
    let name = file.to_string_lossy();
    let name = sanitize(&name);
    let refused = |why: &str| OpenError(format!("the certificates in {name} {why}"));
    let mut pem = Vec::new();
    std::fs::File::open(file)
        .and_then(|from| from.take(LONGEST_CA).read_to_end(&mut pem))
        .map_err(|error| {
            refused(&format!("can't be read: {}", transport_error::brief(&error.to_string())))
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
        let known: Capabilities =
            self.get_kept(path::CAPABILITIES.into(), of::<()>(path::CAPABILITIES)).await?;
        let me = known.me.as_ref().filter(|_| known.checks_person);
        *self.wire.person() = me.map(|me| me.handle.clone());
        Ok(known)
    }

    /// A wait that something in between cuts short is no failure: it ends with an empty delta, as one
    /// that was held to its end does, and the next one is asked to be shorter.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let wait = wait.min(Duration::from_secs(query::MAX_WAIT_S));
        // All open incidents are there at once.
        let wait = since.map_or(0, |_| self.hold().wait(wait, Instant::now()));
        let asked = Duration::from_secs(wait);
        let query = query::Changes { since, wait };
        let begun = Instant::now();
        let request = Request { query: Some(&query), wait: asked, ..of(path::CHANGES) };
        let answer: Result<Delta, Trouble> = self.get(request).await;
        let (after, now) = (begun.elapsed(), Instant::now());
        match (answer, since) {
            (Ok(delta), _) => {
                let news = delta.reset || delta.directory || !delta.rows.is_empty();
                self.hold().answered(wait, after, news);
                Ok(delta)
            }
            // Once the wait is over the server would have answered.
            (Err(trouble), Some(cursor))
                if (trouble.gave_up || trouble.lost) && after >= REAL && after < asked =>
            {
                tracing::debug!(ms = after.as_millis(), "a wait was cut: {}", trouble.error);
                self.hold().cut(after, trouble.gave_up, now);
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
        let is_now = (search.now - Utc::now()).abs() < NOW;
        query.now = Some(search.now).filter(|_| question.is_none() || !is_now);
        let request = Request { query: Some(&query), ..of(path::INCIDENTS) };
        match question {
            Some(question) => self.get_kept(question, request).await,
            None => self.get(request).await.map_err(|trouble| trouble.error),
        }
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let request = Request { part: &id.to_string(), ..of::<()>(path::INCIDENT) };
        self.get(request).await.map_err(|trouble| trouble.error)
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        #[derive(Deserialize)]
        struct Found {
            id: IncidentId,
        }
        let request = Request { part: &number.0.to_string(), ..of::<()>(path::NUMBER) };
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
                    .events(id, query::Timeline { after: Some(after), ..<_>::default() })
                    .await;
            }
            TimelineRange::Last(count) => (None, count),
            TimelineRange::Before(before, count) => (Some(before), count),
        };
        // From the end, as many at once as are given at once.
        let mut events = Vec::new();
        loop {
            let limit = left.min(EVENTS);
            let part = query::Timeline { after: None, before, limit: Some(limit) };
            let mut earlier = self.events(id, part).await?;
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
        let request = Request { query: Some(&query), ..of(path::MEASURES) };
        self.get(request).await.map_err(|trouble| trouble.error)
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let mut answers = self.execute_all(std::slice::from_ref(envelope)).await;
        answers.pop().unwrap_or_else(|| Err(BackendError::Broken("nothing was asked for".into())))
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        batch::send(&self.wire, envelopes).await
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.get_kept(path::PROBLEMS.into(), of::<()>(path::PROBLEMS)).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.get_kept(path::DIRECTORY.into(), of::<()>(path::DIRECTORY)).await
    }
}
