//! Places of work: where the panes are, where else they can go, and who opens the way there.

use std::fmt;

use async_trait::async_trait;

use crate::config::Location;
use crate::config::panes::{Profile, UnusableProfile};

/// The name of what the program was started on, where that is no profile.
pub const INITIAL_NAME: &str = "start";

/// Which place of work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum WorkspaceId {
    /// What the program was started on.
    Initial,
    /// The profile of that name.
    Profile(String),
}

/// A place of work that panes can be on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Which.
    pub id: WorkspaceId,
    /// Where it leads: a store's file, or the URL of an API. Not yet safe to show.
    pub location: String,
    /// What is done there counts: the screen says so.
    pub production: bool,
    /// Nothing may be changed there.
    pub read_only: bool,
    /// Why the settings can't say where it leads. Safe to show.
    pub unusable_reason: Option<String>,
}

impl Workspace {
    /// What the program was started on.
    #[must_use]
    pub fn initial(leads: impl Into<String>) -> Self {
        Self {
            id: WorkspaceId::Initial,
            location: leads.into(),
            production: false,
            read_only: false,
            unusable_reason: None,
        }
    }

    /// What it is called. Not yet safe to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.id {
            WorkspaceId::Initial => INITIAL_NAME,
            WorkspaceId::Profile(name) => name,
        }
    }
}

impl From<&Profile> for Workspace {
    fn from(profile: &Profile) -> Self {
        let leads = profile.location.as_ref().map(Location::display_name);
        Self {
            id: WorkspaceId::Profile(profile.name.clone()),
            production: profile.production,
            read_only: profile.read_only,
            ..Self::initial(leads.unwrap_or_else(|| "the usual store".into()))
        }
    }
}

impl From<&UnusableProfile> for Workspace {
    fn from(profile: &UnusableProfile) -> Self {
        Self {
            id: WorkspaceId::Profile(profile.name.clone()),
            unusable_reason: Some(profile.why.clone()),
            ..Self::initial("")
        }
    }
}

/// Opens other places of work. Panes end where they are only once the next place is open.
#[async_trait]
pub trait Opener: fmt::Debug + Send + Sync {
    /// Opens a place and holds it until panes are shown on it.
    ///
    /// # Errors
    /// Why it can't be opened, in a sentence. Not yet safe to show.
    async fn open(&self, site: &WorkspaceId) -> Result<(), String>;
}
