//! The real run loop, with a terminal and keys in memory.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use redphone::backend::BackendError;
use redphone::tui::RunError;
use redphone::tui::core::app::App;
use redphone::tui::form::editor_error::EditorError;
use redphone::tui::runtime::{Host, Input, create_app, drive};
use redphone::tui::theme::{Depth, Theme};
use tokio::sync::{mpsc, watch};

use crate::support::company;
use crate::support::memory::Memory;
use crate::support::stage::options;
use crate::support::wait;

/// A text of the detail once all is loaded: the new P1 is selected.
const P1: &str = "← press o to take it";

/// A source of keys from a channel, for a terminal that is always ready.
struct Keys {
    inputs: mpsc::UnboundedReceiver<Input>,
    suspended: Arc<AtomicBool>,
}

impl Host for Keys {
    async fn next(&mut self) -> Input {
        match self.inputs.recv().await {
            Some(input) => input,
            None => std::future::pending().await,
        }
    }

    async fn try_next(&mut self) -> Option<Input> {
        self.inputs.try_recv().ok()
    }

    fn is_ready(&self) -> bool {
        true
    }

    fn wait_ready(&self) -> impl Future<Output = ()> + use<> {
        std::future::ready(())
    }

    fn is_disconnected(&self) -> bool {
        false
    }

    async fn suspend(&mut self) -> io::Result<()> {
        self.suspended.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn reactivate(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn edit(&mut self, text: String) -> io::Result<Result<String, EditorError>> {
        Ok(Ok(format!("{text}, edited")))
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn notify(&mut self, _: &redphone::config::panes::Notify, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// The text of the screen, published with each frame.
struct Shown {
    inner: TestBackend,
    frames: watch::Sender<String>,
}

impl Backend for Shown {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.frames.send_replace(String::new());
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Infallible> {
        self.inner.clear_region(region)
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.inner.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.frames.send_replace(self.inner.to_string());
        self.inner.flush()
    }
}

struct Run {
    keys: mpsc::UnboundedSender<Input>,
    memory: Arc<Memory>,
    suspended: Arc<AtomicBool>,
    frames: watch::Receiver<String>,
}

impl Run {
    fn press(&self, keys: &str) {
        for key in keys.chars() {
            let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
            self.keys.send(Input::Event(Event::Key(event))).expect("the loop runs");
        }
    }

    /// Waits until a text is on the screen.
    async fn shows(&self, text: &str) {
        let mut frames = self.frames.clone();
        let shown = frames.wait_for(|frame| frame.contains(text));
        let shown = tokio::time::timeout(wait::PATIENCE, shown).await;
        assert!(shown.is_ok(), "never {text:?}:\n{}", *self.frames.borrow());
    }

    /// Waits until a condition on the memory holds, with a deadline.
    async fn until(&self, what: &str, is: impl Fn(&Memory) -> bool) {
        wait::until(what, async || is(&self.memory)).await;
    }
}

/// Runs the loop concurrently with a script, until both have ended.
fn play<S>(memory: Memory, script: impl FnOnce(Run) -> S) -> (Result<App, RunError>, String)
where
    S: Future<Output = ()>,
{
    play_with_drafts(memory, None, script)
}

/// Like [`play`], with a folder that drafts are stored in.
fn play_with_drafts<S>(
    memory: Memory,
    drafts: Option<PathBuf>,
    script: impl FnOnce(Run) -> S,
) -> (Result<App, RunError>, String)
where
    S: Future<Output = ()>,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (keys, inputs) = mpsc::unbounded_channel();
    let memory = Arc::new(memory);
    let suspended = Arc::new(AtomicBool::new(false));
    let host = Keys { inputs, suspended: Arc::clone(&suspended) };
    let mut app = create_app(options(), Theme::new(Depth::Indexed, false), chrono::Utc::now());
    app.session.drafts_dir = drafts;
    let (sender, frames) = watch::channel(String::new());
    let shown = Shown { inner: TestBackend::new(126, 36), frames: sender };
    let mut terminal = Terminal::new(shown).expect("memory");
    let script =
        script(Run { keys, memory: Arc::clone(&memory), suspended, frames: frames.clone() });
    let ended = runtime.block_on(async {
        let backend: Arc<dyn redphone::backend::Backend> = memory;
        let (ended, ()) = tokio::join!(drive(app, backend, &mut terminal, host), script);
        ended
    });
    let screen = frames.borrow().clone();
    (ended, screen)
}

fn acknowledged(number: u64) -> impl Fn(&Memory) -> bool {
    move |memory| memory.read(number).0.incident.summary.acknowledged_at.is_some()
}

#[test]
fn a_key_reaches_the_backend_and_quitting_waits_for_it() {
    let (ended, _) = play(company::busy(chrono::Utc::now()), |run| async move {
        run.shows(P1).await;
        run.press("aq");
    });
    let app = ended.expect("it ends well");
    assert!(app.inflight.pending.is_empty());
    assert!(app.inflight.last_settled_at.is_some());
    let row = app.row(app.queue.selected.expect("a row")).expect("a row");
    assert_eq!(row.number.map(|n| n.0), Some(2051));
}

#[test]
fn a_change_elsewhere_is_shown_without_a_key() {
    let now = chrono::Utc::now();
    let (ended, screen) = play(company::busy(now), |run| async move {
        run.shows(P1).await;
        company::declare(
            &run.memory,
            now,
            1,
            "The vault is open",
            "vault",
            redphone::model::Impact::High,
            redphone::model::Impact::High,
            |_| {},
        );
        run.shows("The vault").await;
        run.press("q");
    });
    ended.expect("it ends well");
    assert!(screen.contains("The vault"), "{screen}");
}

#[test]
fn a_command_survives_a_backend_that_fails_for_a_while() {
    let locked = BackendError::Unreachable("the store is locked".into());
    let (ended, _) = play(company::busy(chrono::Utc::now()), |run| async move {
        run.shows(P1).await;
        run.memory.fail(Some(locked));
        run.press("a");
        run.shows("it is tried again").await;
        run.memory.fail(None);
        run.until("acknowledged", acknowledged(2051)).await;
        run.press("q");
    });
    assert!(ended.expect("it ends well").inflight.pending.is_empty());
}

#[test]
fn terminal_that_fails_preserves_the_draft() {
    let folder = tempfile::tempdir().expect("a folder");
    let drafts = Some(folder.path().to_owned());
    let now = chrono::Utc::now();
    let (ended, _) = play_with_drafts(company::busy(now), drafts, |run| async move {
        run.shows(P1).await;
        run.press("n");
        run.shows("Note on").await;
        // Ends within the delay that drafts are stored after.
        run.press("seen from the train");
        run.keys.send(Input::TerminalReleased).expect("the loop runs");
    });
    assert!(matches!(ended, Err(RunError::Terminal(_))), "{ended:?}");
    let files = std::fs::read_dir(folder.path()).expect("a folder").flatten();
    let texts: Vec<String> = files
        .filter(|file| file.path().extension().is_some_and(|ending| ending == "json"))
        .map(|file| std::fs::read_to_string(file.path()).expect("a draft"))
        .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("seen from the train"), "{texts:?}");
}

#[test]
fn suspending_restores_the_terminal_and_redraws_later() {
    let (ended, screen) = play(company::busy(chrono::Utc::now()), |run| async move {
        run.shows(P1).await;
        let event = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
        run.keys.send(Input::Event(Event::Key(event))).expect("the loop runs");
        let flag = Arc::clone(&run.suspended);
        run.until("suspended", |_| flag.load(Ordering::Relaxed)).await;
        run.shows(P1).await;
        run.press("q");
    });
    ended.expect("it ends well");
    assert!(screen.contains("1 Queue"), "{screen}");
}

#[test]
fn termination_waits_for_commands_and_names_unconfirmed_ones() {
    let locked = BackendError::Unreachable("the store is locked".into());
    let (ended, _) = play(company::busy(chrono::Utc::now()), |run| async move {
        run.shows(P1).await;
        run.memory.fail(Some(locked));
        run.press("a");
        run.shows("it is tried again").await;
        run.keys.send(Input::Terminate).expect("the loop runs");
        run.shows("end without waiting").await;
        run.press("q");
    });
    let message = ended.expect_err("it was not confirmed").to_string();
    assert!(message.contains("acknowledge INC-2051"), "{message}");
}
