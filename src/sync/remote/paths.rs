//! Paths of a remote's files on this machine.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The most characters of a name within a folder's name.
const MAX_NAME_CHARS: usize = 40;

/// Name of the outbox file in a remote's folder.
pub(super) const OUTBOX_FILE: &str = "outbox.db";

/// Name of the cache file in a remote's folder.
pub(super) const CACHE_FILE: &str = "kept.db";

/// Identifies a remote and the requester: data cached for one person is never shown to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteKey {
    /// The user-visible name of the remote: the profile's name, or the host. One remote may have
    /// several names.
    pub name: String,
    /// Address of the remote's API.
    pub url: String,
    /// Handle of the requester, as far as known to this machine. Never a secret.
    pub handle: String,
}

impl RemoteKey {
    /// Returns the name of the folder of a remote whose token has no public id, as of earlier
    /// versions for all: readable, safe as a file name, and different for each remote and each
    /// requester. The name that people use makes no difference.
    #[must_use]
    pub fn folder_name(&self) -> String {
        format!("{}-{:016x}", safe_file_name(self.host()), fnv1a(&[self.url(), &self.handle]))
    }

    fn url(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    fn host(&self) -> &str {
        host_of(&self.url)
    }

    /// Returns the name of a new folder: by the token, if its public id is known.
    pub(super) fn new_folder_name(&self, token: Option<&str>) -> String {
        let Some(token) = token else { return self.folder_name() };
        let url = normalize_url(&self.url);
        format!("{}-{:016x}", safe_file_name(host_of(&url)), fnv1a(&[&url, token, "token"]))
    }

    /// Returns whether a folder has the name that earlier versions gave it for a handle.
    pub(super) fn is_legacy_name(&self, handle: &str, name: &str) -> bool {
        let key = Self { handle: handle.to_owned(), ..self.clone() };
        key.folder_name() == name || key.oldest_folder_names().iter().any(|old| old == name)
    }

    /// Returns the names that the folder had when the profile's name was part of it.
    fn oldest_folder_names(&self) -> [String; 2] {
        [self.name.as_str(), self.host()].map(|name| {
            format!("{}-{:016x}", safe_file_name(name), fnv1a(&[name, self.url(), &self.handle]))
        })
    }
}

/// Returns the normalized form of an address for comparisons: names of this machine and their
/// addresses are equal.
pub(super) fn normalize_url(url: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_ascii_lowercase() };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let authority = authority.to_ascii_lowercase();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority.as_str(), ""),
    };
    let host = host.trim_end_matches('.');
    let host = if matches!(host, "localhost" | "[::1]") { "127.0.0.1" } else { host };
    let scheme = scheme.to_ascii_lowercase();
    let is_default = matches!((scheme.as_str(), port), ("http", "80") | ("https", "443"));
    let port = if port.is_empty() || is_default { String::new() } else { format!(":{port}") };
    format!("{scheme}://{host}{port}{path}")
}

/// Returns the host of an address, with its port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Replaces the characters that a file name should not have.
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

/// Computes FNV-1a over parts: the same on every platform and in every version.
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

/// Creates a folder for its owner alone.
///
/// # Errors
/// When it can't be created or is not a folder.
pub(super) fn create_private_dir(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o777;
    if mode != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Opens a file for writing, for its owner alone, and creates it if it is missing.
///
/// # Errors
/// When it can't be created.
pub(super) fn open_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Appends a suffix to the file name of a path.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, url: &str, handle: &str) -> String {
        RemoteKey { name: name.into(), url: url.into(), handle: handle.into() }.folder_name()
    }

    #[test]
    fn folder_names_are_safe_and_unique() {
        let one = named("prod", "https://a.example", "ines");
        assert!(one.starts_with("a-example-"), "{one}");
        assert_eq!(one, named("prod", "https://a.example/", "ines"));
        // Two profiles with the same URL are the same remote.
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
