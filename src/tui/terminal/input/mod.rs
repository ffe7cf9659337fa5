//! Input of a terminal: keys, the mouse, pastes, changes of its size, and the few answers that the
//! panes request. Other answers are dropped.

pub mod decode;
mod report;
mod splitter;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use crossterm::terminal;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep_until;

use decode::{decode_key, decode_mouse};
pub use report::Report;
pub use splitter::{ESCAPE_TIMEOUT, SEQUENCE_TIMEOUT, Splitter, Token};

/// The most bytes of one read.
const READ_BYTES: usize = 4096;
/// The most reads before the events that they gave are handled.
const MAX_READS: usize = 16;

/// An input from the terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// A key, the mouse, a paste or another size.
    Event(Event),
    /// An answer that the panes have requested.
    Report(Report),
}

/// Reads standard input, which is a terminal.
///
/// The file is shared with the program's parent, so it is not made non-blocking: it is read only
/// when it is ready.
#[derive(Debug)]
pub struct InputReader {
    stdin: AsyncFd<BorrowedFd<'static>>,
    splitter: Splitter,
    events: VecDeque<Received>,
    resized: Signal,
    is_closed: bool,
}

impl InputReader {
    /// Starts to read.
    ///
    /// # Errors
    /// When standard input or the signal of another size can't be waited for.
    #[expect(deprecated, reason = "its successor is unsafe; standard input is never closed")]
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            stdin: AsyncFd::with_interest(rustix::stdio::stdin(), Interest::READABLE)?,
            splitter: Splitter::default(),
            events: VecDeque::new(),
            resized: signal(SignalKind::window_change())?,
            is_closed: false,
        })
    }

    /// Waits for the next event; `None` once the terminal was closed. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.is_closed {
                return None;
            }
            let deadline = self.splitter.deadline();
            let expired = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = self.resized.recv() => self.push_size(),
                ready = self.stdin.readable() => match ready {
                    Ok(mut ready) => {
                        // Cleared first: data that arrives during the read makes it ready again.
                        ready.clear_ready();
                        drop(ready);
                        self.read_available();
                    }
                    Err(_) => self.is_closed = true,
                },
                () = expired => self.expire(),
            }
        }
    }

    /// Returns the next event if one has arrived; never waits. `Some(None)` means that the terminal
    /// was closed.
    pub async fn try_next(&mut self) -> Option<Option<Received>> {
        if self.events.is_empty() {
            let is_resized = poll_fn(|context| {
                Poll::Ready(matches!(self.resized.poll_recv(context), Poll::Ready(Some(()))))
            });
            if is_resized.await {
                self.push_size();
            }
            self.read_available();
            self.expire();
        }
        match self.events.pop_front() {
            Some(event) => Some(Some(event)),
            None => self.is_closed.then_some(None),
        }
    }

    fn push_size(&mut self) {
        // If a terminal does not report its size, the previous one remains.
        if let Ok((width, height)) = terminal::size() {
            self.events.push_back(Received::Event(Event::Resize(width, height)));
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        if self.splitter.deadline().is_some_and(|deadline| deadline <= now) {
            let tokens = self.splitter.expire(now);
            self.push_tokens(tokens);
        }
    }

    /// Reads the available bytes.
    fn read_available(&mut self) {
        let mut buffer = [0; READ_BYTES];
        for _ in 0..MAX_READS {
            match readiness(*self.stdin.get_ref()) {
                Readiness::Nothing => return,
                Readiness::Closed => {
                    self.is_closed = true;
                    return;
                }
                Readiness::Bytes => {}
            }
            match rustix::io::read(*self.stdin.get_ref(), &mut buffer) {
                Ok(count) if count > 0 => {
                    let tokens = self.splitter.push(&buffer[..count], Instant::now());
                    self.push_tokens(tokens);
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(_) | Err(_) => {
                    self.is_closed = true;
                    return;
                }
            }
        }
    }

    fn push_tokens(&mut self, tokens: Vec<Token>) {
        self.events.extend(tokens.into_iter().filter_map(|token| {
            match token {
                Token::Key(bytes) => decode_key(&bytes)
                    .map(Event::Key)
                    .or_else(|| decode_mouse(&bytes).map(Event::Mouse))
                    .map(Received::Event),
                Token::Paste(bytes) => Some(Received::Event(Event::Paste(
                    String::from_utf8_lossy(&bytes).into_owned(),
                ))),
                Token::Report(report) => Some(Received::Report(report)),
            }
        }));
    }
}

/// Reads pending answers, so that they reach no other program; until there are none or the time is
/// over. Reads byte by byte: bytes after the answers are for the next program.
pub(super) fn drain_answers(mut outstanding: impl FnMut(Option<Report>) -> Option<Duration>) {
    let stdin = rustix::stdio::stdin();
    let mut splitter = Splitter::default();
    let mut report = None;
    while let Some(time) = outstanding(report.take()) {
        let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(0),
            tv_nsec: time.subsec_nanos().into(),
        };
        if !matches!(rustix::event::poll(&mut polled, Some(&limit)), Ok(1..)) {
            return;
        }
        let mut byte = [0];
        if !polled[0].revents().contains(PollFlags::IN)
            || !matches!(rustix::io::read(stdin, &mut byte), Ok(1))
        {
            return;
        }
        report = splitter.push(&byte, Instant::now()).into_iter().find_map(|token| match token {
            Token::Report(report) => Some(report),
            Token::Key(_) | Token::Paste(_) => None,
        });
    }
}

/// The readiness of a terminal for reading.
enum Readiness {
    Nothing,
    Bytes,
    /// The terminal was closed.
    Closed,
}

fn readiness(terminal: BorrowedFd<'_>) -> Readiness {
    let mut polled = [PollFd::new(&terminal, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    if rustix::event::poll(&mut polled, Some(&now)).is_err() {
        return Readiness::Nothing;
    }
    let events = polled[0].revents();
    if events.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        Readiness::Closed
    } else if events.contains(PollFlags::IN) {
        Readiness::Bytes
    } else {
        Readiness::Nothing
    }
}
