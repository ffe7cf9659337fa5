//! Fakes of what effects act on. They record requests, or answer them from memory.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use redphone::backend::{AdministrationRequest, Backend, ContactRequest};
use redphone::model::maintenance::MaintenanceRequest;
use redphone::model::measures::Window;
use redphone::model::notification::{ContactTest, PersonReach};
use redphone::model::runbook::{RunbookHeader, RunbookPage};
use redphone::model::{CommandId, Envelope};
use redphone::sync::DirectReader;
use redphone::sync::drafts::DraftOp;
use redphone::tui::core::message::{Effect, Message, OutboxRequest, Timer};
use redphone::tui::run::{ProgramSpec, RunId};
use redphone::tui::runbook::RunbookError;
use redphone::tui::runtime::evidence_file;
use redphone::tui::runtime::interpreter::{Clock, ReadTasks, Surroundings, interpret};
use redphone::tui::verb::target::Target;
use redphone::tui::workspace::WorkspaceId;

use super::Stage;

/// A stopped clock in UTC.
struct StoppedClock(DateTime<Utc>);

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }

    fn last_days(&self, days: u32, now: DateTime<Utc>) -> Window {
        Window::last_days(days, now, &Utc)
    }
}

impl Stage {
    /// Runs an effect and handles the resulting messages.
    pub(super) fn run(&mut self, effect: Effect) {
        match effect {
            // The test answers these itself.
            Effect::LoadDetail(id) if self.slow_reads => self.reads.push(id),
            Effect::LoadHistoryPage(number, search) if self.slow => {
                self.searches.push((number, *search));
            }
            // The same incident for every company, so that snapshots of an empty queue are the
            // same.
            Effect::LoadLastEnded => {
                self.send(Message::LastEnded(Some(self.now - Duration::minutes(200))));
            }
            // No test writes into the folder that it runs in.
            Effect::SaveEvidence(_, name) => self.saved.push(name),
            effect => {
                if let Some(effect) = interpret(effect, self) {
                    self.run_on_terminal(effect);
                }
            }
        }
        while let Ok(message) = self.messages.try_recv() {
            self.send(message);
        }
    }

    /// Records effects that the run loop itself would execute.
    fn run_on_terminal(&mut self, effect: Effect) {
        match effect {
            Effect::Edit(text) => self.edited.push(text),
            Effect::Copy(text) => self.copied.push(text),
            Effect::Notify { title, body } => self.calls.push(format!("{title}: {body}")),
            Effect::SwitchWorkspace(workspace) => self.switched = Some(workspace),
            Effect::Leave(errand) => self.errands.push(errand),
            Effect::Quit => self.is_quit = true,
            Effect::Suspend => {}
            Effect::SetMouse(enabled) => self.has_mouse = enabled,
            Effect::Redraw => self.redraws += 1,
            other => panic!("this is not for the loop: {other:?}"),
        }
    }

    fn answer(&self, message: Message) {
        self.sender.send(message).expect("the stage receives");
    }
}

impl Surroundings for Stage {
    fn reads(&self) -> ReadTasks {
        ReadTasks {
            reader: Arc::new(DirectReader::new(Arc::clone(&self.memory) as Arc<dyn Backend>)),
            me: self.app.session.me.handle.clone(),
            clock: Arc::new(StoppedClock(self.now)),
            timeline_page: self.page,
            messages: self.sender.clone(),
        }
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        wait(task);
    }

    fn submit(&mut self, envelopes: Vec<Envelope>) {
        self.submitted.extend(envelopes);
    }

    fn replace(&mut self, refused: CommandId, envelopes: Vec<Envelope>) {
        self.replaced.push(refused);
        self.submitted.extend(envelopes);
    }

    fn request_outbox(&mut self, request: OutboxRequest) {
        self.outbox_requests.push(request);
    }

    fn administer(&mut self, request: AdministrationRequest) {
        let result = wait(self.memory.administer(&request)).map(Box::new);
        let id = request.id;
        self.administered.push(request);
        self.answer(Message::Administered(id, result, self.now));
    }

    fn change_contacts(&mut self, request: ContactRequest) {
        let done = || Box::new(PersonReach { person: request.person.clone(), ..<_>::default() });
        let result = self.contact_refusal.take().map_or_else(|| Ok(done()), Err);
        let id = request.id;
        self.contact_requests.push(request);
        self.answer(Message::ContactsChanged(id, result, self.now));
    }

    fn test_contacts(&mut self, person: String, contact: Option<String>) {
        let sent = ContactTest {
            person: person.clone(),
            contact: contact.clone().unwrap_or_default(),
            channel: "sms".into(),
            outcome: "sent".into(),
            provider_id: None,
            answer: None,
            reason: None,
            retry_after_s: None,
        };
        self.contact_tests.push((person, contact));
        self.answer(Message::ContactsTested(Ok(vec![sent]), self.now));
    }

    fn change_maintenance(&mut self, request: MaintenanceRequest) {
        let result = wait(self.memory.change_maintenance(&request)).map(Box::new);
        let id = request.id;
        self.maintained.push(request);
        self.answer(Message::MaintenanceChanged(id, result, self.now));
    }

    fn store_draft(&mut self, op: DraftOp) {
        match op {
            DraftOp::RememberFilter(filter) => self.remembered.push(filter),
            op => self.draft_ops.push(op),
        }
    }

    fn load_runbooks(&mut self, _folder: PathBuf) {
        let books = self.books.as_ref().map_err(Clone::clone);
        let headers = books.map(|books| {
            Arc::new(books.iter().map(|(name, text)| RunbookHeader::parse(name, text)).collect())
        });
        self.answer(Message::Runbooks(headers));
    }

    fn load_runbook(&mut self, _folder: PathBuf, name: String) {
        let books = self.books.as_deref().unwrap_or_default();
        let text = books.iter().find(|(candidate, _)| *candidate == name);
        let page = text.map(|(_, text)| Arc::new(RunbookPage::parse(text)));
        let page = page.ok_or_else(|| RunbookError::Unusable {
            path: name.as_str().into(),
            fault: io::Error::from(io::ErrorKind::NotFound).into(),
        });
        self.answer(Message::Runbook(name, page));
    }

    fn load_evidence_file(&mut self, path: PathBuf, target: Target) {
        let read = evidence_file::read(&path);
        self.answer(Message::EvidenceFile(target, path, read, self.now));
    }

    fn open_workspace(&mut self, workspace: WorkspaceId) {
        self.opening = Some(workspace);
    }

    fn start_program(&mut self, spec: ProgramSpec) {
        self.started.push(spec);
    }

    fn stop_program(&mut self, id: RunId) {
        self.stopped.push(id);
    }

    fn refresh(&mut self) {}

    fn start_timer(&mut self, duration: std::time::Duration, timer: Timer) {
        match timer {
            Timer::Rest(_) | Timer::Draft(_) => self.answer(Message::Elapsed(timer)),
            Timer::Notified(_) => self.notified_timers.push((duration, timer)),
            Timer::Search(_) if !self.slow => self.answer(Message::Elapsed(timer)),
            _ => {}
        }
    }
}

/// Runs a future that is ready immediately.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
