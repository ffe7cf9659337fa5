//! The screen of noise: the checks with the most alerts in 30 days, and the results of these
//! alerts.

use std::borrow::Cow;

use chrono::TimeDelta;

use crate::backend::NoiseSearch;
use crate::backend::noise::MAX_NOISE_ROWS;
use crate::model::IncidentId;
use crate::model::noise::{NoiseIncident, NoiseRow};
use crate::model::time::format_duration;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, one_line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::formatting::age;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct NoiseScreen;

/// The window that is counted.
const WINDOW: TimeDelta = TimeDelta::days(30);

type Col = Column<NoiseRow>;

fn spent(row: &NoiseRow) -> String {
    format_duration(TimeDelta::seconds(row.spent_s))
}

fn label(incident: &NoiseIncident) -> String {
    let number = incident.number.map_or_else(|| "new".to_owned(), |number| number.to_string());
    format!("{number} {}", one_line(&incident.title))
}

fn rank(number: u64) -> Rank {
    Rank::Number(i64::try_from(number).map_or(i64::MIN, |number| -number))
}

/// Returns how many of the incidents led to something, in percent.
fn led_cell(of: &RowContext<'_, NoiseRow>) -> Content {
    let theme = of.app.ui.theme;
    let style = if of.row.led == 0 { theme.near() } else { theme.text() };
    styled(format!("{}%", of.row.led_percent()), style)
}

fn item(row: &NoiseRow) -> ListItem {
    let latest: Vec<String> = row.latest.iter().map(label).collect();
    ListItem {
        key: format!("{}\n{}", row.source, row.check),
        text: format!("{} {} {}", row.check, row.source, latest.join(" ")),
        terms: vec![("sender", row.source.clone()), ("check", row.check.clone())],
        ranks: vec![
            rank(row.reports),
            rank(row.incidents),
            Rank::Number(i64::try_from(row.led_percent()).unwrap_or(i64::MAX)),
            Rank::Number(-row.spent_s),
        ],
        ..ListItem::default()
    }
}

impl TableScreen for NoiseScreen {
    type Row = NoiseRow;

    const TERMS: &'static [&'static str] = &["sender", "check"];
    const ORDERS: &'static [&'static str] =
        &["most reports first", "most incidents first", "least led to first", "most time first"];
    const COLUMNS: &'static [Col] = &[
        Col::new("REPORTS", 7, |of| of.strong(of.row.reports.to_string())),
        Col::new("INC", 5, |of| of.plain(of.row.incidents.to_string())),
        Col::new("LED", 5, led_cell),
        Col::new("NOISE", 5, |of| of.plain(of.row.noise.to_string())).from(MEDIUM),
        Col::new("TIME", 7, |of| of.plain(spent(of.row))).from(MEDIUM),
        Col::new("LAST", 6, |of| of.dim(age(of.row.last_at, of.app.backend_now()))).from(50),
        Col::new("SENDER", 14, |of| of.dim(one_line(&of.row.source))).from(WIDE),
        Col::fill("CHECK", |of| of.plain(one_line(&of.row.check))),
    ];
    const COPIED: &'static str = "this check";
    const EMPTY: &'static str = "No alert was reported in 30 days.";

    fn request(app: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        let to = app.backend_now();
        let limit = limit.clamp(1, MAX_NOISE_ROWS);
        Some(ScreenRequest::Noise(NoiseSearch { from: to - WINDOW, to, limit }))
    }

    fn rows(screen: &ListScreen) -> &[NoiseRow] {
        match &screen.data {
            ScreenData::Noise(report) => &report.rows,
            _ => &[],
        }
    }

    fn items(_: &App, rows: &[NoiseRow]) -> Vec<ListItem> {
        items_of(rows, item)
    }

    fn about(_: &App, screen: &ListScreen) -> Vec<String> {
        let mut about = vec!["30 days".to_owned()];
        let noise: u64 = Self::rows(screen).iter().map(|row| row.noise).sum();
        if noise > 0 {
            about.push(format!("{noise} marked as noise"));
        }
        if matches!(&screen.data, ScreenData::Noise(report) if report.is_partial) {
            about.push("the latest alerts alone".to_owned());
        }
        about
    }

    fn details(of: &RowContext<'_, NoiseRow>) -> Vec<(Cow<'static, str>, String)> {
        let row = of.row;
        let alerts = format!("{} of {} incidents", row.alerts, row.incidents);
        let led = format!(
            "{} led to something, {} marked as noise, {} no incident",
            row.led, row.noise, row.reclassified
        );
        let mut details: Vec<(Cow<'static, str>, String)> = vec![
            ("Sender".into(), row.source.clone()),
            ("Alerts".into(), alerts),
            ("Incidents".into(), led),
        ];
        details.extend(row.latest.iter().map(|incident| ("Incident".into(), label(incident))));
        details
    }

    /// Returns the latest incident.
    fn incident(_: &App, row: &NoiseRow) -> Option<IncidentId> {
        row.latest.first().map(|incident| incident.id)
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
}
