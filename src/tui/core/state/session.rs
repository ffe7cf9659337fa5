//! The viewer of the panes, the workspace, and the settings.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::PanesSettings;
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;

use crate::tui::workspace::Workspace;

/// The parameters with which the panes were started. They change with the workspace and with the
/// settings file only.
#[derive(Debug)]
pub struct Session {
    /// The viewer: the person at the screen, in whose name commands are sent.
    pub me: PersonRef,
    /// The rules in force: matrix, service levels and the like. Replaced completely when settings
    /// change.
    pub rules: Arc<Rules>,
    /// The workspace that the panes show.
    pub workspace: Workspace,
    /// All workspaces that can be switched to, this one included.
    pub workspaces: Vec<Workspace>,
    /// Environment variables that let a program started from the panes use the same workspace.
    pub variables: Vec<(&'static str, String)>,
    /// Whether commands are forbidden.
    pub read_only: bool,
    /// Whether the panes can be left for the demo and for the settings file.
    pub has_errands: bool,
    /// The folder where drafts are stored.
    pub drafts_dir: Option<PathBuf>,
    /// The person's settings of the panes. Replaced completely when they change.
    pub settings: Arc<PanesSettings>,
    /// Sentences about settings that could not be used.
    pub warnings: Vec<String>,
    /// The cache and outbox of a remote backend on this machine, for the task that runs effects.
    pub remote: Option<Arc<Remote>>,
}
