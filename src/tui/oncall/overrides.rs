//! The overrides of a team's schedules, and the requests for cover on them.

use std::fmt::Write;

use crate::model::directory::Directory;
use crate::model::oncall::{Cover, Override, Schedule};

use crate::model::time::format_duration;
use crate::tui::core::app::App;
use crate::tui::oncall::stand_in::open_covers;
use crate::tui::oncall::times::span;
use crate::tui::screens::columns::cut;
use crate::tui::widgets::text::{Line, Span};

/// The most people who are named that have declined to cover.
const MAX_NAMED: usize = 3;
/// The most overrides that are listed.
const MAX_LISTED: usize = 12;

/// Lists the overrides on the schedules of a team, now and later, also after the shown weeks.
pub(in crate::tui) fn lines(
    app: &App,
    directory: &Directory,
    team: &str,
    room: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let now = app.backend_now();
    let schedules = directory.schedules.iter().filter(|schedule| schedule.team == team);
    let mut overrides: Vec<(&Schedule, &Override)> = schedules
        .flat_map(|schedule| schedule.overrides.iter().map(move |one| (schedule, one)))
        .filter(|(_, one)| one.to > now)
        .collect();
    if overrides.is_empty() {
        return Vec::new();
    }
    overrides.sort_by_key(|(_, one)| one.from);
    let hidden = overrides.len().saturating_sub(MAX_LISTED);
    let mut lines = vec![Span::styled("  Overrides", theme.strong()).into()];
    for (schedule, one) in overrides.into_iter().take(MAX_LISTED) {
        let mut text = name(directory, &one.person);
        if let Some(covered) = one.covers.as_deref().filter(|covered| *covered != one.person) {
            text = format!("{text} for {}", name(directory, covered));
        }
        let of_schedule = schedule.name.as_ref().map(|name| format!(" · {name}"));
        let span = span(app.clock(), one.from, one.to);
        let spans = vec![
            Span::styled("  ◆ ", theme.accent()),
            Span::styled(format!("{span:<24}"), theme.dim()),
            Span::styled(text, theme.text()),
            Span::styled(of_schedule.unwrap_or_default(), theme.dim()),
        ];
        lines.push(Line::from(cut(spans, room)));
    }
    if hidden > 0 {
        lines.push(Span::styled(format!("  and {hidden} more"), theme.dim()).into());
    }
    lines
}

/// Returns the name of a person, or the handle if the directory has nobody with it.
fn name(directory: &Directory, handle: &str) -> String {
    directory.person(handle).map_or_else(|| handle.to_owned(), |person| person.name.clone())
}

/// Lists the requests for cover on the schedules of a team, now and later.
pub(in crate::tui) fn cover_lines(
    app: &App,
    directory: &Directory,
    team: &str,
    room: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let schedules = directory.schedules.iter().filter(|schedule| schedule.team == team);
    let covers: Vec<&Cover> = schedules
        .flat_map(|schedule| open_covers(directory, schedule, app.backend_now()))
        .collect();
    let mut lines = Vec::new();
    for cover in covers.iter().take(MAX_LISTED) {
        let shift = span(app.clock(), cover.from, cover.to);
        let mut text = format!(
            "{} wants cover for {}: {shift}",
            name(directory, &cover.person),
            cover.schedule
        );
        if let Some(given) = cover.in_return {
            let _ = write!(text, ", in return for {}", span(app.clock(), given.from, given.to));
        }
        if !cover.declined_by.is_empty() {
            let names =
                cover.declined_by.iter().take(MAX_NAMED).map(|one| self::name(directory, one));
            let _ = write!(text, ", declined by {}", names.collect::<Vec<_>>().join(", "));
        }
        if let Some(note) = &cover.note {
            let _ = write!(text, " \u{b7} {note}");
        }
        let spans = vec![Span::styled("? ", theme.accent()), Span::styled(text, theme.text())];
        lines.push(Line::from(cut(spans, room)));
    }
    let hidden = covers.len().saturating_sub(MAX_LISTED);
    if hidden > 0 {
        let text = format!("and {hidden} more who want cover");
        lines.push(Span::styled(text, theme.dim()).into());
    }
    lines
}

/// Describes the calendars of a team's schedules: their locations, their age, and the parts that
/// were not understood.
pub(in crate::tui) fn calendar_lines(
    app: &App,
    directory: &Directory,
    team: &str,
    room: usize,
) -> Vec<Line<'static>> {
    let (theme, now) = (app.ui.theme, app.backend_now());
    let mut lines = Vec::new();
    let calendars = directory.schedules.iter().filter(|schedule| schedule.team == team);
    for calendar in calendars.filter_map(|schedule| schedule.calendar.as_ref()) {
        let age = match calendar.as_of {
            None => "never read yet".to_owned(),
            Some(at) => format!("read {} ago", format_duration(now - at)),
        };
        let mut text = format!("{} is read from {}, {age}", calendar.schedule, calendar.source);
        if let Some(error) = &calendar.error {
            let _ = write!(text, ": {error}");
        }
        let is_bad = calendar.is_old(now);
        let style = if is_bad { theme.past() } else { theme.dim() };
        let mark = if is_bad { "! " } else { "  " };
        lines.push(Line::from(cut(
            vec![Span::styled(mark, style), Span::styled(text, style)],
            room,
        )));
        for problem in calendar.problems.iter().take(MAX_LISTED) {
            let spans = vec![
                Span::styled("! ", theme.past()),
                Span::styled(format!("{}: {problem}", calendar.schedule), theme.text()),
            ];
            lines.push(Line::from(cut(spans, room)));
        }
    }
    lines
}
