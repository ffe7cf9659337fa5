//! Where incidents live: in a store's file, or behind an API somewhere else.

use std::path::{Path, PathBuf};

use crate::backend::http::{Address, TokenSource};
use crate::model::text::SafeText;

/// The store's file or the API that the program works on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// The file of a local store.
    File(PathBuf),
    /// An API somewhere else.
    Remote(RemoteConfig),
}

/// An API, and the settings of its connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteConfig {
    /// The profile's name, or the host if no profile names it.
    pub name: String,
    /// Address of the API.
    pub address: Address,
    /// A PEM file with the authorities that are trusted; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// The source of the token; `None` if no setting defines it.
    pub token: Option<TokenSource>,
    /// Whether the API may be used without TLS beyond this machine.
    pub insecure_http: bool,
}

impl RemoteConfig {
    /// Returns the source of the token: by default the keyring.
    #[must_use]
    pub fn token_source(&self) -> TokenSource {
        self.token.clone().unwrap_or(TokenSource::Keyring)
    }
}

impl Location {
    /// Returns the store's file, if this is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Remote(_) => None,
        }
    }

    /// Returns the API, if this is one.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteConfig> {
        match self {
            Self::File(_) => None,
            Self::Remote(remote) => Some(remote),
        }
    }

    /// Returns the file's path or the URL for messages.
    #[must_use]
    pub fn display_name(&self) -> SafeText<'_> {
        match self {
            Self::File(path) => path.to_string_lossy().into(),
            Self::Remote(remote) => remote.address.to_string().into(),
        }
    }
}
