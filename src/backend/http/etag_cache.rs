//! Caches responses with their `ETag`s, so that the server need not send them again while they have
//! not changed (304, RFC 9110).

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::HeaderValue;

/// The largest number of cached responses.
const MAX_ENTRIES: usize = 8;
/// The largest response that is cached, in bytes.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// A response body and its tag.
#[derive(Clone)]
pub(super) struct CachedResponse {
    pub(super) tag: HeaderValue,
    pub(super) json: Arc<[u8]>,
}

/// The most recently used responses by request, most recent first.
#[derive(Default)]
pub(super) struct EtagCache(Mutex<Vec<(String, CachedResponse)>>);

impl EtagCache {
    pub(super) fn get(&self, key: &str) -> Option<CachedResponse> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = entries.iter().position(|(cached_key, _)| cached_key == key)?;
        let entry = entries.remove(index);
        let response = entry.1.clone();
        entries.insert(0, entry);
        Some(response)
    }

    pub(super) fn insert(&self, key: String, tag: HeaderValue, json: &[u8]) {
        if json.len() > MAX_ENTRY_BYTES {
            return;
        }
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(cached_key, _)| *cached_key != key);
        entries.insert(0, (key, CachedResponse { tag, json: json.into() }));
        entries.truncate(MAX_ENTRIES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_holds_the_last_used_and_no_long_responses() {
        let cache = EtagCache::default();
        let insert = |name: &str, json: &[u8]| {
            cache.insert(name.into(), HeaderValue::from_static("\"1\""), json);
        };
        insert("first", b"1");
        for number in 0..MAX_ENTRIES - 1 {
            insert(&number.to_string(), b"2");
        }
        assert!(cache.get("first").is_some());
        insert("one more", b"3");
        assert!(cache.get("first").is_some() && cache.get("0").is_none());
        insert("first", b"4");
        assert_eq!(&*cache.get("first").unwrap().json, b"4");
        insert("long", &vec![b' '; MAX_ENTRY_BYTES + 1]);
        assert!(cache.get("long").is_none());
    }
}
