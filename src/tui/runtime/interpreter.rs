//! The meaning of each effect, for the loop and for tests alike.
//!
//! [`interpret`] decides what an effect does to the surroundings and which messages answer it. The
//! surroundings are behind [`Surroundings`]: tasks, files and processes in the program, fakes in
//! tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, Utc};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::backend::lists::NotificationSearch;
use crate::backend::{AdministrationRequest, ContactRequest, Search, TimelineRange};
use crate::model::filter::{Filter, Predicate, StateFilter, Term};
use crate::model::maintenance::MaintenanceRequest;
use crate::model::measures::pages::PagesQuery;
use crate::model::measures::{Cut, Figures, Measures, Window};
use crate::model::queue::Sort;
use crate::model::{CommandId, Envelope, IncidentId, IncidentNumber};
use crate::sync::drafts::DraftOp;
use crate::sync::last_seen::LastSeen;
use crate::sync::{ReadResult, Reader};

use crate::tui::copy::save_error::SaveEvidenceError;
use crate::tui::core::message::{Effect, Message, OutboxRequest, Timer};
use crate::tui::core::zone::Zone;
use crate::tui::metrics::Span;
use crate::tui::metrics::pages::PagesRequest;
use crate::tui::run::{ProgramSpec, RunId};
use crate::tui::runtime::{evidence_saving, screen_reads};
use crate::tui::screens::ScreenRequest;
use crate::tui::verb::target::Target;
use crate::tui::wall::EventRequest;
use crate::tui::workspace::WorkspaceId;

/// The number of events of a timeline per read.
pub const TIMELINE_PAGE: u32 = 200;
/// The most notifications that are read with a record.
const MAX_NOTIFIED: u32 = 100;
/// How many ended incidents, newest first, are searched for the last one to end.
const ENDED_PAGE: u32 = 50;

/// The target of effects. Methods return immediately; their results come back as messages.
pub trait Surroundings {
    /// Returns the tasks that read the backend.
    fn reads(&self) -> ReadTasks;

    /// Runs a task, which sends its messages itself.
    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static);

    /// Executes commands one after another.
    fn submit(&mut self, envelopes: Vec<Envelope>);

    /// Replaces a refused command in the outbox by others.
    fn replace(&mut self, refused: CommandId, envelopes: Vec<Envelope>);

    /// Sends a request to the outbox.
    fn request_outbox(&mut self, request: OutboxRequest);

    /// Changes the directory.
    fn administer(&mut self, request: AdministrationRequest);
    /// Changes a maintenance window; the answer is [`Message::MaintenanceChanged`].
    fn change_maintenance(&mut self, request: MaintenanceRequest);

    /// Changes the contacts of the viewer. Surroundings without a backend do nothing, here and below.
    fn change_contacts(&mut self, _request: ContactRequest) {}

    /// Sends test messages over the contacts of a person, or over one of them.
    fn test_contacts(&mut self, _person: String, _contact: Option<String>) {}

    /// Stores, drops or releases a draft, or stores a filter.
    fn store_draft(&mut self, op: DraftOp);

    /// Reads the headers of the runbooks in a folder.
    fn load_runbooks(&mut self, folder: PathBuf);

    /// Reads one runbook of a folder.
    fn load_runbook(&mut self, folder: PathBuf, name: String);

    /// Reads a file to be attached to an incident.
    fn load_evidence_file(&mut self, path: PathBuf, target: Target);

    /// Opens the workspace with this id.
    fn open_workspace(&mut self, workspace: WorkspaceId);

    /// Starts a program on an incident.
    fn start_program(&mut self, spec: ProgramSpec);

    /// Stops a running program.
    fn stop_program(&mut self, id: RunId);

    /// Polls the backend now.
    fn refresh(&mut self);

    /// Sends [`Message::Elapsed`] after a duration.
    fn start_timer(&mut self, duration: Duration, timer: Timer);
}

/// The current time and the zone of the viewer.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> DateTime<Utc>;

    /// Returns the window of the last `days` days up to `now`, in the zone of the viewer.
    fn last_days(&self, days: u32, now: DateTime<Utc>) -> Window;

    /// Returns the window of the last 24 hours, with the full hours of the zone of the viewer.
    fn last_day(&self, now: DateTime<Utc>) -> Window {
        Window::last_day(now)
    }

    /// Returns the window from the start of a day up to the start of another, in the zone of the viewer.
    fn between(&self, from: NaiveDate, to: NaiveDate) -> Window {
        Window::between_days(from, to, &Utc)
    }

    /// Returns start and end of the window with which one is compared, in the zone of the viewer.
    fn previous(&self, window: &Window) -> (DateTime<Utc>, DateTime<Utc>) {
        window.previous_span()
    }
}

/// The clock and the zone of this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn last_days(&self, days: u32, now: DateTime<Utc>) -> Window {
        Window::last_days(days, now, &Local)
    }

    fn last_day(&self, now: DateTime<Utc>) -> Window {
        Window::last_day_in(now, &Local)
    }

    fn between(&self, from: NaiveDate, to: NaiveDate) -> Window {
        Window::between_days(from, to, &Local)
    }

    fn previous(&self, window: &Window) -> (DateTime<Utc>, DateTime<Utc>) {
        window.previous_span_in(&Local)
    }
}

/// Runs an effect. Returns it where it concerns the terminal or the loop itself, which run it.
pub fn interpret(effect: Effect, surroundings: &mut impl Surroundings) -> Option<Effect> {
    let reads = surroundings.reads();
    match effect {
        Effect::Submit(envelopes) => surroundings.submit(envelopes),
        Effect::Replace(refused, envelopes) => surroundings.replace(refused, envelopes),
        Effect::Outbox(request) => surroundings.request_outbox(request),
        Effect::Draft(op) => surroundings.store_draft(op),
        Effect::RememberFilter(filter) => {
            surroundings.store_draft(DraftOp::RememberFilter(filter));
        }
        Effect::LoadHistoryPage(number, search) => {
            surroundings.spawn(reads.read_history_page(number, search));
        }
        Effect::LocateIncident(number) => surroundings.spawn(reads.locate_incident(number)),
        Effect::LoadProblems => surroundings.spawn(reads.read_problems()),
        Effect::LoadEvidence(id) => surroundings.spawn(reads.read_evidence(id)),
        Effect::SaveEvidence(id, name) => surroundings.spawn(reads.save_evidence(id, name)),
        Effect::LoadEvidenceFile(path, target) => {
            surroundings.load_evidence_file(path, target);
        }
        Effect::LoadDetail(id) => surroundings.spawn(reads.read_detail(id)),
        Effect::LoadEarlierEvents(id, seq) => {
            surroundings.spawn(reads.read_earlier_events(id, seq));
        }
        Effect::LoadMeasures(span, zone) => surroundings.spawn(reads.read_measures(span, zone)),
        Effect::LoadPages(request) => surroundings.spawn(reads.read_pages(request)),
        Effect::LoadLastEnded => surroundings.spawn(reads.read_last_ended()),
        Effect::LoadRibbonEvents(request) => {
            surroundings.spawn(reads.read_ribbon_events(request));
        }
        Effect::LoadLastSeen(path, viewer) => {
            // A small file, but perhaps on a slow disk.
            surroundings.spawn(async move { reads.read_last_seen(&path, &viewer) });
        }
        Effect::RecordLastSeen(path, viewer, time) => record_last_seen(&path, &viewer, time),
        Effect::LoadScreen(number, request) => {
            surroundings.spawn(reads.read_screen(number, *request));
        }
        Effect::LoadNotified(number, id) => surroundings.spawn(reads.read_notified(number, id)),
        Effect::LoadReach => surroundings.spawn(reads.read_reach()),
        Effect::Administer(request) => surroundings.administer(*request),
        Effect::ChangeContacts(request) => surroundings.change_contacts(*request),
        Effect::TestContacts(person, contact) => surroundings.test_contacts(person, contact),
        Effect::ChangeMaintenance(request) => surroundings.change_maintenance(*request),
        Effect::LoadLastP1(filter) => surroundings.spawn(reads.read_last_p1(filter)),
        Effect::LoadRunbooks(folder) => surroundings.load_runbooks(folder),
        Effect::LoadRunbook(folder, name) => surroundings.load_runbook(folder, name),
        Effect::OpenWorkspace(workspace) => surroundings.open_workspace(workspace),
        Effect::Run(spec) => surroundings.start_program(*spec),
        Effect::StopRun(id) => surroundings.stop_program(id),
        Effect::Refresh => surroundings.refresh(),
        Effect::StartTimer(duration, timer) => surroundings.start_timer(duration, timer),
        Effect::Copy(_)
        | Effect::Notify { .. }
        | Effect::Suspend
        | Effect::Redraw
        | Effect::SetMouse(_)
        | Effect::Edit(_)
        | Effect::SwitchWorkspace(_)
        | Effect::Leave(_)
        | Effect::Quit => return Some(effect),
    }
    None
}

/// Stores up to when a viewer has seen the feed. It is done synchronously, since the program may
/// end next: the file has a few lines. If it can't be written, the next feed begins earlier.
fn record_last_seen(path: &Path, viewer: &str, time: DateTime<Utc>) {
    let mut seen = LastSeen::load(path);
    seen.remove_future(viewer, time);
    seen.record(viewer, time);
    if let Err(error) = seen.save(path) {
        tracing::debug!(%error, "when the feed was last seen is not stored");
    }
}

/// Reads a backend and sends the results as messages.
///
/// Sending fails only after the loop has ended: then nobody waits for an answer.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ReadTasks {
    pub reader: Arc<dyn Reader>,
    /// Handle of the person at the panes.
    pub me: String,
    pub clock: Arc<dyn Clock>,
    /// The number of events of a timeline per read.
    pub timeline_page: u32,
    pub messages: mpsc::UnboundedSender<Message>,
}

impl std::fmt::Debug for ReadTasks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ReadTasks").field("me", &self.me).finish_non_exhaustive()
    }
}

impl ReadTasks {
    fn send(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    async fn read_history_page(self, number: u64, search: Box<Search>) {
        let page = self.reader.read_page(&search).await;
        self.send(Message::HistoryPage(number, page, self.clock.now()));
    }

    fn read_last_seen(&self, path: &Path, viewer: &str) {
        self.send(Message::LastSeen(LastSeen::load(path).time(viewer)));
    }

    async fn read_screen(self, number: u64, request: ScreenRequest) {
        let page = screen_reads::read(&*self.reader, request).await;
        self.send(Message::ScreenLoaded(number, page, self.clock.now()));
    }

    async fn read_notified(self, number: u64, id: IncidentId) {
        let search =
            NotificationSearch { incident: Some(id), ..NotificationSearch::first(MAX_NOTIFIED) };
        let page = screen_reads::read_notifications(&*self.reader, search).await;
        self.send(Message::Notified(number, id, page, self.clock.now()));
    }

    async fn read_reach(self) {
        let people = self.reader.read_contacts().await.map(|read| read.value);
        self.send(Message::Reach(people, self.clock.now()));
    }

    async fn locate_incident(self, number: IncidentNumber) {
        let found = self.reader.find_incident(number).await.map(|read| read.value);
        self.send(Message::IncidentLocated(number, found, self.clock.now()));
    }

    async fn read_problems(self) {
        let problems = self.reader.read_problems().await.map(|read| read.value);
        self.send(Message::Problems(problems, self.clock.now()));
    }

    async fn read_evidence(self, id: Uuid) {
        let evidence = self.reader.read_evidence(id).await.map(Box::new);
        self.send(Message::Evidence(id, evidence));
    }

    async fn save_evidence(self, id: Uuid, name: String) {
        let read = self.reader.read_evidence(id).await.map_err(SaveEvidenceError::NotRead);
        let content = read.and_then(|read| read.decode().map_err(SaveEvidenceError::Damaged));
        let saved = match content {
            Ok(content) => {
                let file = name.clone();
                let save = move || evidence_saving::save(Path::new(""), &file, &content);
                match tokio::task::spawn_blocking(save).await {
                    Ok(saved) => saved.map_err(SaveEvidenceError::Unwritable),
                    Err(error) => Err(SaveEvidenceError::Panicked(error)),
                }
            }
            Err(error) => Err(error),
        };
        let at = self.clock.now();
        self.send(Message::EvidenceSaved(name, saved, at));
    }

    async fn read_detail(self, id: IncidentId) {
        let mut on_read = |read: ReadResult<_>| {
            self.send(Message::Detail(id, read.map(Box::new), self.clock.now()));
        };
        self.reader.read_incident(id, self.timeline_page, &mut on_read).await;
    }

    async fn read_earlier_events(self, id: IncidentId, seq: u32) {
        let range = TimelineRange::Before(seq, self.timeline_page);
        let events = self.reader.read_timeline(id, range).await.map(|read| read.value);
        self.send(Message::EarlierEvents(id, events, self.clock.now()));
    }

    /// Returns the window of measures, with days of UTC or of the viewer, and start and end of the one with
    /// which it is compared.
    fn window(
        &self,
        span: Span,
        is_utc: bool,
        now: DateTime<Utc>,
    ) -> (Window, (DateTime<Utc>, DateTime<Utc>)) {
        // The times of incidents are by the backend's clock, and so are the edges.
        let correction = self.reader.clock_offset().map(|clock| clock.correction());
        let end = now.checked_add_signed(correction.unwrap_or_default()).unwrap_or(now);
        let window = match span {
            Span::Day if is_utc => Window::last_day(end),
            Span::Day => self.clock.last_day(end),
            Span::Between(from, to) if is_utc => Window::between_days(from, to, &Utc),
            Span::Between(from, to) => self.clock.between(from, to),
            longer if is_utc => Window::last_days(longer.days(), end, &Utc),
            longer => self.clock.last_days(longer.days(), end),
        };
        let before = if is_utc { window.previous_span() } else { self.clock.previous(&window) };
        (window, before)
    }

    async fn read_pages(self, request: Box<PagesRequest>) {
        let now = self.clock.now();
        let (window, before) = self.window(request.span, request.offsets.is_utc(), now);
        let offsets = request.offsets.within(before.0, window.to);
        let selection = request.selection.clone();
        let by = request.by.into_iter().collect();
        let query = PagesQuery { window, selection, by, offsets };
        let mut on_read = |read: ReadResult<_>| {
            let pages = read.map(|read| read.map(Arc::new));
            self.send(Message::Pages(request.clone(), pages, self.clock.now()));
        };
        self.reader.read_pages(&query, now, &mut on_read).await;
    }

    async fn read_measures(self, span: Span, zone: Zone) {
        let now = self.clock.now();
        let (window, before) = self.window(span, zone == Zone::Utc, now);
        // A server knows calendar months of UTC alone: that before one of another zone is read for itself.
        let is_known = before == window.previous_span();
        let figures_before = if is_known { None } else { self.read_figures(before, now).await };
        let mut on_read = |read: ReadResult<Measures>| {
            let measures = read.map(|read| {
                read.map(|mut measures| {
                    if let Some(figures) = &figures_before {
                        measures.before = figures.clone();
                    }
                    Arc::new(measures)
                })
            });
            self.send(Message::Measures(span, measures, self.clock.now()));
        };
        self.reader.read_measures(&window, Cut::Total, now, &mut on_read).await;
    }

    /// Returns the figures of a window for themselves; `None` if they can't be read.
    async fn read_figures(
        &self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Option<Figures> {
        let window = Window { from, to, edges: vec![from] };
        let mut found = None;
        let mut on_read = |read: ReadResult<Measures>| {
            if let Ok(read) = read {
                found = Some(read.value.now);
            }
        };
        self.reader.read_measures(&window, Cut::Total, now, &mut on_read).await;
        found
    }

    async fn read_last_ended(self) {
        let ended = Term { negated: false, predicate: Predicate::State(StateFilter::Ended) };
        if let Some(last) = self.find_last_end(Filter { terms: vec![ended] }).await {
            self.send(Message::LastEnded(last));
        }
    }

    async fn read_ribbon_events(self, request: EventRequest) {
        let events = self.reader.read_timeline(request.incident.id, request.part).await;
        self.send(Message::RibbonEvents(request, events.map(|read| read.value)));
    }

    async fn read_last_p1(self, filter: Filter) {
        if let Some(last) = self.find_last_end(filter).await {
            self.send(Message::LastP1(last));
        }
    }

    /// Returns when the last of the incidents that pass a filter ended, if any has. `None` if they
    /// could not be read: the poller reports that failure itself.
    async fn find_last_end(&self, filter: Filter) -> Option<Option<DateTime<Utc>>> {
        let search = Search {
            filter,
            me: Some(self.me.clone()),
            sort: Sort::Newest,
            limit: ENDED_PAGE,
            after: None,
            now: self.clock.now(),
        };
        let page = self.reader.read_page(&search).await.ok()?.value;
        Some(page.rows.iter().filter_map(|row| row.resolved_at.or(row.closed_at)).max())
    }
}
