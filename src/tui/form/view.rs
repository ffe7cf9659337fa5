//! A form: labels on the left, errors below the fields.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_textarea::TextArea;

use crate::model::priority::Level;
use crate::model::text::{SafeText, truncate, width, wrap};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind, Tick, Value, one_line};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text, render};

/// The width of the box, in columns.
const BOX_WIDTH: u16 = 80;
/// The width from which labels are to the left of their fields.
const LABELS_LEFT_FROM: u16 = 52;
/// The minimum number of rows of a field of several lines.
const TEXT_ROWS: u16 = 3;
/// The number of rows of the one that has the focus, if they fit.
const FOCUSED_ROWS: u16 = 6;

/// The widths of labels and fields.
#[derive(Clone, Copy)]
struct Grid {
    /// The width of the labels, in columns; 0 if they are above the fields.
    label: u16,
    /// The width of the fields, in columns.
    field: u16,
}

/// Draws the form, with a mark where the cursor is.
pub(in crate::tui) fn draw(app: &App, form: &Form, body: Rect, buffer: &mut Buffer) {
    let wide = BOX_WIDTH.min(body.width);
    let room = body.height.saturating_sub(2);
    let inside_wide = wide.saturating_sub(4);
    let grid = Grid::new(form, inside_wide);
    let notice = notice_lines(app, form, usize::from(inside_wide));
    let notice_rows = u16::try_from(notice.len()).unwrap_or(0).min(room / 2);
    // Where each byte counts, no field grows when it gets the focus: the box would be drawn again.
    let fixed = app.ui.low_bandwidth;
    let heights = heights(form, grid, room.saturating_sub(notice_rows), fixed);
    let all: u16 = heights.iter().sum();
    let mut area = popup::centred(body, wide, (all + notice_rows + 2).clamp(6, body.height.max(6)));
    if fixed {
        // There the least is covered, and drawn again afterwards: a border costs more than text.
        area.y = body.bottom().saturating_sub(area.height + 1).max(body.y);
    }
    popup::frame(app, area, &form.heading, buffer);
    let inside = popup::inner(area);
    let fields = Rect { height: inside.height.saturating_sub(notice_rows), ..inside };
    draw_fields(app, form, grid, &heights, fields, buffer);
    for (line, row) in notice.iter().zip(inside.rows().skip(usize::from(fields.height))) {
        draw_text(line, app.ui.theme.strong(), row, buffer);
    }
}

impl Grid {
    fn new(form: &Form, inside: u16) -> Self {
        if inside < LABELS_LEFT_FROM {
            return Self { label: 0, field: inside };
        }
        let labelled =
            form.fields.iter().filter(|field| !matches!(field.value, Value::Tick { .. }));
        let label = labelled.map(|field| width(&field.label)).max().unwrap_or(0);
        let label = u16::try_from(label + 3).unwrap_or(0).min(20);
        Self { label, field: inside.saturating_sub(label) }
    }
}

/// Returns the number of rows of each field; fields of several lines share the remaining room.
fn heights(form: &Form, grid: Grid, room: u16, fixed: bool) -> Vec<u16> {
    let above = u16::from(grid.label == 0);
    let mut heights: Vec<u16> = form
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let focused = index == form.focus;
            let rows = match &field.value {
                Value::Text(_) => TEXT_ROWS + above,
                Value::Tick { tick: Tick::Waived, .. } => 2,
                Value::Tick { .. } => 1,
                Value::Names { .. } => {
                    1 + above + u16::from(focused && !field.suggestions().is_empty())
                }
                Value::Choice { options, .. } if focused => {
                    // Below its label it is indented.
                    let room = grid.field.saturating_sub(2 * above);
                    above + choice_rows(options, usize::from(room))
                }
                Value::Line(_) | Value::Choice { .. } => 1 + above,
            };
            rows + u16::from(field.error.is_some())
        })
        .collect();
    let mut remaining = room.saturating_sub(heights.iter().sum());
    let texts: Vec<usize> =
        (0..form.fields.len()).filter(|index| form.fields[*index].is_multiline()).collect();
    // The field in focus first, then all equally.
    if texts.contains(&form.focus) && !fixed {
        let more = remaining.min(FOCUSED_ROWS - TEXT_ROWS);
        heights[form.focus] += more;
        remaining -= more;
    }
    let most = if texts.len() == 1 { 8 } else { 4 };
    for index in texts {
        let more =
            remaining.min(most - TEXT_ROWS.min(most)).min(most.saturating_sub(heights[index]));
        heights[index] += more;
        remaining -= more;
    }
    // A blank row between fields, if there is room for all of them.
    let gaps = u16::try_from(heights.len().saturating_sub(1)).unwrap_or(0);
    let ticks = form.fields.iter().all(|field| matches!(field.value, Value::Tick { .. }));
    if gaps > 0 && gaps <= remaining && !ticks {
        let last = heights.len() - 1;
        heights[..last].iter_mut().for_each(|height| *height += 1);
    }
    heights
}

fn draw_fields(
    app: &App,
    form: &Form,
    grid: Grid,
    heights: &[u16],
    area: Rect,
    buffer: &mut Buffer,
) {
    // Scrolled so that the field in focus is fully visible.
    let before: u16 = heights[..form.focus].iter().sum();
    let ends = before + heights[form.focus];
    let skipped = ends.saturating_sub(area.height).min(before);
    let mut at = 0_u16;
    for (index, (field, height)) in form.fields.iter().zip(heights).enumerate() {
        let starts = at;
        at += height;
        if starts < skipped {
            continue;
        }
        let y = area.y + (starts - skipped);
        let room = area.bottom().saturating_sub(y).min(*height);
        if room == 0 {
            break;
        }
        let field_area = Rect { y, height: room, ..area };
        draw_field(app, form, field, index == form.focus, grid, field_area, buffer);
    }
    if skipped > 0 || at - skipped > area.height {
        let text = format!(" {} of {} ", form.focus + 1, form.fields.len());
        let wide = u16::try_from(width(&text)).unwrap_or(0);
        let x = area.right().saturating_sub(wide);
        let border = Rect { x, y: area.bottom(), width: wide, height: 1 };
        draw_text(text, app.ui.theme.dim(), border, buffer);
    }
}

fn draw_field(
    app: &App,
    form: &Form,
    field: &Field,
    focused: bool,
    grid: Grid,
    area: Rect,
    buffer: &mut Buffer,
) {
    if let Value::Tick { tick, reason, .. } = &field.value {
        draw_tick(app, field, *tick, reason, focused, area, buffer);
        return;
    }
    let style = if focused { app.ui.theme.accent() } else { app.ui.theme.dim() };
    let mark = if focused { "▸ " } else { "  " };
    let mut inside = area;
    if grid.label == 0 {
        draw_text(format!("{mark}{}", field.label), style, area, buffer);
        inside.y += 1;
        inside.height = inside.height.saturating_sub(1);
        inside.x += 2;
        inside.width = inside.width.saturating_sub(2);
    } else {
        let label = truncate(&field.label, usize::from(grid.label.saturating_sub(1)));
        draw_text(label, style, Rect { width: grid.label, ..area }, buffer);
        if focused {
            let pointer = Rect { x: area.x + grid.label - 2, width: 1, ..area };
            draw_text("▸", style, pointer, buffer);
        }
        inside.x += grid.label;
        inside.width = grid.field;
    }
    let below = u16::from(field.error.is_some());
    let mut rows = inside.height.saturating_sub(below);
    match &field.value {
        Value::Line(area) | Value::Names { area, .. } => {
            rows = rows.min(1);
            let row = Rect { height: rows, ..inside };
            if area.lines().iter().all(String::is_empty) {
                draw_editor(app, area, field, focused, row, buffer);
            } else {
                one_line::draw(app, area, focused, row, buffer);
            }
            let suggestions = field.suggestions();
            if focused && !suggestions.is_empty() && inside.height > 1 + below {
                let row = Rect { y: inside.y + 1, height: 1, ..inside };
                draw_suggestions(app, field, &suggestions, row, buffer);
                rows += 1;
            }
        }
        Value::Text(area) => {
            // An error is shown directly below the text, not below the blank row before the next
            // field.
            let own = inside.height.saturating_sub(below);
            let gap = u16::from(below > 0 && own > TEXT_ROWS);
            rows = own - gap;
            draw_editor(app, area, field, focused, Rect { height: rows, ..inside }, buffer);
        }
        Value::Choice { options, selected } => {
            let room = usize::from(inside.width);
            let lines = choice_lines(app, form, field, options, *selected, focused, room);
            rows = rows.min(u16::try_from(lines.len()).unwrap_or(1));
            for (line, row) in lines.iter().zip(inside.rows().take(usize::from(rows))) {
                draw_line(line, row, buffer);
            }
        }
        Value::Tick { .. } => {}
    }
    if let Some(error) = &field.error
        && inside.y + rows < area.bottom()
    {
        let text = truncate(format!("! {error}"), usize::from(inside.width));
        let row = Rect { y: inside.y + rows, height: 1, ..inside };
        draw_text(text, app.ui.theme.strong(), row, buffer);
    }
}

/// Draws an editor, with the hint while it is empty.
fn draw_editor(
    app: &App,
    area: &TextArea<'_>,
    field: &Field,
    focused: bool,
    rect: Rect,
    buffer: &mut Buffer,
) {
    if rect.height == 0 {
        return;
    }
    render(area, rect, buffer);
    let empty = area.lines().iter().all(String::is_empty);
    if empty && !field.hint.is_empty() {
        let at = u16::from(focused);
        let row = Rect { x: rect.x + at, width: rect.width.saturating_sub(at), ..rect };
        // In brackets, so that it is not mistaken for content of the field.
        let hint = if field.is_example { field.hint.clone() } else { format!("({})", field.hint) };
        let hint = truncate(hint, usize::from(row.width));
        draw_text(hint, app.ui.theme.dim(), row, buffer);
    }
    if empty && !focused && field.hint.is_empty() {
        draw_text("–", app.ui.theme.dim(), Rect { width: 1, ..rect }, buffer);
    }
}

/// Draws the suggested names; `→` inserts the first of them.
fn draw_suggestions(
    app: &App,
    field: &Field,
    suggestions: &[&str],
    row: Rect,
    buffer: &mut Buffer,
) {
    let typed = !field.content().trim().is_empty();
    let mut line = Line::default();
    let room = usize::from(row.width);
    for (index, name) in suggestions.iter().enumerate() {
        let name = SafeText::from(*name);
        if line.width() + name.width() + 4 > room {
            break;
        }
        let first = index == 0 && typed;
        let style = if first { app.ui.theme.accent() } else { app.ui.theme.dim() };
        let text = if first { format!("→ {name}  ") } else { format!("{name}  ") };
        line.push_span(Span::styled(text, style));
    }
    draw_line(&line, row, buffer);
}

/// Returns the options as words, with the selected one in brackets, broken into rows.
fn break_choices(options: &[&'static str], room: usize) -> Vec<std::ops::Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (index, word) in options.iter().enumerate() {
        // Two more for the brackets of the selected one.
        let wide = width(*word) + 2;
        if used + wide > room && index > start {
            rows.push(start..index);
            (start, used) = (index, 0);
        }
        used += wide;
    }
    rows.push(start..options.len());
    rows
}

/// Returns the number of rows of a choice that has the focus: all options are shown.
fn choice_rows(options: &[&'static str], room: usize) -> u16 {
    u16::try_from(break_choices(options, room).len()).unwrap_or(1)
}

/// Returns the lines of a choice: all options if it has the focus or they fit one line, otherwise
/// the selected one and the number of options.
fn choice_lines(
    app: &App,
    form: &Form,
    field: &Field,
    options: &[&'static str],
    selected: usize,
    focused: bool,
    room: usize,
) -> Vec<Line<'static>> {
    let chosen = options.get(selected).copied().unwrap_or_default();
    let marked = if focused { app.ui.theme.accent() } else { app.ui.theme.text() };
    let marked = marked.add_modifier(ratatui::style::Modifier::BOLD);
    let words = break_choices(options, room);
    let mut lines = Vec::new();
    if focused || words.len() == 1 {
        for row in words {
            let mut line = Line::default();
            for index in row {
                let word = options[index];
                if index == selected {
                    line.push_span(Span::styled(format!("[{word}] "), marked));
                } else {
                    line.push_span(Span::styled(format!("{word}  "), app.ui.theme.dim()));
                }
            }
            lines.push(line);
        }
    } else {
        let text = format!("{chosen}  {} of {}", selected + 1, options.len());
        lines.push(Line::from(Span::styled(text, marked)));
    }
    // The priority that follows from impact and urgency is shown while they are chosen.
    if form.kind == Kind::Declare
        && field.label == "Urgency"
        && let Some(line) = lines.last_mut()
    {
        let level = |label| form.value(label).parse_level();
        if let (Some(impact), Some(urgency)) = (level("Impact"), level("Urgency")) {
            let priority = app.session.rules.matrix.priority(impact, urgency);
            line.push_span(Span::raw("  = "));
            line.push_span(Span::styled(priority.to_string(), app.ui.theme.priority(priority)));
        }
    }
    lines
}

/// Parses a level as the form shows it.
trait ParseLevel {
    fn parse_level(&self) -> Option<Level>;
}

impl ParseLevel for String {
    fn parse_level(&self) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == self)
    }
}

fn draw_tick(
    app: &App,
    field: &Field,
    tick: Tick,
    reason: &TextArea<'_>,
    focused: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (mark, word) = match tick {
        Tick::Open => ("[ ]", ""),
        Tick::Yes => ("[x]", "yes"),
        Tick::Waived => ("[w]", "waived"),
    };
    let style = if focused { app.ui.theme.accent() } else { Style::new() };
    let pointer = if focused { "▸ " } else { "  " };
    let room = usize::from(area.width);
    let begin = format!("{pointer}{mark} ");
    let end = if word.is_empty() { String::new() } else { format!("  {word}") };
    let label = truncate(&field.label, room.saturating_sub(width(&begin) + width(&end)).max(8));
    let line = Line::from(vec![
        Span::styled(begin, style),
        Span::styled(label, style),
        Span::styled(end, app.ui.theme.dim()),
    ]);
    draw_line(&line, area, buffer);
    if tick == Tick::Waived && area.height > 1 {
        let below =
            Rect { x: area.x + 6, y: area.y + 1, width: area.width.saturating_sub(6), height: 1 };
        render(reason, below, buffer);
        if reason.lines().iter().all(String::is_empty) {
            let at = u16::from(focused);
            let row = Rect { x: below.x + at, width: 3, ..below };
            draw_text("why", app.ui.theme.dim(), row, buffer);
        }
    }
    if let Some(error) = &field.error
        && area.height > 1
    {
        let text = truncate(error, room.saturating_sub(6));
        let row = Rect { x: area.x + 6, y: area.bottom() - 1, ..area };
        draw_text(format!("! {text}"), app.ui.theme.strong(), row, buffer);
    }
}

/// Returns the question whether to discard the form, or the notice.
fn notice_lines(app: &App, form: &Form, width: usize) -> Vec<SafeText<'static>> {
    if form.confirm_discard {
        let answers = [
            (Action::Discard, "drop it"),
            (Action::ContinueEditing, "go on writing"),
            (Action::SaveDraft, "keep it as a draft"),
        ];
        let keys =
            answers.into_iter().filter_map(|(action, word)| app.ui.keymap.hint(action, word));
        let keys = keys.collect::<Vec<_>>().join(" · ");
        return wrap(format!("Drop what was typed?  {keys}"), width);
    }
    form.notice.as_ref().map_or_else(Vec::new, |why| wrap(format!("! {why}"), width))
}
