//! How much of everything.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::api::query::MAX_WAIT_S;

/// How much one asker may use of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest body of a request, in bytes.
    pub body_bytes: usize,
    /// What bodies may take in memory together, in bytes; never less than the longest takes.
    pub bodies_bytes: usize,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
    /// How long the head of a request may take to arrive; also how long a connection may be idle.
    pub head_time: Duration,
    /// How long the body of a request may take to arrive, and to find room; also how long somebody
    /// may take none of an answer.
    pub body_time: Duration,
    /// How long a request may take as a whole, besides what it asks to wait.
    pub request_time: Duration,
    /// The longest that a request for changes is held, whatever it asks for.
    pub hold: Duration,
    /// The most connections at once.
    pub connections: usize,
    /// The most requests with one token at once; in a minute as many come back, evenly. One that
    /// is held counts once.
    pub requests_a_minute: NonZeroU32,
    /// How long running requests may take to end once the server is told to stop.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 * 1024 * 1024,
            bodies_bytes: 128 * 1024 * 1024,
            head_bytes: 16 * 1024,
            head_time: Duration::from_secs(30),
            // Less than the request: who is too slow is told so.
            body_time: Duration::from_secs(20),
            request_time: Duration::from_secs(30),
            hold: Duration::from_secs(MAX_WAIT_S),
            connections: 4096,
            requests_a_minute: A_MINUTE,
            stop_time: Duration::from_secs(20),
        }
    }
}

/// Twenty a second, on average.
const A_MINUTE: NonZeroU32 = match NonZeroU32::new(1200) {
    Some(a_minute) => a_minute,
    None => NonZeroU32::MIN,
};
