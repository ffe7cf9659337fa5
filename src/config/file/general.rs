//! Reads the user, the store, the options of the output, the log level, and whether the engine
//! runs.

use std::path::PathBuf;

use tracing::level_filters::LevelFilter;

use super::path::{PathBase, path};
use super::section::{Section, Value, ValueResult};
use crate::config::log_level::{LOG_LEVELS, log_level_name};
use crate::model::check;

/// Settings that flags or the environment can override.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::config) struct General {
    pub(in crate::config) user: Option<String>,
    pub(in crate::config) store: Option<PathBuf>,
    pub(in crate::config) ascii: Option<bool>,
    pub(in crate::config) color: Option<bool>,
    pub(in crate::config) log: Option<LevelFilter>,
    pub(in crate::config) automatic_escalation: Option<bool>,
}

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> General {
    General {
        user: top.read("user", user),
        store: top.read("store", |value| path(value, base)),
        ascii: top.read("ascii", Value::flag),
        color: top.read("color", Value::flag),
        log: top.read("log", |value| value.one_of(&LOG_LEVELS, log_level_name)),
        automatic_escalation: top.read("automatic_escalation", Value::flag),
    }
}

fn user(value: &Value<'_>) -> ValueResult<String> {
    let handle = value.text()?.trim().trim_start_matches('@').to_owned();
    check::name("", &handle).map_err(|bad| value.invalid(bad.problem.to_string()))?;
    Ok(handle)
}
