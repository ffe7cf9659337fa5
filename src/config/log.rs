//! The log: a file in the state folder, never the screen. A service also writes warnings to
//! standard error, where the system collects them.
//!
//! Each event is one line, and safe to print to a terminal.
//!
//! The file is opened with its first line, so that a run without events creates no file. A log that
//! can't be written is skipped: it is for finding faults, and must not cause one. Its lost lines
//! are counted.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::effective::Config;
use crate::model::text::SafeText;

/// The size at which the log is rotated; one old file remains.
const MAX_BYTES: u64 = 5 * 1024 * 1024;

/// The number of lines that could not be written to the log.
static LOST_LINES: AtomicU64 = AtomicU64::new(0);

/// Returns how many lines could not be written to the log.
#[must_use]
pub fn lost_lines() -> u64 {
    LOST_LINES.load(Ordering::Relaxed)
}

/// Writes tracing events to the log of this configuration, and warnings to standard error as well if
/// `warns_on_stderr` is set.
pub fn start(config: &Config, warns_on_stderr: bool) {
    let level = config.log_level;
    let file = config.log_file.clone().map(|path| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(LogFile::new(path, MAX_BYTES, warns_on_stderr))
            .with_filter(level)
    });
    let stderr = warns_on_stderr.then(|| {
        let is_journal = is_journal();
        let format = fmt::layer().with_ansi(false).with_target(false);
        let format = format.with_writer(StandardError { is_journal });
        // The journal records time and severity itself.
        let layer = if is_journal {
            format.with_level(false).without_time().boxed()
        } else {
            format.boxed()
        };
        layer.with_filter(level.min(LevelFilter::WARN))
    });
    // Only a second call in one process can fail, and then the first one's log continues.
    let _ = tracing_subscriber::registry().with(file).with(stderr).try_init();
}

/// Returns whether standard error is the journal of systemd (systemd.exec(5), `$JOURNAL_STREAM`).
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let stat = rustix::fs::fstat(rustix::stdio::stderr());
    stat.is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// Writes events to standard error.
struct StandardError {
    /// Whether each line begins with its severity, as the journal reads it (sd-daemon(3)).
    is_journal: bool,
}

impl<'a> MakeWriter<'a> for StandardError {
    type Writer = StderrLine;

    fn make_writer(&'a self) -> StderrLine {
        StderrLine { prefix: if self.is_journal { "<4>" } else { "" } }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> StderrLine {
        let is_error = self.is_journal && *meta.level() == Level::ERROR;
        if is_error { StderrLine { prefix: "<3>" } } else { self.make_writer() }
    }
}

/// Writes one event to standard error: as one line, sanitized.
struct StderrLine {
    prefix: &'static str,
}

impl Write for StderrLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        write_to_stderr(self.prefix, text.trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the text is sanitized")]
fn write_to_stderr(prefix: &str, text: &str) {
    let line = format!("{prefix}{}\n", SafeText::from(text.trim()));
    // If it is closed, nobody reads it.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// A file that is opened late, and rotated before it exceeds a size.
struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    open: Mutex<Option<OpenFile>>,
    /// Whether a failure to write the file is reported on standard error.
    warns_on_stderr: bool,
    /// Whether the last line could not be written.
    is_failing: AtomicBool,
}

struct OpenFile {
    file: File,
    size: u64,
}

impl LogFile {
    fn new(path: PathBuf, most: u64, warns_on_stderr: bool) -> Self {
        let is_failing = AtomicBool::new(false);
        Self { path, max_bytes: most, open: Mutex::new(None), warns_on_stderr, is_failing }
    }

    /// Writes a line. A line that can't be written is counted, and the first of several is
    /// reported.
    fn write_or_count(&self, line: &[u8]) {
        let result = self.write(line);
        let was_failing = self.is_failing.swap(result.is_err(), Ordering::Relaxed);
        let Err(error) = result else { return };
        LOST_LINES.fetch_add(1, Ordering::Relaxed);
        if self.warns_on_stderr && !was_failing {
            let (path, reason) = (self.path.display(), error.kind());
            let text = format!("the log {path} can't be written ({reason}): its lines are lost");
            write_to_stderr("", &text);
        }
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

    /// Opens the file, and rotates it first if it is full. Another process may have done that
    /// meanwhile, so the size is read again.
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
        self.0.write_or_count(line.as_bytes());
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
        let log = LogFile::new(path.clone(), 100, false);
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
        let log = LogFile::new(path.clone(), 1000, false);
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
        let log = LogFile::new(path.clone(), 10, false);
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
        let log = LogFile::new(folder.path().join("file/log"), 10, false);
        let before = lost_lines();
        assert!(LineWriter(&log).write_all(b"lost\n").is_ok());
        assert!(lost_lines() > before);
    }
}
