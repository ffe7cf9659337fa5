//! The people on call, as text.

use std::fmt::Write;

use crate::model::coverage::{CoverageLine, TeamCoverage};

use crate::tui::core::app::App;
use crate::tui::oncall::times::day_time;

/// Describes the people whom a team calls now and next, a line for each level.
pub(in crate::tui) fn team_text(app: &App, team: &TeamCoverage) -> String {
    let mut text = team.team.clone();
    for line in &team.lines {
        let _ = write!(text, "\n  L{} {}", line.level, line_text(app, line));
    }
    text
}

fn line_text(app: &App, line: &CoverageLine) -> String {
    let (clock, now) = (app.clock(), app.backend_now());
    let name = |shift: Option<&crate::model::coverage::Shift>| {
        let person = shift.and_then(|shift| shift.person.as_ref());
        person.map_or_else(|| "nobody".to_owned(), |person| person.name.clone())
    };
    let present = line.at(now);
    let mut text = name(present);
    if let (Some(shift), Some(next)) = (present, line.next(now)) {
        let until = day_time(clock, shift.to, now);
        let _ =
            write!(text, " until {until} {}, then {}", clock.name_at(shift.to), name(Some(next)));
    }
    text
}
