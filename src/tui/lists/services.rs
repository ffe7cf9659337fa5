//! The screen of services that incidents, alerts or changes name and the directory does not have.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::model::time::format_ago;
use crate::model::unknown_service::UnknownService;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, WIDE, one_line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::table::{Column, RowContext, TableScreen, items_of};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ServicesScreen;

type Col = Column<UnknownService>;

fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns the number of the last incident that names a service.
fn last_incident(service: &UnknownService) -> String {
    service.last_incident.map(|number| number.to_string()).unwrap_or_default()
}

fn team(service: &UnknownService) -> String {
    service.team.as_deref().map(one_line).unwrap_or_default()
}

fn item(service: &UnknownService) -> ListItem {
    let mut terms = vec![("service", service.name.clone())];
    terms.extend(service.team.iter().map(|team| ("team", team.clone())));
    terms.extend(service.sources.iter().map(|source| ("source", source.clone())));
    let incidents = i64::try_from(service.incidents).unwrap_or(i64::MAX);
    ListItem {
        key: service.name.clone(),
        text: format!("{} {}", service.name, service.sources.join(" ")),
        terms,
        ranks: vec![
            Rank::latest_first(Some(service.last_at)),
            Rank::Number(-incidents),
            Rank::text(&service.name),
        ],
        ..ListItem::default()
    }
}

impl TableScreen for ServicesScreen {
    type Row = UnknownService;

    const TERMS: &'static [&'static str] = &["service", "team", "source"];
    const ORDERS: &'static [&'static str] = &["latest first", "most incidents first", "by name"];
    const COLUMNS: &'static [Col] = &[
        Col::fill("SERVICE", |of| of.plain(one_line(&of.row.name))),
        Col::new("INC", 5, |of| of.plain(of.row.incidents.to_string())).right(),
        Col::new("ALERTS", 7, |of| of.dim(of.row.alerts.to_string())).from(MEDIUM).right(),
        Col::new("CHANGES", 7, |of| of.dim(of.row.changes.to_string())).from(MEDIUM).right(),
        Col::new("LAST", 16, |of| of.dim(time(of.app, of.row.last_at))).from(46),
        Col::new("LAST INC", NUMBER_WIDTH, |of| of.dim(last_incident(of.row))).from(WIDE),
        Col::new("TEAM", OWNER_WIDTH, |of| of.dim(team(of.row))).from(WIDE),
        Col::new("SOURCE", 18, |of| of.dim(one_line(&of.row.sources.join(", ")))).from(MEDIUM),
    ];
    const COPIED: &'static str = "this service";
    const BULLET: &'static str = "- ";
    const EMPTY: &'static str =
        "Every service that incidents, alerts or changes name is in the directory.";

    fn request(_: &App, _: &ListScreen, _: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Services)
    }

    fn rows(screen: &ListScreen) -> &[UnknownService] {
        match &screen.data {
            ScreenData::Services(rows) => rows,
            _ => &[],
        }
    }

    fn items(_: &App, rows: &[UnknownService]) -> Vec<ListItem> {
        items_of(rows, item)
    }

    fn about(app: &App, _: &ListScreen) -> Vec<String> {
        vec!["not in the directory".into(), app.clock().name_at(app.backend_now())]
    }

    fn details(of: &RowContext<'_, UnknownService>) -> Vec<(Cow<'static, str>, String)> {
        let (app, service) = (of.app, of.row);
        let ago = format_ago(service.last_at, app.backend_now());
        vec![
            ("First".into(), time(app, service.first_at)),
            ("Last".into(), format!("{} ({ago})", time(app, service.last_at))),
            ("Last incident".into(), last_incident(service)),
            ("Its team".into(), team(service)),
            ("Reported by".into(), service.sources.join(", ")),
        ]
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
}
