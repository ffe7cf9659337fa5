//! Columns of counts, stacked by kind.

use ratatui::style::Style;

use super::scale::Scale;
use super::{AxisMarks, ChartStyle, EIGHTHS};
use crate::model::measures::Window;
use crate::tui::widgets::text::{Line, Span};

/// The greatest width of a column.
const MAX_COLUMN: usize = 6;

/// One of the parts of which columns consist.
pub(super) struct Series {
    /// The kind.
    pub(super) name: &'static str,
    /// The letter that fills it. It is visible only without colours: otherwise it has the colour of
    /// its background.
    pub(super) mark: &'static str,
    /// Its colour.
    pub(super) style: Style,
    /// A count for each bucket.
    pub(super) counts: Vec<u64>,
}

/// A column: how many eighths of a line its parts reach, from the bottom.
struct Stack {
    tops: Vec<usize>,
}

impl ChartStyle {
    /// Returns the counts of each bucket as columns, the first series at the bottom; nothing if all counts
    /// are 0.
    pub(super) fn columns(
        self,
        window: &Window,
        what: &str,
        series: &[Series],
    ) -> Vec<Line<'static>> {
        let buckets = window.edges.len();
        // Figures of the axis seldom need more than eight columns.
        let merged = buckets.div_ceil(self.width.saturating_sub(8).max(1)).max(1);
        let sums: Vec<Vec<u64>> = (0..buckets.div_ceil(merged))
            .map(|column| {
                let from = column * merged;
                let sum = |one: &Series| one.counts.iter().skip(from).take(merged).sum();
                series.iter().map(sum).collect()
            })
            .collect();
        let total = |counts: &Vec<u64>| counts.iter().sum::<u64>();
        let most = sums.iter().map(total).max().unwrap_or(0);
        if most == 0 {
            return Vec::new();
        }
        let scale = Scale::of_counts(most, self.height);
        let room = self.width.saturating_sub(scale.width).max(1);
        let wide = (room / sums.len().max(1)).clamp(1, MAX_COLUMN);
        let peak = sums.iter().position(|counts| total(counts) == most).unwrap_or(0);
        let mut lines = vec![self.heading(window, what, series, (merged, most, peak * merged))];
        let stacks: Vec<Stack> = sums.iter().map(|counts| self.stack(counts, most)).collect();
        for level in (0..self.height).rev() {
            let mut line = Line::from(Span::styled(scale.label(level), self.theme.dim()));
            for stack in &stacks {
                self.push_cell(&mut line, stack, series, (level, wide, scale.has_mark(level)));
            }
            lines.push(line);
        }
        let axis_marks = AxisMarks { x_of: &|mark| mark * wide, bucket_of: &|mark| mark * merged };
        lines.push(self.dates(window, scale.width, sums.len(), &axis_marks));
        lines
    }

    /// Returns the heading: the unit of the columns, the greatest one with its date, and the parts.
    fn heading(
        self,
        window: &Window,
        what: &str,
        series: &[Series],
        (merged, most, peak): (usize, u64, usize),
    ) -> Line<'static> {
        let unit = Self::unit(window, merged);
        let start = window.edges.get(peak);
        let peak = start.map(|start| format!(" · peak {most} on {}", self.date(window, *start)));
        let make = |has_peak: bool, has_sums: bool| {
            let peak = peak.as_deref().filter(|_| has_peak).unwrap_or_default();
            let text = format!("{what} by {unit}{peak}");
            let mut line = Line::from(Span::styled(text, self.theme.dim()));
            for one in series {
                line.push_span(Span::raw("  "));
                line.push_span(Span::styled(one.mark, solid(one.style)));
                line.push_span(Span::styled(format!(" {}", one.name), one.style));
                if has_sums {
                    let sum: u64 = one.counts.iter().sum();
                    line.push_span(Span::styled(format!(" {sum}"), self.theme.text()));
                }
            }
            line
        };
        // The tables have the sums, too.
        let lines = [(true, true), (true, false)].map(|(peak, sums)| make(peak, sums));
        let fitting = lines.into_iter().find(|line| line.width() <= self.width);
        fitting.unwrap_or_else(|| make(false, false))
    }

    fn stack(self, counts: &[u64], most: u64) -> Stack {
        let full = (self.height * 8) as u64;
        let mut sum = 0;
        let tops = counts.iter().map(|count| {
            sum += count;
            // Every non-zero count is visible.
            let eighths = u128::from(sum) * u128::from(full);
            usize::try_from(eighths.div_ceil(u128::from(most.max(1)))).unwrap_or(0)
        });
        Stack { tops: tops.collect() }
    }

    /// Appends the cells of a column at a level.
    fn push_cell(
        self,
        line: &mut Line<'static>,
        stack: &Stack,
        series: &[Series],
        (level, wide, is_marked): (usize, usize, bool),
    ) {
        let gap = usize::from(wide > 1);
        let bottom = level * 8;
        let filled = stack.tops.last().copied().unwrap_or(0).saturating_sub(bottom).min(8);
        let grid = if is_marked { "·" } else { " " };
        let blank = Span::styled(grid.repeat(gap), self.theme.border());
        if filled == 0 {
            let empty = if level == 0 { "·" } else { grid };
            line.push_span(Span::styled(empty.repeat(wide - gap), self.theme.border()));
            line.push_span(blank);
            return;
        }
        // Index of the part that an eighth of a line belongs to.
        let part_at = |eighth: usize| {
            let part = stack.tops.iter().position(|top| eighth < *top);
            part.unwrap_or(series.len().saturating_sub(1))
        };
        let style_of = |part: usize| series.get(part).map_or_else(Style::new, |one| one.style);
        let letter = |part: usize| {
            let mark = series.get(part).map_or("#", |one| one.mark);
            (mark, solid(style_of(part)))
        };
        let (lower, upper) = (part_at(bottom), part_at(bottom + filled - 1));
        let middle = part_at(bottom + (filled - 1) / 2);
        let (symbol, style) = if filled < 8 {
            (EIGHTHS[filled - 1], style_of(middle))
        } else if lower != upper && self.theme.has_all_symbols() {
            // Both parts share the cell: the lower one is drawn on the upper one.
            let share = stack.tops.get(lower).map_or(4, |edge| (edge - bottom).clamp(1, 7));
            let style = style_of(lower);
            let shared = style_of(upper).fg.map_or(style, |ground| style.bg(ground));
            (EIGHTHS[share - 1], shared)
        } else {
            letter(middle)
        };
        line.push_span(Span::styled(symbol.repeat(wide - gap), style));
        line.push_span(blank);
    }
}

/// Returns the style of a cell that is filled with the colour of a text; that of the text without one.
fn solid(style: Style) -> Style {
    style.fg.map_or(style, |color| Style::new().fg(color).bg(color))
}
