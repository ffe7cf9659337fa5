//! A clock that stops while anything can be done, and then advances to the next time that somebody
//! waits for. Weeks pass in seconds, and each run with one seed is the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::engine::Clock;
use tokio::sync::oneshot;

/// After how many turns without any activity nothing more is done at a time.
const QUIET_TURNS: u32 = 6;

/// The clock.
pub struct VirtualClock {
    state: Mutex<State>,
    activity: AtomicU64,
    busy: Arc<AtomicU64>,
}

/// Something real that is under way, during which no time passes.
pub struct Busy(Arc<AtomicU64>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct State {
    /// The time without jumps, by which everybody waits.
    steady: DateTime<Utc>,
    /// How far the clock was set.
    offset: TimeDelta,
    sleepers: BTreeMap<(DateTime<Utc>, u64), oneshot::Sender<()>>,
    count: u64,
}

impl VirtualClock {
    pub fn new(now: DateTime<Utc>) -> Self {
        let (offset, sleepers) = (TimeDelta::zero(), BTreeMap::new());
        let state = State { steady: now, offset, sleepers, count: 0 };
        Self { state: Mutex::new(state), activity: AtomicU64::new(0), busy: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the clock until the returned value is dropped.
    pub fn busy(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(&self.busy))
    }

    /// Lets everything happen that happens at this time.
    pub async fn settle(&self) {
        let (mut quiet, mut before) = (0, self.activity.load(Ordering::Relaxed));
        while quiet < QUIET_TURNS {
            tokio::task::yield_now().await;
            let now = self.activity.load(Ordering::Relaxed);
            let is_busy = self.busy.load(Ordering::Relaxed) > 0;
            quiet = if now == before && !is_busy { quiet + 1 } else { 0 };
            before = now;
        }
    }

    /// Sets the clock forward or back. Waiting tasks continue to wait, as in a machine whose clock
    /// is set, or that was suspended.
    pub async fn jump(&self, by: TimeDelta) {
        self.settle().await;
        self.state().offset += by;
    }

    /// Lets time pass up to `until`.
    pub async fn advance(&self, until: DateTime<Utc>) {
        loop {
            self.settle().await;
            let sleeper = {
                let mut state = self.state();
                state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
                let next = state.sleepers.first_key_value().map(|((at, _), _)| *at);
                let until = until - state.offset;
                let Some(at) = next.filter(|at| *at <= until) else {
                    state.steady = until.max(state.steady);
                    return;
                };
                state.steady = at.max(state.steady);
                state.sleepers.pop_first().map(|(_, sleeper)| sleeper)
            };
            if let Some(sleeper) = sleeper {
                // An error means that nobody waits for it any more.
                sleeper.send(()).ok();
            }
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.activity.fetch_add(1, Ordering::Relaxed);
        let state = self.state();
        state.steady + state.offset
    }

    async fn sleep(&self, time: Duration) {
        self.activity.fetch_add(1, Ordering::Relaxed);
        let woken = {
            let (sender, woken) = oneshot::channel();
            let mut state = self.state();
            state.count += 1;
            let at = state.steady + TimeDelta::from_std(time).expect("a short time");
            let key = (at, state.count);
            state.sleepers.insert(key, sender);
            woken
        };
        woken.await.ok();
        self.activity.fetch_add(1, Ordering::Relaxed);
    }
}
