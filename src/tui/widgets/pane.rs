//! Borders and titles of panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::BorderType;

use crate::model::text::{SafeText, truncate_at_space};

use crate::tui::core::app::App;
use crate::tui::core::layout::{Frame, PaneSlot};
use crate::tui::core::pane::Pane;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_border, draw_line, draw_text};

/// The content of the upper border in addition to the pane's name.
#[derive(Default)]
pub(in crate::tui) struct Title {
    /// Text after the name.
    pub(in crate::tui) about: SafeText<'static>,
    /// Text at the right end.
    pub(in crate::tui) right: String,
    /// Whether the text at the right end is about a fault.
    pub(in crate::tui) alarm: bool,
}

/// Draws frame and title. `hidden` counts the lines above and below the visible ones.
pub(in crate::tui) fn draw(
    app: &App,
    slot: &PaneSlot,
    title: &Title,
    hidden: (usize, usize),
    buffer: &mut Buffer,
) {
    let focused = app.ui.focus == slot.pane;
    let style = if focused { app.ui.theme.accent() } else { app.ui.theme.border() };
    let area = slot.area;
    match slot.frame {
        Frame::Bare => {
            let line = tabs(app, &Pane::ALL, slot.pane, focused);
            let left = usize::from(draw_line(&line, area, buffer) - area.x);
            right(app, title, area, left, 0, buffer);
        }
        Frame::Own | Frame::Tabs(_) => {
            let kind = if focused { app.ui.theme.focus_border() } else { BorderType::Rounded };
            draw_border(kind, style, area, buffer);
            let border = Rect { x: area.x + 1, width: area.width.saturating_sub(3), ..area };
            let line = match slot.frame {
                Frame::Tabs(panes) => tabs(app, panes, slot.pane, focused),
                _ => own_title(app, slot.pane, title, focused, border.width),
            };
            let end = draw_line(&line, border, buffer);
            right(app, title, area, usize::from(end - area.x), 1, buffer);
            scroll_hint::draw(app, area, hidden, buffer);
        }
    }
}

fn name(pane: Pane) -> String {
    format!("{} {}", pane.number(), pane.name())
}

fn name_style(app: &App, focused: bool) -> Style {
    if focused { app.ui.theme.accent().add_modifier(Modifier::BOLD) } else { app.ui.theme.text() }
}

fn own_title<'a>(app: &App, pane: Pane, title: &Title, focused: bool, room: u16) -> Line<'a> {
    let mut line =
        Line::from(vec![Span::styled(format!(" {} ", name(pane)), name_style(app, focused))]);
    if !title.about.is_empty() {
        let style = if focused { app.ui.theme.accent() } else { app.ui.theme.border() };
        line.push_span(Span::styled(app.ui.theme.rule(focused), style));
        let free = usize::from(room).saturating_sub(line.width() + 2);
        let about = truncate_at_space(&title.about, free).into_owned();
        line.push_span(Span::styled(format!(" {about} "), app.ui.theme.dim()));
    }
    line
}

/// Returns the names of panes that share a slot, the visible one in brackets.
fn tabs<'a>(app: &App, panes: &[Pane], shown: Pane, focused: bool) -> Line<'a> {
    let mut line = Line::from(" ");
    for pane in panes {
        let is_shown = *pane == shown;
        let style = match (is_shown, focused) {
            (true, true) => name_style(app, true),
            (true, false) => app.ui.theme.text().add_modifier(Modifier::BOLD),
            _ => app.ui.theme.dim(),
        };
        let name = name(*pane);
        line.push_span(Span::styled(if is_shown { format!("[{name}]") } else { name }, style));
        line.push_span(Span::raw(" "));
    }
    line
}

/// Draws the text at the right end, if it fits next to the text on the left.
fn right(app: &App, title: &Title, area: Rect, left: usize, corner: u16, buffer: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(left + usize::from(corner) + 1);
    if title.right.is_empty() || room < 6 {
        return;
    }
    let shown = truncate_at_space(&title.right, room.saturating_sub(2));
    let wide = u16::try_from(shown.width() + 2).unwrap_or(u16::MAX);
    let x = area.right().saturating_sub(corner + wide);
    let style = if title.alarm { app.ui.theme.alarm() } else { app.ui.theme.dim() };
    draw_text(format!(" {shown} "), style, Rect { x, width: wide, ..area }, buffer);
}
