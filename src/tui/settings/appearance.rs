//! How things are shown: theme and time zone; and copying to the clipboard.

use crate::sync::drafts::DraftOp;
use crate::sync::screen_state::ScreenState;

use crate::tui::core::app::App;
use crate::tui::core::layout::QUEUE_SHARES;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::zone::Zone;
use crate::tui::terminal::osc::{MAX_COPY_BYTES, TooLong};
use crate::tui::theme::{Depth, Name};

/// Switches to the next theme.
pub(in crate::tui) fn next_theme(app: &mut App) -> Vec<Effect> {
    set_theme(app, app.ui.theme.name().next())
}

/// Switches to a theme; shows why not if there are no colours.
pub(in crate::tui) fn set_theme(app: &mut App, name: Name) -> Vec<Effect> {
    if app.ui.theme.depth() == Depth::None {
        return show_toast(
            app,
            "there are no colours here: NO_COLOR, --depth or the terminal",
            true,
        );
    }
    app.ui.theme = app.ui.theme.with_name(name);
    show_toast(app, format!("theme: {}", app.ui.theme.name()), false)
}

/// By how much a key moves the border between the queue and the panes beside it, in per cent of the
/// width.
const BORDER_STEP: i32 = 2;

/// Moves the border between the queue and the panes beside it, to the left for -1, and keeps it
/// there.
pub(in crate::tui) fn move_border(app: &mut App, by: i32) -> Vec<Effect> {
    let columns = i32::from(app.ui.size.0.max(1));
    let queue = app.layout().slot(Pane::Queue).map_or(0, |slot| i32::from(slot.area.width));
    let now = app.ui.queue_share.map_or((queue * 100 + columns / 2) / columns, i32::from);
    let (least, most) = QUEUE_SHARES;
    let share = (now + by * BORDER_STEP).clamp(least.into(), most.into());
    let Ok(share) = u16::try_from(share) else { return Vec::new() };
    app.ui.queue_share = Some(share);
    let state = ScreenState { queue_share: Some(share) };
    vec![Effect::Draft(DraftOp::RememberScreen(state))]
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
    show_toast(app, text, false)
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
