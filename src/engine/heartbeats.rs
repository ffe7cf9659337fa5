//! Declares incidents for heartbeats that are silent.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::backoff::Backoff;
use super::parts::Parts;
use super::settings::EngineSettings;
use crate::backend::BackendError;

/// The longest wait for what may be due later: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait, for what another program was faster with.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// A wait that is so much longer than it was to be is that of a machine that was suspended, or whose clock
/// was set.
const MAX_OVERRUN: Duration = Duration::from_secs(10);
/// How long the store may fail without a sign of life being lost: whoever sends one tries again.
const SHORT_FAULT: TimeDelta = TimeDelta::seconds(5);

/// Watches the heartbeats of the settings.
///
/// A heartbeat is not silent because nothing could receive it: after a start, a suspension and a fault of
/// the store, senders first get the time in which they would have sent another sign of life.
pub(super) struct Heartbeats<'a> {
    engine: &'a Parts,
    /// Since when this program would have noticed signs of life.
    receives_since: DateTime<Utc>,
    /// Since when the store fails.
    fails_since: Option<DateTime<Utc>>,
}

impl<'a> Heartbeats<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine, receives_since: engine.clock.now(), fails_since: None }
    }

    /// Runs until it is dropped. A sign of life needs no wake-up: what was due without it is considered
    /// once more.
    pub(super) async fn run(mut self) -> Infallible {
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            let now = self.engine.clock.now();
            let wait = match self.turn(&current).await {
                Ok(wait) => {
                    backoff.reset();
                    self.fails_since = None;
                    wait
                }
                Err(error) => {
                    if error.is_temporary() {
                        self.fails_since.get_or_insert(now);
                    }
                    Some(backoff.wait_after(&error, "the watch over heartbeats"))
                }
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
            if wait.is_some_and(|wait| self.has_missed_time(now, wait)) {
                self.receives_since = self.engine.clock.now();
            }
        }
    }

    /// Returns whether much more time has passed than was waited, or the clock was set back.
    fn has_missed_time(&self, before: DateTime<Utc>, wait: Duration) -> bool {
        let passed = (self.engine.clock.now() - before).to_std();
        passed.map_or(true, |passed| passed > wait + MAX_OVERRUN)
    }

    /// Declares what is silent. Returns how long nothing can be due; `None` if nothing ever can.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<Option<Duration>, BackendError> {
        let rules = &settings.signals.heartbeats;
        if rules.is_empty() {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        // Up to now a sign of life could not be stored.
        if self.fails_since.is_some_and(|since| now - since > SHORT_FAULT) {
            self.receives_since = now;
        }
        let since = self.receives_since;
        let check = self.engine.backend.find_silent_heartbeats(rules, since, now).await?;
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
