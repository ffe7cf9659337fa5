//! The screen of changes: planned ones, those that run, and those that ran.

use chrono::{DateTime, Utc};

use crate::backend::lists::ChangeSearch;
use crate::model::change::{Change, ChangeState};
use crate::model::time::format_duration;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, OWNER_WIDTH, WIDE, detail, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ChangesScreen;

const STARTS: &str = "STARTS";
const TOOK: &str = "TOOK";
const STATE: &str = "STATE";
const KIND: &str = "KIND";
const TITLE: &str = "CHANGE";
const SERVICES: &str = "SERVICES";
const BY: &str = "BY";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(STARTS, 16, 0),
            ColumnSpec::new(STATE, 11, 40),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(SERVICES, 22, MEDIUM),
            ColumnSpec::new(KIND, 11, WIDE),
            ColumnSpec::new(TOOK, 6, WIDE).right(),
            ColumnSpec::new(BY, OWNER_WIDTH, WIDE),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[Change] {
    match &screen.data {
        ScreenData::Changes(rows) => rows,
        _ => &[],
    }
}

fn start(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns how long a change took, or has taken so far.
fn took(change: &Change, now: DateTime<Utc>) -> String {
    match change.ends_at {
        Some(end) => format_duration(end - change.starts_at),
        None if change.state == ChangeState::Running && now > change.starts_at => {
            format_duration(now - change.starts_at)
        }
        None => String::new(),
    }
}

/// Returns the services that a change touches; those that the directory does not have are marked.
fn services(app: &App, change: &Change) -> String {
    let labels: Vec<_> = change.services.iter().map(|name| app.service_label(name)).collect();
    one_line(&labels.join(", "))
}

/// Returns the part of the list that a change belongs to.
fn section(change: &Change, now: DateTime<Utc>) -> &'static str {
    match change.state {
        _ if change.starts_at > now => "Planned",
        ChangeState::Planned => "Planned, and not begun",
        ChangeState::Running if change.ends_at.is_none() => "Running",
        _ => "Ended",
    }
}

fn text(app: &App, change: &Change) -> String {
    format!(
        "{} {} {} ({}, {}) by {}",
        start(app, change.starts_at),
        change.kind,
        one_line(&change.title),
        change.state,
        one_line(&change.services.join(", ")),
        one_line(change.by.name())
    )
}

impl ScreenLogic for ChangesScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["service", "state", "kind", "by"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["latest first", "by service", "by title"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Changes(ChangeSearch::first(limit)))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let now = app.backend_now();
        let item = |(index, change): (usize, &Change)| {
            let mut terms = vec![
                ("state", change.state.to_string()),
                ("kind", change.kind.to_string()),
                ("by", change.by.name().to_owned()),
            ];
            terms.extend(change.by.person().map(|person| ("by", person.handle.clone())));
            terms.extend(change.services.iter().map(|service| ("service", service.clone())));
            // Sections stand together: running ones come between planned and ended ones.
            let part = match section(change, now) {
                "Planned" => 0,
                "Planned, and not begun" => 1,
                "Running" => 2,
                _ => 3,
            };
            let latest =
                Rank::Number((part << 44) - change.starts_at.timestamp().clamp(0, (1 << 43) - 1));
            ListItem {
                key: change.id.to_string(),
                index,
                text: format!(
                    "{} {} {}",
                    change.title,
                    change.services.join(" "),
                    change.by.name()
                ),
                terms,
                ranks: vec![
                    latest,
                    change.services.first().map_or(Rank::Last, |service| Rank::text(service)),
                    Rank::text(&change.title),
                ],
                section: Some(section(change, now).into()),
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let now = app.backend_now();
        let running =
            rows(screen).iter().filter(|change| section(change, now) == "Running").count();
        let mut about = Vec::new();
        if running > 0 {
            about.push(format!("{running} running"));
        }
        about.push(app.clock().name_at(now));
        about
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
        let Some(change) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let state = match change.state {
            ChangeState::Running => theme.near(),
            ChangeState::Failed | ChangeState::RolledBack => theme.past(),
            _ => theme.dim(),
        };
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(STARTS, start(app, change.starts_at), theme.dim()),
                Cell::new(STATE, change.state.to_string(), state),
                Cell::new(TITLE, one_line(&change.title), theme.text()),
                Cell::new(SERVICES, services(app, change), theme.text()),
                Cell::new(KIND, change.kind.to_string(), theme.dim()),
                Cell::new(TOOK, took(change, app.backend_now()), theme.dim()),
                Cell::new(BY, one_line(change.by.name()), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            let end = change.ends_at.map_or_else(|| "not reported".into(), |end| start(app, end));
            for (name, text) in [
                ("State", change.state.to_string()),
                ("Kind", change.kind.to_string()),
                ("Services", services(app, change)),
                ("By", change.by.name().to_owned()),
                ("End", end),
                ("Page", change.url.clone().unwrap_or_default()),
            ] {
                lines.extend(detail(app, name, &text, width));
            }
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No change passes the filter.".into()
        } else {
            "No changes were recorded. GitHub, GitLab and CI send theirs to the API, and `redphone \
             change start` records one: `redphone help github`."
                .into()
        }
    }

    fn enter(&self, _: &App, _: &ListScreen, _: &ListItem) -> Entered {
        Entered::Details
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(change) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|change| format!("- {}", text(app, change))).collect();
        vec![
            CopyText { key: 't', what: "this change", text: text(app, change) },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
