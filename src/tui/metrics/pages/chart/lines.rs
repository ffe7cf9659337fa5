//! Lines over the time of the window.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use super::scale::Scale;
use super::{ChartStyle, EIGHTHS};
use crate::model::text::{truncate, width};
use crate::model::time::format_precise_duration;
use crate::tui::widgets::text::{Line, Span, render};

/// The most curves of a chart.
pub(super) const MAX_CURVES: usize = 4;
/// The shortest form of a name in the heading of a chart, in columns.
const SHORTEST_NAME: usize = 4;

/// The symbol of a curve, as it is drawn and as the heading shows it.
struct Mark {
    marker: Marker,
    symbol: &'static str,
}

/// The marks of curves, each different from the others: as many as a chart has curves at most.
const MARKS: [Mark; MAX_CURVES] = [
    Mark { marker: Marker::Braille, symbol: "⠒⠒" },
    Mark { marker: Marker::Dot, symbol: "••" },
    Mark { marker: Marker::Custom('×'), symbol: "××" },
    Mark { marker: Marker::Custom('+'), symbol: "++" },
];

/// The same for terminals without all symbols.
const PLAIN_MARKS: [Mark; MAX_CURVES] = [
    Mark { marker: Marker::Custom('*'), symbol: "**" },
    Mark { marker: Marker::Custom('o'), symbol: "oo" },
    Mark { marker: Marker::Custom('x'), symbol: "xx" },
    Mark { marker: Marker::Custom('+'), symbol: "++" },
];

/// A line: a value for some of the points of the horizontal axis.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) style: Style,
    pub(super) values: Vec<Option<u64>>,
    /// A remark after its name.
    pub(super) remark: String,
}

impl ChartStyle {
    /// Returns curves between 0 and `most`, without heading and dates. Each has a mark of its own, so
    /// that they differ without colours. Without braille characters, a single curve is drawn as
    /// columns.
    pub(super) fn curves(self, curves: &[Curve], most: u64, scale: &Scale) -> Vec<Line<'static>> {
        let wide = self.width.saturating_sub(scale.width).clamp(1, 400);
        if !self.theme.has_all_symbols()
            && let [curve] = curves
        {
            return self.curve_columns(curve, most, scale, wide);
        }
        let size = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        let area = Rect::new(0, 0, size(wide), size(self.height));
        let mut buffer = Buffer::empty(area);
        let points: Vec<Vec<(f64, f64)>> = curves.iter().map(points).collect();
        let length = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
        let marks = self.marks().iter().cycle();
        let datasets = points.iter().zip(curves).zip(marks).map(|((points, curve), mark)| {
            let dataset = Dataset::default().marker(mark.marker).style(curve.style);
            let kind = if points.len() > 1 { GraphType::Line } else { GraphType::Scatter };
            dataset.data(points).graph_type(kind)
        });
        let chart = Chart::new(datasets.collect())
            .x_axis(Axis::default().bounds([0.0, number(length.saturating_sub(1).max(1) as u64)]))
            .y_axis(Axis::default().bounds([0.0, number(most.max(1))]));
        render(chart, area, &mut buffer);
        let rows = usize::from(area.height);
        let line = |row: usize| {
            let level = rows - 1 - row;
            let mut line = Line::from(Span::styled(scale.label(level), self.theme.dim()));
            let grid = scale.has_mark(level).then(|| self.theme.border());
            line.extend(buffer_spans(&buffer, area, row, grid));
            line
        };
        (0..rows).map(line).collect()
    }

    /// Returns the heading of curves: their subject, and their names.
    pub(super) fn curves_heading(self, what: &str, curves: &[Curve]) -> Line<'static> {
        let columns = [Mark { marker: Marker::Block, symbol: "■" }];
        let has_columns = !self.theme.has_all_symbols() && curves.len() == 1;
        let marks = if has_columns { &columns[..] } else { self.marks() };
        let make = |has_remarks: bool, longest: usize| {
            let mut heading = Line::from(Span::styled(what.to_owned(), self.theme.dim()));
            for (curve, mark) in curves.iter().zip(marks.iter().cycle()) {
                let name = truncate(curve.name.as_str(), longest);
                let text = format!("  {} {name}", mark.symbol);
                heading.push_span(Span::styled(text, curve.style));
                if has_remarks && !curve.remark.is_empty() {
                    let remark = format!(" {}", curve.remark);
                    heading.push_span(Span::styled(remark, self.theme.dim()));
                }
            }
            heading
        };
        let longest = curves.iter().map(|curve| width(curve.name.as_str())).max().unwrap_or(0);
        let full = make(true, longest);
        if full.width() <= self.width {
            return full;
        }
        // Long names are shortened first, so that each line has one.
        (SHORTEST_NAME..=longest)
            .rev()
            .map(|limit| make(false, limit))
            .find(|heading| heading.width() <= self.width)
            .unwrap_or_else(|| make(false, SHORTEST_NAME))
    }

    /// Returns the marks of which curves consist, in the order of the curves.
    fn marks(self) -> &'static [Mark] {
        if self.theme.has_all_symbols() { &MARKS } else { &PLAIN_MARKS }
    }

    fn curve_columns(
        self,
        curve: &Curve,
        most: u64,
        scale: &Scale,
        wide: usize,
    ) -> Vec<Line<'static>> {
        let merged = curve.values.len().div_ceil(wide).max(1);
        let values: Vec<u64> = curve
            .values
            .chunks(merged)
            .map(|chunk| chunk.iter().flatten().copied().max().unwrap_or(0))
            .collect();
        let cells = (wide / values.len().max(1)).clamp(1, 6);
        let full = (self.height * 8) as u128;
        let mut lines = Vec::new();
        for level in (0..self.height).rev() {
            let mut line = Line::from(Span::styled(scale.label(level), self.theme.dim()));
            for value in &values {
                let eighths = u128::from(*value) * full / u128::from(most.max(1));
                let filled = usize::try_from(eighths).unwrap_or(0).saturating_sub(level * 8).min(8);
                let symbol = if filled == 0 { " " } else { EIGHTHS[filled - 1] };
                let gap = usize::from(cells > 1);
                line.push_span(Span::styled(symbol.repeat(cells - gap), curve.style));
                line.push_span(Span::raw(" ".repeat(gap)));
            }
            lines.push(line);
        }
        lines
    }
}

/// Formats a number of seconds on an axis.
pub(super) fn seconds(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    format_precise_duration(TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX))
}

/// Returns a value in the type that charts need. Charts show no more than three digits.
fn number(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

fn points(curve: &Curve) -> Vec<(f64, f64)> {
    let values = curve.values.iter().enumerate();
    values.filter_map(|(x, value)| Some((number(x as u64), number((*value)?)))).collect()
}

/// Returns a row of a buffer as spans, one for each style. Blank cells are dotted in the style `grid`.
fn buffer_spans(
    buffer: &Buffer,
    area: Rect,
    row: usize,
    grid: Option<Style>,
) -> Vec<Span<'static>> {
    let mut spans: Vec<(String, Style)> = Vec::new();
    let y = area.y + u16::try_from(row).unwrap_or(0);
    for x in area.x..area.right() {
        let Some(cell) = buffer.cell((x, y)) else { continue };
        let (symbol, style) = match grid {
            Some(grid) if cell.symbol() == " " => ("·", grid),
            _ => {
                let style = Style::new().fg(cell.fg).bg(cell.bg).add_modifier(cell.modifier);
                (cell.symbol(), style)
            }
        };
        match spans.last_mut() {
            Some((text, last)) if *last == style => text.push_str(symbol),
            _ => spans.push((symbol.to_owned(), style)),
        }
    }
    spans.into_iter().map(|(text, style)| Span::styled(text, style)).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{Offset, Utc};
    use rstest::rstest;

    use super::*;
    use crate::tui::core::zone::{Clock, Zone};
    use crate::tui::theme::{Depth, Symbols, Theme};

    #[rstest]
    #[case(77, "⠒⠒ orders-db  •• auth  ×× payments-gateway  ++ mobile-api")]
    #[case(76, "⠒⠒ orders-db  •• auth  ×× payments-gatew…  ++ mobile-api")]
    #[case(56, "⠒⠒ ord…  •• auth  ×× pay…  ++ mob…")]
    fn each_curve_has_a_name_in_a_narrow_heading(#[case] width: usize, #[case] expected: &str) {
        let theme = Theme::new(Depth::Indexed, false);
        let clock = Clock::new(Zone::Utc, Utc.fix());
        let style = ChartStyle { theme, clock, width, height: 3 };
        let curves = ["orders-db", "auth", "payments-gateway", "mobile-api"].map(|name| Curve {
            name: name.into(),
            style: Style::new(),
            values: vec![Some(1)],
            remark: String::new(),
        });
        let heading = style.curves_heading("used of the budget", &curves);
        let text: String = heading.spans.iter().map(|span| span.content.to_string()).collect();
        assert_eq!(text, format!("used of the budget  {expected}"));
    }

    /// Without colours the curves differ by what they consist of.
    #[rstest]
    #[case(Symbols::All, ["⠒⠒", "••", "××", "++"])]
    #[case(Symbols::Ascii, ["**", "oo", "xx", "++"])]
    fn each_curve_has_a_mark_of_its_own(#[case] symbols: Symbols, #[case] marks: [&str; 4]) {
        let theme = Theme::new(Depth::None, false).with_symbols(symbols);
        let clock = Clock::new(Zone::Utc, Utc.fix());
        let style = ChartStyle { theme, clock, width: 60, height: 9 };
        let curves: Vec<Curve> = (1..=4_u64)
            .map(|number| Curve {
                name: format!("curve {number}"),
                style: Style::new(),
                values: vec![Some(number * 20); 3],
                remark: String::new(),
            })
            .collect();
        let shown = |line: &Line<'_>| -> String {
            line.spans.iter().map(|span| span.content.as_str()).collect()
        };
        let heading = shown(&style.curves_heading("used", &curves));
        let lines = style.curves(&curves, 100, &Scale::of_percent(100, 9));
        let drawn: String = lines.iter().map(shown).collect();
        for (curve, mark) in curves.iter().zip(marks) {
            assert!(heading.contains(&format!("{mark} {}", curve.name)), "{heading}");
            let is_drawn = match mark {
                "⠒⠒" => drawn.contains(|ch: char| ('\u{2801}'..='\u{28ff}').contains(&ch)),
                mark => drawn.contains(mark),
            };
            assert!(is_drawn, "{mark} in {drawn}");
        }
    }
}
