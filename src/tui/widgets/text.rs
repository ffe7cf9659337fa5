//! Text that can be drawn: spans and lines of harmless text, and the functions that draw them.
//!
//! The underlying types and functions of ratatui accept any string. `.clippy.toml` refuses them
//! everywhere else in the source, so that text from outside can't reach the terminal without being
//! sanitized: everything here is made from [`SafeText`], which sanitizes.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::text::SafeText;

/// Text in one style.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Span<'a> {
    pub content: SafeText<'a>,
    pub style: Style,
}

impl<'a> Span<'a> {
    /// Creates a span in the style of its line.
    #[must_use]
    pub fn raw(content: impl Into<SafeText<'a>>) -> Self {
        Self::styled(content, Style::new())
    }

    /// Creates a span in a style of its own.
    #[must_use]
    pub fn styled(content: impl Into<SafeText<'a>>, style: Style) -> Self {
        Self { content: content.into(), style }
    }

    /// Returns the width in terminal cells.
    #[must_use]
    pub fn width(&self) -> usize {
        self.content.width()
    }
}

impl<'a, T: Into<SafeText<'a>>> From<T> for Span<'a> {
    fn from(content: T) -> Self {
        Self::raw(content)
    }
}

/// Spans next to each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line<'a> {
    /// The spans, from left to right.
    pub spans: Vec<Span<'a>>,
    /// The style below those of the spans.
    pub style: Style,
}

impl<'a> Line<'a> {
    /// Appends a span at the right end.
    pub fn push_span(&mut self, span: impl Into<Span<'a>>) {
        self.spans.push(span.into());
    }

    /// Returns the line in a style, which replaces that of the line but not those of its spans.
    #[must_use]
    pub fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// Returns the line with a style that is added to its own.
    #[must_use]
    pub fn patch_style(self, style: Style) -> Self {
        Self { style: self.style.patch(style), ..self }
    }

    /// Returns the width in terminal cells.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

impl<'a> From<Vec<Span<'a>>> for Line<'a> {
    fn from(spans: Vec<Span<'a>>) -> Self {
        Self { spans, style: Style::new() }
    }
}

impl<'a> From<Span<'a>> for Line<'a> {
    fn from(span: Span<'a>) -> Self {
        vec![span].into()
    }
}

impl<'a, T: Into<SafeText<'a>>> From<T> for Line<'a> {
    fn from(content: T) -> Self {
        Span::raw(content).into()
    }
}

impl<'a> Extend<Span<'a>> for Line<'a> {
    fn extend<T: IntoIterator<Item = Span<'a>>>(&mut self, spans: T) {
        self.spans.extend(spans);
    }
}

/// Draws a line from the upper left corner of an area, truncated to its width. Returns the column
/// after it.
#[allow(clippy::disallowed_methods, reason = "the text is safe")]
pub fn draw_line(line: &Line<'_>, area: Rect, buffer: &mut Buffer) -> u16 {
    let (mut x, mut room) = (area.x, area.width);
    for span in &line.spans {
        if room == 0 {
            break;
        }
        let style = line.style.patch(span.style);
        let (end, _) =
            buffer.set_stringn(x, area.y, span.content.as_str(), usize::from(room), style);
        room = room.saturating_sub(end.saturating_sub(x));
        x = end;
    }
    x
}

/// Draws a text from the upper left corner of an area, truncated to its width.
#[allow(clippy::disallowed_methods, reason = "the text is safe")]
pub fn draw_text<'a>(text: impl Into<SafeText<'a>>, style: Style, area: Rect, buffer: &mut Buffer) {
    buffer.set_stringn(area.x, area.y, text.into().as_str(), usize::from(area.width), style);
}

/// Fills an area with a symbol, as far as it is on the screen.
pub fn fill(symbol: &'static str, style: Style, area: Rect, buffer: &mut Buffer) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            set_symbol(symbol, cell);
            cell.set_style(style);
        }
    }
}

/// Replaces the symbol of a cell.
#[allow(clippy::disallowed_methods, reason = "the symbol is from the source")]
pub fn set_symbol(symbol: &'static str, cell: &mut Cell) {
    cell.set_symbol(symbol);
}

/// Draws a border around the inside of an area.
#[allow(clippy::disallowed_methods, reason = "a border without a title has no text")]
pub fn draw_border(kind: BorderType, style: Style, area: Rect, buffer: &mut Buffer) {
    Block::bordered().border_type(kind).border_style(style).render(area, buffer);
}

/// Makes an area blank.
#[allow(clippy::disallowed_methods, reason = "it draws no text")]
pub fn clear(area: Rect, buffer: &mut Buffer) {
    Clear.render(area, buffer);
}

/// Draws a widget of a library, and sanitizes each cell where it may have drawn.
///
/// Every symbol takes as many cells as the widget took it to have: the safe one is shown in them,
/// as far as it fits. What it does not need is blank.
#[allow(clippy::disallowed_methods, reason = "what the widget has drawn is sanitized")]
pub fn render(widget: impl Widget, area: Rect, buffer: &mut Buffer) {
    widget.render(area, buffer);
    let drawn = area.intersection(buffer.area);
    for position in drawn.positions() {
        let Some(cell) = buffer.cell(position) else { continue };
        let safe = SafeText::from(cell.symbol());
        if safe == cell.symbol() {
            continue;
        }
        let safe = safe.into_owned();
        let mut room = cell.symbol().width().max(1);
        let mut x = position.x;
        for shown in safe.graphemes(true) {
            let (Some(cell), wide) = (buffer.cell_mut((x, position.y)), shown.width()) else {
                break;
            };
            if wide > room || wide == 0 || x >= drawn.right() {
                break;
            }
            cell.set_symbol(shown);
            room -= wide;
            x = x.saturating_add(u16::try_from(wide).unwrap_or(1));
        }
        for _ in 0..room {
            if let Some(cell) = buffer.cell_mut((x, position.y)).filter(|_| x < drawn.right()) {
                cell.set_symbol(" ");
            }
            x = x.saturating_add(1);
        }
    }
}
