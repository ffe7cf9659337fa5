//! Top floor: the panes.
//!
//! State ([`app`]), [`update::update`] and [`view::view`] are plain functions without I/O; effects
//! are data that [`runtime`] runs. Keys, help and the keys line come from one table ([`action`]).

pub mod action;
pub mod app;
pub mod keymap;
pub mod layout;
pub mod message;
pub mod runtime;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod zone;

use std::io::IsTerminal;
use std::sync::Arc;

use crate::backend::Backend;
use crate::model::{PersonRef, Priority, Rules};

use app::App;
use terminal::Guard;
use terminal::osc::Desktop;
use theme::Theme;
use zone::Zone;

/// How the panes are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who looks and acts.
    pub me: PersonRef,
    /// The rules in force.
    pub rules: Rules,
    /// Borders and bars of ASCII only. Taken for granted where the locale is not UTF-8.
    pub ascii: bool,
    /// Colours, times and bytes.
    pub looks: Looks,
    /// When somebody is called to the screen.
    pub notify: Notify,
    /// Where the data lives, for messages, such as the file's path.
    pub place: String,
    /// Nothing may be changed.
    pub read_only: bool,
}

/// How the panes look, and what that may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Looks {
    /// Which colours stand for what.
    pub theme: theme::Name,
    /// How many colours are used; without them, meaning is kept by text, bold and reverse.
    pub colors: theme::Choice,
    /// In which time zone times are shown.
    pub zone: Zone,
    /// As few bytes as can be: nothing that counts by itself, fewer frames.
    pub low_bandwidth: bool,
    /// Marks around each frame, so that the terminal draws it at once. Left out anyhow where the
    /// terminal is known not to understand them.
    pub synchronized: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            theme: theme::Name::Dark,
            colors: theme::Choice::Auto,
            zone: Zone::Viewer,
            low_bandwidth: false,
            synchronized: true,
        }
    }
}

/// When somebody is called to the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notify {
    /// The terminal's bell rings.
    pub bell: bool,
    /// The terminal shows a notification.
    pub desktop: Desktop,
    /// For incidents of these priorities.
    pub priorities: Vec<Priority>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { bell: true, desktop: Desktop::Auto, priorities: vec![Priority::P1, Priority::P2] }
    }
}

impl Notify {
    /// Nobody is called, as on a wall.
    #[must_use]
    pub fn off() -> Self {
        Self { bell: false, desktop: Desktop::Off, priorities: Vec::new() }
    }
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
    let var = |name: &str| std::env::var(name).ok();
    let looks = options.looks;
    let depth = theme::Depth::found(looks.colors, &var);
    // The driver would look at NO_COLOR again, which a choice wins over.
    crossterm::style::force_color_output(depth != theme::Depth::None);
    let theme = Theme::new(depth, ascii).named(looks.theme);
    // The Linux console draws no frame at once: there they would only cost bytes.
    let marks = looks.synchronized && !looks.low_bandwidth && term != "linux";
    let app = App::new(options, theme, chrono::Utc::now());
    let (guard, mut terminal) = Guard::enter(marks)?;
    runtime::run(app, backend, &mut terminal, guard).await
}
