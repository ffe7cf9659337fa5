//! The access log: a line of JSON for each request, without anything secret.
//!
//! Requests do not wait for it: a thread of its own writes. Where that falls behind by thousands of
//! lines, lines are left out, and counted.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// Lines that may wait to be written.
const QUEUE_CAPACITY: usize = 16_384;

/// Where requests are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// On standard error.
    Stderr,
    /// In a file that only its owner can read; lines are added to what is in it.
    File(PathBuf),
}

/// What is told of a request.
#[derive(Debug)]
pub(super) struct LogRecord {
    pub time: DateTime<Utc>,
    pub request_id: String,
    pub peer: Option<std::net::SocketAddr>,
    pub method: &'static str,
    /// The route's pattern: what stands in a path or a query may be somebody's own.
    pub route: &'static str,
    pub status: u16,
    pub elapsed: std::time::Duration,
    pub bytes: u64,
    pub token: Option<String>,
}

#[derive(Serialize)]
struct LogLine<'a> {
    time: String,
    request: &'a str,
    peer: Option<String>,
    method: &'static str,
    route: &'static str,
    status: u16,
    ms: f64,
    bytes: u64,
    token: Option<&'a str>,
}

enum LogMessage {
    Write(Box<LogRecord>),
    Reopen,
    End,
}

/// The way to the thread that writes.
#[derive(Debug)]
pub(super) struct LogWriter {
    sender: Option<SyncSender<LogMessage>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl LogWriter {
    /// Opens it.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub(super) fn open(to: &AccessLog) -> io::Result<Self> {
        let target = match to {
            AccessLog::Off => return Ok(Self { sender: None, thread: Mutex::new(None) }),
            AccessLog::Stderr => Target::Stderr,
            AccessLog::File(path) => Target::File(path.clone(), open_append(path)?),
        };
        let (orders, waiting) = sync_channel(QUEUE_CAPACITY);
        let thread = std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || write_records(target, &waiting))?;
        Ok(Self { sender: Some(orders), thread: Mutex::new(Some(thread)) })
    }

    /// Tells of a request; `false` where there is no room for it.
    pub(super) fn record(&self, line: impl FnOnce() -> LogRecord) -> bool {
        let Some(orders) = &self.sender else { return true };
        !matches!(orders.try_send(LogMessage::Write(Box::new(line()))), Err(TrySendError::Full(_)))
    }

    /// Opens the file anew, which somebody has put aside.
    pub(super) fn reopen(&self) {
        if let Some(orders) = &self.sender {
            // A thread that is gone has nothing to open.
            orders.try_send(LogMessage::Reopen).ok();
        }
    }

    /// Writes what waits, and ends; blocks.
    pub(super) fn close(&self) {
        if let Some(orders) = &self.sender {
            orders.send(LogMessage::End).ok();
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.join().ok();
        }
    }
}

enum Target {
    Stderr,
    File(PathBuf, File),
}

fn open_append(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Writes lines until nobody sends any more. A log that can't be written is done without.
fn write_records(target: Target, waiting: &Receiver<LogMessage>) {
    let (path, mut to): (_, Box<dyn Write>) = match target {
        Target::Stderr => (None, Box::new(io::stderr())),
        Target::File(path, file) => (Some(path), Box::new(file)),
    };
    let mut buffer = BufWriter::with_capacity(64 * 1024, &mut to);
    let mut failing = false;
    let mut ending = false;
    while !ending && let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        let mut reopen = false;
        let mut done = Ok(());
        // All that waits is written at once, and nothing stays behind while nobody asks.
        while let Some(order) = next {
            match order {
                LogMessage::Write(line) => done = done.and(write_record(&line, &mut buffer)),
                LogMessage::Reopen => {
                    reopen = true;
                    break;
                }
                LogMessage::End => {
                    ending = true;
                    break;
                }
            }
            next = waiting.try_recv().ok();
        }
        let done = done.and(buffer.flush());
        if let (Err(error), false) = (&done, failing) {
            tracing::warn!("the access log can't be written: {error}");
        }
        failing = done.is_err();
        if reopen && let Some(path) = &path {
            match open_append(path) {
                Ok(file) => {
                    drop(buffer);
                    to = Box::new(file);
                    buffer = BufWriter::with_capacity(64 * 1024, &mut to);
                }
                Err(error) => tracing::warn!("the access log can't be opened anew: {error}"),
            }
        }
    }
}

fn write_record(line: &LogRecord, to: &mut impl Write) -> io::Result<()> {
    let told = LogLine {
        time: line.time.to_rfc3339_opts(SecondsFormat::Millis, true),
        request: &line.request_id,
        peer: line.peer.map(|peer| peer.ip().to_string()),
        method: line.method,
        route: line.route,
        status: line.status,
        ms: (line.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        bytes: line.bytes,
        token: line.token.as_deref(),
    };
    serde_json::to_writer(&mut *to, &told)?;
    to.write_all(b"\n")
}
