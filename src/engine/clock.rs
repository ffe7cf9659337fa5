//! The clock by which the engine knows what is due.

use chrono::{DateTime, Utc};

/// Tells the present time. Waits are those of the runtime, which must pass as fast.
pub trait Clock: Send + Sync {
    /// Returns the present time.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
