//! The list of teams with the people whom they call.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::style::Style;

use crate::model::coverage::{CoverageLine, Shift, TeamCoverage, coverage, team_coverage};
use crate::model::directory::Directory;
use crate::model::text::{sanitize, width, wrap};
use crate::model::time::format_duration;

use crate::tui::core::app::App;
use crate::tui::oncall::copy::team_text;
use crate::tui::oncall::overrides;
use crate::tui::oncall::strip::{bars, labels, own_lines, strip_width};
use crate::tui::oncall::times::{DAYS, ahead, day_time, first_day, span, window};
use crate::tui::screens::ListScreen;
use crate::tui::screens::columns::{Cell, ColumnSpec, cut, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::widgets::formatting::pluralize;
use crate::tui::widgets::text::{Line, Span};

/// The highest level that is listed; the details of a team have all of them.
const LISTED_LEVELS: u8 = 2;
/// The width from which on the strip is shown next to the names.
const STRIP_FROM: usize = 70;
/// The width from which on the next person has a column.
const NEXT_FROM: usize = 100;
/// The most columns for a day.
const MAX_PER_DAY: usize = 10;
/// The maximum number of shifts, gaps and overrides that are listed in words.
const MAX_LISTED: usize = 12;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct OnCallScreen;

/// The columns at a width, and the number of columns for a day of the strip.
struct Columns {
    specs: Vec<ColumnSpec>,
    per_day: usize,
}

impl ScreenLogic for OnCallScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["team", "person", "service"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["as in the directory", "by team", "by the next change"]
    }

    fn has_steps(&self) -> bool {
        true
    }

    fn items(&self, app: &App, _screen: &ListScreen) -> Vec<ListItem> {
        let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
        if directory.schedules.is_empty() && directory.policies.is_empty() {
            return Vec::new();
        }
        let (from, to) = ahead(app);
        let teams = coverage(directory, from, to);
        (0_i64..).zip(&teams).map(|(index, team)| item(directory, team, index, from)).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
        let (from, to) = window(app, screen);
        let gaps: usize = coverage(directory, from, to).iter().map(|team| team.gaps().len()).sum();
        let mut about = Vec::new();
        if gaps > 0 && screen.total > 0 {
            about.push(pluralize(gaps as u64, "gap", "gaps"));
        }
        about.push(if screen.offset == 0 {
            "two weeks".to_owned()
        } else {
            format!("two weeks from {}", first_day(app, screen).format("%-d %b"))
        });
        about.push(app.clock().name_between(from, to));
        about.extend(app.fetched.directory_as_of.map(|at| app.as_of(at)));
        about
    }

    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let columns = columns(app, screen, width);
        let dim = app.ui.theme.dim();
        let mut lines = vec![heading(&columns.specs, dim)];
        if columns.per_day > 0 {
            let labels = labels(app, screen, columns.per_day);
            let mut labels = labels.into_iter();
            let cells = [TEAM, NOW, UNTIL, NEXT].map(|title| Cell::new(title, title, dim));
            let strip = Cell::of_spans(STRIP, labels.next().unwrap_or_default());
            lines = vec![line(&columns.specs, cells.into_iter().chain([strip]).collect())];
            lines.extend(
                labels.map(|label| line(&columns.specs, vec![Cell::of_spans(STRIP, label)])),
            );
        }
        lines
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(directory) = app.fetched.directory.as_deref() else {
            return vec![Line::default()];
        };
        let (from, to) = ahead(app);
        let present = team_coverage(directory, &item.key, from, to);
        let (from, to) = window(app, screen);
        let shown = team_coverage(directory, &item.key, from, to);
        let columns = columns(app, screen, width);
        let people = people(directory, &shown);
        let mut lines = Vec::new();
        let listed = present.lines.iter().zip(&shown.lines);
        for (index, (now, strip)) in listed.enumerate() {
            if index > 0 && now.level > LISTED_LEVELS {
                continue;
            }
            let first_of_level = index == 0 || present.lines[index - 1].level != now.level;
            lines.push(team_line(
                app,
                screen,
                &columns,
                &present.team,
                (now, strip),
                &people,
                (index == 0, first_of_level),
            ));
        }
        if screen.is_expanded(item) {
            if columns.per_day == 0
                && let Some(first) = shown.lines.first()
            {
                lines.extend(own_lines(app, screen, first, &people, width.saturating_sub(2)));
            }
            lines.extend(details(app, &shown, width));
            lines.extend(overrides::lines(app, directory, &item.key, width));
            lines.extend(called_now(app, &present, width));
        }
        // If there is room, teams are separated by a blank line.
        if stand_apart(app, screen) {
            lines.push(Line::default());
        }
        lines
    }

    fn footer(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
        let (from, to) = window(app, screen);
        let teams = coverage(directory, from, to);
        let shown = |team: &&TeamCoverage| screen.items.iter().any(|item| item.key == team.team);
        let mut lines = Vec::new();
        lines.extend(stand_ins(app, teams.iter().filter(shown), width));
        lines.extend(gaps(app, teams.iter().filter(shown), width));
        for team in teams.iter().filter(shown) {
            lines.extend(overrides::cover_lines(app, directory, &team.team, width));
            lines.extend(overrides::calendar_lines(app, directory, &team.team, width));
        }
        if !lines.is_empty() && !stand_apart(app, screen) {
            lines.insert(0, Line::default());
        }
        if let Some(item) = screen.selected_item().filter(|item| !screen.is_expanded(item)) {
            let (from, to) = ahead(app);
            let team = team_coverage(directory, &item.key, from, to);
            lines.extend(called_now(app, &team, width));
        }
        lines
    }

    fn empty_text(&self, app: &App, _screen: &ListScreen) -> String {
        match app.fetched.directory.as_deref() {
            None => "reading who is on call …".into(),
            Some(_) => "Nobody is on call: there are neither schedules nor escalation policies. \
                 Whoever runs the store or the API writes them into its settings, as [[schedules]] \
                 and [[policies]], or sets them by `redphone schedules set` and `redphone policies set`."
                .into(),
        }
    }

    fn enter(&self, _app: &App, _screen: &ListScreen, _item: &ListItem) -> Entered {
        Entered::Details
    }

    fn copies(&self, app: &App, _screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
        let (from, to) = ahead(app);
        let all = coverage(directory, from, to);
        let Some(item) = item else { return Vec::new() };
        let one = team_text(app, &team_coverage(directory, &item.key, from, to));
        let all: Vec<String> = all.iter().map(|team| team_text(app, team)).collect();
        vec![
            CopyText { key: 't', what: "this team", text: one },
            CopyText { key: 'a', what: "all teams", text: all.join("\n") },
        ]
    }
}

const TEAM: &str = "TEAM";
const LEVEL: &str = "";
const NOW: &str = "NOW";
const UNTIL: &str = "UNTIL";
const NEXT: &str = "NEXT";
const STRIP: &str = "WEEKS";

fn item(directory: &Directory, team: &TeamCoverage, index: i64, now: DateTime<Utc>) -> ListItem {
    let people = team.lines.iter().flat_map(|line| &line.shifts).filter_map(|s| s.person.as_ref());
    let mut terms = vec![("team", team.team.clone())];
    let mut text = team.team.clone();
    for person in people {
        let handle = ("person", person.handle.clone());
        if !terms.contains(&handle) {
            text.extend([" ", person.name.as_str(), " ", person.handle.as_str()]);
            terms.push(handle);
            terms.push(("person", person.name.clone()));
        }
    }
    for service in directory.services.iter().filter(|service| service.team == team.team) {
        text.extend([" ", service.name.as_str()]);
        terms.push(("service", service.name.clone()));
    }
    let change = team.lines.first().and_then(|line| line.next(now)).map(|next| next.from);
    let change = change.map_or(Rank::Last, |at| Rank::Number(at.timestamp_millis()));
    let ranks = vec![Rank::Number(index), Rank::text(&team.team), change];
    let key = team.team.clone();
    let index = usize::try_from(index).unwrap_or(0);
    ListItem { key, index, text, terms, ranks, ..ListItem::default() }
}

/// Returns whether there is room for a blank line between teams.
fn stand_apart(app: &App, screen: &ListScreen) -> bool {
    screen.items.len() * 3 + 16 <= usize::from(app.ui.size.1)
}

/// Returns the handles of all people of a team's lines: the index of one decides its colour.
fn people(directory: &Directory, team: &TeamCoverage) -> Vec<String> {
    let rotation = directory.schedules.iter().find(|schedule| schedule.team == team.team);
    let mut people: Vec<String> = rotation.map(|s| s.rotation.clone()).unwrap_or_default();
    for shift in team.lines.iter().flat_map(|line| &line.shifts) {
        if let Some(person) = shift.person.as_ref().filter(|p| !people.contains(&p.handle)) {
            people.push(person.handle.clone());
        }
    }
    people
}

fn columns(app: &App, screen: &ListScreen, room: usize) -> Columns {
    let directory = app.fetched.directory.as_deref();
    let longest = |names: &mut dyn Iterator<Item = &str>, most: usize| {
        names.map(width).max().unwrap_or(0).min(most)
    };
    let team = longest(&mut screen.items.iter().map(|item| item.key.as_str()), 14).max(4);
    let names = directory.map(|directory| &directory.people[..]).unwrap_or_default();
    let name = longest(&mut names.iter().map(|person| person.name.as_str()), 20).max(8);
    let days = usize::try_from(DAYS).unwrap_or(1);
    let mut specs = vec![
        ColumnSpec::new(TEAM, team, 0),
        ColumnSpec::new(LEVEL, 2, 0),
        ColumnSpec::new(NOW, name, 0),
        ColumnSpec::new(UNTIL, 9, 0),
        ColumnSpec::new(NEXT, name, NEXT_FROM),
    ];
    let shown = |specs: &[ColumnSpec]| {
        let shown = specs.iter().filter(|column| column.from <= room);
        shown.map(|column| column.width + 2).sum::<usize>()
    };
    let mut per_day = 0;
    if room >= STRIP_FROM {
        per_day = (room.saturating_sub(shown(&specs)) / days).min(MAX_PER_DAY);
        if per_day < 2 {
            // Long names give way to the strip.
            specs[2].width = 14;
            per_day = (room.saturating_sub(shown(&specs)) / days).min(MAX_PER_DAY);
        }
    }
    if per_day < 2 {
        per_day = 0;
        specs[2].width = 0;
    } else {
        specs.push(ColumnSpec::new(STRIP, strip_width(per_day), 0));
    }
    Columns { specs: fit(&specs, room), per_day }
}

fn team_line(
    app: &App,
    screen: &ListScreen,
    columns: &Columns,
    team: &str,
    (now, strip): (&CoverageLine, &CoverageLine),
    people: &[String],
    (is_first, starts_level): (bool, bool),
) -> Line<'static> {
    let theme = app.ui.theme;
    let (clock, at) = (app.clock(), app.backend_now());
    let shift = now.at(at);
    let style = if now.level == 1 { theme.strong() } else { theme.text() };
    let mut name = vec![person_span(app, shift, style)];
    if shift.is_some_and(|shift| shift.is_override) {
        name.insert(0, Span::styled("◆ ", theme.accent()));
    }
    if let Some(team) = &now.of_team {
        name.push(Span::styled(format!(" ({team})"), theme.dim()));
    }
    let next = now.next(at);
    let until = match (shift, next) {
        (Some(shift), Some(_)) => day_time(clock, shift.to, at),
        (Some(shift), None) if shift.person.is_some() => "always".into(),
        _ => String::new(),
    };
    let team = if is_first { sanitize(team).into_owned() } else { "".into() };
    let level = if starts_level { format!("L{}", now.level) } else { String::new() };
    let next = next.map_or_else(|| Span::raw(""), |next| person_span(app, Some(next), theme.dim()));
    let bars = bars(app, screen, strip, people, columns.per_day.max(1));
    line(
        &columns.specs,
        vec![
            Cell::new(TEAM, team, theme.strong()),
            Cell::new(LEVEL, level, theme.dim()),
            Cell::of_spans(NOW, name),
            Cell::new(UNTIL, until, theme.dim()),
            Cell::of_spans(NEXT, vec![next]),
            Cell::of_spans(STRIP, bars),
        ],
    )
}

fn person_span(app: &App, shift: Option<&Shift>, style: ratatui::style::Style) -> Span<'static> {
    match shift.and_then(|shift| shift.person.as_ref()) {
        Some(person) => Span::styled(sanitize(&person.name).into_owned(), style),
        None => Span::styled("nobody", app.ui.theme.past()),
    }
}

fn name_text(shift: &Shift) -> String {
    match (&shift.person, &shift.unknown_handle) {
        (Some(person), _) => person.name.clone(),
        (None, Some(handle)) => format!("nobody: {handle} is not in the directory"),
        (None, None) => "nobody".into(),
    }
}

/// Lists the shifts of the shown weeks.
fn details(app: &App, shown: &TeamCoverage, room: usize) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let Some(first) = shown.lines.first() else { return Vec::new() };
    let mut lines = Vec::new();
    for shift in first.shifts.iter().take(MAX_LISTED) {
        let style = if shift.person.is_none() { theme.past() } else { theme.text() };
        let span = span(app.clock(), shift.from, shift.to);
        let stands_in = if shift.is_override { " ◆ stands in" } else { "" };
        let spans = vec![
            Span::styled(format!("  {span:<26}"), theme.dim()),
            Span::styled(name_text(shift), style),
            Span::styled(stands_in, theme.dim()),
        ];
        lines.push(Line::from(cut(spans, room)));
    }
    if let Some(more) = first.shifts.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        lines.push(Span::styled(format!("  and {more} more"), theme.dim()).into());
    }
    lines
}

/// Lists who would be called for an incident that was reported now, level by level.
fn called_now(app: &App, team: &TeamCoverage, room: usize) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let heading = format!("Who would be called now, for an incident of {}", team.team);
    let mut lines = vec![Line::default()];
    let heading = wrap(heading, room).into_iter();
    lines.extend(heading.map(|part| Span::styled(part, theme.strong()).into()));
    for line in &team.lines {
        let after = match line.after_s {
            None | Some(0) => "at once".into(),
            Some(seconds) if seconds % 60 != 0 => {
                format!("+{}", format_duration(TimeDelta::try_seconds(seconds).unwrap_or_default()))
            }
            Some(seconds) => format!("+{} min", seconds / 60),
        };
        let shift = line.at(app.backend_now());
        let of_team = line.of_team.as_ref().map(|team| format!(" · on call for {team}"));
        let turns = if line.by_turns { " · by turns" } else { "" };
        let spans = vec![
            Span::styled(format!("  {after:>8}  "), theme.dim()),
            person_span(app, shift, theme.text()),
            Span::styled(
                format!(" · level {}{}{turns}", line.level, of_team.unwrap_or_default()),
                theme.dim(),
            ),
        ];
        lines.push(Line::from(cut(spans, room)));
    }
    lines
}

fn stand_ins<'a>(
    app: &App,
    teams: impl Iterator<Item = &'a TeamCoverage>,
    width: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let mut lines = Vec::new();
    for team in teams {
        let Some(first) = team.lines.first() else { continue };
        for shift in first.shifts.iter().filter(|shift| shift.is_override).take(MAX_LISTED) {
            let Some(person) = &shift.person else { continue };
            let span = span(app.clock(), shift.from, shift.to);
            let text = format!("{} stands in for {}: {span}", person.name, team.team);
            lines.extend(marked("◆ ", theme.accent(), &text, theme.dim(), width));
        }
    }
    lines
}

fn gaps<'a>(
    app: &App,
    teams: impl Iterator<Item = &'a TeamCoverage>,
    width: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let mut lines = Vec::new();
    for team in teams {
        let gaps = team.gaps();
        let Some((from, to)) = gaps.first().copied() else { continue };
        let whole = team.lines.first().is_some_and(|line| line.shifts.len() == 1);
        let text = if whole && gaps.len() == 1 {
            format!("{} has nobody at all: nobody is in its schedule", team.team)
        } else if gaps.len() == 1 {
            format!("{} has nobody {}", team.team, span(app.clock(), from, to))
        } else {
            let span = span(app.clock(), from, to);
            format!("{} has nobody {span} and {} more times", team.team, gaps.len() - 1)
        };
        lines.extend(marked("! ", theme.past(), &text, Style::new(), width));
    }
    lines
}

/// Returns a text with a mark before it, wrapped.
fn marked(
    mark: &'static str,
    mark_style: Style,
    text: &str,
    style: Style,
    room: usize,
) -> Vec<Line<'static>> {
    let mut start = Span::styled(mark, mark_style);
    let mut lines = Vec::new();
    for part in wrap(text, room.saturating_sub(2)) {
        lines.push(Line::from(vec![start, Span::styled(part, style)]));
        start = Span::raw("  ");
    }
    lines
}
