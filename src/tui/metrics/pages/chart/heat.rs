//! The map of hours and weekdays.

use super::{ChartStyle, WEEKDAYS};
use crate::model::measures::pages::Pages;
use crate::tui::widgets::text::{Line, Span};

/// The shades of the map, from few to most.
const SHADES: [&str; 4] = ["░", "▒", "▓", "█"];
const HOURS: usize = 24;
/// The width of the names of the days.
const NAMES: usize = 4;
/// The width of the sums behind the days.
const SUMS: usize = 6;

impl ChartStyle {
    /// Returns the number of incidents by hour and day of the week, with the sum of each day, and with the
    /// day and hour that are selected.
    pub(in crate::tui) fn heat(
        self,
        pages: &Pages,
        selected: Option<(usize, usize)>,
    ) -> Vec<Line<'static>> {
        let most = pages.heat.iter().flatten().copied().max().unwrap_or(0);
        let room = self.width.saturating_sub(NAMES + SUMS);
        let cell = (room / HOURS).clamp(1, 3);
        let mut lines = vec![match selected {
            Some(selected) => self.selection_heading(pages, selected),
            None => self.heat_heading(pages, most),
        }];
        for (day, (name, hours)) in WEEKDAYS.iter().zip(&pages.heat).enumerate() {
            let mut line = Line::from(Span::styled(format!("{name}  "), self.theme.dim()));
            for (hour, count) in hours.iter().enumerate() {
                let (symbol, style) = match (*count, (*count * 4).div_ceil(most.max(1))) {
                    (0, _) => ("·", self.theme.border()),
                    (count, _) if count == most => (SHADES[3], self.theme.warning()),
                    (_, 1) => (SHADES[0], self.theme.accent()),
                    (_, 2) => (SHADES[1], self.theme.accent()),
                    (_, 3) => (SHADES[2], self.theme.accent()),
                    _ => (SHADES[3], self.theme.accent()),
                };
                let style = match selected {
                    Some(selected) if selected == (day, hour) => self.theme.selection(true),
                    _ => style,
                };
                line.push_span(Span::styled(symbol.repeat(cell), style));
            }
            let sum: u64 = hours.iter().sum();
            if self.width >= NAMES + HOURS * cell + SUMS {
                line.push_span(Span::styled(format!("{sum:>SUMS$}"), self.theme.text()));
            }
            lines.push(line);
        }
        let wide = 6 * cell;
        let hours = ["00", "06", "12", "18"].map(|hour| format!("{hour:<wide$}")).concat();
        let hours = format!("{}{}", " ".repeat(NAMES), hours.trim_end());
        lines.push(Line::from(Span::styled(hours, self.theme.dim())));
        lines
    }

    /// Returns the heading with the figure of the hour that is selected.
    fn selection_heading(self, pages: &Pages, (day, hour): (usize, usize)) -> Line<'static> {
        let count = pages.heat.get(day).and_then(|hours| hours.get(hour)).copied().unwrap_or(0);
        let name = WEEKDAYS.get(day).copied().unwrap_or_default();
        let next = (hour + 1) % HOURS;
        let mut line = Line::from(Span::styled("when they come", self.theme.strong()));
        let text = format!("  {name} {hour:02}:00–{next:02}:00: {count}");
        line.push_span(Span::styled(text, self.theme.accent()));
        let zone = self.clock.offsets().names_between(pages.window.from, pages.window.to);
        line.push_span(Span::styled(format!(" · {zone}"), self.theme.dim()));
        line
    }

    fn heat_heading(self, pages: &Pages, most: u64) -> Line<'static> {
        let mut line = Line::from(Span::styled("when they come", self.theme.strong()));
        let peak =
            pages.heat.iter().enumerate().find_map(|(day, hours)| {
                Some((day, hours.iter().position(|count| *count == most)?))
            });
        if let Some((day, hour)) = peak.filter(|_| most > 0) {
            let name = WEEKDAYS.get(day).copied().unwrap_or_default();
            let zone = self.clock.offsets().names_between(pages.window.from, pages.window.to);
            let text = format!("  most on {name} {hour:02}:00, {most} · {zone}");
            line.push_span(Span::styled(text, self.theme.dim()));
        }
        line
    }
}
