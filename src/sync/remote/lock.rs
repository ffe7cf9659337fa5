//! Who sends: one process of this machine for each outbox. The others wait in line, and the next one
//! goes on when it ends, however it ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{FlockOperation, flock};
use tokio::sync::oneshot;

use super::place::private;

/// The turn to send; given back when it is dropped, or when the process ends.
pub(super) struct Turn {
    /// Held for its lock.
    _file: File,
}

/// Takes the turn where nobody has it.
pub(super) fn try_take(path: &Path) -> io::Result<Option<Turn>> {
    let file = private(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Turn { _file: file })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the turn, on a thread that sleeps in the kernel until then. Where nobody waits for it
/// any more when it comes, it is passed on.
pub(super) async fn wait(path: PathBuf) -> io::Result<Turn> {
    if let Some(turn) = try_take(&path)? {
        return Ok(turn);
    }
    let (sender, turn) = oneshot::channel();
    thread::Builder::new().name("turn".into()).spawn(move || {
        let taken = private(&path).and_then(|file| {
            loop {
                match flock(&file, FlockOperation::LockExclusive) {
                    Ok(()) => break Ok(Turn { _file: file }),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => break Err(error.into()),
                }
            }
        });
        let _ = sender.send(taken);
    })?;
    turn.await.map_err(io::Error::other)?
}
