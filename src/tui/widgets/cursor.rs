//! The cursor: the terminal's own cursor is at the position of typing, where input methods and
//! screen readers follow it, and where it takes no bytes to advance.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Modifier;

/// Marks the cell of the cursor while a frame is drawn. No style of the panes has this modifier.
pub const CURSOR: Modifier = Modifier::RAPID_BLINK;

/// Finds the marked cell, and removes the mark. Returns the last one: it was drawn over the others.
pub(in crate::tui) fn remove_mark(buffer: &mut Buffer) -> Option<Position> {
    let mut found = None;
    for (index, cell) in buffer.content.iter_mut().enumerate() {
        if cell.modifier.contains(CURSOR) {
            cell.modifier.remove(CURSOR);
            found = Some(index);
        }
    }
    found.map(|index| Position::from(buffer.pos_of(index)))
}
