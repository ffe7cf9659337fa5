//! A page as lines: its name among the others, its headline, its chart and its tables.

use chrono::{DateTime, Utc};

use crate::model::measures::pages::Selection;
use crate::model::measures::sheet::{Page, Sheet, Tone};
use crate::model::text::{truncate, truncate_at_space, width, wrap};
use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::metrics::blocks::fit;
use crate::tui::metrics::layout::{computed_at, figures};
use crate::tui::metrics::pages::body::Body;
use crate::tui::metrics::pages::request::{about, request};
use crate::tui::metrics::pages::{PagesRequest, selection_of};
use crate::tui::widgets::text::{Line, Span};

/// The height from which there are blank lines between the parts.
const ROOMY_FROM: usize = 20;

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
    // A remark on old figures comes before anything else.
    let failed = app.metrics.pages.failed.as_ref().filter(|(failed, _)| *failed == request);
    let old = loaded.as_of.map(|at| app.as_of(at));
    let old = old.into_iter().chain(failed.map(|(_, why)| format!("not computed again: {why}")));
    for text in old {
        lines.push(Line::from(Span::styled(truncate(text, width), theme.warning())));
    }
    let roomy = height >= ROOMY_FROM;
    lines.push(headline(app, &sheet, loaded.pages.at, width));
    if roomy {
        lines.push(Line::default());
    }
    let body = Body { app, pages: &loaded.pages, sheet: &sheet, size: (width, height), roomy };
    let block = body.arrange();
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

/// Returns the headline of the page, followed by its selection and the time of its computation as
/// far as they fit.
fn headline(app: &App, sheet: &Sheet, computed_at: DateTime<Utc>, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let (mark, style) = match sheet.tone {
        Tone::Better => ("better: ", theme.good()),
        Tone::Worse => ("worse: ", theme.warning()),
        Tone::Plain => ("", theme.strong()),
    };
    let text = truncate_at_space(format!("{mark}{}", sheet.headline), room);
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
