//! The command palette.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::{SafeText, truncate, width, wrap};

use crate::tui::action::ArgumentKind;
use crate::tui::core::app::App;
use crate::tui::palette::layout::{box_area, rows};
use crate::tui::palette::names::no_match_text;
use crate::tui::palette::{Choice, Palette};
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::highlight::push_marked;
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

pub(in crate::tui) fn draw(app: &App, palette: &Palette, body: Rect, buffer: &mut Buffer) {
    let area = box_area(body);
    popup::frame(app, area, heading(palette), buffer);
    let inside = popup::inner(area);
    let room = usize::from(inside.width);
    draw_line(&input_line(app, palette, room), inside, buffer);
    let fit = rows(body);
    let list =
        Rect { y: inside.y + 1, height: u16::try_from(fit).unwrap_or(inside.height), ..inside };
    let visible = palette.choices.iter().skip(palette.top).take(fit);
    let texts = visible.clone().map(|choice| choice.text.width()).max().unwrap_or(0);
    let keys = visible.clone().map(|choice| width(&choice.keys)).max().unwrap_or(0);
    let column = texts.clamp(8, (room * 6 / 10).max(8));
    for ((index, choice), row) in visible.enumerate().zip(list.rows()) {
        if palette.top + index == palette.selected_index && is_selection_visible(palette) {
            let highlight = Rect { x: row.x - 1, width: row.width + 2, ..row };
            buffer.set_style(highlight, app.ui.theme.selection(true));
            draw_text("▌", app.ui.theme.accent(), highlight, buffer);
        }
        draw_line(&line(app, choice, column, keys, room), row, buffer);
    }
    if palette.choices.is_empty() {
        let text = match palette.command {
            Some(entry) => format!("{} takes {}", entry.name, entry.argument.accepted()),
            None => no_match_text(&palette.input),
        };
        let text = truncate(text, room);
        draw_text(text, app.ui.theme.dim(), list, buffer);
    }
    draw_preview(app, palette, fit, inside, buffer);
    let below = palette.choices.len().saturating_sub(palette.top + fit);
    scroll_hint::draw(app, area, (palette.top, below), buffer);
}

/// Returns the title, which names the incidents that verbs will apply to.
fn heading(palette: &Palette) -> String {
    match &palette.targets[..] {
        [] => "Commands".into(),
        [one] => format!("Commands · {} · {}", one.label, one.title),
        many => format!("Commands · {} incidents", many.len()),
    }
}

/// Whether a choice is shown as selected: not while `Enter` runs the typed line itself.
fn is_selection_visible(palette: &Palette) -> bool {
    palette.selection_moved || !palette.runs_as_typed
}

fn input_line(app: &App, palette: &Palette, room: usize) -> Line<'static> {
    let mut line = Line::from(Span::styled(": ", app.ui.theme.accent()));
    // The end of the line is being typed.
    let tail = tail(&SafeText::from(&palette.input), room.saturating_sub(4));
    line.push_span(Span::styled(tail, app.ui.theme.strong()));
    line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
    let hint = match palette.command {
        Some(entry) if palette.argument().is_empty() => entry.argument.accepted(),
        None if palette.input.is_empty() => "a name, or a number such as 2041",
        None => match palette.selected().map(|choice| &choice.kind) {
            Some(crate::tui::palette::ChoiceKind::Action(entry))
                if entry.argument != ArgumentKind::Nothing =>
            {
                return push_hint(app, line, entry.argument.accepted(), room);
            }
            _ => "",
        },
        Some(_) => "",
    };
    push_hint(app, line, hint, room)
}

fn push_hint(app: &App, mut line: Line<'static>, hint: &str, room: usize) -> Line<'static> {
    let remaining = room.saturating_sub(line.width() + 1);
    if !hint.is_empty() {
        let text = format!(" {}", truncate(hint, remaining));
        line.push_span(Span::styled(text, app.ui.theme.dim()));
    }
    line
}

/// Returns the last `columns` columns of a text.
fn tail(text: &SafeText<'_>, columns: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    if text.width() <= columns {
        return text.to_string();
    }
    let mut graphemes: Vec<&str> = Vec::new();
    let mut used = 1;
    for grapheme in text.graphemes(true).rev() {
        used += width(grapheme);
        if used > columns {
            break;
        }
        graphemes.push(grapheme);
    }
    graphemes.push("…");
    graphemes.into_iter().rev().collect()
}

fn line(app: &App, choice: &Choice, column: usize, keys: usize, room: usize) -> Line<'static> {
    let barred = choice.disabled_reason.is_some();
    let plain = if barred { app.ui.theme.dim() } else { Style::new() };
    let mut line = Line::default();
    let text = truncate(&choice.text, column);
    let blank = column.saturating_sub(text.width()) + 2;
    push_marked(app, text, &choice.marks, plain, &mut line);
    line.push_span(Span::raw(" ".repeat(blank)));
    let keys_width = if keys > 0 { keys + 2 } else { 0 };
    let remaining = room.saturating_sub(line.width() + keys_width);
    let about = match &choice.disabled_reason {
        Some(why) => format!("not now: {why}").into(),
        None => choice.about.borrowed(),
    };
    let about = truncate(about, remaining);
    let marks: &[usize] = if barred { &[] } else { &choice.about_marks };
    let blank =
        remaining.saturating_sub(about.width()) + keys_width.saturating_sub(width(&choice.keys));
    push_marked(app, about, marks, app.ui.theme.dim(), &mut line);
    line.push_span(Span::raw(" ".repeat(blank)));
    let style = if barred { app.ui.theme.dim() } else { app.ui.theme.accent() };
    line.push_span(Span::styled(choice.keys.clone(), style));
    line
}

/// Draws what `Enter` will do, or why it can't.
fn draw_preview(app: &App, palette: &Palette, fit: usize, inside: Rect, buffer: &mut Buffer) {
    let room = usize::from(inside.width);
    let y = inside.bottom().saturating_sub(1);
    match &palette.enter_preview {
        Some(Ok(text)) if !text.is_empty() => {
            let mut line = Line::from(Span::styled("Enter ", app.ui.theme.accent()));
            line.push_span(Span::raw(truncate(text, room.saturating_sub(6))));
            draw_line(&line, Rect { y, height: 1, ..inside }, buffer);
        }
        Some(Err(why)) => {
            // Uses the lines that the choices leave free.
            let text = SafeText::from(format!("! {why}"));
            let free = fit.saturating_sub(palette.choices.len().max(1)) + 1;
            let mut lines = wrap(&text, room);
            if lines.len() > free {
                lines = vec![truncate(text, room)];
            }
            let above = u16::try_from(lines.len() - 1).unwrap_or(0);
            for (line, y) in lines.iter().zip(y.saturating_sub(above)..) {
                let row = Rect { y, height: 1, ..inside };
                draw_text(line, app.ui.theme.strong(), row, buffer);
            }
        }
        _ => {}
    }
}
