//! The highest number and position that a store has given, written down outside of its file.
//!
//! A store that is put back from a copy would give numbers anew to other incidents, and its own file
//! does not tell that there was more. So the file `STORE.high` beside it has a line for each store
//! that was at this path: what it has given, which is written after each commit, and up to where it
//! may give without writing that down durably first. The second runs ahead, so that a file sync is
//! needed once for many commands; after a power cut it is what counts.

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
/// How many numbers are reserved at once.
const NUMBER_STRIDE: u64 = 100;
/// How many positions in the log are reserved at once.
const LOG_STRIDE: u64 = 4_096;
/// The length of a line, a divisor of the size of a sector, so that a line is written as a whole.
const LINE_BYTES: usize = 256;
/// How many stores of one path are remembered.
const MAX_LINES: usize = 16;
/// The first word of each line.
const VERSION: &str = "high1";

/// What a store has given, and up to where it may give.
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

    /// Returns whether a store with these properties has lost what was written after it was copied.
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

/// The file with the highest numbers of a store, as this process knows it.
#[derive(Debug)]
pub(super) struct HighWater {
    path: PathBuf,
    store: String,
    state: Mutex<State>,
}

/// How a line is written.
#[derive(Clone, Copy, Debug)]
struct Write {
    /// Whether it is on the disk when it counts.
    durable: bool,
    /// Whether it begins a generation. Otherwise that of the file stays: another process may have
    /// begun one.
    begins: bool,
}

#[derive(Debug)]
struct State {
    record: HighRecord,
    /// Whether a failure to write was logged.
    has_warned: bool,
}

impl HighWater {
    /// Begins with the properties of a store that was just opened, and with what is written down
    /// about it.
    pub(super) fn new(store_path: &Path, meta: &StoreMeta) -> Self {
        let path = path_for(store_path);
        let written = read(&path, &meta.info.id).unwrap_or_default();
        let record = HighRecord {
            generation: meta.info.generation.clone(),
            number: meta.number,
            log: meta.log,
            ..written
        };
        let state = Mutex::new(State { record, has_warned: false });
        Self { path, store: meta.info.id.clone(), state }
    }

    /// Returns the highest number and position that this process knows of.
    pub(super) fn position(&self) -> (u64, u64) {
        let state = self.lock();
        (state.record.number, state.record.log)
    }

    /// Writes down, durably, that numbers and positions up to these may be given, with a margin for
    /// what other processes give meanwhile. Does nothing if that is written down already.
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

    /// Writes down what was given. Called after the commit, so that no more is written down than
    /// the store has.
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

    /// Begins a generation: what was given in the one before does not count any more, only that it
    /// may not be given again.
    pub(super) fn begin_generation(&self, meta: &StoreMeta, number_floor: u64, log_floor: u64) {
        let mut state = self.lock();
        let wanted = HighRecord {
            generation: meta.info.generation.clone(),
            number: meta.number,
            log: meta.log,
            number_ceiling: number_floor,
            log_ceiling: log_floor,
        };
        self.write(&mut state, &wanted, Write { durable: true, begins: true });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Merges a record with what other processes have written. A failure is logged: the command
    /// goes on, as the file only matters once the store is put back.
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
/// does for the files that it has beside the store.
pub(super) fn path_for(store_path: &Path) -> PathBuf {
    let target = std::fs::canonicalize(store_path).unwrap_or_else(|_| store_path.to_owned());
    with_suffix(&target, HIGH_SUFFIX)
}

/// Returns what is written down about a store.
pub(super) fn read(path: &Path, store: &str) -> Option<HighRecord> {
    let bytes = std::fs::read(path).ok()?;
    let records = bytes.chunks(LINE_BYTES).take(MAX_LINES).filter_map(HighRecord::from_line);
    records.into_iter().find(|(id, _)| id == store).map(|(_, record)| record)
}

/// Writes the line of a store, merged with the one that is there. Returns the result.
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
