//! The clock by which a store records events.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

type Now = dyn Fn() -> DateTime<Utc> + Send + Sync;

/// The clock by which a store records events and decides commands: that of the machine, unless a
/// simulation has its own.
#[derive(Clone, Default)]
pub struct StoreClock(Option<Arc<Now>>);

impl StoreClock {
    /// Creates a clock that returns the time of `now`.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// Returns the present time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.as_ref().map_or_else(Utc::now, |now| now())
    }
}

impl fmt::Debug for StoreClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreClock").field(&self.0.is_some()).finish()
    }
}
