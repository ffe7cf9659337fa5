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
use crate::tui::terminal::questions::Questions;
use crate::tui::terminal::{Guard, Screen};
use crate::tui::theme::{Background, Symbols, Theme};
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
    theme: Theme,
    zone: Zone,
    slow_link: bool,
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
        let depth = theme::Depth::detect(appearance.depth, &env_var);
        let questions = Questions::choose(&term, depth, is_ascii(options));
        let (guard, screen) = Guard::enter(synchronized, &questions.sequence())?;
        let host = TerminalHost::new(guard, questions, appearance.mouse)?;
        Ok(Self { screen, host, carryover: None })
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
        let appearance = options.settings.appearance;
        let depth = theme::Depth::detect(appearance.depth, &env_var);
        // crossterm would read NO_COLOR again, but an explicit choice overrides that variable.
        crossterm::style::force_color_output(depth != theme::Depth::None);
        let theme = Theme::new(depth, false)
            .with_symbols(symbols(&options))
            .with_background(Background::detect(&env_var))
            .with_own(appearance.own.as_ref())
            .with_name(appearance.theme);
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
        self.carryover = Some(Carryover {
            theme: app.ui.theme,
            zone: app.ui.zone,
            slow_link: app.ui.slow_link,
            palette_history: app.ui.palette_history,
            unconfirmed,
        });
        Ok(reason)
    }
}

fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn is_ascii(options: &Options) -> bool {
    options.ascii || !theme::locale_is_utf8()
}

/// Returns which symbols the terminal can show.
fn symbols(options: &Options) -> Symbols {
    if !theme::locale_is_utf8() {
        Symbols::Ascii
    } else if options.ascii {
        Symbols::AsciiAndLetters
    } else if env_var("TERM").as_deref() == Some("linux") {
        Symbols::Console
    } else {
        Symbols::All
    }
}

impl Carryover {
    /// Applies the earlier choices of theme, zone and palette history, and shows a notice about
    /// commands that were not confirmed before the switch.
    fn apply_to(self, app: &mut App) {
        app.ui.theme = self.theme;
        app.ui.zone = self.zone;
        app.ui.slow_link = self.slow_link;
        app.ui.low_bandwidth |= self.slow_link;
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
