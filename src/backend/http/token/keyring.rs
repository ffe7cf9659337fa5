//! Stores tokens in the system's keyring: the Secret Service over D-Bus, or the keychain of macOS.
//!
//! An entry has the service `redphone` and the API's address as its name, so that all profiles with
//! this address find it.

use std::error::Error as StdError;
use std::time::Duration;

use keyring::{Entry, Error};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::bearer::{InvalidToken, Token};
use crate::backend::http::address::Address;

/// How long the keyring may take. Somebody may have to unlock it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The service name of the entries.
const SERVICE: &str = "redphone";

/// The reason why the keyring can't be used. Displayed as half a sentence, not sanitized. Never
/// contains stored data.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The system has no keyring.
    #[error("there is no keyring here")]
    NoKeyring,
    /// The keyring reports a failure of its own.
    #[error("the keyring can't be used ({0})")]
    Unusable(#[source] Box<dyn StdError + Send + Sync>),
    /// The keyring is locked, or refuses this program.
    #[error("the keyring can't be opened ({0})")]
    NotOpened(#[source] Box<dyn StdError + Send + Sync>),
    /// The keyring took longer than `TIMEOUT`: somebody must unlock it.
    #[error("the keyring did not answer within {} s, unlock it", TIMEOUT.as_secs())]
    TimedOut,
    /// Talking to the keyring panicked.
    #[error("the keyring failed")]
    Panicked,
    /// The entry is not UTF-8.
    #[error("what is in the keyring is no text")]
    NotText,
    /// The entry is a text, but no token.
    #[error("the token in the keyring {0}")]
    Invalid(#[from] InvalidToken),
    /// Several entries have the name of the API.
    #[error("the keyring has several entries for it")]
    Ambiguous,
    /// The keyring stores no text as long as the token.
    #[error("the keyring takes no token that long")]
    TooLong,
    /// The keyring does not support the request.
    #[error("the keyring does not do this")]
    Unsupported,
}

impl From<Error> for KeyringError {
    fn from(error: Error) -> Self {
        match error {
            Error::PlatformFailure(why) => Self::Unusable(why),
            Error::NoStorageAccess(why) => Self::NotOpened(why),
            other => Self::without_cause(&other),
        }
    }
}

impl KeyringError {
    /// Returns the error for one whose cause is dropped: some contain stored data.
    fn without_cause(error: &Error) -> Self {
        match error {
            Error::NoDefaultStore => Self::NoKeyring,
            Error::BadEncoding(_) | Error::BadDataFormat(..) => Self::NotText,
            Error::Ambiguous(_) => Self::Ambiguous,
            Error::TooLong(..) => Self::TooLong,
            _ => Self::Unsupported,
        }
    }

    /// Returns the error for a keyring that could not be set up when the process first used it.
    fn from_status(error: &'static Error) -> Self {
        match error {
            Error::PlatformFailure(why) => Self::Unusable(Box::new(&**why)),
            Error::NoStorageAccess(why) => Self::NotOpened(Box::new(&**why)),
            other => Self::without_cause(other),
        }
    }
}

/// Returns the token of an API; `None` if the keyring has none.
///
/// # Errors
/// There is no keyring, or it stays locked, or its entry is no valid token.
pub async fn read(address: &Address) -> Result<Option<Token>, KeyringError> {
    let text = with_entry(address, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(text)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    });
    let Some(text) = text.await? else { return Ok(None) };
    Ok(Some(Token::new(text)?))
}

/// Stores the token of an API and replaces an earlier one.
///
/// # Errors
/// There is no keyring, or it stays locked.
pub async fn write(address: &Address, token: &Token) -> Result<(), KeyringError> {
    let token = token.clone();
    with_entry(address, move |entry| entry.set_password(token.secret())).await
}

/// Removes the token of an API and returns whether there was one.
///
/// # Errors
/// There is no keyring, or it stays locked.
pub async fn remove(address: &Address) -> Result<bool, KeyringError> {
    with_entry(address, |entry| match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(error),
    })
    .await
}

/// Runs `work` with an entry on a blocking thread, as the keyring may keep it waiting.
async fn with_entry<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, KeyringError> {
    let name = address.to_string();
    let task = spawn_blocking(move || {
        if let Err(error) = Entry::store_status() {
            return Err(KeyringError::from_status(error));
        }
        Ok(work(&Entry::new(SERVICE, &name)?)?)
    });
    match timeout(TIMEOUT, task).await {
        Ok(Ok(result)) => result,
        // The panic's message is dropped, as it may have a secret in it.
        Ok(Err(_)) => Err(KeyringError::Panicked),
        Err(_) => Err(KeyringError::TimedOut),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_the_keyring_drops_what_was_stored() {
        for error in [
            Error::BadEncoding(b"hunter2".to_vec()),
            Error::BadDataFormat(b"hunter2".to_vec(), "hunter2".into()),
        ] {
            let error = KeyringError::from(error);
            assert!(matches!(error, KeyringError::NotText), "{error:?}");
            assert!(error.source().is_none() && !format!("{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn failure_of_the_keyring_is_the_source() {
        let error = KeyringError::from(Error::PlatformFailure("no bus".into()));
        assert!(matches!(error, KeyringError::Unusable(_)), "{error:?}");
        assert_eq!(error.to_string(), "the keyring can't be used (no bus)");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no bus"));
        let error = KeyringError::from(Error::NoStorageAccess("locked".into()));
        assert!(matches!(error, KeyringError::NotOpened(_)), "{error:?}");
        assert_eq!(error.to_string(), "the keyring can't be opened (locked)");
    }
}
