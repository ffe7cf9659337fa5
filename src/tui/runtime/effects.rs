//! Runs effects as tasks and sends their results back as messages.

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

use crate::tui::core::app::App;
use crate::tui::core::message::{CachedPart, Effect, Message, OutboxRequest};
use crate::tui::metrics::Span;
use crate::tui::runbook::NoRunbooks;
use crate::tui::runtime::run::Runs;
use crate::tui::runtime::runbooks;
use crate::tui::workspace::Opener;

/// How many events of a timeline are read at once.
const TIMELINE_PAGE: u32 = 200;
/// How many ended incidents, newest first, are searched for the last one to end.
const ENDED_PAGE: u32 = 50;

/// A request to the task that sends commands, which handles them in order.
enum Outgoing {
    /// Commands about one incident.
    Submit(Vec<Envelope>),
    /// Commands that replace a refused one.
    Replace(CommandId, Vec<Envelope>),
    /// A request to the outbox.
    Request(OutboxRequest),
}

/// The first and the longest wait before a command is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Runs effects; results come back as messages.
pub(super) struct Runner {
    backend: Arc<dyn Backend>,
    me: String,
    opener: Option<Arc<dyn Opener>>,
    messages: mpsc::UnboundedSender<Message>,
    poller: PollerHandle,
    /// Cache and outbox of the backend, if it is a remote one.
    remote: Option<Arc<Remote>>,
    /// Commands, which are sent in the order of their requests.
    outgoing: mpsc::UnboundedSender<Outgoing>,
    /// `None` where drafts can't be stored.
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
        let (poller, polling) = sync::start(Arc::clone(&backend), options, updates);
        let mut tasks = JoinSet::new();
        tasks.spawn(polling);
        let (outgoing, requests) = mpsc::unbounded_channel();
        match &remote {
            Some(remote) => {
                tasks.spawn(feed_outbox(Arc::clone(remote), messages.clone(), requests));
            }
            None => {
                tasks.spawn(execute_all(
                    Arc::clone(&backend),
                    poller.clone(),
                    messages.clone(),
                    requests,
                ));
            }
        }
        let drafts = app.drafts_dir.clone();
        let drafts = drafts.and_then(|folder| start_drafts(folder, messages.clone()));
        let runs = Runs::default();
        Self { backend, me, opener, messages, poller, remote, outgoing, drafts, runs, tasks }
    }

    /// Waits until a task has ended; passes on its panic if it had one.
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
        // Sending fails only after the loop has ended: then nobody waits for an answer.
        match effect {
            Effect::Submit(envelopes) => {
                let _ = self.outgoing.send(Outgoing::Submit(envelopes));
            }
            Effect::Replace(id, envelopes) => {
                let _ = self.outgoing.send(Outgoing::Replace(id, envelopes));
            }
            Effect::Outbox(request) => {
                let _ = self.outgoing.send(Outgoing::Request(request));
            }
            Effect::Draft(op) => {
                if let Some(drafts) = &self.drafts {
                    drafts.send(op);
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
                    let on_update = |read: Result<Sourced<_>, _>| {
                        let as_of = read.as_ref().ok().and_then(|sourced| sourced.as_of);
                        if read.is_ok() {
                            let _ = messages.send(Message::CachedAt(CachedPart::Detail(id), as_of));
                        }
                        let read = read.map(|sourced| Box::new(sourced.value));
                        let _ = messages.send(Message::Detail(id, read, Utc::now()));
                    };
                    Box::pin(remote.read_incident(id, on_update)).await;
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
                        let on_update = |read: Result<Sourced<_>, _>| {
                            let as_of = read.as_ref().ok().and_then(|sourced| sourced.as_of);
                            if read.is_ok() {
                                let _ =
                                    messages.send(Message::CachedAt(CachedPart::Measures, as_of));
                            }
                            let measures = read.map(|sourced| Arc::new(sourced.value));
                            let _ = messages.send(Message::Measures(span, measures, Utc::now()));
                        };
                        remote.read_measures(&window, Cut::Total, now, on_update).await;
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
            Effect::LoadRibbonEvents(request) => {
                self.tasks.spawn(async move {
                    let events = backend.timeline(request.incident.id, request.part).await;
                    let _ = messages.send(Message::RibbonEvents(request, events));
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
                    let requested = name.clone();
                    let read =
                        spawn_blocking(move || runbooks::load_page(&folder, &requested)).await;
                    let read = read.unwrap_or_else(|_| Err("reading the runbook failed".into()));
                    let _ = messages.send(Message::Runbook(name, read));
                });
            }
            Effect::OpenWorkspace(workspace) => {
                let opener = self.opener.clone();
                self.tasks.spawn(async move {
                    let opened = match opener {
                        Some(opener) => opener.open(&workspace).await,
                        None => Err("there is no going elsewhere from here".into()),
                    };
                    let _ = messages.send(Message::WorkspaceOpened(workspace, opened, Utc::now()));
                });
            }
            Effect::Run(spec) => self.runs.start(*spec, messages, &mut self.tasks),
            Effect::StopRun(id) => self.runs.stop(id),
            Effect::Refresh => self.poller.refresh(),
            Effect::StartTimer(wait, timer) => {
                self.tasks.spawn(async move {
                    sleep(wait).await;
                    let _ = messages.send(Message::Elapsed(timer));
                });
            }
            // The loop itself runs these.
            Effect::Copy(_)
            | Effect::Notify { .. }
            | Effect::Suspend
            | Effect::Edit(_)
            | Effect::SwitchWorkspace(_)
            | Effect::Quit => {}
        }
    }
}

/// Starts the store of drafts; sends a message if that is not possible.
fn start_drafts(folder: PathBuf, messages: mpsc::UnboundedSender<Message>) -> Option<DraftStore> {
    let failure_sender = messages.clone();
    let started = DraftStore::start(folder, move |event| {
        let message = match event {
            DraftEvent::Recovered(drafts) => Message::Drafts(drafts),
            DraftEvent::Filters(filters) => Message::Filters(filters),
            DraftEvent::Failed(why) => Message::DraftLost(why),
        };
        // The loop may have ended.
        let _ = messages.send(message);
    });
    match started {
        Ok(store) => Some(store),
        Err(error) => {
            let _ = failure_sender
                .send(Message::DraftLost(format!("what is typed can't be kept: {error}")));
            None
        }
    }
}

/// Puts commands into the outbox, in order, and passes on requests to it. The poller publishes what
/// becomes of the commands.
async fn feed_outbox(
    remote: Arc<Remote>,
    messages: mpsc::UnboundedSender<Message>,
    mut requests: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(outgoing) = requests.recv().await {
        let ids = |envelopes: &[Envelope]| envelopes.iter().map(|e| e.id).collect();
        let result = match outgoing {
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
        if let Err(error) = result {
            let _ = messages.send(Message::OutboxFailed(error.to_string()));
        }
    }
}

/// Executes commands one after another. Commands after a refused one of the same request are not
/// sent.
async fn execute_all(
    backend: Arc<dyn Backend>,
    poller: PollerHandle,
    messages: mpsc::UnboundedSender<Message>,
    mut requests: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(outgoing) = requests.recv().await {
        // Without an outbox there are no other requests.
        let Outgoing::Submit(envelopes) = outgoing else { continue };
        let mut refused = None;
        for envelope in envelopes {
            let id = envelope.id;
            let result = match &refused {
                None => execute_with_retry(&backend, &poller, &messages, envelope).await,
                Some(why) => Err(BackendError::clone(why)),
            };
            if let Err(error) = &result {
                refused = Some(error.clone());
            }
            let _ = messages.send(Message::Settled(id, result.map(Box::new), Utc::now()));
        }
    }
}

/// Executes a command, and retries it with the same id while it fails temporarily.
async fn execute_with_retry(
    backend: &Arc<dyn Backend>,
    poller: &PollerHandle,
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
        poller.update_row(row.clone());
    }
    result
}

/// Returns when the last of the incidents that pass a filter ended, if any has. `None` if they
/// could not be read: the poller reports that failure itself.
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
