//! Runs effects as tasks and sends their results back as messages.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::backend::{AdministrationRequest, Backend, BackendError, ContactRequest, Outcome};
use crate::model::maintenance::MaintenanceRequest;
use crate::model::{CommandId, Envelope};
use crate::sync::drafts::{DraftEvent, DraftOp, DraftStore};
use crate::sync::remote::Remote;
use crate::sync::{self, BackendUpdate, PollerHandle};

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Message, OutboxRequest, Timer};
use crate::tui::run::{ProgramSpec, RunId};
use crate::tui::runbook::{NoRunbooks, RunbookError};
use crate::tui::runtime::evidence_file;
use crate::tui::runtime::interpreter::{
    ReadTasks, Surroundings, SystemClock, TIMELINE_PAGE, interpret,
};
use crate::tui::runtime::run::Runs;
use crate::tui::runtime::runbooks;
use crate::tui::verb::evidence_file_error::EvidenceFileError;
use crate::tui::verb::target::Target;
use crate::tui::workspace::{OpenWorkspaceError, Opener, WorkspaceId};

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
    reads: ReadTasks,
    backend: Arc<dyn Backend>,
    opener: Option<Arc<dyn Opener>>,
    poller: PollerHandle,
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
        let (me, remote) = (app.session.me.handle.clone(), app.session.remote.clone());
        let options = sync::Options {
            me: me.clone(),
            remote: remote.clone(),
            read_ahead: !app.ui.low_bandwidth,
        };
        let (poller, polling) = sync::start(Arc::clone(&backend), options, updates);
        let administered = Arc::clone(&backend);
        let mut tasks = JoinSet::new();
        tasks.spawn(polling);
        let (outgoing, requests) = mpsc::unbounded_channel();
        let reader = sync::reader(Arc::clone(&backend), remote.as_ref());
        match remote {
            Some(remote) => tasks.spawn(feed_outbox(remote, messages.clone(), requests)),
            None => tasks.spawn(execute_all(backend, poller.clone(), messages.clone(), requests)),
        };
        let drafts = app.session.drafts_dir.clone();
        let drafts = drafts.and_then(|folder| start_drafts(folder, messages.clone()));
        let (clock, timeline_page) = (Arc::new(SystemClock), TIMELINE_PAGE);
        let reads = ReadTasks { reader, me, clock, timeline_page, messages };
        Self {
            reads,
            backend: administered,
            opener,
            poller,
            outgoing,
            drafts,
            runs: <_>::default(),
            tasks,
        }
    }

    /// Waits until a task has ended; passes on its panic if it had one.
    pub(super) async fn task_finished(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// Runs an effect that does not concern the terminal or the loop itself.
    pub(super) fn run(&mut self, effect: Effect) {
        let returned = interpret(effect, self);
        debug_assert!(returned.is_none(), "the loop runs this itself: {returned:?}");
    }
}

impl Surroundings for Runner {
    fn reads(&self) -> ReadTasks {
        self.reads.clone()
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn submit(&mut self, envelopes: Vec<Envelope>) {
        let _ = self.outgoing.send(Outgoing::Submit(envelopes));
    }

    fn replace(&mut self, refused: CommandId, envelopes: Vec<Envelope>) {
        let _ = self.outgoing.send(Outgoing::Replace(refused, envelopes));
    }

    fn request_outbox(&mut self, request: OutboxRequest) {
        let _ = self.outgoing.send(Outgoing::Request(request));
    }

    fn administer(&mut self, request: AdministrationRequest) {
        let (backend, messages) = (Arc::clone(&self.backend), self.reads.messages.clone());
        self.tasks.spawn(async move {
            let result = backend.administer(&request).await.map(Box::new);
            let _ = messages.send(Message::Administered(request.id, result, Utc::now()));
        });
    }

    fn change_contacts(&mut self, request: ContactRequest) {
        let (backend, messages) = (Arc::clone(&self.backend), self.reads.messages.clone());
        self.tasks.spawn(async move {
            let result = backend.change_contacts(&request).await.map(Box::new);
            let _ = messages.send(Message::ContactsChanged(request.id, result, Utc::now()));
        });
    }

    fn test_contacts(&mut self, person: String, contact: Option<String>) {
        let (backend, messages) = (Arc::clone(&self.backend), self.reads.messages.clone());
        self.tasks.spawn(async move {
            let result = backend.test_contacts(&person, contact.as_deref()).await;
            let _ = messages.send(Message::ContactsTested(result, Utc::now()));
        });
    }

    fn change_maintenance(&mut self, request: MaintenanceRequest) {
        let (backend, messages) = (Arc::clone(&self.backend), self.reads.messages.clone());
        self.tasks.spawn(async move {
            let result = backend.change_maintenance(&request).await.map(Box::new);
            let _ = messages.send(Message::MaintenanceChanged(request.id, result, Utc::now()));
        });
    }

    fn store_draft(&mut self, op: DraftOp) {
        if let Some(drafts) = &self.drafts {
            drafts.send(op);
        }
    }

    fn load_runbooks(&mut self, folder: PathBuf) {
        let messages = self.reads.messages.clone();
        self.tasks.spawn(async move {
            let read = spawn_blocking(move || runbooks::load_heads(&folder)).await;
            let read = read.unwrap_or_else(|_| {
                Err(NoRunbooks::Unreadable("reading the runbooks failed".into()))
            });
            let _ = messages.send(Message::Runbooks(read));
        });
    }

    fn load_runbook(&mut self, folder: PathBuf, name: String) {
        let messages = self.reads.messages.clone();
        self.tasks.spawn(async move {
            let requested = name.clone();
            let read = spawn_blocking(move || runbooks::load_page(&folder, &requested)).await;
            let read = read.unwrap_or_else(|error| Err(RunbookError::Panicked(error)));
            let _ = messages.send(Message::Runbook(name, read));
        });
    }

    fn load_evidence_file(&mut self, path: PathBuf, target: Target) {
        let messages = self.reads.messages.clone();
        self.tasks.spawn(async move {
            let requested = path.clone();
            let read = spawn_blocking(move || evidence_file::read(&requested)).await;
            let read = read.unwrap_or_else(|error| Err(EvidenceFileError::Panicked(error)));
            let _ = messages.send(Message::EvidenceFile(target, path, read, Utc::now()));
        });
    }

    fn open_workspace(&mut self, workspace: WorkspaceId) {
        let (opener, messages) = (self.opener.clone(), self.reads.messages.clone());
        self.tasks.spawn(async move {
            let result = match opener {
                Some(opener) => opener.open(&workspace).await,
                None => Err(OpenWorkspaceError::NoOpener),
            };
            let _ = messages.send(Message::WorkspaceOpened(workspace, result, Utc::now()));
        });
    }

    fn start_program(&mut self, spec: ProgramSpec) {
        self.runs.start(spec, self.reads.messages.clone(), &mut self.tasks);
    }

    fn stop_program(&mut self, id: RunId) {
        self.runs.stop(id);
    }

    fn refresh(&mut self) {
        self.poller.refresh();
    }

    fn start_timer(&mut self, duration: Duration, timer: Timer) {
        let messages = self.reads.messages.clone();
        self.tasks.spawn(async move {
            sleep(duration).await;
            let _ = messages.send(Message::Elapsed(timer));
        });
    }
}

/// Starts the store of drafts; sends a message if that is not possible.
fn start_drafts(folder: PathBuf, messages: mpsc::UnboundedSender<Message>) -> Option<DraftStore> {
    let failure_sender = messages.clone();
    let started = DraftStore::start(folder, move |event| {
        let message = match event {
            DraftEvent::Recovered(drafts) => Message::Drafts(drafts),
            DraftEvent::Filters(filters) => Message::Filters(filters),
            DraftEvent::Screen(state) => Message::ScreenState(state),
            DraftEvent::Changed(draft) => Message::DraftChanged(Box::new(draft)),
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

/// Puts commands into the outbox, in order, and forwards requests to it. The poller publishes the
/// results of the commands.
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
            Outgoing::Request(OutboxRequest::Approve(id)) => remote.approve(&[id]).await,
            Outgoing::Request(OutboxRequest::Resend) => remote.resend().await.map(drop),
            Outgoing::Request(OutboxRequest::AcknowledgePutBack) => {
                remote.acknowledge_put_back().await
            }
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
