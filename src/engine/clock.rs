//! The clock of the engine, for due times and for waiting.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Returns the current time and waits by it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Returns the present time.
    fn now(&self) -> DateTime<Utc>;

    /// Waits for a time.
    async fn sleep(&self, time: Duration);
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
