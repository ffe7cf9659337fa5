//! Every list screen over a file, over an API, and over an API that is unreachable.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use redphone::backend::http::Timeouts;
use redphone::backend::{AdministrationRequest, Backend, ContactRequest, Page, Search};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::filter::Filter;
use redphone::model::maintenance::MaintenanceRequest;
use redphone::model::measures::Window;
use redphone::model::notification::{ContactChange, QuietSpan};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::queue::Sort;
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::{
    Actor, ChangeId, Command, CommandId, Envelope, IncidentCommand, ProblemId, Summary,
};
use redphone::sync::drafts::DraftOp;
use redphone::sync::{BackendUpdate, DirectReader, Mirror, Reader, Snapshot, Sourced};
use redphone::tui::core::app::App;
use redphone::tui::core::message::{Effect, Message, OutboxRequest, Timer};
use redphone::tui::layout::prepare;
use redphone::tui::run::{ProgramSpec, RunId};
use redphone::tui::runtime::create_app;
use redphone::tui::runtime::interpreter::{Clock, ReadTasks, Surroundings, interpret};
use redphone::tui::theme::{Depth, Theme};
use redphone::tui::update::update;
use redphone::tui::verb::target::Target;
use redphone::tui::view::view;
use redphone::tui::workspace::WorkspaceId;
use rstest::rstest;
use tokio::sync::mpsc;

use super::fixtures::RemoteFixture;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declared, envelope, ines};
use crate::support::served::Served;
use crate::support::stage::{options, rows};

struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn last_days(&self, days: u32, now: DateTime<Utc>) -> Window {
        Window::last_days(days, now, &Utc)
    }
}

/// Runs the reads of effects, and nothing else.
struct Reads {
    tasks: ReadTasks,
    spawned: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Surroundings for Reads {
    fn reads(&self) -> ReadTasks {
        self.tasks.clone()
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawned.push(Box::pin(task));
    }

    fn submit(&mut self, _: Vec<Envelope>) {}
    fn replace(&mut self, _: CommandId, _: Vec<Envelope>) {}
    fn request_outbox(&mut self, _: OutboxRequest) {}
    fn administer(&mut self, _: AdministrationRequest) {}
    fn change_maintenance(&mut self, _: MaintenanceRequest) {}
    fn store_draft(&mut self, _: DraftOp) {}
    fn load_runbooks(&mut self, _: std::path::PathBuf) {}
    fn load_runbook(&mut self, _: std::path::PathBuf, _: String) {}
    fn load_evidence_file(&mut self, _: std::path::PathBuf, _: Target) {}
    fn open_workspace(&mut self, _: WorkspaceId) {}
    fn start_program(&mut self, _: ProgramSpec) {}
    fn stop_program(&mut self, _: RunId) {}
    fn refresh(&mut self) {}
    fn start_timer(&mut self, _: Duration, _: Timer) {}
}

/// Panes over a reader.
struct Panes {
    app: App,
    reads: Reads,
    messages: mpsc::UnboundedReceiver<Message>,
}

impl Panes {
    /// Opens panes that have the directory and the open incidents, from the backend or the cache.
    async fn open(reader: Arc<dyn Reader>) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        let tasks = ReadTasks {
            reader: Arc::clone(&reader),
            me: "ines".into(),
            clock: Arc::new(Now),
            timeline_page: 50,
            messages: sender,
        };
        let reads = Reads { tasks, spawned: Vec::new() };
        let app = create_app(options(), Theme::new(Depth::Indexed, false), Utc::now());
        let mut panes = Self { app, reads, messages };
        panes.send(Message::Resized(126, 36)).await;
        if let Ok(read) = reader.read_directory().await {
            panes.learn(BackendUpdate::Directory(read.map(Arc::new))).await;
        }
        if let Ok(delta) = reader.fetch_changes(None, Duration::ZERO).await {
            let mut mirror = Mirror::default();
            mirror.fold(delta);
            panes.learn(BackendUpdate::Snapshot(Sourced::fresh(mirror.snapshot()))).await;
        } else if let Ok(page) = reader.read_page(&open_incidents()).await {
            let rows = |page: Page<Summary>| page.rows.into_iter().map(Arc::new).collect();
            let all = page.map(|page| Arc::new(Snapshot { rows: rows(page), counts: None }));
            panes.learn(BackendUpdate::Snapshot(all)).await;
        }
        panes
    }

    async fn learn(&mut self, update: BackendUpdate) {
        self.send(Message::BackendUpdate(update, Utc::now())).await;
    }

    async fn send(&mut self, message: Message) {
        let mut pending = vec![message];
        while let Some(message) = pending.pop() {
            for effect in update(&mut self.app, message) {
                // Only what screens read is answered.
                if matches!(effect, Effect::LoadScreen(..)) {
                    assert_eq!(interpret(effect, &mut self.reads), None);
                }
            }
            for task in std::mem::take(&mut self.reads.spawned) {
                task.await;
            }
            while let Ok(message) = self.messages.try_recv() {
                pending.push(message);
            }
        }
        prepare(&mut self.app);
    }

    /// Presses keys, and returns the screen.
    async fn screen(&mut self, keys: &str) -> String {
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            self.send(Message::Key(KeyEvent::from(code), Utc::now())).await;
        }
        let (width, height) = self.app.ui.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        view(&self.app, &mut terminal.get_frame());
        rows(terminal.current_buffer_mut()).join("\n")
    }
}

/// Returns a search for all open incidents.
fn open_incidents() -> Search {
    Search {
        filter: Filter::default(),
        me: None,
        sort: Sort::Urgent,
        limit: 100,
        after: None,
        now: Utc::now(),
    }
}

/// Declares an incident with a note.
async fn fill(backend: &dyn Backend) {
    let id = declared(backend, "Cards fail").await;
    let note = ask(id, IncidentCommand::AddNote { text: "the pool is full".into() });
    backend.execute(&note).await.unwrap();
    let item = ActionItem {
        id: uuid::Uuid::now_v7(),
        text: "Alert on full pools".into(),
        owner: None,
        due: None,
        kind: ActionKind::Detect,
        done: false,
    };
    let change = Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: "images v7".into(),
        services: vec!["images".into()],
        by: Actor::Person(ines()),
        starts_at: Utc::now(),
        ends_at: None,
        state: ChangeState::Running,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let problem = Problem {
        id: ProblemId::new(),
        title: "pools are too small".into(),
        state: ProblemState::Open,
        services: vec!["images".into()],
        cause: String::new(),
        workaround: String::new(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    let span = QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None };
    let quiet = ContactChange::Quiet(Some(span));
    let request = ContactRequest::new(Actor::Person(ines()), "ines", quiet, Utc::now());
    // Only who is in the directory has contacts.
    backend.change_contacts(&request).await.ok();
    for envelope in [
        ask(id, IncidentCommand::SetActionItem { item }),
        envelope(Command::RecordChange(change)),
        envelope(Command::RecordProblem(problem)),
    ] {
        backend.execute(&envelope).await.unwrap();
    }
}

#[rstest]
#[case::on_call("go", "Nobody is on call")]
#[case::feed("gf", "the pool is full")]
#[case::handoff("gh", "Cards fail")]
#[case::reviews("gr", "draft")]
#[case::action_items("ga", "Alert on full pools")]
#[case::problems("gp", "pools are too small")]
#[case::one_problem("gp\n", "No incident links to it ·")]
#[case::calendar("gcSSS", "today")]
#[case::changes("gc", "images v7")]
#[case::contacts("gm", "quiet hours")]
#[case::maintenance("gs", "There are no maintenance windows")]
#[case::noise("gN", "No alert was reported")]
#[case::unknown_services("gv", "Unknown services")]
#[case::similar("P", "There is no incident like it.")]
#[tokio::test]
async fn screen_shows_a_file_an_api_and_a_lost_one(#[case] keys: &str, #[case] text: &str) {
    let fixture = RemoteFixture::new().await;
    fill(&*fixture.store).await;
    let file = Arc::new(DirectReader::new(Arc::clone(&fixture.store) as Arc<dyn Backend>));
    let screen = Panes::open(file).await.screen(keys).await;
    assert!(screen.contains(text), "file:\n{screen}");

    let served = Served::start().await;
    let client = Arc::new(served.client(&served.url(), "ines", Timeouts::default()));
    fill(&*client).await;
    let api = Arc::new(DirectReader::new(client as Arc<dyn Backend>));
    let screen = Panes::open(api).await.screen(keys).await;
    let text_of_api = if keys == "go" { "On call" } else { text };
    assert!(screen.contains(text_of_api), "api:\n{screen}");

    let remote = fixture.remote().await;
    Panes::open(Arc::clone(&remote) as Arc<dyn Reader>).await.screen(keys).await;
    fixture.stub.set_mode(StubMode::Offline);
    let mut panes = Panes::open(remote as Arc<dyn Reader>).await;
    let screen = panes.screen(keys).await;
    // Cached data is shown with its age, and missing data is one sentence.
    let is_dated = screen.contains("as of") || screen.contains("This can't be read since");
    assert!(is_dated || keys == "go", "gone:\n{screen}");
    assert!(screen.contains(text) || screen.contains("read since"), "gone:\n{screen}");
}
