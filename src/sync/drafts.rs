//! Stores form drafts on disk while they are being typed.
//!
//! Each draft is a file of its own and is replaced atomically, so that a crash at any moment
//! preserves either the latest version or the one before. While a form is open its draft is locked,
//! so that another process does not offer it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filters;
use super::screen_state::{self, ScreenState};
use crate::files::Replacement;
use crate::model::IncidentId;
use crate::model::redacted_content::RedactedContent;

/// The content of a form that is being filled in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// Identifies the draft, and names its file.
    pub id: Uuid,
    /// Name of the form, defined and understood by the panes.
    pub form: String,
    /// The incidents that the form is about: id, label, title, and the last event's sequence number
    /// when the form opened.
    pub about: Vec<(IncidentId, String, String, u32)>,
    /// Contents of the fields, from top to bottom.
    pub contents: Vec<String>,
    /// Contents of the fields when the form opened; empty in drafts of earlier versions.
    #[serde(default)]
    pub initial: Vec<String>,
    /// Labels of the fields; empty in drafts of earlier versions.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Where the incidents live, such as the path of a store's file; `None` in drafts of earlier
    /// versions.
    #[serde(default, rename = "place")]
    pub location: Option<String>,
    /// When the draft was saved last.
    pub at: DateTime<Utc>,
}

impl Draft {
    /// Removes what was redacted of an incident, if the draft is about it. Returns whether the draft
    /// had any of it.
    pub fn remove_redacted(&mut self, incident: IncidentId, content: &RedactedContent) -> bool {
        if self.about.iter().all(|about| about.0 != incident) {
            return false;
        }
        let mut had_it = false;
        for text in self.contents.iter_mut().chain(&mut self.initial) {
            if let Some(without) = content.removed_from(text) {
                *text = without;
                had_it = true;
            }
        }
        had_it
    }
}

/// Removes what was redacted of an incident from the drafts in a folder. One that a process has open is
/// left to it.
///
/// # Errors
/// When the drafts can't be read, or one can't be written.
pub fn remove_redacted(
    folder: &Path,
    incident: IncidentId,
    content: &RedactedContent,
) -> io::Result<()> {
    let mut worker = Worker { folder: folder.to_owned(), locks: HashMap::new() };
    worker.remove_redacted(incident, content)
}

/// An operation on the drafts, carried out by the worker thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DraftOp {
    /// Saves a draft, or replaces its earlier version.
    Save(Draft),
    /// Locks a draft whose form is opened, and reports it if something was removed from its file since
    /// it was read.
    Reopen(Draft),
    /// Removes what was redacted of an incident from the drafts that no process has open.
    Redact(IncidentId, RedactedContent),
    /// Deletes a draft that is not needed any more.
    Drop(Uuid),
    /// Unlocks a draft, so that this process or another one can offer it later.
    Release(Uuid),
    /// Adds a filter to the filters used before, which are stored next to the drafts.
    RememberFilter(String),
    /// Stores how the screen is divided, next to the drafts.
    RememberScreen(ScreenState),
}

/// An event that the worker thread reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DraftEvent {
    /// Drafts that earlier runs left behind, the latest first.
    Recovered(Vec<Draft>),
    /// Filters that earlier runs used, the latest last.
    Filters(Vec<String>),
    /// How the screen was divided when it was last changed.
    Screen(ScreenState),
    /// A reopened draft, from which what was redacted was removed since it was read.
    Changed(Draft),
    /// A draft can't be saved, with the reason.
    Failed(String),
}

/// How long dropping a [`DraftStore`] waits for pending writes.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Handle to the drafts folder and the worker thread that writes it, in the order of the
/// operations.
///
/// The thread writes on its own, so that a disk that hangs delays it and not the panes.
#[derive(Debug)]
pub struct DraftStore {
    ops: Option<mpsc::Sender<DraftOp>>,
    worker_ended: mpsc::Receiver<()>,
}

impl DraftStore {
    /// Starts the worker thread. It first reports the drafts and filters of earlier runs, and from
    /// then on whatever can't be written.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        folder: PathBuf,
        on_event: impl Fn(DraftEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let (ops, queued) = mpsc::channel::<DraftOp>();
        let (ended_sender, worker_ended) = mpsc::channel();
        thread::Builder::new().name("drafts".into()).spawn(move || {
            let mut worker = Worker { folder, locks: HashMap::new() };
            match worker.find_abandoned() {
                Ok(abandoned) if abandoned.is_empty() => {}
                Ok(abandoned) => on_event(DraftEvent::Recovered(abandoned)),
                Err(error) => on_event(DraftEvent::Failed(worker.failure(&error))),
            }
            match filters::load(&filters::file_path(&worker.folder)) {
                Ok(loaded) if loaded.is_empty() => {}
                Ok(loaded) => on_event(DraftEvent::Filters(loaded)),
                Err(error) => tracing::warn!(%error, "filters used before can't be read"),
            }
            match screen_state::load(&screen_state::file_path(&worker.folder)) {
                Ok(Some(state)) => on_event(DraftEvent::Screen(state)),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the state of the screen can't be read"),
            }
            for op in queued {
                match worker.execute(&op) {
                    Ok(None) => {}
                    Ok(Some(event)) => on_event(event),
                    // Only logged: nobody waits for it, and a filter is quickly typed again.
                    Err(error) if matches!(op, DraftOp::RememberFilter(_)) => {
                        tracing::warn!(%error, "a filter can't be remembered");
                    }
                    Err(error) if matches!(op, DraftOp::RememberScreen(_)) => {
                        tracing::warn!(%error, "the state of the screen can't be remembered");
                    }
                    Err(error) if matches!(op, DraftOp::Redact(..)) => {
                        tracing::warn!(%error, "what was redacted is still in drafts");
                    }
                    Err(error) => on_event(DraftEvent::Failed(worker.failure(&error))),
                }
            }
            // The receiver no longer exists when the drop has given up waiting.
            let _ = ended_sender.send(());
        })?;
        Ok(Self { ops: Some(ops), worker_ended })
    }

    /// Queues an operation for the worker thread.
    pub fn send(&self, op: DraftOp) {
        if let Some(ops) = &self.ops {
            // The worker outlives this sender: it ends when the sender is dropped.
            let _ = ops.send(op);
        }
    }
}

impl Drop for DraftStore {
    /// Waits until everything is written, but not forever in case the disk hangs.
    fn drop(&mut self) {
        self.ops = None;
        let _ = self.worker_ended.recv_timeout(SHUTDOWN_TIMEOUT);
    }
}

struct Worker {
    folder: PathBuf,
    /// Locks of the drafts that are open in this process.
    locks: HashMap<Uuid, File>,
}

impl Worker {
    fn failure(&self, error: &io::Error) -> String {
        format!("what is typed can't be kept in {}: {error}", self.folder.display())
    }

    fn path(&self, id: Uuid, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// Locks a draft. Returns `false` when another process holds the lock.
    fn lock(&mut self, id: Uuid) -> io::Result<bool> {
        if self.locks.contains_key(&id) {
            return Ok(true);
        }
        let path = self.path(id, "lock");
        loop {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            // The holder deletes the file. If that happened after it was opened here, this is the
            // lock of a file that nobody else can find, and another process may lock a new one.
            if is_at(&file, &path)? {
                self.locks.insert(id, file);
                return Ok(true);
            }
        }
    }

    fn execute(&mut self, op: &DraftOp) -> io::Result<Option<DraftEvent>> {
        match op {
            DraftOp::Save(draft) => {
                self.lock(draft.id)?;
                self.write(draft)?;
            }
            DraftOp::Reopen(draft) => return self.reopen(draft),
            DraftOp::Redact(incident, content) => self.remove_redacted(*incident, content)?,
            DraftOp::Drop(id) => {
                remove_if_exists(&self.path(*id, "json"))?;
                self.release(*id)?;
            }
            DraftOp::Release(id) => self.release(*id)?,
            DraftOp::RememberFilter(filter) => {
                filters::remember(&filters::file_path(&self.folder), filter)?;
            }
            DraftOp::RememberScreen(state) => {
                screen_state::save(&screen_state::file_path(&self.folder), state)?;
            }
        }
        Ok(None)
    }

    /// Locks a draft and saves it, so that no other process offers it. The file counts if its text is
    /// another one of the same time: a redaction has changed it.
    fn reopen(&mut self, draft: &Draft) -> io::Result<Option<DraftEvent>> {
        self.lock(draft.id)?;
        match self.read(draft.id) {
            Some(stored)
                if stored.at == draft.at
                    && (&stored.contents, &stored.initial) != (&draft.contents, &draft.initial) =>
            {
                Ok(Some(DraftEvent::Changed(stored)))
            }
            _ => self.write(draft).map(|()| None),
        }
    }

    /// Reads a draft; `None` if there is none that can be parsed.
    fn read(&self, id: Uuid) -> Option<Draft> {
        serde_json::from_slice(&fs::read(self.path(id, "json")).ok()?).ok()
    }

    fn remove_redacted(
        &mut self,
        incident: IncidentId,
        content: &RedactedContent,
    ) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut result = Ok(());
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(id) = self.draft_in(&path) else { continue };
            // Most drafts don't have it: they are not locked.
            if self.locks.contains_key(&id)
                || self.read(id).is_none_or(|mut draft| !draft.remove_redacted(incident, content))
            {
                continue;
            }
            // The others are changed even if one can't be.
            result = self.remove_from_draft(id, incident, content).and(result);
        }
        result
    }

    /// Removes what was redacted from a draft, unless a process has it open.
    fn remove_from_draft(
        &mut self,
        id: Uuid,
        incident: IncidentId,
        content: &RedactedContent,
    ) -> io::Result<()> {
        if !self.lock(id)? {
            return Ok(());
        }
        let mut stored = self.read(id);
        let is_changed =
            stored.as_mut().is_some_and(|draft| draft.remove_redacted(incident, content));
        let changed = stored.filter(|_| is_changed);
        let written = changed.map_or(Ok(()), |draft| self.write(&draft));
        written.and(self.release(id))
    }

    /// Returns the id of the draft in a file.
    fn draft_in(&self, path: &Path) -> Option<Uuid> {
        let id = Uuid::try_parse(path.file_stem()?.to_str()?).ok()?;
        (*path == self.path(id, "json")).then_some(id)
    }

    /// Deletes the file of a lock, then unlocks it. In the other order, the file that another
    /// process has locked in between would be deleted.
    fn release(&mut self, id: Uuid) -> io::Result<()> {
        let Some(locked) = self.locks.remove(&id) else { return Ok(()) };
        let removed = remove_if_exists(&self.path(id, "lock"));
        drop(locked);
        removed
    }

    fn write(&self, draft: &Draft) -> io::Result<()> {
        let path = self.path(draft.id, "json");
        let mut file = Replacement::begin_with_prefix(&path, &format!("{}-", draft.id))?;
        serde_json::to_writer(&mut file, draft).map_err(io::Error::other)?;
        file.commit()
    }

    /// Returns the drafts that no process has open, the latest first. Files that can't be parsed
    /// stay where they are.
    fn find_abandoned(&mut self) -> io::Result<Vec<Draft>> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut abandoned = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let parsed =
                fs::read(&path).ok().and_then(|b| serde_json::from_slice::<Draft>(&b).ok());
            let Some(draft) = parsed else {
                tracing::warn!(path = %path.display(), "a draft can't be read");
                continue;
            };
            if self.lock(draft.id)? {
                self.release(draft.id)?;
                abandoned.push(draft);
            }
        }
        self.remove_abandoned_files();
        abandoned.sort_by_key(|draft| std::cmp::Reverse(draft.at));
        Ok(abandoned)
    }
}

impl Worker {
    /// Deletes what killed processes left behind and no draft needs: lock files, and temporary files
    /// of drafts that were being written. What another process has locked is preserved, and so is a
    /// file that does not belong to a draft.
    fn remove_abandoned_files(&mut self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(id) = self.draft_of(&path) else { continue };
            // Locked before anything is deleted, as every holder does.
            let removed = match self.lock(id) {
                Ok(true) => remove_if_exists(&path).and(self.release(id)),
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = removed {
                tracing::debug!(%error, path = %path.display(), "a file of a draft stays");
            }
        }
    }

    /// Returns the draft that a lock file or a temporary file belongs to.
    fn draft_of(&self, path: &Path) -> Option<Uuid> {
        let name = path.file_name()?.to_str()?;
        let (id, rest) = name.split_at_checked(uuid::fmt::Hyphenated::LENGTH)?;
        let id = Uuid::try_parse(id).ok()?;
        (rest.starts_with('-') || *path == self.path(id, "lock")).then_some(id)
    }
}

/// Returns whether a path names an open file, and not another file or none.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) => {
            let open = file.metadata()?;
            Ok((found.dev(), found.ino()) == (open.dev(), open.ino()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;
    use crate::model::evidence::RedactedPart;
    use crate::model::redaction::RedactedTarget;
    use crate::model::{Command, CommandId, EventId, IncidentCommand};

    fn worker(folder: &Path) -> Worker {
        Worker { folder: folder.into(), locks: HashMap::new() }
    }

    fn file_names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn drafts_half_written_by_killed_processes_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [killed, open] = [Uuid::now_v7(), Uuid::now_v7()];
        let mut other = worker(folder.path());
        assert!(other.lock(open).unwrap());
        for id in [killed, open] {
            fs::write(folder.path().join(format!("{id}-1aB2cD")), "half a dra").unwrap();
        }
        fs::write(folder.path().join("backup-of-drafts"), "").unwrap();
        assert!(worker(folder.path()).find_abandoned().unwrap().is_empty());
        let mut expected =
            vec!["backup-of-drafts".to_owned(), format!("{open}-1aB2cD"), format!("{open}.lock")];
        expected.sort();
        assert_eq!(file_names(folder.path()), expected);
    }

    fn draft(about: IncidentId, text: &str) -> Draft {
        Draft {
            id: Uuid::now_v7(),
            form: "\"Note\"".into(),
            about: vec![(about, "INC-1".into(), "Cards fail".into(), 1)],
            contents: vec![text.into()],
            initial: vec![String::new()],
            labels: vec!["Note".into()],
            location: None,
            at: Utc::now(),
        }
    }

    /// Returns what the redaction of a note with the text "Tom Varga called" removes.
    fn redacted_note(incident: IncidentId) -> RedactedContent {
        let id = CommandId::new();
        let target = EventId::derived(id, 0).0;
        let redacted = RedactedTarget { incident, part: RedactedPart::Note, target };
        let mut content = RedactedContent::default();
        let command = IncidentCommand::AddNote { text: "Tom Varga called".into() };
        content.add_command(&redacted, &Command::incident(incident, command));
        content
    }

    #[test]
    fn redaction_changes_each_draft_that_no_process_has_open() {
        let folder = tempfile::tempdir().unwrap();
        let (incident, text) = (IncidentId::new(), "Tom Varga called at 9");
        let [stored, open, foreign] =
            [draft(incident, text), draft(incident, text), draft(IncidentId::new(), text)];
        let mut other = worker(folder.path());
        for draft in [&stored, &open, &foreign] {
            other.execute(&DraftOp::Save(draft.clone())).unwrap();
        }
        for draft in [&stored, &foreign] {
            other.execute(&DraftOp::Release(draft.id)).unwrap();
        }
        fs::write(folder.path().join("notes.json"), text).unwrap();
        remove_redacted(folder.path(), incident, &redacted_note(incident)).unwrap();
        let read = |draft: &Draft| worker(folder.path()).read(draft.id).unwrap().contents;
        assert_eq!(read(&stored), ["(redacted) at 9"]);
        assert_eq!((read(&open), read(&foreign)), (vec![text.into()], vec![text.into()]));
        // It is not locked afterwards.
        assert!(worker(folder.path()).lock(stored.id).unwrap());
        let missing = folder.path().join("none");
        assert!(remove_redacted(&missing, incident, &redacted_note(incident)).is_ok());
    }

    #[test]
    fn reopened_draft_does_not_bring_a_redacted_text_back() {
        let folder = tempfile::tempdir().unwrap();
        let incident = IncidentId::new();
        let draft = draft(incident, "Tom Varga called at 9");
        let mut panes = worker(folder.path());
        assert_eq!(panes.execute(&DraftOp::Reopen(draft.clone())).unwrap(), None);
        panes.execute(&DraftOp::Release(draft.id)).unwrap();
        remove_redacted(folder.path(), incident, &redacted_note(incident)).unwrap();
        let without = Draft { contents: vec!["(redacted) at 9".into()], ..draft.clone() };
        let changed = panes.execute(&DraftOp::Reopen(draft.clone())).unwrap();
        assert_eq!(changed, Some(DraftEvent::Changed(without.clone())));
        assert_eq!(panes.read(draft.id), Some(without));
        // What was typed later and could not be stored is not lost.
        let later = Draft { at: draft.at + chrono::TimeDelta::seconds(1), ..draft };
        assert_eq!(panes.execute(&DraftOp::Reopen(later.clone())).unwrap(), None);
        assert_eq!(panes.read(later.id), Some(later));
    }

    #[test]
    fn lock_files_of_killed_processes_are_removed_at_start() {
        let folder = tempfile::tempdir().unwrap();
        let [killed, open] = [Uuid::now_v7(), Uuid::now_v7()];
        // A killed process leaves its file behind, and the system releases its lock.
        fs::write(folder.path().join(format!("{killed}.lock")), "").unwrap();
        let mut other = worker(folder.path());
        assert!(other.lock(open).unwrap());
        for name in ["sending.lock", "notes.txt", "11111111-2222.lock"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(worker(folder.path()).find_abandoned().unwrap().is_empty());
        let mut expected = vec![
            "11111111-2222.lock".to_owned(),
            format!("{open}.lock"),
            "notes.txt".to_owned(),
            "sending.lock".to_owned(),
        ];
        expected.sort();
        assert_eq!(file_names(folder.path()), expected);
        // The current lock is still the one that counts.
        assert!(!worker(folder.path()).lock(open).unwrap());
        other.release(open).unwrap();
        assert!(worker(folder.path()).lock(open).unwrap());
    }

    /// Each thread represents a process: locks belong to open files, not to processes.
    #[test]
    fn draft_is_locked_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (id, is_locked, locked_times) =
            (Uuid::now_v7(), AtomicBool::new(false), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut worker = Worker { folder: folder.path().into(), locks: HashMap::new() };
                    for _ in 0..3_000 {
                        if worker.lock(id).unwrap() {
                            assert!(!is_locked.swap(true, Ordering::SeqCst), "locked twice");
                            locked_times.fetch_add(1, Ordering::Relaxed);
                            thread::yield_now();
                            is_locked.store(false, Ordering::SeqCst);
                            worker.release(id).unwrap();
                        }
                    }
                });
            }
        });
        assert!(locked_times.into_inner() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
