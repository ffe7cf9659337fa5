//! Limits how often the same message is logged, so that nobody can fill the log.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// The shortest interval between two equal messages.
const INTERVAL: Duration = Duration::from_mins(1);
/// The number of different things that are remembered.
const CAPACITY: NonZeroUsize = match NonZeroUsize::new(1024) {
    Some(capacity) => capacity,
    None => NonZeroUsize::MIN,
};
/// The maximum number of lines within an interval, whatever their text.
const MAX_LINES: u32 = 60;

/// Remembers recent messages.
#[derive(Debug)]
pub(super) struct Throttle<K: Hash + Eq>(Mutex<Entries<K>>);

#[derive(Debug)]
struct Entries<K: Hash + Eq> {
    by_key: LruCache<K, Entry>,
    /// When the present interval began, and the number of lines in it.
    since: Instant,
    lines: u32,
}

#[derive(Debug)]
struct Entry {
    logged_at: Instant,
    /// How often it was not logged since.
    suppressed: u64,
}

impl<K: Hash + Eq> Throttle<K> {
    pub(super) fn new() -> Self {
        let by_key = LruCache::new(CAPACITY);
        Self(Mutex::new(Entries { by_key, since: Instant::now(), lines: 0 }))
    }

    /// Counts an occurrence at `now`. Returns how many before it were not logged, if this one
    /// should be logged.
    pub(super) fn count(&self, key: K, now: Instant) -> Option<u64> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(entries.since) >= INTERVAL {
            (entries.since, entries.lines) = (now, 0);
        }
        let is_full = entries.lines >= MAX_LINES;
        let suppressed = match entries.by_key.get_mut(&key) {
            Some(entry) if is_full || now.saturating_duration_since(entry.logged_at) < INTERVAL => {
                entry.suppressed += 1;
                return None;
            }
            Some(entry) => std::mem::take(&mut entry.suppressed),
            None if is_full => return None,
            None => 0,
        };
        entries.lines += 1;
        entries.by_key.put(key, Entry { logged_at: now, suppressed: 0 });
        Some(suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_is_logged_once_a_minute_with_its_count() {
        let (throttle, start) = (Throttle::new(), Instant::now());
        let at = |key, seconds| throttle.count(key, start + Duration::from_secs(seconds));
        assert_eq!(at("a", 0), Some(0));
        assert_eq!((at("a", 1), at("b", 1), at("a", 59)), (None, Some(0), None));
        assert_eq!(at("a", 60), Some(2));
        assert_eq!((at("a", 61), at("a", 130)), (None, Some(1)));
    }

    #[test]
    fn different_things_together_have_a_limit_too() {
        let (throttle, start) = (Throttle::new(), Instant::now());
        let count = |second| {
            let at = start + Duration::from_secs(second);
            (0..5000_u64).filter(|n| throttle.count((second, *n), at).is_some()).count()
        };
        assert_eq!([count(0), count(30), count(60)], [60, 0, 60]);
    }
}
