//! A backend that can be cut off, slowed down, or made to lose its responses.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, NotificationEntry,
    NotificationSearch, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Suspicion,
};
use redphone::backend::{
    Backend, BackendError, Capabilities, ClockOffset, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use redphone::model::change::Change;
use redphone::model::directory::Directory;
use redphone::model::measures::{Cut, Measures, Window};
use redphone::model::problem::Problem;
use redphone::model::unknown_service::UnknownService;
use redphone::model::{
    Command, CommandId, Envelope, Event, IncidentCommand, IncidentId, IncidentNumber, PersonRef,
    ProblemId, Rejection, RejectionKind, Summary,
};
use tokio::sync::watch;

/// How the stub treats requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StubMode {
    /// Requests and responses arrive.
    Online,
    /// Every request fails immediately.
    Offline,
    /// Requests are lost without an error, so that no response comes.
    Hanging,
    /// No response arrives before the mode changes.
    Paused,
    /// Commands arrive, their responses do not.
    ResponsesLost,
    /// Commands arrive, their responses are malformed.
    ResponsesMalformed,
    /// No request arrives, and every response is malformed.
    Malformed,
    /// Every request is refused until this time.
    RateLimited(DateTime<Utc>),
    /// Requests for changes return immediately instead of waiting.
    NoLongPoll,
}

/// A backend behind a simulated network.
pub struct RemoteStub {
    inner: Arc<dyn Backend>,
    mode: watch::Sender<StubMode>,
    /// Commands that arrived, in order, once for each arrival.
    arrived: Mutex<Vec<CommandId>>,
    /// Commands that always fail.
    poisoned: Mutex<HashSet<CommandId>>,
    /// Whether a poisoned command fails its entire batch.
    fails_together: std::sync::atomic::AtomicBool,
    /// The size of each batch of commands.
    batches: Mutex<Vec<usize>>,
    request_times: Mutex<Vec<(&'static str, tokio::time::Instant)>>,
    /// The identity that `capabilities` reports, where it is set.
    me: Mutex<Option<PersonRef>>,
    /// The public id of the token, where it is set.
    token: Mutex<Option<String>>,
    /// The known offset of the backend's clock; `None` before it was measured.
    clock: Mutex<Option<ClockOffset>>,
    /// The clock that the next answer measures.
    next_clock: Mutex<Option<ClockOffset>>,
    /// Whether declarations in the future are refused, as old servers do.
    refuses_future: std::sync::atomic::AtomicBool,
    /// The commands that arrived, as they were sent.
    sent: Mutex<Vec<Envelope>>,
    /// How often each kind of request was answered.
    answered: watch::Sender<HashMap<&'static str, usize>>,
}

impl RemoteStub {
    pub fn new(inner: Arc<dyn Backend>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            mode: watch::Sender::new(StubMode::Online),
            arrived: Mutex::default(),
            poisoned: Mutex::default(),
            fails_together: false.into(),
            batches: Mutex::default(),
            request_times: Mutex::default(),
            me: Mutex::default(),
            token: Mutex::default(),
            clock: Mutex::default(),
            next_clock: Mutex::default(),
            refuses_future: false.into(),
            sent: Mutex::default(),
            answered: watch::Sender::default(),
        })
    }

    pub fn set_mode(&self, mode: StubMode) {
        self.mode.send_replace(mode);
    }

    /// Lets the responses arrive that were paused.
    pub fn resume(&self) {
        self.mode.send_if_modified(|mode| {
            let is_paused = *mode == StubMode::Paused;
            if is_paused {
                *mode = StubMode::Online;
            }
            is_paused
        });
    }

    /// Makes the token belong to this person.
    pub fn authenticate_as(&self, handle: &str) {
        let me = Some(PersonRef::new(handle, handle));
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = me;
    }

    /// Gives the token a public id.
    pub fn use_token(&self, id: &str) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
    }

    /// Lets each answer measure that the clock of the backend is ahead by so much.
    pub fn set_clock(&self, offset: TimeDelta) {
        let measured = ClockOffset { offset, uncertainty: TimeDelta::milliseconds(20) };
        *self.next_clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
    }

    /// Makes the backend refuse declarations that lie in the future, as old servers do. Its clock is
    /// that of the test: it is this machine's clock that counts as wrong.
    pub fn refuse_future(&self) {
        self.refuses_future.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Returns the commands that arrived, once for each arrival.
    pub fn sent(&self) -> Vec<Envelope> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the refusal of an old server for a declaration in its future.
    fn refusal(&self, envelope: &Envelope) -> Option<BackendError> {
        let refuses = self.refuses_future.load(std::sync::atomic::Ordering::Relaxed);
        let Command::Incident { command: IncidentCommand::Declare(declaration), .. } =
            &envelope.command
        else {
            return None;
        };
        let now = Utc::now();
        let is_ahead = declaration.reported_at > now + TimeDelta::minutes(5);
        (refuses && is_ahead).then(|| {
            let why = Rejection::foreign(RejectionKind::Invalid, "reported_at lies in the future");
            BackendError::rejected(why, now)
        })
    }

    pub fn poison(&self, id: CommandId) {
        self.poisoned.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Makes a batch fail entirely where one of its commands is poisoned.
    pub fn fails_together(&self) {
        self.fails_together.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn arrived(&self) -> Vec<CommandId> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the times at which requests of a kind arrived.
    pub fn request_times(&self, what: &str) -> Vec<tokio::time::Instant> {
        let request_times = self.request_times.lock().unwrap_or_else(PoisonError::into_inner);
        request_times.iter().filter(|(kind, _)| *kind == what).map(|(_, at)| *at).collect()
    }

    /// Waits until requests of a kind were answered `times` times.
    pub async fn until_answered(&self, what: &str, times: usize) {
        let mut answered = self.answered.subscribe();
        // An error is impossible, as `self` owns the sender.
        let _ = answered.wait_for(|all| all.get(what).is_some_and(|count| *count >= times)).await;
    }

    async fn until_resumed(&self) {
        let mut mode = self.mode.subscribe();
        // An error is impossible, as `self` owns the sender.
        let _ = mode.wait_for(|mode| *mode != StubMode::Paused).await;
    }

    async fn until_offline(&self) -> BackendError {
        let mut mode = self.mode.subscribe();
        // An error is impossible, as `self` owns the sender.
        let _ = mode.wait_for(|mode| *mode == StubMode::Offline).await;
        unreachable()
    }

    async fn pass_through<T>(
        &self,
        what: &'static str,
        operation: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        self.request_times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((what, tokio::time::Instant::now()));
        let mode = *self.mode.borrow();
        if let StubMode::RateLimited(until) = mode {
            return Err(BackendError::Limited { until });
        }
        if mode == StubMode::Malformed {
            return Err(malformed());
        }
        tokio::select! {
            biased;
            error = self.until_offline() => Err(error),
            answer = async {
                match mode {
                    StubMode::Paused => self.until_resumed().await,
                    StubMode::Hanging => std::future::pending().await,
                    _ => {}
                }
                operation.await
            } => {
                self.answered.send_modify(|all| *all.entry(what).or_default() += 1);
                let next = *self.next_clock.lock().unwrap_or_else(PoisonError::into_inner);
                *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = next;
                answer
            }
        }
    }
}

fn malformed() -> BackendError {
    BackendError::Broken("what comes makes no sense".into())
}

fn unreachable() -> BackendError {
    BackendError::Unreachable("no route to the host".into())
}

#[async_trait]
impl Backend for RemoteStub {
    fn token_id(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let mut found = self.pass_through("capabilities", self.inner.capabilities()).await?;
        let me = self.me.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.me = me.or(found.me);
        Ok(found)
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let is_without_long_poll = *self.mode.borrow() == StubMode::NoLongPoll;
        let wait = if is_without_long_poll { Duration::ZERO } else { wait };
        self.pass_through("changes", self.inner.changes(since, wait)).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.pass_through("search", self.inner.search(search)).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.pass_through("incident", self.inner.incident(id)).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.pass_through("find", self.inner.find_by_number(number)).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.pass_through("timeline", self.inner.timeline(id, part)).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        self.pass_through("measures", self.inner.measures(window, cut, now)).await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let is_poisoned = {
            let poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
            poisoned.contains(&envelope.id)
        };
        if is_poisoned {
            return Err(unreachable());
        }
        let mode = *self.mode.borrow();
        let done = self
            .pass_through("execute", async {
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(envelope.id);
                self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(envelope.clone());
                if let Some(refusal) = self.refusal(envelope) {
                    return Err(refusal);
                }
                self.inner.execute(envelope).await
            })
            .await;
        match mode {
            StubMode::ResponsesLost => Err(unreachable()),
            StubMode::ResponsesMalformed => Err(malformed()),
            _ => done,
        }
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(envelopes.len());
        if self.fails_together.load(std::sync::atomic::Ordering::Relaxed) {
            let poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
            if envelopes.iter().any(|envelope| poisoned.contains(&envelope.id)) {
                return envelopes.iter().map(|_| Err(unreachable())).collect();
            }
        }
        let mut results = Vec::new();
        for envelope in envelopes {
            results.push(self.execute(envelope).await);
        }
        results
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.pass_through("problems", self.inner.problems()).await
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        self.pass_through("feed", self.inner.feed(search)).await
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        self.pass_through("recorded_changes", self.inner.recorded_changes(search)).await
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        self.pass_through("reviews", self.inner.reviews(search)).await
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        self.pass_through("action_items", self.inner.action_items(search)).await
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        self.pass_through("linked_problems", self.inner.linked_problems(search)).await
    }

    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        self.pass_through("problem", self.inner.problem(id)).await
    }

    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        self.pass_through("suspicions", self.inner.suspicions(search)).await
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        self.pass_through("notifications", self.inner.notifications(search)).await
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        self.pass_through("unknown_services", self.inner.unknown_services()).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.pass_through("directory", self.inner.directory()).await
    }

    fn clock_offset(&self) -> Option<ClockOffset> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn measure_clock(&self) -> Result<(), BackendError> {
        if self.clock_offset().is_some() {
            return Ok(());
        }
        let has_clock = self.next_clock.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if has_clock { self.pass_through("clock", async { Ok(()) }).await } else { Ok(()) }
    }
}
