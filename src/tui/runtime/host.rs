//! Where keys and signals come from, and who holds the terminal.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Signal as Raised, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::super::terminal::Guard;
use super::super::terminal::osc::{self, Multiplexer};
use super::editor::{EditorFailure, EditorSession};
use crate::config::panes::Notify;

/// How long the stop of the process is waited for. Where nobody could continue it, the system
/// does not stop it, and the panes come back after this.
const STOP_TIMEOUT: Duration = Duration::from_millis(300);

/// What comes from outside.
#[derive(Debug)]
pub enum Input {
    /// A key, a paste, another size.
    Event(Event),
    /// The process runs again after a stop.
    Continued,
    /// The process is asked to end.
    Terminate,
    /// The terminal is gone.
    HungUp,
    /// The terminal was given back by a panic elsewhere.
    TerminalReleased,
}

/// The surroundings of the loop.
pub trait Host {
    /// Waits for the next input. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Input>;

    /// The next input that is there already; never waits.
    fn try_next(&mut self) -> impl Future<Output = Option<Input>>;

    /// Whether the last frame has been written.
    fn is_ready(&self) -> bool;

    /// Waits until the last frame has been written.
    fn wait_ready(&self) -> impl Future<Output = ()> + use<Self>
    where
        Self: Sized;

    /// Whether there is no terminal any more.
    fn is_disconnected(&self) -> bool;

    /// Gives the terminal back, stops the process, and takes the terminal again afterwards.
    ///
    /// # Errors
    /// When the terminal can't be given back or taken.
    fn suspend(&mut self) -> impl Future<Output = io::Result<()>>;

    /// Takes the terminal after something else may have used it.
    ///
    /// # Errors
    /// When it can't be taken.
    fn reactivate(&mut self) -> io::Result<()>;

    /// Gives the terminal to an editor with a text, and takes it again when that has ended. Gives
    /// back the text, or why there is none.
    ///
    /// # Errors
    /// When the terminal can't be given back or taken.
    fn edit(&mut self, text: String) -> impl Future<Output = io::Result<Result<String, String>>>;

    /// Puts a text into the clipboard of whoever looks.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Calls somebody to the screen, as the settings allow.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn notify(&mut self, how: &Notify, title: &str, body: &str) -> io::Result<()>;
}

/// The real terminal and the signals of the process.
#[derive(Debug)]
pub(in crate::tui) struct TerminalHost {
    guard: Guard,
    /// `None` when the terminal is gone.
    events: Option<EventStream>,
    disconnected: bool,
    /// The end was asked for while an editor had the terminal.
    terminate_pending: bool,
    /// Who hands words through to the terminal.
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
            events: Some(EventStream::new()),
            disconnected: false,
            terminate_pending: false,
            multiplexer: Multiplexer::detect(&env_var),
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            resume: signal(SignalKind::from_raw(Raised::CONT.as_raw()))?,
        })
    }

    fn event_to_input(&mut self, event: Option<io::Result<Event>>) -> Input {
        if let Some(Ok(event)) = event {
            return Input::Event(event);
        }
        self.guard.hang_up();
        self.disconnect()
    }

    /// Nothing is drawn any more. After the signal alone the terminal may still be there, so it is
    /// given back; writing to one that is gone fails at once.
    fn disconnect(&mut self) -> Input {
        self.disconnected = true;
        self.events = None;
        Input::HungUp
    }
}

fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether the terminal was taken away. Reading from it then gives nothing, for ever, and the reader
/// of events does not stop at that: it is not asked.
fn is_hung_up() -> bool {
    let input = rustix::stdio::stdin();
    let mut polled = [PollFd::new(&input, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut polled, Some(&now)).is_ok()
        && polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// The next terminal event; never, where there is no terminal.
async fn next_event(events: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match events {
        Some(events) => {
            poll_fn(
                |context| {
                    if is_hung_up() { Poll::Ready(None) } else { events.poll_next_unpin(context) }
                },
            )
            .await
        }
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
        let events = self.events.as_mut()?;
        if is_hung_up() {
            return Some(self.event_to_input(None));
        }
        // Asked with the waker of the loop: the stream keeps the first one it is given, so that a
        // waker that does nothing would lose the next key.
        let now = poll_fn(|context| {
            Poll::Ready(match events.poll_next_unpin(context) {
                Poll::Ready(event) => Some(event),
                Poll::Pending => None,
            })
        });
        let event = now.await?;
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
        // The stream's thread must not take keys that are meant for the shell.
        self.events = None;
        self.guard.release()?;
        // The whole group, as the terminal itself would do it: whoever started the program stops too.
        kill_current_process_group(Raised::TSTP)?;
        // The signal may arrive a moment later; what comes after the stop is the continuation.
        let _ = timeout(STOP_TIMEOUT, self.resume.recv()).await;
        self.guard.reactivate()?;
        self.events = Some(EventStream::new());
        Ok(())
    }

    async fn edit(&mut self, text: String) -> io::Result<Result<String, String>> {
        // The stream's thread must not take keys that are meant for the editor.
        self.events = None;
        let editing = match EditorSession::create(&text) {
            Ok(editing) => editing,
            Err(why) => {
                self.events = Some(EventStream::new());
                return Ok(Err(why));
            }
        };
        self.guard.release()?;
        let ended = tokio::select! {
            ended = editing.run() => ended,
            // What it has written so far is kept as a draft.
            _ = self.terminate.recv() => {
                self.terminate_pending = true;
                Err(EditorFailure { reason: "the editor was stopped".into(), text_counts: true })
            }
            _ = self.hang_up.recv() => {
                self.disconnected = true;
                self.terminate_pending = true;
                Err(EditorFailure { reason: "the terminal is gone".into(), text_counts: true })
            }
        };
        let edited = editing.text(ended);
        if self.disconnected {
            return Ok(edited);
        }
        self.guard.reactivate()?;
        self.events = Some(EventStream::new());
        // Interrupts and stops were meant for the editor.
        let _ = timeout(Duration::ZERO, self.interrupt.recv()).await;
        let _ = timeout(Duration::ZERO, self.resume.recv()).await;
        Ok(edited)
    }

    fn reactivate(&mut self) -> io::Result<()> {
        if self.disconnected { Ok(()) } else { self.guard.reactivate() }
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        // What is too long was refused where it was asked for.
        osc::copy(text, self.multiplexer).map_or(Ok(()), |bytes| self.guard.send_sequence(bytes))
    }

    fn notify(&mut self, how: &Notify, title: &str, body: &str) -> io::Result<()> {
        let desktop = how.desktop.resolve(&env_var);
        self.guard.send_sequence(osc::notify(title, body, how.bell, desktop, self.multiplexer))
    }
}
