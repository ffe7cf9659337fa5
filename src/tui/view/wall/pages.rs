//! The measures, a page at a time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::text::{cut, shown};

use super::super::super::app::App;
use super::super::super::wall::{PAGES, Wall};
use super::super::metrics;
use super::{below, big, rule};

/// From so many rows on, means are written big.
const BIG: u16 = 15;

pub(super) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let theme = app.theme;
    let page = wall.page(app.now);
    let span = app.metrics.span;
    let names = ["Response", "Volume", "Levels kept", "Recurring"];
    let mut title =
        Line::from(Span::styled(format!("{} · {} ", names[page], span.label()), theme.dim()));
    for index in 0..PAGES {
        let (dot, style) =
            if index == page { (" ●", theme.text()) } else { (" ○", theme.dim()) };
        title.push_span(Span::styled(dot, style));
    }
    rule(app, title, Rect { height: 1, ..area }, buffer);
    let inside = below(area, if area.height > 8 { 2 } else { 1 });
    let measures = app.metrics.loaded.as_ref().filter(|(of, _)| *of == span);
    let Some((_, measures)) = measures else {
        let text = match &app.metrics.failed {
            Some(why) => format!("could not be computed: {}", shown(why)),
            None => "computing …".to_owned(),
        };
        let text = cut(&text, usize::from(inside.width));
        buffer.set_string(inside.x, inside.y, text, theme.dim());
        return;
    };
    let pane = metrics::Pane { app, measures, span, width: usize::from(inside.width) };
    if page == 0 && inside.height >= BIG {
        response(app, &pane, inside, buffer);
        return;
    }
    let mut lines = Vec::new();
    let height = usize::from(inside.height);
    match page {
        0 => pane.times(&mut lines),
        1 if height < 8 => lines.extend(pane.volume_short()),
        1 => pane.volume(if height < 12 { 0 } else { 24 }, &mut lines),
        2 => pane.compliance(&mut lines),
        _ => {
            pane.recurring(&mut lines);
            lines.remove(0);
            if lines.is_empty() {
                lines.push(Line::from(Span::styled("nothing has come twice", theme.dim())));
            }
        }
    }
    for (line, row) in lines.iter().zip(inside.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
}

/// MTTA and MTTR in big digits.
fn response(app: &App, pane: &metrics::Pane<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let (now, before) = (&pane.measures.now, &pane.measures.before);
    let mut rest = area;
    for (name, now, before) in
        [("MTTA", &now.mtta, &before.mtta), ("MTTR", &now.mttr, &before.mttr)]
    {
        let text = now.mean().map_or_else(|| "–".into(), super::band::span);
        let digits = Rect { height: big::HIGH, ..rest };
        big::draw_span(&text, (theme.text(), theme.dim()), 1, digits, buffer);
        let mut line = Line::default();
        pane.mean(name, now, before, &mut line);
        let lower = below(rest, big::HIGH);
        buffer.set_line(lower.x, lower.y, &line, lower.width);
        rest = below(rest, big::HIGH + 3);
    }
}
