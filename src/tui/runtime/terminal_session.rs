//! One terminal session: the terminal is acquired before the first panes and released after the
//! last ones, so that switching workspaces does not leave the alternate screen in between.

use std::io::IsTerminal;
use std::sync::Arc;

use chrono::Utc;

use crate::backend::Backend;

use crate::tui::core::app::App;
use crate::tui::core::state::notices::Toast;
use crate::tui::core::zone::Zone;
use crate::tui::runtime::{ExitReason, LoopContext, TerminalHost};
use crate::tui::terminal::{Guard, Screen};
use crate::tui::theme::{Name, Theme};
use crate::tui::verb::send::unconfirmed;
use crate::tui::wall::Wall;
use crate::tui::{Options, RunError, runtime, terminal, theme, wall};

/// Owns the terminal, and restores it when dropped.
#[derive(Debug)]
pub struct TerminalSession {
    screen: Screen,
    host: TerminalHost,
    carryover: Option<Carryover>,
}

/// State that is carried over from one workspace's panes to the next.
#[derive(Debug)]
struct Carryover {
    theme: Name,
    zone: Zone,
    palette_history: Vec<String>,
    unconfirmed: String,
}

impl TerminalSession {
    /// Acquires the terminal for the panes.
    ///
    /// # Errors
    /// [`RunError`] when there is no terminal, or it can't show panes. It is left as it was then.
    pub fn open(options: &Options) -> Result<Self, RunError> {
        if !std::io::stdin().is_terminal() || !terminal::stdout().is_terminal() {
            return Err(RunError::NoTerminal);
        }
        let term = std::env::var("TERM").unwrap_or_default();
        if term == "dumb" {
            return Err(RunError::DumbTerminal(term));
        }
        let appearance = options.settings.appearance;
        // The Linux console does not support synchronized updates: the marks would only cost bytes.
        let synchronized = appearance.synchronized && !appearance.low_bandwidth && term != "linux";
        let (guard, screen) = Guard::enter(synchronized)?;
        Ok(Self { screen, host: TerminalHost::new(guard)?, carryover: None })
    }

    /// Shows panes on a backend until the person leaves them, or the wall display without panes
    /// behind it.
    ///
    /// # Errors
    /// [`RunError`], which displays as a sentence.
    ///
    /// # Panics
    /// Resumes the panic of a task after the terminal was restored.
    pub async fn show(
        &mut self,
        backend: Arc<dyn Backend>,
        mut options: Options,
        wall: Option<wall::Settings>,
    ) -> Result<ExitReason, RunError> {
        options.read_only |= wall.is_some();
        let ascii = options.ascii || !theme::locale_is_utf8();
        let var = |name: &str| std::env::var(name).ok();
        let appearance = options.settings.appearance;
        let depth = theme::Depth::detect(appearance.depth, &var);
        // crossterm would read NO_COLOR again, but an explicit choice overrides that variable.
        crossterm::style::force_color_output(depth != theme::Depth::None);
        let theme = Theme::new(depth, ascii).with_name(appearance.theme);
        let context =
            LoopContext { reloads: options.reloads.take(), opener: options.opener.take() };
        let now = Utc::now();
        let mut app = runtime::create_app(options, theme, now);
        app.wall = wall.map(|settings| Box::new(Wall::new(settings, true, now)));
        if let Some(carryover) = self.carryover.take() {
            carryover.apply_to(&mut app);
        }
        let panes = runtime::drive_with(app, backend, &mut self.screen, &mut self.host, context);
        let (app, reason) = Box::pin(panes).await?;
        let unconfirmed = unconfirmed(&app);
        if reason == ExitReason::Quit && !unconfirmed.is_empty() {
            return Err(RunError::Unconfirmed(unconfirmed));
        }
        let (theme, zone) = (app.ui.theme.name(), app.ui.zone);
        self.carryover =
            Some(Carryover { theme, zone, palette_history: app.ui.palette_history, unconfirmed });
        Ok(reason)
    }
}

impl Carryover {
    /// Applies the earlier choices of theme, zone and palette history, and shows a notice about
    /// commands that were not confirmed before the switch.
    fn apply_to(self, app: &mut App) {
        app.ui.theme = app.ui.theme.with_name(self.theme);
        app.ui.zone = self.zone;
        app.ui.palette_history = self.palette_history;
        if !self.unconfirmed.is_empty() {
            let text = format!(
                "not confirmed before the switch, look before you repeat: {}",
                self.unconfirmed
            );
            app.notices.toast = Some(Toast { text, is_error: true });
        }
    }
}
