//! The screen of noise: the checks whose alerts cried most in 30 days, and what they led to.

use chrono::TimeDelta;

use crate::backend::NoiseSearch;
use crate::backend::noise::MAX_NOISE_ROWS;
use crate::model::noise::{NoiseIncident, NoiseRow};
use crate::model::time::format_duration;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, detail, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::formatting::age;
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct NoiseScreen;

/// The window that is counted.
const WINDOW: TimeDelta = TimeDelta::days(30);

const REPORTS: &str = "REPORTS";
const INCIDENTS: &str = "INC";
const LED: &str = "LED";
const NOISE: &str = "NOISE";
const SPENT: &str = "TIME";
const LAST: &str = "LAST";
const SOURCE: &str = "SENDER";
const CHECK: &str = "CHECK";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(REPORTS, 7, 0),
            ColumnSpec::new(INCIDENTS, 5, 0),
            ColumnSpec::new(LED, 5, 0),
            ColumnSpec::new(NOISE, 5, MEDIUM),
            ColumnSpec::new(SPENT, 7, MEDIUM),
            ColumnSpec::new(LAST, 6, 50),
            ColumnSpec::new(SOURCE, 14, WIDE),
            ColumnSpec::fill(CHECK),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[NoiseRow] {
    match &screen.data {
        ScreenData::Noise(report) => &report.rows,
        _ => &[],
    }
}

fn spent(row: &NoiseRow) -> String {
    format_duration(TimeDelta::seconds(row.spent_s))
}

fn label(incident: &NoiseIncident) -> String {
    let number = incident.number.map_or_else(|| "new".to_owned(), |number| number.to_string());
    format!("{number} {}", one_line(&incident.title))
}

fn text(app: &App, row: &NoiseRow) -> String {
    [
        one_line(&row.check),
        one_line(&row.source),
        format!("{} reports", row.reports),
        format!("{} incidents", row.incidents),
        format!("{}% led to something", row.led_percent()),
        format!("{} marked as noise", row.noise),
        format!("{} spent", spent(row)),
        format!("last {} ago", age(row.last_at, app.backend_now())),
    ]
    .join("  ")
}

fn rank(number: u64) -> Rank {
    Rank::Number(i64::try_from(number).map_or(i64::MIN, |number| -number))
}

impl ScreenLogic for NoiseScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["sender", "check"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["most reports first", "most incidents first", "least led to first", "most time first"]
    }

    fn request(&self, app: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        let to = app.backend_now();
        let limit = limit.clamp(1, MAX_NOISE_ROWS);
        Some(ScreenRequest::Noise(NoiseSearch { from: to - WINDOW, to, limit }))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, row): (usize, &NoiseRow)| {
            let latest: Vec<String> = row.latest.iter().map(label).collect();
            ListItem {
                key: format!("{}\n{}", row.source, row.check),
                index,
                text: format!("{} {} {}", row.check, row.source, latest.join(" ")),
                terms: vec![("sender", row.source.clone()), ("check", row.check.clone())],
                ranks: vec![
                    rank(row.reports),
                    rank(row.incidents),
                    Rank::Number(i64::try_from(row.led_percent()).unwrap_or(i64::MAX)),
                    Rank::Number(-row.spent_s),
                ],
                section: None,
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, _: &App, screen: &ListScreen) -> Vec<String> {
        let mut about = vec!["30 days".to_owned()];
        let noise: u64 = rows(screen).iter().map(|row| row.noise).sum();
        if noise > 0 {
            about.push(format!("{noise} marked as noise"));
        }
        if matches!(&screen.data, ScreenData::Noise(report) if report.is_partial) {
            about.push("the latest alerts alone".to_owned());
        }
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
        let Some(row) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let style = if row.led == 0 { theme.near() } else { theme.text() };
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(REPORTS, row.reports.to_string(), theme.strong()),
                Cell::new(INCIDENTS, row.incidents.to_string(), theme.text()),
                Cell::new(LED, format!("{}%", row.led_percent()), style),
                Cell::new(NOISE, row.noise.to_string(), theme.text()),
                Cell::new(SPENT, spent(row), theme.text()),
                Cell::new(LAST, age(row.last_at, app.backend_now()), theme.dim()),
                Cell::new(SOURCE, one_line(&row.source), theme.dim()),
                Cell::new(CHECK, one_line(&row.check), theme.text()),
            ],
        )];
        if screen.is_expanded(item) {
            lines.extend(detail(app, "Sender", &row.source, width));
            let alerts = format!("{} of {} incidents", row.alerts, row.incidents);
            lines.extend(detail(app, "Alerts", &alerts, width));
            let led = format!(
                "{} led to something, {} marked as noise, {} no incident",
                row.led, row.noise, row.reclassified
            );
            lines.extend(detail(app, "Incidents", &led, width));
            for incident in &row.latest {
                lines.extend(detail(app, "Incident", &label(incident), width));
            }
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No check passes the filter.".into()
        } else {
            "No alert was reported in 30 days.".into()
        }
    }

    /// Shows the details. Where they are shown, the latest incident is opened.
    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let latest = rows(screen).get(item.index).and_then(|row| row.latest.first());
        match latest {
            Some(incident) if screen.is_expanded(item) => Entered::Incident(incident.id),
            _ => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(row) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|row| text(app, row)).collect();
        vec![
            CopyText { key: 't', what: "this check", text: text(app, row) },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
