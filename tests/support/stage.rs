//! The state of the panes with a company behind it, without a loop: effects are run at once.

use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset, Offset, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use redphone::backend::BackendError;
use redphone::backend::{Backend, Search, TimelineRange};
use redphone::config::PanesSettings;
use redphone::model::measures::Window;
use redphone::model::queue::Sort;
use redphone::model::runbook::{RunbookHeader, RunbookPage};
use redphone::model::status::ResolutionAction;
use redphone::model::{
    Command, CommandId, Envelope, IncidentCommand, IncidentId, IncidentNumber, Rules,
};
use redphone::sync::drafts::DraftOp;
use redphone::sync::{BackendUpdate, ConnectionState, Mirror};
use redphone::tui::Options;
use redphone::tui::core::app::App;
use redphone::tui::core::message::{Effect, Message, OutboxRequest, Timer};
use redphone::tui::core::mode::Mode;
use redphone::tui::form::Form;
use redphone::tui::run::{ProgramSpec, RunId};
use redphone::tui::runbook::NoRunbooks;
use redphone::tui::theme::{Depth, Theme};
use redphone::tui::update::update;
use redphone::tui::view::view;
use redphone::tui::workspace::{Workspace, WorkspaceId};

use super::company;
use super::memory::Memory;

pub struct Stage {
    pub app: App,
    pub memory: Memory,
    pub now: DateTime<Utc>,
    /// Commands that were submitted and are not settled yet.
    pub submitted: Vec<Envelope>,
    /// Refused commands in whose place others were put.
    pub replaced: Vec<CommandId>,
    /// What was asked of the outbox.
    pub asked: Vec<OutboxRequest>,
    /// What was done to drafts.
    pub kept: Vec<DraftOp>,
    /// Texts that an editor was opened on.
    pub edited: Vec<String>,
    /// Texts that were copied.
    pub copied: Vec<String>,
    /// Programs that were started.
    pub started: Vec<ProgramSpec>,
    /// Programs that were stopped.
    pub stopped: Vec<RunId>,
    /// The runbooks of the folder, by name; or why it can't be read.
    pub books: Result<Vec<(String, String)>, NoRunbooks>,
    /// Events that are read at once.
    pub page: u32,
    /// Filters that were to be remembered.
    pub remembered: Vec<String>,
    /// Records wait to be read by hand.
    pub slow_reads: bool,
    /// Those that wait.
    pub reads: Vec<IncidentId>,
    /// Searches of the history wait to be answered by hand.
    pub slow: bool,
    /// Those that wait.
    pub searches: Vec<(u64, Search)>,
    /// Whether `Effect::Quit` was asked for.
    pub over: bool,
    /// What somebody was called for.
    pub calls: Vec<String>,
    /// The place of work that is being opened.
    pub opening: Option<WorkspaceId>,
    /// The place that the panes have left for.
    pub switched: Option<WorkspaceId>,
    mirror: Mirror,
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
        drafts_dir: None,
        settings: PanesSettings::default(),
        warnings: Vec::new(),
        remote: None,
        reloads: None,
    }
}

impl Stage {
    /// Nothing is known yet.
    pub fn blank(memory: Memory, size: (u16, u16), depth: Depth) -> Self {
        Self::with(memory, size, depth, options())
    }

    pub fn with(memory: Memory, size: (u16, u16), depth: Depth, options: Options) -> Self {
        let now = company::now();
        let theme = Theme::new(depth, options.ascii).with_name(options.settings.appearance.theme);
        let app = App::new(options, theme, now);
        let mut stage = Self {
            app,
            memory,
            now,
            submitted: Vec::new(),
            replaced: Vec::new(),
            asked: Vec::new(),
            kept: Vec::new(),
            edited: Vec::new(),
            copied: Vec::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            books: Ok(Vec::new()),
            page: 200,
            remembered: Vec::new(),
            slow: false,
            slow_reads: false,
            reads: Vec::new(),
            searches: Vec::new(),
            over: false,
            calls: Vec::new(),
            opening: None,
            switched: None,
            mirror: Mirror::default(),
        };
        stage.send(Message::Resized(size.0, size.1));
        stage.send(Message::Tick(now, Utc.fix()));
        stage
    }

    /// The company on a busy evening, on a screen of the usual size.
    pub fn busy() -> Self {
        Self::busy_at((126, 36))
    }

    /// As [`Self::busy`], on a screen of that size.
    pub fn busy_at(size: (u16, u16)) -> Self {
        Self::open(company::busy(company::now()), size)
    }

    /// Everything has been read.
    pub fn open(memory: Memory, size: (u16, u16)) -> Self {
        let mut stage = Self::blank(memory, size, Depth::Indexed);
        stage.connect();
        stage
    }

    pub fn connect(&mut self) {
        let capabilities = wait(self.memory.capabilities()).expect("memory answers");
        self.learn(BackendUpdate::Capabilities(capabilities));
        self.learn(BackendUpdate::Directory(Arc::new(self.memory.directory_now())));
        self.learn(BackendUpdate::Connection(ConnectionState::Live { at: self.now }));
        self.refresh();
    }

    /// Time passes to the second, and the backend says nothing.
    pub fn silence(&mut self, span: Duration) {
        self.now += span;
        self.send(Message::Tick(self.now, self.app.offset));
    }

    /// The rows as they are in memory now.
    pub fn refresh(&mut self) {
        let delta = wait(self.memory.changes(None, std::time::Duration::ZERO));
        self.mirror.fold(delta.expect("memory answers"));
        self.learn(BackendUpdate::Snapshot(self.mirror.snapshot()));
    }

    pub fn learn(&mut self, update: BackendUpdate) {
        self.send(Message::BackendUpdate(update, self.now));
    }

    /// So many minutes pass.
    pub fn pass(&mut self, minutes: i64) {
        self.now += Duration::minutes(minutes);
        self.learn(BackendUpdate::Connection(ConnectionState::Live { at: self.now }));
        self.send(Message::Tick(self.now, Utc.fix()));
    }

    pub fn zone(&mut self, hours: i32) {
        let zone = FixedOffset::east_opt(hours * 3600).expect("a zone");
        self.send(Message::Tick(self.now, zone));
    }

    /// Takes in a message and runs its effects at once.
    pub fn send(&mut self, message: Message) {
        let effects = update(&mut self.app, message);
        for effect in effects {
            self.run(effect);
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each effect")]
    fn run(&mut self, effect: Effect) {
        let answer = match effect {
            Effect::LoadDetail(id) if self.slow_reads => {
                self.reads.push(id);
                return;
            }
            Effect::LoadDetail(id) => {
                let detail = wait(self.memory.incident(id));
                let events = wait(self.memory.timeline(id, TimelineRange::Last(self.page)));
                let read = detail.and_then(|detail| Ok(Box::new((detail, events?))));
                Message::Detail(id, read, self.now)
            }
            Effect::LoadEarlierEvents(id, seq) => {
                let events = wait(self.memory.timeline(id, TimelineRange::Before(seq, self.page)));
                Message::EarlierEvents(id, events, self.now)
            }
            Effect::LoadMeasures(span) => {
                let window = Window::last_days(span.days(), self.now, &Utc);
                let measures = self.memory.measures_now(&window, self.now);
                Message::Measures(span, Ok(Arc::new(measures)), self.now)
            }
            Effect::LoadLastEnded => Message::LastEnded(Some(self.now - Duration::minutes(200))),
            Effect::StartTimer(_, timer @ (Timer::Rest(_) | Timer::Draft(_))) => {
                Message::Elapsed(timer)
            }
            Effect::StartTimer(_, timer @ Timer::Search(_)) if !self.slow => {
                Message::Elapsed(timer)
            }
            Effect::LoadHistoryPage(number, search) if self.slow => {
                self.searches.push((number, *search));
                return;
            }
            Effect::LoadHistoryPage(number, search) => {
                Message::HistoryPage(number, wait(self.memory.search(&search)), self.now)
            }
            Effect::RememberFilter(filter) => {
                self.remembered.push(filter);
                return;
            }
            Effect::Submit(envelopes) => {
                self.submitted.extend(envelopes);
                return;
            }
            Effect::Replace(old, envelopes) => {
                self.replaced.push(old);
                self.submitted.extend(envelopes);
                return;
            }
            Effect::Outbox(ask) => {
                self.asked.push(ask);
                return;
            }
            Effect::LoadRibbonEvents(wanted) => {
                let events = wait(self.memory.timeline(wanted.incident.id, wanted.part));
                Message::RibbonEvents(wanted, events)
            }
            Effect::LoadLastP1(filter) => {
                let search = Search {
                    filter,
                    me: None,
                    sort: Sort::Newest,
                    limit: 50,
                    after: None,
                    now: self.now,
                };
                match wait(self.memory.search(&search)) {
                    Ok(page) => {
                        Message::LastP1(page.rows.iter().filter_map(|r| r.resolved_at).max())
                    }
                    Err(_) => return,
                }
            }
            Effect::LocateIncident(number) => {
                Message::IncidentLocated(number, wait(self.memory.find_by_number(number)), self.now)
            }
            Effect::LoadProblems => Message::Problems(wait(self.memory.problems()), self.now),
            Effect::Draft(keep) => {
                self.kept.push(keep);
                return;
            }
            Effect::Edit(text) => {
                self.edited.push(text);
                return;
            }
            Effect::LoadRunbooks(_) => {
                let books = self.books.as_ref().map_err(Clone::clone);
                let heads = books.map(|books| {
                    Arc::new(
                        books.iter().map(|(name, text)| RunbookHeader::parse(name, text)).collect(),
                    )
                });
                Message::Runbooks(heads)
            }
            Effect::LoadRunbook(_, name) => {
                let books = self.books.clone().unwrap_or_default();
                let text = books.iter().find(|(known, _)| *known == name);
                let page = text.map(|(_, text)| Arc::new(RunbookPage::parse(text)));
                Message::Runbook(name, page.ok_or_else(|| "it is gone".into()))
            }
            Effect::Run(start) => {
                self.started.push(*start);
                return;
            }
            Effect::StopRun(id) => {
                self.stopped.push(id);
                return;
            }
            Effect::Copy(text) => {
                self.copied.push(text);
                return;
            }
            Effect::Quit => {
                self.over = true;
                return;
            }
            Effect::OpenWorkspace(site) => {
                self.opening = Some(site);
                return;
            }
            Effect::SwitchWorkspace(site) => {
                self.switched = Some(site);
                return;
            }
            Effect::Notify { title, body } => {
                self.calls.push(format!("{title}: {body}"));
                return;
            }
            Effect::Refresh | Effect::StartTimer(..) | Effect::Suspend => return,
        };
        self.send(answer);
    }

    /// Reads what waits to be read.
    pub fn answer_reads(&mut self) {
        self.slow_reads = false;
        for id in std::mem::take(&mut self.reads) {
            self.run(Effect::LoadDetail(id));
        }
    }

    /// Carries out what was submitted.
    pub fn settle(&mut self) {
        for envelope in std::mem::take(&mut self.submitted) {
            let outcome = self.memory.carry_out(&envelope).map(Box::new);
            self.send(Message::Settled(envelope.id, outcome, self.now));
        }
        self.refresh();
    }

    /// Answers what was submitted with an error.
    pub fn refuse(&mut self, error: &BackendError) {
        for envelope in std::mem::take(&mut self.submitted) {
            self.send(Message::Settled(envelope.id, Err(error.clone()), self.now));
        }
    }

    /// Presses a key, having seen what is on the screen.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.app.mark_drawn(self.now - Duration::seconds(1));
        self.send(Message::Key(KeyEvent::new(code, modifiers), self.now));
    }

    /// Presses keys: single characters, `^x`, or names.
    pub fn keys(&mut self, keys: &str) {
        for name in keys.split_whitespace() {
            let (code, modifiers) = match name {
                "Enter" => (KeyCode::Enter, KeyModifiers::NONE),
                "Esc" => (KeyCode::Esc, KeyModifiers::NONE),
                "Tab" => (KeyCode::Tab, KeyModifiers::NONE),
                "S-Tab" => (KeyCode::BackTab, KeyModifiers::NONE),
                "Space" => (KeyCode::Char(' '), KeyModifiers::NONE),
                "Up" => (KeyCode::Up, KeyModifiers::NONE),
                "Down" => (KeyCode::Down, KeyModifiers::NONE),
                "Left" => (KeyCode::Left, KeyModifiers::NONE),
                "Right" => (KeyCode::Right, KeyModifiers::NONE),
                "Backspace" => (KeyCode::Backspace, KeyModifiers::NONE),
                "End" => (KeyCode::End, KeyModifiers::NONE),
                "PgDn" => (KeyCode::PageDown, KeyModifiers::NONE),
                _ if name.len() == 2 && name.starts_with('^') => {
                    let letter = name.chars().nth(1).expect("two characters");
                    (KeyCode::Char(letter), KeyModifiers::CONTROL)
                }
                _ => (KeyCode::Char(name.chars().next().expect("a key")), KeyModifiers::NONE),
            };
            self.key(code, modifiers);
        }
    }

    /// Types a text.
    pub fn write(&mut self, text: &str) {
        for ch in text.chars() {
            let code = if ch == '\n' { KeyCode::Enter } else { KeyCode::Char(ch) };
            self.key(code, KeyModifiers::NONE);
        }
    }

    /// Types a filter in place of the present one.
    pub fn filter(&mut self, text: &str) {
        self.keys("/ ^u");
        self.write(text);
    }

    /// Opens the palette and types a line.
    pub fn type_in_palette(&mut self, line: &str) {
        self.keys(":");
        self.write(line);
    }

    /// Moves the focus to the form's field of a label.
    #[track_caller]
    pub fn focus_field(&mut self, label: &str) {
        for _ in 0..self.form().fields.len() {
            if self.form().fields[self.form().focus].label == label {
                return;
            }
            self.keys("Tab");
        }
        panic!("no field {label}");
    }

    /// What was submitted for incidents, in order.
    pub fn submitted_commands(&self) -> Vec<IncidentCommand> {
        let ask = |envelope: &Envelope| match &envelope.command {
            Command::Incident { command: ask, .. } => Some(ask.clone()),
            _ => None,
        };
        self.submitted.iter().filter_map(ask).collect()
    }

    /// Somebody else executes a command, and the change arrives.
    #[track_caller]
    pub fn execute_as_other(&mut self, incident: IncidentId, ask: IncidentCommand) {
        company::ask(&self.memory, incident, ask, self.now).expect("it can be asked");
        self.refresh();
    }

    /// Somebody else acknowledges and resolves the target.
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

    /// The form that is open.
    #[track_caller]
    pub fn form(&self) -> &Form {
        match &self.app.mode {
            Mode::Form(form) => form,
            _ => panic!("a form is open:\n{}", self.screen()),
        }
    }

    /// The incident that a verb would act on.
    pub fn target(&self) -> IncidentId {
        self.app.target().expect("a target").id
    }

    /// The id of the incident with a number.
    pub fn incident_id(&self, number: u64) -> IncidentId {
        self.memory.read(number).0.incident.summary.id
    }

    /// Titles of the queue's rows.
    pub fn titles(&self) -> Vec<String> {
        self.app.queue.rows.iter().map(|row| row.summary.title.clone()).collect()
    }

    /// Numbers of the queue's rows, without `INC-`.
    pub fn numbers(&self) -> Vec<u32> {
        let number = |number: Option<IncidentNumber>| number.expect("it is stored").0;
        let rows = self.app.queue.rows.iter();
        rows.map(|row| u32::try_from(number(row.summary.number)).expect("a number")).collect()
    }

    /// The last line of the screen, which has the keys or what was said last.
    pub fn keys_line(&self) -> String {
        self.screen().lines().last().expect("a line").trim().to_owned()
    }

    pub fn selected(&self) -> String {
        self.app.selected().map_or_else(|| "nothing".into(), redphone::model::Summary::label)
    }

    pub fn buffer(&self) -> Buffer {
        let (width, height) = self.app.size;
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("memory");
        // What is drawn is looked at before it is written anywhere: this is done very often.
        view(&self.app, &mut terminal.get_frame());
        terminal.current_buffer_mut().clone()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        rows(&self.buffer()).join("\n")
    }
}

/// The name of a snapshot of a screen of that size.
pub fn sized(what: &str, (columns, rows): (u16, u16)) -> String {
    format!("{what}_{columns}x{rows}")
}

/// The text of each row; the second half of a wide character is left out.
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

/// Waits for what does not wait.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}
