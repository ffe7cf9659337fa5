//! Alerts end when their time has come: not before, not twice, and not much later, whatever happens to the
//! store meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{
    Backend, BackendError, Claim, ClaimRequest, Claimed, ExpiredAlerts, Ledger, Plan, Reminder,
    Unplanned,
};
use redphone::engine::{Clock, Engine, EngineOptions, EngineSettings};
use redphone::model::directory::Directory;
use redphone::model::notification::AnswerSettings;
use redphone::model::notification::decision::AttemptResult;
use redphone::model::service_level::ServiceLevels;
use redphone::outbound::Channels;
use tokio::sync::oneshot;

use super::clock::VirtualClock;
use super::outside::{Store, down};
use crate::support::memory::Memory;

/// When an alert was last reported, and when it ends.
type Times = (DateTime<Utc>, DateTime<Utc>);

/// A ledger of alerts alone.
#[derive(Default)]
struct Alerts {
    ends: Mutex<BTreeMap<&'static str, Times>>,
    /// When each was ended.
    ended: Mutex<Vec<(&'static str, DateTime<Utc>)>>,
    is_down: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Ledger for Alerts {
    async fn unplanned(&self) -> Result<Unplanned, BackendError> {
        Ok(Unplanned { from: 0, to: 0, calls: Vec::new(), has_more: false })
    }

    async fn plan(&self, _: &Plan) -> Result<bool, BackendError> {
        Ok(true)
    }

    async fn remind(&self, _: &Reminder) -> Result<bool, BackendError> {
        Ok(false)
    }

    async fn claim(&self, _: &ClaimRequest) -> Result<Claimed, BackendError> {
        Ok(Claimed::default())
    }

    async fn finish(&self, _: &Claim, _: &AttemptResult) -> Result<bool, BackendError> {
        Ok(false)
    }

    async fn release_dead(&self, _: DateTime<Utc>) -> Result<u64, BackendError> {
        Ok(0)
    }

    async fn expire_alerts(
        &self,
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<ExpiredAlerts, BackendError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(down());
        }
        let mut ends = lock(&self.ends);
        let due: Vec<_> = ends
            .extract_if(.., |_, (last, at)| *last >= since && *at <= now)
            .map(|(name, _)| name)
            .collect();
        let count = due.len().try_into().expect("few alerts");
        lock(&self.ended).extend(due.into_iter().map(|name| (name, now)));
        Ok(ExpiredAlerts {
            count,
            next: ends.values().filter(|(last, _)| *last >= since).map(|(_, at)| *at).min(),
        })
    }
}

#[tokio::test]
async fn alerts_end_when_their_time_has_come() {
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    let at = |minutes: i64| start + TimeDelta::minutes(minutes);
    let clock = Arc::new(VirtualClock::new(start));
    let store = Arc::new(Store::new(
        Arc::new(Memory::new(Directory::default(), Vec::new(), 1)),
        Arc::clone(&clock),
    ));
    let alerts = Arc::new(Alerts::default());
    let engines = [1, 2].map(|_| {
        let engine = Engine::new(EngineOptions {
            backend: Arc::clone(&store) as Arc<dyn Backend>,
            ledger: Arc::clone(&alerts) as Arc<dyn Ledger>,
            settings: EngineSettings {
                calendars: Arc::default(),
                calendar_reader: None,
                sender: Arc::new(Channels::default()),
                contacts: Arc::default(),
                signals: Arc::default(),
                levels: ServiceLevels::default(),
                answers: AnswerSettings::default(),
                publish: redphone::engine::PublishSettings::default(),
                trackers: Arc::default(),
            },
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let ended = engine.run(async {
                stopped.await.ok();
            });
            Box::pin(ended).await;
        });
        (stop, task)
    });
    lock(&alerts.ends).extend([
        ("first", (at(0), at(4))),
        ("before the start", (at(-9), at(-5))),
        ("repeated", (at(0), at(5))),
        ("later", (at(0), at(30))),
    ]);
    clock.advance(at(3)).await;
    assert!(lock(&alerts.ended).is_empty());
    lock(&alerts.ends).insert("repeated", (at(3), at(12)));
    clock.advance(at(11)).await;
    alerts.is_down.store(true, Ordering::Relaxed);
    clock.advance(at(14)).await;
    alerts.is_down.store(false, Ordering::Relaxed);
    clock.advance(at(40)).await;
    let ended = lock(&alerts.ended).clone();
    let names: Vec<&str> = ended.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["first", "before the start", "repeated", "later"]);
    // One that was last reported before the start could have been repeated in vain, and so could the
    // third, as the store was down when it was due.
    let expected = [(at(4), at(5)), (at(5), at(6)), (at(16), at(20)), (at(30), at(31))];
    for ((name, ended), (from, to)) in ended.iter().zip(expected) {
        assert!(from <= *ended && *ended <= to, "{name}: {ended}");
    }
    for (stop, task) in engines {
        stop.send(()).unwrap();
        clock.advance(clock.now() + TimeDelta::seconds(10)).await;
        task.await.unwrap();
    }
}
