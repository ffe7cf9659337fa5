//! The matrix of impact × urgency, and the priority that follows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::priority::Level;
use crate::model::text::{truncate, wrap};

use crate::tui::core::app::App;
use crate::tui::matrix::Matrix;
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span, draw_line};

/// The width of the box, in columns: it fits the smallest screen.
const BOX_WIDTH: u16 = 40;
const BOX_HEIGHT: u16 = 9;
/// The maximum number of lines for the notice.
const MAX_NOTICE_LINES: usize = 3;

pub(in crate::tui) fn draw(app: &App, matrix: &Matrix, body: Rect, buffer: &mut Buffer) {
    let columns = usize::from(BOX_WIDTH.min(body.width).saturating_sub(4));
    let notice = matrix.notice.as_ref().map(|notice| wrap(format!("! {notice}"), columns));
    let mut notice = notice.unwrap_or_default();
    let most = usize::from(body.height.saturating_sub(BOX_HEIGHT)).min(MAX_NOTICE_LINES);
    if notice.len() > most {
        notice.truncate(most);
        notice
            .iter_mut()
            .rev()
            .take(1)
            .for_each(|last| *last = truncate(format!("{last} …"), columns));
    }
    let height = BOX_HEIGHT + u16::try_from(notice.len()).unwrap_or(0);
    let area = popup::centred(body, BOX_WIDTH, height);
    let about = match &matrix.targets[..] {
        [one] => format!("{} · {}", one.label, one.title),
        many => format!("{} incidents", many.len()),
    };
    popup::frame(app, area, format!("Priority of {about}"), buffer);
    let inside = popup::inner(area);
    let mut lines =
        vec![Line::from(Span::styled("       urgency  high  medium  low", app.ui.theme.dim()))];
    for impact in Level::ALL {
        let label = if impact == Level::High { "impact" } else { "" };
        let mut line = Line::from(Span::styled(
            format!("{label:<7} {:<7}", impact.as_str()),
            app.ui.theme.dim(),
        ));
        for urgency in Level::ALL {
            let priority = app.session.rules.matrix.priority(impact, urgency);
            let is_selected = impact == matrix.impact && urgency == matrix.urgency;
            let style = app.ui.theme.priority(priority);
            let text = if is_selected {
                Span::styled(
                    format!(" [{priority}] "),
                    style.add_modifier(Modifier::BOLD | Modifier::REVERSED),
                )
            } else {
                Span::styled(format!("  {priority}  "), style)
            };
            line.push_span(text);
        }
        lines.push(line);
    }
    let priority = app.session.rules.matrix.priority(matrix.impact, matrix.urgency);
    let text = format!("{} × {} = {priority}", matrix.impact, matrix.urgency);
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(text, app.ui.theme.strong())));
    lines.push(Line::from(Span::styled("Enter sets it · 1–4 overrides it", app.ui.theme.dim())));
    lines.extend(
        notice.into_iter().map(|text| Line::from(Span::styled(text, app.ui.theme.strong()))),
    );
    for (line, row) in lines.iter().zip(inside.rows()) {
        draw_line(line, row, buffer);
    }
}
