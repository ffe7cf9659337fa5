//! The number of hidden lines above and below the visible ones.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::text::width;

use crate::tui::core::app::App;
use crate::tui::widgets::text::draw_text;

/// Shows on the lower border of an area how many lines are hidden above and below; nothing if none
/// are, or the border has no room for it.
pub(in crate::tui) fn draw(app: &App, area: Rect, hidden: (usize, usize), buffer: &mut Buffer) {
    let Some(text) = text(hidden) else { return };
    let wide = u16::try_from(width(&text)).unwrap_or(u16::MAX);
    if wide.saturating_add(4) > area.width || area.height == 0 {
        return;
    }
    let x = area.right() - wide - 2;
    let border = Rect { x, y: area.bottom() - 1, width: wide, height: 1 };
    draw_text(text, app.ui.theme.dim(), border, buffer);
}

fn text(hidden: (usize, usize)) -> Option<String> {
    match hidden {
        (0, 0) => None,
        (0, below) => Some(format!(" ↓ {below} ")),
        (above, 0) => Some(format!(" ↑ {above} ")),
        (above, below) => Some(format!(" ↑ {above}  ↓ {below} ")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case((0, 0), None)]
    #[case((0, 29), Some(" ↓ 29 "))]
    #[case((3, 0), Some(" ↑ 3 "))]
    #[case((3, 29), Some(" ↑ 3  ↓ 29 "))]
    fn only_directions_with_hidden_lines_are_named(
        #[case] hidden: (usize, usize),
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(text(hidden).as_deref(), expected);
    }
}
