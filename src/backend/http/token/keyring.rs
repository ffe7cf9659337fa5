//! Stores tokens in the system's keyring: the Secret Service over D-Bus, or the keychain of macOS.
//!
//! An entry has the service `redphone` and the API's address as its name, so that all profiles with
//! this address find it.

use std::time::Duration;

use keyring::{Entry, Error};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::bearer::Token;
use crate::backend::http::address::Address;
use crate::model::text::SafeText;

/// How long the keyring may take. Somebody may have to unlock it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The service name of the entries.
const SERVICE: &str = "redphone";

/// Why the keyring can't be used, as half a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyringError(SafeText<'static>);

impl KeyringError {
    fn new(sentence: impl Into<SafeText<'static>>) -> Self {
        Self(sentence.into())
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
    let token = Token::new(text);
    token.map(Some).map_err(|bad| KeyringError::new(format!("the token in the keyring {bad}")))
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
            return Err(to_keyring_error(error));
        }
        let entry = Entry::new(SERVICE, &name).map_err(|error| to_keyring_error(&error))?;
        work(&entry).map_err(|error| to_keyring_error(&error))
    });
    match timeout(TIMEOUT, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(KeyringError::new("the keyring failed")),
        Err(_) => Err(KeyringError::new(format!(
            "the keyring did not answer within {} s, unlock it",
            TIMEOUT.as_secs()
        ))),
    }
}

/// Converts an error of the keyring. The result never contains what was stored, which some of these
/// errors carry.
fn to_keyring_error(error: &Error) -> KeyringError {
    KeyringError::new(match error {
        Error::NoDefaultStore => "there is no keyring here".to_owned(),
        Error::PlatformFailure(why) => {
            format!("the keyring can't be used ({why})")
        }
        Error::NoStorageAccess(why) => {
            format!("the keyring can't be opened ({why})")
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "what is in the keyring is no text".to_owned()
        }
        Error::Ambiguous(_) => "the keyring has several entries for it".to_owned(),
        Error::TooLong(..) => "the keyring takes no token that long".to_owned(),
        _ => "the keyring does not do this".to_owned(),
    })
}
