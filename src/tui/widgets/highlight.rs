//! Texts with some of their graphemes highlighted.

use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::SafeText;

use crate::tui::core::app::App;
use crate::tui::widgets::text::{Line, Span};

/// Appends a text with some of its graphemes highlighted.
pub(in crate::tui) fn push_marked(
    app: &App,
    text: SafeText<'_>,
    marks: &[usize],
    plain: Style,
    line: &mut Line<'static>,
) {
    if marks.is_empty() {
        line.push_span(Span::styled(text.into_owned(), plain));
        return;
    }
    let mut run = String::new();
    let mut on = false;
    for (index, grapheme) in text.graphemes(true).enumerate() {
        let is_marked = marks.binary_search(&index).is_ok();
        if is_marked != on && !run.is_empty() {
            let style = if on { app.ui.theme.matched() } else { plain };
            line.push_span(Span::styled(std::mem::take(&mut run), style));
        }
        on = is_marked;
        run.push_str(grapheme);
    }
    let style = if on { app.ui.theme.matched() } else { plain };
    line.push_span(Span::styled(run, style));
}
