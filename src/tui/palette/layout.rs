//! Sizes of the command palette.

use ratatui::layout::Rect;

use crate::tui::widgets::popup;

pub(in crate::tui) fn box_area(body: Rect) -> Rect {
    popup::centred(body, BOX_WIDTH, MAX_ROWS + CHROME_ROWS)
}

/// Returns the number of choices that fit.
pub(in crate::tui) fn rows(body: Rect) -> usize {
    usize::from(box_area(body).height.saturating_sub(CHROME_ROWS))
}

/// The width of the box, in columns.
pub(in crate::tui) const BOX_WIDTH: u16 = 88;

/// Rows of the box besides the choices: border, typed line, preview. The box has a constant height,
/// so that lines don't move while one types.
pub(in crate::tui) const CHROME_ROWS: u16 = 4;

/// The maximum number of rows for choices.
pub(in crate::tui) const MAX_ROWS: u16 = 18;
