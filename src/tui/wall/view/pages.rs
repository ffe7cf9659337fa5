//! The measures, a page at a time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::Priority;
use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::metrics;
use crate::tui::wall::view::big;
use crate::tui::wall::view::parts::{below, rule};
use crate::tui::wall::{PAGE_COUNT, Wall};
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

/// The height from which means are in big digits.
const BIG_FROM: u16 = 13;

pub(in crate::tui) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let theme = app.ui.theme;
    let page = wall.page(app.now);
    let span = app.metrics.span;
    let names = ["Response", "Volume", "Levels kept", "Recurring"];
    let mut title =
        Line::from(Span::styled(format!("{} · {} ", names[page], span.label()), theme.dim()));
    for index in 0..PAGE_COUNT {
        let (dot, style) =
            if index == page { (" ●", theme.text()) } else { (" ○", theme.dim()) };
        title.push_span(Span::styled(dot, style));
    }
    rule(app, &title, Rect { height: 1, ..area }, buffer);
    let inside = below(area, if area.height > 8 { 2 } else { 1 });
    let loaded = app.metrics.loaded.as_ref().filter(|(window, _)| *window == span);
    let Some((_, measures)) = loaded else {
        let text = match &app.metrics.failed {
            Some(why) => format!("could not be computed: {why}"),
            None => "computing …".to_owned(),
        };
        let text = truncate(text, usize::from(inside.width));
        draw_text(text, theme.dim(), inside, buffer);
        return;
    };
    let mut table =
        metrics::layout::MeasuresView { app, measures, width: usize::from(inside.width) };
    if inside.height >= BIG_FROM && (page == 0 || page == 2) {
        let figures =
            if page == 0 { response_figures(&table) } else { compliance_figures(app, &table) };
        draw_figures(app, figures, inside, buffer);
        return;
    }
    let mut lines = Vec::new();
    let height = usize::from(inside.height);
    match page {
        0 => {
            // The word "thin" may follow figures that are based on few incidents.
            table.width -= 5;
            table.times(&mut lines);
        }
        1 if height < 8 => lines.extend(table.volume_short()),
        1 => table.volume(if height < 12 { 0 } else { 24 }, &mut lines),
        2 => table.compliance(&mut lines),
        _ => {
            table.recurring(&mut lines);
            lines.remove(0);
            if lines.is_empty() {
                lines.push(Line::from(Span::styled("nothing has come twice", theme.dim())));
            }
        }
    }
    for (line, row) in lines.iter().zip(inside.rows()) {
        draw_line(line, row, buffer);
    }
}

/// A figure in big digits, and a line that describes it.
type Figure = (String, Line<'static>);

/// Returns MTTA and MTTR.
fn response_figures(table: &metrics::layout::MeasuresView<'_>) -> [Figure; 2] {
    let (now, before) = (&table.measures.now, &table.measures.before);
    [("MTTA", &now.mtta, &before.mtta), ("MTTR", &now.mttr, &before.mttr)].map(
        |(name, now, before)| {
            let mut line = Line::default();
            table.mean(name, now, before, &mut line);
            (
                now.mean()
                    .map_or_else(|| "–".into(), crate::tui::wall::view::band::compact_duration),
                line,
            )
        },
    )
}

/// Returns the SLA compliance, over all priorities and by priority.
fn compliance_figures(app: &App, table: &metrics::layout::MeasuresView<'_>) -> [Figure; 2] {
    let now = &table.measures.now;
    [
        ("acknowledge", &now.acknowledge, now.acknowledge_all()),
        ("resolve", &now.resolve, now.resolve_all()),
    ]
    .map(|(name, each, all)| {
        let mut line = Line::from(Span::styled(format!("{name:<11}"), app.ui.theme.dim()));
        for (priority, one) in Priority::ALL.into_iter().zip(each) {
            let style = app.ui.theme.priority(priority);
            line.push_span(Span::styled(format!("  {priority}"), style));
            let percent = one.percent().map_or_else(|| "–".into(), |percent| percent.to_string());
            line.push_span(format!(" {percent:>3}"));
        }
        let text = all.percent().map_or_else(|| "–".into(), |percent| format!("{percent}%"));
        (text, line)
    })
}

fn draw_figures(app: &App, figures: [Figure; 2], area: Rect, buffer: &mut Buffer) {
    let mut rest = area;
    for (text, line) in figures {
        let digits = Rect { height: big::GLYPH_HEIGHT, ..rest };
        // Big, but less prominent than the open incidents.
        let styles = (app.ui.theme.dim(), app.ui.theme.border());
        big::draw_span(&text, styles, 1, digits, buffer);
        let lower = below(rest, big::GLYPH_HEIGHT);
        draw_line(&line, lower, buffer);
        rest = below(rest, big::GLYPH_HEIGHT + 2 + (area.height - BIG_FROM).min(2));
    }
}
