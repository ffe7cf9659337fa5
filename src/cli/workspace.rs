//! A place of work that is open, and the doors to the others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::failure::Failure;
use super::session::{Missing, Opened, Session};
use crate::backend::Backend;
use crate::backend::file::{FileStore, Lasting};
use crate::config::{Config, Flags, Location};
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;
use crate::tui::workspaces::{Opener, Site, SiteId};

/// A place of work that is open.
#[derive(Clone)]
pub struct Desk {
    /// What holds there.
    pub config: Config,
    /// The flags that it was opened with.
    pub flags: Flags,
    /// Who works there.
    pub me: PersonRef,
    /// Which it is.
    pub here: Site,
    place: Place,
    /// Something else uses it too: it stays open when the panes leave it for another.
    shared: bool,
    /// The program was started somewhere else.
    elsewhere: bool,
}

/// Where incidents live, as panes need it.
#[derive(Clone)]
enum Place {
    /// Panes may stay open for weeks: the file may be moved or replaced under them.
    File(Arc<Lasting>),
    /// An API.
    Remote(Opened),
}

impl Desk {
    /// Opens the place of a configuration for its user.
    pub async fn open(config: Config, flags: Flags, missing: Missing) -> Result<Self, Failure> {
        let Session { place, me } = Session::open_panes(&config, missing).await?;
        let here = site(&config, &flags);
        Ok(Self::of(config, flags, me, here, place))
    }

    /// On a store that something else uses too.
    pub fn shared(config: Config, flags: Flags, me: PersonRef, store: FileStore) -> Self {
        let here = Site::started(store.path().to_string_lossy());
        Self { shared: true, ..Self::of(config, flags, me, here, store.into()) }
    }

    fn of(config: Config, flags: Flags, me: PersonRef, here: Site, opened: Opened) -> Self {
        let place = match opened.file {
            Some(store) => Place::File(Arc::new(Lasting::new(store))),
            None => Place::Remote(opened),
        };
        Self { config, flags, me, here, place, shared: false, elsewhere: false }
    }

    /// What the panes read and ask.
    pub fn backend(&self) -> Arc<dyn Backend> {
        match &self.place {
            Place::File(store) => store.clone(),
            Place::Remote(opened) => opened.backend.clone(),
        }
    }

    /// What is kept of it on this machine, where it is an API.
    pub fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.place {
            Place::File(_) => None,
            Place::Remote(opened) => opened.remote.as_ref(),
        }
    }

    /// Lets other rules hold from now on.
    pub async fn set_rules(&self, rules: Rules) {
        match &self.place {
            Place::File(store) => store.set_rules(rules).await,
            Place::Remote(opened) => {
                if let Some(remote) = &opened.remote {
                    remote.set_rules(rules);
                }
            }
        }
    }

    /// What tells a program that is run here the same place. An empty variable counts as unset.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: &std::path::Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            whole.to_string_lossy().into_owned()
        };
        let profile = self.config.panes.profile.as_ref().map(|profile| profile.name.clone());
        let (store, backend) = match (&self.place, &self.here.id) {
            (Place::File(store), _) => (text(store.path()), String::new()),
            // What the profile says of its API goes beyond the URL.
            (Place::Remote(_), SiteId::Profile(_)) => (String::new(), String::new()),
            (Place::Remote(opened), SiteId::Started) => (String::new(), opened.told.clone()),
        };
        let mut variables = vec![
            ("REDPHONE_STORE", store),
            ("REDPHONE_BACKEND", backend),
            ("REDPHONE_PROFILE", profile.unwrap_or_default()),
        ];
        if self.elsewhere {
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
    pub async fn leave(&self) {
        if !self.shared {
            self.close().await;
        }
    }

    /// Closes it. What the panes have sent is durable; this only folds the write-ahead log in.
    pub async fn close(&self) {
        if let Place::File(store) = &self.place {
            store.close().await;
        }
    }
}

/// Which place a configuration leads to.
fn site(config: &Config, flags: &Flags) -> Site {
    let leads = config.location.told();
    let Some(profile) = &config.panes.profile else {
        return Site { read_only: config.read_only, ..Site::started(leads) };
    };
    // A flag or a variable may have named another place than the profile's own.
    let own = match (&profile.location, &config.location) {
        (Some(Location::Remote(own)), Location::Remote(here)) => own.address == here.address,
        (Some(own), here) => own == here,
        (None, _) => flags.store.is_none() && flags.backend.is_none(),
    };
    let id = if own { SiteId::Profile(profile.name.clone()) } else { SiteId::Started };
    let production = profile.production;
    Site { id, production, read_only: config.read_only, ..Site::started(leads) }
}

/// Opens the way to other places of work, and holds those that are open until panes go there.
pub struct Doors {
    /// Where the program was started, and with what.
    site: Site,
    flags: Flags,
    /// The place itself, where it stays open.
    kept: Option<Desk>,
    open: Mutex<HashMap<SiteId, Desk>>,
    /// Held by whoever opens a place: who wants the same one waits, and finds it open.
    opening: Mutex<HashMap<SiteId, Arc<tokio::sync::Mutex<()>>>>,
}

impl From<&Desk> for Doors {
    fn from(first: &Desk) -> Self {
        Self {
            site: first.here.clone(),
            flags: first.flags.clone(),
            kept: first.shared.then(|| first.clone()),
            open: Mutex::default(),
            opening: Mutex::default(),
        }
    }
}

impl Doors {
    /// All places that can be gone to: where the program was started, unless that is one of the
    /// profiles, and the profiles.
    pub fn sites(&self, config: &Config) -> Vec<Site> {
        let started = Some(self.site.clone()).filter(|site| site.id == SiteId::Started);
        let unusable = config.unusable.iter().map(Site::from);
        let profiles = config.profiles.iter().map(Site::from);
        started.into_iter().chain(profiles).chain(unusable).collect()
    }

    /// The place that was opened last under that name.
    pub fn take(&self, site: &SiteId) -> Option<Desk> {
        self.held().remove(site)
    }

    /// Closes what was opened and not gone to.
    pub async fn close(&self) {
        let left: Vec<Desk> = self.held().drain().map(|(_, desk)| desk).collect();
        for desk in left.into_iter().chain(self.kept.clone()) {
            desk.close().await;
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<SiteId, Desk>> {
        // What a panic elsewhere has left is whole: each change is one call.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("site", &self.site).finish_non_exhaustive()
    }
}

#[async_trait]
impl Opener for Doors {
    async fn open(&self, site: &SiteId) -> Result<(), String> {
        let opening = {
            let mut all = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(site.clone()).or_default())
        };
        let _one_at_a_time = opening.lock().await;
        if self.held().contains_key(site) {
            return Ok(());
        }
        let kept = self.kept.as_ref().filter(|_| *site == SiteId::Started);
        let desk = if let Some(kept) = kept {
            kept.clone()
        } else {
            let flags = match site {
                SiteId::Started => self.flags.clone(),
                SiteId::Profile(name) => {
                    let profile = Some(name.clone());
                    let (store, backend, token_file) = (None, None, None);
                    Flags { profile, store, backend, token_file, ..self.flags.clone() }
                }
            };
            let config = Config::from_process(flags.clone()).map_err(|e| e.to_string())?;
            // A store that is not there would be made by a slip.
            let opened = Desk::open(config, flags, Missing::Refuse).await;
            let elsewhere = *site != self.site.id;
            Desk { elsewhere, ..opened.map_err(|failure| failure.message)? }
        };
        self.held().insert(site.clone(), desk);
        Ok(())
    }
}
