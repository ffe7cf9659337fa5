//! Reads the settings file, checks it value by value, and warns about errors.
//!
//! A wrong setting is left out with a warning, and all others are applied.

mod answers;
mod appearance;
mod commands;
mod directory;
mod general;
mod ingest;
mod keys;
mod options;
mod outbound;
mod path;
mod policies;
mod position;
mod profiles;
mod publishing;
mod read;
mod references;
mod rules;
mod schedules;
mod section;
mod self_test;
mod signals;
mod templates;
mod trackers;
mod views;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::diagnostics::{FilePosition, Warning};
use super::outbound::OutboundSettings;
use super::panes::{PanesSettings, Profile, UnusableProfile};
use super::publishing::PublishingSettings;
use crate::ingest::IngestSettings;
use crate::model::directory::Directory;
use crate::model::notification::AnswerSettings;
use crate::model::rules::Rules;
use crate::model::signals::SignalSettings;
use general::General;
use section::{Section, Source};

pub(super) use path::PathBase;
pub(super) use read::read;

/// The contents of a settings file.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct FileSettings {
    /// The user, the store, the options of the output, and the log level.
    pub(super) general: General,
    /// Service levels, priorities and time spans.
    pub(super) rules: Rules,
    /// Settings of the panes.
    pub(super) panes: PanesSettings,
    /// People, teams and services.
    pub(super) directory: Directory,
    /// Channels and contacts.
    pub(super) outbound: OutboundSettings,
    /// How messages with alerts are read.
    pub(super) ingest: IngestSettings,
    /// How people answer messages.
    pub(super) answers: AnswerSettings,
    /// Heartbeats and reminders.
    pub(super) signals: SignalSettings,
    /// The targets of the status page, and scheduled reports.
    pub(super) publishing: PublishingSettings,
    /// Profiles that can be chosen.
    pub(super) profiles: Vec<Profile>,
    /// Profiles that can't be used.
    pub(super) unusable_profiles: Vec<UnusableProfile>,
    /// The warnings, in the order of the file.
    pub(super) warnings: Vec<Warning>,
    /// Position of each setting that counts.
    pub(super) positions: BTreeMap<String, FilePosition>,
    /// Whether the file could not be read at all, so that nothing of it counts.
    pub(super) is_broken: bool,
}

/// Parses a text as settings.
pub(super) fn parse(path: &Path, text: &str, base: &PathBase) -> FileSettings {
    let path: Arc<Path> = path.into();
    let source = Source::new(&path, text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            let offset = error.span().map_or(0, |span| span.start);
            source.warn(offset, &format!("this is not TOML: {message}; none of the file counts"));
            return broken(source.into_parts().0);
        }
    };
    let mut settings = read_settings(&source, table.get_ref(), base);
    (settings.warnings, settings.positions) = source.into_parts();
    settings
}

/// Returns the settings of a file that can't be used at all.
pub(super) fn broken(warnings: Vec<Warning>) -> FileSettings {
    FileSettings { warnings, is_broken: true, ..FileSettings::default() }
}

fn read_settings<'a>(
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    base: &PathBase,
) -> FileSettings {
    let mut top = Section::top(source, table);
    let mut panes = PanesSettings::default();
    let general = general::read(&mut top, base);
    appearance::read(&mut top, &mut panes);
    panes.keys = keys::read(&mut top);
    panes.views = views::read(&mut top);
    templates::read(&mut top, &mut panes.templates);
    panes.commands = commands::read(&mut top);
    panes.runbooks = top.read("runbooks", |value| path::path(value, base));
    let rules = rules::read(&mut top);
    let (directory, calendars) = directory::read(&mut top, base);
    let (profiles, unusable_profiles) = profiles::read(&mut top, base);
    let outbound = outbound::read(&mut top, base, &directory.people);
    let trackers = trackers::read(&mut top, base);
    let outbound = OutboundSettings { calendars, trackers, ..outbound };
    let ingest = ingest::read(&mut top, base, &directory);
    let settings = FileSettings {
        general,
        rules,
        panes,
        directory,
        outbound,
        ingest,
        answers: answers::read(&mut top),
        signals: signals::read(&mut top),
        publishing: publishing::read(&mut top, base),
        profiles,
        unusable_profiles,
        ..FileSettings::default()
    };
    top.finish();
    settings
}

#[cfg(test)]
mod tests;
