//! Effects as tasks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, Utc};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::backend::{Backend, BackendError, Outcome, Search, TimelineRange};
use crate::model::filter::{Filter, Predicate, StateFilter, Term};
use crate::model::measures::{Cut, Window};
use crate::model::queue::Sort;
use crate::model::{CommandId, Envelope};
use crate::sync::drafts::{DraftEvent, DraftOp, DraftStore};
use crate::sync::remote::{Remote, Sourced};
use crate::sync::{self, BackendUpdate, PollerHandle};

use super::super::app::{App, Span};
use super::super::message::{CachedPart, Effect, Message, OutboxRequest};
use super::super::run::NoRunbooks;
use super::super::workspaces::Opener;
use super::run::Runs;
use super::runbooks;

/// Events of a timeline that are read at once.
const TIMELINE_PAGE: u32 = 200;
/// Ended incidents among which the last one to end is looked for.
const ENDED_PAGE: u32 = 50;
/// What is sent, in order.
enum Outgoing {
    /// Commands about one incident.
    Submit(Vec<Envelope>),
    /// Commands in the place of a refused one.
    Replace(CommandId, Vec<Envelope>),
    /// Something asked of the outbox.
    Request(OutboxRequest),
}

/// The first and the longest wait before a command is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Runs effects; answers come as messages.
pub(super) struct Runner {
    backend: Arc<dyn Backend>,
    me: String,
    opener: Option<Arc<dyn Opener>>,
    messages: mpsc::UnboundedSender<Message>,
    mirror: PollerHandle,
    /// What is kept of the backend, where it is a remote one.
    remote: Option<Arc<Remote>>,
    /// Commands, sent in the order in which they were asked.
    outgoing: mpsc::UnboundedSender<Outgoing>,
    /// `None` where there is no place for drafts.
    drafts: Option<DraftStore>,
    runs: Runs,
    tasks: JoinSet<()>,
}

impl Runner {
    pub(super) fn start(
        backend: Arc<dyn Backend>,
        app: &App,
        opener: Option<Arc<dyn Opener>>,
        messages: mpsc::UnboundedSender<Message>,
        updates: mpsc::UnboundedSender<BackendUpdate>,
    ) -> Self {
        let (me, remote) = (app.me.handle.clone(), app.remote.clone());
        let options = sync::Options {
            me: me.clone(),
            remote: remote.clone(),
            read_ahead: !app.low_bandwidth,
        };
        let (mirror, keeping) = sync::start(Arc::clone(&backend), options, updates);
        let mut tasks = JoinSet::new();
        tasks.spawn(keeping);
        let (outgoing, to_send) = mpsc::unbounded_channel();
        match &remote {
            Some(remote) => {
                tasks.spawn(feed_outbox(Arc::clone(remote), messages.clone(), to_send));
            }
            None => {
                tasks.spawn(execute_all(
                    Arc::clone(&backend),
                    mirror.clone(),
                    messages.clone(),
                    to_send,
                ));
            }
        }
        let drafts = app.drafts_dir.clone();
        let drafts = drafts.and_then(|folder| start_drafts(folder, messages.clone()));
        let runs = Runs::default();
        Self { backend, me, opener, messages, mirror, remote, outgoing, drafts, runs, tasks }
    }

    /// Waits until a task has ended, and goes on with its panic if it had one.
    pub(super) async fn task_finished(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each effect")]
    pub(super) fn run(&mut self, effect: Effect) {
        let backend = Arc::clone(&self.backend);
        let messages = self.messages.clone();
        // Sending fails only when the loop has ended: then nobody waits for an answer.
        match effect {
            Effect::Submit(envelopes) => {
                let _ = self.outgoing.send(Outgoing::Submit(envelopes));
            }
            Effect::Replace(id, envelopes) => {
                let _ = self.outgoing.send(Outgoing::Replace(id, envelopes));
            }
            Effect::Outbox(ask) => {
                let _ = self.outgoing.send(Outgoing::Request(ask));
            }
            Effect::Draft(keep) => {
                if let Some(drafts) = &self.drafts {
                    drafts.send(keep);
                }
            }
            Effect::RememberFilter(filter) => {
                if let Some(drafts) = &self.drafts {
                    drafts.send(DraftOp::RememberFilter(filter));
                }
            }
            Effect::LoadHistoryPage(number, search) => {
                let remote = self.remote.clone();
                self.tasks.spawn(async move {
                    let page = match remote {
                        None => backend.search(&search).await,
                        Some(remote) => remote.search_sourced(&search).await.map(|read| {
                            let _ = messages.send(Message::CachedAt(
                                CachedPart::HistoryPage(number),
                                read.as_of,
                            ));
                            read.value
                        }),
                    };
                    let _ = messages.send(Message::HistoryPage(number, page, Utc::now()));
                });
            }
            Effect::LocateIncident(number) => {
                self.tasks.spawn(async move {
                    let found = backend.find_by_number(number).await;
                    let _ = messages.send(Message::IncidentLocated(number, found, Utc::now()));
                });
            }
            Effect::LoadProblems => {
                self.tasks.spawn(async move {
                    let problems = backend.problems().await;
                    let _ = messages.send(Message::Problems(problems, Utc::now()));
                });
            }
            Effect::LoadDetail(id) if self.remote.is_some() => {
                let Some(remote) = self.remote.clone() else { return };
                self.tasks.spawn(async move {
                    let tell = |read: Result<Sourced<_>, _>| {
                        let as_of = read.as_ref().ok().and_then(|kept| kept.as_of);
                        if read.is_ok() {
                            let _ = messages.send(Message::CachedAt(CachedPart::Detail(id), as_of));
                        }
                        let read = read.map(|kept| Box::new(kept.value));
                        let _ = messages.send(Message::Detail(id, read, Utc::now()));
                    };
                    Box::pin(remote.read_incident(id, tell)).await;
                });
            }
            Effect::LoadDetail(id) => {
                self.tasks.spawn(async move {
                    let (detail, events) = tokio::join!(
                        backend.incident(id),
                        backend.timeline(id, TimelineRange::Last(TIMELINE_PAGE))
                    );
                    let read = detail.and_then(|detail| Ok(Box::new((detail, events?))));
                    let _ = messages.send(Message::Detail(id, read, Utc::now()));
                });
            }
            Effect::LoadEarlierEvents(id, seq) => {
                self.tasks.spawn(async move {
                    let events =
                        backend.timeline(id, TimelineRange::Before(seq, TIMELINE_PAGE)).await;
                    let _ = messages.send(Message::EarlierEvents(id, events, Utc::now()));
                });
            }
            Effect::LoadMeasures(span) => {
                let remote = self.remote.clone();
                self.tasks.spawn(async move {
                    let now = Utc::now();
                    let window = match span {
                        Span::Day => Window::last_day(now),
                        longer => Window::last_days(longer.days(), now, &Local),
                    };
                    if let Some(remote) = remote {
                        let tell = |read: Result<Sourced<_>, _>| {
                            let as_of = read.as_ref().ok().and_then(|kept| kept.as_of);
                            if read.is_ok() {
                                let _ =
                                    messages.send(Message::CachedAt(CachedPart::Measures, as_of));
                            }
                            let measures = read.map(|kept| Arc::new(kept.value));
                            let _ = messages.send(Message::Measures(span, measures, Utc::now()));
                        };
                        remote.read_measures(&window, Cut::Total, now, tell).await;
                        return;
                    }
                    let measures = backend.measures(&window, Cut::Total, now).await.map(Arc::new);
                    let _ = messages.send(Message::Measures(span, measures, Utc::now()));
                });
            }
            Effect::LoadLastEnded => {
                let me = self.me.clone();
                let ended =
                    Term { negated: false, predicate: Predicate::State(StateFilter::Ended) };
                self.tasks.spawn(async move {
                    let filter = Filter { terms: vec![ended] };
                    if let Some(last) = find_last_end(backend, me, filter).await {
                        let _ = messages.send(Message::LastEnded(last));
                    }
                });
            }
            Effect::LoadRibbonEvents(wanted) => {
                self.tasks.spawn(async move {
                    let events = backend.timeline(wanted.incident.id, wanted.part).await;
                    let _ = messages.send(Message::RibbonEvents(wanted, events));
                });
            }
            Effect::LoadLastP1(filter) => {
                let me = self.me.clone();
                self.tasks.spawn(async move {
                    if let Some(last) = find_last_end(backend, me, filter).await {
                        let _ = messages.send(Message::LastP1(last));
                    }
                });
            }
            Effect::LoadRunbooks(folder) => {
                self.tasks.spawn(async move {
                    let read = spawn_blocking(move || runbooks::load_heads(&folder)).await;
                    let read = read.unwrap_or_else(|_| {
                        Err(NoRunbooks::Unreadable("reading the runbooks failed".into()))
                    });
                    let _ = messages.send(Message::Runbooks(read));
                });
            }
            Effect::LoadRunbook(folder, name) => {
                self.tasks.spawn(async move {
                    let wanted = name.clone();
                    let read = spawn_blocking(move || runbooks::load_page(&folder, &wanted)).await;
                    let read = read.unwrap_or_else(|_| Err("reading the runbook failed".into()));
                    let _ = messages.send(Message::Runbook(name, read));
                });
            }
            Effect::OpenWorkspace(site) => {
                let doors = self.opener.clone();
                self.tasks.spawn(async move {
                    let opened = match doors {
                        Some(doors) => doors.open(&site).await,
                        None => Err("there is no going elsewhere from here".into()),
                    };
                    let _ = messages.send(Message::WorkspaceOpened(site, opened, Utc::now()));
                });
            }
            Effect::Run(start) => self.runs.start(*start, messages, &mut self.tasks),
            Effect::StopRun(id) => self.runs.stop(id),
            Effect::Refresh => self.mirror.refresh(),
            Effect::StartTimer(wait, timer) => {
                self.tasks.spawn(async move {
                    sleep(wait).await;
                    let _ = messages.send(Message::Elapsed(timer));
                });
            }
            // The loop itself does these.
            Effect::Copy(_)
            | Effect::Notify { .. }
            | Effect::Suspend
            | Effect::Edit(_)
            | Effect::SwitchWorkspace(_)
            | Effect::Quit => {}
        }
    }
}

/// Starts keeping drafts; where that is not possible, that is told.
fn start_drafts(folder: PathBuf, messages: mpsc::UnboundedSender<Message>) -> Option<DraftStore> {
    let told = messages.clone();
    let started = DraftStore::start(folder, move |told_of| {
        let message = match told_of {
            DraftEvent::Recovered(drafts) => Message::Drafts(drafts),
            DraftEvent::Filters(filters) => Message::Filters(filters),
            DraftEvent::Failed(why) => Message::DraftLost(why),
        };
        // The loop may have ended.
        let _ = messages.send(message);
    });
    match started {
        Ok(keeper) => Some(keeper),
        Err(error) => {
            let _ = told.send(Message::DraftLost(format!("what is typed can't be kept: {error}")));
            None
        }
    }
}

/// Puts commands into the outbox, in order, and asks of it what was asked for. What becomes of them is
/// told by the mirror.
async fn feed_outbox(
    remote: Arc<Remote>,
    messages: mpsc::UnboundedSender<Message>,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(outgoing) = to_send.recv().await {
        let ids = |envelopes: &[Envelope]| envelopes.iter().map(|e| e.id).collect();
        let done = match outgoing {
            Outgoing::Submit(envelopes) => {
                let ids = ids(&envelopes);
                let accepted = remote.enqueue(envelopes).await;
                let _ = messages.send(Message::Enqueued(ids, accepted, Utc::now()));
                continue;
            }
            Outgoing::Replace(id, envelopes) => {
                let ids = ids(&envelopes);
                let accepted = remote.replace(id, envelopes).await;
                let _ = messages.send(Message::Enqueued(ids, accepted, Utc::now()));
                continue;
            }
            Outgoing::Request(OutboxRequest::Retry(id)) => remote.retry(id).await,
            Outgoing::Request(OutboxRequest::Drop(id)) => remote.drop_entry(id).await.map(|_| ()),
            Outgoing::Request(OutboxRequest::SendNow) => remote.send_now().await,
            Outgoing::Request(OutboxRequest::Lookup(id)) => {
                let found = remote.entry(id).await.map(|entry| entry.map(Box::new));
                let _ = messages.send(Message::OutboxEntryLoaded(id, found, Utc::now()));
                continue;
            }
        };
        if let Err(error) = done {
            let _ = messages.send(Message::OutboxFailed(error.to_string()));
        }
    }
}

/// Carries out commands one after another. What follows a refusal in a chain is not sent.
async fn execute_all(
    backend: Arc<dyn Backend>,
    mirror: PollerHandle,
    messages: mpsc::UnboundedSender<Message>,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(outgoing) = to_send.recv().await {
        // Without an outbox there is nothing else.
        let Outgoing::Submit(chain) = outgoing else { continue };
        let mut refused = None;
        for envelope in chain {
            let id = envelope.id;
            let result = match &refused {
                None => execute_with_retry(&backend, &mirror, &messages, envelope).await,
                Some(why) => Err(BackendError::clone(why)),
            };
            if let Err(error) = &result {
                refused = Some(error.clone());
            }
            let _ = messages.send(Message::Settled(id, result.map(Box::new), Utc::now()));
        }
    }
}

/// Carries out a command; one that fails for now is tried again with the same id.
async fn execute_with_retry(
    backend: &Arc<dyn Backend>,
    mirror: &PollerHandle,
    messages: &mpsc::UnboundedSender<Message>,
    envelope: Envelope,
) -> Result<Outcome, BackendError> {
    let mut wait = BACKOFF.0;
    let result = loop {
        match backend.execute(&envelope).await {
            Err(error) if error.is_temporary() => {
                let _ = messages.send(Message::Retrying(envelope.id, error, Utc::now()));
                sleep(wait).await;
                wait = (wait * 2).min(BACKOFF.1);
            }
            result => break result,
        }
    };
    if let Ok(outcome) = &result
        && let Some(row) = &outcome.row
    {
        mirror.update_row(row.clone());
    }
    result
}

/// When the last of those that pass a filter ended, if any has. `None` where it could not be read: the
/// mirror's own failure tells of that.
async fn find_last_end(
    backend: Arc<dyn Backend>,
    me: String,
    filter: Filter,
) -> Option<Option<DateTime<Utc>>> {
    let search = Search {
        filter,
        me: Some(me),
        sort: Sort::Newest,
        limit: ENDED_PAGE,
        after: None,
        now: Utc::now(),
    };
    let page = backend.search(&search).await.ok()?;
    Some(page.rows.iter().filter_map(|row| row.resolved_at.or(row.closed_at)).max())
}
