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
use std::sync::{Mutex as SyncMutex, PoisonError};

use tokio::sync::{Mutex, watch};

use super::address::Address;
use crate::model::text::sanitize;

pub use bearer::{InvalidToken, MAX_TOKEN_BYTES, Token};
pub use command::{CommandError, CommandFault};
pub use file::{TokenFileError, TokenFileFault};
use keyring::KeyringError;

/// The source of a token.
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

/// The reason why there is no usable token. Displayed as a sentence with a remedy, sanitized;
/// neither it nor a source quotes the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The keyring has no entry for the API.
    #[error(
        "there is no token for {}: put one into the keyring with `redphone login {address}`, or \
         name a file of mode 0600 with --token-file or token_file",
        address.host()
    )]
    NotInKeyring {
        /// The API that the token is for.
        address: Address,
    },
    /// The keyring can't be used.
    #[error(
        "there is no token for {}, and {}: name a file of mode 0600 with --token-file or token_file",
        address.host(),
        sanitize(fault.to_string())
    )]
    Keyring {
        /// The API that the token is for.
        address: Address,
        /// The error of the keyring.
        #[source]
        fault: KeyringError,
    },
    /// The file gives no text.
    #[error("{}", sanitize(.0.to_string()))]
    File(#[from] TokenFileError),
    /// The environment variable is not set, or is no text.
    ///
    /// The error of the standard library is dropped, as it may have the variable's value in it.
    #[error("the variable {} holds no token: set it", sanitize(name))]
    NoVariable {
        /// The variable, as the setting names it.
        name: String,
    },
    /// The command gives no text.
    #[error("{}", sanitize(.0.to_string()))]
    Command(#[from] CommandError),
    /// The output of the source is not a token.
    #[error("{}", sanitize(format!("the token of {origin} {fault}")))]
    Invalid {
        /// The source of the text.
        origin: TokenSource,
        /// The error of the text.
        #[source]
        fault: InvalidToken,
    },
}

impl TokenSource {
    /// Reads the token for an API from its source. This may run a program, or wait for a person to
    /// unlock the keyring; it ends within 30 s in any case.
    ///
    /// # Errors
    /// The source has no token, or no valid one.
    pub async fn read(&self, address: &Address) -> Result<Token, TokenError> {
        let Some(text) = self.read_text().await? else {
            let address = address.clone();
            return match keyring::read(&address).await {
                Ok(Some(token)) => Ok(token),
                Ok(None) => Err(TokenError::NotInKeyring { address }),
                Err(fault) => Err(TokenError::Keyring { address, fault }),
            };
        };
        Token::new(text).map_err(|fault| TokenError::Invalid { origin: self.clone(), fault })
    }

    /// Reads the unprocessed text of the source; `None` for the keyring, where each API has an
    /// entry of its own.
    ///
    /// # Errors
    /// The source gives no text.
    pub async fn read_text(&self) -> Result<Option<String>, TokenError> {
        Ok(Some(match self {
            Self::Keyring => return Ok(None),
            Self::File(path) => file::read(path)?,
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| TokenError::NoVariable { name: name.clone() })?
            }
            Self::Command(run) => command::run(run).await?,
        }))
    }

    /// Returns the public id of the token, if it is available immediately: from a file or a
    /// variable, without the keyring and without running anything.
    #[must_use]
    pub fn public_id_at_once(&self) -> Option<String> {
        let text = match self {
            Self::File(path) => file::read(path).ok()?,
            Self::Variable(name) => std::env::var(name).ok()?,
            Self::Keyring | Self::Command(_) => return None,
        };
        Token::new(text).ok()?.public_id()
    }
}

/// Caches the token: reads it when it is first needed, and again when the server refused it.
pub(super) struct TokenCache {
    source: TokenSource,
    address: Address,
    current: Mutex<Option<Token>>,
    /// The public id of the token that was read last.
    id: SyncMutex<Option<String>>,
    /// The number of times that the token has changed, or the store behind the API.
    changes: watch::Sender<u64>,
}

impl TokenCache {
    pub(super) fn new(source: TokenSource, address: Address) -> Self {
        Self {
            source,
            address,
            current: Mutex::new(None),
            id: SyncMutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Returns the token. Concurrent callers wait for a single read.
    pub(super) async fn get(&self) -> Result<Token, TokenError> {
        let mut current = self.current.lock().await;
        if let Some(token) = &*current {
            return Ok(token.clone());
        }
        let token = self.read().await?;
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
        let token = self.read().await?;
        *current = Some(token.clone());
        if token.matches(refused) {
            return Ok(None);
        }
        self.changes.send_modify(|count| *count += 1);
        Ok(Some(token))
    }

    async fn read(&self) -> Result<Token, TokenError> {
        let token = self.source.read(&self.address).await?;
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = token.public_id();
        Ok(token)
    }

    /// Returns the public id of the token that was read last; `None` if none was read, or if it has
    /// no id.
    pub(super) fn id(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts that the store behind the API has changed.
    pub(super) fn count_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns a counter of changes of the token, and of the store behind the API. After a change,
    /// the token may belong to another person, and the store may be another one.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use rstest::rstest;

    use super::*;

    fn address() -> Address {
        "http://127.0.0.1:1".parse().unwrap()
    }

    #[rstest]
    #[case(&["echo"], TokenSource::Command(vec!["echo".into()]))]
    #[case(&["printf", "hunter2 hunter3"], TokenSource::Command(vec!["printf".into()]))]
    #[tokio::test]
    async fn invalid_token_is_refused_with_its_origin(
        #[case] run: &[&str],
        #[case] named: TokenSource,
    ) {
        let run = run.iter().map(|word| (*word).to_owned()).collect();
        let error = TokenSource::Command(run).read(&address()).await.unwrap_err();
        assert!(matches!(error, TokenError::Invalid { .. }), "{error:?}");
        assert!(error.source().unwrap().is::<InvalidToken>());
        assert!(error.to_string().starts_with(&format!("the token of {named} ")), "{error}");
    }

    #[tokio::test]
    async fn error_of_a_command_or_file_is_the_source() {
        let command = TokenSource::Command(vec!["/nowhere/\u{1b}token".into()]);
        let error = command.read(&address()).await.unwrap_err();
        let source: &CommandError = error.source().unwrap().downcast_ref().unwrap();
        assert!(
            matches!(source, CommandError::Failed { fault: CommandFault::NotStarted(_), .. }),
            "{source:?}"
        );
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        let error = TokenSource::File("/nowhere/token".into()).read(&address()).await.unwrap_err();
        let source: &TokenFileError = error.source().unwrap().downcast_ref().unwrap();
        assert!(matches!(source.fault, TokenFileFault::Unreadable(_)), "{source:?}");
    }

    #[tokio::test]
    async fn variable_that_is_not_set_is_named() {
        let name = "REDPHONE_TEST_NO_SUCH_VARIABLE";
        let error = TokenSource::Variable(name.into()).read(&address()).await.unwrap_err();
        assert!(matches!(&error, TokenError::NoVariable { name: named } if named == name));
    }

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
