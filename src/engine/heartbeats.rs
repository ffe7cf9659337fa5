//! Declares incidents for heartbeats that are silent.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::backoff::Backoff;
use super::parts::Parts;
use super::settings::EngineSettings;
use crate::backend::BackendError;

/// The longest wait for what may be due later: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait, for what another program was faster with.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// Watches the heartbeats of the settings.
pub(super) struct Heartbeats<'a> {
    engine: &'a Parts,
    /// Since when this program would have noticed signs of life.
    started: DateTime<Utc>,
}

impl<'a> Heartbeats<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine, started: engine.clock.now() }
    }

    /// Runs until it is dropped. A sign of life needs no wake-up: what was due without it is considered
    /// once more.
    pub(super) async fn run(self) -> Infallible {
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            let wait = match self.turn(&current).await {
                Ok(wait) => {
                    backoff.reset();
                    wait
                }
                Err(error) => Some(backoff.wait_after(&error, "the watch over heartbeats")),
            };
            let pause = async {
                match wait {
                    Some(wait) => self.engine.clock.sleep(wait).await,
                    // Only changed settings can have a heartbeat.
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = pause => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// Declares what is silent. Returns how long nothing can be due; `None` if nothing ever can.
    async fn turn(&self, settings: &EngineSettings) -> Result<Option<Duration>, BackendError> {
        let rules = &settings.signals.heartbeats;
        if rules.is_empty() {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        let check = self.engine.backend.find_silent_heartbeats(rules, self.started, now).await?;
        for name in &check.silent {
            tracing::warn!(name, "a heartbeat is silent");
        }
        let wait = check.next.map(|next| next.signed_duration_since(now).to_std());
        Ok(Some(match wait {
            // All are silent, until there is a sign of life.
            None => MAX_WAIT,
            Some(wait) => wait.map_or(MIN_WAIT, |wait| wait.clamp(MIN_WAIT, MAX_WAIT)),
        }))
    }
}
