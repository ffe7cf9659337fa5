//! The help, built from the table of actions: first what works in the current situation, then all
//! actions by subject. It can be searched.

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{self, SafeText, pad, truncate, wrap};

use crate::tui::action::{Action, Entry, Group, Layer, TABLE};
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::help::Help;
use crate::tui::input::fuzzy::FuzzyQuery;
use crate::tui::keys_line;
use crate::tui::verb::availability::disabled_reason;
use crate::tui::verb::selection::targets;
use crate::tui::verb::target::Target;
use crate::tui::widgets::highlight::push_marked;
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span};

/// The maximum width of the keys, in columns.
const MAX_KEYS_WIDTH: usize = 9;
/// The width of the text below which the keys get only as many columns as they need.
const NARROW_BELOW: usize = 60;
/// The width of the text from which rows are shown in two columns.
const TWO_COLUMNS_FROM: usize = 92;
/// The blank columns between the two.
const COLUMN_GAP: usize = 3;
/// The maximum size of the box, in columns and rows.
const MAX_SIZE: (u16, u16) = (160, 60);

/// The signs of the queue and their meanings.
const SIGNS: [(&str, &str); 11] = [
    ("▌", "the row that keys are about"),
    ("✓", "selected: verbs act on all that are"),
    ("↑", "a command about it is on its way"),
    ("•", "it came since you last turned to it"),
    ("◦", "it changed since you last turned to it"),
    ("×", "muted: nobody is called for it"),
    ("‖", "paused: it waits on somebody else"),
    ("└", "folded: it follows from another incident, which is worked on"),
    ("~", "matches only nearly: other letters are in between"),
    ("▰▰▱▱", "the time left to acknowledge it, then to resolve it"),
    ("+5m", "past its service level since then"),
];

/// A row: keys and their effect.
pub(in crate::tui) struct HelpRow {
    keys: String,
    text: String,
    /// Indices of the matched graphemes in the text.
    marks: Vec<usize>,
    /// The reason why the action does not apply now.
    disabled_reason: Option<String>,
}

/// Returns the area of the box, and the part of it for lines.
pub(in crate::tui) fn areas(body: Rect) -> (Rect, Rect) {
    let area = popup::centred(body, body.width.min(MAX_SIZE.0), body.height.min(MAX_SIZE.1));
    let inside = popup::inner(area);
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    (area, list)
}

/// Returns the number of lines, and how many of them fit.
pub(in crate::tui) fn size(app: &App, help: &Help, body: Rect) -> (usize, usize) {
    let list = areas(body).1;
    (lines(app, help, usize::from(list.width)).len(), usize::from(list.height))
}

pub(in crate::tui) fn lines(app: &App, help: &Help, width: usize) -> Vec<Line<'static>> {
    let targets = targets(app);
    let mut lines = Vec::new();
    if !help.query.trim().is_empty() {
        let rows = search(app, &targets, &help.query);
        if rows.is_empty() {
            let all = app.ui.keymap.hint(Action::Leave, "shows all keys");
            let all = all.map(|all| format!(": {all}")).unwrap_or_default();
            let text = Span::styled(format!("nothing matches{all}"), app.ui.theme.dim());
            return vec![Line::from(text)];
        }
        layout_rows(app, &rows, width, &mut lines);
        return lines;
    }
    section(app, &context_heading(app), width, &mut lines);
    let main = if app.screens.shown().is_some() { Layer::Screen } else { Layer::Panes };
    let works = keys_line::layout::useful_entries(app, main);
    let rows: Vec<HelpRow> = works.into_iter().map(|entry| row(app, entry, &targets)).collect();
    layout_rows(app, &rows, width, &mut lines);
    definitions(app, width, &mut lines);
    for group in Group::ALL {
        section(app, group.name(), width, &mut lines);
        let rows: Vec<HelpRow> = TABLE
            .iter()
            .filter(|entry| entry.group == group && entry.layers.contains(&Layer::Panes))
            .map(|entry| row(app, entry, &targets))
            .collect();
        layout_rows(app, &rows, width, &mut lines);
    }
    for layer in Layer::ALL.into_iter().filter(|layer| *layer != Layer::Panes) {
        let rows: Vec<HelpRow> =
            entries_only_in(layer).map(|entry| row(app, entry, &targets)).collect();
        if !rows.is_empty() {
            section(app, layer.name(), width, &mut lines);
            layout_rows(app, &rows, width, &mut lines);
        }
    }
    section(app, "Signs of the queue", width, &mut lines);
    let signs = SIGNS.iter().map(|(sign, text)| HelpRow {
        keys: (*sign).to_owned(),
        text: (*text).to_owned(),
        marks: Vec::new(),
        disabled_reason: None,
    });
    layout_rows(app, &signs.collect::<Vec<_>>(), width, &mut lines);
    lines
}

/// Adds the definitions of the metrics, while their pane has the focus.
fn definitions(app: &App, width: usize, lines: &mut Vec<Line<'static>>) {
    if app.ui.focus != Pane::Metrics || app.screens.shown().is_some() {
        return;
    }
    let page = app.metrics.page;
    section(app, &format!("The figures of the page {page}"), width, lines);
    for (name, meaning) in page.definitions() {
        for (index, text) in wrap(format!("{name}: {meaning}"), width).into_iter().enumerate() {
            let style = if index == 0 { app.ui.theme.text() } else { app.ui.theme.dim() };
            lines.push(Line::from(Span::styled(text, style)));
        }
    }
}

/// Describes the situation that the first section applies to.
fn context_heading(app: &App) -> String {
    if let Some(screen) = app.screens.shown() {
        return format!("Here: {}", screen.kind.name().to_lowercase());
    }
    let pane = app.ui.focus.name().to_lowercase();
    let shown = app.reading.shown.as_ref().map(|read| &read.detail.incident.summary);
    match (app.ui.marked.len(), shown) {
        (0, Some(row)) => format!("Here: {pane} · {} is {}", row.label(), row.status),
        (0, None) => format!("Here: {pane}"),
        (1, _) => format!("Here: {pane} · 1 selected"),
        (many, _) => format!("Here: {pane} · {many} selected"),
    }
}

/// Returns the actions of a layer that the panes don't have; shared ones are listed with the panes.
fn entries_only_in(layer: Layer) -> impl Iterator<Item = &'static Entry> {
    TABLE
        .iter()
        .filter(move |entry| entry.layers.contains(&layer) && !entry.layers.contains(&Layer::Panes))
}

fn section(app: &App, name: &str, width: usize, lines: &mut Vec<Line<'static>>) {
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.push(Line::from(Span::styled(truncate(name.to_owned(), width), app.ui.theme.strong())));
}

/// Returns the keys of an action, as many as fit; without a key, its name in the command palette.
fn keys_text(app: &App, entry: &Entry) -> String {
    if entry.layers == [Layer::Goto] {
        return app.ui.keymap.sequence(entry).unwrap_or_else(|| format!(":{}", entry.name));
    }
    let all = app.ui.keymap.keys(entry.action);
    let Some(first) = all.first() else { return format!(":{}", entry.name) };
    let mut text = first.to_string();
    for key in &all[1..] {
        let more = format!("{text} {key}");
        if text::width(&more) > MAX_KEYS_WIDTH {
            break;
        }
        text = more;
    }
    text
}

pub(in crate::tui) fn row(app: &App, entry: &Entry, targets: &[Target]) -> HelpRow {
    // Actions of forms and pickers don't apply to an incident.
    let in_panes = entry.layers.contains(&Layer::Panes);
    HelpRow {
        keys: keys_text(app, entry),
        text: entry.help.to_owned(),
        marks: Vec::new(),
        disabled_reason: if in_panes {
            disabled_reason(app, entry, targets, app.now)
        } else {
            None
        },
    }
}

/// Searches the help texts, then also names and keys. Returns the best matches first.
fn search(app: &App, targets: &[Target], input: &str) -> Vec<HelpRow> {
    let query = FuzzyQuery::new(input);
    let mut hits: Vec<(bool, u32, HelpRow)> = TABLE
        .iter()
        .filter_map(|entry| {
            let mut row = row(app, entry, targets);
            let all = format!("{} {} {}", entry.help, entry.name, row.keys);
            let inside = query.match_text(entry.help);
            let elsewhere = inside.is_none();
            let hit = inside.or_else(|| query.match_text(&all))?;
            let graphemes = entry.help.graphemes(true).count();
            row.marks = hit.positions.into_iter().filter(|at| *at < graphemes).collect();
            if let Some(layer) = entry.layers.first().filter(|layer| **layer != Layer::Panes) {
                row.text = format!("{} ({})", row.text, layer.name().to_lowercase());
            }
            Some((elsewhere, hit.score, row))
        })
        .collect();
    // Scattered letters don't count if there is a good match.
    let best = hits.iter().map(|(_, score, _)| *score).max().unwrap_or(0);
    hits.retain(|(_, score, _)| score.saturating_mul(2) > best);
    hits.sort_by_key(|(elsewhere, score, _)| (*elsewhere, std::cmp::Reverse(*score)));
    hits.into_iter().map(|(.., row)| row).collect()
}

/// Appends rows one below the other, or in two columns where the screen is wide.
fn layout_rows(app: &App, rows: &[HelpRow], width: usize, lines: &mut Vec<Line<'static>>) {
    if width < TWO_COLUMNS_FROM {
        let keys = rows.iter().map(|row| text::width(&row.keys)).max().unwrap_or(0);
        let keys = if width < NARROW_BELOW { keys } else { MAX_KEYS_WIDTH };
        lines.extend(rows.iter().flat_map(|row| row_lines(app, row, keys, width)));
        return;
    }
    let column = (width - COLUMN_GAP) / 2;
    let blocks: Vec<Vec<Line<'static>>> =
        rows.iter().map(|row| row_lines(app, row, MAX_KEYS_WIDTH, column)).collect();
    let half = blocks.iter().map(Vec::len).sum::<usize>().div_ceil(2);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for block in blocks {
        if left.len() < half { left.extend(block) } else { right.extend(block) }
    }
    let mut right = right.into_iter();
    for mut line in left {
        if let Some(other) = right.next() {
            let blank = (column + COLUMN_GAP).saturating_sub(line.width());
            line.push_span(Span::raw(" ".repeat(blank)));
            line.spans.extend(other.spans);
        }
        lines.push(line);
    }
}

fn row_lines(app: &App, row: &HelpRow, columns: usize, width: usize) -> Vec<Line<'static>> {
    let (key, plain) = match row.disabled_reason {
        Some(_) => (app.ui.theme.dim(), app.ui.theme.dim()),
        None => (app.ui.theme.accent(), Style::new()),
    };
    let text = match &row.disabled_reason {
        Some(why) => SafeText::from(format!("{} – not now: {why}", row.text)),
        None => SafeText::from(&row.text),
    };
    let mut keys = pad(&row.keys, columns);
    let mut lines = Vec::new();
    let mut from = 0;
    for part in wrap(&text, width.saturating_sub(columns + 2).max(8)) {
        // Wrapping drops the blanks at which a line is broken.
        let found = text[from..].find(part.as_str()).map(|at| from + at);
        let start = found.unwrap_or(from);
        from = found.map_or(from, |at| at + part.len());
        let before = text[..start].graphemes(true).count();
        let marks: Vec<usize> =
            row.marks.iter().filter_map(|mark| mark.checked_sub(before)).collect();
        let mut line = Line::from(Span::styled(format!("{keys}  "), key));
        push_marked(app, part, &marks, plain, &mut line);
        lines.push(line);
        keys = " ".repeat(columns).into();
    }
    lines
}
