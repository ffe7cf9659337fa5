//! The task that asks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::backend::{Backend, BackendError, Cursor, Delta, Search};
use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::{CommandId, IncidentId, Summary};

use super::pace::{Pace, backoff};
use super::remote::{Listing, Remote, State, over_row};
use super::{FIRST_PAGE, Kept, Link, Mirror, Nudge, Snapshot, Update, WAIT};

/// The shortest time between two snapshots: more a second can't be read.
const SPACING: Duration = Duration::from_millis(200);
/// After the first page, the rest of the open incidents waits for so long.
const SETTLE: Duration = Duration::from_millis(120);
/// The shortest time between two questions.
const PACE: Duration = Duration::from_millis(100);
/// A question that should be answered at once and was not for so long is asked anew where somebody
/// wants to know: the way may have changed under it.
const PATIENT: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    backend: Arc<dyn Backend>,
    /// What is kept of the backend on this machine, where it is a remote one.
    remote: Option<Far>,
    me: String,
    updates: mpsc::UnboundedSender<Update>,
    nudges: mpsc::UnboundedReceiver<Nudge>,
    mirror: Mirror,
    /// What was learnt since the last snapshot is still to be told.
    untold: bool,
    told_at: Option<Instant>,
    knows: Knows,
    /// All open incidents are not asked for before then.
    quiet_until: Option<Instant>,
    cursor: Option<Cursor>,
    /// How questions are spaced.
    pace: Pace,
    /// The next question does not wait: somebody wants to know.
    at_once: bool,
    failures: u32,
    failing_since: Option<DateTime<Utc>>,
    /// When what is told was kept, until the backend has answered.
    kept_at: Option<DateTime<Utc>>,
}

/// What was learnt of what has to be asked for once.
#[derive(Default)]
struct Knows {
    /// The first rows, so that there is something to tell.
    page: bool,
    /// The backend's name, and what may be asked of it.
    capabilities: bool,
    /// People, teams and services, as they are now.
    directory: bool,
}

/// A remote, as the task sees it.
struct Far {
    remote: Arc<Remote>,
    /// What is on its way.
    listing: watch::Receiver<Arc<Listing>>,
    /// Somebody else has reached it.
    reached: watch::Receiver<u64>,
    /// Rows that commands wait for and that are not in the mirror: they have ended.
    ended: HashMap<IncidentId, Summary>,
    /// What had been sent when that was looked at last.
    sent: Option<HashSet<CommandId>>,
    /// For who reads ahead.
    snapshots: watch::Sender<Arc<Snapshot>>,
}

/// Nobody listens any more.
struct Over;

/// Why a question was not answered.
enum Unanswered {
    /// Nobody listens any more.
    Over,
    /// Somebody wants to know now: it was dropped for one that is asked at once.
    Anew,
    /// It failed.
    Failed(BackendError),
}

impl From<Over> for Unanswered {
    fn from(_: Over) -> Self {
        Self::Over
    }
}

impl From<BackendError> for Unanswered {
    fn from(error: BackendError) -> Self {
        Self::Failed(error)
    }
}

/// What ended a wait.
enum Woken {
    Nudge(Option<Nudge>),
    Outbox,
    Reached,
}

impl Keeper {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        remote: Option<(Arc<Remote>, watch::Sender<Arc<Snapshot>>)>,
        me: String,
        updates: mpsc::UnboundedSender<Update>,
        nudges: mpsc::UnboundedReceiver<Nudge>,
    ) -> Self {
        let remote = remote.map(|(remote, snapshots)| Far {
            listing: remote.listing(),
            reached: remote.reached(),
            ended: HashMap::new(),
            sent: None,
            remote,
            snapshots,
        });
        Self {
            backend,
            remote,
            me,
            updates,
            nudges,
            mirror: Mirror::default(),
            untold: false,
            told_at: None,
            knows: Knows::default(),
            quiet_until: None,
            cursor: None,
            pace: Pace::new(WAIT),
            at_once: false,
            failures: 0,
            failing_since: None,
            kept_at: None,
        }
    }

    pub(super) async fn run(mut self) {
        self.begin_with_kept().await;
        // Ends when whoever listens is gone.
        while let Ok(()) = self.round().await {}
    }

    /// Tells what is kept, before anything is asked.
    async fn begin_with_kept(&mut self) {
        let Some(far) = &self.remote else { return };
        let known = far.remote.known().await;
        if let Some(capabilities) = known.capabilities {
            self.send(Update::Capabilities(capabilities));
        }
        if let Some((directory, at)) = known.directory {
            self.send(Update::Kept(Kept::Directory, at));
            self.send(Update::Directory(Arc::new(directory)));
        }
        if let Some((rows, at)) = known.rows {
            let cursor = known.cursor.unwrap_or(Cursor(0));
            self.mirror.fold(Delta { cursor, reset: true, rows, directory: false });
            self.cursor = known.cursor;
            self.knows.page = true;
            self.at_once = true;
            self.kept_at = Some(at);
            self.send(Update::Kept(Kept::Rows, at));
        }
        // Also without rows: what waits has some of its own.
        if let Err(Over) = self.outbox_changed().await {
            tracing::debug!("nobody listens");
        }
    }

    /// One question and what follows from its answer.
    async fn round(&mut self) -> Result<(), Over> {
        // Whoever asks for it, or waits for the end of a failure, is answered at once.
        let at_once = std::mem::take(&mut self.at_once) || self.failing_since.is_some();
        let wait = if at_once { Duration::ZERO } else { self.pace.hold() };
        let introduced = self.introduce().await;
        if let Some(until) = self.quiet_until.take() {
            self.rest(until.saturating_duration_since(Instant::now())).await?;
        }
        let asked_at = Instant::now();
        let answer = match introduced {
            Ok(()) => self.ask(wait).await,
            Err(why) => Err(why),
        };
        match answer {
            Err(Unanswered::Over) => Err(Over),
            Err(Unanswered::Anew) => {
                self.at_once = true;
                Ok(())
            }
            Ok(delta) => {
                let news = !delta.rows.is_empty() || delta.reset || delta.directory;
                let rest = self.pace.answered(news, wait, asked_at.elapsed());
                self.answered()?;
                self.take(delta)?;
                if self.untold && self.told_at.is_none_or(|at| at.elapsed() >= SPACING) {
                    self.tell()?;
                }
                self.rest(rest.unwrap_or(PACE).max(PACE)).await
            }
            Err(Unanswered::Failed(error)) => {
                self.pace.failed(wait, asked_at.elapsed());
                self.failed(error).await
            }
        }
    }

    /// Asks what must be known once: the name, the first page, the directory.
    async fn introduce(&mut self) -> Result<(), Unanswered> {
        let backend = Arc::clone(&self.backend);
        let far = self.remote.as_ref().map(|far| Arc::clone(&far.remote));
        if !self.knows.page {
            let search = Search {
                filter: Filter::default(),
                me: Some(self.me.clone()),
                sort: Sort::Urgent,
                limit: FIRST_PAGE,
                after: None,
                now: Utc::now(),
            };
            let (backend, far) = (Arc::clone(&backend), far.clone());
            let question = async move {
                match &far {
                    None => tokio::join!(backend.capabilities(), backend.search(&search)),
                    Some(far) => {
                        tokio::join!(far.fresh_capabilities(), far.fresh_search(&search))
                    }
                }
            };
            let (capabilities, page) = self.drive(question, Duration::ZERO).await?;
            self.send(Update::Capabilities(capabilities?));
            self.knows.capabilities = true;
            let page = page?;
            self.mirror.first_page(page.rows, page.counts);
            self.send(Update::Snapshot(self.snapshot()));
            self.send(Update::Link(Link::Live { at: Utc::now() }));
            self.knows.page = true;
            // What fills the screen is read first.
            self.quiet_until = Some(Instant::now() + SETTLE);
        }
        if let Some(far) = far.clone().filter(|_| !self.knows.capabilities) {
            let question = async move { far.fresh_capabilities().await };
            let capabilities = self.drive(question, Duration::ZERO).await??;
            self.send(Update::Capabilities(capabilities));
            self.knows.capabilities = true;
        }
        if !self.knows.directory {
            let question = async move {
                match &far {
                    None => backend.directory().await,
                    Some(far) => far.fresh_directory().await,
                }
            };
            let directory = self.drive(question, Duration::ZERO).await??;
            self.send(Update::Directory(Arc::new(directory)));
            self.knows.directory = true;
        }
        Ok(())
    }

    /// Asks for changes.
    async fn ask(&mut self, wait: Duration) -> Result<Delta, Unanswered> {
        let (backend, cursor) = (Arc::clone(&self.backend), self.cursor);
        let question = async move { backend.changes(cursor, wait).await };
        Ok(self.drive(question, wait).await??)
    }

    /// Waits for the answer to a question that may be open for `wait`. What is learnt meanwhile is
    /// told, however long it takes.
    ///
    /// The question is a task of its own: it goes on while what was learnt is looked up, and gives
    /// back what both need.
    async fn drive<T: Send + 'static>(
        &mut self,
        question: impl Future<Output = T> + Send + 'static,
        wait: Duration,
    ) -> Result<T, Unanswered> {
        // Dropped, it is asked no more.
        let mut asked = JoinSet::new();
        asked.spawn(question);
        let asked_at = Instant::now();
        loop {
            let due = self.told_at.map_or_else(Instant::now, |at| at + SPACING);
            let woken = tokio::select! {
                biased;
                Some(answer) = asked.join_next() => return answer.map_err(|error| {
                    let why = format!("the question failed ({error}): it is asked again");
                    Unanswered::Failed(BackendError::Unreachable(why))
                }),
                () = sleep_until(due), if self.untold && self.knows.page => {
                    self.tell()?;
                    continue;
                }
                woken = woken(&mut self.nudges, &mut self.remote) => woken,
            };
            match woken {
                Woken::Nudge(Some(Nudge::Refresh))
                    if !wait.is_zero() || asked_at.elapsed() >= PATIENT =>
                {
                    return Err(Unanswered::Anew);
                }
                Woken::Nudge(Some(Nudge::Refresh)) | Woken::Reached => {}
                Woken::Nudge(Some(Nudge::Row(row))) => self.learn(*row)?,
                Woken::Nudge(None) => return Err(Unanswered::Over),
                Woken::Outbox => self.outbox_changed().await?,
            }
        }
    }

    fn take(&mut self, delta: Delta) -> Result<(), Over> {
        self.cursor = Some(delta.cursor);
        if delta.directory {
            self.knows.directory = false;
        }
        // All rows of a first answer are open.
        let ended: Vec<_> =
            delta.rows.iter().filter(|row| !row.status.is_open()).cloned().collect();
        if !ended.is_empty() {
            self.told(Update::Ended(ended))?;
        }
        self.untold |= self.mirror.fold(delta);
        if self.updates.is_closed() { Err(Over) } else { Ok(()) }
    }

    fn learn(&mut self, row: Summary) -> Result<(), Over> {
        self.untold |= self.mirror.put(row);
        // One row alone is no queue.
        if self.untold && self.knows.page { self.tell() } else { Ok(()) }
    }

    fn answered(&mut self) -> Result<(), Over> {
        self.failures = 0;
        (self.failing_since, self.kept_at) = (None, None);
        let at = Utc::now();
        self.told(Update::Link(match self.pace.polling() {
            None => Link::Live { at },
            Some(every) => Link::Polling { at, every },
        }))
    }

    async fn failed(&mut self, error: BackendError) -> Result<(), Over> {
        let now = Utc::now();
        // What is shown is as old as it was kept, however short this run is.
        let since = *self.failing_since.get_or_insert(self.kept_at.unwrap_or(now));
        let mut wait = backoff(self.failures);
        self.failures = self.failures.saturating_add(1);
        if let BackendError::Limited { until } = &error {
            wait = wait.max((*until - now).to_std().unwrap_or_default());
        }
        let retry_at = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1));
        self.told(Update::Link(Link::Failing { since, error, retry_at }))?;
        self.rest(wait).await
    }

    /// Waits, unless somebody wants to know at once, or has reached the remote meanwhile. What is
    /// learnt meanwhile is told.
    async fn rest(&mut self, wait: Duration) -> Result<(), Over> {
        let until = Instant::now() + wait;
        loop {
            let woken = tokio::select! {
                () = sleep_until(until) => return Ok(()),
                woken = woken(&mut self.nudges, &mut self.remote) => woken,
            };
            match woken {
                Woken::Nudge(Some(Nudge::Refresh)) => {
                    self.at_once = true;
                    return Ok(());
                }
                Woken::Reached if self.failing_since.is_some() => return Ok(()),
                Woken::Reached => {}
                Woken::Nudge(Some(Nudge::Row(row))) => self.learn(*row)?,
                Woken::Nudge(None) => return Err(Over),
                Woken::Outbox => self.outbox_changed().await?,
            }
        }
    }

    /// What is on its way has changed: rows are told with it, then it itself. Where none were told
    /// and none are its own, nothing is told of them.
    async fn outbox_changed(&mut self) -> Result<(), Over> {
        let Some(far) = &mut self.remote else { return Ok(()) };
        let listing = far.listing.borrow_and_update().clone();
        let before = far.sent.replace(listing.sent().map(|entry| entry.id).collect());
        for entry in listing.sent() {
            // Also what another process has sent; not what was sent long ago, and has changed since.
            let is_new = before.as_ref().is_some_and(|sent| !sent.contains(&entry.id));
            if let State::Sent(outcome) = &entry.state
                && let Some(row) = outcome.row.as_ref().filter(|_| is_new)
            {
                self.mirror.put(row.clone());
            }
        }
        let mut ended = HashMap::new();
        for id in listing.by_incident().into_keys().filter(|id| !self.mirror.holds(*id)) {
            if let Some(row) = far.remote.kept_row(id).await {
                ended.insert(id, row);
            }
        }
        far.ended = ended;
        if self.knows.page || self.told_at.is_some() || listing.pending().next().is_some() {
            self.tell()?;
        }
        self.told(Update::Outbox(listing))
    }

    /// The rows that are known, with what waits laid over them.
    fn snapshot(&self) -> Arc<Snapshot> {
        let plain = self.mirror.snapshot();
        let Some(far) = &self.remote else { return plain };
        let _ = far.snapshots.send_replace(Arc::clone(&plain));
        let listing = far.listing.borrow().clone();
        let mut waits = listing.by_incident();
        if waits.is_empty() {
            return plain;
        }
        let rules = far.remote.rules();
        let mut snapshot = Snapshot::clone(&plain);
        snapshot.rows.retain_mut(|row| {
            let Some(pending) = waits.remove(&row.id) else { return true };
            if let Some(over) = over_row(Some(row), &pending, &rules) {
                *row = Arc::new(over);
            }
            row.status.is_open()
        });
        for (id, pending) in waits {
            let over = over_row(far.ended.get(&id), &pending, &rules);
            snapshot.rows.extend(over.filter(|row| row.status.is_open()).map(Arc::new));
        }
        Arc::new(snapshot)
    }

    fn tell(&mut self) -> Result<(), Over> {
        self.untold = false;
        self.told_at = Some(Instant::now());
        self.told(Update::Snapshot(self.snapshot()))
    }

    fn told(&self, update: Update) -> Result<(), Over> {
        self.updates.send(update).map_err(|_| Over)
    }

    /// As [`Self::told`], where the end is noticed later.
    fn send(&self, update: Update) {
        let _ = self.updates.send(update);
    }
}

/// Waits until somebody says something, or something happens to what is kept of a remote.
async fn woken(nudges: &mut mpsc::UnboundedReceiver<Nudge>, far: &mut Option<Far>) -> Woken {
    match far {
        None => Woken::Nudge(nudges.recv().await),
        Some(far) => tokio::select! {
            nudge = nudges.recv() => Woken::Nudge(nudge),
            Ok(()) = far.listing.changed() => Woken::Outbox,
            Ok(()) = far.reached.changed() => Woken::Reached,
            else => Woken::Nudge(None),
        },
    }
}
