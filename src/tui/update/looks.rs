//! How things are shown, and what is taken along from the screen.

use super::super::app::App;
use super::super::message::Effect;
use super::super::terminal::osc::{MOST, TooLong};
use super::super::theme::Depth;
use super::super::zone::Zone;
use super::tell;

/// The next theme.
pub(super) fn next_theme(app: &mut App) -> Vec<Effect> {
    if app.theme.depth() == Depth::None {
        return tell(app, "there are no colours here: NO_COLOR, --depth or the terminal", true);
    }
    app.theme = app.theme.named(app.theme.name().next());
    tell(app, format!("theme: {}", app.theme.name()), false)
}

/// The next choice of a time zone.
pub(super) fn next_zone(app: &mut App) -> Vec<Effect> {
    app.zone = app.zone.next();
    let name = app.clock().name();
    let text = match app.zone {
        Zone::Viewer => format!("times are yours: {name}"),
        Zone::Utc => "times are UTC".to_owned(),
        Zone::Both => format!("times are yours ({name}) and UTC"),
    };
    tell(app, text, false)
}

/// Puts a text into the clipboard, and says so; one that is too long is refused in a sentence.
pub(super) fn put(app: &mut App, text: String, what: &str) -> Vec<Effect> {
    if text.len() > MOST {
        return tell(app, TooLong(text.len()).to_string(), true);
    }
    let mut effects = vec![Effect::Copy(text)];
    effects.extend(tell(app, format!("copied {what}"), false));
    effects
}
