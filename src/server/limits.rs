//! How much of everything.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::query::MAX_WAIT_S;

/// How much one asker may use of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// What bodies may take in memory together, in bytes; never less than the longest takes.
    pub max_total_body_bytes: usize,
    /// The longest head of a request, in bytes.
    pub max_head_bytes: usize,
    /// How long the head of a request may take to arrive; also how long a connection may be idle.
    pub head_timeout: Duration,
    /// How long the body of a request may take to arrive, and to find room; also how long somebody
    /// may take none of an answer.
    pub body_timeout: Duration,
    /// How long a request may take as a whole, besides what it asks to wait.
    pub request_timeout: Duration,
    /// The longest that a request for changes is held, whatever it asks for.
    pub max_long_poll: Duration,
    /// The most connections at once.
    pub max_connections: usize,
    /// The most requests with one token at once; in a minute as many come back, evenly. One that
    /// is held counts once.
    pub requests_per_minute: NonZeroU32,
    /// How long running requests may take to end once the server is told to stop.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 4 * 1024 * 1024,
            max_total_body_bytes: 128 * 1024 * 1024,
            max_head_bytes: 16 * 1024,
            head_timeout: Duration::from_secs(30),
            // Less than the request: who is too slow is told so.
            body_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(30),
            max_long_poll: Duration::from_secs(MAX_WAIT_S),
            max_connections: 4096,
            requests_per_minute: DEFAULT_REQUESTS_PER_MINUTE,
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// Twenty a second, on average.
const DEFAULT_REQUESTS_PER_MINUTE: NonZeroU32 = match NonZeroU32::new(1200) {
    Some(a_minute) => a_minute,
    None => NonZeroU32::MIN,
};

/// Room in memory that a body takes, until what was in it is done with.
pub(super) type BodyPermit = OwnedSemaphorePermit;

/// The room that there is for bodies.
pub(super) fn body_permits(limits: &Limits) -> Arc<Semaphore> {
    let all = limits.max_total_body_bytes.max(limits.max_body_bytes);
    Arc::new(Semaphore::new(all.div_ceil(1024).clamp(1, Semaphore::MAX_PERMITS)))
}
