//! Reads the token that is sent with every request.
//!
//! The token comes from the system's keyring, a file, a variable or a command. It never comes from
//! the command line, which other people on the machine can read. Nothing prints the token.

mod bearer;
mod command;
mod file;
pub mod keyring;

use std::fmt;
use std::path::PathBuf;

use tokio::sync::{Mutex, watch};

use super::address::Address;

pub use bearer::{MAX_TOKEN_BYTES, Token, TokenError};

/// Where a token comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenSource {
    /// The system's keyring, to which `redphone login` writes it.
    Keyring,
    /// A file that only its owner can read.
    File(PathBuf),
    /// An environment variable, by name.
    Variable(String),
    /// A program with its arguments, run without a shell. The first line of its output is the
    /// token.
    Command(Vec<String>),
}

impl fmt::Display for TokenSource {
    /// Names the source in a sentence, not sanitized: `the file /run/secrets/redphone`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the keyring"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Command(run) => {
                let program = run.first().map(String::as_str).unwrap_or_default();
                write!(f, "the command {program}")
            }
        }
    }
}

impl TokenSource {
    /// Reads the token for an API from its source. This may run a program, or wait for a person to
    /// unlock the keyring; it ends within 30 s in any case.
    ///
    /// # Errors
    /// The source has no token, or no valid one.
    pub async fn read(&self, address: &Address) -> Result<Token, TokenError> {
        let with_source =
            |error: TokenError| TokenError::new(format!("the token of {self} {error}"));
        match self {
            Self::Keyring => match keyring::read(address).await {
                Ok(Some(token)) => Ok(token),
                Ok(None) => Err(TokenError::new(format!(
                    "there is no token for {}: put one into the keyring with `redphone login \
                     {address}`, or name a file of mode 0600 with --token-file or token_file",
                    address.host()
                ))),
                Err(why) => Err(TokenError::new(format!(
                    "there is no token for {}, and {why}: name a file of mode 0600 with \
                     --token-file or token_file",
                    address.host()
                ))),
            },
            Self::File(path) => Token::new(file::read(path)?).map_err(with_source),
            Self::Variable(name) => match std::env::var(name) {
                Ok(text) => Token::new(text).map_err(with_source),
                Err(_) => {
                    Err(TokenError::new(format!("the variable {name} holds no token: set it")))
                }
            },
            Self::Command(run) => Token::new(command::run(run).await?).map_err(with_source),
        }
    }
}

/// Caches the token: reads it when it is first needed, and again when the server refused it.
pub(super) struct TokenCache {
    source: TokenSource,
    address: Address,
    current: Mutex<Option<Token>>,
    /// The number of times that the token has changed.
    changes: watch::Sender<u64>,
}

impl TokenCache {
    pub(super) fn new(source: TokenSource, address: Address) -> Self {
        Self { source, address, current: Mutex::new(None), changes: watch::Sender::new(0) }
    }

    /// Returns the token. Concurrent callers wait for a single read.
    pub(super) async fn get(&self) -> Result<Token, TokenError> {
        let mut current = self.current.lock().await;
        if let Some(token) = &*current {
            return Ok(token.clone());
        }
        let token = self.source.read(&self.address).await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Returns another token after the server refused `refused`; `None` if the source has no other.
    pub(super) async fn refresh(&self, refused: &Token) -> Result<Option<Token>, TokenError> {
        let mut current = self.current.lock().await;
        // Another caller may have replaced the refused token already.
        if let Some(token) = current.as_ref().filter(|token| !token.matches(refused)) {
            return Ok(Some(token.clone()));
        }
        *current = None;
        let token = self.source.read(&self.address).await?;
        *current = Some(token.clone());
        if token.matches(refused) {
            return Ok(None);
        }
        self.changes.send_modify(|count| *count += 1);
        Ok(Some(token))
    }

    /// Returns a counter of token changes. After a change, the token may belong to another person.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn token_is_read_once_and_again_after_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let write = |text: &str| {
            use std::os::unix::fs::OpenOptionsExt;
            let mut to = std::fs::OpenOptions::new();
            let mut to =
                to.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
            std::io::Write::write_all(&mut to, text.as_bytes()).unwrap();
        };
        let address = "http://127.0.0.1:1".parse().unwrap();
        let tokens = TokenCache::new(TokenSource::File(path.clone()), address);
        write("first\n");
        let first = tokens.get().await.unwrap();
        write("second\n");
        assert_eq!(tokens.get().await.unwrap().secret(), "first");
        let second = tokens.refresh(&first).await.unwrap().unwrap();
        assert_eq!(second.secret(), "second");
        assert_eq!(*tokens.changes().borrow(), 1);
        // A second request that was refused with the first token gets the second without a read.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(tokens.refresh(&first).await.unwrap().unwrap().secret(), "second");
        assert!(tokens.refresh(&second).await.is_err());
        write("second\n");
        assert!(tokens.refresh(&second).await.unwrap().is_none());
        assert_eq!(*tokens.changes().borrow(), 1);
    }
}
