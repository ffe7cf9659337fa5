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
pub mod picker;
pub mod plan;
pub mod queue;
pub mod runtime;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use crate::backend::Backend;
use crate::config::PanesSettings;
use crate::model::{PersonRef, Rules};

use app::App;
use terminal::Guard;
use theme::Theme;

/// How the panes are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who looks and acts.
    pub me: PersonRef,
    /// The rules in force.
    pub rules: Rules,
    /// Borders and bars of ASCII only. Taken for granted where the locale is not UTF-8.
    pub ascii: bool,
    /// Colours; without them, meaning is kept by text, bold and reverse.
    pub color: bool,
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
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(RunError::NoTerminal);
    }
    let term = std::env::var("TERM").unwrap_or_default();
    if term == "dumb" {
        return Err(RunError::DumbTerminal(term));
    }
    let ascii = options.ascii || !theme::locale_is_utf8();
    let theme = Theme::new(theme::Depth::found(options.color), ascii);
    let app = App::new(options, theme, chrono::Utc::now());
    let (guard, mut terminal) = Guard::enter()?;
    runtime::run(app, backend, &mut terminal, guard).await
}
