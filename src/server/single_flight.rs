//! Answers that are the same for all who ask at the same moment: made once, kept for a moment.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// How long an answer is good, at most.
const MAX_AGE: Duration = Duration::from_secs(1);
/// How many are kept at once: each may be a page of a thousand rows.
const MAX_ENTRIES: usize = 64;

/// Where the backend stood: an answer made there is good for nobody who asks later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Epoch {
    /// Changes that were told by the backend.
    pub version: u64,
    /// Commands that this server has carried out.
    pub writes: u64,
}

/// Answers by what was asked.
#[derive(Debug)]
pub(super) struct SingleFlight<K, V> {
    current: Mutex<Generation<K, V>>,
}

#[derive(Debug)]
struct Generation<K, V> {
    epoch: Epoch,
    started_at: Instant,
    entries: HashMap<K, Arc<OnceCell<V>>>,
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        let answers = HashMap::new();
        Self {
            current: Mutex::new(Generation {
                epoch: Epoch::default(),
                started_at: Instant::now(),
                entries: answers,
            }),
        }
    }
}

impl<K: Hash + Eq, V: Clone> SingleFlight<K, V> {
    /// The answer that was made at this moment, or a new one. Who asks while it is made waits for it.
    pub(super) async fn get<E, F: Future<Output = Result<V, E>>>(
        &self,
        moment: Epoch,
        key: K,
        make: impl FnOnce() -> F,
    ) -> Result<V, E> {
        match self.slot(moment, key) {
            Some(slot) => slot.get_or_try_init(make).await.cloned(),
            None => make().await,
        }
    }

    /// Where the answer is or will be; `None` where too many are kept already.
    fn slot(&self, moment: Epoch, key: K) -> Option<Arc<OnceCell<V>>> {
        let mut kept = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.epoch != moment || kept.started_at.elapsed() >= MAX_AGE {
            kept.entries.clear();
            kept.epoch = moment;
            kept.started_at = Instant::now();
        }
        if kept.entries.len() >= MAX_ENTRIES && !kept.entries.contains_key(&key) {
            return None;
        }
        Some(Arc::clone(kept.entries.entry(key).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn an_answer_is_made_once_for_a_moment_and_again_for_the_next() {
        let fresh = SingleFlight::<u8, u32>::default();
        let count = AtomicU32::new(0);
        let ask = async |moment, key| {
            let make = async || Ok::<_, ()>(count.fetch_add(1, Ordering::Relaxed));
            fresh.get(moment, key, make).await.unwrap()
        };
        let (first, later) = (Epoch::default(), Epoch { version: 0, writes: 1 });
        assert_eq!(ask(first, 1).await, 0);
        assert_eq!(ask(first, 1).await, 0);
        assert_eq!(ask(first, 2).await, 1);
        assert_eq!(ask(later, 1).await, 2);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_there_is_room_for() {
        let fresh = SingleFlight::<usize, usize>::default();
        for key in 0..MAX_ENTRIES + 10 {
            let made = fresh.get(Epoch::default(), key, async || Ok::<_, ()>(key)).await;
            assert_eq!(made, Ok(key));
        }
        assert_eq!(fresh.current.lock().unwrap().entries.len(), MAX_ENTRIES);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let fresh = SingleFlight::<u8, u32>::default();
        let moment = Epoch::default();
        assert_eq!(fresh.get(moment, 1, async || Err("no")).await, Err("no"));
        assert_eq!(fresh.get(moment, 1, async || Ok::<_, &str>(7)).await, Ok(7));
    }
}
