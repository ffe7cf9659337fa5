//! Files, environment and flags, checked once into one value.
//!
//! A flag wins over the environment, and the environment over the default. A settings file would
//! come between the last two: [`Settings::load`] is the one place where a value is chosen.

pub mod log;
pub mod looks;
pub mod panes;
pub mod pattern;
pub mod place;

mod nearest;

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, Xdg};
use tracing::level_filters::LevelFilter;

use crate::model::check;
use crate::model::rules::Rules;
use crate::model::text::shown;

pub(crate) use nearest::meant;
pub use panes::PanesSettings;
pub use place::{Place, Warning};

/// The name of the folders and of the store's file.
const NAME: &str = "redphone";

/// What the command line can set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `--store`.
    pub store: Option<PathBuf>,
    /// `--user`.
    pub user: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
}

/// What holds for this run. Every value is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The store's file.
    pub store: PathBuf,
    /// Handle of whoever uses the program.
    pub me: String,
    /// The rules in force.
    pub rules: Rules,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Colours may be used where there is a terminal.
    pub color: bool,
    /// What the panes are told.
    pub panes: PanesSettings,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Settings that could not be used.
    pub warnings: Vec<Warning>,
    /// What the log takes in.
    pub log_level: LevelFilter,
    /// The log's file; `None` where there is no place for it.
    pub log_file: Option<PathBuf>,
    /// The folder where what is typed is kept; `None` where there is no place for it.
    pub drafts: Option<PathBuf>,
}

/// A value that can't be used: where it comes from, what is wrong, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Where values come from, so that a test can stand in for the process.
pub struct Settings<'a> {
    /// From the command line.
    pub flags: Flags,
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The name of the account that runs the program.
    pub account: &'a dyn Fn() -> String,
    /// The XDG folders; `None` where there is no home folder.
    pub folders: Option<Folders>,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// The folders of the user, without the program's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folders {
    /// Where data is kept.
    pub data: PathBuf,
    /// Where logs are kept.
    pub state: PathBuf,
}

impl Folders {
    /// The XDG folders of this process, also on macOS; `None` without a home folder.
    #[must_use]
    pub fn of_process() -> Option<Self> {
        let xdg = Xdg::new().ok()?;
        let data = xdg.data_dir();
        let state = xdg.state_dir().unwrap_or_else(|| data.clone());
        Some(Self { data, state })
    }
}

impl Config {
    /// From flags and the process's environment.
    ///
    /// # Errors
    /// The first value that can't be used.
    pub fn from_process(flags: Flags) -> Result<Self, ConfigError> {
        Settings {
            flags,
            env: &|name| std::env::var_os(name),
            account: &account,
            folders: Folders::of_process(),
        }
        .load()
    }
}

impl Settings<'_> {
    /// Chooses and checks every value.
    ///
    /// # Errors
    /// The first one that can't be used.
    pub fn load(self) -> Result<Config, ConfigError> {
        Ok(Config {
            store: self.store()?,
            me: self.me()?,
            rules: Rules::default(),
            ascii: self.ascii()?,
            color: self.var("NO_COLOR").is_none() && self.var("TERM").is_none_or(|t| t != "dumb"),
            panes: PanesSettings::default(),
            read_only: false,
            warnings: Vec::new(),
            log_level: self.log_level()?,
            log_file: self.folders.as_ref().map(|f| f.state.join(NAME).join("log")),
            drafts: self.folders.as_ref().map(|f| f.state.join(NAME).join("drafts")),
        })
    }

    /// A variable that is set to something.
    fn var(&self, name: &str) -> Option<OsString> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        self.var(name)
            .map(OsString::into_string)
            .transpose()
            .map_err(|_| ConfigError(format!("{name} is not UTF-8 text: correct or unset it")))
    }

    fn store(&self) -> Result<PathBuf, ConfigError> {
        if let Some(path) = &self.flags.store {
            if path.as_os_str().is_empty() {
                return Err(ConfigError("--store is empty: name the store's file".into()));
            }
            return Ok(path.clone());
        }
        if let Some(path) = self.var("REDPHONE_STORE") {
            return Ok(path.into());
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

    fn me(&self) -> Result<String, ConfigError> {
        let (from, handle) = if let Some(handle) = &self.flags.user {
            ("--user", handle.clone())
        } else if let Some(handle) = self.text("REDPHONE_USER")? {
            ("REDPHONE_USER", handle)
        } else if let Some(handle) = self.var("USER").and_then(|user| user.into_string().ok()) {
            ("USER", handle)
        } else {
            ("the account's name", (self.account)())
        };
        let handle = handle.trim().trim_start_matches('@').to_owned();
        check::name("user", &handle).map_err(|bad| {
            ConfigError(format!("{from} {}: use a short handle, such as ines", bad.problem))
        })?;
        Ok(handle)
    }

    fn ascii(&self) -> Result<bool, ConfigError> {
        if self.flags.ascii {
            return Ok(true);
        }
        if let Some(word) = self.text("REDPHONE_ASCII")? {
            return match word.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Ok(true),
                "0" | "false" | "no" | "off" => Ok(false),
                _ => Err(ConfigError(format!(
                    "REDPHONE_ASCII is {:?}: set it to 1 or 0, or unset it",
                    shown(&word)
                ))),
            };
        }
        // No locale at all says nothing about the terminal, and UTF-8 is by far the most common.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.var(name));
        Ok(locale.is_some_and(|locale| {
            let locale = locale.to_string_lossy().to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        }))
    }

    fn log_level(&self) -> Result<LevelFilter, ConfigError> {
        let Some(word) = self.text("REDPHONE_LOG")? else { return Ok(LevelFilter::WARN) };
        word.parse().map_err(|_| {
            ConfigError(format!(
                "REDPHONE_LOG is {:?}: set it to off, error, warn, info, debug or trace",
                shown(&word)
            ))
        })
    }
}

/// The name of the account in the list of accounts, or its number where it isn't there.
fn account() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == uid).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid{uid}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn load(flags: Flags, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let env: BTreeMap<&str, &str> = env.iter().copied().collect();
        Settings {
            flags,
            env: &|name| env.get(name).map(OsString::from),
            account: &|| "account".into(),
            folders: Some(Folders { data: "/data".into(), state: "/state".into() }),
        }
        .load()
    }

    #[test]
    fn without_flags_and_environment_the_defaults_hold() {
        let config = load(Flags::default(), &[]).unwrap();
        assert_eq!(config.store, PathBuf::from("/data/redphone/redphone.db"));
        assert_eq!(config.log_file, Some(PathBuf::from("/state/redphone/log")));
        assert_eq!(config.me, "account");
        assert_eq!(config.log_level, LevelFilter::WARN);
        assert!(!config.ascii);
        assert!(config.color);
    }

    #[test]
    fn a_flag_wins_over_the_environment() {
        let flags = Flags { store: Some("f.db".into()), user: Some("@flag".into()), ascii: true };
        let env = [("REDPHONE_STORE", "e.db"), ("REDPHONE_USER", "env"), ("REDPHONE_ASCII", "0")];
        let config = load(flags, &env).unwrap();
        assert_eq!((config.store, config.me, config.ascii), ("f.db".into(), "flag".into(), true));
        let config = load(Flags::default(), &env).unwrap();
        assert_eq!((config.store, config.me, config.ascii), ("e.db".into(), "env".into(), false));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let env = [("REDPHONE_STORE", ""), ("REDPHONE_USER", ""), ("NO_COLOR", "")];
        let config = load(Flags::default(), &env).unwrap();
        assert_eq!(config.store, PathBuf::from("/data/redphone/redphone.db"));
        assert!(config.color);
    }

    #[test]
    fn colour_and_ascii_follow_the_terminal() {
        let of = |env: &[(&str, &str)]| {
            let config = load(Flags::default(), env).unwrap();
            (config.color, config.ascii)
        };
        assert_eq!(of(&[("NO_COLOR", "1")]), (false, false));
        assert_eq!(of(&[("TERM", "dumb")]), (false, false));
        assert_eq!(of(&[("LANG", "en_GB.UTF-8")]), (true, false));
        assert_eq!(of(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]), (true, true));
        assert_eq!(of(&[("LANG", "C.utf8")]), (true, false));
    }

    #[test]
    fn a_bad_value_is_named_with_its_source() {
        let told = |env: &[(&str, &str)]| load(Flags::default(), env).unwrap_err().to_string();
        assert_eq!(
            told(&[("REDPHONE_LOG", "loud")]),
            "REDPHONE_LOG is \"loud\": set it to off, error, warn, info, debug or trace"
        );
        assert_eq!(
            told(&[("REDPHONE_ASCII", "may\u{1b}be")]),
            "REDPHONE_ASCII is \"may␛be\": set it to 1 or 0, or unset it"
        );
        assert_eq!(
            told(&[("REDPHONE_USER", "a\nb")]),
            "REDPHONE_USER has a line break: write it on one line: use a short handle, such as ines"
        );
    }
}
