//! The terminal, held from the first panes to the last: those of one place of work follow on those
//! of another without giving it back in between.

use std::io::IsTerminal;
use std::sync::Arc;

use chrono::Utc;

use crate::backend::Backend;

use super::app::{App, Toast};
use super::runtime::{self, ExitReason, LoopContext, TerminalHost};
use super::terminal::{Guard, Screen};
use super::theme::{self, Name, Theme};
use super::update::unconfirmed;
use super::wall::{self, Wall};
use super::zone::Zone;
use super::{Options, RunError};

/// Holds the terminal, and gives it back when dropped.
#[derive(Debug)]
pub struct TerminalSession {
    screen: Screen,
    host: TerminalHost,
    carryover: Option<Carryover>,
}

/// What goes along to the next panes.
#[derive(Debug)]
struct Carryover {
    theme: Name,
    zone: Zone,
    palette_history: Vec<String>,
    unconfirmed: String,
}

impl TerminalSession {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or it can't show panes; it is as it was then.
    pub fn open(options: &Options) -> Result<Self, RunError> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(RunError::NoTerminal);
        }
        let term = std::env::var("TERM").unwrap_or_default();
        if term == "dumb" {
            return Err(RunError::DumbTerminal(term));
        }
        let looks = options.settings.appearance;
        // The Linux console draws no frame at once: there they would only cost bytes.
        let marks = looks.synchronized && !looks.low_bandwidth && term != "linux";
        let (guard, screen) = Guard::enter(marks)?;
        Ok(Self { screen, host: TerminalHost::new(guard)?, carryover: None })
    }

    /// Shows panes on a backend until they are left; or the wall display, without panes behind it.
    ///
    /// # Errors
    /// [`RunError`] in a sentence.
    ///
    /// # Panics
    /// Goes on with the panic of a task, after the terminal was given back.
    pub async fn show(
        &mut self,
        backend: Arc<dyn Backend>,
        mut options: Options,
        wall: Option<wall::Settings>,
    ) -> Result<ExitReason, RunError> {
        options.read_only |= wall.is_some();
        let ascii = options.ascii || !theme::locale_is_utf8();
        let var = |name: &str| std::env::var(name).ok();
        let looks = options.settings.appearance;
        let depth = theme::Depth::detect(looks.depth, &var);
        // The driver would look at NO_COLOR again, which a choice wins over.
        crossterm::style::force_color_output(depth != theme::Depth::None);
        let theme = Theme::new(depth, ascii).with_name(looks.theme);
        let outside =
            LoopContext { reloads: options.reloads.take(), opener: options.opener.take() };
        let now = Utc::now();
        let mut app = App::new(options, theme, now);
        app.wall = wall.map(|settings| Box::new(Wall::new(settings, true, now)));
        if let Some(before) = self.carryover.take() {
            before.apply_to(&mut app);
        }
        let shown = runtime::drive_with(app, backend, &mut self.screen, &mut self.host, outside);
        let (app, then) = Box::pin(shown).await?;
        let unconfirmed = unconfirmed(&app);
        if then == ExitReason::Quit && !unconfirmed.is_empty() {
            return Err(RunError::Unconfirmed(unconfirmed));
        }
        let (theme, zone) = (app.theme.name(), app.zone);
        self.carryover =
            Some(Carryover { theme, zone, palette_history: app.palette_history, unconfirmed });
        Ok(then)
    }
}

impl Carryover {
    /// What was chosen by hand stays; what was not confirmed is told.
    fn apply_to(self, app: &mut App) {
        app.theme = app.theme.with_name(self.theme);
        app.zone = self.zone;
        app.palette_history = self.palette_history;
        if !self.unconfirmed.is_empty() {
            let told = format!(
                "not confirmed before the switch, look before you repeat: {}",
                self.unconfirmed
            );
            app.toast = Some(Toast { text: told, is_error: true });
        }
    }
}
