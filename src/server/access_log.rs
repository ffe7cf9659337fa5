//! Access log: one line of JSON for each request, without secrets.
//!
//! A separate thread writes the log, so that requests do not wait for it. When it falls behind by
//! thousands of lines, further lines are dropped and counted.

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

/// Number of lines that may be queued.
const QUEUE_CAPACITY: usize = 16_384;

/// Where requests are logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccessLog {
    /// Requests are not logged.
    Off,
    /// To standard error.
    Stderr,
    /// To a file that only its owner can read. Lines are appended.
    File(PathBuf),
}

/// What is logged about a request.
#[derive(Debug)]
pub(super) struct LogRecord {
    pub time: DateTime<Utc>,
    pub request_id: String,
    pub peer: Option<std::net::SocketAddr>,
    pub method: &'static str,
    /// The route's pattern: actual paths and queries may contain private data.
    pub route: &'static str,
    pub status: u16,
    pub elapsed: std::time::Duration,
    pub bytes: u64,
    pub token: Option<String>,
}

/// A line of the log. The names of its fields are the keys of the JSON.
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

/// Handle to the thread that writes the log.
#[derive(Debug)]
pub(super) struct LogWriter {
    sender: Option<SyncSender<LogMessage>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl LogWriter {
    /// Opens the log and starts the thread.
    ///
    /// # Errors
    /// The file can't be opened.
    pub(super) fn open(log: &AccessLog) -> io::Result<Self> {
        let target = match log {
            AccessLog::Off => return Ok(Self { sender: None, thread: Mutex::new(None) }),
            AccessLog::Stderr => Target::Stderr,
            AccessLog::File(path) => Target::File(path.clone(), open_append(path)?),
        };
        let (sender, receiver) = sync_channel(QUEUE_CAPACITY);
        let thread = std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || write_records(target, &receiver))?;
        Ok(Self { sender: Some(sender), thread: Mutex::new(Some(thread)) })
    }

    /// Logs a request. Returns `false` if the queue is full, so that the line is dropped.
    pub(super) fn record(&self, record: impl FnOnce() -> LogRecord) -> bool {
        let Some(sender) = &self.sender else { return true };
        !matches!(
            sender.try_send(LogMessage::Write(Box::new(record()))),
            Err(TrySendError::Full(_))
        )
    }

    /// Opens the file again, after it was moved away.
    pub(super) fn reopen(&self) {
        if let Some(sender) = &self.sender {
            // A thread that has ended has no file to open.
            sender.try_send(LogMessage::Reopen).ok();
        }
    }

    /// Writes the queued lines and ends the thread. Blocks.
    pub(super) fn close(&self) {
        if let Some(sender) = &self.sender {
            sender.send(LogMessage::End).ok();
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

/// Writes lines until [`LogMessage::End`] arrives or the sender is dropped. If the log can't be
/// written, the server goes on without it.
fn write_records(target: Target, receiver: &Receiver<LogMessage>) {
    let (path, mut output): (_, Box<dyn Write>) = match target {
        Target::Stderr => (None, Box::new(io::stderr())),
        Target::File(path, file) => (Some(path), Box::new(file)),
    };
    let mut buffer = BufWriter::with_capacity(64 * 1024, &mut output);
    let mut is_failing = false;
    let mut is_ending = false;
    while !is_ending && let Ok(first) = receiver.recv() {
        let mut next = Some(first);
        let mut must_reopen = false;
        let mut result = Ok(());
        // All queued lines are written and flushed at once, so that none stays in the buffer.
        while let Some(message) = next {
            match message {
                LogMessage::Write(record) => {
                    result = result.and(write_record(&record, &mut buffer));
                }
                LogMessage::Reopen => {
                    must_reopen = true;
                    break;
                }
                LogMessage::End => {
                    is_ending = true;
                    break;
                }
            }
            next = receiver.try_recv().ok();
        }
        let result = result.and(buffer.flush());
        if let (Err(error), false) = (&result, is_failing) {
            tracing::warn!("the access log can't be written: {error}");
        }
        is_failing = result.is_err();
        if must_reopen && let Some(path) = &path {
            match open_append(path) {
                Ok(file) => {
                    drop(buffer);
                    output = Box::new(file);
                    buffer = BufWriter::with_capacity(64 * 1024, &mut output);
                }
                Err(error) => tracing::warn!("the access log can't be opened anew: {error}"),
            }
        }
    }
}

fn write_record(record: &LogRecord, output: &mut impl Write) -> io::Result<()> {
    let line = LogLine {
        time: record.time.to_rfc3339_opts(SecondsFormat::Millis, true),
        request: &record.request_id,
        peer: record.peer.map(|peer| peer.ip().to_string()),
        method: record.method,
        route: record.route,
        status: record.status,
        ms: (record.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        bytes: record.bytes,
        token: record.token.as_deref(),
    };
    serde_json::to_writer(&mut *output, &line)?;
    output.write_all(b"\n")
}
