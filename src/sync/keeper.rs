//! The task that asks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::backend::{Backend, BackendError, Cursor, Delta, Search};
use crate::model::filter::Filter;
use crate::model::queue::Sort;

use super::{FIRST_PAGE, FIRST_RETRY, Link, Mirror, Nudge, Update, WAIT};

/// The shortest time between two snapshots: more a second can't be read.
const SPACING: Duration = Duration::from_millis(200);
/// After the first page, the rest of the open incidents waits for so long.
const SETTLE: Duration = Duration::from_millis(120);
/// The shortest time between two questions.
const PACE: Duration = Duration::from_millis(100);
/// An answer without news that came sooner than this did not wait: the next question does.
const IMPATIENT: Duration = Duration::from_secs(1);
/// The first wait after a failure, doubled with each one up to the last.
const BACKOFF: (Duration, Duration) = (FIRST_RETRY, Duration::from_mins(1));

pub(super) struct Keeper {
    backend: Arc<dyn Backend>,
    me: String,
    updates: mpsc::UnboundedSender<Update>,
    nudges: mpsc::UnboundedReceiver<Nudge>,
    mirror: Mirror,
    /// What was learnt since the last snapshot is still to be told.
    untold: bool,
    told_at: Option<Instant>,
    introduced: bool,
    /// All open incidents are not asked for before then.
    quiet_until: Option<Instant>,
    has_directory: bool,
    cursor: Option<Cursor>,
    /// How long the next question may be open.
    next_wait: Duration,
    failures: u32,
    failing_since: Option<DateTime<Utc>>,
}

/// Nobody listens any more.
struct Over;

impl Keeper {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        me: String,
        updates: mpsc::UnboundedSender<Update>,
        nudges: mpsc::UnboundedReceiver<Nudge>,
    ) -> Self {
        Self {
            backend,
            me,
            updates,
            nudges,
            mirror: Mirror::default(),
            untold: false,
            told_at: None,
            introduced: false,
            quiet_until: None,
            has_directory: false,
            cursor: None,
            next_wait: WAIT,
            failures: 0,
            failing_since: None,
        }
    }

    pub(super) async fn run(mut self) {
        // Ends when whoever listens is gone.
        while let Ok(()) = self.round().await {}
    }

    /// One question and what follows from its answer.
    async fn round(&mut self) -> Result<(), Over> {
        // Whoever asks for it, or waits for the end of a failure, is answered at once.
        let next = std::mem::replace(&mut self.next_wait, WAIT);
        let wait = if self.failing_since.is_some() { Duration::ZERO } else { next };
        let introduced = self.introduce().await;
        if let Some(until) = self.quiet_until.take() {
            self.rest(until.saturating_duration_since(Instant::now())).await?;
        }
        let asked_at = Instant::now();
        let answer = match introduced {
            Ok(()) => self.ask(wait).await?,
            Err(error) => Some(Err(error)),
        };
        match answer {
            // Somebody wants to know now: the open question is dropped for one that does not wait.
            None => {
                self.next_wait = Duration::ZERO;
                Ok(())
            }
            Some(Ok(delta)) => {
                self.answered()?;
                let quiet = delta.rows.is_empty() && !delta.reset && !delta.directory;
                self.take(delta)?;
                if self.untold && self.told_at.is_none_or(|at| at.elapsed() >= SPACING) {
                    self.tell()?;
                }
                let impatient = quiet && !wait.is_zero() && asked_at.elapsed() < IMPATIENT;
                self.rest(if impatient { IMPATIENT } else { PACE }).await
            }
            Some(Err(error)) => self.failed(error).await,
        }
    }

    /// Asks what must be known once: the name, the first page, the directory.
    async fn introduce(&mut self) -> Result<(), BackendError> {
        if !self.introduced {
            let search = Search {
                filter: Filter::default(),
                me: Some(self.me.clone()),
                sort: Sort::Urgent,
                limit: FIRST_PAGE,
                after: None,
                now: Utc::now(),
            };
            let (capabilities, page) =
                tokio::join!(self.backend.capabilities(), self.backend.search(&search));
            self.send(Update::Capabilities(capabilities?));
            let page = page?;
            self.mirror.first_page(page.rows, page.counts);
            self.send(Update::Snapshot(self.mirror.snapshot()));
            self.send(Update::Link(Link::Live { at: Utc::now() }));
            self.introduced = true;
            // What fills the screen is read first.
            self.quiet_until = Some(Instant::now() + SETTLE);
        }
        if !self.has_directory {
            let directory = self.backend.directory().await?;
            self.send(Update::Directory(Arc::new(directory)));
            self.has_directory = true;
        }
        Ok(())
    }

    /// Asks for changes; `None` when somebody wants to know at once.
    async fn ask(&mut self, wait: Duration) -> Result<Option<Result<Delta, BackendError>>, Over> {
        let backend = Arc::clone(&self.backend);
        let question = backend.changes(self.cursor, wait);
        tokio::pin!(question);
        loop {
            let due = self.told_at.map_or_else(Instant::now, |at| at + SPACING);
            tokio::select! {
                biased;
                answer = &mut question => return Ok(Some(answer)),
                () = sleep_until(due), if self.untold => self.tell()?,
                nudge = self.nudges.recv() => match nudge {
                    None => return Err(Over),
                    Some(Nudge::Refresh) if wait.is_zero() => {}
                    Some(Nudge::Refresh) => return Ok(None),
                    Some(Nudge::Row(row)) => {
                        self.untold |= self.mirror.put(*row);
                        if self.untold {
                            self.tell()?;
                        }
                    }
                },
            }
        }
    }

    fn take(&mut self, delta: Delta) -> Result<(), Over> {
        self.cursor = Some(delta.cursor);
        if delta.directory {
            self.has_directory = false;
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

    fn answered(&mut self) -> Result<(), Over> {
        self.failures = 0;
        self.failing_since = None;
        self.told(Update::Link(Link::Live { at: Utc::now() }))
    }

    async fn failed(&mut self, error: BackendError) -> Result<(), Over> {
        let now = Utc::now();
        let since = *self.failing_since.get_or_insert(now);
        let doubled = BACKOFF.0.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        let mut wait = doubled.min(BACKOFF.1);
        if let BackendError::Limited { until } = &error {
            wait = (*until - now).to_std().unwrap_or(BACKOFF.0).max(BACKOFF.0);
        }
        let retry_at = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1));
        self.told(Update::Link(Link::Failing { since, error, retry_at }))?;
        self.rest(wait).await
    }

    /// Waits, unless somebody wants to know at once. Rows that are learnt meanwhile are told.
    async fn rest(&mut self, wait: Duration) -> Result<(), Over> {
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                nudge = self.nudges.recv() => match nudge {
                    None => return Err(Over),
                    Some(Nudge::Refresh) => {
                        self.next_wait = Duration::ZERO;
                        return Ok(());
                    }
                    Some(Nudge::Row(row)) => {
                        self.untold |= self.mirror.put(*row);
                        if self.untold {
                            self.tell()?;
                        }
                    }
                },
            }
        }
    }

    fn tell(&mut self) -> Result<(), Over> {
        self.untold = false;
        self.told_at = Some(Instant::now());
        self.told(Update::Snapshot(self.mirror.snapshot()))
    }

    fn told(&self, update: Update) -> Result<(), Over> {
        self.updates.send(update).map_err(|_| Over)
    }

    /// As [`Self::told`], where the end is noticed later.
    fn send(&self, update: Update) {
        let _ = self.updates.send(update);
    }
}
