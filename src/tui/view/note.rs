//! The editor of a note.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use crate::model::text::{cut, shown, wrap};

use super::super::app::{App, NoteEditor};
use super::popup;

pub(super) fn draw(app: &App, editor: &NoteEditor, body: Rect, buffer: &mut Buffer) {
    let area = popup::centred(body, 80, (body.height * 2 / 3).clamp(8, 20));
    let title = format!("Note on {} · {}", editor.label, shown(&editor.title));
    popup::frame(app, area, &title, buffer);
    let inside = popup::margin(area);
    let told = told(editor, usize::from(inside.width));
    let below = u16::try_from(told.len()).unwrap_or(0).min(inside.height / 2);
    let text = Rect { height: inside.height - below, ..inside };
    (&editor.area).render(text, buffer);
    for (line, row) in told.iter().zip(inside.rows().skip(usize::from(text.height))) {
        let line = Span::styled(line.as_str(), app.theme.strong());
        buffer.set_span(row.x, row.y, &line, row.width);
    }
}

/// What is asked or was refused.
fn told(editor: &NoteEditor, width: usize) -> Vec<String> {
    if editor.asking {
        return vec![
            cut("Drop what was written?  y drop it · n go on writing", width).into_owned(),
        ];
    }
    editor.refused.as_ref().map_or_else(Vec::new, |why| wrap(&format!("! {}", shown(why)), width))
}
