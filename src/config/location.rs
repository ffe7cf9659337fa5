//! Where incidents live: in a store's file, or behind an API somewhere else.

use std::path::{Path, PathBuf};

use super::file::FileSettings;
use super::panes::Profile;
use super::{Config, ConfigError, ConfigLoader, NAME, Origins};
use crate::backend::http::{Address, TokenSource};
use crate::model::text::sanitize;

/// Where incidents live.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// A store's file.
    File(PathBuf),
    /// An API somewhere else.
    Remote(RemoteConfig),
}

/// An API, and how it is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteConfig {
    /// The profile's name, or the host where no profile names it.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// A PEM file with the authorities that are trusted; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// Where the token comes from; `None` where nothing says so.
    pub token: Option<TokenSource>,
    /// It may be spoken to without TLS beyond this machine.
    pub insecure_http: bool,
}

impl RemoteConfig {
    /// Where the token comes from: the keyring, unless something else is said.
    #[must_use]
    pub fn token_source(&self) -> TokenSource {
        self.token.clone().unwrap_or(TokenSource::Keyring)
    }
}

impl Location {
    /// The store's file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Remote(_) => None,
        }
    }

    /// The API, where it is one.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteConfig> {
        match self {
            Self::File(_) => None,
            Self::Remote(remote) => Some(remote),
        }
    }

    /// For messages, safe to show: the file's path, or the URL.
    #[must_use]
    pub fn display_name(&self) -> String {
        match self {
            Self::File(path) => sanitize(&path.to_string_lossy()).into_owned(),
            Self::Remote(remote) => remote.address.to_string(),
        }
    }
}

impl Config {
    /// The store's file, for what can be done with nothing else.
    ///
    /// # Errors
    /// The place of work is an API; `what` says what was wanted, such as `export`.
    pub fn store_file(&self, what: &str) -> Result<&Path, ConfigError> {
        self.location.file().ok_or_else(|| {
            ConfigError(format!(
                "{what} needs a store's file, and {} is an API: run it where the file is, or name \
                 one with --store FILE",
                self.location.display_name()
            ))
        })
    }
}

impl ConfigLoader<'_> {
    /// Chooses where incidents live.
    pub(super) fn location(
        &self,
        file: &FileSettings,
        profile: Option<&(&'static str, Profile)>,
        origins: &mut Origins,
    ) -> Result<Location, ConfigError> {
        let of_profile = profile.and_then(|(by, profile)| Some((*by, profile.location.clone()?)));
        let (by_flag, by_variable) = match of_profile {
            Some((by @ "--profile", location)) => (Some((by, location)), None),
            other => (None, other),
        };
        // A profile on the command line wins over any variable, one of the environment over none.
        let chosen = match self.from_flags()? {
            Some(chosen) => Some(chosen),
            None if by_flag.is_some() => by_flag,
            None => self.from_env()?.or(by_variable),
        };
        let location = if let Some((by, location)) = chosen {
            let name = if location.file().is_some() { "store" } else { "backend" };
            origins.set(name, by);
            self.with_token(by, location)?
        } else {
            Location::File(self.default_store(file)?)
        };
        if location.file().is_some() && self.flags.token_file.is_some() {
            return Err(ConfigError(
                "--token-file is for an API: name that with --backend URL or --profile NAME".into(),
            ));
        }
        Ok(location)
    }

    fn from_flags(&self) -> Result<Option<(&'static str, Location)>, ConfigError> {
        match (&self.flags.store, &self.flags.backend) {
            (Some(_), Some(_)) => {
                Err(ConfigError("--store and --backend exclude each other: leave one out".into()))
            }
            (Some(path), None) if path.as_os_str().is_empty() => {
                Err(ConfigError("--store is empty: name the store's file".into()))
            }
            (Some(path), None) => Ok(Some(("--store", Location::File(path.clone())))),
            (None, Some(url)) => Ok(Some(("--backend", parse_remote("--backend", url)?))),
            (None, None) => Ok(None),
        }
    }

    fn from_env(&self) -> Result<Option<(&'static str, Location)>, ConfigError> {
        match (self.var("REDPHONE_STORE"), self.text_var("REDPHONE_BACKEND")?) {
            (Some(_), Some(_)) => Err(ConfigError(
                "REDPHONE_STORE and REDPHONE_BACKEND exclude each other: unset one".into(),
            )),
            (Some(path), None) => Ok(Some(("REDPHONE_STORE", Location::File(path.into())))),
            (None, Some(url)) => {
                Ok(Some(("REDPHONE_BACKEND", parse_remote("REDPHONE_BACKEND", &url)?)))
            }
            (None, None) => Ok(None),
        }
    }

    /// What says where the token comes from: a flag, then the profile that was named by a flag, then
    /// a variable, then any other profile. A profile's token goes to that profile's API alone.
    fn with_token(&self, by: &str, location: Location) -> Result<Location, ConfigError> {
        let Location::Remote(mut remote) = location else { return Ok(location) };
        let of_profile = remote.token.take();
        let by_variable = || -> Result<Option<TokenSource>, ConfigError> {
            match (self.var("REDPHONE_TOKEN"), self.var("REDPHONE_TOKEN_FILE")) {
                (Some(_), Some(_)) => Err(ConfigError(
                    "REDPHONE_TOKEN and REDPHONE_TOKEN_FILE exclude each other: unset one".into(),
                )),
                (Some(_), None) => Ok(Some(TokenSource::Variable("REDPHONE_TOKEN".into()))),
                (None, Some(path)) => Ok(Some(TokenSource::File(path.into()))),
                (None, None) => Ok(None),
            }
        };
        remote.token = match (&self.flags.token_file, of_profile) {
            (Some(path), _) if path.as_os_str().is_empty() => {
                return Err(ConfigError("--token-file is empty: name the token's file".into()));
            }
            (Some(path), _) => Some(TokenSource::File(path.clone())),
            (None, Some(token)) if by == "--profile" => Some(token),
            (None, of_profile) => by_variable()?.or(of_profile),
        };
        Ok(Location::Remote(remote))
    }

    fn default_store(&self, file: &FileSettings) -> Result<PathBuf, ConfigError> {
        if let Some(path) = &file.general.store {
            return Ok(path.clone());
        }
        let folders = self.folders.as_ref().ok_or_else(|| {
            ConfigError(
                "there is no home folder to keep the store in: set HOME, or name a file with \
                 --store FILE or REDPHONE_STORE"
                    .into(),
            )
        })?;
        Ok(folders.data.join(NAME).join("redphone.db"))
    }
}

/// An API that is named outside of the settings file.
fn parse_remote(by: &str, url: &str) -> Result<Location, ConfigError> {
    let address: Address = url.parse().map_err(|bad| ConfigError(format!("{by} {bad}")))?;
    if address.is_exposed() {
        return Err(ConfigError(format!("{by} {}", address.exposed_reason())));
    }
    Ok(Location::Remote(RemoteConfig {
        name: address.host(),
        address,
        ca_file: None,
        token: None,
        insecure_http: false,
    }))
}
