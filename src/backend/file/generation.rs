//! The generation of an open store: its highest position is recorded outside of its file, and a
//! store that was restored from a copy begins a new generation.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::error::display_path;
use super::high_water::HighWater;
use super::meta::StoreMeta;
use crate::backend::{PutBack, StoreInfo, StoreMark};

/// Identity and generation of an open store, and the numbers and positions that it has issued.
#[derive(Debug)]
pub(super) struct Generation {
    info: RwLock<Arc<StoreInfo>>,
    mark_key: Vec<u8>,
    high: HighWater,
    /// The last mark: many responses contain the same one.
    last_mark: Mutex<Option<StoreMark>>,
}

impl Generation {
    pub(super) fn new(path: &Path, meta: StoreMeta) -> Self {
        let high = HighWater::new(path, &meta);
        let info = RwLock::new(Arc::new(meta.info));
        Self { info, mark_key: meta.mark_key, high, last_mark: Mutex::default() }
    }

    /// Returns identity and generation.
    pub(super) fn info(&self) -> Arc<StoreInfo> {
        Arc::clone(&self.info.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the highest position known to this process, as a mark.
    pub(super) fn mark(&self) -> StoreMark {
        let info = self.info();
        let (number, log) = self.high.position();
        let mut last = self.last_mark.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = |mark: &&StoreMark| {
            (mark.log, mark.number) == (log, number) && mark.generation == info.generation
        };
        if let Some(mark) = last.as_ref().filter(is_current) {
            return mark.clone();
        }
        let mark = StoreMark::sign(&self.mark_key, &info.id, &info.generation, log, number);
        last.insert(mark).clone()
    }

    /// Writes down that numbers and positions may be given, before any is.
    pub(super) fn reserve(&self, number: u64, log: u64) {
        self.high.reserve(number, log);
    }

    /// Returns above which number and position the next ones are given, as far as this process knows.
    pub(super) fn base(&self) -> (u64, u64) {
        self.high.base()
    }

    /// Records the issued number and position, after the commit.
    pub(super) fn record(&self, number: Option<u64>, log: Option<u64>) {
        self.high.record(number, log);
    }

    /// Returns whether a mark shows that the store has lost data written after it was copied.
    pub(super) fn shows_put_back(seen: &StoreMark, meta: &StoreMeta) -> bool {
        seen.store == meta.info.id
            && seen.generation == meta.info.generation
            && (seen.log > meta.log || seen.number > meta.number)
    }

    /// Returns whether a mark of this generation is beyond the position known to this process.
    pub(super) fn is_behind(&self, seen: &StoreMark) -> bool {
        let (number, log) = self.high.position();
        let info = self.info();
        seen.store == info.id
            && seen.generation == info.generation
            && (seen.log > log || seen.number > number)
            && seen.is_signed_with(&self.mark_key)
    }

    /// Begins a generation that is in the file already, up to whose floors nothing is given.
    pub(super) fn begin(&self, meta: StoreMeta, number_floor: u64, log_floor: u64) {
        self.high.begin_generation(&meta, number_floor, log_floor);
        *self.info.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(meta.info);
    }
}

/// Returns the sentence about a store that was put back.
pub(super) fn put_back_notice(path: &Path, put_back: PutBack) -> String {
    let to = match put_back.to {
        Some(to) => format!("to {}", to.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "to a state without incidents".to_owned(),
    };
    format!(
        "{} was put back from a copy, {to}: numbers given since are left out, and its clients can \
         send again what they still hold with `redphone outbox resend`",
        display_path(path)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(generation: &str, number: u64, log: u64) -> StoreMeta {
        let info = StoreInfo { id: "00ff".into(), generation: generation.into(), put_back: None };
        StoreMeta { info, mark_key: b"key".to_vec(), number, log, floors: (0, 0) }
    }

    #[test]
    fn mark_follows_position_and_generation() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::new(&folder.path().join("store.db"), meta("0a", 7, 12));
        let mark = |of: &str, number, log| StoreMark::sign(b"key", "00ff", of, log, number);
        assert_eq!(generation.mark(), mark("0a", 7, 12));
        assert_eq!(generation.mark(), mark("0a", 7, 12));
        generation.record(None, Some(13));
        assert_eq!(generation.mark(), mark("0a", 7, 13));
        generation.record(Some(8), None);
        assert_eq!(generation.mark(), mark("0a", 8, 13));
        generation.begin(meta("0b", 8, 13), 0, 0);
        assert_eq!(generation.mark(), mark("0b", 8, 13));
    }
}
