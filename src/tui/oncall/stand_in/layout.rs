//! The lines of the question before the viewer is put on call, or not any more.

use ratatui::style::Style;

use crate::model::text::wrap;

use crate::tui::confirm::layout::{answer_keys, production};
use crate::tui::core::app::App;
use crate::tui::oncall::stand_in::{ShiftChange, StandIn, StandInQuestion};
use crate::tui::oncall::times::{day_time, span as span_text};
use crate::tui::widgets::text::{Line, Span};

/// Returns the lines of the question: the action, its person, and its end.
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
    for (text, style) in sentences(app, question) {
        push(&text, style);
    }
    if let Some(production) = production(app) {
        push(&production, theme.warning());
    }
    push(&answer_keys(app), theme.accent());
    lines
}

/// Returns the question, and the consequences.
fn sentences(app: &App, question: &StandInQuestion) -> Vec<(String, Style)> {
    let theme = app.ui.theme;
    let ShiftChange { schedule, span, other, in_return, note, .. } = &question.change;
    let until = day_time(app.clock(), span.to, app.backend_now());
    let shift = span_text(app.clock(), span.from, span.to);
    let name = |handle: &Option<String>| {
        handle.as_ref().map_or_else(|| "nobody".to_owned(), |handle| person_name(app, handle))
    };
    let mut sentences = Vec::new();
    let mut push = |text: String, style: Style| sentences.push((text, style));
    match question.kind {
        StandIn::Begin => {
            push(format!("Take the pager of {schedule}?"), theme.strong());
            let text = match other {
                Some(_) => format!("You stand in for {} until {until}.", name(other)),
                None => format!("Nobody is on call now. You are until {until}."),
            };
            push(text, Style::new());
        }
        StandIn::End => {
            push(format!("Give back the pager of {schedule}?"), theme.strong());
            let directory = app.fetched.directory.as_deref();
            let regular = directory
                .and_then(|directory| directory.schedule(schedule))
                .and_then(|schedule| schedule.regular(app.backend_now()));
            push(format!("You stand in until {until}."), Style::new());
            let text = match regular {
                Some(handle) => {
                    format!("By the schedule {} is on call.", person_name(app, handle))
                }
                None => "By the schedule nobody is on call.".to_owned(),
            };
            push(text, if regular.is_some() { Style::new() } else { theme.warning() });
        }
        StandIn::RequestCover => {
            push(format!("Do you want cover on {schedule}?"), theme.strong());
            push(format!("It is about your shift {shift}."), Style::new());
            push("You are on call as before until somebody accepts.".to_owned(), Style::new());
        }
        StandIn::OfferSwap => {
            push(format!("Offer a swap on {schedule}?"), theme.strong());
            push(format!("It is about your shift {shift}."), Style::new());
            if let Some(span) = in_return {
                let wanted = span_text(app.clock(), span.from, span.to);
                push(
                    format!("In return you are on call for {} {wanted}.", name(other)),
                    Style::new(),
                );
            }
            push(format!("You are on call as before until {} accepts.", name(other)), Style::new());
        }
        StandIn::AcceptCover => {
            push(format!("Stand in for {} on {schedule}?", name(other)), theme.strong());
            push(format!("You are on call {shift}."), Style::new());
            if let Some(span) = in_return {
                let given = span_text(app.clock(), span.from, span.to);
                push(
                    format!("In return {} is on call for you {given}.", name(other)),
                    Style::new(),
                );
            }
        }
        StandIn::DeclineCover => {
            push(format!("Do not stand in for {} on {schedule}?", name(other)), theme.strong());
            push(format!("It is about the shift {shift}."), Style::new());
            let text = match in_return {
                Some(_) => format!("The swap has ended then, and {} learns it.", name(other)),
                None => "Others can still accept.".to_owned(),
            };
            push(text, Style::new());
        }
        StandIn::WithdrawCover => {
            push(format!("Do you want no cover on {schedule} any more?"), theme.strong());
            push(format!("You are on call {shift}."), Style::new());
        }
    }
    let is_answer = matches!(question.kind, StandIn::AcceptCover | StandIn::DeclineCover);
    if let Some(note) = note.as_ref().filter(|_| is_answer) {
        push(format!("\u{201c}{note}\u{201d}"), theme.dim());
    }
    sentences
}

/// Returns the name of a person, or the handle if the directory has nobody with it.
fn person_name(app: &App, handle: &str) -> String {
    let directory = app.fetched.directory.as_deref();
    let person = directory.and_then(|directory| directory.person(handle));
    person.map_or_else(|| handle.to_owned(), |person| person.name.clone())
}
