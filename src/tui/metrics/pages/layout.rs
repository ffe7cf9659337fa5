//! A page as lines: its name among the others, what it says, its chart and its tables.

use chrono::{DateTime, Utc};

use crate::model::measures::pages::{Pages, Selection};
use crate::model::measures::sheet::{Page, Sheet, Tone};
use crate::model::text::{truncate, width, wrap};
use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::metrics::layout::{computed_at, figures, fit};
use crate::tui::metrics::pages::chart::ChartStyle;
use crate::tui::metrics::pages::request::{about, request};
use crate::tui::metrics::pages::table::{Block, TableStyle};
use crate::tui::metrics::pages::{PagesRequest, selection_of};
use crate::tui::widgets::text::{Line, Span};

/// The width from which tables are laid out in two columns.
const TWO_COLUMNS_FROM: usize = 104;
/// The blank columns between the two.
const GAP: usize = 3;
/// The height from which there are blank lines between the parts.
const ROOMY_FROM: usize = 20;
/// The height of the map of hours and weekdays.
const HEAT_LINES: usize = 9;

/// Returns the page as lines, with the line of each row of its tables.
pub(in crate::tui) fn lines(
    app: &App,
    width: usize,
    height: usize,
) -> (Vec<Line<'static>>, Vec<usize>) {
    let theme = app.ui.theme;
    let mut lines = vec![tabs(app, width)];
    let request = request(app);
    let Some(loaded) = app.metrics.pages.find(&request) else {
        lines.extend(first_lines(app, &request, width, height.saturating_sub(2)));
        return (lines, Vec::new());
    };
    let sheet = Sheet::new(app.metrics.page, &loaded.pages, request.by);
    // Figures that are old say so before anything else.
    let failed = app.metrics.pages.failed.as_ref().filter(|(failed, _)| *failed == request);
    let old = loaded.as_of.map(|at| app.as_of(at));
    let old = old.into_iter().chain(failed.map(|(_, why)| format!("not computed anew: {why}")));
    for text in old {
        lines.push(Line::from(Span::styled(truncate(text, width), theme.warning())));
    }
    let roomy = height >= ROOMY_FROM;
    lines.push(headline(app, &sheet, loaded.pages.at, width));
    if roomy {
        lines.push(Line::default());
    }
    let before_chart = lines.len();
    lines.extend(charts(app, &loaded.pages, width, height));
    if roomy && lines.len() > before_chart {
        lines.push(Line::default());
    }
    let block = tables(app, &sheet, width, roomy);
    let first = lines.len();
    let rows = block.rows.into_iter().map(|line| first + line).collect();
    lines.extend(block.lines);
    let mut notes = sheet.notes;
    let unused = selection_of(app.queue.filter()).1;
    if unused > 0 {
        notes.push(format!("{unused} of the terms of the filter do not apply to figures"));
    }
    if roomy && !notes.is_empty() {
        lines.push(Line::default());
    }
    for note in notes {
        let note = wrap(note, width).into_iter();
        lines.extend(note.map(|text| Line::from(Span::styled(text, theme.dim()))));
    }
    (lines.into_iter().map(|line| fit(line, width)).collect(), rows)
}

/// Returns the lines of a page that is not computed yet: those of the overview, if these are about the same
/// window and incidents, with when they were computed.
fn first_lines(
    app: &App,
    request: &PagesRequest,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let failed = app.metrics.pages.failed.as_ref().filter(|(failed, _)| failed == request);
    let overview = computed_at(app).filter(|_| request.selection == Selection::default());
    let text = match (failed, &overview) {
        (Some((_, why)), _) => format!("could not be computed: {why}"),
        (None, Some(computed)) => format!("computing … · the overview meanwhile, {computed}"),
        (None, None) => "computing …".to_owned(),
    };
    let mut lines: Vec<Line<'static>> =
        wrap(text, width).into_iter().map(|text| Span::styled(text, theme.dim()).into()).collect();
    if failed.is_none() && overview.is_some() && height > 0 {
        lines.extend(figures(app, width, height));
    }
    lines
}

/// Returns the names of the pages between the keys that turn them, the present one in brackets; only that
/// with its position where they do not fit.
fn tabs(app: &App, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let key = |forwards: bool| app.ui.keymap.main_key(Action::MeasuresPage(forwards));
    let before = key(false).map_or_else(String::new, |key| format!("{key} "));
    let after = key(true).map_or_else(String::new, |key| format!(" {key}"));
    let mut line = Line::from(Span::styled(before.clone(), theme.dim()));
    for (index, page) in Page::ALL.iter().enumerate() {
        let (name, style) = if *page == app.metrics.page {
            (format!("[{page}]"), theme.accent())
        } else {
            (page.to_string(), theme.dim())
        };
        if index > 0 {
            line.push_span(Span::raw("  "));
        }
        line.push_span(Span::styled(name, style));
    }
    line.push_span(Span::styled(after.clone(), theme.dim()));
    if line.width() <= room {
        return line;
    }
    let (number, all) = (app.metrics.page.index() + 1, Page::ALL.len());
    let name = format!("[{}]", app.metrics.page);
    let position = format!(" {number} of {all}{after}");
    let mut line = Line::from(Span::styled(before, theme.dim()));
    line.push_span(Span::styled(name, theme.accent()));
    line.push_span(Span::styled(position, theme.dim()));
    if line.width() <= room {
        return line;
    }
    Line::from(Span::styled(truncate(app.metrics.page.to_string(), room), theme.accent()))
}

/// Returns what the page says in one line, and what it is about and when it was computed as far as that
/// fits.
fn headline(app: &App, sheet: &Sheet, computed_at: DateTime<Utc>, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let (mark, style) = match sheet.tone {
        Tone::Better => ("better: ", theme.good()),
        Tone::Worse => ("worse: ", theme.warning()),
        Tone::Plain => ("", theme.strong()),
    };
    let text = truncate(format!("{mark}{}", sheet.headline), room);
    let used = width(text.as_str());
    let mut line = Line::from(Span::styled(text, style));
    let about = format!("  {}", about(app));
    let computed = format!(" · computed {}", app.clock().hh_mm(computed_at));
    let mut used = used;
    for more in [about, computed] {
        used += width(more.as_str());
        if used > room {
            break;
        }
        line.push_span(Span::styled(more, theme.dim()));
    }
    line
}

/// Returns the charts of the page that fit its size.
fn charts(app: &App, pages: &Pages, width: usize, height: usize) -> Vec<Line<'static>> {
    let chart_height = match height {
        0..12 => return Vec::new(),
        12..20 => 3,
        20..34 => 6,
        34..50 => 9,
        _ => 14,
    };
    let clock = app.clock();
    let style = ChartStyle { theme: app.ui.theme, clock, width, height: chart_height };
    match app.metrics.page {
        Page::Times => style.times(pages),
        Page::Volume => {
            let mut lines = style.volume(pages);
            if height >= lines.len() + HEAT_LINES + 10 {
                lines.push(Line::default());
                lines.extend(style.heat(pages));
            }
            lines
        }
        _ => Vec::new(),
    }
}

/// Returns the tables below each other, or in two columns where there is room.
fn tables(app: &App, sheet: &Sheet, width: usize, roomy: bool) -> Block {
    let in_two = width >= TWO_COLUMNS_FROM && sheet.tables.len() > 1;
    let wide = if in_two { (width - GAP) / 2 } else { width };
    let style = TableStyle {
        theme: app.ui.theme,
        width: wide,
        hides_comparison: app.metrics.hides_comparison,
    };
    let focused = app.ui.focus == Pane::Metrics;
    let mut first_row = 0;
    let mut blocks: Vec<Block> = Vec::new();
    for table in &sheet.tables {
        let selected = app.metrics.row.checked_sub(first_row).filter(|_| focused);
        blocks.push(style.format_table(table, selected.map(|row| (row, focused))));
        first_row += table.rows.len();
    }
    let all: usize = blocks.iter().map(|block| block.lines.len()).sum();
    let mut columns = [Block::default(), Block::default()];
    for block in blocks {
        let column = usize::from(in_two && columns[0].lines.len() * 2 >= all);
        append(&mut columns[column], block, roomy);
    }
    let [first, second] = columns;
    if in_two { join(first, second, wide) } else { first }
}

/// Appends the lines of a block below another one.
fn append(block: &mut Block, next: Block, roomy: bool) {
    if roomy && !block.lines.is_empty() {
        block.lines.push(Line::default());
    }
    let first = block.lines.len();
    block.rows.extend(next.rows.into_iter().map(|line| first + line));
    block.lines.extend(next.lines);
}

/// Puts two blocks next to each other; the rows of the second one follow those of the first.
fn join(first: Block, second: Block, wide: usize) -> Block {
    let height = first.lines.len().max(second.lines.len());
    let mut lines = Vec::with_capacity(height);
    let mut first_lines = first.lines.into_iter();
    let mut second_lines = second.lines.into_iter();
    for _ in 0..height {
        let mut line = Line::default();
        push_styled(&mut line, first_lines.next().unwrap_or_default());
        let used = line.width();
        line.push_span(Span::raw(" ".repeat((wide + GAP).saturating_sub(used))));
        push_styled(&mut line, second_lines.next().unwrap_or_default());
        lines.push(line);
    }
    let rows = first.rows.into_iter().chain(second.rows).collect();
    Block { lines, rows }
}

/// Appends the spans of a line with the style of that line.
fn push_styled(line: &mut Line<'static>, other: Line<'static>) {
    let style = other.style;
    line.extend(
        other.spans.into_iter().map(|span| Span { style: style.patch(span.style), ..span }),
    );
}
