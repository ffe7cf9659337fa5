//! Chooses where incidents live, from flags, environment, profile and settings file.

use std::path::PathBuf;

use super::error::ConfigError;
use super::file::FileSettings;
use super::folders::NAME;
use super::load::ConfigLoader;
use super::location::{Location, RemoteConfig};
use super::origin::Origins;
use super::panes::Profile;
use crate::backend::http::{Address, TokenSource};

impl ConfigLoader<'_> {
    /// Chooses where incidents live.
    pub(super) fn location(
        &self,
        file: &FileSettings,
        profile: Option<&(&'static str, Profile)>,
        origins: &mut Origins,
    ) -> Result<Location, ConfigError> {
        let profile_location =
            profile.and_then(|(by, profile)| Some((*by, profile.location.clone()?)));
        let (by_flag, by_variable) = match profile_location {
            Some((by @ "--profile", location)) => (Some((by, location)), None),
            other => (None, other),
        };
        // A profile of the command line wins over any variable, one of the environment over none.
        let chosen = match self.location_from_flags()? {
            Some(chosen) => Some(chosen),
            None if by_flag.is_some() => by_flag,
            None => self.location_from_env()?.or(by_variable),
        };
        let location = if let Some((by, location)) = chosen {
            let name = if location.file().is_some() { "store" } else { "backend" };
            origins.set(name, by);
            self.with_token(by, location)?
        } else {
            Location::File(self.default_store(file)?)
        };
        if location.file().is_some() && self.flags.token_file.is_some() {
            return Err(ConfigError::new(
                "--token-file is for an API: name that with --backend URL or --profile NAME",
            ));
        }
        Ok(location)
    }

    fn location_from_flags(&self) -> Result<Option<(&'static str, Location)>, ConfigError> {
        match (&self.flags.store, &self.flags.backend) {
            (Some(_), Some(_)) => {
                Err(ConfigError::new("--store and --backend exclude each other: leave one out"))
            }
            (Some(path), None) if path.as_os_str().is_empty() => {
                Err(ConfigError::new("--store is empty: name the store's file"))
            }
            (Some(path), None) => Ok(Some(("--store", Location::File(path.clone())))),
            (None, Some(url)) => Ok(Some(("--backend", parse_remote("--backend", url)?))),
            (None, None) => Ok(None),
        }
    }

    fn location_from_env(&self) -> Result<Option<(&'static str, Location)>, ConfigError> {
        match (self.var("REDPHONE_STORE"), self.text_var("REDPHONE_BACKEND")?) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                "REDPHONE_STORE and REDPHONE_BACKEND exclude each other: unset one",
            )),
            (Some(path), None) => Ok(Some(("REDPHONE_STORE", Location::File(path.into())))),
            (None, Some(url)) => {
                Ok(Some(("REDPHONE_BACKEND", parse_remote("REDPHONE_BACKEND", &url)?)))
            }
            (None, None) => Ok(None),
        }
    }

    /// Chooses the source of the token: a flag, then the profile that a flag named, then a
    /// variable, then any other profile. A profile's token is only sent to that profile's API.
    fn with_token(&self, by: &str, location: Location) -> Result<Location, ConfigError> {
        let Location::Remote(mut remote) = location else { return Ok(location) };
        let profile_token = remote.token.take();
        let token_from_env = || -> Result<Option<TokenSource>, ConfigError> {
            match (self.var("REDPHONE_TOKEN"), self.var("REDPHONE_TOKEN_FILE")) {
                (Some(_), Some(_)) => Err(ConfigError::new(
                    "REDPHONE_TOKEN and REDPHONE_TOKEN_FILE exclude each other: unset one",
                )),
                (Some(_), None) => Ok(Some(TokenSource::Variable("REDPHONE_TOKEN".into()))),
                (None, Some(path)) => Ok(Some(TokenSource::File(path.into()))),
                (None, None) => Ok(None),
            }
        };
        remote.token = match (&self.flags.token_file, profile_token) {
            (Some(path), _) if path.as_os_str().is_empty() => {
                return Err(ConfigError::new("--token-file is empty: name the token's file"));
            }
            (Some(path), _) => Some(TokenSource::File(path.clone())),
            (None, Some(token)) if by == "--profile" => Some(token),
            (None, profile_token) => token_from_env()?.or(profile_token),
        };
        Ok(Location::Remote(remote))
    }

    fn default_store(&self, file: &FileSettings) -> Result<PathBuf, ConfigError> {
        if let Some(path) = &file.general.store {
            return Ok(path.clone());
        }
        let folders = self.folders.as_ref().ok_or_else(|| {
            ConfigError::new(
                "there is no home folder to keep the store in: set HOME, or name a file with \
                 --store FILE or REDPHONE_STORE",
            )
        })?;
        Ok(folders.data.join(NAME).join("redphone.db"))
    }
}

/// Parses the URL of an API that is named outside of the settings file.
fn parse_remote(by: &str, url: &str) -> Result<Location, ConfigError> {
    let address: Address =
        url.parse().map_err(|error| ConfigError::new(format!("{by} {error}")))?;
    if address.is_exposed() {
        return Err(ConfigError::new(format!("{by} {}", address.exposed_reason())));
    }
    Ok(Location::Remote(RemoteConfig {
        name: address.host(),
        address,
        ca_file: None,
        token: None,
        insecure_http: false,
    }))
}
