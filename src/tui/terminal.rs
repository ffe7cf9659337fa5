//! The terminal: taken, given back whatever happens, and written to without ever blocking the panes.

mod framed;
pub mod osc;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
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

use framed::END;

/// How long giving back waits for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the terminal is taken, for the panic hook, which knows nothing else.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Bytes on their way to the terminal. A slow one delays this thread, not the panes.
#[derive(Clone, Debug)]
pub struct Output {
    frames: mpsc::Sender<Vec<u8>>,
    state: Arc<OutputState>,
}

#[derive(Debug, Default)]
struct OutputState {
    under_way: AtomicUsize,
    done: Notify,
    failed: Mutex<Option<io::Error>>,
}

impl Output {
    /// Starts the thread that writes to standard output.
    fn start() -> io::Result<Self> {
        let mut file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (frames, taken) = mpsc::channel::<Vec<u8>>();
        let state = Arc::new(OutputState::default());
        let told = Arc::clone(&state);
        thread::Builder::new().name("terminal".into()).spawn(move || {
            for frame in taken {
                if let Err(error) = file.write_all(&frame) {
                    *told.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
                told.under_way.fetch_sub(1, Ordering::AcqRel);
                told.done.notify_one();
            }
        })?;
        Ok(Self { frames, state })
    }

    fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.check()?;
        self.state.under_way.fetch_add(1, Ordering::AcqRel);
        self.frames.send(bytes).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn check(&self) -> io::Result<()> {
        let failed = self.state.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), Err)
    }

    /// Whether all that was sent is written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.under_way.load(Ordering::Acquire) == 0
    }

    /// Waits until all that was sent is written.
    pub async fn idle(&self) {
        while !self.is_idle() {
            self.state.done.notified().await;
        }
    }

    /// As [`Output::idle`] without a runtime, and not for ever.
    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while !self.is_idle() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Sink for Output {
    fn frame(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.send(bytes)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }
}

/// The terminal of the real program.
pub type Screen = Terminal<Framed<Output>>;

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

/// Holds the terminal, and gives it back when dropped, or in a panic.
#[derive(Debug)]
pub struct Guard {
    output: Output,
    /// The terminal is gone: nothing may be written to it.
    gone: bool,
}

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste.
    ///
    /// # Errors
    /// When the terminal refuses; it is as it was then.
    pub fn enter() -> io::Result<(Self, Screen)> {
        let output = Output::start()?;
        hook_panics();
        let guard = Self { output: output.clone(), gone: false };
        guard.take()?;
        let screen = Terminal::new(Framed::new(output))?;
        Ok((guard, screen))
    }

    fn take(&self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::Release);
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, DisableLineWrap, EnableBracketedPaste, Hide)?;
        self.output.send(bytes)
    }

    /// Gives the terminal back for a while.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn release(&self) -> io::Result<()> {
        if !TAKEN.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        if !self.gone {
            self.output.wait();
            self.output.send(farewell())?;
            self.output.wait();
        }
        terminal::disable_raw_mode()
    }

    /// Takes it again after [`Guard::release`], or after something else has used it.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn retake(&self) -> io::Result<()> {
        self.take()
    }

    /// The terminal has hung up: nothing more is written to it.
    pub fn hang_up(&mut self) {
        self.gone = true;
    }

    /// Whether it is still held: a panic gives it back at once.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        TAKEN.load(Ordering::Acquire)
    }

    /// Sends words to the terminal itself, between two frames.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn say(&self, bytes: Vec<u8>) -> io::Result<()> {
        if self.gone || bytes.is_empty() { Ok(()) } else { self.output.send(bytes) }
    }

    /// What is on its way.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.output
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.release();
        if !thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

/// What sets a terminal back, but for raw mode.
fn farewell() -> Vec<u8> {
    let mut bytes = Vec::from(END);
    // Writing to memory does not fail.
    let _ = queue!(bytes, DisableBracketedPaste, EnableLineWrap, LeaveAlternateScreen, Show);
    bytes
}

/// Gives the terminal back before a panic is told, so that it can be read.
fn hook_panics() {
    let before: Hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if TAKEN.swap(false, Ordering::AcqRel) {
            let mut out = io::stdout();
            let _ = out.write_all(&farewell()).and_then(|()| out.flush());
            let _ = terminal::disable_raw_mode();
        }
        before(info);
    }));
}
