//! The sources of values that are not part of the command line's definition. Each source is read
//! when it is first needed, and an unreadable one has no values.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::super::local_state::{self, LocalState, Rows};
use super::super::runtime::block_on;
use crate::config::{Config, Location};
use crate::model::Summary;
use crate::model::text::pad;
use crate::server::tokens::TokenFile;
use crate::tui::views::update::views_with;

/// The most runbooks that are listed, and the most levels of folders that are read for them.
const MAX_RUNBOOKS: usize = 500;
const MAX_DEPTH: usize = 4;

/// A value with its description.
pub(super) type Described = (String, String);

/// The completions besides the words of the command line itself.
#[derive(Debug)]
pub(super) struct Sources {
    /// `None` if a flag or a variable is wrong.
    config: Option<Config>,
    /// The words before the one at the cursor.
    typed: Vec<String>,
    state: OnceLock<Option<LocalState>>,
}

impl Sources {
    pub(super) fn new(config: Option<Config>, typed: Vec<String>) -> Self {
        Self { config, typed, state: OnceLock::new() }
    }

    /// Returns the local data about the incidents.
    pub(super) fn state(&self) -> Option<&LocalState> {
        let read = || {
            let config = self.config.as_ref()?;
            block_on(local_state::read(config, Rows::OpenAndEnded)).ok().flatten()
        };
        self.state.get_or_init(read).as_ref()
    }

    /// Returns the incidents by number, the open ones first, without those that were typed already.
    pub(super) fn incidents(&self, current: &str) -> Vec<Described> {
        // After `12` the short form is completed.
        let is_short = current.starts_with(|c: char| c.is_ascii_digit());
        let describe = |row: &Summary| {
            let number = row.number?;
            let (long, short) = (number.to_string(), number.0.to_string());
            let is_typed = |word: &String| word.eq_ignore_ascii_case(&long) || *word == short;
            if self.typed.iter().any(is_typed) {
                return None;
            }
            let about = format!("{} {} {}", row.priority, pad(row.status.as_str(), 9), row.title);
            Some((if is_short { short } else { long }, about))
        };
        let rows = self.state().into_iter().flat_map(|state| state.open.iter().chain(&state.ended));
        rows.filter_map(describe).collect()
    }

    /// Returns the templates of the settings by name.
    pub(super) fn templates(&self) -> Vec<Described> {
        let templates = self.config.iter().flat_map(|config| &config.panes.templates);
        templates.map(|template| (template.name.clone(), template.text.source())).collect()
    }

    /// Returns the people of the directory by handle.
    pub(super) fn people(&self) -> Vec<Described> {
        let directory = self.state().map(|state| &state.directory);
        let people = directory.into_iter().flat_map(|directory| &directory.people);
        people.map(|person| (person.handle.clone(), person.name.clone())).collect()
    }

    /// Returns the word for the user, with their name.
    pub(super) fn me(&self) -> Vec<Described> {
        let name = self.state().map_or_else(String::new, |state| state.me.name.clone());
        vec![("me".to_owned(), name)]
    }

    pub(super) fn teams(&self) -> Vec<Described> {
        let directory = self.state().map(|state| &state.directory);
        let teams = directory.into_iter().flat_map(|directory| &directory.teams);
        teams.map(|team| (team.name.clone(), team.members.join(", "))).collect()
    }

    pub(super) fn schedules(&self) -> Vec<Described> {
        let directory = self.state().map(|state| &state.directory);
        let schedules = directory.into_iter().flat_map(|directory| &directory.schedules);
        schedules.map(|one| (one.key().to_owned(), one.people().join(", "))).collect()
    }

    pub(super) fn services(&self) -> Vec<Described> {
        let directory = self.state().map(|state| &state.directory);
        let services = directory.into_iter().flat_map(|directory| &directory.services);
        services.map(|service| (service.name.clone(), service.team.clone())).collect()
    }

    /// Returns the labels of the open incidents.
    pub(super) fn labels(&self) -> Vec<Described> {
        let rows = self.state().into_iter().flat_map(|state| &state.open);
        let labels: std::collections::BTreeSet<&String> =
            rows.flat_map(|row| &row.attributes.labels).collect();
        labels.into_iter().map(|label| (label.clone(), String::new())).collect()
    }

    /// Returns the commands of the outbox that were not sent, by position.
    pub(super) fn unsent(&self) -> Vec<Described> {
        let entries = self.state().into_iter().flat_map(|state| &state.unsent);
        entries
            .map(|entry| {
                let state = if entry.is_refused { "refused" } else { "waits" };
                let about = format!("{state}: {} {}", entry.label, entry.title);
                (entry.position.to_string(), about)
            })
            .collect()
    }

    pub(super) fn profiles(&self) -> Vec<Described> {
        let profiles = self.config.iter().flat_map(|config| &config.profiles);
        profiles
            .map(|profile| {
                let location = profile.location.as_ref();
                let about = location.map(|location| location.display_name().into_string());
                (profile.name.clone(), about.unwrap_or_default())
            })
            .collect()
    }

    /// Returns the URLs of the profiles.
    pub(super) fn apis(&self) -> Vec<Described> {
        let profiles = self.config.iter().flat_map(|config| &config.profiles);
        profiles
            .filter_map(|profile| match &profile.location {
                Some(Location::Remote(remote)) => {
                    Some((remote.address.to_string(), profile.name.clone()))
                }
                _ => None,
            })
            .collect()
    }

    pub(super) fn views(&self) -> Vec<Described> {
        let own = self.config.as_ref().map(|config| &config.panes.views[..]).unwrap_or_default();
        views_with(own).into_iter().map(|view| (view.name, view.filter.to_string())).collect()
    }

    /// Returns the names of the valid tokens of the store's server.
    pub(super) fn tokens(&self) -> Vec<Described> {
        let store = self.config.as_ref().and_then(|config| config.location.file());
        let tokens = store.and_then(|store| TokenFile::for_store(store).list().ok());
        tokens
            .unwrap_or_default()
            .into_iter()
            .filter(|token| token.revoked_at.is_none())
            .map(|token| (token.name, format!("{} {}", token.scope, token.id)))
            .collect()
    }

    /// Returns the names of the runbooks: those of the services, and those in the folder.
    pub(super) fn runbooks(&self) -> Vec<Described> {
        let mut names = Vec::new();
        if let Some(folder) = self.config.as_ref().and_then(|config| config.panes.runbooks.as_ref())
        {
            collect_runbooks(folder, "", 0, &mut names);
        }
        let directory = self.state().map(|state| &state.directory);
        let services = directory.into_iter().flat_map(|directory| &directory.services);
        names.extend(services.filter_map(|service| service.runbook.clone()));
        names.sort();
        names.dedup();
        names.into_iter().map(|name| (name, String::new())).collect()
    }

    /// Returns the folders of the other outboxes of this account.
    pub(super) fn outbox_folders(&self) -> Vec<Described> {
        let root = self.config.as_ref().and_then(|config| config.remotes.as_ref());
        let folders = root.and_then(|root| fs::read_dir(root).ok());
        let paths = folders.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<String> = paths
            .filter(|path| path.is_dir())
            .filter_map(|path| Some(path.to_str()?.to_owned()))
            .collect();
        paths.sort();
        paths.into_iter().map(|path| (path, String::new())).collect()
    }
}

/// Adds the names of the runbooks in a folder, as `parts/name` without the ending.
fn collect_runbooks(folder: &Path, inside: &str, depth: usize, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let Some(file) = file.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if names.len() >= MAX_RUNBOOKS {
            return;
        }
        if let Some(name) = file.strip_suffix(".md") {
            names.push(format!("{inside}{name}"));
        } else if depth < MAX_DEPTH && entry.path().is_dir() {
            collect_runbooks(&entry.path(), &format!("{inside}{file}/"), depth + 1, names);
        }
    }
}
