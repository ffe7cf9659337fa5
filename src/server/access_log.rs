//! Access log: one line of JSON for each request, without secrets.
//!
//! A separate thread writes the log, so that requests do not wait for it. It rests after each write:
//! requests that come meanwhile neither wake it nor cause a write of their own. Lines are lost when it
//! falls behind by thousands of them, or when they can't be written. Lost lines are counted, and
//! their number is written to the log of the program.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use prometheus_client::metrics::counter::Counter;
use serde::Serialize;

use super::denials::Denial;
use crate::model::text::SafeText;

/// Number of lines that may be queued.
const QUEUE_CAPACITY: usize = 16_384;

/// Lines are written together up to this number of bytes.
const MAX_BATCH: usize = 64 * 1024;
/// The shortest interval between two writes.
const REST: Duration = Duration::from_millis(10);
/// The shortest interval between reports of lost lines.
const SAY_INTERVAL: Duration = Duration::from_mins(1);

/// Where requests are logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccessLog {
    /// Requests are not logged.
    Off,
    /// Lines are written to standard error.
    Stderr,
    /// To a file that only its owner can read. Lines are appended.
    File(PathBuf),
}

/// The logged facts about a request.
#[derive(Debug)]
pub(super) struct LogRecord {
    pub time: DateTime<Utc>,
    pub request_id: String,
    /// The address of the client; `None` for the Unix socket.
    pub client: Option<IpAddr>,
    /// The address of the proxy that named the client.
    pub proxy: Option<IpAddr>,
    pub method: &'static str,
    /// The route's pattern: actual paths and queries may contain private data.
    pub route: &'static str,
    /// The action: the verb, or the kinds of commands.
    pub verb: Option<String>,
    pub status: u16,
    pub elapsed: std::time::Duration,
    pub bytes: u64,
    pub token: Option<SafeText<'static>>,
    /// The client's `User-Agent`.
    pub user_agent: Option<SafeText<'static>>,
    /// The reason why the request was not authenticated.
    pub denial: Option<Denial>,
    /// The number of commands that were not carried out.
    pub refused: Option<u32>,
}

/// A line of the log. The names of its fields are the keys of the JSON.
#[derive(Serialize)]
struct LogLine<'a> {
    time: String,
    request: &'a str,
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    method: &'static str,
    route: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verb: Option<&'a str>,
    status: u16,
    ms: f64,
    bytes: u64,
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<u32>,
}

enum LogMessage {
    Write(Box<LogRecord>),
    /// Wakes the thread, which finds that it has to open the file again.
    Reopen,
    End,
}

/// Handle to the thread that writes the log.
#[derive(Debug)]
pub(super) struct LogWriter {
    sender: Option<SyncSender<LogMessage>>,
    /// Set to request that the file is opened again. Not only a message, as the queue may be full.
    must_reopen: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    lost_lines: Counter,
}

impl LogWriter {
    /// Opens the log and starts the thread. `lost_lines` counts requests without a line.
    ///
    /// # Errors
    /// The file can't be opened.
    pub(super) fn open(log: &AccessLog, lost_lines: Counter) -> io::Result<Self> {
        let must_reopen = Arc::new(AtomicBool::new(false));
        let target = match log {
            AccessLog::Off => {
                return Ok(Self {
                    sender: None,
                    must_reopen,
                    thread: Mutex::new(None),
                    lost_lines,
                });
            }
            AccessLog::Stderr => Target::Stderr,
            AccessLog::File(path) => Target::File(path.clone(), open_append(path)?),
        };
        let (sender, receiver) = sync_channel(QUEUE_CAPACITY);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn({
            let (must_reopen, lost_lines) = (Arc::clone(&must_reopen), lost_lines.clone());
            move || write_records(target, &receiver, &must_reopen, lost_lines)
        })?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { sender: Some(sender), must_reopen, thread, lost_lines })
    }

    /// Logs a request. If the queue is full, or the thread has ended, the line is lost.
    pub(super) fn record(&self, record: impl FnOnce() -> LogRecord) {
        if let Some(sender) = &self.sender
            && sender.try_send(LogMessage::Write(Box::new(record()))).is_err()
        {
            self.lost_lines.inc();
        }
    }

    /// Opens the file again, after it was moved away.
    pub(super) fn reopen(&self) {
        self.must_reopen.store(true, Ordering::Release);
        if let Some(sender) = &self.sender {
            // If the queue is full, the thread is awake. One that has ended has no file to open.
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
/// written, the server continues without it.
fn write_records(
    target: Target,
    receiver: &Receiver<LogMessage>,
    must_reopen: &AtomicBool,
    lost_lines: Counter,
) {
    let (path, output): (_, Box<dyn Write>) = match target {
        Target::Stderr => (None, Box::new(stderr())),
        Target::File(path, file) => (Some(path), Box::new(file)),
    };
    let mut output = LineOutput { output, is_torn: false };
    let mut losses = Losses { lost_lines, said: 0, said_at: None };
    let mut is_ending = false;
    while !is_ending && let Ok(first) = receiver.recv() {
        let mut next = Some(first);
        let mut lines = Lines::default();
        // The queued lines are written together.
        while let Some(message) = next {
            match message {
                LogMessage::Write(record) => lines.push(&record),
                LogMessage::Reopen => {}
                LogMessage::End => is_ending = true,
            }
            if is_ending || must_reopen.load(Ordering::Acquire) || lines.bytes.len() > MAX_BATCH {
                break;
            }
            next = receiver.try_recv().ok();
        }
        let result = output.write(&lines);
        if let Err((lost, _)) = &result {
            losses.lost_lines.inc_by(*lost);
        }
        losses.say(result.err().map(|(_, error)| error), is_ending);
        if must_reopen.swap(false, Ordering::AcqRel)
            && let Some(path) = &path
        {
            match open_append(path) {
                Ok(file) => output = LineOutput { output: Box::new(file), is_torn: false },
                Err(error) => tracing::warn!("the access log can't be reopened: {error}"),
            }
        }
        // A full batch means that more lines are waiting.
        if !is_ending && lines.bytes.len() <= MAX_BATCH {
            std::thread::sleep(REST);
        }
    }
}

/// Lines to be written together.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
}

impl Lines {
    fn push(&mut self, record: &LogRecord) {
        // Writing to memory can't fail.
        write_record(record, &mut self.bytes).ok();
        self.ends.push(self.bytes.len());
    }

    /// Returns the number of lines that end after a position.
    fn count_after(&self, position: usize) -> u64 {
        self.ends.iter().filter(|end| **end > position).count() as u64
    }
}

/// Where lines are written.
struct LineOutput {
    output: Box<dyn Write>,
    /// Whether the last line was written only in part.
    is_torn: bool,
}

impl LineOutput {
    /// Writes lines. An error contains the number of lines that were not written completely and are
    /// lost.
    fn write(&mut self, lines: &Lines) -> Result<(), (u64, io::Error)> {
        let mut written = 0;
        let mut write = || {
            if self.is_torn {
                // The line after it would not be readable either.
                self.output.write_all(b"\n")?;
                self.is_torn = false;
            }
            while let Some(rest) = lines.bytes.get(written..).filter(|rest| !rest.is_empty()) {
                match self.output.write(rest) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => written += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            self.output.flush()
        };
        write().map_err(|error| {
            self.is_torn |= written > 0 && !lines.ends.contains(&written);
            (lines.count_after(written), error)
        })
    }
}

/// The reports of lost lines in the log of the program.
struct Losses {
    lost_lines: Counter,
    /// The last reported number of lost lines.
    said: u64,
    said_at: Option<Instant>,
}

impl Losses {
    /// Reports the number of lost lines, if it has grown: immediately for the first time, then at
    /// intervals, and at the end.
    fn say(&mut self, error: Option<io::Error>, is_ending: bool) {
        let lost = self.lost_lines.get();
        let is_due = self.said_at.is_none_or(|at| at.elapsed() >= SAY_INTERVAL) || is_ending;
        if lost == self.said || !is_due {
            return;
        }
        let more = lost - self.said;
        (self.said, self.said_at) = (lost, Some(Instant::now()));
        let why = error.map_or_else(
            || "it could not be written as fast as requests came".to_owned(),
            |error| format!("it can't be written ({})", error.kind()),
        );
        let lines = if more == 1 { "line" } else { "lines" };
        tracing::warn!("the access log has lost {more} {lines}, {lost} in all: {why}");
    }
}

#[expect(clippy::disallowed_methods, reason = "lines of JSON, all of whose texts are harmless")]
fn stderr() -> io::Stderr {
    io::stderr()
}

fn write_record(record: &LogRecord, output: &mut impl Write) -> io::Result<()> {
    let line = LogLine {
        time: record.time.to_rfc3339_opts(SecondsFormat::Millis, true),
        request: &record.request_id,
        peer: record.client.map(|client| client.to_string()),
        proxy: record.proxy.map(|proxy| proxy.to_string()),
        method: record.method,
        route: record.route,
        verb: record.verb.as_deref(),
        status: record.status,
        ms: (record.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        bytes: record.bytes,
        token: record.token.as_deref(),
        user_agent: record.user_agent.as_deref(),
        denied: record.denial.as_ref().map(|denial| denial.reason.into()),
        token_id: record.denial.as_ref().and_then(|denial| denial.token_id.as_deref()),
        refused: record.refused,
    };
    serde_json::to_writer(&mut *output, &line)?;
    output.write_all(b"\n")
}

#[cfg(test)]
mod tests;
