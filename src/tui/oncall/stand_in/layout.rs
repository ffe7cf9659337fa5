//! The lines of the question before the viewer is put on call, or not any more.

use ratatui::style::Style;

use crate::model::text::wrap;

use crate::tui::confirm::layout::{answer_keys, production};
use crate::tui::core::app::App;
use crate::tui::oncall::stand_in::{StandIn, StandInQuestion};
use crate::tui::oncall::times::day_time;
use crate::tui::widgets::text::{Line, Span};

/// Returns the lines of the question: what is done, for whom, and until when.
pub(in crate::tui) fn lines(
    app: &App,
    question: &StandInQuestion,
    width: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let mut lines = Vec::new();
    let mut push = |text: &str, style: Style| {
        for part in wrap(text, width) {
            lines.push(Line::from(Span::styled(part, style)));
        }
    };
    let schedule = &question.change.team;
    let span = &question.change.span;
    let until = day_time(app.clock(), span.to, app.backend_now());
    match question.kind {
        StandIn::Begin => {
            push(&format!("Take the pager of {schedule}?"), theme.strong());
            let text = match &span.covers {
                Some(handle) => {
                    format!("You stand in for {} until {until}.", person_name(app, handle))
                }
                None => format!("Nobody is on call now. You are until {until}."),
            };
            push(&text, Style::new());
        }
        StandIn::End => {
            push(&format!("Give back the pager of {schedule}?"), theme.strong());
            let directory = app.fetched.directory.as_deref();
            let regular = directory
                .and_then(|directory| directory.schedule(schedule))
                .and_then(|schedule| schedule.regular(app.backend_now()));
            push(&format!("You stand in until {until}."), Style::new());
            let text = match regular {
                Some(handle) => {
                    format!("By the schedule {} is on call.", person_name(app, handle))
                }
                None => "By the schedule nobody is on call.".to_owned(),
            };
            push(&text, if regular.is_some() { Style::new() } else { theme.warning() });
        }
    }
    if let Some(production) = production(app) {
        push(&production, theme.warning());
    }
    push(&answer_keys(app), theme.accent());
    lines
}

/// Returns the name of a person, or the handle where the directory has nobody with it.
fn person_name(app: &App, handle: &str) -> String {
    let directory = app.fetched.directory.as_deref();
    let person = directory.and_then(|directory| directory.person(handle));
    person.map_or_else(|| handle.to_owned(), |person| person.name.clone())
}
