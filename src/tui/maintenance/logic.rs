//! The screen of maintenance windows: which mute now, which will, which have ended, and the incidents
//! that are muted.

use chrono::{DateTime, Utc};

use crate::model::Summary;
use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow, WindowState, short_id};

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, detail, one_line};
use crate::tui::maintenance::rows;
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct MaintenanceScreen;

const FROM: &str = "FROM";
const UNTIL: &str = "UNTIL";
const MUTED: &str = "MUTED";
const TITLE: &str = "TITLE";
const ABOUT: &str = "MUTES";

/// The width of a day and a time of day, such as `03-01 22:31`.
const TIME_WIDTH: usize = 11;
const MUTED_WIDTH: usize = 5;
const ABOUT_WIDTH: usize = 34;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(FROM, TIME_WIDTH, 44),
            ColumnSpec::new(UNTIL, TIME_WIDTH, 0),
            ColumnSpec::new(MUTED, MUTED_WIDTH, MEDIUM).right(),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(ABOUT, ABOUT_WIDTH, WIDE),
        ],
        room,
    )
}

/// Returns a time in the viewer's zone.
fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%m-%d %H:%M").to_string()
}

fn exact_time(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    format!("{} {}", clock.local_time(at).format("%Y-%m-%d %H:%M"), clock.name_at(at))
}

/// Returns the open incidents that a window mutes.
fn muted<'a>(
    app: &'a App,
    window: &'a MaintenanceWindow,
) -> impl Iterator<Item = &'a Summary> + use<'a> {
    let rows = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    rows.filter(|row| row.mute().is_some_and(|mute| mute.window == window.id))
}

/// Returns the name of the part of the list in which a window is, and its rank.
fn part(window: &MaintenanceWindow, now: DateTime<Utc>) -> (i64, &'static str) {
    match window.state(now) {
        WindowState::Active(_) => (0, "Now"),
        WindowState::Planned(_) if window.recurrence.is_some() => (2, "Comes again"),
        WindowState::Planned(_) => (1, "Next"),
        WindowState::Ended => (3, "Ended"),
    }
}

/// Returns everything about a window in a line.
fn text(app: &App, window: &MaintenanceWindow) -> String {
    let now = app.backend_now();
    let occurrence = window.shown_occurrence(now);
    let mut facts = vec![
        part(window, now).1.to_lowercase(),
        format!("{} to {}", exact_time(app, occurrence.from), exact_time(app, occurrence.until)),
        one_line(&window.title),
        one_line(&window.filter.to_string()),
    ];
    facts.extend(window.recurrence.as_ref().map(|recurrence| one_line(&recurrence.to_string())));
    facts.join("  ")
}

fn details(app: &App, window: &MaintenanceWindow, width: usize) -> Vec<Line<'static>> {
    let occurrence = window.shown_occurrence(app.backend_now());
    let mut lines = detail(app, "Mutes", &window.filter.to_string(), width);
    let span = format!(
        "from {} until {}",
        exact_time(app, occurrence.from),
        exact_time(app, occurrence.until)
    );
    lines.extend(detail(app, "Time", &span, width));
    if let Some(recurrence) = &window.recurrence {
        lines.extend(detail(app, "Again", &recurrence.to_string(), width));
    }
    if window.mutes_people {
        lines.extend(detail(app, "People", "what people report is muted as well", width));
    }
    let by = format!("{} {}", window.created_by.name(), exact_time(app, window.created_at));
    lines.extend(detail(app, "Created", &by, width));
    lines.extend(detail(app, "Comment", &window.comment, width));
    lines.extend(detail(app, "Id", &format!("{} ({})", short_id(window.id), window.id), width));
    for row in muted(app, window) {
        let text = format!("{} {}", row.priority, row.title);
        lines.extend(detail(app, &row.label(), &text, width));
    }
    lines
}

impl ScreenLogic for MaintenanceScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "service", "team", "label"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["now first", "by begin", "by title"]
    }

    fn request(&self, app: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        let now = app.backend_now();
        Some(ScreenRequest::Maintenance(MaintenanceSearch { ended: true, limit, now }))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let now = app.backend_now();
        let rows = rows(screen);
        let count_in = |name| rows.iter().filter(|window| part(window, now).1 == name).count();
        let item = |(index, window): (usize, &MaintenanceWindow)| {
            let (rank, name) = part(window, now);
            let occurrence = window.shown_occurrence(now);
            let mut terms = vec![("state", name.to_lowercase())];
            let filter = &window.filter;
            terms.extend(filter.services.iter().map(|one| ("service", one.clone())));
            terms.extend(filter.teams.iter().map(|one| ("team", one.clone())));
            terms.extend(filter.labels.iter().map(|one| ("label", one.to_string())));
            // What has ended last comes first, what begins next as well.
            let time = occurrence.from.timestamp() / 60;
            let time = if rank == 3 { -time } else { time };
            ListItem {
                key: window.id.to_string(),
                index,
                text: format!("{} {} {}", window.title, window.filter, window.comment),
                terms,
                ranks: vec![
                    Rank::Number(rank * (1 << 40) + time),
                    Rank::Number(occurrence.from.timestamp()),
                    Rank::text(&window.title),
                ],
                section: Some(format!("{name} · {}", count_in(name))),
                ..ListItem::default()
            }
        };
        rows.iter().enumerate().map(item).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let now = app.backend_now();
        let active = rows(screen).iter().filter(|window| part(window, now).0 == 0);
        let muted: usize = active.clone().map(|window| muted(app, window).count()).sum();
        let counts = [(active.count(), "now"), (muted, "muted")];
        let shown = counts.into_iter().filter(|(count, _)| *count > 0);
        shown.map(|(count, text)| format!("{count} {text}")).collect()
    }

    fn heading(&self, app: &App, _: &ListScreen, width: usize) -> Vec<Line<'static>> {
        vec![heading(&columns(width), app.ui.theme.dim())]
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(window) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let now = app.backend_now();
        let occurrence = window.shown_occurrence(now);
        let style = match window.state(now) {
            WindowState::Active(_) => theme.strong(),
            WindowState::Planned(_) => theme.text(),
            WindowState::Ended => theme.dim(),
        };
        let count = muted(app, window).count();
        let count = if count == 0 { String::new() } else { count.to_string() };
        let again = if window.recurrence.is_some() { "↻ " } else { "" };
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(FROM, time(app, occurrence.from), theme.dim()),
                Cell::new(UNTIL, time(app, occurrence.until), style),
                Cell::new(MUTED, count, theme.strong()),
                Cell::new(TITLE, format!("{again}{}", one_line(&window.title)), style),
                Cell::new(ABOUT, one_line(&window.filter.to_string()), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            lines.extend(details(app, window, width));
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No maintenance window passes the filter.".into()
        } else {
            "There are no maintenance windows: `redphone maintenance add` creates one, and so does a \
             silence of amtool."
                .into()
        }
    }

    /// Shows the details. Where they are shown, the first incident that is muted is opened.
    fn enter(&self, app: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let window = rows(screen).get(item.index).filter(|_| screen.is_expanded(item));
        let incident = window.and_then(|window| muted(app, window).next());
        incident.map_or(Entered::Details, |row| Entered::Incident(row.id))
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(window) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|window| text(app, window)).collect();
        vec![
            CopyText { key: 't', what: "this window", text: text(app, window) },
            CopyText { key: 'i', what: "its id", text: window.id.to_string() },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
