//! The notifications about the incident, on its record: a line for each person.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::model::notification::{Notification, by_person};
use crate::model::text::{sanitize, truncate, width};
use crate::model::{Incident, PersonRef};

use crate::tui::core::app::App;
use crate::tui::detail::fields::{Fields, LABEL_WIDTH};
use crate::tui::notified::{has_failed, state_style};
use crate::tui::widgets::text::{Line, Span};

const LABEL: &str = "Notified";
/// How many people are listed beside the queue.
const MAX_PEOPLE: usize = 6;
/// The indentation of the lines of a person after the first one.
const INDENT: usize = 2;

/// Appends the notifications: person, channel, time and state.
pub(super) fn push(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    let Some(list) = app.notified.list_of(incident.summary.id) else { return };
    let mut people = by_person(&list.notifications);
    let mut hidden = 0;
    if !out.has_screen() && people.len() > MAX_PEOPLE {
        hidden = people.len() - MAX_PEOPLE;
        // People whose notification needs attention come first.
        people.sort_by_key(|(_, notifications)| notifications.iter().all(|one| is_done(one)));
        people.truncate(MAX_PEOPLE);
    }
    let mut label = LABEL;
    for (person, notifications) in people {
        push_person(out, label, person, &notifications);
        label = "";
    }
    let mut remarks = Vec::new();
    if hidden > 0 {
        remarks.push(format!("and {hidden} more"));
    }
    if list.has_earlier {
        remarks.push("earlier ones are not shown".to_owned());
    }
    remarks.extend(list.as_of.filter(|_| label.is_empty()).map(|at| app.as_of(at)));
    if !remarks.is_empty() {
        out.field(label, &remarks.join(" · "), app.ui.theme.dim());
    }
    // For an incident of which nobody was called, no notification can be missing.
    let is_expected = label.is_empty() || incident.summary.escalation > 0;
    if let Some(error) = list.error.as_ref().filter(|_| is_expected) {
        let what = if label.is_empty() { "not read anew" } else { "not read" };
        out.field(label, &format!("{what}: {error}"), app.ui.theme.near());
    }
}

/// Returns whether a notification has arrived, or is not needed any more.
fn is_done(notification: &Notification) -> bool {
    notification.state.is_final() && !has_failed(notification.state) && !notification.perhaps_twice
}

/// Appends the notifications of a person, wrapped between words.
fn push_person(
    out: &mut Fields<'_>,
    label: &str,
    person: &PersonRef,
    notifications: &[&Notification],
) {
    let app = out.app;
    let theme = app.ui.theme;
    let room = out.width.saturating_sub(LABEL_WIDTH).max(8);
    let start = |label: &str, indent: usize| {
        let blank = " ".repeat(indent);
        Line::from(Span::styled(format!("{label:<LABEL_WIDTH$}{blank}"), theme.dim()))
    };
    let (mut line, mut used) = (start(label, 0), 0);
    let mut first_on_line = true;
    for (word, style) in styled_parts(app, person, notifications) {
        let word = truncate(word, room - INDENT).into_owned();
        let wide = width(&word);
        if !first_on_line && used + 1 + wide > room {
            out.lines.push(std::mem::replace(&mut line, start("", INDENT)));
            (used, first_on_line) = (INDENT, true);
        }
        if !first_on_line {
            line.push_span(" ");
            used += 1;
        }
        line.push_span(Span::styled(word, style));
        used += wide;
        first_on_line = false;
    }
    out.lines.push(line);
}

/// Returns the parts of a person's line, each with its style.
fn styled_parts(
    app: &App,
    person: &PersonRef,
    notifications: &[&Notification],
) -> Vec<(String, Style)> {
    let theme = app.ui.theme;
    let mut parts = vec![(sanitize(&*app.handle_label(person)).into_string(), theme.strong())];
    for (index, notification) in notifications.iter().enumerate() {
        if index > 0 {
            parts.push(("·".to_owned(), theme.dim()));
        }
        let style = if notification.perhaps_twice {
            theme.past()
        } else {
            state_style(theme, notification.state)
        };
        let text = notification.outcome_text(|at| time(app, at));
        parts.push((sanitize(&text).into_string(), style));
    }
    let words = |(text, style): (String, Style)| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.into_iter().map(move |word| (word, style))
    };
    parts.into_iter().flat_map(words).collect()
}

/// Formats a time of today with seconds, another with its date.
fn time(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    let (local, now) = (clock.local_time(at), clock.local_time(app.now));
    let form = if local.date() == now.date() { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
    local.format(form).to_string()
}
