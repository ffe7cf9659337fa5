//! Writes a status page into a folder, from which a web server serves it.
//!
//! Each file is complete at any time, because it is written to a temporary file and then renamed.
//! Unchanged files are not written, except once an hour: the time in the page shows readers that it
//! is still updated.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use crate::files::Replacement;
use crate::model::status_page::{PublicFile, STATUS_FILE, StatusPage};

/// The age at which an unchanged page is written again.
pub const REFRESHED_AFTER: TimeDelta = TimeDelta::hours(1);
/// The mode of files that everybody may read.
const MODE: u32 = 0o644;

/// Returns the beginning of links to a page; `None` for an invalid address, and for one with a
/// login, which would be public, or with a query or fragment.
#[must_use]
pub fn page_address(text: &str) -> Option<String> {
    let url: reqwest::Url = text.trim().parse().ok()?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    let is_open = url.username().is_empty() && url.password().is_none();
    let is_plain = url.query().is_none() && url.fragment().is_none();
    (is_web && is_open && is_plain).then(|| url.to_string())
}

/// Returns whether a folder has a page that is not one of ours: a file with its name, without the
/// file with the time of our pages.
#[must_use]
pub fn has_other_page(folder: &Path) -> bool {
    let status = fs::read_to_string(folder.join(STATUS_FILE)).ok();
    let is_ours = status.as_deref().and_then(StatusPage::made_at_of).is_some();
    !is_ours && folder.join("index.html").exists()
}

/// The result of writing a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// How many files were written; 0 if nothing has changed.
    pub files: usize,
    /// When the page in the folder was made.
    pub made_at: DateTime<Utc>,
}

/// Writes a page into a folder, which is created if it is missing, unless the folder has the same
/// already.
///
/// # Errors
/// When the folder can't be read or written. What was written before stays, each file complete.
pub fn write_site(folder: &Path, page: &StatusPage) -> io::Result<Written> {
    let before = fs::read_to_string(folder.join(STATUS_FILE)).ok();
    let made_at = before.as_deref().and_then(StatusPage::made_at_of);
    // One that is ahead is from before the clock was set back.
    let is_recent =
        |at: &DateTime<Utc>| *at <= page.made_at && page.made_at - *at < REFRESHED_AFTER;
    if let Some(made_at) = made_at.filter(is_recent) {
        let same = StatusPage { made_at, ..page.clone() };
        if same.files().iter().all(|file| is_in(folder, file)) {
            return Ok(Written { files: 0, made_at });
        }
    }
    let files = page.files();
    for file in &files {
        write(folder, file)?;
    }
    Ok(Written { files: files.len(), made_at: page.made_at })
}

fn is_in(folder: &Path, file: &PublicFile) -> bool {
    fs::read(folder.join(file.path)).is_ok_and(|content| content == file.content.as_bytes())
}

fn write(folder: &Path, file: &PublicFile) -> io::Result<()> {
    let target = folder.join(file.path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut replacement = Replacement::begin(&target)?;
    replacement.write_all(file.content.as_bytes())?;
    if target.exists() {
        replacement.copy_access()?;
    } else {
        replacement.file().set_permissions(Permissions::from_mode(MODE))?;
    }
    replacement.commit()
}

/// A page that is served from memory, to everybody. Copies of it are the same page.
#[derive(Clone, Default)]
pub struct SharedSite(Arc<RwLock<Arc<Vec<PublicFile>>>>);

impl fmt::Debug for SharedSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSite(…)")
    }
}

impl PartialEq for SharedSite {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl SharedSite {
    /// Replaces the files.
    pub fn set(&self, files: Vec<PublicFile>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(files);
    }

    /// Removes all files.
    pub fn clear(&self) {
        let is_empty = self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty();
        if !is_empty {
            self.set(Vec::new());
        }
    }

    /// Returns the file with a path; `None` if there is none, or no page yet.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<PublicFile> {
        let files = self.0.read().unwrap_or_else(PoisonError::into_inner);
        files.iter().find(|file| file.path == path).cloned()
    }
}

/// Writes a document into a folder, which is created if it is missing. Only its owner can read a
/// new one.
///
/// # Errors
/// When the folder can't be written.
pub fn write_document(folder: &Path, file: &str, content: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut replacement = Replacement::begin(&folder.join(file))?;
    replacement.write_all(content.as_bytes())?;
    replacement.copy_access()?;
    replacement.commit()
}
