//! What a server does not want to be asked for a while, by what it said when it last was.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Paths of the API that rest, until when, and why in its own words.
#[derive(Default)]
pub(super) struct PathBackoff(Mutex<HashMap<String, (Instant, String)>>);

impl PathBackoff {
    /// Until then a path is not asked again.
    pub(super) fn pause(&self, path: &str, until: Instant, said: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(path.to_owned(), (until, said.to_owned()));
    }

    /// What was said of a path that rests still.
    pub(super) fn reason(&self, path: &str, now: Instant) -> Option<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, said) = all.get(path)?;
        if now < *until {
            return Some(said.clone());
        }
        all.remove(path);
        None
    }
}
