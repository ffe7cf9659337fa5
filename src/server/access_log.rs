//! Access log: one line of JSON for each request, without secrets.
//!
//! A separate thread writes the log, so that requests do not wait for it. When it falls behind by
//! thousands of lines, further lines are dropped and counted.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::model::text::SafeText;

/// Number of lines that may be queued.
const QUEUE_CAPACITY: usize = 16_384;

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
    pub token: Option<SafeText<'static>>,
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
}

impl LogWriter {
    /// Opens the log and starts the thread.
    ///
    /// # Errors
    /// The file can't be opened.
    pub(super) fn open(log: &AccessLog) -> io::Result<Self> {
        let must_reopen = Arc::new(AtomicBool::new(false));
        let target = match log {
            AccessLog::Off => {
                return Ok(Self { sender: None, must_reopen, thread: Mutex::new(None) });
            }
            AccessLog::Stderr => Target::Stderr,
            AccessLog::File(path) => Target::File(path.clone(), open_append(path)?),
        };
        let (sender, receiver) = sync_channel(QUEUE_CAPACITY);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn({
            let must_reopen = Arc::clone(&must_reopen);
            move || write_records(target, &receiver, &must_reopen)
        })?;
        Ok(Self { sender: Some(sender), must_reopen, thread: Mutex::new(Some(thread)) })
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
/// written, the server goes on without it.
fn write_records(target: Target, receiver: &Receiver<LogMessage>, must_reopen: &AtomicBool) {
    let (path, mut output): (_, Box<dyn Write>) = match target {
        Target::Stderr => (None, Box::new(stderr())),
        Target::File(path, file) => (Some(path), Box::new(file)),
    };
    let mut buffer = BufWriter::with_capacity(64 * 1024, &mut output);
    let mut is_failing = false;
    let mut is_ending = false;
    while !is_ending && let Ok(first) = receiver.recv() {
        let mut next = Some(first);
        let mut result = Ok(());
        // All queued lines are written and flushed at once, so that none stays in the buffer.
        while let Some(message) = next {
            match message {
                LogMessage::Write(record) => {
                    result = result.and(write_record(&record, &mut buffer));
                }
                LogMessage::Reopen => {}
                LogMessage::End => is_ending = true,
            }
            if is_ending || must_reopen.load(Ordering::Acquire) {
                break;
            }
            next = receiver.try_recv().ok();
        }
        let result = result.and(buffer.flush());
        if let (Err(error), false) = (&result, is_failing) {
            tracing::warn!("the access log can't be written: {error}");
        }
        is_failing = result.is_err();
        if must_reopen.swap(false, Ordering::AcqRel)
            && let Some(path) = &path
        {
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

#[expect(clippy::disallowed_methods, reason = "lines of JSON, all of whose texts are harmless")]
fn stderr() -> io::Stderr {
    io::stderr()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: u16) -> LogRecord {
        LogRecord {
            time: DateTime::UNIX_EPOCH,
            request_id: "1".into(),
            peer: None,
            method: "GET",
            route: "/",
            status,
            elapsed: std::time::Duration::ZERO,
            bytes: 0,
            token: None,
        }
    }

    #[test]
    fn log_is_reopened_also_when_its_queue_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("access.log"), folder.path().join("moved.log"));
        let (sender, receiver) = sync_channel(1);
        let must_reopen = Arc::new(AtomicBool::new(false));
        let thread_must_reopen = Arc::clone(&must_reopen);
        let target = Target::File(path.clone(), open_append(&path).unwrap());
        let log = LogWriter { sender: Some(sender), must_reopen, thread: Mutex::new(None) };
        // The thread starts only once the queue is full and the file is moved.
        assert!(log.record(|| record(200)));
        assert!(!log.record(|| record(201)), "the queue is full");
        std::fs::rename(&path, &moved).unwrap();
        log.reopen();
        let thread =
            std::thread::spawn(move || write_records(target, &receiver, &thread_must_reopen));
        *log.thread.lock().unwrap() = Some(thread);
        // The thread reports nothing when it has made the new file.
        while !path.exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        while !log.record(|| record(202)) {}
        log.close();
        let text = |path| std::fs::read_to_string(path).unwrap();
        assert!(text(&moved).contains("\"status\":200"), "{}", text(&moved));
        assert!(text(&path).contains("\"status\":202"), "{}", text(&path));
    }
}
