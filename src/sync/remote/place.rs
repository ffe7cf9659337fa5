//! Where what is kept of a remote lies on this machine.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The most characters of a name in a folder's name.
const LONGEST: usize = 40;

/// Which remote, and who asks it: what is kept for one is never shown to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// What people call it: the profile's name, or the host.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Who asks, as far as this machine knows: the profile and the handle. Never a secret.
    pub who: String,
}

impl Named {
    /// The name of its folder: readable, safe as a file name, and different for each remote and
    /// each of those who ask it.
    #[must_use]
    pub fn folder(&self) -> String {
        let mut safe: String = self
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .take(LONGEST)
            .collect();
        if safe.is_empty() {
            safe.push_str("remote");
        }
        format!("{safe}-{:016x}", hash(&[&self.name, self.url.trim_end_matches('/'), &self.who]))
    }
}

/// FNV-1a over parts: the same on every platform and in every version.
fn hash(parts: &[&str]) -> u64 {
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
pub(super) fn make(folder: &Path) -> io::Result<()> {
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
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A file beside another, by what is put behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, url: &str, who: &str) -> String {
        Named { name: name.into(), url: url.into(), who: who.into() }.folder()
    }

    #[test]
    fn a_folder_is_named_safely_and_never_shared() {
        let one = named("prod", "https://a.example", "ines");
        assert!(one.starts_with("prod-"), "{one}");
        assert_eq!(one, named("prod", "https://a.example/", "ines"));
        let others = [
            named("prod", "https://b.example", "ines"),
            named("prod", "https://a.example", "tomo"),
            named("prod2", "https://a.example", "ines"),
            named("../../etc", "https://a.example", "ines"),
            named("", "https://a.example", "ines"),
        ];
        for other in &others {
            assert_ne!(*other, one);
            assert!(!other.contains(['/', '.']), "{other}");
        }
        assert!(named(&"x".repeat(500), "u", "w").len() < 64);
    }
}
