//! Top floor: the panes.
//!
//! State ([`app`]), [`update::update`] and [`view::view`] are plain functions without I/O; effects
//! are data that [`runtime`] runs. Keys, help and the keys line come from one table ([`action`]).

pub mod action;
pub mod app;
pub mod filter_line;
pub mod form;
pub mod fuzzy;
pub mod keymap;
pub mod layout;
pub mod message;
pub mod mode;
pub mod outbox;
pub mod output;
pub mod palette;
pub mod picker;
pub mod plan;
pub mod queue;
pub mod run;
pub mod runtime;
pub mod terminal;
mod terminal_session;
pub mod theme;
pub mod update;
pub mod view;
pub mod wall;
pub mod workspaces;
pub mod zone;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{PanesSettings, Reload};
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;

use tokio::sync::watch;

use workspaces::{Opener, Workspace};

pub use runtime::ExitReason;
pub use terminal_session::TerminalSession;

/// How the panes are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who looks and acts.
    pub me: PersonRef,
    /// The rules in force.
    pub rules: Rules,
    /// Borders and bars of ASCII only. Taken for granted where the locale is not UTF-8.
    pub ascii: bool,
    /// The place of work that the panes are on.
    pub workspace: Workspace,
    /// All that can be gone to, this one included.
    pub workspaces: Vec<Workspace>,
    /// Opens the others; `None` where there is no going to them.
    pub opener: Option<Arc<dyn Opener>>,
    /// What tells a program that is run from the panes the same place: variables of its
    /// environment, where an empty one counts as unset.
    pub variables: Vec<(&'static str, String)>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The folder where what is typed is kept; `None` where there is no place for it.
    pub drafts_dir: Option<PathBuf>,
    /// Keys, looks, columns, views and what else is set.
    pub settings: PanesSettings,
    /// Settings that could not be used, told at the start.
    pub warnings: Vec<String>,
    /// What is kept of the backend on this machine, where it is a remote one.
    pub remote: Option<Arc<Remote>>,
    /// Tells of settings that were changed meanwhile.
    pub reloads: Option<watch::Receiver<Option<Reload>>>,
}

/// Why the panes could not be opened, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is nobody to look.
    #[error(
        "the panes need a terminal: standard input and output must both be one (for scripts there is `redphone list`)"
    )]
    NoTerminal,
    /// It can't place text.
    #[error(
        "TERM is {0:?}: such a terminal can't show panes; set TERM to what it is, or use `redphone list`"
    )]
    DumbTerminal(String),
    /// Reading or writing it failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
    /// It ended while commands were on their way.
    #[error("not confirmed before the end, look before you repeat: {0}")]
    Unconfirmed(String),
}
