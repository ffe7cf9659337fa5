//! Reads the user, the store, the options of the output, and the log level.

use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use super::PathBase;
use super::section::{Section, Value, ValueResult};
use crate::model::check;

/// Settings that flags or the environment can override.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::config) struct General {
    pub(in crate::config) user: Option<String>,
    pub(in crate::config) store: Option<PathBuf>,
    pub(in crate::config) ascii: Option<bool>,
    pub(in crate::config) color: Option<bool>,
    pub(in crate::config) log: Option<LevelFilter>,
}

const LOG_LEVELS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> General {
    General {
        user: top.read("user", user),
        store: top.read("store", |value| path(value, base)),
        ascii: top.read("ascii", Value::flag),
        color: top.read("color", Value::flag),
        log: top.read("log", |value| value.one_of(&LOG_LEVELS, crate::config::log_level_name)),
    }
}

fn user(value: &Value<'_>) -> ValueResult<String> {
    let handle = value.text()?.trim().trim_start_matches('@').to_owned();
    check::name("", &handle).map_err(|bad| value.invalid(bad.problem.to_string()))?;
    Ok(handle)
}

/// Reads a path. `~/` is the home folder, and a relative path starts at the file's folder.
pub(super) fn path(value: &Value<'_>, base: &PathBase) -> ValueResult<PathBuf> {
    let text = value.text()?;
    if text.is_empty() || text.contains('\0') {
        return Err(value.invalid("is not a path: name a file"));
    }
    if let Some(rest) = text.strip_prefix("~/") {
        let home = base.home.as_ref();
        let home = home.ok_or_else(|| {
            value.invalid("starts with ~/ and there is no home folder: write the whole path")
        })?;
        return Ok(home.join(rest));
    }
    Ok(base.folder.join(Path::new(text)))
}
