//! The surroundings of the loop: the source of keys and signals, and the terminal.

use std::io;
use std::time::Duration;

use crossterm::event::Event;
use rustix::process::{Signal as Raised, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::editor::EditorSession;
use crate::config::panes::Notify;
use crate::tui::form::editor_error::EditorError;
use crate::tui::terminal::Guard;
use crate::tui::terminal::input::InputReader;
use crate::tui::terminal::osc::{self, Multiplexer};

/// How long to wait for the process to be stopped. Where nobody could continue it, the system does
/// not stop it, and the panes come back after this time.
const STOP_TIMEOUT: Duration = Duration::from_millis(300);

/// An input from the terminal or the system.
#[derive(Debug)]
pub enum Input {
    /// A key, a paste, or another size of the terminal.
    Event(Event),
    /// The process runs again after a stop.
    Continued,
    /// The process is asked to end.
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

    /// Returns whether the last frame has been written to the terminal.
    fn is_ready(&self) -> bool;

    /// Waits until the last frame has been written.
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
    /// ended. Returns the edited text, or why there is none.
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
}

/// The real terminal and the signals of the process.
#[derive(Debug)]
pub(in crate::tui) struct TerminalHost {
    guard: Guard,
    /// `None` while an editor or the shell uses the terminal, and after it was closed.
    events: Option<InputReader>,
    disconnected: bool,
    /// Whether the process was asked to end while an editor had the terminal.
    terminate_pending: bool,
    /// The multiplexer that passes sequences through to the terminal, if any.
    multiplexer: Multiplexer,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    resume: Signal,
}

impl TerminalHost {
    pub(in crate::tui) fn new(guard: Guard) -> io::Result<Self> {
        Ok(Self {
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

    fn event_to_input(&mut self, event: Option<Event>) -> Input {
        if let Some(event) = event {
            return Input::Event(event);
        }
        self.guard.hang_up();
        self.disconnect()
    }

    /// Stops drawing. After the signal alone the terminal may still exist, so it is released;
    /// writing to one that was closed fails at once.
    fn disconnect(&mut self) -> Input {
        self.disconnected = true;
        self.events = None;
        Input::HungUp
    }
}

fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Waits for the next event of the terminal; for ever if there is no terminal.
async fn next_event(events: &mut Option<InputReader>) -> Option<Event> {
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
            event = next_event(&mut self.events) => self.event_to_input(event),
        }
    }

    async fn try_next(&mut self) -> Option<Input> {
        let event = self.events.as_mut()?.try_next().await?;
        Some(self.event_to_input(event))
    }

    fn is_ready(&self) -> bool {
        self.disconnected || self.guard.writer().is_idle()
    }

    fn wait_ready(&self) -> impl Future<Output = ()> + use<> {
        let output = self.guard.writer().clone();
        async move { output.wait_idle().await }
    }

    fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    async fn suspend(&mut self) -> io::Result<()> {
        // The reader must not take keys that are meant for the shell.
        self.events = None;
        self.guard.release()?;
        // The entire process group, as the terminal itself would do it: whoever started the program
        // stops too.
        kill_current_process_group(Raised::TSTP)?;
        // The signal may arrive a moment later; the next one is the continuation.
        let _ = timeout(STOP_TIMEOUT, self.resume.recv()).await;
        self.guard.reactivate()?;
        self.events = Some(InputReader::new()?);
        Ok(())
    }

    async fn edit(&mut self, text: String) -> io::Result<Result<String, EditorError>> {
        // The reader must not take keys that are meant for the editor.
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
        self.guard.reactivate()?;
        self.events = Some(InputReader::new()?);
        // Interrupts and stops were meant for the editor.
        let _ = timeout(Duration::ZERO, self.interrupt.recv()).await;
        let _ = timeout(Duration::ZERO, self.resume.recv()).await;
        Ok(edited)
    }

    fn reactivate(&mut self) -> io::Result<()> {
        if self.disconnected { Ok(()) } else { self.guard.reactivate() }
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        // A text that is too long was refused before this effect was requested.
        osc::copy(text, self.multiplexer).map_or(Ok(()), |bytes| self.guard.send_sequence(bytes))
    }

    fn notify(&mut self, how: &Notify, title: &str, body: &str) -> io::Result<()> {
        let desktop = how.desktop.resolve(&env_var);
        self.guard.send_sequence(osc::notify(title, body, how.bell, desktop, self.multiplexer))
    }
}
