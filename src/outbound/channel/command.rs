//! A program that is run without a shell and reads the message as JSON from its standard input.
//!
//! The program of the settings is run with its arguments as they are; the address of a person is only within the JSON. The
//! program has a session of its own, so that neither it nor what it starts outlives its time. It sees few
//! variables of the environment, as secrets of other channels may be among them.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::time::timeout;

use super::document;
use crate::model::notification::ChannelKind;
use crate::outbound::answer::{MAX_EXCERPT_BYTES, excerpt};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::Mask;

/// Exit codes of `sysexits.h` after which another attempt makes sense: unavailable, an error of the
/// system or of input and output, and a temporary failure.
const TEMPORARY_CODES: [i32; 4] = [69, 71, 74, 75];
/// All exit codes of `sysexits.h`.
const SYSEXITS: std::ops::RangeInclusive<i32> = 64..=78;
/// How long output is read after the program has ended.
const GRACE: Duration = Duration::from_secs(1);
/// Variables that every command sees.
const PASSED_VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];
/// Variables that hold secrets of this program, which the command must not see, also where the settings
/// name them.
const SECRET_VARIABLES: [&str; 2] = ["REDPHONE_TOKEN", "REDPHONE_TOKEN_FILE"];

/// A program of the settings.
pub(super) struct Command {
    /// The program and its arguments; at least one.
    pub(super) run: Vec<String>,
    /// How long it may run.
    pub(super) limit: Duration,
    /// The names of further variables that it sees.
    pub(super) env: Vec<String>,
}

/// The result of a program that was started.
struct Ended {
    status: std::process::ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

#[async_trait]
impl Channel for Command {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Command
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        super::common::free_address(self.kind(), address)
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let (program, arguments) =
            self.run.split_first().ok_or_else(|| SendError::permanent("run names no program"))?;
        let input = document::encode(address, message, Utc::now());
        let mut child = start(program, arguments, &self.env).map_err(|error| {
            let error = error.to_string();
            let error = error.split(" (os error").next().unwrap_or_default();
            SendError::permanent(format!("the command {program} can't be started: {error}"))
        })?;
        let group = ProcessGroup(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let ended = timeout(self.limit, feed(&mut *child, &input)).await;
        drop(group);
        let ended = match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => {
                return Err(SendError::uncertain(format!(
                    "the end of the command {program} can't be learnt: {error}"
                )));
            }
            Err(_) => {
                return Err(SendError::uncertain(format!(
                    "the command {program} took longer than {} s and was stopped: the message may \
                     have arrived",
                    self.limit.as_secs_f32()
                )));
            }
        };
        let mut mask = Mask::default();
        for secret in message.secrets() {
            mask.add(secret);
        }
        let text = |bytes: &[u8]| excerpt(&mask.apply(&String::from_utf8_lossy(bytes)));
        if ended.status.success() {
            return Ok(Receipt { provider_id: None, answer: text(&ended.output) });
        }
        let errors = text(&ended.errors);
        let errors = if errors.is_empty() { errors } else { format!(": {errors}") };
        let Some(code) = ended.status.code() else {
            return Err(SendError::uncertain(format!(
                "the command {program} was killed: the message may have arrived{errors}"
            )));
        };
        let reason = format!("the command {program} ended with {code}{errors}");
        if SYSEXITS.contains(&code) && !TEMPORARY_CODES.contains(&code) {
            return Err(SendError::permanent(reason));
        }
        Err(SendError::temporary(reason))
    }
}

fn start(
    program: &str,
    arguments: &[String],
    further: &[String],
) -> io::Result<Box<dyn ChildWrapper>> {
    let names = PASSED_VARIABLES.into_iter().chain(further.iter().map(String::as_str));
    let names = names.filter(|name| !SECRET_VARIABLES.contains(name));
    let variables: Vec<(&str, OsString)> =
        names.filter_map(|name| Some((name, env::var_os(name)?))).collect();
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .env_clear()
            .envs(variables);
    });
    command.wrap(ProcessSession);
    command.spawn()
}

/// Writes the input, reads the output, and waits for the end. It is not a failure if a program does
/// not read its input.
async fn feed(child: &mut dyn ChildWrapper, input: &[u8]) -> io::Result<Ended> {
    let stdin = child.stdin().take();
    let (stdout, stderr) = (child.stdout().take(), child.stderr().take());
    let write = async move {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let io = async { tokio::join!(write, read_start(stdout), read_start(stderr)) };
    tokio::pin!(io);
    // Children of the program may hold its output open after its end.
    let (status, ((), output, errors)) = tokio::select! {
        texts = &mut io => (child.wait().await?, texts),
        status = child.wait() => (status?, timeout(GRACE, io).await.unwrap_or_default()),
    };
    Ok(Ended { status, output, errors })
}

/// Reads the beginning of an output, and discards the rest so that the writer is not blocked.
async fn read_start(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let Some(mut from) = from else { return Vec::new() };
    let mut start = Vec::new();
    let limit = 4 * MAX_EXCERPT_BYTES as u64;
    let _ = (&mut from).take(limit).read_to_end(&mut start).await;
    let _ = copy(&mut from, &mut sink()).await;
    start
}

/// A program and all that it has started; killed on drop.
struct ProcessGroup(Option<Pid>);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // The program may already have ended.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
