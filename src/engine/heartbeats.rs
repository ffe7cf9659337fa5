//! Declares incidents for heartbeats that are silent.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::backoff::Backoff;
use super::parts::Parts;
use super::settings::EngineSettings;
use crate::backend::BackendError;
use crate::model::signals::HeartbeatRule;

/// The longest wait for later work: it bounds the delay after which the suspension of a machine is
/// detected.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait, for work that another program did first.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// A wait that is so much longer than it was to be is that of a machine that was suspended, or whose clock
/// was set.
const MAX_OVERRUN: Duration = Duration::from_secs(10);
/// How long the store may fail without a heartbeat being lost: its sender tries again.
const SHORT_FAULT: TimeDelta = TimeDelta::seconds(5);

/// Watches the heartbeats of the settings, and those that other programs have defined.
///
/// A heartbeat is not silent because nothing could receive it: after a start, a suspension and a
/// fault of the store, senders first get the time in which they would have sent another heartbeat.
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

    /// Runs until it is dropped. A heartbeat needs no wake-up: work that it made unnecessary is
    /// considered once more.
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

    /// Declares silent heartbeats. Returns how long none can be due; `None` if none ever can.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<Option<Duration>, BackendError> {
        let rules = &settings.signals.heartbeats;
        let now = self.engine.clock.now();
        // Until now heartbeats could not be stored.
        if self.fails_since.is_some_and(|since| now - since > SHORT_FAULT) {
            self.receives_since = now;
        }
        let since = self.receives_since;
        let check = self.engine.backend.find_silent_heartbeats(rules, since, now).await;
        let check = match check {
            // There is nowhere to store them, and nothing to watch.
            Err(BackendError::NotAllowed(_)) if rules.is_empty() => return Ok(None),
            check => check?,
        };
        if rules.is_empty() && !check.awaits_definitions {
            return Ok(None);
        }
        for name in &check.silent {
            tracing::warn!(name, "a heartbeat is silent");
        }
        let wait = check.next.map(|next| next.signed_duration_since(now).to_std());
        let wait = wait.map_or(MAX_WAIT, |wait| wait.unwrap_or(MIN_WAIT));
        Ok(Some(wait.min(shortest(rules)).clamp(MIN_WAIT, MAX_WAIT)))
    }
}

/// Returns the shortest time after which a heartbeat can become silent: received heartbeats are not
/// announced.
fn shortest(rules: &[HeartbeatRule]) -> Duration {
    let waits = rules.iter().map(|rule| rule.interval_s.saturating_add(rule.grace_s));
    let wait = waits.min().and_then(|wait| u64::try_from(wait).ok());
    wait.map_or(MAX_WAIT, Duration::from_secs)
}
