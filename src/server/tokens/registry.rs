//! Tokens as a running server knows them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::file::Stamp;
use super::{Hash, Secret, Token, TokenError, TokenFile, TokenStatus};

/// How often the file is looked at, at most; and only when somebody asks.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How long after a use it is written down; so often at most.
const WRITE_INTERVAL: Duration = Duration::from_mins(1);

/// A token that the server knows, with what it counts.
#[derive(Debug)]
pub struct RegisteredToken {
    /// What is kept of it.
    pub token: Token,
    uses: Arc<Uses>,
}

#[derive(Debug)]
struct Uses {
    limiter: DefaultDirectRateLimiter,
    /// In milliseconds since 1970; 0 for never.
    last_ms: AtomicI64,
}

/// Why somebody is not let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// There is no such token.
    Unknown,
    /// Its time is over.
    Expired {
        /// The token's name.
        name: String,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It was taken back.
    Revoked {
        /// The token's name.
        name: String,
        /// When.
        at: DateTime<Utc>,
    },
}

/// The tokens of a running server.
#[derive(Debug)]
pub struct TokenRegistry {
    file: TokenFile,
    requests_per_minute: NonZeroU32,
    by_id: RwLock<HashMap<String, Arc<RegisteredToken>>>,
    last_check: Mutex<FileCheck>,
    /// Held from reading the file until what it says holds: who has read it before a token was
    /// revoked must not put it back afterwards.
    reading: Mutex<()>,
    /// Last uses are about to be written down.
    is_write_scheduled: AtomicBool,
}

#[derive(Debug)]
struct FileCheck {
    at: Instant,
    stamp: Option<Stamp>,
}

impl TokenRegistry {
    /// Reads the file; each token may be used so often a minute.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn open(file: TokenFile, a_minute: NonZeroU32) -> Result<Self, TokenError> {
        let stamp = file.stamp();
        let keys = Self {
            by_id: RwLock::default(),
            last_check: Mutex::new(FileCheck { at: Instant::now(), stamp }),
            reading: Mutex::new(()),
            is_write_scheduled: AtomicBool::new(false),
            requests_per_minute: a_minute,
            file,
        };
        keys.reload()?;
        Ok(keys)
    }

    /// The token that was carried, where it is good.
    ///
    /// # Errors
    /// [`Denied`]; that a token has expired or was revoked is only told to whoever has it.
    pub fn authenticate(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Arc<RegisteredToken>, Denied> {
        self.reload_if_changed();
        let key = {
            let known = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
            known.get(secret.id()).cloned()
        };
        let hash = key.as_ref().map_or(Hash::NONE, |key| key.token.hash);
        let same = hash.matches(&secret.hash());
        let key = key.filter(|_| same).ok_or(Denied::Unknown)?;
        key.check_valid(now)?;
        key.uses.last_ms.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
        Ok(key)
    }

    /// The same token as it is now: it may have been revoked while somebody waited.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn recheck(&self, key: &RegisteredToken, now: DateTime<Utc>) -> Result<(), Denied> {
        self.reload_if_changed();
        let known = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&key.token.id).ok_or(Denied::Unknown)?.check_valid(now)
    }

    /// How many tokens were used within a time.
    #[must_use]
    pub fn count_in_use(&self, within: Duration, now: DateTime<Utc>) -> usize {
        let span = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let since = now.timestamp_millis().saturating_sub(span);
        let known = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        known.values().filter(|key| key.uses.last_ms.load(Ordering::Relaxed) > since).count()
    }

    /// Sees to it that what is used now is written down within a minute.
    pub fn schedule_write(self: &Arc<Self>) {
        if self.is_write_scheduled.swap(true, Ordering::Relaxed) {
            return;
        }
        let keys = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(WRITE_INTERVAL).await;
            keys.is_write_scheduled.store(false, Ordering::Relaxed);
            let write = tokio::task::spawn_blocking(move || keys.write_uses()).await;
            if let Ok(Err(error)) = write {
                tracing::warn!("when tokens were used is not written down: {error}");
            }
        });
    }

    /// Writes down when tokens were used last; blocks.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write_uses(&self) -> Result<(), TokenError> {
        let uses: Vec<_> = {
            let known = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
            known
                .values()
                .filter_map(|key| Some((key.token.id.clone(), key.unsaved_last_use()?)))
                .collect()
        };
        if uses.is_empty() {
            return Ok(());
        }
        self.file.record_uses(&uses)?;
        self.reload()
    }

    /// Reads the file again where it has changed.
    fn reload_if_changed(&self) {
        let Ok(mut looked) = self.last_check.try_lock() else { return };
        if looked.at.elapsed() < CHECK_INTERVAL {
            return;
        }
        looked.at = Instant::now();
        let stamp = self.file.stamp();
        if stamp == looked.stamp {
            return;
        }
        match self.reload() {
            Ok(()) => looked.stamp = stamp,
            // What was known holds until the file makes sense again.
            Err(error) => tracing::warn!("tokens are as before: {error}"),
        }
    }

    fn reload(&self) -> Result<(), TokenError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = self.file.list()?;
        let mut known = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *known);
        for token in tokens {
            let uses = before.get(&token.id).map_or_else(
                || Arc::new(Uses::new(self.requests_per_minute, token.last_used_at)),
                |key| Arc::clone(&key.uses),
            );
            known.insert(token.id.clone(), Arc::new(RegisteredToken { token, uses }));
        }
        Ok(())
    }
}

impl Uses {
    fn new(a_minute: NonZeroU32, last: Option<DateTime<Utc>>) -> Self {
        Self {
            limiter: RateLimiter::direct(Quota::per_minute(a_minute)),
            last_ms: AtomicI64::new(last.map_or(0, |at| at.timestamp_millis())),
        }
    }
}

impl RegisteredToken {
    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub fn check_rate_limit(&self) -> Result<(), Duration> {
        let clock = DefaultClock::default();
        self.uses.limiter.check().map_err(|until| until.wait_time_from(clock.now()))
    }

    fn check_valid(&self, now: DateTime<Utc>) -> Result<(), Denied> {
        let name = || self.token.name.clone();
        match self.token.status(now) {
            TokenStatus::Valid => Ok(()),
            TokenStatus::Expired(at) => Err(Denied::Expired { name: name(), at }),
            TokenStatus::Revoked(at) => Err(Denied::Revoked { name: name(), at }),
        }
    }

    /// When it was used last, where the file does not know it.
    fn unsaved_last_use(&self) -> Option<DateTime<Utc>> {
        let last = DateTime::from_timestamp_millis(self.uses.last_ms.load(Ordering::Relaxed))?;
        let last = Some(last).filter(|at| *at > DateTime::UNIX_EPOCH)?;
        let known = self.token.last_used_at.map(|at| at.timestamp_millis());
        (known < Some(last.timestamp_millis())).then_some(last)
    }
}
