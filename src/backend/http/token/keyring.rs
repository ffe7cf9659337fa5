//! Tokens in the system's keyring: the Secret Service over D-Bus, or the keychain of macOS.
//!
//! An entry is of the service `redphone`, and its name is the API's address, so that it is found
//! whichever profile names that address.

use std::time::Duration;

use keyring::{Entry, Error};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Address, Token};
use crate::model::text::sanitize;

/// How long it may take; somebody may have to unlock it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The service that entries are of.
const SERVICE: &str = "redphone";

/// It can't be used: why, as half a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyringError(String);

/// The token of an API; `None` where the keyring has none for it.
///
/// # Errors
/// There is no keyring, or it stays locked.
pub async fn read(address: &Address) -> Result<Option<Token>, KeyringError> {
    let text = with_entry(address, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(text)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    });
    let Some(text) = text.await? else { return Ok(None) };
    let token = Token::new(text);
    token.map(Some).map_err(|bad| KeyringError(format!("the token in the keyring {bad}")))
}

/// Keeps the token of an API, in place of one that is there.
///
/// # Errors
/// There is no keyring, or it stays locked.
pub async fn write(address: &Address, token: &Token) -> Result<(), KeyringError> {
    let token = token.clone();
    with_entry(address, move |entry| entry.set_password(token.secret())).await
}

/// Removes the token of an API; says whether there was one.
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

/// Does something with an entry on a thread of its own: the keyring may have to be waited for.
async fn with_entry<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, KeyringError> {
    let name = address.to_string();
    let work = spawn_blocking(move || {
        if let Err(error) = Entry::store_status() {
            return Err(to_keyring_error(error));
        }
        let entry = Entry::new(SERVICE, &name).map_err(|error| to_keyring_error(&error))?;
        work(&entry).map_err(|error| to_keyring_error(&error))
    });
    match timeout(TIMEOUT, work).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(KeyringError("the keyring failed".into())),
        Err(_) => Err(KeyringError(format!(
            "the keyring did not answer within {} s, unlock it",
            TIMEOUT.as_secs()
        ))),
    }
}

/// Never with what was stored, which some of these errors carry.
fn to_keyring_error(error: &Error) -> KeyringError {
    KeyringError(match error {
        Error::NoDefaultStore => "there is no keyring here".into(),
        Error::PlatformFailure(why) => {
            format!("the keyring can't be used ({})", sanitize(&why.to_string()))
        }
        Error::NoStorageAccess(why) => {
            format!("the keyring can't be opened ({})", sanitize(&why.to_string()))
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "what is in the keyring is no text".into()
        }
        Error::Ambiguous(_) => "the keyring has several entries for it".into(),
        Error::TooLong(..) => "the keyring takes no token that long".into(),
        _ => "the keyring does not do this".into(),
    })
}
