//! Limits of sizes, times and rates.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::query::MAX_WAIT_S;

/// How much a caller may use of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The maximum size of a request body, in bytes.
    pub max_body_bytes: usize,
    /// The memory for all request bodies together, in bytes. At least the maximum size of one body.
    pub max_total_body_bytes: usize,
    /// The maximum size of a request head, in bytes.
    pub max_head_bytes: usize,
    /// How long the head of a request may take to arrive, and how long a connection may be idle.
    pub head_timeout: Duration,
    /// How long the body of a request may take to arrive, and how long it may wait for memory. Also
    /// how long a peer may accept no byte of a response.
    pub body_timeout: Duration,
    /// How long a request may take in total, in addition to the wait that it requests.
    pub request_timeout: Duration,
    /// The longest wait of a request for changes, even if it requests more.
    pub max_long_poll: Duration,
    /// The maximum number of open connections.
    pub max_connections: usize,
    /// The maximum number of open connections from one address on which no request with a valid
    /// token has come yet; `None` for a quarter of all connections.
    pub max_connections_per_address: Option<usize>,
    /// With less free space than this on the disk of the store or of a log, in bytes, the server is
    /// not ready. On a small disk a twentieth of it is enough.
    pub min_free_bytes: u64,
    /// How many requests a token may make in a burst. The same number becomes available again
    /// within a minute, evenly. A parked request counts once.
    pub requests_per_minute: NonZeroU32,
    /// How many messages of alerts may be waiting to be stored. Further ones are refused with 503, so
    /// that they are sent again.
    pub max_queued_alerts: usize,
    /// How long running requests may take to complete when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 4 * 1024 * 1024,
            max_total_body_bytes: 128 * 1024 * 1024,
            max_head_bytes: 16 * 1024,
            head_timeout: Duration::from_secs(30),
            // Less than `request_timeout`, so that a slow sender gets an answer about that.
            body_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(30),
            max_long_poll: Duration::from_secs(MAX_WAIT_S),
            max_connections: 4096,
            max_connections_per_address: None,
            min_free_bytes: 64 * 1024 * 1024,
            requests_per_minute: DEFAULT_REQUESTS_PER_MINUTE,
            max_queued_alerts: 512,
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// Returns the maximum size of a message of alerts with a `Content-Length`, in bytes: four
    /// times that of other bodies, as far as there is memory for it.
    pub(super) fn max_message_bytes(&self) -> usize {
        let most = self.max_body_bytes.saturating_mul(4);
        most.min(self.max_total_body_bytes.max(self.max_body_bytes))
    }

    /// Returns the maximum number of connections from one address without a valid token.
    pub(super) fn max_per_address(&self) -> usize {
        self.max_connections_per_address.unwrap_or(self.max_connections / 4).max(1)
    }
}

/// On average, 20 requests a second.
const DEFAULT_REQUESTS_PER_MINUTE: NonZeroU32 = match NonZeroU32::new(1200) {
    Some(requests) => requests,
    None => NonZeroU32::MIN,
};

/// Memory reserved for a request body, released when the body has been processed.
pub(super) type BodyPermit = OwnedSemaphorePermit;

/// Returns the semaphore for the memory of request bodies, with a permit for each KiB.
pub(super) fn body_permits(limits: &Limits) -> Arc<Semaphore> {
    let bytes = limits.max_total_body_bytes.max(limits.max_body_bytes);
    Arc::new(Semaphore::new(bytes.div_ceil(1024).clamp(1, Semaphore::MAX_PERMITS)))
}
