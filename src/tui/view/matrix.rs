//! Impact × urgency, and the priority each leads to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::model::priority::Level;
use crate::model::text::{sanitize, truncate, wrap};

use super::super::app::App;
use super::super::mode::Matrix;
use super::popup;

/// Columns of the box: it fits the smallest screen.
const WIDE: u16 = 40;
const HIGH: u16 = 9;
/// The most lines of what others have done.
const MAX_NOTICE_LINES: usize = 3;

pub(super) fn draw(app: &App, matrix: &Matrix, body: Rect, buffer: &mut Buffer) {
    let columns = usize::from(WIDE.min(body.width).saturating_sub(4));
    let told = matrix.notice.as_ref().map(|told| wrap(&format!("! {}", sanitize(told)), columns));
    let mut told = told.unwrap_or_default();
    let most = usize::from(body.height.saturating_sub(HIGH)).min(MAX_NOTICE_LINES);
    if told.len() > most {
        told.truncate(most);
        told.iter_mut()
            .rev()
            .take(1)
            .for_each(|last| *last = truncate(&format!("{last} …"), columns).into_owned());
    }
    let high = HIGH + u16::try_from(told.len()).unwrap_or(0);
    let area = popup::centred(body, WIDE, high);
    let about = match &matrix.targets[..] {
        [one] => format!("{} · {}", one.label, sanitize(&one.title)),
        many => format!("{} incidents", many.len()),
    };
    popup::frame(app, area, &format!("Priority of {about}"), buffer);
    let inside = popup::inner(area);
    let mut lines =
        vec![Line::from(Span::styled("       urgency  high  medium  low", app.theme.dim()))];
    for impact in Level::ALL {
        let label = if impact == Level::High { "impact" } else { "" };
        let mut line =
            Line::from(Span::styled(format!("{label:<7} {:<7}", impact.as_str()), app.theme.dim()));
        for urgency in Level::ALL {
            let priority = app.rules.matrix.priority(impact, urgency);
            let here = impact == matrix.impact && urgency == matrix.urgency;
            let style = app.theme.priority(priority);
            let text = if here {
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
    let priority = app.rules.matrix.priority(matrix.impact, matrix.urgency);
    let text = format!("{} × {} = {priority}", matrix.impact, matrix.urgency);
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(text, app.theme.strong())));
    lines.push(Line::from(Span::styled("Enter sets it · 1–4 overrides it", app.theme.dim())));
    lines.extend(told.into_iter().map(|text| Line::from(Span::styled(text, app.theme.strong()))));
    for (line, row) in lines.iter().zip(inside.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
}
