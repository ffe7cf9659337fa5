//! Built-in mappings, each a file of data: how the messages of monitoring systems are read.
//!
//! `src/docs/guide/senders.md` describes the configuration of each sender. How a mapping is added:
//! `src/docs/how_to.md`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use toml::de::DeTable;

use super::mapping::Mapping;

macro_rules! definitions {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!($name, ".toml")))),+]
    };
}

/// The definitions by name.
const DEFINITIONS: &[(&str, &str)] = definitions![
    "azure",
    "checkmk",
    "cloudevents",
    "cloudwatch",
    "datadog",
    "gcp",
    "grafana",
    "icinga",
    "nagios",
    "oncall",
    "otlp",
    "sentry",
    "uptime-kuma",
    "zabbix",
];

/// The mappings by name. A test holds that each definition can be read.
static MAPPINGS: LazyLock<BTreeMap<&'static str, Arc<Mapping>>> = LazyLock::new(|| {
    let parse = |(name, text): &(&'static str, &'static str)| {
        let table = DeTable::parse(text).ok()?;
        Some((*name, Arc::new(Mapping::from_toml(table.get_ref()).ok()?)))
    };
    DEFINITIONS.iter().filter_map(parse).collect()
});

/// Returns a built-in mapping with its name; `None` if there is none with this name.
#[must_use]
pub fn built_in(name: &str) -> Option<(&'static str, Arc<Mapping>)> {
    let (name, mapping) = MAPPINGS.get_key_value(name)?;
    Some((*name, Arc::clone(mapping)))
}

/// Returns the names of the built-in mappings.
pub fn names() -> impl Iterator<Item = &'static str> + use<> {
    DEFINITIONS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests;
