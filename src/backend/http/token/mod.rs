//! The token that is sent with every request, and where it comes from.
//!
//! It comes from the system's keyring, a file, a variable or a command, never from the command line,
//! which other people on the machine can read. Nothing prints it.

mod command;
mod file;
pub mod keyring;

use std::fmt;
use std::path::PathBuf;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use tokio::sync::{Mutex, watch};

use super::Address;
use crate::model::text::sanitize;

/// The longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A bearer token (RFC 6750). It is wiped from memory when it goes.
#[derive(Clone)]
pub struct Token(SecretString);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// There is no token that can be used: why, and what to do, in a sentence that does not quote it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(pub(super) String);

impl Token {
    /// Takes what a source gave; blanks around it do not count.
    ///
    /// # Errors
    /// Why it can't be one: half a sentence that follows where it came from.
    pub fn new(mut text: String) -> Result<Self, TokenError> {
        let trimmed = text.trim().to_owned();
        text.zeroize();
        let held = Self(trimmed.into());
        let token = held.0.expose_secret();
        let bad = |why: &str| Err(TokenError(why.into()));
        if token.is_empty() {
            return bad("is empty: put a token there");
        }
        if token.len() > MAX_TOKEN_BYTES {
            return bad("has more than 4096 bytes: that is no token");
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return bad(
                "has blanks, line breaks or letters that no token has: it takes the token \
                        alone, as `redphone token create` printed it",
            );
        }
        Ok(held)
    }

    /// The token itself, for where it is stored.
    pub(super) fn secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut text = format!("Bearer {}", self.secret());
        // It was looked at when it was taken: only what a header may hold is in it.
        let mut value = HeaderValue::from_str(&text).ok();
        text.zeroize();
        if let Some(value) = &mut value {
            value.set_sensitive(true);
        }
        value
    }

    fn matches(&self, other: &Self) -> bool {
        self.secret() == other.secret()
    }
}

/// Where a token comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenSource {
    /// The system's keyring, where `redphone login` puts it.
    Keyring,
    /// A file that only its owner can read.
    File(PathBuf),
    /// A variable of the environment, by name.
    Variable(String),
    /// A program and its arguments, without a shell in between: the first line that it prints.
    Command(Vec<String>),
}

impl fmt::Display for TokenSource {
    /// As half a sentence, safe to show: `the file /run/secrets/redphone`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the keyring"),
            Self::File(path) => write!(f, "the file {}", sanitize(&path.to_string_lossy())),
            Self::Variable(name) => write!(f, "the variable {}", sanitize(name)),
            Self::Command(run) => {
                let program = run.first().map(String::as_str).unwrap_or_default();
                write!(f, "the command {}", sanitize(program))
            }
        }
    }
}

impl TokenSource {
    /// Reads the token for an API anew. May run a program, or wait for a person to unlock the
    /// keyring; ends after 30 s in any case.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn read(&self, address: &Address) -> Result<Token, TokenError> {
        let named = |bad: TokenError| TokenError(format!("the token of {self} {}", bad.0));
        match self {
            Self::Keyring => match keyring::read(address).await {
                Ok(Some(token)) => Ok(token),
                Ok(None) => Err(TokenError(format!(
                    "there is no token for {}: put one into the keyring with `redphone login \
                     {address}`, or name a file of mode 0600 with --token-file or token_file",
                    address.host()
                ))),
                Err(why) => Err(TokenError(format!(
                    "there is no token for {}, and {why}: name a file of mode 0600 with \
                     --token-file or token_file",
                    address.host()
                ))),
            },
            Self::File(path) => Token::new(file::read(path)?).map_err(named),
            Self::Variable(name) => match std::env::var(name) {
                Ok(text) => Token::new(text).map_err(named),
                Err(_) => Err(TokenError(format!(
                    "the variable {} holds no token: set it",
                    sanitize(name)
                ))),
            },
            Self::Command(run) => Token::new(command::run(run).await?).map_err(named),
        }
    }
}

/// The token in use: read when it is first needed, and again when it was not taken.
pub(super) struct TokenCache {
    source: TokenSource,
    address: Address,
    current: Mutex<Option<Token>>,
    /// Counts how often it was changed.
    changes: watch::Sender<u64>,
}

impl TokenCache {
    pub(super) fn new(source: TokenSource, address: Address) -> Self {
        Self { source, address, current: Mutex::new(None), changes: watch::Sender::new(0) }
    }

    /// The token. Many who ask at once wait for one reading.
    pub(super) async fn get(&self) -> Result<Token, TokenError> {
        let mut held = self.current.lock().await;
        if let Some(token) = &*held {
            return Ok(token.clone());
        }
        let token = self.source.read(&self.address).await?;
        *held = Some(token.clone());
        Ok(token)
    }

    /// Another token after one was not taken; `None` where there is no other.
    pub(super) async fn refresh(&self, refused: &Token) -> Result<Option<Token>, TokenError> {
        let mut held = self.current.lock().await;
        // Somebody else may have seen the same, and have another one already.
        if let Some(token) = held.as_ref().filter(|token| !token.matches(refused)) {
            return Ok(Some(token.clone()));
        }
        *held = None;
        let token = self.source.read(&self.address).await?;
        *held = Some(token.clone());
        if token.matches(refused) {
            return Ok(None);
        }
        self.changes.send_modify(|count| *count += 1);
        Ok(Some(token))
    }

    /// Counts how often it was changed: another one may be another person's.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_token() {
        let token = Token::new(" hunter2\n".into()).unwrap();
        assert_eq!(token.secret(), "hunter2");
        let header = token.header().unwrap();
        let told = format!("{token:?} {header:?} {:?}", Some(&token));
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn what_can_not_be_a_token_is_refused_without_being_quoted() {
        for text in ["", "  \n", "hunter2 hunter3", "hunter2\nhunter3", "hunter2é", "hunter2\u{1b}"]
        {
            let refused = Token::new(text.into()).unwrap_err().to_string();
            assert!(!refused.contains("hunter"), "{refused}");
        }
        assert!(Token::new("h".repeat(MAX_TOKEN_BYTES + 1)).is_err());
    }

    #[tokio::test]
    async fn it_is_read_once_and_again_when_it_was_not_taken() {
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
        // Another request that was refused with the first one takes the second without reading.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(tokens.refresh(&first).await.unwrap().unwrap().secret(), "second");
        assert!(tokens.refresh(&second).await.is_err());
        write("second\n");
        assert!(tokens.refresh(&second).await.unwrap().is_none());
        assert_eq!(*tokens.changes().borrow(), 1);
    }
}
