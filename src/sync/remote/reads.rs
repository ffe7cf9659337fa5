//! Reading: from the remote, and what it answers is kept; from what is kept, where it does not
//! answer. What waits is laid over both.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{Handed, Known, Remote, Shared, over_record, over_row};
use crate::backend::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, Outcome, Page, PageMark, Part,
    Search,
};
use crate::model::directory::Directory;
use crate::model::filter::{MatchContext, Scope};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::queue::{OpenCounts, Sort, compare, rank};
use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Summary};

/// A remote that takes longer than this to answer is waited for beside what is kept.
const SOON: Duration = Duration::from_millis(150);
/// The most events that are kept of a timeline when it is read.
const EVENTS: u32 = 200;
/// How often it is written down that rows are still as they are kept, in seconds.
const CONFIRMED_EVERY_S: i64 = 60;
/// In front of where a page of kept rows ended.
const KEPT_MARK: &str = "kept:";

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept<T> {
    /// It.
    pub value: T,
    /// When, where it is what was kept; `None` where the remote has just said so.
    pub as_of: Option<DateTime<Utc>>,
}

impl<T> Kept<T> {
    fn fresh(value: T) -> Self {
        Self { value, as_of: None }
    }
}

impl<T> From<(T, DateTime<Utc>)> for Kept<T> {
    fn from((value, at): (T, DateTime<Utc>)) -> Self {
        Self { value, as_of: Some(at) }
    }
}

type Read<T> = Result<Kept<T>, BackendError>;

impl Remote {
    /// Reads an incident and the end of its timeline. Where the remote takes its time, what is kept
    /// is told first, and what it says then.
    pub async fn read(&self, id: IncidentId, tell: impl FnMut(Read<(Detail, Vec<Event>)>)) {
        let shared = &self.shared;
        both(shared.fresh_detail(id, EVENTS), shared.kept_detail(id, EVENTS), tell).await;
    }

    /// Computes measures, or gives those that were computed last over a window of that length.
    pub async fn measure(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        tell: impl FnMut(Read<Measures>),
    ) {
        let shared = &self.shared;
        both(shared.fresh_measures(window, cut, now), shared.kept_measures(window, cut), tell)
            .await;
    }

    /// Searches, or gives what of that is kept: words are found in rows alone then, and of ended
    /// incidents only those are there that were read once.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn look_for(&self, search: &Search) -> Read<Page<Summary>> {
        self.shared.page(search).await
    }

    /// Asks for the name and what it can do, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_capabilities(&self) -> Result<Capabilities, BackendError> {
        self.shared.fresh_fact("capabilities", self.shared.far.capabilities()).await
    }

    /// Asks for people, teams and services, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_directory(&self) -> Result<Directory, BackendError> {
        self.shared.fresh_fact("directory", self.shared.far.directory()).await
    }

    /// Asks for a page of rows, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.shared.fresh_search(search).await
    }

    /// As of when the oldest is of what was given as it was kept, since this was opened.
    #[must_use]
    pub fn gave_kept(&self) -> Option<DateTime<Utc>> {
        *self.shared.gave_kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it did not answer the last time that it did not, in its own words.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Brings the rows that are kept up to date, for who asks later without the remote; not longer
    /// than the patience that there is.
    pub async fn catch_up(&self) {
        if self.shared.failing.load(Ordering::Relaxed) {
            return;
        }
        let known: Option<(Cursor, _)> = self.shared.cache.fact("cursor").await;
        let has_directory = self.shared.cache.fact::<Directory>("directory").await.is_some();
        let ask = async {
            self.changes(known.map(|(cursor, _)| cursor), Duration::ZERO).await?;
            if !has_directory {
                self.fresh_directory().await?;
            }
            Ok::<(), BackendError>(())
        };
        if let Ok(Err(error)) = timeout(self.shared.patience, ask).await {
            tracing::debug!(%error, "catching up");
        }
    }

    /// Reads an incident for later, unless that fails.
    pub(super) async fn keep(&self, id: IncidentId) -> Result<(), BackendError> {
        self.shared.fresh_detail(id, EVENTS).await.map(|_| ())
    }

    /// The last event of each incident that is kept as a whole.
    pub(super) async fn kept_details(&self) -> std::collections::HashMap<IncidentId, u32> {
        self.shared.cache.detail_seqs().await
    }
}

/// Tells what is kept as soon as the answer takes its time, and the answer when it comes.
async fn both<T>(
    ask: impl Future<Output = Result<T, BackendError>>,
    kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    mut tell: impl FnMut(Read<T>),
) {
    tokio::pin!(ask);
    let mut told = false;
    let first = timeout(SOON, &mut ask).await;
    let is_there = matches!(&first, Ok(Ok(_)));
    let is_temporary = matches!(&first, Ok(Err(error)) if error.is_temporary());
    if (first.is_err() || is_temporary)
        && !is_there
        && let Some((value, at)) = kept.await
    {
        told = true;
        tell(Ok(Kept { value, as_of: Some(at) }));
    }
    let answer = match first {
        Ok(answer) => answer,
        Err(_) => ask.await,
    };
    match answer {
        Ok(value) => tell(Ok(Kept::fresh(value))),
        Err(error) if told && error.is_temporary() => {}
        Err(error) => tell(Err(error)),
    }
}

impl Shared {
    /// As [`Self::either`], where nobody is told how old what was kept is.
    async fn any<T>(
        &self,
        ask: impl Future<Output = Result<T, BackendError>>,
        kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> Result<T, BackendError> {
        self.either(ask, kept).await.map(|read| self.given(read))
    }

    /// The answer, where it comes in time; what is kept, where it does not or the remote is gone.
    async fn either<T>(
        &self,
        ask: impl Future<Output = Result<T, BackendError>>,
        kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> Read<T> {
        tokio::pin!(ask);
        // Of one that did not answer just now, not much is expected.
        let failing = self.failing.load(Ordering::Relaxed);
        let patience = if failing { SOON } else { self.patience };
        match timeout(patience, &mut ask).await {
            Ok(Err(error)) if error.is_temporary() => kept.await.map(Kept::from).ok_or(error),
            Ok(answer) => answer.map(Kept::fresh),
            Err(_) => match kept.await {
                Some(kept) => Ok(kept.into()),
                None => ask.await.map(Kept::fresh),
            },
        }
    }

    /// Remembers from when what is given is, where it was kept.
    fn given<T>(&self, read: Kept<T>) -> T {
        if let Some(at) = read.as_of {
            let mut oldest = self.gave_kept.lock().unwrap_or_else(PoisonError::into_inner);
            *oldest = Some(oldest.map_or(at, |known| known.min(at)));
        }
        read.value
    }

    async fn fresh_fact<T: Serialize>(
        &self,
        name: &str,
        ask: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let answer = ask.await;
        self.heard(&answer);
        if let Ok(fact) = &answer {
            self.cache.put_fact(name, fact, Utc::now()).await;
        }
        answer
    }

    async fn fact<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        ask: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        self.any(self.fresh_fact(name, ask), self.cache.fact(name)).await
    }

    /// What is known before anything is asked.
    pub(super) async fn known(&self) -> Known {
        let cursor: Option<(Cursor, DateTime<Utc>)> = self.cache.fact("cursor").await;
        let rows = match self.rows_at().await {
            Some(at) => Some((self.cache.rows(false).await, at)),
            None => None,
        };
        Known {
            capabilities: self.cache.fact("capabilities").await.map(|(value, _)| value),
            directory: self.cache.fact("directory").await,
            rows,
            cursor: cursor.map(|(cursor, _)| cursor),
        }
    }

    /// When the rows were read that are kept; `None` where none ever were.
    async fn rows_at(&self) -> Option<DateTime<Utc>> {
        let cursor: Option<(Cursor, _)> = self.cache.fact("cursor").await;
        match cursor {
            Some((_, at)) => Some(at),
            // All of them were not read, but some.
            None => self.cache.fact::<()>("searched").await.map(|((), at)| at),
        }
    }

    async fn fresh_search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let answer = self.far.search(search).await;
        self.heard(&answer);
        if let Ok(page) = &answer {
            let now = Utc::now();
            self.cache.learn(&page.rows, now).await;
            self.cache.put_fact("searched", &(), now).await;
        }
        answer
    }

    /// A page, as the remote answers it or from the rows that are kept.
    async fn page(&self, search: &Search) -> Read<Page<Summary>> {
        if search.after.as_ref().is_some_and(|mark| mark.0.starts_with(KEPT_MARK)) {
            // What was begun with what is kept goes on with it.
            return self.kept_search(search).await.map(Kept::from).ok_or_else(|| {
                BackendError::NotFound("nothing is kept any more: search anew".into())
            });
        }
        let fresh = async {
            let mut page = self.fresh_search(search).await?;
            self.lay_over(&mut page.rows, false).await;
            Ok(page)
        };
        self.either(fresh, self.kept_search(search)).await
    }

    /// The rows that are kept, with what waits laid over them.
    async fn kept_rows(&self, ended_too: bool) -> Vec<Summary> {
        let mut rows = self.cache.rows(ended_too).await;
        self.lay_over(&mut rows, true).await;
        rows
    }

    /// Lays what waits over rows. Declarations add theirs where that is wanted.
    async fn lay_over(&self, rows: &mut Vec<Summary>, with_new: bool) {
        let listing = self.listing.borrow().clone();
        let mut pending = listing.by_incident();
        if pending.is_empty() {
            return;
        }
        let rules = self.rules();
        for row in rows.iter_mut() {
            if let Some(waits) = pending.remove(&row.id)
                && let Some(over) = over_row(Some(row), &waits, &rules)
            {
                *row = over;
            }
        }
        if with_new {
            rows.extend(pending.values().filter_map(|waits| over_row(None, waits, &rules)));
        }
    }

    /// As a remote would answer it, from the rows that are kept. Words are found in rows alone.
    async fn kept_search(&self, search: &Search) -> Option<(Page<Summary>, DateTime<Utc>)> {
        // Where a page of the remote ended means nothing here.
        let start = match &search.after {
            None => 0,
            Some(mark) => mark.0.strip_prefix(KEPT_MARK)?.parse().ok()?,
        };
        let at = self.rows_at().await?;
        let rules = self.rules();
        let levels = rules.levels;
        let context = MatchContext { now: search.now, me: search.me.as_deref(), levels: &levels };
        let is_open = search.filter.scope() == Scope::Open;
        let mut rows = self.kept_rows(!is_open).await;
        let mut counts = OpenCounts::default();
        for row in &rows {
            counts.add(row, search.now, &levels);
        }
        rows.retain(|row| search.filter.matches(row, context));
        let sort = match search.sort {
            Sort::Newest | Sort::Oldest => search.sort,
            sort if is_open => sort,
            _ => Sort::Newest,
        };
        let mut ranked: Vec<_> =
            rows.into_iter().map(|row| (rank(&row, search.now, &levels), row)).collect();
        ranked.sort_by(|a, b| compare(sort, (&a.1, &a.0), (&b.1, &b.0)));
        let total = ranked.len();
        let end = start + usize::try_from(search.limit).unwrap_or(usize::MAX);
        let page = Page {
            next: (total > end).then(|| PageMark(format!("{KEPT_MARK}{end}"))),
            rows: ranked.into_iter().map(|(_, row)| row).take(end).skip(start).collect(),
            total: Some(total as u64),
            counts: (is_open && start == 0).then_some(counts),
        };
        Some((page, at))
    }

    async fn fresh_detail(
        &self,
        id: IncidentId,
        count: u32,
    ) -> Result<(Detail, Vec<Event>), BackendError> {
        let (detail, events) =
            tokio::join!(self.far.incident(id), self.far.timeline(id, Part::Last(count)));
        self.heard(&detail);
        let detail = match detail {
            Err(BackendError::NotFound(_)) if self.declared_here(id) => {
                return self.new_here(id).ok_or_else(|| not_found(id));
            }
            detail => detail?,
        };
        let events = events?;
        self.cache.put_detail(&detail, &events, Utc::now()).await;
        Ok(self.laid_over(detail, events))
    }

    async fn kept_detail(
        &self,
        id: IncidentId,
        count: u32,
    ) -> Option<((Detail, Vec<Event>), DateTime<Utc>)> {
        match self.cache.detail(id).await {
            Some((detail, at)) => {
                let events = self.cache.timeline(id, Part::Last(count)).await.unwrap_or_default();
                Some((self.laid_over(detail, events), at))
            }
            None => self.new_here(id).map(|new| (new, Utc::now())),
        }
    }

    fn declared_here(&self, id: IncidentId) -> bool {
        self.listing.borrow().pending().any(|entry| entry.declares() == Some(id))
    }

    /// An incident that the remote has not seen yet.
    fn new_here(&self, id: IncidentId) -> Option<(Detail, Vec<Event>)> {
        let listing = self.listing.borrow().clone();
        let waits = listing.by_incident().remove(&id)?;
        let (incident, events) = over_record(None, &[], &waits, &self.rules());
        let detail = Detail {
            incident: incident?,
            suspects: Vec::new(),
            similar: Vec::new(),
            problem: None,
        };
        Some((detail, events))
    }

    /// What waits, laid over an incident and the end of its timeline.
    fn laid_over(&self, mut detail: Detail, mut events: Vec<Event>) -> (Detail, Vec<Event>) {
        let listing = self.listing.borrow().clone();
        let id = detail.incident.summary.id;
        if let Some(waits) = listing.by_incident().remove(&id) {
            let known = detail.incident.clone();
            let (incident, added) = over_record(Some(known), &events, &waits, &self.rules());
            if let Some(incident) = incident {
                detail.incident = incident;
            }
            events.extend(added);
        }
        (detail, events)
    }

    async fn fresh_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let ask = self.far.measures(window, cut, now);
        self.fresh_fact(&measures_of(window, cut), ask).await
    }

    async fn kept_measures(&self, window: &Window, cut: Cut) -> Option<(Measures, DateTime<Utc>)> {
        self.cache.fact(&measures_of(window, cut)).await
    }

    async fn fresh_timeline(&self, id: IncidentId, part: Part) -> Result<Vec<Event>, BackendError> {
        let answer = self.far.timeline(id, part).await;
        self.heard(&answer);
        if let Ok(events) = &answer {
            self.cache.put_timeline(id, events).await;
        }
        answer
    }
}

/// Measures over windows of one length take the place of each other.
fn measures_of(window: &Window, cut: Cut) -> String {
    let hours = (window.to - window.from).num_hours();
    let cut = serde_json::to_string(&cut).unwrap_or_default();
    format!("measures {hours} {cut}")
}

fn not_found(id: IncidentId) -> BackendError {
    BackendError::NotFound(format!("there is no incident {id}"))
}

#[async_trait]
impl Backend for Remote {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let shared = &self.shared;
        let known: Capabilities = shared.fact("capabilities", shared.far.capabilities()).await?;
        Ok(known)
    }

    /// Never answered from what is kept: who asks for changes wants to know whether there are any.
    /// What comes is kept, and what waits is not laid over it.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let shared = &self.shared;
        let answer = shared.far.changes(since, wait).await;
        shared.heard(&answer);
        if let Ok(delta) = &answer {
            let news = delta.reset || !delta.rows.is_empty() || Some(delta.cursor) != since;
            let now = Utc::now();
            // That nothing has changed is written down now and then: what is kept is as of then.
            let written = shared.written_at.load(Ordering::Relaxed);
            if news || (now.timestamp() - written).abs() >= CONFIRMED_EVERY_S {
                shared.written_at.store(now.timestamp(), Ordering::Relaxed);
                shared.cache.fold(since, delta, now).await;
            }
        }
        answer
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let shared = &self.shared;
        let read = shared.page(search).await?;
        Ok(shared.given(read))
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let shared = &self.shared;
        let read = shared.any(shared.fresh_detail(id, EVENTS), shared.kept_detail(id, EVENTS));
        read.await.map(|(detail, _)| detail)
    }

    async fn find(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        let shared = &self.shared;
        let ask = async {
            let answer = shared.far.find(number).await;
            shared.heard(&answer);
            answer
        };
        let kept = async { Some((shared.cache.find(number).await?, Utc::now())) };
        shared.any(ask, kept).await
    }

    async fn timeline(&self, id: IncidentId, part: Part) -> Result<Vec<Event>, BackendError> {
        let shared = &self.shared;
        let kept = async { Some((shared.cache.timeline(id, part).await?, Utc::now())) };
        let ask = async {
            match shared.fresh_timeline(id, part).await {
                Err(BackendError::NotFound(_)) if shared.declared_here(id) => Ok(Vec::new()),
                answer => answer,
            }
        };
        let read = shared.any(ask, kept).await;
        let mut events = match read {
            Err(error) if error.is_temporary() && shared.declared_here(id) => Vec::new(),
            read => read?,
        };
        // What waits comes after all that has happened.
        let is_end = match part {
            Part::Before(..) => false,
            Part::Last(_) => true,
            Part::After(_) => events.len() < 1000,
        };
        if is_end && shared.listing.borrow().is_pending(id) {
            let all = match shared.kept_detail(id, EVENTS).await {
                Some(((_, events), _)) => events,
                None => Vec::new(),
            };
            let last = events.last().map_or(0, |event| event.seq);
            let after = match part {
                Part::After(seq) => last.max(seq),
                _ => last,
            };
            events.extend(all.into_iter().filter(|event| event.seq > after));
        }
        Ok(events)
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let shared = &self.shared;
        let fresh = shared.fresh_measures(window, cut, now);
        shared.any(fresh, shared.kept_measures(window, cut)).await
    }

    /// Takes it into the outbox first. Without an answer in time it is
    /// [`BackendError::Unreachable`], and sent later all the same.
    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        match self.hand_over(envelope).await? {
            Handed::Done(outcome) => Ok(*outcome),
            Handed::Kept(why) => Err(BackendError::Unreachable(format!(
                "{why}: it is kept and sent as soon as that is possible"
            ))),
        }
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        let shared = &self.shared;
        shared.fact("problems", shared.far.problems()).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        let shared = &self.shared;
        shared.fact("directory", shared.far.directory()).await
    }
}
