//! Tokens in a running server: authenticates callers, limits their rate and records their use.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::{Hash, Secret, Token, TokenError, TokenFile, TokenStatus};
use crate::files::FileStamp;
use crate::server::scope::Scope;

/// How often the file is checked for changes at most. It is checked only when a request arrives.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How long after a use, and how often at most, last uses are written to the file.
const WRITE_INTERVAL: Duration = Duration::from_mins(1);

/// A token that the server has loaded, with its rate limit and last use.
#[derive(Debug)]
pub struct RegisteredToken {
    /// The stored token.
    pub token: Token,
    /// The public id of the first key or token of this name that may only send alerts: the identity
    /// of its sender, also after the key was replaced by another one of the same name.
    sender: String,
    uses: Arc<Uses>,
}

#[derive(Debug)]
struct Uses {
    limiter: DefaultDirectRateLimiter<StateInformationMiddleware>,
    requests_per_minute: NonZeroU32,
    /// When the token was last used, in milliseconds since 1970; 0 for never.
    last_ms: AtomicI64,
}

/// How much of its rate limit a token has at its disposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateState {
    /// The number of requests that it may make in a burst, and within a minute.
    pub limit: u32,
    /// Those of them that it may make now.
    pub remaining: u32,
}

impl RateState {
    /// Returns after how many seconds all requests are available again, if none is made meanwhile.
    #[must_use]
    pub fn reset_s(self) -> u64 {
        let used = u64::from(self.limit.saturating_sub(self.remaining));
        (used * 60).div_ceil(u64::from(self.limit).max(1))
    }
}

/// The reason why a caller is not authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// The token does not exist.
    Unknown,
    /// The token has expired.
    Expired {
        /// The public id of the expired token.
        id: String,
        /// The name of the expired token.
        name: String,
        /// The time at which it expired.
        at: DateTime<Utc>,
    },
    /// The token was revoked.
    Revoked {
        /// The public id of the revoked token.
        id: String,
        /// The name of the revoked token.
        name: String,
        /// The time at which it was revoked.
        at: DateTime<Utc>,
    },
}

/// The tokens of a running server, synchronized with the token file.
#[derive(Debug)]
pub struct TokenRegistry {
    file: TokenFile,
    requests_per_minute: NonZeroU32,
    by_id: RwLock<HashMap<String, Arc<RegisteredToken>>>,
    last_check: Mutex<FileCheck>,
    /// Held from reading the file until its content is in `by_id`. Otherwise a reload that has read
    /// the file before a token was revoked could restore the token afterwards.
    reading: Mutex<()>,
    /// Whether a task is waiting to write last uses to the file.
    is_write_scheduled: AtomicBool,
}

#[derive(Debug)]
struct FileCheck {
    at: Instant,
    stamp: Option<FileStamp>,
    /// Whether the file had changed and could not be read.
    is_unreadable: bool,
}

impl TokenRegistry {
    /// Loads the file. Each token may be used `requests_per_minute` times a minute.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open(file: TokenFile, requests_per_minute: NonZeroU32) -> Result<Self, TokenError> {
        let stamp = file.stamp();
        let registry = Self {
            by_id: RwLock::default(),
            last_check: Mutex::new(FileCheck { at: Instant::now(), stamp, is_unreadable: false }),
            reading: Mutex::new(()),
            is_write_scheduled: AtomicBool::new(false),
            requests_per_minute,
            file,
        };
        registry.reload()?;
        Ok(registry)
    }

    /// Returns the file of the tokens. What is changed in it counts from the next request on.
    #[must_use]
    pub fn file(&self) -> &TokenFile {
        &self.file
    }

    /// Returns the token in a request, if it is valid, and records its use.
    ///
    /// # Errors
    /// [`Denied`]. Only a caller who has the secret learns that the token has expired or was
    /// revoked.
    pub fn authenticate(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Arc<RegisteredToken>, Denied> {
        self.reload_if_changed();
        // A token that was just made is in the file and not loaded yet.
        let token = self.find(secret.id()).or_else(|| {
            self.reload_for_unknown();
            self.find(secret.id())
        });
        let hash = token.as_ref().map_or(Hash::NONE, |token| token.token.hash);
        let is_match = hash.matches(&secret.hash());
        let token = token.filter(|_| is_match).ok_or(Denied::Unknown)?;
        token.check_valid(now)?;
        token.uses.last_ms.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
        Ok(token)
    }

    /// Checks that a token is still valid. It may have been revoked during a long poll.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub fn recheck(&self, token: &RegisteredToken, now: DateTime<Utc>) -> Result<(), Denied> {
        self.reload_if_changed();
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(&token.token.id).ok_or(Denied::Unknown)?.check_valid(now)
    }

    /// Returns how many tokens were used within a duration before `now`.
    #[must_use]
    pub fn count_in_use(&self, within: Duration, now: DateTime<Utc>) -> usize {
        let span = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let since = now.timestamp_millis().saturating_sub(span);
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.values().filter(|token| token.uses.last_ms.load(Ordering::Relaxed) > since).count()
    }

    /// Ensures that the current last uses are written to the file within a minute.
    pub fn schedule_write(self: &Arc<Self>) {
        if self.is_write_scheduled.swap(true, Ordering::Relaxed) {
            return;
        }
        let registry = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(WRITE_INTERVAL).await;
            registry.is_write_scheduled.store(false, Ordering::Relaxed);
            let write = tokio::task::spawn_blocking(move || registry.write_uses()).await;
            if let Ok(Err(error)) = write {
                tracing::warn!("when tokens were used is not written down: {error}");
            }
        });
    }

    /// Writes to the file when tokens were last used. Blocks.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write_uses(&self) -> Result<(), TokenError> {
        let uses: Vec<_> = {
            let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
            by_id
                .values()
                .filter_map(|token| Some((token.token.id.clone(), token.unsaved_last_use()?)))
                .collect()
        };
        if uses.is_empty() {
            return Ok(());
        }
        self.file.record_uses(&uses)?;
        self.reload()
    }

    fn find(&self, id: &str) -> Option<Arc<RegisteredToken>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Reloads the file if it has changed and was not checked lately.
    fn reload_if_changed(&self) {
        let Ok(mut last_check) = self.last_check.try_lock() else { return };
        if last_check.at.elapsed() >= CHECK_INTERVAL {
            self.check_file(&mut last_check);
        }
    }

    /// Reloads the file if it has changed, for an unknown token. So wrong tokens cause one read for
    /// each change; while it can't be read, no more than valid ones do.
    fn reload_for_unknown(&self) {
        let mut last_check = self.last_check.lock().unwrap_or_else(PoisonError::into_inner);
        if !last_check.is_unreadable || last_check.at.elapsed() >= CHECK_INTERVAL {
            self.check_file(&mut last_check);
        }
    }

    fn check_file(&self, last_check: &mut FileCheck) {
        last_check.at = Instant::now();
        let stamp = self.file.stamp();
        if stamp == last_check.stamp {
            return;
        }
        match self.reload() {
            Ok(()) => {
                last_check.stamp = stamp;
                last_check.is_unreadable = false;
            }
            // The loaded tokens stay valid until the file can be read again.
            Err(error) => {
                last_check.is_unreadable = true;
                tracing::warn!("tokens are as before: {error}");
            }
        }
    }

    fn reload(&self) -> Result<(), TokenError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = self.file.list()?;
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        let previous = std::mem::take(&mut *by_id);
        let senders = first_of_names(&tokens);
        for token in tokens {
            let sender = senders.get(&token.name).filter(|_| token.scope == Scope::Ingest);
            let sender = sender.unwrap_or(&token.id).clone();
            let uses = previous.get(&token.id).map_or_else(
                || Arc::new(Uses::new(self.requests_per_minute, token.last_used_at)),
                |registered| Arc::clone(&registered.uses),
            );
            by_id.insert(token.id.clone(), Arc::new(RegisteredToken { token, sender, uses }));
        }
        Ok(())
    }
}

/// Returns the id of the first token of each name among those that may only send alerts.
fn first_of_names(tokens: &[Token]) -> HashMap<String, String> {
    let mut of_senders: Vec<&Token> =
        tokens.iter().filter(|token| token.scope == Scope::Ingest).collect();
    of_senders.sort_by_key(|token| token.created_at);
    let mut first = HashMap::new();
    for token in of_senders {
        first.entry(token.name.clone()).or_insert_with(|| token.id.clone());
    }
    first
}

impl Uses {
    fn new(requests_per_minute: NonZeroU32, last_used_at: Option<DateTime<Utc>>) -> Self {
        Self {
            limiter: RateLimiter::direct(Quota::per_minute(requests_per_minute)).with_middleware(),
            requests_per_minute,
            last_ms: AtomicI64::new(last_used_at.map_or(0, |at| at.timestamp_millis())),
        }
    }
}

impl RegisteredToken {
    /// Returns the identity of the sender of alerts. It does not change when a key is revoked or
    /// expires, and another one of the same name replaces it.
    #[must_use]
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// Counts a request against the rate limit. Returns the remaining requests and, if there were
    /// too many, how long to wait.
    #[must_use]
    pub fn check_rate_limit(&self) -> (RateState, Option<Duration>) {
        let limit = self.uses.requests_per_minute.get();
        match self.uses.limiter.check() {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                (RateState { limit, remaining }, None)
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                (RateState { limit, remaining: 0 }, Some(wait))
            }
        }
    }

    fn check_valid(&self, now: DateTime<Utc>) -> Result<(), Denied> {
        let Token { id, name, .. } = &self.token;
        match self.token.status(now) {
            TokenStatus::Valid => Ok(()),
            TokenStatus::Expired(at) => {
                Err(Denied::Expired { id: id.clone(), name: name.clone(), at })
            }
            TokenStatus::Revoked(at) => {
                Err(Denied::Revoked { id: id.clone(), name: name.clone(), at })
            }
        }
    }

    /// Returns when the token was last used, if that is not in the file yet.
    fn unsaved_last_use(&self) -> Option<DateTime<Utc>> {
        let last = DateTime::from_timestamp_millis(self.uses.last_ms.load(Ordering::Relaxed))?;
        let last = Some(last).filter(|at| *at > DateTime::UNIX_EPOCH)?;
        let saved_ms = self.token.last_used_at.map(|at| at.timestamp_millis());
        (saved_ms < Some(last.timestamp_millis())).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_full_again_after_the_share_that_was_used() {
        for (limit, remaining, reset_s) in
            [(1200, 1200, 0), (1200, 1199, 1), (60, 0, 60), (7, 3, 35)]
        {
            assert_eq!(RateState { limit, remaining }.reset_s(), reset_s, "{remaining} of {limit}");
        }
    }
}
