//! Programs that are run on incidents.
//!
//! Each has a session of its own: it has no terminal to write to or to prompt on, and is ended with
//! everything that it has started. Its only ways out are two pipes.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anstream::adapter::StripBytes;
use chrono::Utc;
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::tui::core::message::Message;
use crate::tui::run::output::Pipe;
use crate::tui::run::{ProgramSpec, RunEnd, RunId};

/// How long after the request to stop a program is killed.
const KILL_AFTER: Duration = Duration::from_secs(3);
/// How long processes that outlive the program may keep writing after it has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(300);
/// How often its output is sent to the panes.
const OUTPUT_INTERVAL: Duration = Duration::from_millis(50);
/// The maximum number of buffered bytes of output: a program writes no faster than its output is
/// read.
const MAX_BUFFERED: usize = 256 * 1024;

/// The programs that are running, by the channel that stops each.
#[derive(Default)]
pub(super) struct Runs {
    stops: HashMap<RunId, oneshot::Sender<()>>,
}

impl Runs {
    pub(super) fn start(
        &mut self,
        start: ProgramSpec,
        messages: mpsc::UnboundedSender<Message>,
        tasks: &mut JoinSet<()>,
    ) {
        let (stop, stopped) = oneshot::channel();
        self.stops.retain(|_, stop| !stop.is_closed());
        self.stops.insert(start.id, stop);
        tasks.spawn(async move {
            let id = start.id;
            let ended = run(start, stopped, &messages).await;
            // The loop may have ended.
            let _ = messages.send(Message::RunEnded(id, ended, Utc::now()));
        });
    }

    pub(super) fn stop(&mut self, id: RunId) {
        if let Some(stop) = self.stops.remove(&id) {
            // The program may already have ended.
            let _ = stop.send(());
        }
    }
}

/// A program and all processes that it has started: killed when this value is dropped, whatever the
/// reason.
struct ProcessGroup {
    id: Option<Pid>,
}

impl ProcessGroup {
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // The program may already have ended.
            let _ = kill_process_group(id, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// A pipe, and the output that was read and not sent yet.
struct Reader<R> {
    pipe: Pipe,
    source: Option<R>,
    strip: StripBytes,
    /// Bytes of a character that has not arrived completely.
    partial_char: Vec<u8>,
    text: String,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    fn new(pipe: Pipe, source: Option<R>) -> Self {
        Self {
            pipe,
            source,
            strip: StripBytes::new(),
            partial_char: Vec::new(),
            text: String::new(),
        }
    }

    /// Reads available output; waits forever if there can't be any, or enough is buffered for now.
    async fn read(&mut self, buffer: &mut [u8]) {
        let Some(source) = self.source.as_mut().filter(|_| self.text.len() < MAX_BUFFERED) else {
            return std::future::pending().await;
        };
        match source.read(buffer).await {
            Ok(count) if count > 0 => self.push_bytes(&buffer[..count]),
            _ => {
                self.source = None;
                self.text.push_str(&String::from_utf8_lossy(&self.partial_char));
                self.partial_char.clear();
            }
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        for part in self.strip.strip_next(bytes) {
            self.partial_char.extend_from_slice(part);
        }
        let mut rest = &self.partial_char[..];
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.text.push_str(text);
                    rest = &[];
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.text.push_str(&String::from_utf8_lossy(good));
                    let Some(wrong) = error.error_len() else {
                        rest = bad;
                        break;
                    };
                    self.text.push('\u{fffd}');
                    rest = &bad[wrong..];
                }
            }
        }
        self.partial_char = rest.to_vec();
    }
}

/// Runs a program until it ends, and sends its output as messages.
async fn run(
    start: ProgramSpec,
    mut stopped: oneshot::Receiver<()>,
    messages: &mpsc::UnboundedSender<Message>,
) -> RunEnd {
    let mut child = match spawn(&start) {
        Ok(child) => child,
        Err(error) => return RunEnd::NotStarted(format!("{}: {error}", start.program)),
    };
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut group = ProcessGroup { id };
    let mut out = Reader::new(Pipe::Stdout, child.stdout().take());
    let mut err = Reader::new(Pipe::Stderr, child.stderr().take());
    let (mut out_buffer, mut err_buffer) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut reason = None;
    let mut status = None;
    let mut stop_requested = false;
    // When the program is next acted on: its time is up, it is killed, or it is waited for no
    // longer.
    let mut due = Instant::now() + start.timeout;
    let mut sent_at = Instant::now();
    loop {
        if status.is_some() && out.source.is_none() && err.source.is_none() {
            // Processes that have closed the pipes are meant to keep running, unless the program
            // was stopped.
            if reason.is_none() {
                group.id = None;
            }
            break;
        }
        let unsent = !out.text.is_empty() || !err.text.is_empty();
        tokio::select! {
            () = out.read(&mut out_buffer) => {}
            () = err.read(&mut err_buffer) => {}
            () = sleep_until(sent_at + OUTPUT_INTERVAL), if unsent => {
                sent_at = Instant::now();
                send_output(start.id, &mut out, messages);
                send_output(start.id, &mut err, messages);
            }
            ended = child.wait(), if status.is_none() => {
                status = Some(ended);
                due = Instant::now() + DRAIN_TIMEOUT;
            }
            _ = &mut stopped, if !stop_requested && status.is_none() => {
                stop_requested = true;
                reason.get_or_insert(RunEnd::Stopped);
                group.signal(Signal::TERM);
                due = Instant::now() + KILL_AFTER;
            }
            () = sleep_until(due) => {
                if status.is_some() {
                    break;
                }
                if reason.is_some() {
                    group.signal(Signal::KILL);
                } else {
                    reason = Some(RunEnd::TimedOut);
                    group.signal(Signal::TERM);
                }
                due = Instant::now() + KILL_AFTER;
            }
        }
    }
    send_output(start.id, &mut out, messages);
    send_output(start.id, &mut err, messages);
    reason.unwrap_or_else(|| match status {
        Some(Ok(status)) => ended_from_status(status),
        Some(Err(error)) => RunEnd::NotStarted(format!("{}: {error}", start.program)),
        None => RunEnd::Stopped,
    })
}

fn ended_from_status(status: ExitStatus) -> RunEnd {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => RunEnd::Exit(code),
        (None, signal) => RunEnd::Signal(signal.unwrap_or(0)),
    }
}

fn spawn(start: &ProgramSpec) -> std::io::Result<Box<dyn ChildWrapper>> {
    let mut command = CommandWrap::with_new(&start.program, |command| {
        command
            .args(&start.arguments)
            .envs(start.variables.iter().map(|(name, value)| (name, value)))
            // Its output is shown as plain text.
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    command.wrap(ProcessSession).spawn()
}

fn send_output<R>(id: RunId, reader: &mut Reader<R>, messages: &mpsc::UnboundedSender<Message>) {
    if !reader.text.is_empty() {
        let text = std::mem::take(&mut reader.text);
        // The loop may have ended.
        let _ = messages.send(Message::RunOutput(id, reader.pipe, text));
    }
}
