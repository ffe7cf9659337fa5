//! The sample contains every setting that is read.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::super::sample::{ActionKeys, EXAMPLES_LINE, sample, uncommented};
use super::section::Source;
use super::{FileSettings, PathBase, parse, read_settings};

fn base() -> PathBase {
    PathBase { folder: "/etc/redphone".into(), home: Some("/home/ines".into()) }
}

fn with_keys() -> String {
    sample([ActionKeys { name: "acknowledge", keys: &["a"], help: "acknowledge the incident" }])
}

fn read(text: &str) -> FileSettings {
    parse(Path::new("config.toml"), text, &base())
}

/// Replaces the profile, channel, sender or tracker in a setting's name: none of them can have all settings.
fn whichever_profile(name: &str) -> String {
    let part = |list: &str| {
        let (_, setting) = name.strip_prefix(list)?.strip_prefix('.')?.split_once('.')?;
        Some(format!("{list}.*.{setting}"))
    };
    let lists = ["profiles", "channels", "publishers", "ingest", "trackers"];
    lists.into_iter().find_map(part).unwrap_or_else(|| name.to_owned())
}

#[test]
fn sample_sets_every_setting() {
    let text = uncommented(&with_keys());
    let path: Arc<Path> = Path::new("config.toml").into();
    let source = Source::new(&path, &text);
    let table = DeTable::parse(&text).expect("TOML");
    let _ = read_settings(&source, table.get_ref(), &base());
    // An entry of a list may omit a key that another one has.
    let unset = source.unset.take();
    let (warnings, positions) = source.into_parts();
    let set: Vec<String> = positions.keys().map(|name| whichever_profile(name)).collect();
    let mut unset: Vec<String> = unset.iter().map(|name| whichever_profile(name)).collect();
    unset.retain(|name| !set.contains(name));
    assert_eq!(unset, [""; 0]);
    assert_eq!(warnings, []);
}

#[test]
fn sample_as_it_is_sets_nothing() {
    let settings = read(&with_keys());
    assert_eq!(settings, FileSettings::default());
}

#[test]
fn defaults_in_the_sample_are_the_defaults() {
    let sample = with_keys();
    let (defaults, _) = sample.split_once(EXAMPLES_LINE).expect("examples");
    let mut read = read(&uncommented(defaults));
    assert_eq!(read.warnings, []);
    let default = FileSettings::default();
    assert_eq!(read.rules, default.rules);
    assert_eq!(read.directory, default.directory);
    assert_eq!(read.profiles, default.profiles);
    assert_eq!(read.panes.runbooks.take(), Some("/etc/redphone/runbooks".into()));
    let keys = std::mem::take(&mut read.panes.keys);
    assert_eq!(keys.len(), 1);
    assert_eq!(read.panes, default.panes);
    let general = read.general;
    assert_eq!((general.ascii, general.color), (Some(false), Some(true)));
    assert_eq!(general.automatic_escalation, Some(true));
    assert_eq!(general.log, Some(tracing::level_filters::LevelFilter::WARN));
    let store = Path::new("/home/ines/.local/share/redphone/redphone.db");
    assert_eq!(general.store.as_deref(), Some(store));
}
