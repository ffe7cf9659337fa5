//! The surroundings of the loop: the source of keys and signals, and the terminal.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use rustix::process::{Signal as Raised, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep_until, timeout};

use super::editor::EditorSession;
use crate::config::panes::Notify;
use crate::tui::form::editor_error::EditorError;
use crate::tui::terminal::Guard;
use crate::tui::terminal::input::{InputReader, Received, Report};
use crate::tui::terminal::osc::{self, Multiplexer};
use crate::tui::terminal::questions::{Finding, Questions};

/// How long to wait for the process to be stopped. Where nobody could continue it, the system does
/// not stop it, and the panes return after this time.
const STOP_TIMEOUT: Duration = Duration::from_millis(300);

/// An input from the terminal or the system.
#[derive(Debug)]
pub enum Input {
    /// A key, the mouse, a paste, or another size of the terminal.
    Event(Event),
    /// The terminal has answered something about itself.
    Found(Finding),
    /// The terminal has answered that it has drawn a frame: the next one can be sent.
    Answered,
    /// The process runs again after a stop.
    Continued,
    /// The process should end.
    Terminate,
    /// The terminal was closed.
    HungUp,
    /// The terminal was released because of a panic elsewhere.
    TerminalReleased,
}

/// The source of inputs and the owner of the terminal.
pub trait Host {
    /// Waits for the next input. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Input>;

    /// Returns the next input if one has arrived; never waits.
    fn try_next(&mut self) -> impl Future<Output = Option<Input>>;

    /// Returns whether the last frame has been written to the terminal, and drawn by it as far as
    /// known.
    fn is_ready(&self) -> bool;

    /// Waits until the last frame has been written, and answered or given up.
    fn wait_ready(&self) -> impl Future<Output = ()> + use<Self>
    where
        Self: Sized;

    /// Returns whether the terminal was closed.
    fn is_disconnected(&self) -> bool;

    /// Releases the terminal, stops the process, and sets up the terminal again afterwards.
    ///
    /// # Errors
    /// When the terminal can't be released or set up.
    fn suspend(&mut self) -> impl Future<Output = io::Result<()>>;

    /// Sets up the terminal again after something else may have used it.
    ///
    /// # Errors
    /// When that fails.
    fn reactivate(&mut self) -> io::Result<()>;

    /// Releases the terminal for an editor with a text, and sets it up again when the editor has
    /// ended. Returns the edited text, or the reason why there is none.
    ///
    /// # Errors
    /// When the terminal can't be released or set up.
    fn edit(
        &mut self,
        text: String,
    ) -> impl Future<Output = io::Result<Result<String, EditorError>>>;

    /// Puts a text into the viewer's clipboard.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Requests the viewer's attention, in the ways that the settings allow.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn notify(&mut self, how: &Notify, title: &str, body: &str) -> io::Result<()>;

    /// Sets the title of the terminal's window.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn set_title(&mut self, _title: &str) -> io::Result<()> {
        Ok(())
    }

    /// Sets whether the terminal reports the mouse.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn set_mouse(&mut self, _enabled: bool) -> io::Result<()> {
        Ok(())
    }
}

/// The real terminal and the signals of the process.
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
#[derive(Debug)]
pub(in crate::tui) struct TerminalHost {
    guard: Guard,
    /// `None` while an editor or the shell uses the terminal, and after it was closed.
    events: Option<InputReader>,
    disconnected: bool,
    /// Whether a request to end arrived while an editor had the terminal.
    terminate_pending: bool,
    /// The multiplexer that passes sequences through to the terminal, if any.
    multiplexer: Multiplexer,
    /// The unanswered queries to the terminal.
    questions: Questions,
    slow_link: bool,
    mouse: bool,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    resume: Signal,
}

impl TerminalHost {
    pub(in crate::tui) fn new(guard: Guard, questions: Questions, mouse: bool) -> io::Result<Self> {
        if mouse {
            guard.set_mouse(true)?;
        }
        Ok(Self {
            questions,
            slow_link: false,
            mouse,
            guard,
            events: Some(InputReader::new()?),
            disconnected: false,
            terminate_pending: false,
            multiplexer: Multiplexer::detect(&env_var),
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            resume: signal(SignalKind::from_raw(Raised::CONT.as_raw()))?,
        })
    }

    fn received(&mut self, received: Option<Received>) -> Input {
        match received {
            Some(Received::Event(event)) => Input::Event(event),
            Some(Received::Report(report)) => self.reported(report),
            None => {
                self.guard.hang_up();
                self.disconnect()
            }
        }
    }

    fn reported(&mut self, report: Report) -> Input {
        if report != Report::Ready {
            return self.questions.answer(report).map_or(Input::Answered, Input::Found);
        }
        let is_slow = self.guard.writer().answered(Instant::now());
        if std::mem::replace(&mut self.slow_link, is_slow) == is_slow {
            Input::Answered
        } else {
            Input::Found(Finding::SlowLink(is_slow))
        }
    }

    fn set_up_again(&mut self) -> io::Result<()> {
        self.guard.reactivate()?;
        if self.mouse { self.guard.set_mouse(true) } else { Ok(()) }
    }

    /// Stops drawing. After the signal alone the terminal may still exist, so it is released;
    /// writing to one that was closed fails immediately.
    fn disconnect(&mut self) -> Input {
        self.disconnected = true;
        self.events = None;
        Input::HungUp
    }
}

fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Waits for the next event of the terminal; forever if there is no terminal.
async fn next_event(events: &mut Option<InputReader>) -> Option<Received> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

impl Host for TerminalHost {
    async fn next(&mut self) -> Input {
        if !self.disconnected && !self.guard.is_active() {
            return Input::TerminalReleased;
        }
        if std::mem::take(&mut self.terminate_pending) {
            return if self.disconnected { self.disconnect() } else { Input::Terminate };
        }
        tokio::select! {
            biased;
            _ = self.hang_up.recv() => self.disconnect(),
            _ = self.terminate.recv() => Input::Terminate,
            _ = self.interrupt.recv() => Input::Terminate,
            _ = self.resume.recv() => Input::Continued,
            received = next_event(&mut self.events) => self.received(received),
        }
    }

    async fn try_next(&mut self) -> Option<Input> {
        let received = self.events.as_mut()?.try_next().await?;
        Some(self.received(received))
    }

    fn is_ready(&self) -> bool {
        let writer = self.guard.writer();
        self.disconnected || (writer.is_idle() && writer.blocked_until(Instant::now()).is_none())
    }

    fn wait_ready(&self) -> impl Future<Output = ()> + use<> {
        let output = self.guard.writer().clone();
        async move {
            output.wait_idle().await;
            // The answer itself arrives as an input.
            if let Some(until) = output.blocked_until(Instant::now()) {
                sleep_until(until.into()).await;
            }
        }
    }

    fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    async fn suspend(&mut self) -> io::Result<()> {
        // The reader must not consume keys that are meant for the shell.
        self.events = None;
        self.guard.release()?;
        // The entire process group, as the terminal itself would do it: the program's parent stops
        // too.
        kill_current_process_group(Raised::TSTP)?;
        // The signal may arrive a moment later; the next one is the continuation.
        let _ = timeout(STOP_TIMEOUT, self.resume.recv()).await;
        self.set_up_again()?;
        self.events = Some(InputReader::new()?);
        Ok(())
    }

    async fn edit(&mut self, text: String) -> io::Result<Result<String, EditorError>> {
        // The reader must not consume keys that are meant for the editor.
        self.events = None;
        let editing = match EditorSession::create(&text) {
            Ok(editing) => editing,
            Err(why) => {
                self.events = Some(InputReader::new()?);
                return Ok(Err(why));
            }
        };
        self.guard.release()?;
        let ended = tokio::select! {
            ended = editing.run() => ended,
            // The text written so far is stored as a draft.
            _ = self.terminate.recv() => {
                self.terminate_pending = true;
                Err(EditorError::Stopped)
            }
            _ = self.hang_up.recv() => {
                self.disconnected = true;
                self.terminate_pending = true;
                Err(EditorError::TerminalClosed)
            }
        };
        let edited = editing.text(ended);
        if self.disconnected {
            return Ok(edited);
        }
        self.set_up_again()?;
        self.events = Some(InputReader::new()?);
        // Interrupts and stops were meant for the editor.
        let _ = timeout(Duration::ZERO, self.interrupt.recv()).await;
        let _ = timeout(Duration::ZERO, self.resume.recv()).await;
        Ok(edited)
    }

    fn reactivate(&mut self) -> io::Result<()> {
        if self.disconnected { Ok(()) } else { self.set_up_again() }
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        // A text that is too long was refused before this effect was requested.
        osc::copy(text, self.multiplexer).map_or(Ok(()), |bytes| self.guard.send_sequence(bytes))
    }

    fn notify(&mut self, how: &Notify, title: &str, body: &str) -> io::Result<()> {
        let desktop = how.desktop.resolve(&env_var);
        self.guard.send_sequence(osc::notify(title, body, how.bell, desktop, self.multiplexer))
    }

    fn set_title(&mut self, title: &str) -> io::Result<()> {
        self.guard.set_title(title)
    }

    fn set_mouse(&mut self, enabled: bool) -> io::Result<()> {
        self.mouse = enabled;
        self.guard.set_mouse(enabled)
    }
}
