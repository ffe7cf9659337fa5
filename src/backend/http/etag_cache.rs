//! Answers that are kept with their tags: what has not changed is not sent again (RFC 9110, 304).

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::HeaderValue;

/// How many are kept.
const MAX_ENTRIES: usize = 8;
/// Longer ones are not.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// An answer and its tag.
#[derive(Clone)]
pub(super) struct CachedResponse {
    pub(super) tag: HeaderValue,
    pub(super) json: Arc<[u8]>,
}

/// Those that were used last, the last one first.
#[derive(Default)]
pub(super) struct EtagCache(Mutex<Vec<(String, CachedResponse)>>);

impl EtagCache {
    pub(super) fn get(&self, question: &str) -> Option<CachedResponse> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(of, _)| of == question)?;
        let found = all.remove(at);
        let kept = found.1.clone();
        all.insert(0, found);
        Some(kept)
    }

    pub(super) fn insert(&self, question: String, tag: HeaderValue, json: &[u8]) {
        if json.len() > MAX_ENTRY_BYTES {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _)| *of != question);
        all.insert(0, (question, CachedResponse { tag, json: json.into() }));
        all.truncate(MAX_ENTRIES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_used_last_are_kept_and_long_ones_are_not() {
        let answers = EtagCache::default();
        let keep = |name: &str, json: &[u8]| {
            answers.insert(name.into(), HeaderValue::from_static("\"1\""), json);
        };
        keep("first", b"1");
        for number in 0..MAX_ENTRIES - 1 {
            keep(&number.to_string(), b"2");
        }
        assert!(answers.get("first").is_some());
        keep("one more", b"3");
        assert!(answers.get("first").is_some() && answers.get("0").is_none());
        keep("first", b"4");
        assert_eq!(&*answers.get("first").unwrap().json, b"4");
        keep("long", &vec![b' '; MAX_ENTRY_BYTES + 1]);
        assert!(answers.get("long").is_none());
    }
}
