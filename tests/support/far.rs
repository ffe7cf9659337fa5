//! A backend that can be cut off, slowed down, or made to lose its answers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use redphone::backend::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use redphone::model::directory::Directory;
use redphone::model::measures::{Cut, Measures, Window};
use redphone::model::problem::Problem;
use redphone::model::{CommandId, Envelope, Event, IncidentId, IncidentNumber, PersonRef, Summary};
use tokio::sync::watch;
use tokio::time::sleep;

/// The way to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Everything arrives.
    Open,
    /// Nothing does.
    Cut,
    /// Nothing is answered, and nothing says so: what is sent is dropped on the way.
    Hangs,
    /// Answers take so long.
    Slow(Duration),
    /// Commands arrive, their answers do not.
    AnswersLost,
    /// Commands arrive, their answers make no sense.
    AnswersOdd,
    /// It does not listen until then.
    Limited(DateTime<Utc>),
    /// Questions are answered at once, whatever they could wait for.
    NotHeld,
}

/// A backend behind such a way.
pub struct Far {
    inner: Arc<dyn Backend>,
    way: watch::Sender<Way>,
    /// Commands that arrived, in order, each time they did.
    arrived: Mutex<Vec<CommandId>>,
    /// Commands that never get through.
    poisoned: Mutex<HashSet<CommandId>>,
    /// Those make all fail that come together with them.
    fails_together: std::sync::atomic::AtomicBool,
    /// How many commands came together.
    batches: Mutex<Vec<usize>>,
    asked: Mutex<Vec<(&'static str, tokio::time::Instant)>>,
    /// Whom it takes the asker for, where it says so.
    me: Mutex<Option<PersonRef>>,
    /// How often each kind of question was answered.
    answered: watch::Sender<HashMap<&'static str, usize>>,
}

impl Far {
    pub fn new(inner: Arc<dyn Backend>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            way: watch::Sender::new(Way::Open),
            arrived: Mutex::default(),
            poisoned: Mutex::default(),
            fails_together: false.into(),
            batches: Mutex::default(),
            asked: Mutex::default(),
            me: Mutex::default(),
            answered: watch::Sender::default(),
        })
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// From now on the token is of this person.
    pub fn takes_for(&self, handle: &str) {
        let me = Some(PersonRef::new(handle, handle));
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = me;
    }

    pub fn poison(&self, id: CommandId) {
        self.poisoned.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// A request fails as a whole from now on where a command of it does.
    pub fn fails_together(&self) {
        self.fails_together.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn arrived(&self) -> Vec<CommandId> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When questions of a kind came.
    pub fn asked(&self, what: &str) -> Vec<tokio::time::Instant> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(kind, _)| *kind == what).map(|(_, at)| *at).collect()
    }

    /// Waits until questions of a kind were answered so often.
    pub async fn until_answered(&self, what: &str, times: usize) {
        let mut answered = self.answered.subscribe();
        // The sender lives as long as this.
        let _ = answered.wait_for(|all| all.get(what).is_some_and(|count| *count >= times)).await;
    }

    async fn cut(&self) -> BackendError {
        let mut way = self.way.subscribe();
        // The sender lives as long as this.
        let _ = way.wait_for(|way| *way == Way::Cut).await;
        gone()
    }

    async fn through<T>(
        &self,
        what: &'static str,
        ask: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((what, tokio::time::Instant::now()));
        let way = *self.way.borrow();
        if let Way::Limited(until) = way {
            return Err(BackendError::Limited { until });
        }
        tokio::select! {
            biased;
            error = self.cut() => Err(error),
            answer = async {
                match way {
                    Way::Slow(time) => sleep(time).await,
                    Way::Hangs => std::future::pending().await,
                    _ => {}
                }
                ask.await
            } => {
                self.answered.send_modify(|all| *all.entry(what).or_default() += 1);
                answer
            }
        }
    }
}

fn gone() -> BackendError {
    BackendError::Unreachable("no route to the host".into())
}

#[async_trait]
impl Backend for Far {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let mut known = self.through("capabilities", self.inner.capabilities()).await?;
        let me = self.me.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.me = me.or(known.me);
        Ok(known)
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let not_held = *self.way.borrow() == Way::NotHeld;
        let wait = if not_held { Duration::ZERO } else { wait };
        self.through("changes", self.inner.changes(since, wait)).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.through("search", self.inner.search(search)).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.through("incident", self.inner.incident(id)).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.through("find", self.inner.find_by_number(number)).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.through("timeline", self.inner.timeline(id, part)).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        self.through("measures", self.inner.measures(window, cut, now)).await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let is_poisoned = {
            let poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
            poisoned.contains(&envelope.id)
        };
        if is_poisoned {
            return Err(gone());
        }
        let way = *self.way.borrow();
        let done = self
            .through("execute", async {
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(envelope.id);
                self.inner.execute(envelope).await
            })
            .await;
        match way {
            Way::AnswersLost => Err(gone()),
            Way::AnswersOdd => Err(BackendError::Broken("what comes makes no sense".into())),
            _ => done,
        }
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(envelopes.len());
        if self.fails_together.load(std::sync::atomic::Ordering::Relaxed) {
            let poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
            if envelopes.iter().any(|envelope| poisoned.contains(&envelope.id)) {
                return envelopes.iter().map(|_| Err(gone())).collect();
            }
        }
        let mut results = Vec::new();
        for envelope in envelopes {
            results.push(self.execute(envelope).await);
        }
        results
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.through("problems", self.inner.problems()).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.through("directory", self.inner.directory()).await
    }
}
