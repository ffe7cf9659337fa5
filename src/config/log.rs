//! The log: a file in the state folder, never the screen.
//!
//! Each event is one line, and harmless on a terminal that the file is read on.
//!
//! The file is opened with its first line, so that a run with nothing to say leaves no file. A log
//! that can't be written is skipped: it is for finding faults, and must not become one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::effective::Config;
use crate::model::text::SafeText;

/// The size at which the log is rotated; one old file remains.
const MAX_BYTES: u64 = 5 * 1024 * 1024;

/// Writes tracing events to the log of this configuration.
pub fn start(config: &Config) {
    let Some(path) = config.log_file.clone() else { return };
    if config.log_level == LevelFilter::OFF {
        return;
    }
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(config.log_level)
        .with_ansi(false)
        .with_writer(LogFile::new(path, MAX_BYTES))
        .finish();
    // Only a second call in one process can fail, and then the first one's log goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A file that is opened late, and rotated before it exceeds a size.
struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    open: Mutex<Option<OpenFile>>,
}

struct OpenFile {
    file: File,
    size: u64,
}

impl LogFile {
    fn new(path: PathBuf, most: u64) -> Self {
        Self { path, max_bytes: most, open: Mutex::new(None) }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let added = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let full = open.as_ref().is_some_and(|o| o.size.saturating_add(added) > self.max_bytes);
        if full {
            *open = None;
        }
        let open = match &mut *open {
            Some(open) => open,
            none => none.insert(self.reopen(added)?),
        };
        open.file.write_all(line)?;
        open.size = open.size.saturating_add(added);
        Ok(())
    }

    /// Opens the file, and rotates it first if it is full. Another process may just have done that,
    /// so the size is read again.
    fn reopen(&self, added: u64) -> io::Result<OpenFile> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let size = fs::metadata(&self.path).map_or(0, |m| m.len());
        if size > 0 && size.saturating_add(added) > self.max_bytes {
            fs::rename(&self.path, rotated_path(&self.path))?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let size = file.metadata()?.len();
        Ok(OpenFile { file, size })
    }
}

fn rotated_path(path: &Path) -> PathBuf {
    path.with_extension("old")
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter(self)
    }
}

/// Writes one event to the log: as one line, sanitized.
struct LineWriter<'a>(&'a LogFile);

impl Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = format!("{}\n", SafeText::from(text.trim_end_matches('\n')));
        // Not returned: the subscriber would print the error on the screen.
        let _ = self.0.write(line.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn log_is_created_with_its_first_line_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redphone/log");
        let log = LogFile::new(path.clone(), 100);
        assert!(!path.exists());
        log.write(b"one\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn event_is_one_harmless_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = LogFile::new(path.clone(), 1000);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(log)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let text = "a\u{1b}[2J\u{9b}31m\u{202e}b\nWARN c";
            tracing::warn!(text, "{text}");
        });
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().count(), 1, "{text:?}");
        let line = text.trim_end_matches('\n');
        assert_eq!(SafeText::from(line), line);
    }

    #[test]
    fn full_log_is_rotated_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = LogFile::new(path.clone(), 10);
        for line in ["first\n", "second\n", "third\n"] {
            log.write(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "third\n");
        assert_eq!(fs::read_to_string(rotated_path(&path)).unwrap(), "second\n");
    }

    #[test]
    fn unwritable_log_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let log = LogFile::new(folder.path().join("file/log"), 10);
        assert!(LineWriter(&log).write_all(b"lost\n").is_ok());
    }
}
