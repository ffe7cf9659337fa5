//! Programs that run on incidents: the confirmation before they start, and their output.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::text::truncate;
use crate::model::time::format_precise_duration;

use crate::tui::core::app::App;
use crate::tui::run::layout::{HEADER_ROWS, rows, text_size};
use crate::tui::run::{OutputPane, Run};
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

pub(in crate::tui) fn draw(app: &App, pane: &OutputPane, body: Rect, buffer: &mut Buffer) {
    let Some(run) = app.runs.list.iter().find(|run| run.id == pane.id) else { return };
    popup::frame(app, body, format!("{} · {}", run.name, run.target.label), buffer);
    let inside = popup::inner(body);
    let width = usize::from(inside.width);
    draw_line(&status(app, run, width), inside, buffer);
    let (_, fits) = text_size(body);
    let count = rows(run);
    let last = count.saturating_sub(fits);
    let top = pane.top.map_or(last, |top| top.min(last));
    let dropped = (run.output.dropped() > 0).then(|| {
        let text = format!("… {} lines before this are not kept", run.output.dropped());
        Line::from(Span::styled(truncate(text, width), app.ui.theme.dim()))
    });
    let written = run.output.rows().iter().map(Line::from);
    let lines = dropped.into_iter().chain(written).skip(top).take(fits);
    for (line, y) in lines.zip(inside.y + HEADER_ROWS..inside.bottom()) {
        draw_line(&line, Rect { y, height: 1, ..inside }, buffer);
    }
    if count == 0 {
        let text = match run.ended {
            None => "nothing is written yet",
            Some(_) => "nothing was written",
        };
        let y = inside.y + HEADER_ROWS;
        if y < inside.bottom() {
            draw_text(text, app.ui.theme.dim(), Rect { y, height: 1, ..inside }, buffer);
        }
    }
    scroll_hint::draw(app, body, (top, count.saturating_sub(top + fits)), buffer);
}

/// Returns the status: since when the program runs, or how it ended.
fn status(app: &App, run: &Run, width: usize) -> Line<'static> {
    let clock = |at: chrono::DateTime<chrono::Utc>| app.clock().hh_mm_ss(at);
    let since = clock(run.started_at);
    let (text, style) = match &run.ended {
        None if run.stopping => (" stopping … ".to_owned(), app.ui.theme.alarm()),
        None => (format!("running since {since}"), app.ui.theme.strong()),
        Some((_, at)) => {
            let text = format!("{} at {}", run.outcome(), clock(*at));
            if run.is_good() {
                (text, app.ui.theme.good())
            } else {
                (format!(" {text} "), app.ui.theme.alarm())
            }
        }
    };
    let mut line = Line::from(Span::styled(truncate(text, width), style));
    let mut more = match &run.ended {
        None => format!(" · at most {}", format_precise_duration(run.limit())),
        Some((_, at)) => format!(" · after {}", format_precise_duration(*at - run.started_at)),
    };
    if run.note_command.is_some() {
        more.push_str(" · on the timeline");
    }
    more = format!("{more} · {}", run.command_line);
    let remaining = width.saturating_sub(line.width());
    line.push_span(Span::styled(truncate(more, remaining), app.ui.theme.dim()));
    line
}
