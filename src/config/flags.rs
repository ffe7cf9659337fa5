//! The part of the configuration on the command line.

use std::path::PathBuf;

use super::appearance::{DepthChoice, ThemeName, Zone};

/// Settings that the command line can give; each field is the flag of its name.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub profile: Option<String>,
    pub store: Option<PathBuf>,
    pub backend: Option<String>,
    pub token_file: Option<PathBuf>,
    pub user: Option<String>,
    pub ascii: bool,
    pub theme: Option<ThemeName>,
    pub depth: Option<DepthChoice>,
    pub zone: Option<Zone>,
    pub low_bandwidth: bool,
    pub read_only: bool,
}
