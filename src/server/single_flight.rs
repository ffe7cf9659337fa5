//! Caches responses that are the same for all callers for a moment, and computes each only once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// The maximum age of a cached response.
const MAX_AGE: Duration = Duration::from_secs(1);
/// The maximum number of cached responses. Each may be a page of a thousand rows.
const MAX_ENTRIES: usize = 64;

/// The state of the backend at a moment. A response computed in one epoch is not valid in the next.
///
/// Both numbers only grow, so that a later epoch is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Epoch {
    /// Number of changes that the backend has reported.
    pub version: u64,
    /// Number of times that this server has carried out commands.
    pub writes: u64,
}

/// The responses of the present epoch, by request.
#[derive(Debug)]
pub(super) struct SingleFlight<K, V> {
    current: Mutex<Generation<K, V>>,
}

/// The responses computed in one epoch.
#[derive(Debug)]
struct Generation<K, V> {
    epoch: Epoch,
    started_at: Instant,
    entries: HashMap<K, Arc<OnceCell<V>>>,
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        let entries = HashMap::new();
        Self {
            current: Mutex::new(Generation {
                epoch: Epoch::default(),
                started_at: Instant::now(),
                entries,
            }),
        }
    }
}

impl<K: Hash + Eq, V: Clone> SingleFlight<K, V> {
    /// Returns the response for a key in an epoch, computing it if needed. Concurrent callers wait
    /// for the one that computes it. Failures are not cached.
    pub(super) async fn get<E, F: Future<Output = Result<V, E>>>(
        &self,
        epoch: Epoch,
        key: K,
        compute: impl FnOnce() -> F,
    ) -> Result<V, E> {
        match self.slot(epoch, key) {
            Some(slot) => slot.get_or_try_init(compute).await.cloned(),
            None => compute().await,
        }
    }

    /// Returns the cell that holds the response or will hold it; `None` if the cache is full, or if
    /// it already holds responses of a later epoch.
    fn slot(&self, epoch: Epoch, key: K) -> Option<Arc<OnceCell<V>>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch < current.epoch {
            return None;
        }
        if current.epoch != epoch || current.started_at.elapsed() >= MAX_AGE {
            current.entries.clear();
            current.epoch = epoch;
            current.started_at = Instant::now();
        }
        if current.entries.len() >= MAX_ENTRIES && !current.entries.contains_key(&key) {
            return None;
        }
        Some(Arc::clone(current.entries.entry(key).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn response_is_computed_once_for_each_epoch() {
        let responses = SingleFlight::<u8, u32>::default();
        let count = AtomicU32::new(0);
        let get = async |epoch, key| {
            let compute = async || Ok::<_, ()>(count.fetch_add(1, Ordering::Relaxed));
            responses.get(epoch, key, compute).await.unwrap()
        };
        let (first, later) = (Epoch::default(), Epoch { version: 0, writes: 1 });
        assert_eq!(get(first, 1).await, 0);
        assert_eq!(get(first, 1).await, 0);
        assert_eq!(get(first, 2).await, 1);
        assert_eq!(get(later, 1).await, 2);
    }

    #[tokio::test]
    async fn request_of_an_earlier_epoch_evicts_no_later_response() {
        let responses = SingleFlight::<u8, u32>::default();
        let count = AtomicU32::new(0);
        let get = async |epoch| {
            let compute = async || Ok::<_, ()>(count.fetch_add(1, Ordering::Relaxed));
            responses.get(epoch, 1, compute).await.unwrap()
        };
        let (earlier, later) = (Epoch { version: 4, writes: 9 }, Epoch { version: 5, writes: 9 });
        assert_eq!(get(later).await, 0);
        assert_eq!(get(earlier).await, 1);
        assert_eq!(get(later).await, 0);
    }

    #[tokio::test]
    async fn number_of_cached_responses_is_limited() {
        let responses = SingleFlight::<usize, usize>::default();
        for key in 0..MAX_ENTRIES + 10 {
            let response = responses.get(Epoch::default(), key, async || Ok::<_, ()>(key)).await;
            assert_eq!(response, Ok(key));
        }
        assert_eq!(responses.current.lock().unwrap().entries.len(), MAX_ENTRIES);
    }

    #[tokio::test]
    async fn failure_is_not_cached() {
        let responses = SingleFlight::<u8, u32>::default();
        let epoch = Epoch::default();
        assert_eq!(responses.get(epoch, 1, async || Err("no")).await, Err("no"));
        assert_eq!(responses.get(epoch, 1, async || Ok::<_, &str>(7)).await, Ok(7));
    }
}
