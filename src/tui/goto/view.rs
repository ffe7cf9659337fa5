//! Draws the goto menu.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::text::{pad, truncate};

use crate::tui::core::app::App;
use crate::tui::goto::Goto;
use crate::tui::goto::layout::{items, layout, title};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span, draw_line};

pub(in crate::tui) fn draw(app: &App, goto: &Goto, body: Rect, buffer: &mut Buffer) {
    let items = items(app);
    let title = title(goto);
    let layout = layout(&items, &title, body);
    popup::frame(app, layout.area, title, buffer);
    for (item, slot) in items.iter().zip(&layout.slots) {
        let key = pad(&item.key, slot.key_width);
        let room = usize::from(slot.area.width).saturating_sub(key.width() + 2);
        let style = app.ui.theme.accent().add_modifier(Modifier::BOLD);
        let line = Line::from(vec![
            Span::styled(key, style),
            Span::raw("  "),
            Span::raw(truncate(item.name, room)),
        ]);
        draw_line(&line, slot.area, buffer);
    }
}
