//! An open store, and who uses it.

use std::path::Path;
use std::time::Duration;

use chrono::Utc;

use super::failure::Failure;
use super::value::Target;
use crate::backend::file::{FileStore, Options};
use crate::backend::{Backend, Outcome};
use crate::config::Config;
use crate::model::directory::Directory;
use crate::model::{Actor, Ask, Command, CommandId, Envelope, IncidentId, PersonRef};

/// How long another process may hold the store.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What becomes of a store that is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// It is made.
    Make,
    /// It is an error: there would be nothing in it.
    Refuse,
}

/// Opens the store of a configuration.
pub async fn open(config: &Config, missing: Missing) -> Result<FileStore, Failure> {
    open_at(&config.store, config, missing).await
}

/// What the backend is called on the screen.
fn name(config: &Config) -> &str {
    config.panes.profile.as_ref().map_or("local", |profile| profile.name.as_str())
}

/// Opens a store at a place.
pub async fn open_at(path: &Path, config: &Config, missing: Missing) -> Result<FileStore, Failure> {
    let options = Options {
        name: name(config).into(),
        rules: config.rules.clone(),
        overlay: config.directory.clone(),
        create: missing == Missing::Make,
        patience: PATIENCE,
    };
    if config.read_only {
        return Ok(FileStore::open_read_only(path, options).await?);
    }
    Ok(FileStore::open(path, options).await?)
}

/// A person by handle, with the full name where the directory has it.
pub fn person(handle: &str, directory: &Directory) -> PersonRef {
    directory.person(handle).cloned().unwrap_or_else(|| {
        let handle = handle.trim_start_matches('@');
        PersonRef::new(handle, handle)
    })
}

/// Commands of one person on one store.
pub struct Session {
    /// Where they go.
    pub store: FileStore,
    /// The store's directory.
    pub directory: Directory,
    /// Who asks.
    pub me: PersonRef,
}

impl Session {
    /// Opens the store of a configuration for its user.
    pub async fn open(config: &Config, missing: Missing) -> Result<Self, Failure> {
        let store = open(config, missing).await?;
        let directory = store.directory().await?;
        let me = person(&config.me, &directory);
        Ok(Self { store, directory, me })
    }

    /// The id of an incident.
    pub async fn find(&self, target: Target) -> Result<IncidentId, Failure> {
        match target {
            Target::Id(id) => Ok(id),
            Target::Number(number) => Ok(self.store.find(number).await?),
        }
    }

    /// Asks for something about an incident, as this person, now.
    pub async fn execute(&self, incident: IncidentId, ask: Ask) -> Result<Outcome, Failure> {
        let envelope = Envelope {
            id: CommandId::new(),
            at: Utc::now(),
            actor: Actor::Person(self.me.clone()),
            command: Command::Incident { incident, ask },
        };
        Ok(self.store.execute(&envelope).await?)
    }
}
