//! The terminal: set up for the panes, restored whatever happens, and written to without ever
//! blocking the panes.

mod encode;
pub mod flow;
mod framed;
pub mod input;
pub mod osc;
pub mod questions;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::terminal::{
    self, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::Terminal;
use tokio::sync::Notify;

pub use framed::{Framed, Sink};

use flow::FlowControl;
use framed::SYNC_END;
use input::{Report, drain_answers};

/// Reports of buttons and the wheel (xterm's mode 1000) in the form that has no limits (1006).
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How long restoring waits for a terminal that accepts no output.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether the terminal is set up for the panes. Static, because the panic hook has no other state.
static TERMINAL_ACTIVE: AtomicBool = AtomicBool::new(false);

/// Whether the window has a title of the panes. Static for the same reason.
static TITLE_PUSHED: AtomicBool = AtomicBool::new(false);

/// Sends bytes to the thread that writes to the terminal. A slow terminal delays that thread, not
/// the panes.
#[derive(Clone, Debug)]
pub struct TerminalWriter {
    frames: mpsc::Sender<Vec<u8>>,
    state: Arc<WriterState>,
}

#[derive(Debug, Default)]
struct WriterState {
    in_flight: AtomicUsize,
    /// Which frames the terminal has drawn.
    flow: Mutex<FlowControl>,
    written: Notify,
    error: Mutex<Option<io::Error>>,
}

impl TerminalWriter {
    /// Starts the thread that writes to standard output.
    fn start() -> io::Result<Self> {
        let mut file = File::from(stdout().as_fd().try_clone_to_owned()?);
        let (frames, received) = mpsc::channel::<Vec<u8>>();
        let state = Arc::new(WriterState::default());
        let thread_state = Arc::clone(&state);
        thread::Builder::new().name("terminal".into()).spawn(move || {
            for frame in received {
                if let Err(error) = file.write_all(&frame) {
                    *thread_state.error.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(error);
                }
                thread_state.in_flight.fetch_sub(1, Ordering::AcqRel);
                thread_state.written.notify_one();
            }
        })?;
        Ok(Self { frames, state })
    }

    fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.check()?;
        self.state.in_flight.fetch_add(1, Ordering::AcqRel);
        self.frames.send(bytes).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flow(&self) -> MutexGuard<'_, FlowControl> {
        self.state.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the terminal has drawn a frame. Returns whether the link is slow.
    pub fn answered(&self, now: Instant) -> bool {
        let mut flow = self.flow();
        flow.answered(now);
        flow.is_slow()
    }

    /// Returns until when the next frame must wait for the terminal's answer at most; `None` if it
    /// need not.
    #[must_use]
    pub fn blocked_until(&self, now: Instant) -> Option<Instant> {
        self.flow().blocked_until(now)
    }

    fn check(&self) -> io::Result<()> {
        let error = self.state.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map_or(Ok(()), Err)
    }

    /// Whether everything that was sent has been written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.in_flight.load(Ordering::Acquire) == 0
    }

    /// Waits until everything that was sent has been written.
    pub async fn wait_idle(&self) {
        while !self.is_idle() {
            self.state.written.notified().await;
        }
    }

    /// Waits like [`TerminalWriter::wait_idle`], but blocks the thread, for [`RELEASE_TIMEOUT`] at
    /// most.
    fn wait_blocking(&self) {
        let until = Instant::now() + RELEASE_TIMEOUT;
        while !self.is_idle() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Sink for TerminalWriter {
    fn send_frame(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        if self.flow().send(bytes.len(), Instant::now()) {
            bytes.extend_from_slice(flow::REQUEST);
        }
        self.send(bytes)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }
}

/// The terminal of the real program.
pub type Screen = Terminal<Framed<TerminalWriter>>;

/// The panic hook that was installed before, to be put back later.
#[derive(Clone)]
struct PreviousHook(Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>);

impl std::fmt::Debug for PreviousHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreviousHook").finish_non_exhaustive()
    }
}

/// Owns the terminal, and restores it when dropped or in a panic.
#[derive(Debug)]
pub struct Guard {
    writer: TerminalWriter,
    previous_hook: PreviousHook,
    /// Whether the terminal has hung up: nothing may be written to it then.
    hung_up: bool,
}

impl Guard {
    /// Sets the terminal up: raw mode, alternate screen, bracketed paste. `synchronized` puts the
    /// marks of synchronized updates around each frame. `questions` are requests to the terminal
    /// that leave the screen empty.
    ///
    /// # Errors
    /// If the terminal can't be set up; its state is restored then.
    pub fn enter(synchronized: bool, questions: &[u8]) -> io::Result<(Self, Screen)> {
        let writer = TerminalWriter::start()?;
        let previous_hook = install_panic_hook();
        let guard = Self { writer: writer.clone(), previous_hook, hung_up: false };
        guard.activate(questions)?;
        let screen = Terminal::new(Framed::new(writer).synchronized(synchronized))?;
        Ok((guard, screen))
    }

    fn activate(&self, questions: &[u8]) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        TERMINAL_ACTIVE.store(true, Ordering::Release);
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, DisableLineWrap, EnableBracketedPaste, Hide)?;
        bytes.extend_from_slice(questions);
        bytes.extend_from_slice(flow::REQUEST);
        self.writer.flow().restart(Instant::now());
        self.writer.send(bytes)
    }

    /// Restores the terminal for a while.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn release(&self) -> io::Result<()> {
        if !TERMINAL_ACTIVE.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        if !self.hung_up {
            self.writer.wait_blocking();
            self.writer.send(restore_sequence())?;
            self.writer.wait_blocking();
            drain_answers(|report| {
                let now = Instant::now();
                if report == Some(Report::Ready) {
                    self.writer.answered(now);
                }
                self.writer.flow().outstanding(now)
            });
        }
        terminal::disable_raw_mode()
    }

    /// Sets the terminal up again after [`Guard::release`], or after another program has used it.
    ///
    /// # Errors
    /// When the terminal can't be set up.
    pub fn reactivate(&self) -> io::Result<()> {
        self.activate(&[])
    }

    /// Records that the terminal has hung up: nothing more is written to it.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
    }

    /// Whether the terminal is still set up; a panic restores it immediately.
    #[must_use]
    pub fn is_active(&self) -> bool {
        TERMINAL_ACTIVE.load(Ordering::Acquire)
    }

    /// Sends a control sequence to the terminal itself, between two frames.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn send_sequence(&self, bytes: Vec<u8>) -> io::Result<()> {
        if self.hung_up || bytes.is_empty() { Ok(()) } else { self.writer.send(bytes) }
    }

    /// Sets the title of the terminal's window; the earlier one is restored by [`Guard::release`].
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn set_title(&self, title: &str) -> io::Result<()> {
        let is_first = !TITLE_PUSHED.swap(true, Ordering::AcqRel);
        self.send_sequence(osc::title(title, is_first))
    }

    /// Sets whether the terminal reports the mouse, instead of marking text with it.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn set_mouse(&self, enabled: bool) -> io::Result<()> {
        self.send_sequence(if enabled { MOUSE_ON } else { MOUSE_OFF }.to_vec())
    }

    /// Returns the writer that sends bytes to the terminal.
    #[must_use]
    pub fn writer(&self) -> &TerminalWriter {
        &self.writer
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // An error can't be reported to anybody any more.
        let _ = self.release();
        if !thread::panicking() {
            restore_panic_hook(&self.previous_hook);
        }
    }
}

/// Returns the sequence that restores a terminal, except for raw mode.
fn restore_sequence() -> Vec<u8> {
    let mut bytes = Vec::from(SYNC_END);
    // Writing to memory does not fail.
    let _ = queue!(bytes, DisableBracketedPaste, EnableLineWrap, LeaveAlternateScreen, Show);
    bytes.extend_from_slice(MOUSE_OFF);
    if TITLE_PUSHED.swap(false, Ordering::AcqRel) {
        bytes.extend_from_slice(osc::TITLE_BACK);
    }
    bytes
}

/// Returns standard output, to which the panes write frames and escape sequences.
#[expect(clippy::disallowed_methods, reason = "the panes write to it here only")]
pub(in crate::tui) fn stdout() -> io::Stdout {
    io::stdout()
}

/// Installs a hook that restores the terminal before a panic is printed, so that it can be read.
/// Returns the hook that was installed before.
fn install_panic_hook() -> PreviousHook {
    let previous_hook = PreviousHook(Arc::from(panic::take_hook()));
    let PreviousHook(print) = previous_hook.clone();
    panic::set_hook(Box::new(move |info| {
        if TERMINAL_ACTIVE.swap(false, Ordering::AcqRel) {
            let mut out = stdout();
            let _ = out.write_all(&restore_sequence()).and_then(|()| out.flush());
            let _ = terminal::disable_raw_mode();
        }
        print(info);
    }));
    previous_hook
}

/// Replaces the hook by the one that was installed before.
fn restore_panic_hook(previous_hook: &PreviousHook) {
    let PreviousHook(print) = previous_hook.clone();
    panic::set_hook(Box::new(move |info| print(info)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_panic_hook_is_put_back() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let this_thread = thread::current().id();
        let original = PreviousHook(Arc::from(panic::take_hook()));
        let PreviousHook(print) = original.clone();
        // Other tests may panic meanwhile.
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == this_thread {
                CALLS.fetch_add(1, Ordering::SeqCst);
            } else {
                print(info);
            }
        }));
        let previous = install_panic_hook();
        assert!(panic::catch_unwind(|| panic!("while the panes run")).is_err());
        restore_panic_hook(&previous);
        assert!(panic::catch_unwind(|| panic!("after them")).is_err());
        restore_panic_hook(&original);
        assert_eq!(CALLS.load(Ordering::SeqCst), 2);
    }
}
