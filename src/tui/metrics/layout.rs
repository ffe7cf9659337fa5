//! The metrics pane: the measures of a window, compared with the window before.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::model::Priority;
use crate::model::measures::{Compliance, Measures, Times};
use crate::model::text::{pad, truncate};
use crate::model::time::format_precise_duration;

use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::core::layout::Frame;
use crate::tui::core::pane::Pane as Shared;
use crate::tui::metrics::blocks::fit;
use crate::tui::metrics::pages::chart::{ChartStyle, unit_name};
use crate::tui::metrics::pages::request::{is_page, request};
use crate::tui::metrics::pages::selection_of;
use crate::tui::metrics::{MetricsInputs, PageInputs};
use crate::tui::widgets::formatting::{age, pluralize};
use crate::tui::widgets::text::{Line, Span};

/// The number of lines from which there is room for the statistics of the times.
const MEDIUM_FROM: usize = 7;
/// The number of lines from which there is room for tables.
const TALL_FROM: usize = 16;
/// The width and the number of lines from which there is room for a chart next to the recurring faults.
const WIDE_COLUMNS: usize = 100;
const WIDE_FROM: usize = 10;
/// The number of cells for bars from which their lengths are in proportion.
const MIN_BAR_CELLS: u64 = 12;
/// The width of the unit of a column that covers several days or hours.
const MERGED_UNIT_WIDTH: usize = 14;
const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Returns the inputs of [`lines`].
pub(in crate::tui) fn inputs(app: &App, width: usize, height: usize) -> MetricsInputs {
    let loaded = app.metrics.loaded.as_ref();
    MetricsInputs {
        span: app.metrics.span,
        loaded: loaded.map(|(span, measures)| (*span, Identity::new(measures))),
        failed: app.metrics.failed.clone(),
        has_rows: app.fetched.snapshot.is_some(),
        size: (width, height),
        is_bare: frame(app) == Some(Frame::Bare),
        now: app.now,
        clock: app.clock(),
        theme: app.ui.theme,
        page: is_page(app).then(|| page_inputs(app)),
    }
}

fn page_inputs(app: &App) -> PageInputs {
    let request = request(app);
    let loaded = app.metrics.pages.find(&request);
    PageInputs {
        page: app.metrics.page,
        row: app.metrics.row,
        hour: app.metrics.hour,
        hides_comparison: app.metrics.hides_comparison,
        is_focused: app.ui.focus == Shared::Metrics,
        loaded: loaded.map(|loaded| Identity::new(&loaded.pages)),
        as_of: loaded.and_then(|loaded| loaded.as_of),
        failed: app.metrics.pages.failed.clone(),
        unused_terms: selection_of(app.queue.filter()).1,
        request,
    }
}

pub(in crate::tui) fn lines(app: &App, width: usize, height: usize) -> Vec<Line<'static>> {
    let mut lines = figures(app, width, height);
    if frame(app) == Some(Frame::Bare) {
        let span = app.metrics.span.label();
        let text = format!("over {span}, against {}", app.metrics.span.against());
        let mut line = Line::from(Span::styled(text, app.ui.theme.strong()));
        if let Some(computed) = computed_at(app) {
            line.push_span(Span::styled(format!(" · {computed}"), app.ui.theme.dim()));
        }
        lines.insert(0, fit(line, width));
    }
    lines
}

/// Returns the figures of the overview, as many as fit the height.
pub(in crate::tui) fn figures(app: &App, width: usize, height: usize) -> Vec<Line<'static>> {
    let Some((span, measures)) = &app.metrics.loaded else {
        let text = match &app.metrics.failed {
            Some(why) => format!("could not be computed: {why}"),
            None if app.fetched.snapshot.is_none() => "waiting for the rows".to_owned(),
            None => "computing …".to_owned(),
        };
        return vec![Line::from(Span::styled(truncate(text, width), app.ui.theme.dim()))];
    };
    let pane = MeasuresView { app, measures, width };
    if *span != app.metrics.span {
        // Figures of another window under this window's title would be misleading.
        return vec![Line::from(Span::styled("computing …", app.ui.theme.dim()))];
    }
    let lines = match height {
        WIDE_FROM.. if width >= WIDE_COLUMNS => pane.wide(height),
        0..MEDIUM_FROM => pane.short(),
        MEDIUM_FROM..TALL_FROM => pane.medium(),
        _ => pane.tall(height),
    };
    lines.into_iter().map(|line| fit(line, width)).collect()
}

/// Describes when the measures were computed, if they are those of the chosen window.
pub(in crate::tui) fn computed_at(app: &App) -> Option<String> {
    let (span, _) = app.metrics.loaded.as_ref()?;
    if *span != app.metrics.span {
        return None;
    }
    if let Some(at) = app.measures_as_of() {
        return Some(app.as_of(at));
    }
    let at = app.metrics.loaded_at?;
    Some(format!("computed {}", app.clock().hh_mm(at)))
}

/// Formats measures for a width. The wall display uses parts of it too.
pub(in crate::tui) struct MeasuresView<'a> {
    pub(in crate::tui) app: &'a App,
    pub(in crate::tui) measures: &'a Measures,
    pub(in crate::tui) width: usize,
}

impl MeasuresView<'_> {
    /// Formats the change of the number of reported incidents; empty while the window lasts, as it will grow.
    fn volume_change(&self) -> String {
        let measures = self.measures;
        // A clock may differ from the server's by less than that.
        if measures.window.to - self.app.backend_now() > TimeDelta::hours(1) {
            return String::new();
        }
        change_text(measures.now.reported(), measures.before.reported())
    }

    /// Returns the most important figures in a few lines.
    fn short(&self) -> Vec<Line<'static>> {
        let now = &self.measures.now;
        let before = &self.measures.before;
        let mut first = Line::default();
        self.mean("MTTA", &now.mtta, &before.mtta, &mut first);
        first.push_span("   ");
        self.mean("MTTR", &now.mttr, &before.mttr, &mut first);
        let mut second = Line::default();
        self.compliance_summary(&mut second);
        second.push_span("   ");
        self.label("volume ", &mut second);
        second.push_span(now.reported().to_string());
        self.label(&format!(" {}", self.volume_change()), &mut second);
        let mut lines = if first.width() + 3 + second.width() <= self.width {
            first.push_span("   ");
            first.extend(second.spans);
            vec![first]
        } else {
            vec![first, second]
        };
        let mut third = self.spark((self.width / 3).max(18));
        third.push_span("   ");
        let room = self.width.saturating_sub(third.width());
        third.extend(self.bars(room).spans);
        lines.push(third);
        lines.push(self.recurring_short());
        lines.push(self.excluded_line());
        lines
    }

    /// Returns more lines, for heights at which tables don't fit.
    fn medium(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        self.times(&mut lines);
        let mut totals = Line::default();
        self.compliance_summary(&mut totals);
        let now = &self.measures.now;
        let mut each = Line::default();
        if self.width >= 60 {
            self.label("  ack/resolve", &mut each);
        }
        for priority in Priority::ALL {
            let index = priority.index();
            let style = self.app.ui.theme.priority(priority);
            each.push_span(if self.width < 44 { " " } else { "  " });
            each.push_span(Span::styled(priority.as_str(), style));
            each.push_span(format!(
                " {}/{}",
                percent_digits(now.acknowledge[index]),
                percent_digits(now.resolve[index])
            ));
        }
        if totals.width() + each.width() <= self.width {
            totals.extend(each.spans);
            lines.push(totals);
        } else if each.width() <= self.width {
            lines.push(totals);
            lines.push(each);
        } else {
            // Half of them follow the totals: a truncated figure would show a wrong number.
            let half = each.spans.split_off(each.spans.len() / 2);
            totals.extend(each.spans);
            lines.push(totals);
            lines.push(Line::from(half));
        }
        lines.extend(self.volume_short());
        lines.push(self.recurring_short());
        lines.push(self.excluded_line());
        lines
    }

    /// Returns the number of reported incidents, on two lines.
    pub(in crate::tui) fn volume_short(&self) -> [Line<'static>; 2] {
        let now = &self.measures.now;
        let mut volume = Line::default();
        self.label("Volume ", &mut volume);
        volume.push_span(Span::styled(now.reported().to_string(), self.app.ui.theme.strong()));
        self.label(&format!(" {}  ", self.volume_change()), &mut volume);
        let room = self.width.saturating_sub(volume.width());
        volume.extend(self.spark(room).spans);
        [volume, self.bars(self.width)]
    }

    /// Appends the SLA compliance over all priorities: acknowledge / resolve.
    fn compliance_summary(&self, line: &mut Line<'static>) {
        let now = &self.measures.now;
        // Both are labelled: two figures separated by a slash are not self-explanatory.
        self.label("SLA kept: ack ", line);
        let strong = self.app.ui.theme.strong();
        line.push_span(Span::styled(percent(now.acknowledge_all()), strong));
        self.label(" resolve ", line);
        line.push_span(Span::styled(percent(now.resolve_all()), strong));
    }

    /// Returns a line with a bar for each priority.
    fn bars(&self, room: usize) -> Line<'static> {
        let volume = self.measures.now.volume;
        let figures: usize = volume.iter().map(|v| v.to_string().len() + 6).sum();
        // No blanks follow the last one.
        let cells = (room + 2).saturating_sub(figures) as u64;
        let sum = volume.iter().sum::<u64>().max(1);
        // One cell for each incident if they fit, else in proportion. Bars that are too short to be
        // in proportion are left out.
        let bars = match cells {
            _ if sum <= cells => volume,
            ..MIN_BAR_CELLS => volume.map(|_| 0),
            _ => volume.map(|count| count * cells / sum),
        };
        let mut line = Line::default();
        for priority in Priority::ALL {
            let count = volume[priority.index()];
            let style = self.app.ui.theme.priority(priority);
            let full = bars[priority.index()];
            let bar = "■".repeat(usize::try_from(full.min(cells)).unwrap_or(0));
            line.push_span(Span::styled(format!("{priority} {bar}"), style));
            line.push_span(format!("{}{count}  ", if bar.is_empty() { "" } else { " " }));
        }
        line
    }

    /// Returns the tables; the part that does not fit can be scrolled to.
    fn tall(&self, height: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        self.times(&mut lines);
        let roomy = height >= 20;
        let gap = |lines: &mut Vec<Line<'static>>| {
            if roomy {
                lines.push(Line::default());
            }
        };
        gap(&mut lines);
        self.compliance(&mut lines);
        gap(&mut lines);
        self.volume(height, &mut lines);
        gap(&mut lines);
        self.recurring(&mut lines);
        gap(&mut lines);
        let excluded = self.excluded_text();
        for line in crate::model::text::wrap(&excluded, self.width) {
            lines.push(Line::from(Span::styled(line, self.app.ui.theme.dim())));
        }
        lines
    }

    /// Formats the change of a time: a longer one is worse, which a mark and the colour show.
    fn time_change(&self, percent: i64) -> Span<'static> {
        let theme = self.app.ui.theme;
        match percent {
            0 => Span::styled(arrow(0), theme.dim()),
            1.. => Span::styled(format!("{}!", arrow(percent)), theme.warning()),
            _ => Span::styled(arrow(percent), theme.good()),
        }
    }

    fn label(&self, text: &str, line: &mut Line<'static>) {
        line.push_span(Span::styled(text.to_owned(), self.app.ui.theme.dim()));
    }

    pub(in crate::tui) fn mean(
        &self,
        name: &str,
        now: &Times,
        before: &Times,
        line: &mut Line<'static>,
    ) {
        self.label(&format!("{name} "), line);
        line.push_span(Span::styled(duration(now.mean(), now), self.app.ui.theme.strong()));
        if let Some(percent) = now.change_percent(before) {
            line.push_span(Span::raw(" "));
            line.push_span(self.time_change(percent));
        }
        if now.count > 0 && now.is_thin() {
            line.push_span(Span::styled(" thin", self.app.ui.theme.dim()));
        }
    }

    /// Appends mean, median and 90th percentile, and the counts they are based on if there is room.
    pub(in crate::tui) fn times(&self, lines: &mut Vec<Line<'static>>) {
        let (name_wide, wide, counted) = match self.width {
            52.. => (6, 8, true),
            40.. => (5, 7, true),
            _ => (5, 7, false),
        };
        let head = ["mean", "change", "median", "p90"].map(|name| format!("{name:>wide$}"));
        let mut head = format!("{}{}", " ".repeat(name_wide), head.concat());
        if counted {
            head.push_str("  count");
        }
        lines.push(Line::from(Span::styled(head, self.app.ui.theme.dim())));
        let now = &self.measures.now;
        let before = &self.measures.before;
        for (name, now, before) in
            [("MTTA", &now.mtta, &before.mtta), ("MTTR", &now.mttr, &before.mttr)]
        {
            let changed = match now.change_percent(before) {
                Some(percent) => self.time_change(percent),
                None => Span::raw("–"),
            };
            let indent = wide.saturating_sub(changed.width());
            let [mean, median, p90] = [now.mean_ms, now.median_ms, now.p90_ms]
                .map(|ms| align_right(&duration(Some(TimeDelta::milliseconds(ms)), now), wide));
            let mut line = Line::default();
            self.label(&format!("{name:<name_wide$}"), &mut line);
            line.push_span(Span::styled(mean, self.app.ui.theme.strong()));
            line.push_span(" ".repeat(indent));
            line.push_span(changed);
            line.push_span(format!("{median}{p90}"));
            if counted {
                line.push_span(format!("{:>7}", now.count));
            }
            let thin = if now.count > 0 && now.is_thin() { " thin" } else { "" };
            line.push_span(Span::styled(thin, self.app.ui.theme.dim()));
            lines.push(line);
        }
    }

    /// Appends the SLA compliance by priority.
    pub(in crate::tui) fn compliance(&self, lines: &mut Vec<Line<'static>>) {
        // Narrow panes get shorter names, then narrower columns.
        let columns = Priority::ALL.len() + 1;
        let (long, wide) = if self.width >= 12 + 6 * columns { (12, 6) } else { (8, 6) };
        let wide = if self.width >= long + wide * columns { wide } else { 5 };
        let mut head = Line::from(Span::styled(pad("SLA kept", long), self.app.ui.theme.dim()));
        for priority in Priority::ALL {
            head.push_span(Span::styled(
                format!("{priority:>wide$}"),
                self.app.ui.theme.priority(priority),
            ));
        }
        head.push_span(Span::styled(format!("{:>wide$}", "all"), self.app.ui.theme.dim()));
        lines.push(head);
        let now = &self.measures.now;
        for (name, by_priority, all) in [
            ("acknowledge", &now.acknowledge, now.acknowledge_all()),
            ("resolve", &now.resolve, now.resolve_all()),
        ] {
            let mut line = Line::default();
            let name = if name.len() < long { name } else { "ack" };
            self.label(&format!("{name:<long$}"), &mut line);
            for compliance in by_priority {
                line.push_span(format!("{:>wide$}", percent(*compliance)));
            }
            line.push_span(Span::styled(
                format!("{:>wide$}", percent(all)),
                self.app.ui.theme.strong(),
            ));
            lines.push(line);
        }
    }

    /// Returns the number of reported incidents, with that of the window before.
    pub(in crate::tui) fn volume_head(&self) -> Line<'static> {
        let (reported, before) = (self.measures.now.reported(), self.measures.before.reported());
        let mut head = Line::default();
        self.label("Volume  ", &mut head);
        head.push_span(Span::styled(reported.to_string(), self.app.ui.theme.strong()));
        self.label(&format!(" reported · {before} before {}", self.volume_change()), &mut head);
        head
    }

    /// Appends the number of reported incidents, by bucket and by priority.
    pub(in crate::tui) fn volume(&self, height: usize, lines: &mut Vec<Line<'static>>) {
        let now = &self.measures.now;
        lines.push(self.volume_head());
        if height >= 24 {
            lines.extend(self.chart(self.width, 4));
        } else {
            lines.push(self.spark(self.width));
            // The chart names its columns.
            lines.push(self.axis(""));
        }
        let most = now.volume.iter().copied().max().unwrap_or(0).max(1);
        let room = self.width.saturating_sub(10).clamp(4, 60);
        for priority in Priority::ALL {
            let volume = now.volume[priority.index()];
            let style = self.app.ui.theme.priority(priority);
            let cells = usize::try_from((volume * room as u64).div_ceil(most)).unwrap_or(0);
            lines.push(Line::from(vec![
                Span::styled(format!("{priority} "), style),
                Span::styled("■".repeat(cells), style),
                Span::raw(format!(" {volume}")),
            ]));
        }
    }

    /// Returns the counts by bucket, merged so that they fit, and how many are merged into one.
    fn buckets(&self, room: usize) -> (Vec<u64>, usize) {
        let counts: Vec<u64> =
            self.measures.buckets.iter().map(|b| b.iter().sum::<u64>()).collect();
        let merged = counts.len().div_ceil(room.max(1)).max(1);
        (counts.chunks(merged).map(|chunk| chunk.iter().sum()).collect(), merged)
    }

    fn spark(&self, room: usize) -> Line<'static> {
        let (mut buckets, mut merged) = self.buckets(room.saturating_sub(9));
        if merged > 1 {
            (buckets, merged) = self.buckets(room.saturating_sub(MERGED_UNIT_WIDTH));
        }
        let most = buckets.iter().copied().max().unwrap_or(0).max(1);
        let text: String = buckets
            .iter()
            .map(|count| match count {
                0 => "·",
                count => EIGHTHS[usize::try_from((count * 8).div_ceil(most)).unwrap_or(8) - 1],
            })
            .collect();
        let mut line = Line::from(text);
        self.label(&self.unit(merged), &mut line);
        line
    }

    /// Returns the unit of a column, with `merged` buckets in each.
    fn unit(&self, merged: usize) -> String {
        let name = unit_name(&self.measures.window);
        if merged > 1 { format!("  by {merged} {name}s") } else { format!("  by {name}") }
    }

    /// Returns when the first and the last bucket start, in the viewer's zone.
    fn axis(&self, unit: &str) -> Line<'static> {
        let clock = self.app.clock();
        let edges = &self.measures.window.edges;
        // Buckets are days of the viewer's zone: shown in another zone they start at another hour.
        let midnight = |at: &DateTime<Utc>| clock.local_time(*at).time() == NaiveTime::MIN;
        let form = match unit_name(&self.measures.window) {
            "hour" => "%H:%M",
            _ if edges.last().is_none_or(midnight) => "%a %m-%d",
            _ => "%a %m-%d %H:%M",
        };
        let show = |at: DateTime<Utc>| clock.local_time(at).format(form).to_string();
        let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
            return Line::default();
        };
        let zone = clock.name_between(*first, *last);
        let (first, last) = (show(*first), show(*last));
        let text = format!("{first} – {last}{unit}, {zone}");
        Line::from(Span::styled(text, self.app.ui.theme.dim()))
    }

    fn recurring_short(&self) -> Line<'static> {
        let mut line = Line::default();
        self.label("recurring  ", &mut line);
        let each: Vec<String> = self
            .measures
            .recurring
            .iter()
            .map(|r| format!("{}× {}", r.count, truncate(&r.title, 26)))
            .collect();
        let mut text = if each.is_empty() { "none".to_owned() } else { each.join("   ") };
        if let Some(count) = self.recurring_count() {
            text = format!("{count}   {text}");
        }
        line.push_span(truncate(text, self.width.saturating_sub(11)));
        line
    }

    /// Returns how many of the recurring groups are listed, where that is not all.
    fn recurring_count(&self) -> Option<String> {
        let listed = self.measures.recurring.len() as u64;
        let total = self.measures.recurring_total.filter(|total| *total > listed)?;
        Some(format!("{listed} of {total}"))
    }

    pub(in crate::tui) fn recurring(&self, lines: &mut Vec<Line<'static>>) {
        let mut head = Line::default();
        self.label("Recurring", &mut head);
        if self.measures.recurring.is_empty() {
            head.push_span("  none");
        }
        if let Some(count) = self.recurring_count() {
            head.push_span(format!("  {count}"));
        }
        lines.push(head);
        for group in &self.measures.recurring {
            let last = group.last.map(|n| n.to_string()).unwrap_or_default();
            let ago = age(group.last_at, self.app.backend_now());
            let end =
                if self.width < 50 { format!("{ago:>5}") } else { format!("{last} {ago:>5}") };
            let room = self.width.saturating_sub(6 + end.len() + 1);
            let mut title = group.title.clone();
            if let Some(problem) = &group.problem {
                title = format!("{title} · problem: {problem}");
            }
            lines.push(Line::from(vec![
                Span::styled(format!("{:>4}× ", group.count), self.app.ui.theme.strong()),
                Span::raw(pad(title, room)),
                Span::styled(format!(" {end}"), self.app.ui.theme.dim()),
            ]));
        }
    }

    /// Returns the number of incidents by priority as columns.
    pub(in crate::tui) fn chart(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let (theme, clock) = (self.app.ui.theme, self.app.clock());
        let style = ChartStyle { theme, clock, width, height };
        style.by_priority(&self.measures.window, &self.measures.buckets)
    }

    pub(in crate::tui) fn excluded_line(&self) -> Line<'static> {
        let text = self.excluded_text();
        Line::from(Span::styled(truncate(text, self.width), self.app.ui.theme.dim()))
    }

    fn excluded_text(&self) -> String {
        let excluded = self.measures.excluded;
        format!(
            "left out  {} merged · {} reclassified · {}",
            excluded.merged,
            excluded.reclassified,
            pluralize(excluded.false_alarms, "false alarm", "false alarms")
        )
    }
}

fn duration(mean: Option<TimeDelta>, times: &Times) -> String {
    match mean {
        Some(mean) if times.count > 0 => format_precise_duration(mean),
        _ => "–".into(),
    }
}

fn percent(compliance: Compliance) -> String {
    compliance.percent().map_or_else(|| "–".into(), |percent| format!("{percent}%"))
}

/// Formats compliance like [`percent`], without the sign.
fn percent_digits(compliance: Compliance) -> String {
    compliance.percent().map_or_else(|| "–".into(), |percent| percent.to_string())
}

/// Formats a change as `▲5%`, `▼12%` or `=`. Where more is worse, `!` follows.
fn arrow(percent: i64) -> String {
    match percent {
        0 => "=".into(),
        up @ 1.. => format!("▲{up}%"),
        down => format!("▼{}%", -down),
    }
}

/// Formats the change of a count in percent; empty if the earlier count is 0.
fn change_text(now: u64, before: u64) -> String {
    if before == 0 {
        return String::new();
    }
    let (now, before) = (i128::from(now), i128::from(before));
    let percent = ((now - before) * 200 + before * (now - before).signum()) / (before * 2);
    arrow(i64::try_from(percent).unwrap_or(i64::MAX))
}

/// Aligns a text to the right of `wide` columns.
fn align_right(text: &str, wide: usize) -> String {
    let used = crate::model::text::width(text);
    format!("{}{text}", " ".repeat(wide.saturating_sub(used)))
}

pub(in crate::tui) fn frame(app: &App) -> Option<Frame> {
    app.layout().slot(Shared::Metrics).map(|slot| slot.frame)
}
