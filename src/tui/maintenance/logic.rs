//! The screen of maintenance windows: which mute now, which will, which have ended, and the incidents
//! that are muted.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow, WindowState, short_id};
use crate::model::{IncidentId, Summary};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, one_line};
use crate::tui::maintenance::rows;
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenRequest};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct MaintenanceScreen;

type Col = Column<MaintenanceWindow>;

/// The width of a day and a time of day, such as `03-01 22:31`.
const TIME_WIDTH: usize = 11;
const MUTED_WIDTH: usize = 5;
const ABOUT_WIDTH: usize = 34;

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

/// Returns the end of the time that is shown of a window.
fn until_cell(of: &RowContext<'_, MaintenanceWindow>) -> Content {
    let until = of.row.shown_occurrence(of.app.backend_now()).until;
    styled(time(of.app, until), style(of))
}

fn muted_cell(of: &RowContext<'_, MaintenanceWindow>) -> Content {
    match muted(of.app, of.row).count() {
        0 => Content::new(),
        count => of.strong(count.to_string()),
    }
}

fn title_cell(of: &RowContext<'_, MaintenanceWindow>) -> Content {
    let again = if of.row.recurrence.is_some() { "↻ " } else { "" };
    styled(format!("{again}{}", one_line(&of.row.title)), style(of))
}

/// Returns the style of a window by whether it mutes now.
fn style(of: &RowContext<'_, MaintenanceWindow>) -> Style {
    let theme = of.app.ui.theme;
    match of.row.state(of.app.backend_now()) {
        WindowState::Active(_) => theme.strong(),
        WindowState::Planned(_) => theme.text(),
        WindowState::Ended => theme.dim(),
    }
}

fn item(app: &App, rows: &[MaintenanceWindow], window: &MaintenanceWindow) -> ListItem {
    let now = app.backend_now();
    let (rank, name) = part(window, now);
    let in_part = rows.iter().filter(|window| part(window, now).1 == name).count();
    let occurrence = window.shown_occurrence(now);
    let mut terms = vec![("state", name.to_lowercase())];
    let filter = &window.filter;
    terms.extend(filter.services.iter().map(|one| ("service", one.clone())));
    terms.extend(filter.teams.iter().map(|one| ("team", one.clone())));
    terms.extend(filter.labels.iter().map(|one| ("label", one.to_string())));
    // The last ended one comes first, and so does the next one to begin.
    let time = occurrence.from.timestamp() / 60;
    let time = if rank == 3 { -time } else { time };
    ListItem {
        key: window.id.to_string(),
        text: format!("{} {} {}", window.title, window.filter, window.comment),
        terms,
        ranks: vec![
            Rank::Number(rank * (1 << 40) + time),
            Rank::Number(occurrence.from.timestamp()),
            Rank::text(&window.title),
        ],
        section: Some(format!("{name} · {in_part}")),
        ..ListItem::default()
    }
}

impl TableScreen for MaintenanceScreen {
    type Row = MaintenanceWindow;

    const TERMS: &'static [&'static str] = &["state", "service", "team", "label"];
    const ORDERS: &'static [&'static str] = &["now first", "by begin", "by title"];
    const COLUMNS: &'static [Col] = &[
        Col::new("FROM", TIME_WIDTH, |of| {
            of.dim(time(of.app, of.row.shown_occurrence(of.app.backend_now()).from))
        })
        .from(44),
        Col::new("UNTIL", TIME_WIDTH, until_cell),
        Col::new("MUTED", MUTED_WIDTH, muted_cell).from(MEDIUM).right(),
        Col::fill("TITLE", title_cell),
        Col::new("MUTES", ABOUT_WIDTH, |of| of.dim(one_line(&of.row.filter.to_string())))
            .from(WIDE),
    ];
    const COPIED: &'static str = "this window";
    const EMPTY: &'static str = "There are no maintenance windows, nor silences of amtool";
    const EMPTY_ACTIONS: &'static [(Action, &'static str)] =
        &[(Action::NewMaintenance, "creates one")];

    fn request(app: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        let now = app.backend_now();
        Some(ScreenRequest::Maintenance(MaintenanceSearch { ended: true, limit, now }))
    }

    fn rows(screen: &ListScreen) -> &[MaintenanceWindow] {
        rows(screen)
    }

    fn items(app: &App, rows: &[MaintenanceWindow]) -> Vec<ListItem> {
        items_of(rows, |window| item(app, rows, window))
    }

    fn about(app: &App, screen: &ListScreen) -> Vec<String> {
        let now = app.backend_now();
        let active = rows(screen).iter().filter(|window| part(window, now).0 == 0);
        let muted: usize = active.clone().map(|window| muted(app, window).count()).sum();
        let counts = [(active.count(), "now"), (muted, "muted")];
        let shown = counts.into_iter().filter(|(count, _)| *count > 0);
        shown.map(|(count, text)| format!("{count} {text}")).collect()
    }

    fn details(of: &RowContext<'_, MaintenanceWindow>) -> Vec<(Cow<'static, str>, String)> {
        let RowContext { app, row: window, .. } = *of;
        let occurrence = window.shown_occurrence(app.backend_now());
        let (from, until) = (exact_time(app, occurrence.from), exact_time(app, occurrence.until));
        let again = window.recurrence.as_ref().map(ToString::to_string).unwrap_or_default();
        let people = if window.mutes_people { "what people report is muted as well" } else { "" };
        let by = format!("{} {}", window.created_by.name(), exact_time(app, window.created_at));
        let mut details: Vec<(Cow<'static, str>, String)> = vec![
            ("Mutes".into(), window.filter.to_string()),
            ("Time".into(), format!("from {from} until {until}")),
            ("Again".into(), again),
            ("People".into(), people.to_owned()),
            ("Created".into(), by),
            ("Comment".into(), window.comment.clone()),
            ("Id".into(), format!("{} ({})", short_id(window.id), window.id)),
        ];
        let muted = muted(app, window);
        details.extend(
            muted.map(|row| (row.label().into(), format!("{} {}", row.priority, row.title))),
        );
        details
    }

    /// Returns the first incident that is muted.
    fn incident(app: &App, window: &MaintenanceWindow) -> Option<IncidentId> {
        muted(app, window).next().map(|row| row.id)
    }

    fn text(app: &App, window: &MaintenanceWindow) -> String {
        let now = app.backend_now();
        let occurrence = window.shown_occurrence(now);
        let mut facts = vec![
            part(window, now).1.to_lowercase(),
            format!(
                "{} to {}",
                exact_time(app, occurrence.from),
                exact_time(app, occurrence.until)
            ),
            one_line(&window.title),
            one_line(&window.filter.to_string()),
        ];
        facts
            .extend(window.recurrence.as_ref().map(|recurrence| one_line(&recurrence.to_string())));
        facts.join("  ")
    }

    fn parts(window: &MaintenanceWindow) -> Vec<CopyText> {
        vec![CopyText { key: 'i', what: "its id", text: window.id.to_string() }]
    }
}
