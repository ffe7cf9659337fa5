//! A settings file in a temporary folder, read as the program reads it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use redphone::config::{Config, ConfigError, ConfigLoader, Flags, Folders};
use tempfile::TempDir;

pub struct File {
    folder: TempDir,
}

impl File {
    pub fn new(text: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(file.path().parent().unwrap()).unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("config/redphone/config.toml")
    }

    pub fn load_with(&self, flags: Flags, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let env: BTreeMap<&str, &str> = env.iter().copied().collect();
        ConfigLoader {
            flags,
            env: &|name| env.get(name).map(OsString::from),
            account: &|| "account".into(),
            folders: Some(Folders {
                home: self.folder.path().join("home"),
                config: self.folder.path().join("config"),
                data: "/data".into(),
                state: "/state".into(),
            }),
        }
        .load()
    }

    pub fn load(&self) -> Config {
        self.load_with(Flags::default(), &[]).unwrap()
    }
}

/// Loads the settings from a text.
pub fn read(text: &str) -> Config {
    File::new(text).load()
}

/// Returns the warnings about a settings text as `line:column: sentence`.
pub fn warnings(text: &str) -> Vec<String> {
    let config = read(text);
    let to_text = |w: &redphone::config::Warning| {
        format!("{}:{}: {}", w.position.line, w.position.column, w.text)
    };
    config.warnings.iter().map(to_text).collect()
}
