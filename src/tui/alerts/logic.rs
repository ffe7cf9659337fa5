//! The screen of the alerts of an incident: which of them fire, since when, and how often they were
//! reported.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::model::Summary;
use crate::model::alert::{Alert, count_text, short_names};

use crate::tui::alerts::{item_key, state_style};
use crate::tui::core::app::App;
use crate::tui::lists::shared::{WIDE, one_line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, styled};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct AlertsScreen;

/// The maximum number of alerts that are read: as many as an API returns in one answer.
pub(in crate::tui) const MAX_LISTED: u32 = 1000;

type Col = Column<Alert>;

const STATE_WIDTH: usize = 8;
const COUNT_WIDTH: usize = 5;
/// The width of a day and a time of day, such as `03-01 22:31`.
const TIME_WIDTH: usize = 11;
const SOURCE_WIDTH: usize = 14;

/// Returns the alerts that were read for the screen.
pub(in crate::tui) fn rows(screen: &ListScreen) -> &[Alert] {
    match &screen.data {
        ScreenData::Alerts(rows) => rows,
        _ => &[],
    }
}

/// Returns whether all alerts of the incident were read.
fn is_complete(alerts: &[Alert]) -> bool {
    u32::try_from(alerts.len()).is_ok_and(|count| count < MAX_LISTED)
}

/// Returns a time in the viewer's zone.
fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%m-%d %H:%M").to_string()
}

fn exact_time(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    format!("{} {}", clock.local_time(at).format("%Y-%m-%d %H:%M:%S"), clock.name_at(at))
}

fn labels(alert: &Alert) -> Vec<String> {
    alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Returns the name of an alert, behind its mark while some are selected.
fn name_cell(of: &RowContext<'_, Alert>) -> Content {
    let name = of.item.notes.first().map_or("", String::as_str);
    let marked = &of.screen.marked;
    let mark = match (marked.is_empty(), marked.contains(&of.item.key)) {
        (true, _) => "",
        (false, true) => "✓ ",
        (false, false) => "  ",
    };
    styled(format!("{mark}{name}"), style(of))
}

/// Returns the style of an alert by whether it fires.
fn style(of: &RowContext<'_, Alert>) -> Style {
    let theme = of.app.ui.theme;
    if of.row.is_firing() { theme.text() } else { theme.dim() }
}

impl TableScreen for AlertsScreen {
    type Row = Alert;

    const TERMS: &'static [&'static str] = &["state", "source", "label"];
    const ORDERS: &'static [&'static str] =
        &["firing first", "latest first", "most often first", "by name"];
    const COLUMNS: &'static [Col] = &[
        Col::new("STATE", STATE_WIDTH, |of| {
            styled(of.row.state.to_string(), state_style(of.app.ui.theme, of.row))
        }),
        Col::fill("ALERT", name_cell),
        Col::new("FROM", SOURCE_WIDTH, |of| of.dim(one_line(&of.row.source))).from(WIDE),
        Col::new("TIMES", COUNT_WIDTH, |of| styled(format!("×{}", of.row.count), style(of)))
            .from(44)
            .right(),
        Col::new("FIRST", TIME_WIDTH, |of| of.dim(time(of.app, of.row.first_at))).from(70),
        Col::new("LAST", TIME_WIDTH, |of| of.dim(time(of.app, of.row.last_at))).from(54),
    ];
    const COPIED: &'static str = "this alert";
    const EMPTY: &'static str = "It has no alerts: they come from monitoring systems, by the routes for \
         what they report.";

    fn request(_: &App, screen: &ListScreen, _: u32) -> Option<ScreenRequest> {
        screen.incident.map(|incident| ScreenRequest::Alerts(incident, MAX_LISTED))
    }

    fn rows(screen: &ListScreen) -> &[Alert] {
        rows(screen)
    }

    fn items(_: &App, rows: &[Alert]) -> Vec<ListItem> {
        let firing = rows.iter().filter(|alert| alert.is_firing()).count();
        let item = |((index, alert), name): ((usize, &Alert), String)| {
            let labels = labels(alert);
            let mut terms =
                vec![("state", alert.state.to_string()), ("source", alert.source.clone())];
            let text =
                format!("{} {} {} {}", alert.title, alert.state, alert.source, labels.join(" "));
            terms.extend(labels.into_iter().map(|label| ("label", label)));
            let section = if alert.is_firing() {
                format!("Firing · {firing}")
            } else {
                format!("Resolved · {}", rows.len() - firing)
            };
            ListItem {
                key: item_key(&alert.group, &alert.key),
                index,
                text,
                terms,
                ranks: vec![
                    Rank::Number(i64::from(!alert.is_firing())),
                    Rank::latest_first(Some(alert.last_at)),
                    Rank::Number(-i64::from(alert.count)),
                    Rank::text(&name),
                ],
                section: Some(section),
                notes: vec![one_line(&name)],
                ..ListItem::default()
            }
        };
        rows.iter().enumerate().zip(short_names(rows)).map(item).collect()
    }

    fn about(app: &App, screen: &ListScreen) -> Vec<String> {
        let row = screen.incident.and_then(|id| app.summary(id));
        let mut about: Vec<String> = row.map(Summary::label).into_iter().collect();
        if !screen.marked.is_empty() {
            about.push(format!("{} selected", screen.marked.len()));
        }
        let rows = rows(screen);
        if !rows.is_empty() {
            about.push(count_text(rows, is_complete(rows)));
        }
        about.extend(row.map(|row| one_line(&row.title)));
        about
    }

    fn details(of: &RowContext<'_, Alert>) -> Vec<(Cow<'static, str>, String)> {
        let RowContext { app, row: alert, .. } = *of;
        let since = exact_time(app, alert.starts_at);
        let fires = match alert.ends_at.filter(|_| !alert.is_firing()) {
            Some(ended) => format!("from {since} until {}", exact_time(app, ended)),
            None => format!("since {since}"),
        };
        let (first, last) = (exact_time(app, alert.first_at), exact_time(app, alert.last_at));
        let mut details: Vec<(Cow<'static, str>, String)> = vec![
            ("Title".into(), alert.title.clone()),
            ("Fires".into(), fires),
            ("Reported".into(), format!("first {first}, last {last}")),
        ];
        let named = alert.labels.iter().chain(&alert.annotations);
        details.extend(named.map(|(name, value)| (name.clone().into(), value.clone())));
        details.push(("Page".into(), alert.url.clone().unwrap_or_default()));
        details.push(("From".into(), format!("{}, group {}", alert.source, alert.group)));
        details
    }

    fn footer(app: &App, screen: &ListScreen) -> Vec<Line<'static>> {
        if is_complete(rows(screen)) {
            return Vec::new();
        }
        let text = format!("the first {MAX_LISTED} are shown: there may be more");
        vec![Span::styled(text, app.ui.theme.dim()).into()]
    }

    fn text(app: &App, alert: &Alert) -> String {
        let mut facts = vec![
            format!("{} ×{}", alert.state, alert.count),
            one_line(&alert.title),
            format!("first {}, last {}", time(app, alert.first_at), time(app, alert.last_at)),
            one_line(&labels(alert).join(" ")),
        ];
        facts.extend(alert.url.as_deref().map(one_line));
        facts.retain(|fact| !fact.is_empty());
        facts.join("  ")
    }

    fn parts(alert: &Alert) -> Vec<CopyText> {
        let page =
            |url: &String| CopyText { key: 'u', what: "the page of the sender", text: url.clone() };
        alert.url.iter().map(page).collect()
    }
}
