//! Where the parts of a list screen are, and its lines.

use ratatui::layout::Rect;

use crate::model::text::{truncate, wrap};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::screens::ListScreen;
use crate::tui::screens::registry::logic;
use crate::tui::widgets::text::{Line, Span};

/// The width below which a screen has no border at its sides.
const BARE_BELOW: u16 = 80;
/// The rows that what stands above a list leaves to its title, its headings and its items.
const LIST_ROWS: usize = 7;

/// Where the parts of a screen are.
pub(in crate::tui) struct Areas {
    /// Whether there is a border on all sides.
    pub(in crate::tui) framed: bool,
    /// The line of the title.
    pub(in crate::tui) title: Rect,
    /// The line in which a filter is typed; of no height without one.
    pub(in crate::tui) filter: Rect,
    /// The lines above the items.
    pub(in crate::tui) heading: Rect,
    /// The items.
    pub(in crate::tui) list: Rect,
}

/// The lines below the headings, and the range of lines of each item.
pub(in crate::tui) struct ListLines {
    pub(in crate::tui) lines: Vec<Line<'static>>,
    /// The first line of each item, its section heading left out, and the line after its last one.
    pub(in crate::tui) ranges: Vec<(usize, usize)>,
}

/// Lays out a screen within `body`. `heading` is the number of lines above the items.
pub(in crate::tui) fn areas(screen: &ListScreen, body: Rect, heading: usize) -> Areas {
    let framed = body.width >= BARE_BELOW;
    let (margin, bottom) = if framed { (2, 1) } else { (1, 0) };
    let inside = Rect {
        x: body.x + margin,
        y: body.y + 1,
        width: body.width.saturating_sub(2 * margin),
        height: body.height.saturating_sub(1 + bottom),
    };
    let rows = |rows: u16, area: Rect| {
        let rows = rows.min(area.height);
        let rest = Rect { y: area.y + rows, height: area.height - rows, ..area };
        (Rect { height: rows, ..area }, rest)
    };
    let has_filter = screen.is_typing() || !screen.filter_text.trim().is_empty();
    let (filter, rest) = rows(u16::from(has_filter), inside);
    let (heading, list) = rows(u16::try_from(heading).unwrap_or(u16::MAX), rest);
    Areas { framed, title: Rect { height: 1, ..body }, filter, heading, list }
}

/// Returns the width of the lines of a screen.
pub(in crate::tui) fn text_width(body: Rect) -> usize {
    let margins = if body.width >= BARE_BELOW { 4 } else { 2 };
    usize::from(body.width.saturating_sub(margins))
}

/// Returns the lines above the items: a failure, and the screen's own headings.
pub(in crate::tui) fn heading(app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some((error, since)) = screen.load.error.as_ref().filter(|_| screen.total > 0) {
        let again = app.ui.keymap.hint_suffix(Action::Refresh, "tries again");
        let text = format!("not read since {}: {error}{again}", app.clock().hh_mm(*since));
        let style = app.ui.theme.alarm();
        lines.extend(
            wrap(text, width).into_iter().take(3).map(|line| Span::styled(line, style).into()),
        );
    }
    lines.extend(fitting_context(app, screen, width));
    if !screen.items.is_empty() {
        lines.extend(logic(screen.kind).heading(app, screen, width));
    }
    lines
}

/// Returns what the screen says above its list, as far as it leaves room for the list: its last line says
/// where something is left out.
fn fitting_context(app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
    let mut lines = logic(screen.kind).context_lines(app, screen, width);
    let most = usize::from(app.layout().body().height).saturating_sub(LIST_ROWS).max(1);
    if lines.len() > most {
        lines.truncate(most - 1);
        lines.push(Span::styled("…", app.ui.theme.dim()).into());
    }
    lines
}

/// Returns the lines below the headings.
pub(in crate::tui) fn list(app: &App, screen: &ListScreen, width: usize) -> ListLines {
    let logic = logic(screen.kind);
    let mut list = ListLines { lines: Vec::new(), ranges: Vec::new() };
    let has_sections = logic.has_sections(screen.order);
    let mut section = None;
    for item in &screen.items {
        // Other orders mix the sections.
        let heading = item.section.as_ref().filter(|_| has_sections);
        if heading != section {
            section = heading;
            if let Some(heading) = heading {
                if !list.lines.is_empty() {
                    list.lines.push(Line::default());
                }
                let heading = truncate(heading.as_str(), width).into_owned();
                list.lines.push(Span::styled(heading, app.ui.theme.strong()).into());
            }
        }
        let from = list.lines.len();
        list.lines.extend(logic.lines(app, screen, item, width));
        list.ranges.push((from, list.lines.len()));
    }
    if screen.items.is_empty() {
        let (text, is_alarm) = instead_of_items(app, screen);
        let style = if is_alarm { app.ui.theme.strong() } else { app.ui.theme.dim() };
        list.lines
            .extend(wrap(text, width).into_iter().map(|line| Span::styled(line, style).into()));
    } else if screen.load.in_flight.is_some_and(|(_, later)| later) {
        list.lines.push(Span::styled("reading more …", app.ui.theme.dim()).into());
    } else {
        list.lines.extend(logic.footer(app, screen, width));
    }
    list
}

/// Returns the text in place of items, and whether it is about a failure.
fn instead_of_items(app: &App, screen: &ListScreen) -> (String, bool) {
    if let Some((error, since)) = screen.load.error.as_ref().filter(|_| screen.total == 0) {
        let again = app.ui.keymap.hint_suffix(Action::Refresh, "tries again");
        let since = app.clock().hh_mm(*since);
        return (format!("This can't be read since {since}: {error}{again}"), true);
    }
    if screen.total > 0 {
        let all = app.ui.keymap.hint_suffix(Action::CloseScreen, "shows all");
        return (format!("nothing matches {}{all}", screen.filter_text.trim()), false);
    }
    let reads = logic(screen.kind).request(app, screen, 1).is_some();
    if reads && screen.load.loaded_at.is_none() {
        return ("reading …".into(), false);
    }
    (logic(screen.kind).empty_text(app, screen), false)
}

/// Returns the first line on the screen such that the selected item is visible, with its section
/// heading where it is the first one. With `saves_bytes` it scrolls rarely and far.
pub(in crate::tui) fn scroll_to_selected(
    list: &ListLines,
    screen: &ListScreen,
    rows: usize,
    saves_bytes: bool,
) -> usize {
    let greatest_top = list.lines.len().saturating_sub(rows);
    let Some((from, to)) = list.ranges.get(screen.selected).copied() else {
        return screen.top.min(greatest_top);
    };
    let previous = screen.selected.checked_sub(1).and_then(|index| list.ranges.get(index));
    let start = previous.map_or(0, |(_, end)| *end);
    // Section headings directly above the item.
    let from = if from - start < rows { start.max(from.saturating_sub(2)) } else { from };
    // The lines after the last item are visible with it, as far as they fit.
    let to = if screen.selected + 1 == list.ranges.len() { list.lines.len() } else { to };
    let to = to.min(from + rows);
    let top = screen.top.max(to.saturating_sub(rows)).min(from).min(greatest_top);
    if !saves_bytes || top == screen.top {
        return top;
    }
    // A scrolled list is redrawn, so it scrolls by half a page and not with each key.
    let half = rows / 2;
    let further = if top > screen.top {
        (screen.top + half).clamp(top, from.max(top))
    } else {
        screen.top.saturating_sub(half).min(top).max(to.saturating_sub(rows))
    };
    further.min(greatest_top)
}
