//! The terminal interface: the panes and the wall display. It uses all other layers; none uses it.
//!
//! State ([`core::app`]), [`update::update`] and [`view::view`] are plain functions without I/O.
//! Effects are data that [`runtime`] runs. Keys, help and the keys line come from one table
//! ([`action`]).
//!
//! All files of a feature are in its folder: its state in `mod.rs`, how messages change it in
//! `update.rs`, how it is drawn in `view.rs`, and sizes and lines that both need in `layout.rs`. A
//! file uses only files below it:
//!
//! 1. [`runtime`]: the loop and the terminal.
//! 2. [`update`] and [`view`], which dispatch each message and each region to its feature.
//! 3. `update` and `view` of the features; neither uses the other. [`verb`] holds how a change of an
//!    incident starts, is checked and is sent.
//! 4. [`layout`] and the `layout` of the features.
//! 5. [`core`]: the state of all features in one ([`core::app::App`]), messages and effects.
//! 6. The state of each feature, [`action`] (the table), [`theme`] and [`terminal`].

pub mod action;
pub mod alerts;
pub mod attention;
pub mod confirm;
pub mod contacts;
pub mod copy;
pub mod core;
pub mod detail;
pub mod drafts;
pub mod failure;
pub mod feed;
pub mod filter;
pub mod follow;
pub mod follow_up;
pub mod form;
pub mod goto;
pub mod handoff;
pub mod help;
pub mod input;
pub mod jump;
pub mod keys_line;
pub mod layout;
pub mod lists;
pub mod maintenance;
pub mod matrix;
pub mod metrics;
pub mod mouse;
pub mod notified;
pub mod oncall;
pub mod outbox;
pub mod palette;
pub mod picker;
pub mod problems;
pub mod queue;
pub mod reading;
pub mod run;
pub mod runbook;
pub mod runtime;
pub mod screens;
pub mod services;
pub mod settings;
pub mod similar;
pub mod state_line;
pub mod terminal;
pub mod theme;
pub mod timeline;
pub mod travel;
pub mod undo;
pub mod update;
pub mod urgent;
pub mod verb;
pub mod view;
pub mod views;
pub mod wall;
pub mod widgets;
pub mod workspace;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{PanesSettings, Reload};
use crate::model::text::sanitize;
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;

use tokio::sync::watch;

use crate::tui::workspace::{Opener, Workspace};

pub use crate::tui::runtime::terminal_session::TerminalSession;
pub use core::message::Errand;
pub use runtime::ExitReason;

/// The parameters with which the panes start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The person who uses the panes; commands are recorded in this name.
    pub me: PersonRef,
    /// The rules of incident management that are in force.
    pub rules: Rules,
    /// Draws borders and bars with ASCII only. Always so where the locale is not UTF-8.
    pub ascii: bool,
    /// The workspace that the panes show.
    pub workspace: Workspace,
    /// All workspaces that can be switched to, this one included.
    pub workspaces: Vec<Workspace>,
    /// Opens other workspaces; `None` where switching is not possible.
    pub opener: Option<Arc<dyn Opener>>,
    /// Environment variables that point programs run from the panes at the same workspace. An empty
    /// value counts as unset.
    pub variables: Vec<(&'static str, String)>,
    /// Whether all changes are refused.
    pub read_only: bool,
    /// Whether the panes can be left for the demo and for the settings file.
    pub has_errands: bool,
    /// The folder for drafts of unfinished forms; `None` where drafts can't be stored.
    pub drafts_dir: Option<PathBuf>,
    /// Settings of the panes: keys, theme, columns, views and more.
    pub settings: PanesSettings,
    /// Warnings about settings that could not be used, shown at the start.
    pub warnings: Vec<String>,
    /// The cache and outbox of the backend, where it is a remote one.
    pub remote: Option<Arc<Remote>>,
    /// Receives settings that are changed while the panes run.
    pub reloads: Option<watch::Receiver<Option<Reload>>>,
}

/// The reason why the panes could not be opened, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Standard input or output is not a terminal.
    #[error(
        "the panes need a terminal: standard input and output must both be one (for scripts there is `redphone list`)"
    )]
    NoTerminal,
    /// The terminal can't position text.
    #[error(
        "TERM is {:?}: such a terminal can't show panes; set TERM to what it is, or use `redphone list`",
        sanitize(.0)
    )]
    DumbTerminal(String),
    /// Reading from or writing to the terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
    /// The panes ended while commands had no confirmed outcome.
    #[error("not confirmed before the end, look before you repeat: {0}")]
    Unconfirmed(String),
}
