//! The highest number and position that a store has given, written down outside of its file.
//!
//! A store that is restored from a copy would issue numbers again for other incidents, and its own
//! file does not show that there were more. So the file `STORE.high` next to it has a line for each
//! store that was at this path: the highest issued number and position, which are written after
//! each commit, and the reserved range, up to which it may issue without another durable write. The
//! reservation is ahead, so that many commands need only one file sync; after a power cut it is the
//! one that counts.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};

use super::connect::with_suffix;
use super::meta::StoreMeta;

/// Follows the name of the store's file.
pub(super) const HIGH_SUFFIX: &str = ".high";
/// The number of incident numbers reserved at a time.
const NUMBER_STRIDE: u64 = 100;
/// The number of log positions reserved at a time.
const LOG_STRIDE: u64 = 4_096;
/// The length of a line, a divisor of the size of a sector, so that a line is written atomically.
const LINE_BYTES: usize = 256;
/// How many stores of one path are remembered.
const MAX_LINES: usize = 16;
/// The first word of each line.
const VERSION: &str = "high1";

/// The numbers and positions that a store has issued and reserved.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct HighRecord {
    pub generation: String,
    /// The highest number of an incident.
    pub number: u64,
    /// The position of the last event.
    pub log: u64,
    /// No number above this one was ever given.
    pub number_ceiling: u64,
    /// No position above this one was ever given.
    pub log_ceiling: u64,
}

impl HighRecord {
    /// Encodes a line of fixed length.
    fn to_line(&self, store: &str) -> Vec<u8> {
        let Self { generation, number, log, number_ceiling, log_ceiling } = self;
        let content =
            format!("{VERSION} {store} {generation} {number} {log} {number_ceiling} {log_ceiling}");
        let mut line = format!("{content} {:016x}", checksum(&content)).into_bytes();
        line.resize(LINE_BYTES - 1, b' ');
        line.push(b'\n');
        line
    }

    /// Decodes a line into the identity of the store and its record; `None` if the line is damaged.
    fn from_line(line: &[u8]) -> Option<(String, Self)> {
        let (content, sum) = std::str::from_utf8(line).ok()?.trim_end().rsplit_once(' ')?;
        if u64::from_str_radix(sum, 16).ok()? != checksum(content) {
            return None;
        }
        let words: Vec<&str> = content.split(' ').collect();
        let [VERSION, store, generation, number, log, number_ceiling, log_ceiling] = words[..]
        else {
            return None;
        };
        let record = Self {
            generation: generation.to_owned(),
            number: number.parse().ok()?,
            log: log.parse().ok()?,
            number_ceiling: number_ceiling.parse().ok()?,
            log_ceiling: log_ceiling.parse().ok()?,
        };
        Some((store.to_owned(), record))
    }

    /// Returns the number and the position up to which nothing may be assigned any more after the
    /// store was restored from a copy.
    pub(super) fn floors(&self) -> (u64, u64) {
        (self.number_ceiling.max(self.number), self.log_ceiling.max(self.log))
    }

    /// Returns whether a store with these properties has lost data written after it was copied.
    pub(super) fn shows_put_back(&self, meta: &StoreMeta) -> bool {
        self.generation != meta.info.generation || meta.number < self.number || meta.log < self.log
    }
}

/// Computes FNV-1a.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The file with the highest numbers of a store, as known to this process.
#[derive(Debug)]
pub(super) struct HighWater {
    path: PathBuf,
    store: String,
    state: Mutex<State>,
}

/// The way in which a line is written.
#[derive(Clone, Copy, Debug)]
struct Write {
    /// Whether the reservation is durable.
    durable: bool,
    /// Whether it begins a generation. Otherwise that of the file stays: another process may have
    /// begun one.
    begins: bool,
}

#[derive(Debug)]
struct State {
    record: HighRecord,
    /// The number and the position up to which none is assigned any more.
    floors: (u64, u64),
    /// Whether a failure to write was logged.
    has_warned: bool,
}

impl HighWater {
    /// Creates it from the properties of a store that was just opened, and the recorded line about
    /// it.
    pub(super) fn new(store_path: &Path, meta: &StoreMeta) -> Self {
        let path = path_for(store_path);
        let written = read(&path, &meta.info.id).unwrap_or_default();
        let record = HighRecord {
            generation: meta.info.generation.clone(),
            number: meta.number,
            log: meta.log,
            ..written
        };
        let state = Mutex::new(State { record, floors: meta.floors, has_warned: false });
        Self { path, store: meta.info.id.clone(), state }
    }

    /// Returns the highest number and position known to this process.
    pub(super) fn position(&self) -> (u64, u64) {
        let state = self.lock();
        (state.record.number, state.record.log)
    }

    /// Returns the number and the position after which the next ones are assigned, as far as this
    /// process knows.
    pub(super) fn base(&self) -> (u64, u64) {
        let state = self.lock();
        (state.record.number.max(state.floors.0), state.record.log.max(state.floors.1))
    }

    /// Durably records a reservation up to these numbers and positions, with a margin for other
    /// processes. Does nothing if they are reserved already.
    pub(super) fn reserve(&self, number: u64, log: u64) {
        let mut state = self.lock();
        let is_reserved = number + NUMBER_STRIDE / 2 <= state.record.number_ceiling
            && log + LOG_STRIDE / 2 <= state.record.log_ceiling;
        if is_reserved {
            return;
        }
        let wanted = HighRecord {
            number_ceiling: number + NUMBER_STRIDE,
            log_ceiling: log + LOG_STRIDE,
            ..state.record.clone()
        };
        self.write(&mut state, &wanted, Write { durable: true, begins: false });
    }

    /// Records issued numbers and positions. Called after the commit, so that the record is never
    /// ahead of the store.
    pub(super) fn record(&self, number: Option<u64>, log: Option<u64>) {
        let mut state = self.lock();
        let record = &state.record;
        let wanted = HighRecord {
            number: record.number.max(number.unwrap_or(0)),
            log: record.log.max(log.unwrap_or(0)),
            ..record.clone()
        };
        self.write(&mut state, &wanted, Write { durable: false, begins: false });
    }

    /// Begins a generation: the issued positions of the one before are no longer compared, but may
    /// not be issued again.
    pub(super) fn begin_generation(&self, meta: &StoreMeta, number_floor: u64, log_floor: u64) {
        let mut state = self.lock();
        let wanted = HighRecord {
            generation: meta.info.generation.clone(),
            number: meta.number,
            log: meta.log,
            number_ceiling: number_floor,
            log_ceiling: log_floor,
        };
        state.floors = (number_floor, log_floor);
        self.write(&mut state, &wanted, Write { durable: true, begins: true });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Merges a record with those of other processes. A failure is logged and does not fail the
    /// command, as the file only matters once the store is restored from a copy.
    fn write(&self, state: &mut State, wanted: &HighRecord, how: Write) {
        match merge(&self.path, &self.store, wanted, how) {
            Ok(merged) => state.record = merged,
            Err(error) => {
                state.record = wanted.clone();
                if !std::mem::replace(&mut state.has_warned, true) {
                    tracing::warn!(
                        path = %self.path.display(), %error,
                        "the highest number can't be written down beside the store: should the \
                         store be put back from a copy, it gives numbers twice"
                    );
                }
            }
        }
    }
}

/// Returns the path of the file for a store. A symbolic link to a store is followed, as `SQLite`
/// does for the files next to the store.
pub(super) fn path_for(store_path: &Path) -> PathBuf {
    let target = std::fs::canonicalize(store_path).unwrap_or_else(|_| store_path.to_owned());
    with_suffix(&target, HIGH_SUFFIX)
}

/// Returns the recorded line about a store.
pub(super) fn read(path: &Path, store: &str) -> Option<HighRecord> {
    let bytes = std::fs::read(path).ok()?;
    let records = bytes.chunks(LINE_BYTES).take(MAX_LINES).filter_map(HighRecord::from_line);
    records.into_iter().find(|(id, _)| id == store).map(|(_, record)| record)
}

/// Writes the line of a store, merged with the existing one. Returns the result.
fn merge(path: &Path, store: &str, wanted: &HighRecord, how: Write) -> io::Result<HighRecord> {
    let (file, is_new) = open(path)?;
    // Released when the file is closed.
    flock(&file, FlockOperation::LockExclusive)?;
    let mut lines = [0; LINE_BYTES * MAX_LINES];
    let length = read_up_to(&file, &mut lines)?;
    let lines: Vec<_> = lines[..length].chunks(LINE_BYTES).map(HighRecord::from_line).collect();
    let own = lines.iter().position(|line| line.as_ref().is_some_and(|(id, _)| id == store));
    let written = own.and_then(|at| lines[at].as_ref()).map(|(_, record)| record.clone());
    let merged = match written {
        Some(written) => {
            let mut merged = if how.begins { wanted.clone() } else { written.clone() };
            if !how.begins {
                merged.number = written.number.max(wanted.number);
                merged.log = written.log.max(wanted.log);
            }
            merged.number_ceiling = written.number_ceiling.max(wanted.number_ceiling);
            merged.log_ceiling = written.log_ceiling.max(wanted.log_ceiling);
            merged
        }
        None => wanted.clone(),
    };
    // A damaged line is used again; where all are used, the first is.
    let free = || lines.iter().position(Option::is_none);
    let at = own.or_else(free).unwrap_or(if lines.len() < MAX_LINES { lines.len() } else { 0 });
    let offset = u64::try_from(at * LINE_BYTES).unwrap_or(0);
    file.write_all_at(&merged.to_line(store), offset)?;
    if how.durable {
        file.sync_data()?;
        if is_new {
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        }
    }
    Ok(merged)
}

/// Reads the beginning of a file, up to the size of the buffer.
fn read_up_to(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], u64::try_from(length).unwrap_or(0))? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

/// Opens the file, and creates it with the mode of the store. Returns whether it is new.
fn open(path: &Path) -> io::Result<(File, bool)> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok((file, false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let store = path.with_extension("");
            let mode = std::fs::metadata(store).map_or(0o600, |meta| meta.mode() & 0o666);
            let options = OpenOptions::new().read(true).write(true).create(true).clone();
            Ok((options.clone().truncate(false).mode(mode).open(path)?, true))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, log: u64, number_ceiling: u64, log_ceiling: u64) -> HighRecord {
        HighRecord { generation: "a0".into(), number, log, number_ceiling, log_ceiling }
    }

    #[test]
    fn line_survives_and_a_damaged_one_is_not_believed() {
        let line = record(u64::MAX, u64::MAX, u64::MAX, u64::MAX).to_line(&"f".repeat(32));
        assert_eq!(line.len(), LINE_BYTES);
        let (store, read) = HighRecord::from_line(&line).unwrap();
        assert_eq!((store.len(), read.number), (32, u64::MAX));
        for at in 0..20 {
            let mut damaged = line.clone();
            damaged[at] ^= 1;
            assert_eq!(HighRecord::from_line(&damaged), None, "{at}");
        }
        assert_eq!(HighRecord::from_line(&line[..60]), None);
    }

    #[test]
    fn processes_and_stores_share_the_file_without_lowering_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db.high");
        let (first, later) =
            (Write { durable: true, begins: false }, Write { durable: false, begins: false });
        merge(&path, "aa", &record(5, 9, 100, 200), first).unwrap();
        merge(&path, "bb", &record(1, 1, 1, 1), later).unwrap();
        let merged = merge(&path, "aa", &record(4, 12, 50, 300), later).unwrap();
        assert_eq!(merged, record(5, 12, 100, 300));
        assert_eq!(read(&path, "aa"), Some(merged));
        assert_eq!(read(&path, "bb"), Some(record(1, 1, 1, 1)));
        assert_eq!(read(&path, "cc"), None);
        for id in 0..40 {
            merge(&path, &format!("{id:02x}c"), &record(1, 1, 1, 1), later).unwrap();
        }
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length <= u64::try_from(LINE_BYTES * MAX_LINES).unwrap(), "{length}");
    }
}
