//! The overview if there is room for a chart next to the recurring faults.

use crate::tui::metrics::blocks::{Block, GAP, fit, join};
use crate::tui::metrics::layout::MeasuresView;
use crate::tui::widgets::text::Line;

/// The width of the times.
const TIMES: usize = 54;
/// The height from which there is a blank line above the chart.
const ROOMY_FROM: usize = 12;
/// The greatest height of the chart.
const MAX_CHART: usize = 12;
/// The lines of a chart that are its heading and its axis.
const CHART_FRAME: usize = 2;

impl MeasuresView<'_> {
    /// Returns times and service levels next to each other, below them the volume as a chart and the faults
    /// that recur.
    pub(in crate::tui) fn wide(&self, height: usize) -> Vec<Line<'static>> {
        let (mut times, mut levels) = (Vec::new(), Vec::new());
        self.part(TIMES).times(&mut times);
        self.part(self.width.saturating_sub(TIMES + GAP)).compliance(&mut levels);
        let mut lines = join(times.into(), levels.into(), TIMES).lines;
        if height >= ROOMY_FROM {
            lines.push(Line::default());
        }
        // The excluded incidents come at the end.
        let room = height.saturating_sub(lines.len() + 1);
        let faults = (self.width * 2 / 5).clamp(36, 80);
        let chart_width = self.width.saturating_sub(faults + GAP);
        let mut chart = vec![fit(self.volume_head(), chart_width)];
        let chart_height = room.saturating_sub(CHART_FRAME + 1).clamp(1, MAX_CHART);
        let columns = self.chart(chart_width, chart_height);
        chart.extend(columns.into_iter().map(|line| fit(line, chart_width)));
        let mut recurring = Vec::new();
        self.part(faults).recurring(&mut recurring);
        recurring.truncate(room);
        let (chart, recurring): (Block, Block) = (chart.into(), recurring.into());
        lines.extend(join(chart, recurring, chart_width).lines);
        lines.push(self.excluded_line());
        lines
    }

    /// Returns the same measures for a part of the width.
    fn part(&self, width: usize) -> Self {
        Self { app: self.app, measures: self.measures, width }
    }
}
