//! Stored events in memory, with which imported ones are compared.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::model::Event;

/// The number of incidents of which stored events are in memory.
const MAX_INCIDENTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");

/// Stored events of some incidents, by key, that are likely to be compared next.
pub(super) struct StoredEvents(LruCache<i64, Vec<Event>>);

impl Default for StoredEvents {
    fn default() -> Self {
        Self(LruCache::new(MAX_INCIDENTS))
    }
}

impl StoredEvents {
    pub(super) fn put(&mut self, key: i64, events: Vec<Event>) {
        self.0.put(key, events);
    }

    /// Returns the event of an incident that has a position, if it was read.
    pub(super) fn remove(&mut self, key: i64, seq: u32) -> Option<Event> {
        let events = self.0.get_mut(&key)?;
        let index = events.iter().position(|event| event.seq == seq)?;
        Some(events.swap_remove(index))
    }
}
