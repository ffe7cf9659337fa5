//! Opening list screens, their keys, and their requests.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Position;

use crate::backend::BackendError;
use crate::model::{IncidentId, IncidentNumber, ProblemId};
use crate::sync::{Sourced, last_seen};

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::state::notices::Failure;
use crate::tui::jump::update::open_incident;
use crate::tui::palette::{edit_line, paste_into};
use crate::tui::picker::{Item, Pick, Picker};
use crate::tui::reading;
use crate::tui::screens::filter::ItemFilter;
use crate::tui::screens::logic::Entered;
use crate::tui::screens::registry::logic;
use crate::tui::screens::{ListItem, ListScreen, ScreenKind, ScreenPage, layout};
use crate::tui::settings::appearance;

/// The number of rows per read.
const PAGE: u32 = 100;
/// The maximum number of rows that are read again in one request.
const MAX_PAGE: u32 = 1000;
/// The maximum number of rows that a filter examines without scrolling.
const MAX_SEARCHED: usize = 5000;
/// How long changes are collected before a list is read again.
const RELOAD_DELAY: Duration = Duration::from_secs(2);
/// The same with low bandwidth.
const SLOW_RELOAD_DELAY: Duration = Duration::from_secs(15);
/// After how long a list is read again though nothing is known to have changed.
const RELOAD_AFTER: TimeDelta = TimeDelta::seconds(55);

/// Returns the file that has when viewers were last here, and the name of this viewer in it; `None`
/// where nothing is stored, or the backend is not known yet.
fn last_seen_entry(app: &App) -> Option<(PathBuf, String)> {
    let path = last_seen::file_path(app.session.drafts_dir.as_deref()?);
    let capabilities = app.connection.capabilities.as_ref()?;
    Some((path, last_seen::viewer(&app.session.me.handle, capabilities)))
}

/// Records when the feed was opened and closed: events after it was closed are unseen. To be called
/// after each message, and before the panes end.
pub(in crate::tui) fn record_visit(app: &mut App, ends: bool) -> Option<Effect> {
    let is_open = app.screens.open.as_ref().is_some_and(|open| open.kind == ScreenKind::Feed);
    let is_open = is_open && !ends;
    let was_open = std::mem::replace(&mut app.screens.feed_open, is_open);
    let (path, viewer) = last_seen_entry(app)?;
    match (was_open, is_open) {
        (false, true) => Some(Effect::LoadLastSeen(path, viewer)),
        (true, false) => Some(Effect::RecordLastSeen(path, viewer, app.backend_now())),
        _ => None,
    }
}

/// Shows since when the viewer has not seen the feed.
pub(in crate::tui) fn last_seen_loaded(app: &mut App, time: Option<DateTime<Utc>>) -> Vec<Effect> {
    let now = app.backend_now();
    app.screens.last_visit = time.filter(|time| last_seen::is_plausible(*time, now));
    derive(app);
    Vec::new()
}

/// Opens a screen in place of the panes, or of another screen.
pub(in crate::tui) fn open(app: &mut App, kind: ScreenKind) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    reading::update::end_travel(app);
    app.screens.read_incident = None;
    app.screens.behind = None;
    if app.screens.open.as_ref().is_none_or(|open| open.kind != kind) {
        app.screens.open = Some(Box::new(ListScreen::new(kind)));
    }
    derive(app);
    load(app)
}

/// Opens a screen with a filter in force.
pub(in crate::tui) fn open_filtered(app: &mut App, kind: ScreenKind, filter: &str) -> Vec<Effect> {
    let mut effects = open(app, kind);
    effects.extend(set_filter(app, filter.to_owned()));
    effects
}

/// Opens a screen about one incident. It leads back to where it was opened from.
pub(in crate::tui) fn open_about(
    app: &mut App,
    kind: ScreenKind,
    incident: IncidentId,
) -> Vec<Effect> {
    open_screen_about(app, ListScreen { incident: Some(incident), ..ListScreen::new(kind) })
}

/// Opens a screen about the incident with a number, as [`open_about`] does.
pub(in crate::tui) fn open_about_number(
    app: &mut App,
    kind: ScreenKind,
    number: IncidentNumber,
) -> Vec<Effect> {
    open_screen_about(app, ListScreen { number: Some(number), ..ListScreen::new(kind) })
}

/// Opens a problem with its incidents. It leads back to where it was opened from.
pub(in crate::tui) fn open_problem(app: &mut App, problem: ProblemId) -> Vec<Effect> {
    let screen = ListScreen { problem: Some(problem), ..ListScreen::new(ScreenKind::Problem) };
    open_screen_about(app, screen)
}

fn open_screen_about(app: &mut App, screen: ListScreen) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    reading::update::end_travel(app);
    let read = app.screens.read_incident.take();
    let before = app.screens.open.replace(Box::new(screen));
    // A screen that was only passed through leads back to the panes, one with something to read to
    // itself.
    app.screens.behind = before
        .filter(|screen| read.is_some() || screen.kind == ScreenKind::Problems)
        .map(|screen| Box::new((*screen, read)));
    derive(app);
    load(app)
}

/// Closes the screen: the panes are shown again.
pub(in crate::tui) fn close(app: &mut App) {
    app.screens.behind = None;
    app.screens.open = None;
    app.screens.read_incident = None;
}

/// Goes back one step: to all items, or to the panes.
pub(in crate::tui) fn back(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    if screen.filter_text.is_empty() {
        if let Some(behind) = app.screens.behind.take() {
            // Its incident is read again, in place of the screen that it was opened from.
            let (screen, read) = *behind;
            app.screens.open = Some(Box::new(screen));
            app.screens.read_incident = read;
            if read.is_none() {
                derive(app);
                return load(app);
            }
        } else {
            close(app);
        }
        return reading::update::follow(app);
    }
    set_filter(app, String::new())
}

/// Returns from an incident to the screen that it was opened from. `None` if it was not, or the
/// viewer does something else by now.
pub(in crate::tui) fn return_from_incident(app: &mut App) -> Option<Vec<Effect>> {
    let incident = app.screens.read_incident?;
    if !app.ui.record || app.reading.target != Some(incident) {
        close(app);
        return None;
    }
    app.ui.show_all_panes();
    app.ui.focus = Pane::Queue;
    app.screens.read_incident = None;
    derive(app);
    Some(load(app))
}

/// Recomputes the items from their data. The selection stays on its item.
pub(in crate::tui) fn derive(app: &mut App) {
    let Some(mut screen) = app.screens.open.take() else { return };
    let logic = logic(screen.kind);
    let selected = screen.selected_item().map(|item| item.key.clone());
    let mut items = logic.items(app, &screen);
    screen.total = items.len();
    if !screen.marked.is_empty() {
        let keys = items.iter().map(|item| item.key.clone());
        let keys: BTreeSet<String> = keys.collect();
        screen.marked.retain(|key| keys.contains(key));
    }
    let me = &app.session.me.handle;
    items.retain(|item| screen.filter.matches(item, me));
    let order = screen.order;
    items.sort_by(|a, b| compare(a, b, order));
    screen.items = items;
    let position = selected.and_then(|key| screen.items.iter().position(|item| item.key == key));
    let last = screen.items.len().saturating_sub(1);
    screen.selected = position.unwrap_or(screen.selected).min(last);
    app.screens.open = Some(screen);
}

fn compare(a: &ListItem, b: &ListItem, order: usize) -> Ordering {
    match (a.ranks.get(order), b.ranks.get(order)) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// Scrolls so that the selected item is on the screen.
pub(in crate::tui) fn scroll_into_view(app: &mut App) {
    let Some(screen) = app.screens.shown() else { return };
    let body = app.layout().body();
    let width = layout::text_width(body);
    let heading = layout::heading(app, screen, width).len();
    let rows = usize::from(layout::areas(screen, body, heading).list.height);
    let list = layout::list(app, screen, width);
    let top = layout::scroll_to_selected(&list, screen, rows, app.ui.low_bandwidth);
    if let Some(screen) = app.screens.shown_mut() {
        screen.top = top;
    }
}

/// Moves the selection.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion) -> Vec<Effect> {
    let page = usize::from(app.layout().body().height).saturating_sub(4).max(1);
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    screen.selected = motion.apply(screen.selected, screen.items.len(), page);
    let near_end = screen.selected + page >= screen.items.len();
    if near_end && screen.load.next.is_some() && screen.load.in_flight.is_none() {
        return load_more(app);
    }
    Vec::new()
}

/// Selects the item at a position of the screen. Returns whether there is one.
pub(in crate::tui) fn select_at(app: &mut App, position: Position) -> bool {
    let Some(screen) = app.screens.shown() else { return false };
    let body = app.layout().body();
    let width = layout::text_width(body);
    let heading = layout::heading(app, screen, width).len();
    let area = layout::areas(screen, body, heading).list;
    let lines = layout::list(app, screen, width);
    let line = usize::from(position.y.saturating_sub(area.y)) + screen.top;
    let found = lines.ranges.iter().position(|(from, to)| (*from..*to).contains(&line));
    let Some(index) = found.filter(|_| area.contains(position)) else { return false };
    if let Some(screen) = app.screens.shown_mut() {
        screen.selected = index;
    }
    true
}

/// Has the effect of `Enter` on the selected item.
pub(in crate::tui) fn enter(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    let Some(item) = screen.selected_item() else { return Vec::new() };
    match logic(screen.kind).enter(app, screen, item) {
        Entered::Incident(id) => open_from_screen(app, id),
        Entered::Problem(id) => open_problem(app, id),
        Entered::Choose(incidents) => {
            let items = incidents.iter().map(|incident| {
                let name = format!("{} {}", incident.label(), incident.title);
                let about = format!("{} · {}", incident.priority, incident.status);
                Item::new(name, Pick::FromScreen(incident.id)).about(about)
            });
            let picker = Picker::search(Vec::new(), "Open which incident?", items.collect());
            app.ui.mode = Mode::Pick(Box::new(picker));
            Vec::new()
        }
        Entered::Details => {
            let key = item.key.clone();
            if let Some(screen) = app.screens.shown_mut() {
                screen.expanded =
                    screen.expanded.take().is_none_or(|open| open != key).then_some(key);
            }
            Vec::new()
        }
    }
}

/// Opens an incident from the screen that is open, which is shown again afterwards.
pub(in crate::tui) fn open_from_screen(app: &mut App, id: IncidentId) -> Vec<Effect> {
    // The way back leads to this screen, not to what was read before.
    app.ui.show_all_panes();
    app.ui.focus = Pane::Queue;
    app.screens.read_incident = Some(id);
    let effects = open_incident(app, id);
    app.follow.trail.clear();
    effects
}

/// Copies a text about the selected item or the screen; if there are several, they are offered.
pub(in crate::tui) fn copy(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    let mut texts = logic(screen.kind).copies(app, screen, screen.selected_item());
    if texts.len() < 2 {
        let Some(only) = texts.pop() else {
            return show_toast(app, "there is nothing to copy", true);
        };
        return appearance::copy_to_clipboard(app, only.text, only.what);
    }
    let items = texts.into_iter().map(|copy| {
        let about = copy.text.lines().next().unwrap_or_default().to_owned();
        Item::new(copy.what, Pick::Copy(copy.text, copy.what)).key(copy.key).about(about)
    });
    let picker = Picker::menu(Vec::new(), "Copy".to_owned(), items.collect());
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Sorts the items in the next order.
pub(in crate::tui) fn next_order(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    let (logic, orders) = (logic(screen.kind), logic(screen.kind).orders());
    if orders.len() < 2 {
        return show_toast(app, "this list has one order only", false);
    }
    let before = logic.request(app, screen, PAGE);
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    screen.order = (screen.order + 1) % orders.len();
    let text = format!("sorted {}", orders[screen.order]);
    derive(app);
    let mut effects = show_toast(app, text, false);
    // An order may be about other rows, as a calendar is.
    let after = app.screens.shown().and_then(|screen| logic.request(app, screen, PAGE));
    if before != after {
        if let Some(screen) = app.screens.shown_mut() {
            screen.load.loaded_at = None;
        }
        effects.extend(load(app));
    }
    effects
}

/// Moves the span of time that is shown.
pub(in crate::tui) fn step(app: &mut App, by: i32) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    if !logic(screen.kind).has_steps() {
        return Vec::new();
    }
    screen.offset = screen.offset.saturating_add(by).clamp(-520, 520);
    // The fetched rows are about another span.
    screen.load.loaded_at = None;
    derive(app);
    load(app)
}

/// Opens the line in which a filter is typed.
pub(in crate::tui) fn open_filter(app: &mut App) -> Vec<Effect> {
    if let Some(screen) = app.screens.shown_mut() {
        screen.filter_before = Some(screen.filter_text.clone());
        if !screen.filter_text.is_empty() {
            screen.filter_text.push(' ');
        }
    }
    Vec::new()
}

/// Handles a key without a binding while a filter is typed.
pub(in crate::tui) fn type_filter(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    if key.code == KeyCode::Backspace && screen.filter_text.is_empty() {
        return close_filter(app);
    }
    let mut text = screen.filter_text.clone();
    if edit_line(&mut text, key) { set_filter(app, text) } else { Vec::new() }
}

/// Inserts pasted text into the filter.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    let mut text = screen.filter_text.clone();
    paste_into(&mut text, pasted);
    set_filter(app, text)
}

/// Closes the line: the typed text stays in force.
pub(in crate::tui) fn close_filter(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    screen.filter_before = None;
    screen.filter_text = screen.filter_text.trim().to_owned();
    let error = screen.filter_errors.first().map(|error| error.message.clone());
    error.map(|error| show_toast(app, format!("left out: {error}"), true)).unwrap_or_default()
}

/// Closes the line, and restores the filter from before.
pub(in crate::tui) fn cancel_filter(app: &mut App) -> Vec<Effect> {
    let before = app.screens.shown_mut().and_then(|screen| screen.filter_before.take());
    set_filter(app, before.unwrap_or_default())
}

fn set_filter(app: &mut App, text: String) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    let (filter, errors) = ItemFilter::parse(&text, logic(screen.kind).terms());
    (screen.filter_text, screen.filter, screen.filter_errors) = (text, filter, errors);
    derive(app);
    search_further(app)
}

/// Reads the next page while a filter leaves less than a screen of the fetched rows, so that it
/// examines the entire list; up to a bound.
fn search_further(app: &mut App) -> Vec<Effect> {
    let rows = usize::from(app.ui.size.1);
    match app.screens.open.as_deref() {
        Some(screen)
            if !screen.filter.is_empty()
                && screen.items.len() < rows
                && screen.total < MAX_SEARCHED
                && screen.load.in_flight.is_none() =>
        {
            load_more(app)
        }
        _ => Vec::new(),
    }
}

/// Reads the list, if the screen has one that is read.
pub(in crate::tui) fn load(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.open.as_deref() else { return Vec::new() };
    // A list that was longer is read to the same length.
    let rows = u32::try_from(screen.total).unwrap_or(MAX_PAGE).clamp(PAGE, MAX_PAGE);
    let Some(request) = logic(screen.kind).request(app, screen, rows) else { return Vec::new() };
    app.screens.last_request += 1;
    let number = app.screens.last_request;
    if let Some(screen) = app.screens.open.as_deref_mut() {
        screen.load.in_flight = Some((number, false));
    }
    vec![Effect::LoadScreen(number, Box::new(request))]
}

fn load_more(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.open.as_deref() else { return Vec::new() };
    let Some(next) = screen.load.next.clone() else { return Vec::new() };
    let Some(request) = logic(screen.kind).request(app, screen, PAGE) else { return Vec::new() };
    app.screens.last_request += 1;
    let number = app.screens.last_request;
    if let Some(screen) = app.screens.open.as_deref_mut() {
        screen.load.in_flight = Some((number, true));
    }
    vec![Effect::LoadScreen(number, Box::new(request.after(next)))]
}

/// Shows the fetched data.
pub(in crate::tui) fn loaded(
    app: &mut App,
    number: u64,
    result: Result<Sourced<ScreenPage>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(screen) = app.screens.open.as_deref_mut() else { return Vec::new() };
    let Some((_, later)) = screen.load.in_flight.take_if(|(awaited, _)| *awaited == number) else {
        return Vec::new();
    };
    match result {
        Ok(Sourced { value: page, as_of }) => {
            if later {
                screen.data.append(page.data);
            } else {
                (screen.load.loaded_at, screen.load.as_of) = (Some(at), as_of);
                if let Some(longer) = page.data.followed_by(&screen.data) {
                    screen.data = longer;
                    screen.load.error = None;
                    derive(app);
                    return Vec::new();
                }
                screen.data = page.data;
            }
            screen.load.next = page.next;
            screen.load.error = None;
            derive(app);
            return search_further(app);
        }
        Err(error) => {
            let since = screen.load.error.take().map_or(at, |(_, since)| since);
            screen.load.error = Some((error.to_string(), since));
            let operation = format!("reading {}", screen.kind.name().to_lowercase());
            app.notices.failure = Some(Failure { operation, message: error.to_string(), at });
        }
    }
    Vec::new()
}

/// Reads the list again soon, because something has changed.
pub(in crate::tui) fn incidents_changed(app: &mut App) -> Vec<Effect> {
    derive(app);
    let delay = if app.ui.low_bandwidth { SLOW_RELOAD_DELAY } else { RELOAD_DELAY };
    match app.screens.open.as_deref_mut() {
        Some(screen)
            if (screen.load.loaded_at.is_some() || screen.load.in_flight.is_some())
                && !screen.load.reload_due =>
        {
            screen.load.reload_due = true;
            vec![Effect::StartTimer(delay, Timer::Screen)]
        }
        _ => Vec::new(),
    }
}

/// Reads the list again if that is due.
pub(in crate::tui) fn reload_due(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.open.as_deref_mut() else { return Vec::new() };
    if std::mem::take(&mut screen.load.reload_due) { load_if_idle(app) } else { Vec::new() }
}

/// Follows the time: a list that was read a minute ago, or could not be read, is read again.
pub(in crate::tui) fn time_passed(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    derive(app);
    let Some(screen) = app.screens.open.as_deref() else { return Vec::new() };
    let is_old = screen.load.loaded_at.is_some_and(|at| now - at >= RELOAD_AFTER);
    if is_old || screen.load.error.is_some() { load_if_idle(app) } else { Vec::new() }
}

fn load_if_idle(app: &mut App) -> Vec<Effect> {
    let idle = app.screens.open.as_ref().is_some_and(|screen| screen.load.in_flight.is_none());
    if idle { load(app) } else { Vec::new() }
}
