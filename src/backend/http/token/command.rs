//! A token that a program prints.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, copy, sink};
use tokio::time::timeout;

use super::{MAX_TOKEN_BYTES, TokenError};
use crate::model::text::sanitize;

/// How long it may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much is read and dropped after the first line.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024;

/// Runs it without a shell, a terminal or input, and gives the first line that it prints. What it
/// says on standard error is dropped: nobody knows whether a secret is in it.
///
/// # Errors
/// It can't be started, fails, prints nothing or too much, or takes too long.
pub(super) async fn run(words: &[String]) -> Result<String, TokenError> {
    run_with_timeout(words, TIMEOUT).await
}

async fn run_with_timeout(words: &[String], patience: Duration) -> Result<String, TokenError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(TokenError("the token's command names no program".into()));
    };
    let name = sanitize(program);
    let refused = |why: &str| {
        TokenError(format!("the token's command {name} {why}: run it by hand to see what it says"))
    };
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
    });
    command.wrap(ProcessSession);
    let mut child = command.spawn().map_err(|error| {
        let said = error.to_string();
        refused(&format!("can't be started ({})", said.split(" (os").next().unwrap_or_default()))
    })?;
    let group = ProcessGroup(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let printed = timeout(patience, read_first_line(&mut *child)).await;
    // What it has started goes with it, whatever came of it.
    drop(group);
    match printed {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(why)) => Err(refused(&why)),
        Err(_) => Err(refused(&format!("took longer than {} s", patience.as_secs_f32()))),
    }
}

async fn read_first_line(child: &mut dyn ChildWrapper) -> Result<String, String> {
    let out = child.stdout().take().ok_or("has no output")?;
    let mut out = BufReader::new(out);
    let mut line = Vec::new();
    let mut first = (&mut out).take(MAX_TOKEN_BYTES as u64 + 2);
    first.read_until(b'\n', &mut line).await.map_err(|_| "has an output that can't be read")?;
    if line.len() > MAX_TOKEN_BYTES + 1 {
        return Err("prints more than 4096 bytes on its first line".into());
    }
    // Whoever writes more does not wait for a reader, and whoever writes without end is not heard.
    let rest = async move {
        let _ = copy(&mut out.take(MAX_DISCARDED_BYTES), &mut sink()).await;
    };
    let ended = async {
        tokio::select! {
            ended = child.wait() => return ended,
            () = rest => {}
        }
        child.wait().await
    };
    let status = ended.await.map_err(|_| "can't be waited for")?;
    // What goes on printing when nobody reads any more has said what it had to.
    let unheard = status.signal() == Some(Signal::PIPE.as_raw())
        || status.code() == Some(128 + Signal::PIPE.as_raw());
    if !status.success() && !unheard {
        let how = status.code().map(|code| format!("ended with {code}"));
        return Err(how.unwrap_or_else(|| "was killed".into()));
    }
    String::from_utf8(line).map_err(|_| "prints something that is no text".into())
}

/// A program and all that it has started: killed when this goes.
struct ProcessGroup(Option<Pid>);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // It may have ended by itself.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[rstest]
    #[case(&["echo", "hunter2"])]
    #[case(&["printf", "hunter2"])]
    #[case(&["printf", "hunter2\\nsecond line\\n"])]
    #[case(&["sh", "-c", "echo hunter2; echo loud >&2; yes"])]
    #[case(&["sh", "-c", "sleep 60 & echo hunter2"])]
    #[tokio::test]
    async fn its_first_line_is_the_token(#[case] run: &[&str]) {
        assert_eq!(run_with_timeout(&words(run), TIMEOUT).await.unwrap().trim(), "hunter2");
    }

    #[tokio::test]
    async fn no_shell_reads_it() {
        let text = "$HOME `id` ; | *";
        assert_eq!(run(&words(&["printf", "%s", text])).await.unwrap(), text);
    }

    #[rstest]
    #[case(&[], "names no program")]
    #[case(&["/nowhere/token"], "can't be started (No such file or directory)")]
    #[case(&["sh", "-c", "echo hunter2; exit 3"], "ended with 3")]
    #[case(&["sh", "-c", "echo hunter2; kill -9 $$"], "was killed")]
    #[case(&["sh", "-c", "yes hunter2 | tr -d '\\n'"], "more than 4096 bytes")]
    #[case(&["printf", "\\377"], "no text")]
    #[tokio::test]
    async fn what_gives_none_is_told_without_what_it_printed(
        #[case] run: &[&str],
        #[case] says: &str,
    ) {
        let refused = run_with_timeout(&words(run), TIMEOUT).await.unwrap_err().to_string();
        assert!(refused.contains(says) && !refused.contains("hunter2"), "{refused}");
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_stopped() {
        let run = words(&["sleep", "600"]);
        let refused =
            run_with_timeout(&run, Duration::from_millis(50)).await.unwrap_err().to_string();
        assert!(refused.contains("sleep took longer than 0.05 s"), "{refused}");
    }
}
