//! Remembers which paths a server asked not to be called for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::backend::Cause;

/// Paths of the API that must not be called yet, each with the end of its pause and the server's
/// reason.
#[derive(Default)]
pub(super) struct PathBackoff(Mutex<HashMap<String, (Instant, Cause)>>);

impl PathBackoff {
    /// Pauses calls of a path until a time.
    pub(super) fn pause(&self, path: &str, until: Instant, reason: &Cause) {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path.to_owned(), (until, reason.clone()));
    }

    /// Returns the server's reason if the path is still paused, and forgets pauses that have ended.
    pub(super) fn reason(&self, path: &str, now: Instant) -> Option<Cause> {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, reason) = paths.get(path)?;
        if now < *until {
            return Some(reason.clone());
        }
        paths.remove(path);
        None
    }
}
