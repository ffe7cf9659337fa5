//! The log: a file in the state folder, never the screen.
//!
//! It is opened with its first line, so that a run with nothing to say leaves no file. A log that
//! can't be written is done without: it is for finding faults, and must not become one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::Config;

/// From this size on the log is put aside and begun anew; one old file is kept.
const MOST_BYTES: u64 = 5 * 1024 * 1024;

/// Sends what is traced to the log of this configuration.
pub fn start(config: &Config) {
    let Some(path) = config.log_file.clone() else { return };
    if config.log_level == LevelFilter::OFF {
        return;
    }
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(config.log_level)
        .with_ansi(false)
        .with_writer(Log::new(path, MOST_BYTES))
        .finish();
    // Only a second call in one process can fail, and then the first one's log goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A file that is opened late and kept below a size.
struct Log {
    path: PathBuf,
    most: u64,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: File,
    size: u64,
}

impl Log {
    fn new(path: PathBuf, most: u64) -> Self {
        Self { path, most, open: Mutex::new(None) }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let added = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let full = open.as_ref().is_some_and(|o| o.size.saturating_add(added) > self.most);
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

    /// Opens the file, putting it aside first where it is full. Another process may just have
    /// done that, so its size is looked at anew.
    fn reopen(&self, added: u64) -> io::Result<Open> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let size = fs::metadata(&self.path).map_or(0, |m| m.len());
        if size > 0 && size.saturating_add(added) > self.most {
            fs::rename(&self.path, old(&self.path))?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let size = file.metadata()?.len();
        Ok(Open { file, size })
    }
}

fn old(path: &Path) -> PathBuf {
    path.with_extension("old")
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// One line on its way.
struct Line<'a>(&'a Log);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Told to nobody: the subscriber would print it on the screen.
        let _ = self.0.write(bytes);
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
    fn it_is_made_with_its_first_line_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redphone/log");
        let log = Log::new(path.clone(), 100);
        assert!(!path.exists());
        log.write(b"one\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_full_one_is_put_aside_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::new(path.clone(), 10);
        for line in ["first\n", "second\n", "third\n"] {
            log.write(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "third\n");
        assert_eq!(fs::read_to_string(old(&path)).unwrap(), "second\n");
    }

    #[test]
    fn a_place_that_can_not_be_written_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let log = Log::new(folder.path().join("file/log"), 10);
        assert!(Line(&log).write_all(b"lost\n").is_ok());
    }
}
