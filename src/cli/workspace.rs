//! A place of work that is open, and the doors to the others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::failure::Failure;
use super::session::{BackendConnection, IfMissing, Session};
use crate::backend::Backend;
use crate::backend::file::{FileStore, ReopeningStore};
use crate::config::{Config, Flags, Location};
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;
use crate::tui::workspaces::{Opener, Workspace, WorkspaceId};

/// A place of work that is open.
#[derive(Clone)]
pub struct OpenWorkspace {
    /// What holds there.
    pub config: Config,
    /// The flags that it was opened with.
    pub flags: Flags,
    /// Who works there.
    pub me: PersonRef,
    /// Which it is.
    pub workspace: Workspace,
    backend: WorkspaceBackend,
    /// Something else uses it too: it stays open when the panes leave it for another.
    shared: bool,
    /// The program was started somewhere else.
    started_elsewhere: bool,
}

/// Where incidents live, as panes need it.
#[derive(Clone)]
enum WorkspaceBackend {
    /// Panes may stay open for weeks: the file may be moved or replaced under them.
    File(Arc<ReopeningStore>),
    /// An API.
    Remote(BackendConnection),
}

impl OpenWorkspace {
    /// Opens the place of a configuration for its user.
    pub async fn open(config: Config, flags: Flags, missing: IfMissing) -> Result<Self, Failure> {
        let Session { connection: place, me } = Session::open_panes(&config, missing).await?;
        let here = workspace_for(&config, &flags);
        Ok(Self::from_parts(config, flags, me, here, place))
    }

    /// On a store that something else uses too.
    pub fn shared(config: Config, flags: Flags, me: PersonRef, store: FileStore) -> Self {
        let here = Workspace::initial(store.path().to_string_lossy());
        Self { shared: true, ..Self::from_parts(config, flags, me, here, store.into()) }
    }

    fn from_parts(
        config: Config,
        flags: Flags,
        me: PersonRef,
        here: Workspace,
        opened: BackendConnection,
    ) -> Self {
        let place = match opened.file {
            Some(store) => WorkspaceBackend::File(Arc::new(ReopeningStore::new(store))),
            None => WorkspaceBackend::Remote(opened),
        };
        Self {
            config,
            flags,
            me,
            workspace: here,
            backend: place,
            shared: false,
            started_elsewhere: false,
        }
    }

    /// What the panes read and ask.
    pub fn backend(&self) -> Arc<dyn Backend> {
        match &self.backend {
            WorkspaceBackend::File(store) => store.clone(),
            WorkspaceBackend::Remote(opened) => opened.backend.clone(),
        }
    }

    /// What is kept of it on this machine, where it is an API.
    pub fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.backend {
            WorkspaceBackend::File(_) => None,
            WorkspaceBackend::Remote(opened) => opened.remote.as_ref(),
        }
    }

    /// Lets other rules hold from now on.
    pub async fn set_rules(&self, rules: Rules) {
        match &self.backend {
            WorkspaceBackend::File(store) => store.set_rules(rules).await,
            WorkspaceBackend::Remote(opened) => {
                if let Some(remote) = &opened.remote {
                    remote.set_rules(rules);
                }
            }
        }
    }

    /// What tells a program that is run here the same place. An empty variable counts as unset.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &std::path::Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            whole.to_string_lossy().into_owned()
        };
        let profile = self.config.panes.profile.as_ref().map(|profile| profile.name.clone());
        let (store, backend) = match (&self.backend, &self.workspace.id) {
            (WorkspaceBackend::File(store), _) => (text(store.path()), String::new()),
            // What the profile says of its API goes beyond the URL.
            (WorkspaceBackend::Remote(_), WorkspaceId::Profile(_)) => {
                (String::new(), String::new())
            }
            (WorkspaceBackend::Remote(opened), WorkspaceId::Initial) => {
                (String::new(), opened.display_name.clone())
            }
        };
        let mut variables = vec![
            ("REDPHONE_STORE", store),
            ("REDPHONE_BACKEND", backend),
            ("REDPHONE_PROFILE", profile.unwrap_or_default()),
        ];
        if self.started_elsewhere {
            // A token that was given for where the program was started is for that place alone.
            let unset = ["REDPHONE_TOKEN", "REDPHONE_TOKEN_FILE"];
            variables.extend(unset.map(|name| (name, String::new())));
        } else if let Some(file) = &self.flags.token_file {
            variables.push(("REDPHONE_TOKEN_FILE", text(file)));
        }
        if let Some(file) = &self.flags.config {
            variables.push(("REDPHONE_CONFIG", text(file)));
        }
        variables
    }

    /// The panes go on elsewhere.
    pub async fn close_unless_shared(&self) {
        if !self.shared {
            self.close().await;
        }
    }

    /// Closes it. What the panes have sent is durable; this only folds the write-ahead log in.
    pub async fn close(&self) {
        if let WorkspaceBackend::File(store) = &self.backend {
            store.close().await;
        }
    }
}

/// Which place a configuration leads to.
fn workspace_for(config: &Config, flags: &Flags) -> Workspace {
    let leads = config.location.display_name();
    let Some(profile) = &config.panes.profile else {
        return Workspace { read_only: config.read_only, ..Workspace::initial(leads) };
    };
    // A flag or a variable may have named another place than the profile's own.
    let own = match (&profile.location, &config.location) {
        (Some(Location::Remote(own)), Location::Remote(here)) => own.address == here.address,
        (Some(own), here) => own == here,
        (None, _) => flags.store.is_none() && flags.backend.is_none(),
    };
    let id = if own { WorkspaceId::Profile(profile.name.clone()) } else { WorkspaceId::Initial };
    let production = profile.production;
    Workspace { id, production, read_only: config.read_only, ..Workspace::initial(leads) }
}

/// Opens the way to other places of work, and holds those that are open until panes go there.
pub struct WorkspacePool {
    /// Where the program was started, and with what.
    started: Workspace,
    flags: Flags,
    /// The place itself, where it stays open.
    shared: Option<OpenWorkspace>,
    opened: Mutex<HashMap<WorkspaceId, OpenWorkspace>>,
    /// Held by whoever opens a place: who wants the same one waits, and finds it open.
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
    /// All places that can be gone to: where the program was started, unless that is one of the
    /// profiles, and the profiles.
    pub fn workspaces(&self, config: &Config) -> Vec<Workspace> {
        let started = Some(self.started.clone()).filter(|site| site.id == WorkspaceId::Initial);
        let unusable = config.unusable_profiles.iter().map(Workspace::from);
        let profiles = config.profiles.iter().map(Workspace::from);
        started.into_iter().chain(profiles).chain(unusable).collect()
    }

    /// The place that was opened last under that name.
    pub fn remove(&self, site: &WorkspaceId) -> Option<OpenWorkspace> {
        self.lock_opened().remove(site)
    }

    /// Closes what was opened and not gone to.
    pub async fn close(&self) {
        let left: Vec<OpenWorkspace> = self.lock_opened().drain().map(|(_, desk)| desk).collect();
        for desk in left.into_iter().chain(self.shared.clone()) {
            desk.close().await;
        }
    }

    fn lock_opened(&self) -> MutexGuard<'_, HashMap<WorkspaceId, OpenWorkspace>> {
        // What a panic elsewhere has left is whole: each change is one call.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WorkspacePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("site", &self.started).finish_non_exhaustive()
    }
}

#[async_trait]
impl Opener for WorkspacePool {
    async fn open(&self, site: &WorkspaceId) -> Result<(), String> {
        let opening = {
            let mut all = self.opening_locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(site.clone()).or_default())
        };
        let _one_at_a_time = opening.lock().await;
        if self.lock_opened().contains_key(site) {
            return Ok(());
        }
        let kept = self.shared.as_ref().filter(|_| *site == WorkspaceId::Initial);
        let desk = if let Some(kept) = kept {
            kept.clone()
        } else {
            let flags = match site {
                WorkspaceId::Initial => self.flags.clone(),
                WorkspaceId::Profile(name) => {
                    let profile = Some(name.clone());
                    let (store, backend, token_file) = (None, None, None);
                    Flags { profile, store, backend, token_file, ..self.flags.clone() }
                }
            };
            let config = Config::from_process(flags.clone()).map_err(|e| e.to_string())?;
            // A store that is not there would be made by a slip.
            let opened = OpenWorkspace::open(config, flags, IfMissing::Refuse).await;
            let elsewhere = *site != self.started.id;
            OpenWorkspace {
                started_elsewhere: elsewhere,
                ..opened.map_err(|failure| failure.message)?
            }
        };
        self.lock_opened().insert(site.clone(), desk);
        Ok(())
    }
}
