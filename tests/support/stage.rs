//! The state of the panes over a company in memory, without the run loop. The program's own
//! interpreter runs effects synchronously.

mod input;
mod screen;
mod surroundings;

use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset, Offset, Utc};
use ratatui::buffer::Buffer;
use redphone::backend::{AdministrationRequest, Backend, BackendError, ContactRequest, Search};
use redphone::config::PanesSettings;
use redphone::model::directory::Directory;
use redphone::model::maintenance::MaintenanceRequest;
use redphone::model::status::ResolutionAction;
use redphone::model::{Command, CommandId, Envelope, IncidentCommand, IncidentId, Rules};
use redphone::sync::drafts::DraftOp;
use redphone::sync::{BackendUpdate, ConnectionState, Mirror, Sourced};
use redphone::tui::Options;
use redphone::tui::core::app::App;
use redphone::tui::core::message::{Effect, Errand, Message, OutboxRequest, Timer};
use redphone::tui::layout::prepare;
use redphone::tui::run::{ProgramSpec, RunId};
use redphone::tui::runbook::NoRunbooks;
use redphone::tui::runtime::create_app;
use redphone::tui::runtime::interpreter::TIMELINE_PAGE;
use redphone::tui::theme::{Depth, Theme};
use redphone::tui::update::update;
use redphone::tui::workspace::{Workspace, WorkspaceId};
use tokio::sync::mpsc;

use super::company;
use super::memory::Memory;

use surroundings::wait;

#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub struct Stage {
    pub app: App,
    pub memory: Arc<Memory>,
    pub now: DateTime<Utc>,
    /// Commands that were submitted and are not settled yet.
    pub submitted: Vec<Envelope>,
    /// Refused commands that were replaced.
    pub replaced: Vec<CommandId>,
    /// Requests to the outbox.
    pub outbox_requests: Vec<OutboxRequest>,
    /// The changes of the directory that were sent.
    pub administered: Vec<AdministrationRequest>,
    /// The changes of contacts that were sent.
    pub contact_requests: Vec<ContactRequest>,
    /// The contacts that were tried: person and name.
    pub contact_tests: Vec<(String, Option<String>)>,
    /// Why the next change of contacts is refused, if it is.
    pub contact_refusal: Option<BackendError>,
    /// The changes of maintenance windows that were sent.
    pub maintained: Vec<MaintenanceRequest>,
    /// The timers that read notifications again.
    pub notified_timers: Vec<(std::time::Duration, Timer)>,
    /// Operations on drafts.
    pub draft_ops: Vec<DraftOp>,
    /// Texts that an editor was opened on.
    pub edited: Vec<String>,
    /// Texts that were copied.
    pub copied: Vec<String>,
    /// Names of evidence that was saved as files.
    pub saved: Vec<String>,
    /// Programs that were started.
    pub started: Vec<ProgramSpec>,
    /// Programs that were stopped.
    pub stopped: Vec<RunId>,
    /// The runbooks of the folder, by name; or why it can't be read.
    pub books: Result<Vec<(String, String)>, NoRunbooks>,
    /// The number of events per read.
    pub page: u32,
    /// Filters that effects have stored.
    pub remembered: Vec<String>,
    /// Whether the test itself prepares frames, instead of after each message.
    pub draws_manually: bool,
    /// Records are only read on request.
    pub slow_reads: bool,
    /// How often everything was drawn again.
    pub redraws: usize,
    /// Whether the terminal reports the mouse.
    pub has_mouse: bool,
    /// The records that are requested and not loaded yet.
    pub reads: Vec<IncidentId>,
    /// Whether searches of the history are not answered by themselves.
    pub slow: bool,
    /// The searches that are requested and not answered yet.
    pub searches: Vec<(u64, Search)>,
    /// The reasons for which the panes were left.
    pub errands: Vec<Errand>,
    /// Whether `Effect::Quit` has run.
    pub is_quit: bool,
    /// The texts of calls for attention.
    pub calls: Vec<String>,
    /// How often the last ended incident was looked up.
    pub last_ended_lookups: usize,
    /// The workspace that is being opened.
    pub opening: Option<WorkspaceId>,
    /// The workspace to which the panes have switched.
    pub switched: Option<WorkspaceId>,
    mirror: Mirror,
    /// Messages that effects have sent and that are not handled yet.
    messages: mpsc::UnboundedReceiver<Message>,
    sender: mpsc::UnboundedSender<Message>,
}

pub fn options() -> Options {
    Options {
        me: company::me(),
        rules: Rules::default(),
        ascii: false,
        workspace: Workspace::initial("/var/lib/redphone/store.db"),
        workspaces: vec![Workspace::initial("/var/lib/redphone/store.db")],
        opener: None,
        variables: Vec::new(),
        read_only: false,
        has_errands: true,
        drafts_dir: None,
        settings: PanesSettings::default(),
        warnings: Vec::new(),
        remote: None,
        reloads: None,
    }
}

impl Stage {
    /// Creates panes that have no data yet.
    pub fn blank(memory: Memory, size: (u16, u16), depth: Depth) -> Self {
        Self::with(memory, size, depth, options())
    }

    pub fn with(memory: Memory, size: (u16, u16), depth: Depth, options: Options) -> Self {
        let now = company::now();
        let theme = Theme::new(depth, options.ascii).with_name(options.settings.appearance.theme);
        let app = create_app(options, theme, now);
        let (sender, messages) = mpsc::unbounded_channel();
        let mut stage = Self {
            app,
            memory: Arc::new(memory),
            now,
            submitted: Vec::new(),
            replaced: Vec::new(),
            outbox_requests: Vec::new(),
            administered: Vec::new(),
            contact_requests: Vec::new(),
            contact_tests: Vec::new(),
            contact_refusal: None,
            maintained: Vec::new(),
            notified_timers: Vec::new(),
            draft_ops: Vec::new(),
            edited: Vec::new(),
            copied: Vec::new(),
            saved: Vec::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            books: Ok(Vec::new()),
            page: TIMELINE_PAGE,
            remembered: Vec::new(),
            draws_manually: false,
            slow: false,
            slow_reads: false,
            redraws: 0,
            has_mouse: false,
            reads: Vec::new(),
            searches: Vec::new(),
            errands: Vec::new(),
            is_quit: false,
            calls: Vec::new(),
            last_ended_lookups: 0,
            opening: None,
            switched: None,
            mirror: Mirror::default(),
            messages,
            sender,
        };
        stage.send(Message::Resized(size.0, size.1));
        stage.send(Message::Tick(now, Utc.fix()));
        stage
    }

    /// Creates the panes over [`company::busy`], on a screen of the usual size.
    pub fn busy() -> Self {
        Self::busy_at((126, 36))
    }

    /// Like [`Self::busy`], on a screen of that size.
    pub fn busy_at(size: (u16, u16)) -> Self {
        Self::open(company::busy(company::now()), size)
    }

    /// Creates panes that have loaded all data.
    pub fn open(memory: Memory, size: (u16, u16)) -> Self {
        let mut stage = Self::blank(memory, size, Depth::Indexed);
        stage.connect();
        stage
    }

    pub fn connect(&mut self) {
        let capabilities = wait(self.memory.capabilities()).expect("memory answers");
        self.learn(BackendUpdate::Capabilities(capabilities));
        self.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(self.memory.directory_now()))));
        self.learn(BackendUpdate::Connection(ConnectionState::Live { at: self.now }));
        self.refresh();
    }

    /// Advances the time by a span, without any update from the backend.
    pub fn silence(&mut self, span: Duration) {
        self.now += span;
        self.send(Message::Tick(self.now, self.app.ui.offset));
    }

    /// Replaces people, teams, services, policies and schedules.
    pub fn set_directory(&mut self, directory: Directory) {
        self.memory.set_directory(directory);
        self.refresh_directory();
    }

    /// Reads people, teams, services, policies and schedules from the memory.
    pub fn refresh_directory(&mut self) {
        self.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(self.memory.directory_now()))));
    }

    /// Updates the rows from the memory.
    pub fn refresh(&mut self) {
        let delta = wait(self.memory.changes(None, std::time::Duration::ZERO));
        self.mirror.fold(delta.expect("memory answers"));
        self.learn(BackendUpdate::Snapshot(Sourced::fresh(self.mirror.snapshot())));
    }

    pub fn learn(&mut self, update: BackendUpdate) {
        self.send(Message::BackendUpdate(update, self.now));
    }

    /// Advances the time by minutes.
    pub fn pass(&mut self, minutes: i64) {
        self.now += Duration::minutes(minutes);
        self.learn(BackendUpdate::Connection(ConnectionState::Live { at: self.now }));
        self.send(Message::Tick(self.now, Utc.fix()));
    }

    pub fn zone(&mut self, hours: i32) {
        let zone = FixedOffset::east_opt(hours * 3600).expect("a zone");
        self.send(Message::Tick(self.now, zone));
    }

    /// Handles a message and runs its effects synchronously.
    pub fn send(&mut self, message: Message) {
        let effects = update(&mut self.app, message);
        if !self.draws_manually {
            prepare(&mut self.app);
        }
        for effect in effects {
            self.last_ended_lookups += usize::from(matches!(effect, Effect::LoadLastEnded));
            self.run(effect);
        }
    }

    /// Answers the requests for records.
    pub fn answer_reads(&mut self) {
        self.slow_reads = false;
        for id in std::mem::take(&mut self.reads) {
            self.run(Effect::LoadDetail(id));
        }
    }

    /// Executes the submitted commands.
    pub fn settle(&mut self) {
        for envelope in std::mem::take(&mut self.submitted) {
            let outcome = self.memory.carry_out(&envelope).map(Box::new);
            self.send(Message::Settled(envelope.id, outcome, self.now));
        }
        self.refresh();
    }

    /// Answers the submitted commands with an error.
    pub fn refuse(&mut self, error: &BackendError) {
        for envelope in std::mem::take(&mut self.submitted) {
            self.send(Message::Settled(envelope.id, Err(error.clone()), self.now));
        }
    }

    /// Returns the commands that were submitted for incidents, in order.
    pub fn submitted_commands(&self) -> Vec<IncidentCommand> {
        let incident_command = |envelope: &Envelope| match &envelope.command {
            Command::Incident { command: incident_command, .. } => Some(incident_command.clone()),
            _ => None,
        };
        self.submitted.iter().filter_map(incident_command).collect()
    }

    /// Executes a command as somebody else, and delivers the change.
    #[track_caller]
    pub fn execute_as_other(&mut self, incident: IncidentId, command: IncidentCommand) {
        company::ask(&self.memory, incident, command, self.now).expect("it can be asked");
        self.refresh();
    }

    /// Acknowledges and resolves the target as somebody else.
    pub fn resolve_selected(&mut self) -> IncidentId {
        let id = self.target();
        self.execute_as_other(id, IncidentCommand::Acknowledge);
        let resolve = IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "seen".into(),
        };
        self.execute_as_other(id, resolve);
        id
    }
}

/// Returns the name of a snapshot, with the size of the screen.
pub fn sized(what: &str, (columns, rows): (u16, u16)) -> String {
    format!("{what}_{columns}x{rows}")
}

/// Returns the text of each row. The second half of a wide character is left out.
pub fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width.max(1));
    let mut rows = Vec::new();
    for cells in buffer.content.chunks(width) {
        let mut row = String::new();
        let mut covered = 0;
        for cell in cells {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            row.push_str(cell.symbol());
            covered = redphone::model::text::width(cell.symbol()).saturating_sub(1);
        }
        rows.push(row);
    }
    rows
}
