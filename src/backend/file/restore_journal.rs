//! The journal of a restore: the steps that it is about to perform, so that the next program that
//! opens the store can settle one that was interrupted.
//!
//! A restore gives the old store a second name, and then its own name to the new one. Ended between
//! the two, the old store would have two names or only the other one. The file `STORE.restoring`
//! has the names, and is locked while the restore runs. It is settled by undoing the steps, unless
//! the new store has the name already.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::connect::{parent_folder, with_suffix};
use super::error::display_path;
use super::open_error::OpenError;
use super::refusal::StoreRefusal;
use crate::files::resolve_links;

/// Follows the name of the store's file.
const SUFFIX: &str = ".restoring";
/// The first line of the journal.
const VERSION: &[u8] = b"restoring1";
/// The suffixes of files that `SQLite` may create next to a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The state of a restore that was interrupted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Interrupted {
    /// The store is as it was before.
    Undone,
    /// The store was restored; the previous one has this name.
    Done(PathBuf),
}

impl Interrupted {
    /// Returns a sentence about it, with a remedy.
    pub(super) fn sentence(&self, store: &Path) -> String {
        let file = display_path(store);
        match self {
            Self::Undone => format!(
                "a restore of {file} was interrupted, and the store is as it was before: run \
                 redphone restore again"
            ),
            Self::Done(aside) => format!(
                "a restore of {file} was interrupted after the store was put back, and before its \
                 tokens were: look at them with redphone token list; the previous store is {}",
                display_path(aside)
            ),
        }
    }
}

/// Returns whether a restore of a store is running or was interrupted.
pub(super) fn is_at(store: &Path) -> bool {
    resolve_links(store).is_ok_and(|target| with_suffix(&target, SUFFIX).exists())
}

/// Settles a restore that was interrupted, if there was one.
///
/// # Errors
/// [`OpenError`] if a restore is running, or a necessary step fails.
pub(super) fn settle(store: &Path) -> Result<Option<Interrupted>, OpenError> {
    if !is_at(store) {
        return Ok(None);
    }
    let target = resolve_links(store).unwrap_or_else(|_| store.to_owned());
    match RestoreJournal::lock(&target)? {
        Some(mut journal) => {
            journal.read().map_err(|error| journal_error(&target, error))?;
            journal.settle().map_err(|error| journal_error(&target, error))
        }
        None => Ok(None),
    }
}

fn journal_error(target: &Path, source: io::Error) -> OpenError {
    OpenError::refused(StoreRefusal::RestoreJournal { path: target.to_owned(), source })
}

/// The names of the files of a restore.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Steps {
    /// The file that becomes the store.
    copy: PathBuf,
    /// The second name of the old store.
    aside: PathBuf,
}

/// The journal of a restore that runs. Dropped before it is finished, it undoes the restore.
pub(super) struct RestoreJournal {
    target: PathBuf,
    path: PathBuf,
    file: File,
    steps: Option<Steps>,
}

impl Drop for RestoreJournal {
    fn drop(&mut self) {
        // Steps that can't be undone now are undone by the next program that opens the store.
        self.settle().ok();
    }
}

impl RestoreJournal {
    /// Begins a restore of a store, which becomes `copy` while the old one gets the name `aside`.
    /// Settles an earlier one that was interrupted.
    pub(super) fn begin(target: &Path, copy: &Path, aside: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| journal_error(target, error);
        let mut journal = loop {
            settle(target)?;
            if let Some(journal) = Self::lock(target)? {
                break journal;
            }
        };
        let steps = Steps { copy: copy.to_owned(), aside: aside.to_owned() };
        journal.write(&steps).map_err(failed)?;
        journal.steps = Some(steps);
        Ok(journal)
    }

    /// Locks the journal of a store, which is created if it is missing; `None` if it was removed
    /// meanwhile.
    fn lock(target: &Path) -> Result<Option<Self>, OpenError> {
        let failed = |error: io::Error| journal_error(target, error);
        let path = with_suffix(target, SUFFIX);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(OpenError::refused(StoreRefusal::RestoreRunning(target.to_owned())));
            }
            Err(error) => return Err(failed(error.into())),
        }
        let is_same = is_same_file(&file.metadata().map_err(failed)?, &path);
        Ok(is_same.then(|| Self { target: target.to_owned(), path, file, steps: None }))
    }

    fn write(&mut self, steps: &Steps) -> io::Result<()> {
        let mut text = VERSION.to_vec();
        for path in [&steps.copy, &steps.aside] {
            text.push(0);
            text.extend(path.file_name().unwrap_or_default().as_bytes());
        }
        text.push(0);
        self.file.set_len(0)?;
        self.file.write_all(&text)?;
        self.file.sync_all()?;
        File::open(parent_folder(&self.path))?.sync_all()
    }

    /// Reads the recorded steps; none if the journal was not written completely, as then none was
    /// performed.
    fn read(&mut self) -> io::Result<()> {
        let mut text = Vec::new();
        (&self.file).take(1 << 16).read_to_end(&mut text)?;
        let parts: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
        if let [VERSION, copy, aside, b""] = parts[..] {
            let folder = parent_folder(&self.target);
            let path = |name: &[u8]| folder.join(OsStr::from_bytes(name));
            self.steps = Some(Steps { copy: path(copy), aside: path(aside) });
        }
        Ok(())
    }

    /// Undoes the steps, unless the new store has its name already, and removes the journal.
    fn settle(&mut self) -> io::Result<Option<Interrupted>> {
        let Some(steps) = &self.steps else {
            self.remove()?;
            return Ok(None);
        };
        let Steps { copy, aside } = steps;
        let mut is_done = false;
        if let Ok(old) = fs::metadata(aside) {
            if !self.target.exists() {
                fs::rename(aside, &self.target)?;
            } else if is_same_file(&old, &self.target) {
                fs::remove_file(aside)?;
            } else {
                is_done = true;
            }
        }
        if !is_done {
            for companion in COMPANIONS {
                let (from, to) =
                    (with_suffix(aside, companion), with_suffix(&self.target, companion));
                if from.exists() && !to.exists() {
                    fs::rename(from, to)?;
                }
            }
        }
        for file in [""].iter().chain(&COMPANIONS).map(|suffix| with_suffix(copy, suffix)) {
            fs::remove_file(file).or_else(ignore_missing)?;
        }
        let interrupted =
            if is_done { Interrupted::Done(aside.clone()) } else { Interrupted::Undone };
        self.remove()?;
        Ok(Some(interrupted))
    }

    /// Ends the restore: the new store has its name.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.remove()
    }

    fn remove(&mut self) -> io::Result<()> {
        File::open(parent_folder(&self.path))?.sync_all()?;
        self.steps = None;
        // It may have been removed already, and another restore have begun.
        if is_same_file(&self.file.metadata()?, &self.path) {
            fs::remove_file(&self.path).or_else(ignore_missing)?;
        }
        Ok(())
    }
}

fn is_same_file(opened: &fs::Metadata, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino()))
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
