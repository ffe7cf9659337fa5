//! Charts of the pages: columns by priority, lines of means, and the map of hours and weekdays.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use crate::model::Priority;
use crate::model::measures::pages::{Bucket, Pages};
use crate::model::text::width;
use crate::model::time::format_precise_duration;
use crate::tui::core::zone::Clock;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{Line, Span, render};

/// The width of the figures of the vertical axis.
const AXIS: usize = 6;
/// Partly filled cells, from one eighth to eight.
const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// What charts are drawn with.
#[derive(Clone, Copy)]
pub(in crate::tui) struct ChartStyle {
    /// The colours and symbols.
    pub(in crate::tui) theme: Theme,
    /// The zone of the axes.
    pub(in crate::tui) clock: Clock,
    /// The width, in columns.
    pub(in crate::tui) width: usize,
    /// The height of the chart itself, without heading and axis.
    pub(in crate::tui) height: usize,
}

impl ChartStyle {
    /// Returns the number of incidents in each bucket as columns, stacked by priority.
    pub(in crate::tui) fn volume(self, pages: &Pages) -> Vec<Line<'static>> {
        let (buckets, merged) = self.merge(&pages.buckets);
        let most = buckets.iter().map(|counts| counts.iter().sum::<u64>()).max().unwrap_or(0);
        let room = self.width.saturating_sub(AXIS).max(1);
        let wide = (room / buckets.len().max(1)).clamp(1, 6);
        let gap = usize::from(wide > 1);
        let mut lines = vec![self.volume_heading(pages, &buckets, merged, most)];
        for level in (0..self.height).rev() {
            let mut line = Line::from(Span::styled(self.tick(level, most), self.theme.dim()));
            for counts in &buckets {
                let (symbol, style) = self.stacked_cell(counts, level, most);
                line.push_span(Span::styled(symbol.repeat(wide - gap), style));
                line.push_span(Span::raw(" ".repeat(gap)));
            }
            lines.push(line);
        }
        lines.push(self.dates(pages, wide * buckets.len()));
        lines
    }

    fn volume_heading(
        self,
        pages: &Pages,
        buckets: &[[u64; 4]],
        merged: usize,
        most: u64,
    ) -> Line<'static> {
        let unit = Self::unit(pages, merged);
        let mut line = Line::from(Span::styled(format!("incidents by {unit}"), self.theme.dim()));
        let peak = buckets.iter().position(|counts| counts.iter().sum::<u64>() == most);
        if let Some(start) = peak.and_then(|index| pages.window.edges.get(index * merged))
            && most > 0
        {
            let at = self.clock.local_time(*start).format(Self::date_form(pages));
            line.push_span(Span::styled(format!(" · peak {most} on {at}"), self.theme.dim()));
        }
        for priority in Priority::ALL {
            let style = self.theme.priority(priority);
            line.push_span(Span::styled(format!("  ■ {priority}"), style));
        }
        line
    }

    /// Returns the symbol of a cell of a column: of the priority that fills most of it.
    fn stacked_cell(self, counts: &[u64; 4], level: usize, most: u64) -> (&'static str, Style) {
        let full = (self.height * 8) as u64;
        let all: u64 = counts.iter().sum();
        let eighths =
            |count: u64| usize::try_from((count * full).div_ceil(most.max(1))).unwrap_or(0);
        let filled = eighths(all).saturating_sub(level * 8).min(8);
        if filled == 0 {
            return (if level == 0 { "·" } else { " " }, self.theme.border());
        }
        // The most urgent ones stand at the bottom.
        let middle = level * 8 + filled.div_ceil(2);
        let mut sum = 0;
        let mut shown = Priority::P4;
        for priority in Priority::ALL {
            sum += counts[priority.index()];
            if eighths(sum) >= middle {
                shown = priority;
                break;
            }
        }
        (EIGHTHS[filled - 1], self.theme.priority(shown))
    }

    /// Returns the figure of the axis at a level: at the top and at the bottom.
    fn tick(self, level: usize, most: u64) -> String {
        let text = match level {
            0 => "0".to_owned(),
            level if level + 1 == self.height => most.to_string(),
            level if level * 2 == self.height && most >= 4 => (most / 2).to_string(),
            _ => String::new(),
        };
        format!("{text:>4}  ")
    }

    /// Merges buckets so that their columns fit; returns how many are merged into one.
    fn merge(self, buckets: &[Bucket]) -> (Vec<[u64; 4]>, usize) {
        let room = self.width.saturating_sub(AXIS).max(1);
        let merged = buckets.len().div_ceil(room).max(1);
        let sum = |chunk: &[Bucket]| {
            let mut counts = [0; 4];
            for bucket in chunk {
                for (count, more) in counts.iter_mut().zip(bucket.volume) {
                    *count += more;
                }
            }
            counts
        };
        (buckets.chunks(merged).map(sum).collect(), merged)
    }

    fn is_hourly(pages: &Pages) -> bool {
        pages.window.to - pages.window.from <= TimeDelta::days(2)
    }

    fn unit(pages: &Pages, merged: usize) -> String {
        let name = if Self::is_hourly(pages) { "hour" } else { "day" };
        if merged > 1 { format!("{merged} {name}s") } else { name.to_owned() }
    }

    fn date_form(pages: &Pages) -> &'static str {
        if Self::is_hourly(pages) { "%H:%M" } else { "%a %m-%d" }
    }

    /// Returns the axis with the dates of the first and the last bucket, and one in the middle.
    fn dates(self, pages: &Pages, wide: usize) -> Line<'static> {
        let edges = &pages.window.edges;
        let show = |index: usize| {
            edges.get(index).map_or_else(String::new, |edge| {
                self.clock.local_time(*edge).format(Self::date_form(pages)).to_string()
            })
        };
        let (first, last) = (show(0), show(edges.len().saturating_sub(1)));
        let middle = show(edges.len() / 2);
        let used = first.len() + middle.len() + last.len();
        let zone = self.clock.name();
        // The last date gives way, so that the zone behind it is not cut.
        let wide = wide.min(self.width.saturating_sub(AXIS + 2 + width(&zone)));
        let text = if edges.len() >= 3 && used + 8 <= wide {
            let half = (wide / 2).saturating_sub(first.len() + middle.len() / 2).max(1);
            let rest = wide.saturating_sub(first.len() + half + middle.len() + last.len()).max(1);
            format!("{first}{}{middle}{}{last}", " ".repeat(half), " ".repeat(rest))
        } else {
            let between = wide.saturating_sub(first.len() + last.len()).max(3);
            format!("{first}{}{last}", " ".repeat(between))
        };
        let text = format!("{}{text}  {zone}", " ".repeat(AXIS));
        Line::from(Span::styled(crate::model::text::truncate(text, self.width), self.theme.dim()))
    }

    /// Returns the mean times to acknowledge and to resolve in each bucket as lines.
    pub(in crate::tui) fn times(self, pages: &Pages) -> Vec<Line<'static>> {
        let series: [fn(&Bucket) -> Option<i64>; 2] = [|b| b.mttr_ms, |b| b.mtta_ms];
        let points = series.map(|mean| points(&pages.buckets, mean));
        let most = points.iter().flatten().map(|(_, y)| *y).fold(0.0, f64::max);
        let styles = [self.theme.accent(), self.theme.good()];
        let mut heading = Line::from(Span::styled("means by ", self.theme.dim()));
        heading.push_span(Span::styled(Self::unit(pages, 1), self.theme.dim()));
        let longest =
            |mean: fn(&Bucket) -> Option<i64>| pages.buckets.iter().filter_map(mean).max();
        // Columns show the times to resolve alone.
        let shown = if self.theme.has_all_symbols() { 2 } else { 1 };
        let named = ["MTTR", "MTTA"].into_iter().zip(styles).zip(series);
        for ((name, style), mean) in named.take(shown) {
            heading.push_span(Span::styled(format!("  ■ {name}"), style));
            if let Some(peak) = longest(mean) {
                let peak = format_precise_duration(TimeDelta::milliseconds(peak));
                heading.push_span(Span::styled(format!(" peak {peak}"), self.theme.dim()));
            }
        }
        let mut lines = vec![heading];
        let wide = self.width.saturating_sub(AXIS + 2).max(1);
        if self.theme.has_all_symbols() {
            lines.extend(self.line_chart(&points, styles, most, wide));
        } else {
            lines.extend(self.mean_columns(pages, wide));
        }
        lines.push(self.dates(pages, wide));
        lines
    }

    /// Draws lines in braille, with the greatest figure at the axis.
    fn line_chart(
        self,
        points: &[Vec<(f64, f64)>; 2],
        styles: [Style; 2],
        most: f64,
        wide: usize,
    ) -> Vec<Line<'static>> {
        let size = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        let area = Rect::new(0, 0, size(wide.min(400)), size(self.height));
        let mut buffer = Buffer::empty(area);
        let last = points.iter().flatten().map(|(x, _)| *x).fold(1.0, f64::max);
        let datasets = points.iter().zip(styles).map(|(points, style)| {
            let dataset = Dataset::default().marker(Marker::Braille).style(style).data(points);
            dataset.graph_type(if points.len() > 1 { GraphType::Line } else { GraphType::Scatter })
        });
        let chart = Chart::new(datasets.collect())
            .x_axis(Axis::default().bounds([0.0, last]))
            .y_axis(Axis::default().bounds([0.0, most.max(1.0)]));
        render(chart, area, &mut buffer);
        let rows = usize::from(area.height);
        let top = longest_label(most);
        (0..rows)
            .map(|row| {
                let label = match row {
                    0 => top.as_str(),
                    row if row + 1 == rows => "0",
                    _ => "",
                };
                let mut line = Line::from(Span::styled(format!("{label:>6}  "), self.theme.dim()));
                line.extend(buffer_spans(&buffer, area, row));
                line
            })
            .collect()
    }

    /// Draws the mean times to resolve as columns, where a terminal has no braille.
    fn mean_columns(self, pages: &Pages, wide: usize) -> Vec<Line<'static>> {
        let merged = pages.buckets.len().div_ceil(wide).max(1);
        let means: Vec<i64> = pages
            .buckets
            .chunks(merged)
            .map(|chunk| chunk.iter().filter_map(|bucket| bucket.mttr_ms).max().unwrap_or(0))
            .collect();
        let most = means.iter().copied().max().unwrap_or(0).max(1);
        let cells = (wide / means.len().max(1)).clamp(1, 6);
        let full = i64::try_from(self.height * 8).unwrap_or(8);
        let mut lines = Vec::new();
        for level in (0..self.height).rev() {
            let label = if level + 1 == self.height {
                format_precise_duration(TimeDelta::milliseconds(most))
            } else {
                String::new()
            };
            let mut line = Line::from(Span::styled(format!("{label:>6}  "), self.theme.dim()));
            for mean in &means {
                let share = i128::from(*mean) * i128::from(full) / i128::from(most);
                let eighths = usize::try_from(share).unwrap_or(0).saturating_sub(level * 8).min(8);
                let symbol = if eighths == 0 { " " } else { EIGHTHS[eighths - 1] };
                let gap = usize::from(cells > 1);
                line.push_span(Span::styled(symbol.repeat(cells - gap), self.theme.accent()));
                line.push_span(Span::raw(" ".repeat(gap)));
            }
            lines.push(line);
        }
        lines
    }

    /// Returns the number of incidents by hour and day of the week.
    pub(in crate::tui) fn heat(self, pages: &Pages) -> Vec<Line<'static>> {
        let most = pages.heat.iter().flatten().copied().max().unwrap_or(0);
        let cell = if self.width >= 4 + 24 * 2 { 2 } else { 1 };
        let mut lines = vec![self.heat_heading(pages, most)];
        for (name, hours) in WEEKDAYS.iter().zip(&pages.heat) {
            let mut line = Line::from(Span::styled(format!("{name}  "), self.theme.dim()));
            for count in hours {
                let (symbol, style) = match (*count, (*count * 4).div_ceil(most.max(1))) {
                    (0, _) => ("·", self.theme.border()),
                    (_, 1) => ("▂", self.theme.dim()),
                    (_, 2) => ("▄", self.theme.text()),
                    (_, 3) => ("▆", self.theme.accent()),
                    _ => ("█", self.theme.warning()),
                };
                line.push_span(Span::styled(symbol.repeat(cell), style));
            }
            lines.push(line);
        }
        let wide = 6 * cell;
        let hours = ["00", "06", "12", "18"].map(|hour| format!("{hour:<wide$}")).concat();
        lines.push(Line::from(Span::styled(format!("    {hours}"), self.theme.dim())));
        lines
    }

    fn heat_heading(self, pages: &Pages, most: u64) -> Line<'static> {
        let mut line = Line::from(Span::styled("when they come", self.theme.strong()));
        let peak =
            pages.heat.iter().enumerate().find_map(|(day, hours)| {
                Some((day, hours.iter().position(|count| *count == most)?))
            });
        if let Some((day, hour)) = peak.filter(|_| most > 0) {
            let name = WEEKDAYS.get(day).copied().unwrap_or_default();
            let text = format!("  most on {name} {hour:02}:00, {most}");
            line.push_span(Span::styled(text, self.theme.dim()));
        }
        line
    }
}

/// Returns the points of a line: the middle of each bucket that has a mean.
fn points(buckets: &[Bucket], mean: fn(&Bucket) -> Option<i64>) -> Vec<(f64, f64)> {
    let points = buckets.iter().enumerate().filter_map(|(index, bucket)| {
        // Windows have a few hundred buckets, and a chart shows no more than three digits.
        let seconds = i32::try_from(mean(bucket)? / 1000).unwrap_or(i32::MAX);
        Some((f64::from(u32::try_from(index).ok()?), f64::from(seconds)))
    });
    points.collect()
}

/// Formats a number of seconds at the top of an axis.
fn longest_label(seconds: f64) -> String {
    TimeDelta::from_std(std::time::Duration::from_secs_f64(seconds.max(0.0)))
        .map_or_else(|_| String::new(), format_precise_duration)
}

/// Returns a row of a buffer as spans, one for each style.
fn buffer_spans(buffer: &Buffer, area: Rect, row: usize) -> Vec<Span<'static>> {
    let mut spans: Vec<(String, Style)> = Vec::new();
    let y = area.y + u16::try_from(row).unwrap_or(0);
    for x in area.x..area.right() {
        let Some(cell) = buffer.cell((x, y)) else { continue };
        let style = Style::new().fg(cell.fg).bg(cell.bg).add_modifier(cell.modifier);
        match spans.last_mut() {
            Some((text, last)) if *last == style => text.push_str(cell.symbol()),
            _ => spans.push((cell.symbol().to_owned(), style)),
        }
    }
    spans.into_iter().map(|(text, style)| Span::styled(text, style)).collect()
}
