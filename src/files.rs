//! Replaces files on the disk: whoever reads one finds the old content or the new one, after a
//! crash and after a power cut too.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The number of symbolic links that are followed, as the system itself does.
const MAX_LINKS: usize = 40;
/// The size of the writes.
const BUFFER_BYTES: usize = 256 * 1024;

/// The new content of a file. It is written to a temporary file in the same folder, which only its
/// owner can read, and has its name once it is committed. Dropped before, it leaves nothing.
pub(crate) struct Replacement {
    target: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl Replacement {
    /// Begins to write the new content of a file, which may be missing. The folder must exist.
    ///
    /// # Errors
    /// When no file can be created in the folder.
    pub(crate) fn begin(target: &Path) -> io::Result<Self> {
        NamedTempFile::new_in(folder_of(target)).map(|file| Self::with_file(target, file))
    }

    /// Begins like [`begin`](Self::begin), with a temporary file whose name begins with `prefix`, so
    /// that whoever may do so finds the files of killed processes.
    ///
    /// # Errors
    /// When no file can be created in the folder.
    pub(crate) fn begin_with_prefix(target: &Path, prefix: &str) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(prefix).tempfile_in(folder_of(target))?;
        Ok(Self::with_file(target, file))
    }

    fn with_file(target: &Path, file: NamedTempFile) -> Self {
        Self { target: target.to_owned(), writer: BufWriter::with_capacity(BUFFER_BYTES, file) }
    }

    /// Gives the new content the owner, the group and the mode of the file that it replaces, as far
    /// as this process may. What only the group of the file could do, no other group can.
    ///
    /// # Errors
    /// When the mode can't be set.
    pub(crate) fn copy_access(&self) -> io::Result<()> {
        let Ok(old) = fs::metadata(&self.target) else { return Ok(()) };
        let new = self.file().metadata()?;
        // Only root can give a file away.
        if old.uid() != new.uid() {
            fchown(self.file(), Some(old.uid()), None).ok();
        }
        let has_group =
            old.gid() == new.gid() || fchown(self.file(), None, Some(old.gid())).is_ok();
        let mode = if has_group { old.mode() & 0o777 } else { old.mode() & 0o707 };
        self.file().set_permissions(Permissions::from_mode(mode))
    }

    /// Returns the temporary file, to change its owner or mode.
    pub(crate) fn file(&self) -> &File {
        self.writer.get_ref().as_file()
    }

    /// Returns the path of the file that is replaced.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the content durable, and replaces the file with it.
    ///
    /// # Errors
    /// When it can't be written; the old file stays then.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.finish(|file, target| file.persist(target))
    }

    /// Makes the content durable, and gives it its name, unless there is a file of that name.
    ///
    /// # Errors
    /// When it can't be written, or with [`io::ErrorKind::AlreadyExists`].
    pub(crate) fn commit_new(self) -> io::Result<()> {
        self.finish(|file, target| file.persist_noclobber(target))
    }

    /// Gives the new content another name than that of the file that it was begun for, in the same
    /// folder.
    pub(crate) fn rename_target(&mut self, target: PathBuf) {
        self.target = target;
    }

    fn finish(
        self,
        persist: impl FnOnce(NamedTempFile, &Path) -> Result<File, tempfile::PersistError>,
    ) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        persist(file, &self.target).map_err(|error| error.error)?;
        // The name is durable once the folder is.
        File::open(folder_of(&self.target))?.sync_all()
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Identifies a version of a file: device, inode, length, and when it was modified and changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileStamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// Identifies the present version of the file that a path leads to; `None` if there is none.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

/// Follows the symbolic links of a path's last part to the file that they lead to, which may be
/// missing.
///
/// # Errors
/// When a link can't be read, or they lead in a circle.
pub(crate) fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    let mut current = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&current) {
            Ok(metadata) if metadata.is_symlink() => {
                current = folder_of(&current).join(fs::read_link(&current)?);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(current),
        }
    }
    Err(io::Error::other("its symbolic links lead in a circle"))
}

/// Returns the folder of a file; that of a bare name is the current one.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the text of a system error without its number, and without the path that
/// may follow that.
pub(crate) fn io_error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn text_of_a_system_error_has_no_number_and_no_path() {
        let error = || io::Error::from_raw_os_error(5);
        assert_eq!(io_error_text(&error()), "Input/output error");
        let with_path = format!("{} at path \"/tmp/.new-1\"", error());
        assert_eq!(io_error_text(&io::Error::other(with_path)), "Input/output error");
    }

    #[test]
    fn replaced_file_has_the_new_content_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "old").unwrap();
        let mut file = Replacement::begin(&target).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn replacement_that_is_dropped_leaves_the_old_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "old").unwrap();
        let mut file = Replacement::begin(&target).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn new_file_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        Replacement::begin(&target).unwrap().commit_new().unwrap();
        let refused = Replacement::begin(&target).unwrap().commit_new().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn links_are_followed_to_a_file_that_is_still_to_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("a")).unwrap();
        symlink("a/file", path("relative")).unwrap();
        symlink(path("relative"), path("absolute")).unwrap();
        assert_eq!(resolve_links(&path("absolute")).unwrap(), path("a/file"));
        assert_eq!(resolve_links(&path("plain")).unwrap(), path("plain"));
        symlink("round", path("about")).unwrap();
        symlink("about", path("round")).unwrap();
        assert!(resolve_links(&path("round")).unwrap_err().to_string().contains("in a circle"));
    }

    #[test]
    fn mode_and_group_of_the_old_file_are_copied_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&target, Some(12_345), Some(54_321)).unwrap();
        }
        let before = fs::metadata(&target).unwrap();
        let file = Replacement::begin(&target).unwrap();
        file.copy_access().unwrap();
        file.commit().unwrap();
        let after = fs::metadata(&target).unwrap();
        let access = |m: &fs::Metadata| (m.mode() & 0o777, m.uid(), m.gid());
        assert_eq!(access(&after), access(&before));
        assert_ne!(after.ino(), before.ino());
    }
}
