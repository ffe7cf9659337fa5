//! Runs the asynchronous work of commands.

use std::future::Future;

use super::failure::{self, Exit, Failure};

/// Runs asynchronous work to its end on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let reason = failure::io_error_text(&error);
        Failure::new(Exit::Failed, format!("can't start: {reason}: free some memory or files"))
    })?;
    let result = runtime.block_on(work);
    // A pending read of standard input must not delay the exit.
    runtime.shutdown_background();
    result
}

/// Runs work that must clean up files, and drops it when a signal arrives.
///
/// The signal would otherwise end the process and leave the files behind.
pub(super) async fn unless_stopped<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| {
            let reason = failure::io_error_text(&error);
            Failure::failed(format!("can't listen for signals: {reason}: try again"))
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    let stopped = || Failure::failed("stopped by a signal before it was done: start it again");
    tokio::select! {
        result = work => Ok(result),
        _ = interrupt.recv() => Err(stopped()),
        _ = terminate.recv() => Err(stopped()),
        _ = hang_up.recv() => Err(stopped()),
    }
}
