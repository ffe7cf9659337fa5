//! `oncall`: prints who is called for each team, level by level, and who is next.

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cli::args::Oncall;
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure, output_failed};
use crate::cli::json;
use crate::cli::out::{self, Out, Style, StyledLine};
use crate::cli::session::{OldestRead, open_to_read};
use crate::model::PersonRef;
use crate::model::calendar::calendar;
use crate::model::coverage::{CoverageLine, Shift, TeamCoverage, coverage};
use crate::model::directory::Directory;
use crate::model::text::{SafeText, pad, width};
use crate::model::time::format_duration;

/// The greatest width of the names of teams.
const MAX_TEAM: usize = 24;

/// A shift, as `--json` prints it.
#[derive(Serialize)]
struct ShiftJson<'a> {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    person: Option<&'a PersonRef>,
    unknown_handle: Option<&'a str>,
    is_override: bool,
}

/// A level, as `--json` prints it.
#[derive(Serialize)]
struct LineJson<'a> {
    level: u8,
    after_s: Option<i64>,
    of_team: Option<&'a str>,
    /// Whether the level calls only one of its people, in turns.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_turns: bool,
    shifts: Vec<ShiftJson<'a>>,
}

/// A span of time in which nobody is called, as `--json` prints it.
#[derive(Serialize)]
struct GapJson {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// A team, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct TeamJson<'a> {
    team: &'a str,
    lines: Vec<LineJson<'a>>,
    gaps: Vec<GapJson>,
}

impl<'a> From<&'a TeamCoverage> for TeamJson<'a> {
    fn from(team: &'a TeamCoverage) -> Self {
        let shift = |shift: &'a Shift| ShiftJson {
            from: shift.from,
            to: shift.to,
            person: shift.person.as_ref(),
            unknown_handle: shift.unknown_handle.as_deref(),
            is_override: shift.is_override,
        };
        let line = |line: &'a CoverageLine| LineJson {
            level: line.level,
            after_s: line.after_s,
            of_team: line.of_team.as_deref(),
            by_turns: line.by_turns,
            shifts: line.shifts.iter().map(shift).collect(),
        };
        Self {
            team: &team.team,
            lines: team.lines.iter().map(line).collect(),
            gaps: team.gaps().into_iter().map(|(from, to)| GapJson { from, to }).collect(),
        }
    }
}

/// Prints who is on call.
pub async fn run(context: &mut Context, mut args: Oncall) -> Result<(), Failure> {
    args.teams.append(&mut args.team);
    let connection = open_to_read(&context.config).await?;
    let mut oldest = OldestRead::default();
    let directory = oldest.record(connection.reader.read_directory().await?);
    let at =
        args.at.map_or_else(|| connection.backend_now(), |time| time.at(connection.backend_now()));
    let now = connection.backend_now();
    let to = at.checked_add_signed(TimeDelta::days(args.days.into())).unwrap_or(at);
    connection.report_put_back().await;
    connection.report_staleness(oldest);
    connection.close().await;
    let mut teams = coverage(&directory, at, to);
    for name in &args.teams {
        if !teams.iter().any(|team| is_named(team, name)) {
            let all: Vec<&str> = teams.iter().map(|team| team.team.as_str()).collect();
            return Err(Failure::new(
                Exit::NotFound,
                format!(
                    "there is no team {:?}: {}",
                    SafeText::from(name),
                    if all.is_empty() {
                        "the directory has none".to_owned()
                    } else {
                        format!("the directory has {}", all.join(", "))
                    }
                ),
            ));
        }
    }
    if !args.teams.is_empty() {
        teams.retain(|team| args.teams.iter().any(|name| is_named(team, name)));
    }
    let out = &mut context.out;
    if args.ical {
        let person = args.person.as_deref().map(|handle| match handle {
            "me" => context.config.me.as_str(),
            handle => handle.trim_start_matches('@'),
        });
        let text = calendar(&teams, person, (at, to));
        let written = out.document_writer().write_all(text.as_bytes());
        return written.map_err(|error| output_failed(&error));
    }
    if args.json {
        for team in &teams {
            json::print(out, &TeamJson::from(team))?;
        }
        return Ok(());
    }
    if teams.is_empty() {
        out::print_hint("the directory has no teams: name them in the settings, or import them");
        return Ok(());
    }
    report_calendars(&directory, &teams, now);
    let widest = teams.iter().map(|team| width(&team.team)).max().unwrap_or(0).min(MAX_TEAM);
    for team in &teams {
        print_team(out, team, at, to, widest)?;
    }
    Ok(())
}

/// Reports on standard error which schedules use an outdated calendar.
fn report_calendars(directory: &Directory, teams: &[TeamCoverage], now: DateTime<Utc>) {
    for schedule in &directory.schedules {
        let is_shown = teams.iter().any(|team| team.team == schedule.team);
        let calendar = schedule.calendar.as_ref().filter(|calendar| calendar.is_old(now));
        let Some(calendar) = calendar.filter(|_| is_shown) else { continue };
        let since = calendar.as_of.map_or_else(
            || "was never read".to_owned(),
            |at| format!("was last read {} UTC", minute(at)),
        );
        let why = calendar.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let text =
            format!("the calendar of {} at {} {since}{why}", schedule.key(), calendar.source);
        out::print_hint(text);
    }
}

fn is_named(team: &TeamCoverage, name: &str) -> bool {
    team.team.to_lowercase() == name.to_lowercase()
}

fn print_team(
    out: &mut Out,
    team: &TeamCoverage,
    at: DateTime<Utc>,
    to: DateTime<Utc>,
    widest: usize,
) -> Result<(), Failure> {
    let mut name = team.team.as_str();
    for line in &team.lines {
        let lead = StyledLine::new(pad(std::mem::take(&mut name), widest), Style::Bold)
            .with(format!("  {}  ", pad(level_text(line), 14)), Style::Dim);
        let shift = line.at(at);
        let has_nobody = shift.is_none_or(|shift| shift.person.is_none());
        let style = if has_nobody && line.level == 1 { Style::Alarm } else { Style::Plain };
        let now = shift.map_or_else(|| "nobody".to_owned(), |shift| shift_text(shift, to));
        let next = line
            .next(at)
            .map_or_else(String::new, |next| format!("  then {}", shift_text(next, to)));
        let turns = if line.by_turns { "  by turns" } else { "" };
        let line = lead.with(now, style).with(turns, Style::Dim).with(next, Style::Dim);
        out.styled_line(&line)?;
    }
    for (from, until) in team.gaps() {
        let text = format!("nobody from {} to {}", minute(from), minute(until));
        let lead = StyledLine::new(" ".repeat(widest), Style::Plain);
        let lead = lead.with(format!("  {}  ", pad("gap", 14)), Style::Dim);
        out.styled_line(&lead.with(text, Style::Alarm))?;
    }
    Ok(())
}

/// Returns the level of a line, and the time after which it is called.
fn level_text(line: &CoverageLine) -> String {
    match line.after_s {
        Some(after) if after > 0 => {
            format!("level {} {}", line.level, format_duration(TimeDelta::seconds(after)))
        }
        _ => format!("level {}", line.level),
    }
}

/// Returns the person called in a shift, and its end. A shift that ends with the span continues
/// after it.
fn shift_text(shift: &Shift, to: DateTime<Utc>) -> String {
    let who = match (&shift.person, &shift.unknown_handle) {
        (Some(person), _) => person.name.clone(),
        (None, Some(handle)) => format!("nobody ({handle} is unknown)"),
        (None, None) => "nobody".to_owned(),
    };
    let stands_in = if shift.is_override { ", stands in" } else { "" };
    if shift.to >= to {
        return format!("{who}{stands_in}");
    }
    format!("{who}{stands_in} until {}", minute(shift.to))
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}
