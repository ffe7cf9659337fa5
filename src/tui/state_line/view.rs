//! The state line, first on the screen: workspace, connection, counts of incidents, time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::Priority;
use crate::model::maintenance::WindowState;
use crate::model::storm::Storm;
use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::core::freshness::Freshness;
use crate::tui::core::zone::{Clock, Zone};
use crate::tui::widgets::formatting::{retry_text, short_duration, wrong_clock};
use crate::tui::widgets::text::{Line, Span, draw_line};

/// How much the state line shows, so that it fits the width.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    /// Shows all that the state line can show.
    Full,
    /// Also without the program's name, and without UTC where other times are local.
    Wide,
    /// Also without who is on call.
    Middle,
    /// Also with short words instead of long ones.
    Small,
    /// Also without the clock.
    Less,
    /// Also without the workspace's name.
    Least,
    /// Also without the number of unacknowledged incidents.
    Tiny,
    /// With the two highest priorities only.
    Bare,
}

const VERBOSITIES: [Verbosity; 8] = [
    Verbosity::Full,
    Verbosity::Wide,
    Verbosity::Middle,
    Verbosity::Small,
    Verbosity::Less,
    Verbosity::Least,
    Verbosity::Tiny,
    Verbosity::Bare,
];

pub(in crate::tui) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let storm = storm(app);
    let (mut left, mut middle, mut right) = parts(app, storm.as_ref(), Verbosity::Bare);
    for verbosity in VERBOSITIES {
        let candidate = parts(app, storm.as_ref(), verbosity);
        let gaps = if verbosity >= Verbosity::Less { 1 } else { 4 };
        if candidate.0.width() + candidate.1.width() + candidate.2.width() + gaps <= width {
            (left, middle, right) = candidate;
            break;
        }
    }
    draw_line(&left, area, buffer);
    let free = width.saturating_sub(left.width() + middle.width() + right.width());
    let x = area.x + u16::try_from(left.width() + (free / 2).max(1)).unwrap_or(0);
    draw_line(&middle, Rect { x, width: area.right().saturating_sub(x), ..area }, buffer);
    if right.width() > 0 {
        let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(0));
        draw_line(&right, Rect { x, width: area.right().saturating_sub(x), ..area }, buffer);
    }
}

fn parts(
    app: &App,
    storm: Option<&Storm>,
    verbosity: Verbosity,
) -> (Line<'static>, Line<'static>, Line<'static>) {
    (left(app, verbosity), middle(app, verbosity), right(app, storm, verbosity))
}

/// Returns the storm that is on, if one is.
fn storm(app: &App) -> Option<Storm> {
    let snapshot = app.fetched.snapshot.as_ref()?;
    let rows = snapshot.rows.iter().map(|row| &**row);
    Storm::find(rows, &app.session.rules.storms, app.backend_now())
}

/// Returns the text about a storm.
fn storm_text(app: &App, storm: &Storm, verbosity: Verbosity) -> String {
    let since = app.clock().hh_mm(storm.since);
    match verbosity {
        Verbosity::Full | Verbosity::Wide | Verbosity::Middle => {
            format!("{} since {since}", storm.text())
        }
        Verbosity::Small => {
            format!("storm: {} alerts, {} inc since {since}", storm.alerts, storm.incidents)
        }
        Verbosity::Less | Verbosity::Least => {
            format!("storm {} alerts, {} inc", storm.alerts, storm.incidents)
        }
        Verbosity::Tiny => format!("storm {}", storm.incidents),
        Verbosity::Bare => "storm".to_owned(),
    }
}

fn left(app: &App, verbosity: Verbosity) -> Line<'static> {
    let mut line = Line::from(if verbosity < Verbosity::Tiny { " " } else { "" });
    if verbosity == Verbosity::Full {
        line.push_span(Span::styled("redphone", app.ui.theme.strong()));
        line.push_span("  ");
    }
    if verbosity < Verbosity::Least
        && let Some(name) = app.workspace_name()
    {
        line.push_span(truncate(name, 16).into_owned());
        line.push_span(" ");
    }
    if app.session.workspace.production {
        // Shown at every size: production must never be mistaken for another environment.
        let word = if verbosity < Verbosity::Middle { "PRODUCTION" } else { "PROD" };
        line.push_span(Span::styled(word, app.ui.theme.warning()));
        line.push_span(" ");
    }
    let (text, style) = freshness(app, verbosity);
    if style == app.ui.theme.good() {
        line.push_span(Span::styled("●", style));
        if verbosity < Verbosity::Least {
            line.push_span(Span::styled(format!(" {text}"), app.ui.theme.dim()));
        }
    } else {
        line.push_span(Span::styled(format!(" {text} "), style));
    }
    if app.inflight.outbox.as_ref().is_some_and(|outbox| outbox.remote.put_back.is_some()) {
        line.push_span(Span::styled(" PUT BACK", app.ui.theme.warning()));
    }
    let windows = active_windows(app);
    if windows > 0 && verbosity < Verbosity::Tiny {
        let word = if verbosity < Verbosity::Small { "maintenance" } else { "maint" };
        line.push_span(Span::styled(format!(" {windows} {word}"), app.ui.theme.near()));
    }
    if app.session.read_only {
        line.push_span(Span::styled(" READ-ONLY", app.ui.theme.warning()));
    }
    if let Some(offset) = app.connection.clock_offset {
        let text = format!(" {}", wrong_clock(offset, verbosity >= Verbosity::Less));
        line.push_span(Span::styled(text, app.ui.theme.warning()));
    }
    line
}

/// Returns how many maintenance windows mute now.
fn active_windows(app: &App) -> usize {
    let now = app.backend_now();
    let windows = app.fetched.directory.iter().flat_map(|directory| &directory.maintenance);
    windows.filter(|window| matches!(window.state(now), WindowState::Active(_))).count()
}

fn freshness(app: &App, verbosity: Verbosity) -> (String, Style) {
    match app.freshness() {
        Freshness::Loading => ("loading".into(), app.ui.theme.strong()),
        Freshness::Live => {
            let live = app.connection.capabilities.as_ref().is_none_or(|c| c.live);
            (if live { "live" } else { "polling" }.into(), app.ui.theme.good())
        }
        Freshness::Polling(every) => {
            let text = if verbosity < Verbosity::Least {
                format!("polling {} s", every.as_secs().max(1))
            } else {
                "polling".into()
            };
            (text, app.ui.theme.good())
        }
        Freshness::Stale(silent) => {
            (format!("stale {}", short_duration(silent)), app.ui.theme.alarm())
        }
        Freshness::Failing { since, retry_in, .. } if app.is_offline() => {
            let since = app.clock().hh_mm(since);
            let text = match verbosity {
                Verbosity::Full | Verbosity::Wide => {
                    format!("offline since {since} · {}", retry_text(app, retry_in))
                }
                verbosity if verbosity < Verbosity::Least => format!("offline since {since}"),
                _ => format!("offline {since}"),
            };
            (text, app.ui.theme.alarm())
        }
        Freshness::Failing { since, .. } => {
            let since = app.clock().hh_mm(since);
            let text = if verbosity < Verbosity::Least {
                format!("failing since {since}")
            } else {
                format!("fail {since}")
            };
            (text, app.ui.theme.alarm())
        }
    }
}

fn middle(app: &App, verbosity: Verbosity) -> Line<'static> {
    let counts = &app.queue.counts;
    let mut line = Line::default();
    let gap = if verbosity >= Verbosity::Small { " " } else { "   " };
    let shown = if verbosity == Verbosity::Bare { 2 } else { Priority::ALL.len() };
    for (priority, count) in Priority::ALL.iter().zip(counts.by_priority).take(shown) {
        if !line.spans.is_empty() {
            line.push_span(gap);
        }
        let style = if count > 0 { app.ui.theme.priority(*priority) } else { app.ui.theme.dim() };
        line.push_span(Span::styled(priority.as_str(), style));
        let style = if count > 0 { app.ui.theme.strong() } else { app.ui.theme.dim() };
        line.push_span(Span::styled(format!(" {count}"), style));
    }
    line.push_span(if verbosity >= Verbosity::Small { "  " } else { "      " });
    if verbosity < Verbosity::Tiny {
        let word = if verbosity >= Verbosity::Small { "unack" } else { "unacknowledged" };
        let style =
            if counts.unacknowledged > 0 { app.ui.theme.strong() } else { app.ui.theme.dim() };
        line.push_span(Span::styled(format!("{} {word}", counts.unacknowledged), style));
        line.push_span(gap);
    }
    let word = if verbosity >= Verbosity::Small { "past" } else { "past SLA" };
    if counts.past > 0 {
        let style = app.ui.theme.alarm().add_modifier(Modifier::BOLD);
        line.push_span(Span::styled(format!("{} {word}", counts.past), style));
    } else {
        line.push_span(Span::styled(format!("0 {word}"), app.ui.theme.dim()));
    }
    line
}

fn right(app: &App, storm: Option<&Storm>, verbosity: Verbosity) -> Line<'static> {
    let mut line = Line::default();
    if let Some(storm) = storm {
        let style = app.ui.theme.warning();
        line.push_span(Span::styled(storm_text(app, storm, verbosity), style));
        line.push_span(if verbosity >= Verbosity::Small { " " } else { "   " });
    }
    let paging = paging(app).filter(|_| verbosity < Verbosity::Bare);
    if verbosity >= Verbosity::Less {
        if let Some(paging) = paging {
            line.push_span(Span::styled(format!("{paging} "), app.ui.theme.near()));
        }
        return line;
    }
    if let Some(paging) = paging {
        line.push_span(Span::styled(paging, app.ui.theme.near()));
        line.push_span(if verbosity >= Verbosity::Small { "  " } else { "   " });
    }
    if verbosity < Verbosity::Middle
        && storm.is_none()
        && let Some((team, person)) = app.on_call()
    {
        let team = team.map(|team| format!("{} ", truncate(team, 14)));
        line.push_span(Span::styled(
            format!("on call {}", team.unwrap_or_default()),
            app.ui.theme.dim(),
        ));
        line.push_span(truncate(&person.name, 24).into_owned());
        if let Some(at) = app.fetched.directory_as_of.filter(|_| verbosity < Verbosity::Wide) {
            line.push_span(Span::styled(format!(" {}", app.as_of(at)), app.ui.theme.dim()));
        }
        line.push_span("   ");
    }
    // The clock is in the zone of all other times.
    let utc = app.now.format("%H:%M");
    let local = (app.ui.zone != Zone::Utc && app.ui.offset.local_minus_utc() != 0)
        .then(|| Clock::new(Zone::Viewer, app.ui.offset).hh_mm(app.now));
    if verbosity >= Verbosity::Small {
        line.push_span(local.map_or_else(|| format!("{utc}Z "), |local| format!("{local} local ")));
        return line;
    }
    let shows_utc = verbosity == Verbosity::Full || app.ui.zone == Zone::Both;
    match local {
        Some(local) if shows_utc => {
            line.push_span(format!("{utc} UTC "));
            line.push_span(Span::styled(format!("{local} local "), app.ui.theme.dim()));
        }
        Some(local) => line.push_span(format!("{local} local ")),
        None => line.push_span(format!("{utc} UTC ")),
    }
    line
}

/// Returns the people to whom a page is being sent, about the incident that is selected or read.
fn paging(app: &App) -> Option<String> {
    let people = app.notified.paged(app.target()?.id, app.backend_now());
    let first = truncate(&people.first()?.handle, 12).into_string();
    let more = people.len() - 1;
    Some(if more == 0 { format!("paging {first}") } else { format!("paging {first} +{more}") })
}
