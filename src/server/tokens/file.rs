//! The file of tokens: read as a whole, changed under a lock, put in place whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, OFlags};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{NewToken, NoRandomness, Secret, Token, TokenStatus};
use crate::model::check;
use crate::model::text::sanitize;
use crate::server::scope::Scope;

/// The version of the file's form.
const VERSION: u32 = 1;

/// Why a token can't be made, taken back or listed. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
    /// There is no such token.
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

/// Where tokens are kept. Only its owner can read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    tokens: Vec<Token>,
}

/// By what a change of the file is noticed: the file itself, its length, and when it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp(u64, u64, i64, i64);

impl TokenFile {
    /// The file at a place, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file that belongs to a store: `redphone.tokens.json` beside `redphone.db`.
    #[must_use]
    pub fn for_store(store: &Path) -> Self {
        Self::new(store.with_extension("tokens.json"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tokens, in the order they were made.
    ///
    /// # Errors
    /// When the file can't be read, or is not one of tokens.
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.io_error("read", &e)),
        };
        let file = self.display_path();
        let content: Content = serde_json::from_str(&text).map_err(|e| {
            TokenError::File(format!(
                "{file} is no file of tokens ({}): restore it, or move it away and make new tokens",
                sanitize(&e.to_string())
            ))
        })?;
        if content.version != VERSION {
            return Err(TokenError::File(format!(
                "{file} was written by a newer redphone: update this one"
            )));
        }
        Ok(content.tokens)
    }

    /// Makes a token, and gives what is to be shown once.
    ///
    /// # Errors
    /// When the name is taken or makes no sense, or the file can't be written.
    pub fn create(&self, new: NewToken) -> Result<(Secret, Token), TokenError> {
        let now = Utc::now();
        let NewToken { name, scope, person, expires_at } = new;
        check_name("name", &name)?;
        if let Some(person) = &person {
            if scope == Scope::Ingest {
                return Err(TokenError::Refused(
                    "a token of scope ingest acts for a program: leave --person out".into(),
                ));
            }
            check_name("person", person)?;
        }
        if expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Refused(
                "it would have expired already: give a time that is still to come".into(),
            ));
        }
        let secret = Secret::new()?;
        let token = Token {
            id: secret.id().to_owned(),
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

    /// Takes a token back, by its id or by the name of one that holds.
    ///
    /// # Errors
    /// When there is none, or the file can't be written.
    pub fn revoke(&self, which: &str) -> Result<Token, TokenError> {
        let now = Utc::now();
        self.change(|tokens| {
            let by_name = |t: &&mut Token| t.name == which && t.status(now) == TokenStatus::Valid;
            let at = tokens.iter().position(|t| t.id == which);
            let token = match at {
                Some(at) => tokens.get_mut(at),
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

    /// Notes when tokens were used last.
    ///
    /// # Errors
    /// When the file can't be written.
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

    /// Reads, changes and writes the file while nobody else does.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Token>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let failed = |e: io::Error| self.io_error("written", &e);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        // The file itself is replaced, so that a lock on it would hold nobody off.
        let mut beside = self.path.clone().into_os_string();
        beside.push(".lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(beside)
            .map_err(failed)?;
        self.give_to_owner(folder, &lock).map_err(failed)?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|e| failed(e.into()))?;
        let mut tokens = self.list()?;
        let done = change(&mut tokens)?;
        self.write(folder, tokens).map_err(failed)?;
        Ok(done)
    }

    fn write(&self, folder: &Path, tokens: Vec<Token>) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o600))?;
        self.give_to_owner(folder, file.as_file())?;
        serde_json::to_writer_pretty(&mut file, &Content { version: VERSION, tokens })?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }

    /// What root makes belongs to whom the file belonged to, or else its folder: a server that runs
    /// as somebody else could not read it any more, and would go on with what it knows.
    fn give_to_owner(&self, folder: &Path, file: &File) -> io::Result<()> {
        let made = file.metadata()?;
        // Another name of some other file is not given away.
        if !rustix::process::geteuid().is_root() || made.len() > 0 || made.nlink() > 1 {
            return Ok(());
        }
        let of = self.path.symlink_metadata().or_else(|_| folder.metadata())?;
        if (of.uid(), of.gid()) == (made.uid(), made.gid()) {
            return Ok(());
        }
        fchown(file, Some(of.uid()), Some(of.gid()))
    }

    /// By what a change is noticed; `None` where there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let found = std::fs::metadata(&self.path).ok()?;
        Some(Stamp(found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
    }

    fn display_path(&self) -> String {
        sanitize(&self.path.display().to_string()).into_owned()
    }

    fn io_error(&self, what: &str, error: &io::Error) -> TokenError {
        let file = self.display_path();
        let reason = error.kind();
        TokenError::File(format!(
            "{file} can't be {what} ({reason}): make it and its folder readable and writable for you"
        ))
    }
}

fn check_name(field: &'static str, name: &str) -> Result<(), TokenError> {
    check::name(field, name).map_err(|bad| TokenError::Refused(bad.to_string()))?;
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

    fn new(name: &str) -> NewToken {
        NewToken { name: name.into(), scope: Scope::Respond, person: None, expires_at: None }
    }

    fn file() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::for_store(&folder.path().join("deep/redphone.db"));
        (folder, file)
    }

    #[test]
    fn it_is_beside_the_store_and_only_for_its_owner() {
        let (_folder, file) = file();
        assert!(file.list().unwrap().is_empty());
        let (secret, _) = file.create(new("ines")).unwrap();
        assert!(file.path().ends_with("deep/redphone.tokens.json"));
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(&secret.reveal()[16..]), "the secret is not in it");
    }

    #[test]
    fn what_root_changes_stays_its_owners() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (_folder, file) = file();
        let (owner, group) = (Some(12_345), Some(54_321));
        let folder = file.path().parent().unwrap();
        std::fs::create_dir(folder).unwrap();
        std::os::unix::fs::chown(folder, owner, group).unwrap();
        let belongs = |path: &Path| {
            let found = std::fs::metadata(path).unwrap();
            (Some(found.uid()), Some(found.gid())) == (owner, group)
        };
        let lock = folder.join("redphone.tokens.json.lock");
        file.create(new("ines")).unwrap();
        assert!(belongs(file.path()) && belongs(&lock), "a new file is its folder's owner's");
        std::os::unix::fs::chown(folder, Some(0), Some(0)).unwrap();
        file.revoke("ines").unwrap();
        assert!(belongs(file.path()) && belongs(&lock), "and stays with whom it belonged to");
    }

    #[test]
    fn a_name_is_free_again_once_its_token_is_revoked() {
        let (_folder, file) = file();
        let (_, first) = file.create(new("pager")).unwrap();
        let refused = file.create(new("pager")).unwrap_err();
        assert!(refused.to_string().contains("there is a token \"pager\" already"), "{refused}");
        file.revoke("pager").unwrap();
        let again = file.revoke(&first.id).unwrap_err();
        assert!(again.to_string().contains("was revoked already"), "{again}");
        file.create(new("pager")).unwrap();
        assert_eq!(file.list().unwrap().len(), 2);
        assert!(matches!(file.revoke("nobody"), Err(TokenError::NotFound(_))));
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_a_sentence() {
        let (_folder, file) = file();
        for bad in ["", " ", "a\nb", "\u{1b}[2J", &"x".repeat(101)] {
            assert!(matches!(file.create(new(bad)), Err(TokenError::Refused(_))), "{bad:?}");
        }
        let past = Some(Utc::now() - TimeDelta::seconds(1));
        assert!(file.create(NewToken { expires_at: past, ..new("late") }).is_err());
        let ingest = NewToken { scope: Scope::Ingest, person: Some("ines".into()), ..new("bot") };
        assert!(file.create(ingest).is_err());
        assert!(file.list().unwrap().is_empty());
    }

    #[test]
    fn many_who_change_it_at_once_lose_nothing() {
        let (_folder, file) = file();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let file = file.clone();
                scope.spawn(move || {
                    for n in 0..5 {
                        file.create(new(&format!("{thread}-{n}"))).unwrap();
                    }
                });
            }
        });
        assert_eq!(file.list().unwrap().len(), 40);
    }

    #[test]
    fn a_file_of_another_kind_is_named_and_left_as_it_is() {
        let (_folder, file) = file();
        file.create(new("ines")).unwrap();
        std::fs::write(file.path(), "{\"tokens\": 3}").unwrap();
        let told = file.create(new("omar")).unwrap_err().to_string();
        assert!(told.contains("is no file of tokens"), "{told}");
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "{\"tokens\": 3}");
    }
}
