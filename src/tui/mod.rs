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
pub mod theme;
pub mod update;
pub mod view;
pub mod wall;
pub mod zone;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use crate::backend::Backend;
use crate::config::{PanesSettings, Reload};
use crate::model::{PersonRef, Rules};
use crate::sync::remote::Remote;

use tokio::sync::watch;

use app::App;
use terminal::Guard;
use theme::Theme;
use wall::Wall;

/// How the panes are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who looks and acts.
    pub me: PersonRef,
    /// The rules in force.
    pub rules: Rules,
    /// Borders and bars of ASCII only. Taken for granted where the locale is not UTF-8.
    pub ascii: bool,
    /// Where the data lives, for messages, such as the file's path.
    pub place: String,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The folder where what is typed is kept; `None` where there is no place for it.
    pub drafts: Option<PathBuf>,
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

/// Shows the panes until the person quits.
///
/// # Errors
/// [`RunError`] in a sentence. The terminal has been given back by then.
///
/// # Panics
/// Goes on with the panic of a task, after the terminal was given back.
pub async fn run(backend: Arc<dyn Backend>, options: Options) -> Result<(), RunError> {
    Box::pin(show(backend, options, None)).await
}

/// Shows the wall display, without panes behind it, until somebody leaves it.
///
/// # Errors
/// As [`run()`].
///
/// # Panics
/// As [`run()`].
pub async fn run_wall(
    backend: Arc<dyn Backend>,
    options: Options,
    settings: wall::Settings,
) -> Result<(), RunError> {
    Box::pin(show(backend, Options { read_only: true, ..options }, Some(settings))).await
}

async fn show(
    backend: Arc<dyn Backend>,
    mut options: Options,
    wall: Option<wall::Settings>,
) -> Result<(), RunError> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(RunError::NoTerminal);
    }
    let term = std::env::var("TERM").unwrap_or_default();
    if term == "dumb" {
        return Err(RunError::DumbTerminal(term));
    }
    let ascii = options.ascii || !theme::locale_is_utf8();
    let var = |name: &str| std::env::var(name).ok();
    let looks = options.settings.looks;
    let depth = theme::Depth::found(looks.depth, &var);
    // The driver would look at NO_COLOR again, which a choice wins over.
    crossterm::style::force_color_output(depth != theme::Depth::None);
    let theme = Theme::new(depth, ascii).named(looks.theme);
    // The Linux console draws no frame at once: there they would only cost bytes.
    let marks = looks.synchronized && !looks.low_bandwidth && term != "linux";
    let reloads = options.reloads.take();
    let now = chrono::Utc::now();
    let mut app = App::new(options, theme, now);
    app.wall = wall.map(|settings| Box::new(Wall::new(settings, true, now)));
    let (guard, mut terminal) = Guard::enter(marks)?;
    runtime::run(app, backend, &mut terminal, guard, reloads).await
}
