//! Searching the timeline, and choosing which of its events are shown and in which order.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::reading;
use crate::tui::timeline::TimelineSearch;

/// The most characters that can be searched for.
const MAX_SEARCH: usize = 200;

/// Opens the search of the timeline, which gets the focus.
pub(in crate::tui) fn open_search(app: &mut App) -> Vec<Effect> {
    let effects = focus_timeline(app);
    let previous = app.timeline.search.clone();
    app.ui.mode = Mode::TimelineSearch(TimelineSearch { previous });
    effects
}

/// Accepts the typed text and closes the search.
pub(in crate::tui) fn commit_search(app: &mut App) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    if !app.timeline.is_searched() {
        app.timeline.search.clear();
    }
    Vec::new()
}

/// Closes the search; the previous words are restored.
pub(in crate::tui) fn cancel_search(app: &mut App) -> Vec<Effect> {
    if let Mode::TimelineSearch(search) = std::mem::take(&mut app.ui.mode) {
        set_search(app, search.previous);
    }
    Vec::new()
}

/// Shows all events again; returns whether some were left out.
pub(in crate::tui) fn clear_search(app: &mut App) -> bool {
    if app.ui.focus != Pane::Timeline || !app.timeline.is_searched() {
        return false;
    }
    set_search(app, String::new());
    true
}

/// Handles a key without a binding: it is typed into the search.
pub(in crate::tui) fn handle_text_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let mut text = app.timeline.search.clone();
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('u') if control => text.clear(),
        KeyCode::Char('w') if control => {
            let end = text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            text.truncate(end);
        }
        KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => text.push(c),
        KeyCode::Backspace if text.pop().is_none() => return cancel_search(app),
        _ => {}
    }
    type_search(app, &text)
}

/// Handles pasted text: its first line is added to the search.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    let line = pasted.lines().next().unwrap_or_default();
    let text = format!("{}{line}", app.timeline.search);
    type_search(app, &text)
}

fn type_search(app: &mut App, text: &str) -> Vec<Effect> {
    set_search(app, text.chars().filter(|c| !c.is_control()).take(MAX_SEARCH).collect());
    Vec::new()
}

fn set_search(app: &mut App, text: String) {
    if app.timeline.search != text {
        app.timeline.search = text;
        app.reading.timeline_top = 0;
    }
}

/// Shows the notes alone, or all events again.
pub(in crate::tui) fn toggle_notes(app: &mut App) -> Vec<Effect> {
    let mut effects = focus_timeline(app);
    app.timeline.notes_only = !app.timeline.notes_only;
    app.reading.timeline_top = 0;
    let text =
        if app.timeline.notes_only { "only notes are shown" } else { "all events are shown" };
    effects.extend(show_toast(app, text, false));
    effects
}

/// Turns the order of the events round.
pub(in crate::tui) fn toggle_order(app: &mut App) -> Vec<Effect> {
    let mut effects = focus_timeline(app);
    app.timeline.oldest_first = !app.timeline.oldest_first;
    app.reading.timeline_top = 0;
    let text = if app.timeline.oldest_first { "oldest first" } else { "newest first" };
    effects.extend(show_toast(app, text, false));
    effects
}

fn focus_timeline(app: &mut App) -> Vec<Effect> {
    if app.ui.focus == Pane::Timeline {
        return Vec::new();
    }
    reading::focus::focus(app, Pane::Timeline)
}

/// Requests the earlier events of the shown incident if the present view needs all of them.
pub(in crate::tui) fn load_missing(app: &mut App) -> Vec<Effect> {
    if app.wall.is_some() || !(app.timeline.oldest_first || app.timeline.is_partial()) {
        return Vec::new();
    }
    match app.reading.shown.as_ref().map(|shown| shown.id) {
        Some(id) => reading::update::load_all_events(app, id),
        None => Vec::new(),
    }
}
