//! Where what is kept of a remote lies on this machine.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The most characters of a name in a folder's name.
const MAX_NAME_CHARS: usize = 40;

/// The outbox in a folder.
pub(super) const OUTBOX_FILE: &str = "outbox.db";

/// Which remote, and who asks it: what is kept for one is never shown to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteKey {
    /// What people call it: the profile's name, or the host. The same remote may have several.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Who asks, as far as this machine knows: the handle. Never a secret.
    pub handle: String,
}

impl RemoteKey {
    /// The name of its folder: readable, safe as a file name, and different for each remote and
    /// each of those who ask it. By whichever name it is called, it is the same.
    #[must_use]
    pub fn folder_name(&self) -> String {
        format!("{}-{:016x}", safe_file_name(self.host()), fnv1a(&[self.url(), &self.handle]))
    }

    fn url(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    fn host(&self) -> &str {
        let behind = self.url.split_once("://").map_or(self.url.as_str(), |(_, behind)| behind);
        behind.split('/').next().unwrap_or_default()
    }

    /// The names that its folder had when it was named by the profile too.
    fn legacy_folder_names(&self) -> [String; 2] {
        [self.name.as_str(), self.host()].map(|name| {
            format!("{}-{:016x}", safe_file_name(name), fnv1a(&[name, self.url(), &self.handle]))
        })
    }

    /// What earlier versions have kept of it, in folders of other names: the first becomes its folder
    /// where there is none yet. Gives those that are left and have an outbox.
    pub(super) fn migrate_legacy_dirs(&self, folder: &Path) -> Vec<PathBuf> {
        let here = folder.join(self.folder_name());
        let mut left = Vec::new();
        for name in self.legacy_folder_names() {
            let earlier = folder.join(name);
            if left.contains(&earlier) || !earlier.join(OUTBOX_FILE).exists() {
                continue;
            }
            // Another process may do the same.
            if here.exists() || fs::rename(&earlier, &here).is_err() {
                left.push(earlier);
            }
        }
        left
    }
}

/// A name without what a file name should not have.
fn safe_file_name(name: &str) -> String {
    let mut safe: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .take(MAX_NAME_CHARS)
        .collect();
    if safe.is_empty() {
        safe.push_str("remote");
    }
    safe
}

/// FNV-1a over parts: the same on every platform and in every version.
fn fnv1a(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Makes the folder, only for its owner.
///
/// # Errors
/// When it can't be made or is not a folder.
pub(super) fn create_private_dir(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::metadata(folder)?.permissions().mode() & 0o777;
    if found != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Opens a file for writing, only for its owner; it is made where it is missing.
///
/// # Errors
/// When it can't be made.
pub(super) fn open_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A file beside another, by what is put behind its name.
pub(super) fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, url: &str, who: &str) -> String {
        RemoteKey { name: name.into(), url: url.into(), handle: who.into() }.folder_name()
    }

    #[test]
    fn a_folder_is_named_safely_and_never_shared() {
        let one = named("prod", "https://a.example", "ines");
        assert!(one.starts_with("a-example-"), "{one}");
        assert_eq!(one, named("prod", "https://a.example/", "ines"));
        // A profile of the same URL is the same remote.
        assert_eq!(one, named("a.example", "https://a.example", "ines"));
        let others = [
            named("prod", "https://b.example", "ines"),
            named("prod", "https://a.example", "tomo"),
            named("prod", "https://a.example:8443", "ines"),
            named("prod", "https://a.example/../../etc", "ines"),
            named("prod", "../../etc", "ines"),
            named("", "", "ines"),
        ];
        for other in &others {
            assert_ne!(*other, one);
            assert!(!other.contains(['/', '.']), "{other}");
        }
        assert!(named("u", &"x".repeat(500), "w").len() < 64);
    }
}
