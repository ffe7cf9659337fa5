//! Open workspaces: the one that the panes show, and those that they can switch to.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::channels::reach_source;
use super::failure::Failure;
use super::session::{BackendConnection, IfMissing, Session};
use crate::backend::Backend;
use crate::backend::file::{FileStore, ReopeningStore};
use crate::config::{Config, Flags, Location};
use crate::model::text::SafeText;
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;
use crate::tui::workspace::{OpenWorkspaceError, Opener, Workspace, WorkspaceId};

/// A workspace that is open: a backend with its configuration and user.
#[derive(Clone)]
pub struct OpenWorkspace {
    /// The configuration of the workspace.
    pub config: Config,
    /// The flags with which the workspace was opened.
    pub flags: Flags,
    /// The person who uses the program, as named in commands.
    pub me: PersonRef,
    /// The description of the workspace that the panes show.
    pub workspace: Workspace,
    backend: WorkspaceBackend,
    warnings: Vec<SafeText<'static>>,
    /// Whether something else uses the store too, so that it stays open when the panes switch.
    shared: bool,
    /// Whether the program was started in another workspace.
    started_elsewhere: bool,
}

/// The backend of an open workspace.
#[derive(Clone)]
enum WorkspaceBackend {
    /// A store's file. It reopens itself: panes may stay open for weeks, and the file may be moved
    /// or replaced meanwhile.
    File(Arc<ReopeningStore>),
    /// An API and its cache.
    Remote(BackendConnection),
}

impl OpenWorkspace {
    /// Opens the workspace of a configuration for its user.
    pub async fn open(config: Config, flags: Flags, missing: IfMissing) -> Result<Self, Failure> {
        let Session { connection, me, .. } = Session::open_panes(&config, missing).await?;
        let workspace = workspace_for(&config, &flags);
        Ok(Self::from_parts(config, flags, me, workspace, connection))
    }

    /// Creates a workspace on an open store that something else uses too.
    pub fn shared(config: Config, flags: Flags, me: PersonRef, store: FileStore) -> Self {
        let workspace = Workspace::initial(store.path().to_string_lossy());
        Self { shared: true, ..Self::from_parts(config, flags, me, workspace, store.into()) }
    }

    fn from_parts(
        config: Config,
        flags: Flags,
        me: PersonRef,
        workspace: Workspace,
        connection: BackendConnection,
    ) -> Self {
        let warnings = connection.warnings.clone();
        let backend = match connection.file {
            Some(store) => WorkspaceBackend::File(Arc::new(ReopeningStore::new(store))),
            None => WorkspaceBackend::Remote(connection),
        };
        let (shared, started_elsewhere) = (false, false);
        Self { config, flags, me, workspace, backend, warnings, shared, started_elsewhere }
    }

    /// Returns the backend that the panes use.
    pub fn backend(&self) -> Arc<dyn Backend> {
        match &self.backend {
            WorkspaceBackend::File(store) => store.clone(),
            WorkspaceBackend::Remote(connection) => connection.backend.clone(),
        }
    }

    /// Returns the store on which levels are called and people notified by this program: a file that
    /// nothing else of this program uses. Not that of the demo, which calls levels in its simulation.
    pub fn own_store(&self) -> Option<&Arc<ReopeningStore>> {
        match &self.backend {
            WorkspaceBackend::File(store) if !self.shared => Some(store),
            _ => None,
        }
    }

    /// Returns the local state of an API: cache and outbox. `None` for a store's file.
    pub fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.backend {
            WorkspaceBackend::File(_) => None,
            WorkspaceBackend::Remote(connection) => connection.remote.as_ref(),
        }
    }

    /// Returns the problems that were found when the workspace was opened, as sentences.
    pub fn warnings(&self) -> &[SafeText<'static>] {
        &self.warnings
    }

    /// Replaces the rules in force.
    pub async fn set_rules(&self, rules: Rules) {
        match &self.backend {
            WorkspaceBackend::File(store) => store.set_rules(rules).await,
            WorkspaceBackend::Remote(connection) => {
                if let Some(remote) = &connection.remote {
                    remote.set_rules(rules);
                }
            }
        }
    }

    /// Replaces the channels and contacts of the settings in force. An API has its own, and so has the
    /// demo.
    pub async fn set_reach(&self, config: &Config) {
        if let Some(store) = self.own_store() {
            store.set_reach(reach_source(config)).await;
        }
    }

    /// Returns the environment variables that give a child process this workspace.
    ///
    /// A variable with an empty value counts as unset.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path_text = |path: &std::path::Path| {
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            absolute.to_string_lossy().into_owned()
        };
        let profile = self.config.panes.profile.as_ref().map(|profile| profile.name.clone());
        let (store, backend) = match (&self.backend, &self.workspace.id) {
            (WorkspaceBackend::File(store), _) => (path_text(store.path()), String::new()),
            // The profile has more settings of its API than the URL.
            (WorkspaceBackend::Remote(_), WorkspaceId::Profile(_)) => {
                (String::new(), String::new())
            }
            (WorkspaceBackend::Remote(connection), WorkspaceId::Initial) => {
                (String::new(), connection.display_name.to_string())
            }
        };
        let mut variables = vec![
            ("REDPHONE_STORE", store),
            ("REDPHONE_BACKEND", backend),
            ("REDPHONE_PROFILE", profile.unwrap_or_default()),
        ];
        if self.started_elsewhere {
            // A token that was given at the start is for the workspace of the start alone.
            let unset = ["REDPHONE_TOKEN", "REDPHONE_TOKEN_FILE"];
            variables.extend(unset.map(|name| (name, String::new())));
        } else if let Some(file) = &self.flags.token_file {
            variables.push(("REDPHONE_TOKEN_FILE", path_text(file)));
        }
        if let Some(file) = &self.flags.config {
            variables.push(("REDPHONE_CONFIG", path_text(file)));
        }
        variables
    }

    /// Closes the workspace when the panes switch to another, unless something else uses it.
    pub async fn close_unless_shared(&self) {
        if !self.shared {
            self.close().await;
        }
    }

    /// Closes the workspace.
    ///
    /// All commands of the panes are durable already; this only checkpoints the write-ahead log.
    pub async fn close(&self) {
        if let WorkspaceBackend::File(store) = &self.backend {
            store.close().await;
        }
    }
}

/// Describes the workspace that a configuration leads to.
fn workspace_for(config: &Config, flags: &Flags) -> Workspace {
    let display_name = config.location.display_name();
    let Some(profile) = &config.panes.profile else {
        return Workspace { read_only: config.read_only, ..Workspace::initial(display_name) };
    };
    // A flag or a variable may have named another location than that of the profile.
    let is_profile = match (&profile.location, &config.location) {
        (Some(Location::Remote(own)), Location::Remote(actual)) => own.address == actual.address,
        (Some(own), actual) => own == actual,
        (None, _) => flags.store.is_none() && flags.backend.is_none(),
    };
    let id =
        if is_profile { WorkspaceId::Profile(profile.name.clone()) } else { WorkspaceId::Initial };
    let production = profile.production;
    Workspace { id, production, read_only: config.read_only, ..Workspace::initial(display_name) }
}

/// Opens other workspaces, and stores them until the panes switch to them.
pub struct WorkspacePool {
    /// The workspace in which the program was started.
    started: Workspace,
    flags: Flags,
    /// The first workspace, if it is shared and therefore stays open.
    shared: Option<OpenWorkspace>,
    opened: Mutex<HashMap<WorkspaceId, OpenWorkspace>>,
    /// One lock for each workspace that is being opened: a second request waits and finds it open.
    opening_locks: Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<()>>>>,
}

impl From<&OpenWorkspace> for WorkspacePool {
    fn from(first: &OpenWorkspace) -> Self {
        Self {
            started: first.workspace.clone(),
            flags: first.flags.clone(),
            shared: first.shared.then(|| first.clone()),
            opened: Mutex::default(),
            opening_locks: Mutex::default(),
        }
    }
}

impl WorkspacePool {
    /// Returns all workspaces that the panes can switch to: the one in which the program was
    /// started, unless it is that of a profile, and the profiles.
    pub fn workspaces(&self, config: &Config) -> Vec<Workspace> {
        let started =
            Some(self.started.clone()).filter(|workspace| workspace.id == WorkspaceId::Initial);
        let unusable = config.unusable_profiles.iter().map(Workspace::from);
        let profiles = config.profiles.iter().map(Workspace::from);
        started.into_iter().chain(profiles).chain(unusable).collect()
    }

    /// Removes and returns the open workspace with this id.
    pub fn remove(&self, id: &WorkspaceId) -> Option<OpenWorkspace> {
        self.lock_opened().remove(id)
    }

    /// Closes the workspaces that were opened but not switched to, and the shared one.
    pub async fn close(&self) {
        let remaining: Vec<OpenWorkspace> =
            self.lock_opened().drain().map(|(_, workspace)| workspace).collect();
        for workspace in remaining.into_iter().chain(self.shared.clone()) {
            workspace.close().await;
        }
    }

    fn lock_opened(&self) -> MutexGuard<'_, HashMap<WorkspaceId, OpenWorkspace>> {
        // A panic can't leave the map half changed: each change is one call.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WorkspacePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspacePool").field("started", &self.started).finish_non_exhaustive()
    }
}

#[async_trait]
impl Opener for WorkspacePool {
    async fn open(&self, id: &WorkspaceId) -> Result<(), OpenWorkspaceError> {
        let opening = {
            let mut all = self.opening_locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(id.clone()).or_default())
        };
        let _one_at_a_time = opening.lock().await;
        if self.lock_opened().contains_key(id) {
            return Ok(());
        }
        let shared = self.shared.as_ref().filter(|_| *id == WorkspaceId::Initial);
        let workspace = if let Some(shared) = shared {
            shared.clone()
        } else {
            let flags = match id {
                WorkspaceId::Initial => self.flags.clone(),
                WorkspaceId::Profile(name) => {
                    let profile = Some(name.clone());
                    let (store, backend, token_file) = (None, None, None);
                    Flags { profile, store, backend, token_file, ..self.flags.clone() }
                }
            };
            let config = Config::from_process(flags.clone()).map_err(OpenWorkspaceError::failed)?;
            // A missing store must not be created by a typing error.
            let opened = OpenWorkspace::open(config, flags, IfMissing::Refuse).await;
            let started_elsewhere = *id != self.started.id;
            OpenWorkspace { started_elsewhere, ..opened.map_err(OpenWorkspaceError::failed)? }
        };
        self.lock_opened().insert(id.clone(), workspace);
        Ok(())
    }
}
