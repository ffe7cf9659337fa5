//! The screen of services that incidents, alerts or changes name and the directory does not have.

use chrono::{DateTime, Utc};

use crate::model::time::format_ago;
use crate::model::unknown_service::UnknownService;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, WIDE, detail, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ServicesScreen;

const SERVICE: &str = "SERVICE";
const INCIDENTS: &str = "INC";
const ALERTS: &str = "ALERTS";
const CHANGES: &str = "CHANGES";
const LAST: &str = "LAST";
const INCIDENT: &str = "LAST INC";
const SOURCE: &str = "SOURCE";
const TEAM: &str = "TEAM";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::fill(SERVICE),
            ColumnSpec::new(INCIDENTS, 5, 0).right(),
            ColumnSpec::new(ALERTS, 7, MEDIUM).right(),
            ColumnSpec::new(CHANGES, 7, MEDIUM).right(),
            ColumnSpec::new(LAST, 16, 46),
            ColumnSpec::new(INCIDENT, NUMBER_WIDTH, WIDE),
            ColumnSpec::new(TEAM, OWNER_WIDTH, WIDE),
            ColumnSpec::new(SOURCE, 18, MEDIUM),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[UnknownService] {
    match &screen.data {
        ScreenData::Services(rows) => rows,
        _ => &[],
    }
}

fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

fn text(app: &App, service: &UnknownService) -> String {
    format!(
        "{}: {} incidents, {} alerts, {} changes, last {} ({})",
        one_line(&service.name),
        service.incidents,
        service.alerts,
        service.changes,
        time(app, service.last_at),
        one_line(&service.sources.join(", "))
    )
}

impl ScreenLogic for ServicesScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["service", "team", "source"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["latest first", "most incidents first", "by name"]
    }

    fn request(&self, _: &App, _: &ListScreen, _: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Services)
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, service): (usize, &UnknownService)| {
            let mut terms = vec![("service", service.name.clone())];
            terms.extend(service.team.iter().map(|team| ("team", team.clone())));
            terms.extend(service.sources.iter().map(|source| ("source", source.clone())));
            let incidents = i64::try_from(service.incidents).unwrap_or(i64::MAX);
            ListItem {
                key: service.name.clone(),
                index,
                text: format!("{} {}", service.name, service.sources.join(" ")),
                terms,
                ranks: vec![
                    Rank::latest_first(Some(service.last_at)),
                    Rank::Number(-incidents),
                    Rank::text(&service.name),
                ],
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, app: &App, _: &ListScreen) -> Vec<String> {
        vec!["not in the directory".into(), app.clock().name_at(app.backend_now())]
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
        let Some(service) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let number = service.last_incident.map(|number| number.to_string()).unwrap_or_default();
        let team = service.team.as_deref().map(one_line).unwrap_or_default();
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(SERVICE, one_line(&service.name), theme.text()),
                Cell::new(INCIDENTS, service.incidents.to_string(), theme.text()),
                Cell::new(ALERTS, service.alerts.to_string(), theme.dim()),
                Cell::new(CHANGES, service.changes.to_string(), theme.dim()),
                Cell::new(LAST, time(app, service.last_at), theme.dim()),
                Cell::new(INCIDENT, number.clone(), theme.dim()),
                Cell::new(TEAM, team.clone(), theme.dim()),
                Cell::new(SOURCE, one_line(&service.sources.join(", ")), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            let ago = format_ago(service.last_at, app.backend_now());
            for (name, text) in [
                ("First", time(app, service.first_at)),
                ("Last", format!("{} ({ago})", time(app, service.last_at))),
                ("Last incident", number),
                ("Its team", team),
                ("Reported by", service.sources.join(", ")),
            ] {
                lines.extend(detail(app, name, &text, width));
            }
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No service passes the filter.".into()
        } else {
            "Every service that incidents, alerts or changes name is in the directory.".into()
        }
    }

    fn enter(&self, _: &App, _: &ListScreen, _: &ListItem) -> Entered {
        Entered::Details
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(service) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|service| format!("- {}", text(app, service))).collect();
        vec![
            CopyText { key: 't', what: "this service", text: text(app, service) },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
