//! Caches responses with their `ETag`s, so that the server need not send them again while they have
//! not changed (304, RFC 9110).

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use reqwest::header::HeaderValue;

/// The largest number of cached responses.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");
/// The largest response that is cached, in bytes.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// A response body and its tag.
#[derive(Clone)]
pub(super) struct CachedResponse {
    pub(super) tag: HeaderValue,
    pub(super) json: Arc<[u8]>,
    /// The number of the request that it answered.
    request_number: u64,
}

/// The most recently used responses by request.
pub(super) struct EtagCache(Mutex<Entries>);

struct Entries {
    responses: LruCache<String, CachedResponse>,
    /// How many requests were started.
    requests: u64,
}

impl Default for EtagCache {
    fn default() -> Self {
        Self(Mutex::new(Entries { responses: LruCache::new(MAX_ENTRIES), requests: 0 }))
    }
}

impl EtagCache {
    /// Returns the number of a request that starts now, and the response that is cached for it.
    pub(super) fn start_request(&self, key: &str) -> (u64, Option<CachedResponse>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.requests += 1;
        (entries.requests, entries.responses.get(key).cloned())
    }

    /// Caches the response to a request, unless the response to a later one is cached.
    pub(super) fn insert(&self, key: String, request_number: u64, tag: HeaderValue, json: &[u8]) {
        if json.len() > MAX_ENTRY_BYTES {
            return;
        }
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = entries.responses.peek(&key);
        if cached.is_some_and(|cached| cached.request_number > request_number) {
            return;
        }
        entries.responses.put(key, CachedResponse { tag, json: json.into(), request_number });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: HeaderValue = HeaderValue::from_static("\"1\"");

    fn get(cache: &EtagCache, key: &str) -> Option<CachedResponse> {
        cache.start_request(key).1
    }

    #[test]
    fn cache_holds_the_last_used_and_no_long_responses() {
        let cache = EtagCache::default();
        let insert = |name: &str, json: &[u8]| {
            let (number, _) = cache.start_request(name);
            cache.insert(name.into(), number, TAG, json);
        };
        insert("first", b"1");
        for number in 0..MAX_ENTRIES.get() - 1 {
            insert(&number.to_string(), b"2");
        }
        assert!(get(&cache, "first").is_some());
        insert("one more", b"3");
        assert!(get(&cache, "first").is_some() && get(&cache, "0").is_none());
        insert("first", b"4");
        assert_eq!(&*get(&cache, "first").unwrap().json, b"4");
        insert("long", &vec![b' '; MAX_ENTRY_BYTES + 1]);
        assert!(get(&cache, "long").is_none());
    }

    #[test]
    fn late_response_does_not_replace_that_to_a_later_request() {
        let cache = EtagCache::default();
        let (earlier, _) = cache.start_request("search");
        let (later, _) = cache.start_request("search");
        cache.insert("search".into(), later, TAG, b"new");
        cache.insert("search".into(), earlier, TAG, b"old");
        assert_eq!(&*get(&cache, "search").unwrap().json, b"new");
    }
}
