//! Reads a token from the output of a program.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, copy, sink};
use tokio::time::timeout;

use super::bearer::MAX_TOKEN_BYTES;

/// How long the program may run.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes of output are read and discarded after the first line.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024;

/// The reason why a command gives no token.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The setting is an empty list.
    #[error("the token's command names no program")]
    NoProgram,
    /// The program gives no first line.
    #[error("the token's command {program} {fault}: run it by hand to see what it says")]
    Failed {
        /// The program, as the setting names it.
        program: String,
        /// The failure of the program.
        #[source]
        fault: CommandFault,
    },
}

/// The error of a program that should print a token. Never contains its output, which may have a
/// secret in it.
#[derive(Debug, thiserror::Error)]
pub enum CommandFault {
    /// It can't be started.
    #[error("can't be started ({})", .0.to_string().split(" (os").next().unwrap_or_default())]
    NotStarted(#[source] io::Error),
    /// It was started without standard output.
    #[error("has no output")]
    NoOutput,
    /// Reading its output failed.
    #[error("has an output that can't be read")]
    Unreadable(#[source] io::Error),
    /// Its first line is longer than any token.
    #[error("prints more than {MAX_TOKEN_BYTES} bytes on its first line")]
    TooLong,
    /// Its end can't be learnt.
    #[error("can't be waited for")]
    NotWaited(#[source] io::Error),
    /// It ended with an exit code that means failure.
    #[error("ended with {0}")]
    ExitCode(i32),
    /// A signal ended it.
    #[error("was killed")]
    Killed,
    /// It ran longer than this.
    #[error("took longer than {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// Its first line is not UTF-8.
    #[error("prints something that is no text")]
    NotText,
}

/// Runs a program without a shell, a terminal or input, and returns the first line of its output.
/// Its standard error is discarded, as it may contain a secret.
///
/// # Errors
/// The program can't be started, fails, prints nothing or too much, or takes too long.
pub(super) async fn run(command_line: &[String]) -> Result<String, CommandError> {
    run_with_timeout(command_line, TIMEOUT).await
}

async fn run_with_timeout(
    command_line: &[String],
    limit: Duration,
) -> Result<String, CommandError> {
    let (program, arguments) = command_line.split_first().ok_or(CommandError::NoProgram)?;
    let first_line = run_program(program, arguments, limit).await;
    first_line.map_err(|fault| CommandError::Failed { program: program.clone(), fault })
}

async fn run_program(
    program: &str,
    arguments: &[String],
    limit: Duration,
) -> Result<String, CommandFault> {
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
    });
    command.wrap(ProcessSession);
    let mut child = command.spawn().map_err(CommandFault::NotStarted)?;
    let group = ProcessGroup(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let printed = timeout(limit, read_first_line(&mut *child)).await;
    // Kills the processes that the program has started, whether it succeeded or not.
    drop(group);
    printed.map_err(|_| CommandFault::TimedOut(limit))?
}

async fn read_first_line(child: &mut dyn ChildWrapper) -> Result<String, CommandFault> {
    let output = child.stdout().take().ok_or(CommandFault::NoOutput)?;
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    let mut first = (&mut output).take(MAX_TOKEN_BYTES as u64 + 2);
    first.read_until(b'\n', &mut line).await.map_err(CommandFault::Unreadable)?;
    if line.len() > MAX_TOKEN_BYTES + 1 {
        return Err(CommandFault::TooLong);
    }
    // Further output is read, so that the program need not wait for a reader, but only up to a
    // limit.
    let drain = async move {
        let _ = copy(&mut output.take(MAX_DISCARDED_BYTES), &mut sink()).await;
    };
    let exit = async {
        tokio::select! {
            status = child.wait() => return status,
            () = drain => {}
        }
        child.wait().await
    };
    let status = exit.await.map_err(CommandFault::NotWaited)?;
    // A program that was killed by the closed pipe has printed its first line nevertheless.
    let is_broken_pipe = status.signal() == Some(Signal::PIPE.as_raw())
        || status.code() == Some(128 + Signal::PIPE.as_raw());
    if !status.success() && !is_broken_pipe {
        return Err(status.code().map_or(CommandFault::Killed, CommandFault::ExitCode));
    }
    // The error of the conversion contains the bytes, so it is dropped.
    String::from_utf8(line).map_err(|_| CommandFault::NotText)
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn args(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[rstest]
    #[case(&["echo", "hunter2"])]
    #[case(&["printf", "hunter2"])]
    #[case(&["printf", "hunter2\\nsecond line\\n"])]
    #[case(&["sh", "-c", "echo hunter2; echo loud >&2; yes"])]
    #[case(&["sh", "-c", "sleep 60 & echo hunter2"])]
    #[tokio::test]
    async fn first_line_of_the_output_is_the_token(#[case] command: &[&str]) {
        assert_eq!(run_with_timeout(&args(command), TIMEOUT).await.unwrap().trim(), "hunter2");
    }

    #[tokio::test]
    async fn command_is_run_without_a_shell() {
        let text = "$HOME `id` ; | *";
        assert_eq!(run(&args(&["printf", "%s", text])).await.unwrap(), text);
    }

    #[rstest]
    #[case(&[], "names no program")]
    #[case(&["/nowhere/token"], "can't be started (No such file or directory)")]
    #[case(&["sh", "-c", "echo hunter2; exit 3"], "ended with 3")]
    #[case(&["sh", "-c", "echo hunter2; kill -9 $$"], "was killed")]
    #[case(&["sh", "-c", "yes hunter2 | tr -d '\\n'"], "more than 4096 bytes")]
    #[case(&["printf", "\\377"], "no text")]
    #[tokio::test]
    async fn failed_command_is_reported_without_its_output(
        #[case] command: &[&str],
        #[case] says: &str,
    ) {
        let error = run_with_timeout(&args(command), TIMEOUT).await.unwrap_err();
        let refused = error.to_string();
        assert!(refused.contains(says) && !refused.contains("hunter2"), "{refused}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[tokio::test]
    async fn endless_command_is_stopped() {
        let command = args(&["sleep", "600"]);
        let refused =
            run_with_timeout(&command, Duration::from_millis(50)).await.unwrap_err().to_string();
        assert!(refused.contains("sleep took longer than 0.05 s"), "{refused}");
    }
}
