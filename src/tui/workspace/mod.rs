//! Workspaces: the backend of the panes, others to switch to, and the code that opens them.

pub mod switch;
pub mod update;

use std::error::Error;
use std::fmt;

use async_trait::async_trait;

use crate::config::Location;
use crate::config::panes::{Profile, UnusableProfile};

/// The name of the workspace that the program was started on, where that is no profile.
pub const INITIAL_NAME: &str = "start";

/// Identifies a workspace within this run of the program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum WorkspaceId {
    /// The workspace that the program was started on.
    Initial,
    /// The profile with this name.
    Profile(String),
}

/// A workspace that panes can show: a backend and its settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Identifies the workspace within this run.
    pub id: WorkspaceId,
    /// The path of a local store or the URL of an API. Not sanitized.
    pub location: String,
    /// Whether it is a production environment; the screen marks it then.
    pub production: bool,
    /// Whether changes are refused.
    pub read_only: bool,
    /// The reason why the profile's settings give no usable location. Safe to show.
    pub unusable_reason: Option<String>,
}

impl Workspace {
    /// Creates the workspace that the program was started on.
    #[must_use]
    pub fn initial(location: impl Into<String>) -> Self {
        Self {
            id: WorkspaceId::Initial,
            location: location.into(),
            production: false,
            read_only: false,
            unusable_reason: None,
        }
    }

    /// Returns the name of the profile, or [`INITIAL_NAME`]. Not sanitized.
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
        let location = profile.location.as_ref().map(Location::display_name);
        Self {
            id: WorkspaceId::Profile(profile.name.clone()),
            production: profile.production,
            read_only: profile.read_only,
            ..Self::initial(location.unwrap_or_else(|| "the usual store".into()))
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

/// The reason why a workspace can't be opened. The text is one sentence. Not sanitized.
#[derive(Debug, thiserror::Error)]
pub enum OpenWorkspaceError {
    /// The panes were started without an [`Opener`].
    #[error("there is no going elsewhere from here")]
    NoOpener,
    /// The settings of the workspace are wrong, or its backend can't be opened.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

impl OpenWorkspaceError {
    /// Returns the error that has this one as its cause.
    pub fn failed(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(cause.into())
    }
}

/// Opens other workspaces. The current panes end only once the next workspace is open.
#[async_trait]
pub trait Opener: fmt::Debug + Send + Sync {
    /// Opens a workspace and keeps it open until panes are shown on it.
    ///
    /// # Errors
    /// [`OpenWorkspaceError`] if it can't be opened.
    async fn open(&self, id: &WorkspaceId) -> Result<(), OpenWorkspaceError>;
}

/// A switch to another workspace that is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switching {
    /// The workspace to switch to.
    pub to: Workspace,
    /// Whether it is open: then only the commands of this workspace must still be stored.
    pub opened: bool,
}
