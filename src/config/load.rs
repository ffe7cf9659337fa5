//! Chooses each value of the configuration among flags, environment, settings file and defaults.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use super::appearance::{Appearance, DepthChoice, ThemeName, Zone};
use super::diagnostics::{FilePosition, Warning};
use super::effective::Config;
use super::error::ConfigError;
use super::file::{self, FileSettings, PathBase};
use super::flags::Flags;
use super::folders::{FILE_NAME, Folders, NAME};
use super::nearest::suggestion;
use super::origin::Origins;
use super::panes::Profile;
use crate::model::check;
use crate::model::text::sanitize;

/// Loads the configuration from its sources, which tests can replace.
pub struct ConfigLoader<'a> {
    /// Flags of the command line.
    pub flags: Flags,
    /// Returns a variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// Returns the name of the account that runs the program.
    pub account: &'a dyn Fn() -> String,
    /// The XDG folders; `None` if there is no home folder.
    pub folders: Option<Folders>,
}

impl std::fmt::Debug for ConfigLoader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// Where the settings file is.
struct SettingsFile {
    path: PathBuf,
    /// The source of the file's path; a file named explicitly must exist.
    named_by: Option<&'static str>,
}

impl Config {
    /// Loads the configuration from flags, the process's environment and the settings file.
    ///
    /// # Errors
    /// The first flag or variable that can't be used.
    pub fn from_process(flags: Flags) -> Result<Self, ConfigError> {
        ConfigLoader::from_process(flags).load()
    }
}

impl ConfigLoader<'static> {
    /// Returns a loader that uses the sources of this process.
    #[must_use]
    pub fn from_process(flags: Flags) -> Self {
        ConfigLoader {
            flags,
            env: &|name| std::env::var_os(name),
            account: &account_name,
            folders: Folders::from_process(),
        }
    }
}

impl ConfigLoader<'_> {
    /// Returns where the settings file is, or would be.
    ///
    /// # Errors
    /// If no source names one and there is no home folder.
    pub fn path(&self) -> Result<PathBuf, ConfigError> {
        let file = self.settings_file()?.ok_or_else(|| {
            let message = "there is no home folder to keep settings in: set HOME, or name a file \
                        with --config FILE or REDPHONE_CONFIG";
            ConfigError::new(message)
        })?;
        Ok(file.path)
    }

    /// Chooses and checks every value.
    ///
    /// # Errors
    /// The first flag or variable that can't be used.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let settings_file = self.settings_file()?;
        let mut file = self.read_file(settings_file.as_ref())?;
        let mut origins = Origins::from_file(std::mem::take(&mut file.positions));
        let profile = self.profile(&file)?;
        let mut panes = file.panes.clone();
        panes.appearance = self.appearance(panes.appearance, &mut origins)?;
        panes.runbooks = panes.runbooks.or_else(|| {
            let folder =
                settings_file.as_ref().and_then(|settings_file| settings_file.path.parent());
            folder.map(|folder| folder.join("runbooks"))
        });
        panes.profile = profile.as_ref().map(|(_, profile)| profile.clone());
        panes.trackers = Some(file.outbound.tracker_names());
        Ok(Config {
            location: self.location(&file, profile.as_ref(), &mut origins)?,
            me: self.me(&file, &mut origins)?,
            ascii: self.ascii(&file, &mut origins)?,
            color: self.color(&file, &mut origins),
            log_level: self.log_level(&file, &mut origins)?,
            log_file: self.folders.as_ref().map(|f| f.state.join(NAME).join("log")),
            remotes: self.folders.as_ref().map(|f| f.state.join(NAME).join("remotes")),
            drafts: self.folders.as_ref().map(|f| f.state.join(NAME).join("drafts")),
            read_only: self.flags.read_only
                || self.flag_var("REDPHONE_READ_ONLY")?.unwrap_or(false)
                || profile.is_some_and(|(_, profile)| profile.read_only),
            file: settings_file.map(|settings_file| settings_file.path),
            is_broken: file.is_broken,
            automatic_escalation: file.general.automatic_escalation.unwrap_or(true),
            rules: file.rules,
            directory: file.directory,
            outbound: file.outbound,
            ingest: file.ingest,
            answers: file.answers,
            signals: file.signals,
            publishing: file.publishing,
            profiles: file.profiles,
            unusable_profiles: file.unusable_profiles,
            warnings: file.warnings,
            panes,
            origins,
        })
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn var(&self, name: &str) -> Option<OsString> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    pub(super) fn text_var(&self, name: &str) -> Result<Option<String>, ConfigError> {
        self.var(name)
            .map(OsString::into_string)
            .transpose()
            .map_err(|_| ConfigError::new(format!("{name} is not UTF-8 text: correct or unset it")))
    }

    fn settings_file(&self) -> Result<Option<SettingsFile>, ConfigError> {
        if let Some(path) = &self.flags.config {
            if path.as_os_str().is_empty() {
                return Err(ConfigError::new("--config is empty: name the settings file"));
            }
            return Ok(Some(SettingsFile { path: path.clone(), named_by: Some("--config") }));
        }
        if let Some(path) = self.var("REDPHONE_CONFIG") {
            return Ok(Some(SettingsFile { path: path.into(), named_by: Some("REDPHONE_CONFIG") }));
        }
        Ok(self.folders.as_ref().map(|folders| SettingsFile {
            path: folders.config.join(NAME).join(FILE_NAME),
            named_by: None,
        }))
    }

    fn read_file(&self, settings_file: Option<&SettingsFile>) -> Result<FileSettings, ConfigError> {
        let Some(SettingsFile { path, named_by }) = settings_file else {
            return Ok(FileSettings::default());
        };
        match (file::read(path), named_by) {
            (Ok(Some(text)), _) => Ok(file::parse(path, &text, &self.base(path))),
            (Ok(None), None) => Ok(FileSettings::default()),
            // The file may name the store: the default one would be a wrong guess.
            (Ok(None), Some(by)) => Err(ConfigError::new(format!(
                "{by}: there is no file {}: correct the name, or make it with \
                     `redphone config init`",
                path.display()
            ))),
            (Err(problem), _) => {
                let path: std::sync::Arc<Path> = path.as_path().into();
                Ok(file::broken(vec![Warning::new(
                    FilePosition::entire_file(&path),
                    &problem.to_string(),
                )]))
            }
        }
    }

    fn base(&self, path: &Path) -> PathBase {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        PathBase { folder, home: self.folders.as_ref().map(|folders| folders.home.clone()) }
    }

    /// Returns the requested profile, and the source of the request.
    fn profile(&self, file: &FileSettings) -> Result<Option<(&'static str, Profile)>, ConfigError> {
        let (by, name) = if let Some(name) = &self.flags.profile {
            ("--profile", name.clone())
        } else if let Some(name) = self.text_var("REDPHONE_PROFILE")? {
            ("REDPHONE_PROFILE", name)
        } else {
            return Ok(None);
        };
        if let Some(profile) = file.profiles.iter().find(|profile| profile.name == name) {
            return Ok(Some((by, profile.clone())));
        }
        // Any other location would be a wrong guess.
        if let Some(unusable) = file.unusable_profiles.iter().find(|unusable| unusable.name == name)
        {
            let shown_name = sanitize(&name);
            return Err(ConfigError::new(format!(
                "{by}: the profile {shown_name:?} can't be used: {}",
                unusable.why
            )));
        }
        let names: Vec<&str> = file.profiles.iter().map(|p| p.name.as_str()).collect();
        let why = match (file.warnings.first(), names.is_empty()) {
            (Some(warning), _) if file.is_broken => warning.to_string(),
            (_, true) => "add [profiles.NAME] to the settings file".to_owned(),
            (_, false) => suggestion(&name, &names),
        };
        Err(ConfigError::new(format!("{by}: there is no profile {:?}: {why}", sanitize(&name))))
    }

    fn me(&self, file: &FileSettings, origins: &mut Origins) -> Result<String, ConfigError> {
        let (source, handle) = if let Some(handle) = &self.flags.user {
            ("--user", handle.clone())
        } else if let Some(handle) = self.text_var("REDPHONE_USER")? {
            ("REDPHONE_USER", handle)
        } else if let Some(handle) = &file.general.user {
            return Ok(handle.clone());
        } else if let Some(handle) = self.var("USER").and_then(|user| user.into_string().ok()) {
            ("USER", handle)
        } else {
            ("the account's name", (self.account)())
        };
        let handle = handle.trim().trim_start_matches('@').to_owned();
        check::name("user", &handle).map_err(|error| {
            ConfigError::new(format!(
                "{source} {}: use a short handle, such as ines",
                error.problem
            ))
        })?;
        origins.set("user", source);
        Ok(handle)
    }

    fn ascii(&self, file: &FileSettings, origins: &mut Origins) -> Result<bool, ConfigError> {
        if self.flags.ascii {
            origins.set("ascii", "--ascii");
            return Ok(true);
        }
        if let Some(ascii) = self.flag_var("REDPHONE_ASCII")? {
            origins.set("ascii", "REDPHONE_ASCII");
            return Ok(ascii);
        }
        if let Some(ascii) = file.general.ascii {
            return Ok(ascii);
        }
        // A missing locale means nothing for the terminal, and UTF-8 is by far the most common.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| self.var(name).map(|locale| (name, locale)));
        Ok(locale.is_some_and(|(name, locale)| {
            let locale = locale.to_string_lossy().to_ascii_lowercase();
            let ascii = !(locale.contains("utf-8") || locale.contains("utf8"));
            if ascii {
                origins.set("ascii", name);
            }
            ascii
        }))
    }

    fn color(&self, file: &FileSettings, origins: &mut Origins) -> bool {
        if self.var("NO_COLOR").is_some() {
            origins.set("color", "NO_COLOR");
            return false;
        }
        if self.var("TERM").is_some_and(|term| term == "dumb") {
            origins.set("color", "TERM");
            return false;
        }
        file.general.color.unwrap_or(true)
    }

    fn appearance(
        &self,
        file: Appearance,
        origins: &mut Origins,
    ) -> Result<Appearance, ConfigError> {
        let mut appearance = file;
        let flags = &self.flags;
        if let Some(theme) = flags.theme {
            appearance.theme = theme;
            origins.set("looks.theme", "--theme");
        } else if let Some(theme) =
            self.choice_var("REDPHONE_THEME", ThemeName::ALL, ThemeName::as_str)?
        {
            appearance.theme = theme;
            origins.set("looks.theme", "REDPHONE_THEME");
        }
        if let Some(depth) = flags.depth {
            appearance.depth = depth;
            origins.set("looks.depth", "--depth");
        } else if let Some(depth) =
            self.choice_var("REDPHONE_DEPTH", DepthChoice::ALL, DepthChoice::as_str)?
        {
            appearance.depth = depth;
            origins.set("looks.depth", "REDPHONE_DEPTH");
        } else if self.var("NO_COLOR").is_some() {
            // An explicit choice takes precedence over it, as its authors recommend (no-color.org).
            appearance.depth = DepthChoice::None;
            origins.set("looks.depth", "NO_COLOR");
        }
        if let Some(zone) = flags.zone {
            appearance.zone = zone;
            origins.set("looks.zone", "--zone");
        } else if let Some(zone) = self.choice_var("REDPHONE_ZONE", Zone::ALL, Zone::as_str)? {
            appearance.zone = zone;
            origins.set("looks.zone", "REDPHONE_ZONE");
        }
        if flags.low_bandwidth {
            appearance.low_bandwidth = true;
            origins.set("looks.low_bandwidth", "--low-bandwidth");
        } else if let Some(low_bandwidth) = self.flag_var("REDPHONE_LOW_BANDWIDTH")? {
            appearance.low_bandwidth = low_bandwidth;
            origins.set("looks.low_bandwidth", "REDPHONE_LOW_BANDWIDTH");
        }
        if let Some(synchronized) = self.flag_var("REDPHONE_SYNC")? {
            appearance.synchronized = synchronized;
            origins.set("looks.synchronized", "REDPHONE_SYNC");
        }
        Ok(appearance)
    }

    fn flag_var(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.text_var(name)? else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Some(true)),
            "0" | "false" | "no" | "off" => Ok(Some(false)),
            _ => Err(ConfigError::new(format!(
                "{name} is {:?}: set it to 1 or 0, or unset it",
                sanitize(&value)
            ))),
        }
    }

    fn choice_var<T: Copy>(
        &self,
        name: &str,
        choices: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text_var(name)? else { return Ok(None) };
        let found =
            choices.iter().copied().find(|choice| as_str(*choice).eq_ignore_ascii_case(&value));
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|choice| as_str(*choice)).collect();
            let names = names.join(", ");
            let value = sanitize(&value);
            return Err(ConfigError::new(format!(
                "{name} is {value:?}: set it to one of {names}, or unset it"
            )));
        }
        Ok(found)
    }

    fn log_level(
        &self,
        file: &FileSettings,
        origins: &mut Origins,
    ) -> Result<LevelFilter, ConfigError> {
        let Some(value) = self.text_var("REDPHONE_LOG")? else {
            return Ok(file.general.log.unwrap_or(LevelFilter::WARN));
        };
        origins.set("log", "REDPHONE_LOG");
        value.parse().map_err(|_| {
            ConfigError::new(format!(
                "REDPHONE_LOG is {:?}: set it to off, error, warn, info, debug or trace",
                sanitize(&value)
            ))
        })
    }
}

/// Returns the name of the account of this process as the system has it, be it from a file, LDAP or
/// the directory of macOS.
fn account_name() -> String {
    account_name_or_uid(whoami::username().ok(), rustix::process::geteuid().as_raw())
}

/// Returns the account's name, or its number if the system has no name for it.
fn account_name_or_uid(name: Option<String>, uid: u32) -> String {
    name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("uid{uid}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Location;

    fn load(flags: Flags, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let env: BTreeMap<&str, &str> = env.iter().copied().collect();
        ConfigLoader {
            flags,
            env: &|name| env.get(name).map(OsString::from),
            account: &|| "account".into(),
            folders: Some(Folders {
                home: "/home".into(),
                config: "/config".into(),
                data: "/data".into(),
                state: "/state".into(),
            }),
        }
        .load()
    }

    fn store(path: &str) -> Location {
        Location::File(path.into())
    }

    #[test]
    fn account_without_a_name_is_shown_by_its_number() {
        assert_eq!(account_name_or_uid(Some("ada".into()), 1000), "ada");
        assert_eq!(account_name_or_uid(Some(" ".into()), 1000), "uid1000");
        assert_eq!(account_name_or_uid(None, 4_294_967_294), "uid4294967294");
    }

    #[test]
    fn account_name_is_that_of_the_effective_user() {
        let output = std::process::Command::new("id").arg("-un").output().unwrap();
        // `id` fails for an account without a name.
        if output.status.success() {
            assert_eq!(account_name(), String::from_utf8(output.stdout).unwrap().trim());
        }
    }

    #[test]
    fn defaults_hold_without_flags_and_environment() {
        let config = load(Flags::default(), &[]).unwrap();
        assert_eq!(config.location, store("/data/redphone/redphone.db"));
        assert_eq!(config.log_file, Some(PathBuf::from("/state/redphone/log")));
        assert_eq!(config.me, "account");
        assert_eq!(config.log_level, LevelFilter::WARN);
        assert!(!config.ascii);
        assert!(config.color);
    }

    #[test]
    fn flag_wins_against_the_environment() {
        let flags = Flags {
            store: Some("f.db".into()),
            user: Some("@flag".into()),
            ascii: true,
            ..Flags::default()
        };
        let env = [("REDPHONE_STORE", "e.db"), ("REDPHONE_USER", "env"), ("REDPHONE_ASCII", "0")];
        let config = load(flags, &env).unwrap();
        assert_eq!(
            (config.location, config.me, config.ascii),
            (store("f.db"), "flag".into(), true)
        );
        let config = load(Flags::default(), &env).unwrap();
        assert_eq!(
            (config.location, config.me, config.ascii),
            (store("e.db"), "env".into(), false)
        );
    }

    #[test]
    fn empty_variable_counts_as_unset() {
        let env = [("REDPHONE_STORE", ""), ("REDPHONE_USER", ""), ("NO_COLOR", "")];
        let config = load(Flags::default(), &env).unwrap();
        assert_eq!(config.location, store("/data/redphone/redphone.db"));
        assert!(config.color);
    }

    #[test]
    fn colour_and_ascii_follow_the_terminal() {
        let color_and_ascii = |env: &[(&str, &str)]| {
            let config = load(Flags::default(), env).unwrap();
            (config.color, config.ascii)
        };
        assert_eq!(color_and_ascii(&[("NO_COLOR", "1")]), (false, false));
        assert_eq!(color_and_ascii(&[("TERM", "dumb")]), (false, false));
        assert_eq!(color_and_ascii(&[("LANG", "en_GB.UTF-8")]), (true, false));
        assert_eq!(color_and_ascii(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]), (true, true));
        assert_eq!(color_and_ascii(&[("LANG", "C.utf8")]), (true, false));
    }

    #[test]
    fn bad_value_is_reported_with_its_source() {
        let message = |env: &[(&str, &str)]| load(Flags::default(), env).unwrap_err().to_string();
        assert_eq!(
            message(&[("REDPHONE_LOG", "loud")]),
            "REDPHONE_LOG is \"loud\": set it to off, error, warn, info, debug or trace"
        );
        assert_eq!(
            message(&[("REDPHONE_ASCII", "may\u{1b}be")]),
            "REDPHONE_ASCII is \"may␛be\": set it to 1 or 0, or unset it"
        );
        assert_eq!(
            message(&[("REDPHONE_USER", "a\nb")]),
            "REDPHONE_USER has a line break: write it on one line: use a short handle, such as ines"
        );
    }
}
