//! How things are shown: theme and time zone; and copying to the clipboard.

use crate::sync::drafts::DraftOp;
use crate::sync::screen_state::{Choice, ScreenState};

use crate::tui::core::app::App;
use crate::tui::core::layout::QUEUE_SHARES;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::zone::Zone;
use crate::tui::terminal::osc::{MAX_COPY_BYTES, TooLong};
use crate::tui::terminal::questions::Finding;
use crate::tui::theme::{Depth, Name};

/// Switches to the next theme.
pub(in crate::tui) fn next_theme(app: &mut App) -> Vec<Effect> {
    let mut next = app.ui.theme.name().next();
    if next == Name::Own && !app.ui.theme.has_own() {
        next = next.next();
    }
    set_theme(app, next)
}

/// Switches to a theme; shows the reason if there are no colours.
pub(in crate::tui) fn set_theme(app: &mut App, name: Name) -> Vec<Effect> {
    if app.ui.theme.depth() == Depth::None {
        return show_toast(
            app,
            "there are no colours here: NO_COLOR, --depth or the terminal",
            true,
        );
    }
    if name == Name::Own && !app.ui.theme.has_own() {
        let text = "there are no colours of your own: add [looks.own] to the settings";
        return show_toast(app, text, true);
    }
    app.ui.theme = app.ui.theme.with_name(name);
    let mut effects = vec![remember_screen(app)];
    effects.extend(show_toast(app, format!("theme: {}", app.ui.theme.name()), false));
    effects
}

/// Stores the choices made by key for later runs.
fn remember_screen(app: &App) -> Effect {
    let appearance = app.session.settings.appearance;
    Effect::Draft(DraftOp::RememberScreen(ScreenState {
        queue_share: app.ui.queue_share,
        theme: Choice::new(app.ui.theme.name().as_str(), appearance.theme.as_str()),
        zone: Choice::new(app.ui.zone.as_str(), appearance.zone.as_str()),
    }))
}

/// Restores the appearance that earlier runs have stored. A choice is valid until its setting
/// changes.
pub(in crate::tui) fn restore_screen(app: &mut App, state: &ScreenState) {
    app.ui.queue_share = state.queue_share;
    let appearance = app.session.settings.appearance;
    let theme = state.theme.as_ref().and_then(|theme| theme.instead_of(appearance.theme.as_str()));
    if let Some(name) = theme.and_then(|theme| theme.parse().ok())
        && (name != Name::Own || app.ui.theme.has_own())
    {
        app.ui.theme = app.ui.theme.with_name(name);
    }
    let zone = state.zone.as_ref().and_then(|zone| zone.instead_of(appearance.zone.as_str()));
    if let Some(zone) = zone.and_then(|zone| zone.parse().ok()) {
        app.ui.zone = zone;
    }
}

/// Adapts to the terminal's answers about itself.
pub(in crate::tui) fn terminal_found(app: &mut App, finding: Finding) -> Vec<Effect> {
    match finding {
        Finding::Background(background) => {
            app.ui.theme = app
                .ui
                .theme
                .with_background(background)
                .with_own(app.session.settings.appearance.own.as_ref());
        }
        Finding::WideAmbiguous => {
            app.ui.theme = app.ui.theme.with_wide_ambiguous();
            // The screen was drawn with the wrong widths.
            return vec![Effect::Redraw];
        }
        Finding::SlowLink(is_slow) => {
            app.ui.slow_link = is_slow;
            let is_set = app.session.settings.appearance.low_bandwidth;
            // Colours stay as they are: to change them would draw nearly everything again.
            app.ui.low_bandwidth = is_slow || is_set;
        }
    }
    Vec::new()
}

/// By how much a key moves the border between the queue and the panes next to it, in per cent of
/// the width.
const BORDER_STEP: i32 = 2;

/// Moves the border between the queue and the panes next to it, to the left for -1, and stores the
/// choice.
pub(in crate::tui) fn move_border(app: &mut App, by: i32) -> Vec<Effect> {
    let columns = i32::from(app.ui.size.0.max(1));
    let queue = app.layout().slot(Pane::Queue).map_or(0, |slot| i32::from(slot.area.width));
    let now = app.ui.queue_share.map_or((queue * 100 + columns / 2) / columns, i32::from);
    let (least, most) = QUEUE_SHARES;
    let share = (now + by * BORDER_STEP).clamp(least.into(), most.into());
    let Ok(share) = u16::try_from(share) else { return Vec::new() };
    app.ui.queue_share = Some(share);
    vec![remember_screen(app)]
}

/// Switches to the next choice of a time zone.
pub(in crate::tui) fn next_zone(app: &mut App) -> Vec<Effect> {
    set_zone(app, app.ui.zone.next())
}

/// Switches to a choice of a time zone.
pub(in crate::tui) fn set_zone(app: &mut App, zone: Zone) -> Vec<Effect> {
    app.ui.zone = zone;
    let name = app.clock().name();
    let text = match app.ui.zone {
        Zone::Viewer => format!("times are yours: {name}"),
        Zone::Utc => "times are UTC".to_owned(),
        Zone::Both => format!("times are yours ({name}) and UTC"),
    };
    let mut effects = vec![remember_screen(app)];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Puts a text into the clipboard and confirms that; a text that is too long is refused.
pub(in crate::tui) fn copy_to_clipboard(app: &mut App, text: String, what: &str) -> Vec<Effect> {
    if text.len() > MAX_COPY_BYTES {
        return show_toast(app, TooLong(text.len()).to_string(), true);
    }
    let mut effects = vec![Effect::Copy(text)];
    effects.extend(show_toast(app, format!("copied {what}"), false));
    effects
}
