//! The token file: read completely, changed under a lock, and replaced atomically.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, OFlags};
use serde::{Deserialize, Serialize};

use super::stored::StoredToken;
use super::{NewToken, NoRandomness, Secret, Token, TokenForm, TokenStatus};
use crate::files::{FileStamp, Replacement};
use crate::model::check;
use crate::model::text::sanitize;
use crate::server::scope::Scope;

/// The version of the file format.
const VERSION: u32 = 1;

/// The reason why a token can't be created, revoked or listed, as a sentence with a remedy.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The request makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The token does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The file can't be read or written.
    #[error("{0}")]
    File(String),
}

impl From<NoRandomness> for TokenError {
    fn from(error: NoRandomness) -> Self {
        Self::File(error.to_string())
    }
}

/// The file in which tokens are stored. Only its owner can read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    tokens: Vec<StoredToken>,
}

impl TokenFile {
    /// Names the file at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Names the file that belongs to a store: `redphone.tokens.json` next to `redphone.db`.
    #[must_use]
    pub fn for_store(store: &Path) -> Self {
        Self::new(store.with_extension("tokens.json"))
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns all tokens, in the order of their creation.
    ///
    /// # Errors
    /// The file can't be read, or is no token file.
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.io_error("read", &e)),
        };
        let file = self.path.display();
        let content: Content = serde_json::from_str(&text).map_err(|e| {
            TokenError::File(format!(
                "{file} is no file of tokens ({e}): restore it, or move it away and make new tokens"
            ))
        })?;
        if content.version != VERSION {
            return Err(TokenError::File(format!(
                "{file} was written by a newer redphone: update this one"
            )));
        }
        Ok(content.tokens.into_iter().map(Token::from).collect())
    }

    /// Creates a token, and returns its secret, which must be shown once.
    ///
    /// # Errors
    /// The name is in use or invalid, or the file can't be written.
    pub fn create(&self, new: NewToken) -> Result<(Secret, Token), TokenError> {
        self.create_in_form(new, TokenForm::Token)
    }

    /// Creates an integration key, which has the scope `ingest`, and returns its secret, which must
    /// be shown once.
    ///
    /// # Errors
    /// As of [`Self::create`].
    pub fn create_key(
        &self,
        name: String,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(Secret, Token), TokenError> {
        let new = NewToken { name, scope: Scope::Ingest, person: None, expires_at };
        self.create_in_form(new, TokenForm::Key)
    }

    fn create_in_form(
        &self,
        new: NewToken,
        form: TokenForm,
    ) -> Result<(Secret, Token), TokenError> {
        let now = Utc::now();
        let NewToken { name, scope, person, expires_at } = new;
        check_name("name", &name)?;
        if let Some(person) = &person {
            if scope.is_for_programs() {
                return Err(TokenError::Refused(format!(
                    "a token of scope {scope} acts for a program: leave --person out"
                )));
            }
            check_name("person", person)?;
        }
        if expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Refused(
                "it would have expired already: give a time that is still to come".into(),
            ));
        }
        let secret = match form {
            TokenForm::Token => Secret::new()?,
            TokenForm::Key => Secret::new_key()?,
        };
        let token = Token {
            id: secret.id().to_owned(),
            form,
            hash: secret.hash(),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
            name,
            scope,
            person,
            expires_at,
        };
        self.change(|tokens| {
            if tokens.iter().any(|t| t.name == token.name && t.status(now) == TokenStatus::Valid) {
                return Err(TokenError::Refused(format!(
                    "there is a token {:?} already: revoke it first, or choose another name",
                    sanitize(&token.name)
                )));
            }
            tokens.push(token.clone());
            Ok(())
        })?;
        Ok((secret, token))
    }

    /// Revokes a token, by its id or by the name of a valid one.
    ///
    /// # Errors
    /// There is no such token, it was revoked before, or the file can't be written.
    pub fn revoke(&self, which: &str) -> Result<Token, TokenError> {
        let now = Utc::now();
        self.change(|tokens| {
            let by_name = |t: &&mut Token| t.name == which && t.status(now) == TokenStatus::Valid;
            let index = tokens.iter().position(|t| t.id == which);
            let token = match index {
                Some(index) => tokens.get_mut(index),
                None => tokens.iter_mut().find(by_name),
            };
            let which = sanitize(which);
            let token = token.ok_or_else(|| {
                TokenError::NotFound(format!(
                    "there is no token {which:?} that holds: `redphone token list` shows all"
                ))
            })?;
            if let TokenStatus::Revoked(at) = token.status(now) {
                return Err(TokenError::Refused(format!(
                    "the token {:?} was revoked already, at {}",
                    sanitize(&token.name),
                    at.format("%Y-%m-%d %H:%M UTC")
                )));
            }
            token.revoked_at = Some(now);
            Ok(token.clone())
        })
    }

    /// Records when tokens were last used.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn record_uses(&self, uses: &[(String, DateTime<Utc>)]) -> Result<(), TokenError> {
        self.change(|tokens| {
            for (id, at) in uses {
                if let Some(token) = tokens.iter_mut().find(|token| token.id == *id) {
                    token.last_used_at = token.last_used_at.max(Some(*at));
                }
            }
            Ok(())
        })
    }

    /// Reads, changes and replaces the file under a lock that excludes other processes.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Token>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let write_error = |e: io::Error| self.io_error("written", &e);
        // A link stays a link: the file that it leads to is replaced, and all who change it by one
        // name or another exclude each other.
        let target = follow_links(&self.path).map_err(write_error)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(write_error)?;
        // The lock is a separate file: the token file itself is replaced, so that a lock on it
        // would exclude nobody.
        let mut lock_path = target.clone().into_os_string();
        lock_path.push(".lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(lock_path)
            .map_err(write_error)?;
        give_to_owner(&target, folder, &lock).map_err(write_error)?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(|e| write_error(e.into()))?;
        let mut tokens = self.list()?;
        let result = change(&mut tokens)?;
        write(&target, folder, tokens).map_err(write_error)?;
        Ok(result)
    }

    /// Identifies the current version of the file; `None` if there is no file.
    pub(super) fn stamp(&self) -> Option<FileStamp> {
        FileStamp::read(&self.path)
    }

    fn io_error(&self, what: &str, error: &io::Error) -> TokenError {
        let file = self.path.display();
        let reason = error.kind();
        let advice = match reason {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
            _ => "make it and its folder readable and writable for you",
        };
        TokenError::File(format!("{file} can't be {what} ({reason}): {advice}"))
    }
}

/// The most links that are followed one after the other, as on Linux.
const MAX_LINKS: usize = 40;

/// Returns the file that a path leads to through links. The file itself may be missing.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&target) {
            // A relative link is relative to its folder.
            Ok(to) => target = target.parent().unwrap_or(Path::new("")).join(to),
            // It is no link, or there is nothing yet.
            Err(_) => return Ok(target),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

fn write(target: &Path, folder: &Path, tokens: Vec<Token>) -> io::Result<()> {
    let mut file = Replacement::begin(target)?;
    file.file().set_permissions(std::fs::Permissions::from_mode(0o600))?;
    give_to_owner(target, folder, file.file())?;
    let tokens = tokens.into_iter().map(StoredToken::from).collect();
    serde_json::to_writer_pretty(&mut file, &Content { version: VERSION, tokens })?;
    file.write_all(b"\n")?;
    file.commit()
}

/// Gives a file that root has created to the owner of the token file, or else of its folder.
/// Otherwise a server that runs as that user could no longer read the file, and would continue with
/// its old tokens.
fn give_to_owner(target: &Path, folder: &Path, file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    // A file with other hard links may belong to somebody else: its owner is not changed.
    if !rustix::process::geteuid().is_root() || metadata.len() > 0 || metadata.nlink() > 1 {
        return Ok(());
    }
    let owner = target.symlink_metadata().or_else(|_| folder.metadata())?;
    if (owner.uid(), owner.gid()) == (metadata.uid(), metadata.gid()) {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

fn check_name(field: &'static str, name: &str) -> Result<(), TokenError> {
    check::name(field, name).map_err(|error| TokenError::Refused(error.to_string()))?;
    if sanitize(name) != name {
        return Err(TokenError::Refused(format!(
            "{field}: has characters that can't be shown: leave them out"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn new_token(name: &str) -> NewToken {
        NewToken { name: name.into(), scope: Scope::Respond, person: None, expires_at: None }
    }

    #[test]
    fn key_is_in_the_file_by_its_hash_alone() {
        let (_folder, file) = token_file();
        let (secret, key) = file.create_key("Zabbix".into(), None).unwrap();
        assert_eq!((key.form, key.scope), (TokenForm::Key, Scope::Ingest));
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(&secret.reveal()), "the key is not in it");
        assert_eq!(file.list().unwrap()[0].form, TokenForm::Key);
        // A file of an earlier version has no form; the key is valid nevertheless.
        let earlier = text.replace("\"form\": \"key\",", "");
        assert_ne!(earlier, text);
        std::fs::write(file.path(), earlier).unwrap();
        let read = file.list().unwrap().remove(0);
        assert_eq!((read.form, read.scope), (TokenForm::Token, Scope::Ingest));
        let parsed: Secret = secret.reveal().parse().unwrap();
        assert!(parsed.id() == read.id && parsed.hash().matches(&read.hash));
    }

    fn token_file() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::for_store(&folder.path().join("deep/redphone.db"));
        (folder, file)
    }

    #[test]
    fn token_file_is_readable_only_by_its_owner() {
        let (_folder, file) = token_file();
        assert!(file.list().unwrap().is_empty());
        let (secret, _) = file.create(new_token("ines")).unwrap();
        assert!(file.path().ends_with("deep/redphone.tokens.json"));
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(&secret.reveal()[16..]), "the secret is not in it");
    }

    #[test]
    fn link_to_the_file_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for inside in ["etc", "secrets", "links"] {
            std::fs::create_dir(path(inside)).unwrap();
        }
        // One link after the other, relative and absolute, to a file that does not exist yet.
        std::os::unix::fs::symlink("../links/b.json", path("etc/a.json")).unwrap();
        std::os::unix::fs::symlink(path("secrets/tokens.json"), path("links/b.json")).unwrap();
        let linked = TokenFile::new(path("etc/a.json"));
        let direct = TokenFile::new(path("secrets/tokens.json"));
        linked.create(new_token("ines")).unwrap();
        let before = linked.stamp();
        assert_eq!(direct.list().unwrap().len(), 1);
        direct.revoke("ines").unwrap();
        assert_ne!(linked.stamp(), before, "a change of the target is seen through the link");
        assert!(linked.list().unwrap()[0].revoked_at.is_some());
        linked.create(new_token("omar")).unwrap();
        assert_eq!(direct.list().unwrap().len(), 2);
        for link in ["etc/a.json", "links/b.json"] {
            assert!(path(link).symlink_metadata().unwrap().is_symlink(), "{link}");
        }
        let locks = std::fs::read_dir(path("etc")).unwrap().count();
        assert_eq!(locks, 1, "the lock stands beside the file itself");
    }

    #[test]
    fn folder_that_is_a_link_can_be_swapped() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for version in ["v1", "v2"] {
            TokenFile::new(path(version).join("tokens.json")).create(new_token(version)).unwrap();
        }
        std::os::unix::fs::symlink("v1", path("data")).unwrap();
        let file = TokenFile::new(path("data/tokens.json"));
        let (names, before) = (file.list().unwrap(), file.stamp());
        assert_eq!(names[0].name, "v1");
        std::os::unix::fs::symlink("v2", path("new")).unwrap();
        std::fs::rename(path("new"), path("data")).unwrap();
        assert_ne!(file.stamp(), before);
        assert_eq!(file.list().unwrap()[0].name, "v2");
    }

    #[test]
    fn links_in_a_circle_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("b", path("a")).unwrap();
        std::os::unix::fs::symlink("a", path("b")).unwrap();
        let refused = TokenFile::new(path("a")).create(new_token("ines")).unwrap_err();
        assert!(refused.to_string().contains("can't be written"), "{refused}");
    }

    #[test]
    fn file_changed_by_root_stays_with_its_owner() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (_folder, file) = token_file();
        let (owner, group) = (Some(12_345), Some(54_321));
        let folder = file.path().parent().unwrap();
        std::fs::create_dir(folder).unwrap();
        std::os::unix::fs::chown(folder, owner, group).unwrap();
        let belongs = |path: &Path| {
            let metadata = std::fs::metadata(path).unwrap();
            (Some(metadata.uid()), Some(metadata.gid())) == (owner, group)
        };
        let lock = folder.join("redphone.tokens.json.lock");
        file.create(new_token("ines")).unwrap();
        assert!(belongs(file.path()) && belongs(&lock), "a new file is its folder's owner's");
        std::os::unix::fs::chown(folder, Some(0), Some(0)).unwrap();
        file.revoke("ines").unwrap();
        assert!(belongs(file.path()) && belongs(&lock), "and stays with whom it belonged to");
    }

    #[test]
    fn name_can_be_reused_after_its_token_is_revoked() {
        let (_folder, file) = token_file();
        let (_, first) = file.create(new_token("pager")).unwrap();
        let refused = file.create(new_token("pager")).unwrap_err();
        assert!(refused.to_string().contains("there is a token \"pager\" already"), "{refused}");
        file.revoke("pager").unwrap();
        let again = file.revoke(&first.id).unwrap_err();
        assert!(again.to_string().contains("was revoked already"), "{again}");
        file.create(new_token("pager")).unwrap();
        assert_eq!(file.list().unwrap().len(), 2);
        assert!(matches!(file.revoke("nobody"), Err(TokenError::NotFound(_))));
    }

    #[test]
    fn senseless_token_is_refused() {
        let (_folder, file) = token_file();
        for bad in ["", " ", "a\nb", "\u{1b}[2J", &"x".repeat(101)] {
            assert!(matches!(file.create(new_token(bad)), Err(TokenError::Refused(_))), "{bad:?}");
        }
        let past = Some(Utc::now() - TimeDelta::seconds(1));
        assert!(file.create(NewToken { expires_at: past, ..new_token("late") }).is_err());
        let ingest =
            NewToken { scope: Scope::Ingest, person: Some("ines".into()), ..new_token("bot") };
        assert!(file.create(ingest).is_err());
        assert!(file.list().unwrap().is_empty());
    }

    #[test]
    fn concurrent_changes_lose_nothing() {
        let (_folder, file) = token_file();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let file = file.clone();
                scope.spawn(move || {
                    for n in 0..5 {
                        file.create(new_token(&format!("{thread}-{n}"))).unwrap();
                    }
                });
            }
        });
        assert_eq!(file.list().unwrap().len(), 40);
    }

    #[test]
    fn file_of_another_kind_is_reported_and_unchanged() {
        let (_folder, file) = token_file();
        file.create(new_token("ines")).unwrap();
        std::fs::write(file.path(), "{\"tokens\": 3}").unwrap();
        let message = file.create(new_token("omar")).unwrap_err().to_string();
        assert!(message.contains("is no file of tokens"), "{message}");
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "{\"tokens\": 3}");
    }
}
