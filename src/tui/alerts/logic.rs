//! The screen of the alerts of an incident: which of them fire, since when, and how often they were
//! reported.

use chrono::{DateTime, Utc};

use crate::model::Summary;
use crate::model::alert::{Alert, count_text, short_names};

use crate::tui::alerts::{item_key, state_style};
use crate::tui::core::app::App;
use crate::tui::lists::shared::{WIDE, detail, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct AlertsScreen;

/// How many alerts are read at most: as many as an API returns at once.
pub(in crate::tui) const MAX_LISTED: u32 = 1000;

const STATE: &str = "STATE";
const NAME: &str = "ALERT";
const COUNT: &str = "TIMES";
const FIRST: &str = "FIRST";
const LAST: &str = "LAST";
const SOURCE: &str = "FROM";

const STATE_WIDTH: usize = 8;
const COUNT_WIDTH: usize = 5;
/// The width of a day and a time of day, such as `03-01 22:31`.
const TIME_WIDTH: usize = 11;
const SOURCE_WIDTH: usize = 14;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(STATE, STATE_WIDTH, 0),
            ColumnSpec::fill(NAME),
            ColumnSpec::new(SOURCE, SOURCE_WIDTH, WIDE),
            ColumnSpec::new(COUNT, COUNT_WIDTH, 44).right(),
            ColumnSpec::new(FIRST, TIME_WIDTH, 70),
            ColumnSpec::new(LAST, TIME_WIDTH, 54),
        ],
        room,
    )
}

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

/// Returns everything about an alert in a line.
fn text(app: &App, alert: &Alert) -> String {
    let labels = alert.labels.iter().map(|(name, value)| format!("{name}={value}"));
    let mut facts = vec![
        format!("{} ×{}", alert.state, alert.count),
        one_line(&alert.title),
        format!("first {}, last {}", time(app, alert.first_at), time(app, alert.last_at)),
        one_line(&labels.collect::<Vec<_>>().join(" ")),
    ];
    facts.extend(alert.url.as_deref().map(one_line));
    facts.retain(|fact| !fact.is_empty());
    facts.join("  ")
}

/// Returns the lines with everything that is stored of an alert.
fn details(app: &App, alert: &Alert, width: usize) -> Vec<Line<'static>> {
    let mut lines = detail(app, "Title", &alert.title, width);
    let since = exact_time(app, alert.starts_at);
    let since = match alert.ends_at.filter(|_| !alert.is_firing()) {
        Some(ended) => format!("from {since} until {}", exact_time(app, ended)),
        None => format!("since {since}"),
    };
    lines.extend(detail(app, "Fires", &since, width));
    let reported = format!(
        "first {}, last {}",
        exact_time(app, alert.first_at),
        exact_time(app, alert.last_at)
    );
    lines.extend(detail(app, "Reported", &reported, width));
    for (name, value) in &alert.labels {
        lines.extend(detail(app, name, value, width));
    }
    for (name, value) in &alert.annotations {
        lines.extend(detail(app, name, value, width));
    }
    lines.extend(detail(app, "Page", alert.url.as_deref().unwrap_or_default(), width));
    lines.extend(detail(app, "From", &format!("{}, group {}", alert.source, alert.group), width));
    lines
}

impl ScreenLogic for AlertsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "source", "label"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["firing first", "latest first", "most often first", "by name"]
    }

    fn request(&self, _: &App, screen: &ListScreen, _: u32) -> Option<ScreenRequest> {
        screen.incident.map(|incident| ScreenRequest::Alerts(incident, MAX_LISTED))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let rows = rows(screen);
        let firing = rows.iter().filter(|alert| alert.is_firing()).count();
        let item = |((index, alert), name): ((usize, &Alert), String)| {
            let labels: Vec<String> =
                alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
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
            let latest = Rank::latest_first(Some(alert.last_at));
            ListItem {
                key: item_key(&alert.group, &alert.key),
                index,
                text,
                terms,
                ranks: vec![
                    Rank::Number(i64::from(!alert.is_firing())),
                    latest,
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

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let id = screen.incident;
        let shown = app.reading.shown.as_ref().filter(|shown| Some(shown.id) == id);
        let row = shown.map(|shown| &shown.detail.incident.summary);
        let row = row.or_else(|| id.and_then(|id| app.row(id)));
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
        let Some(alert) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let style = if alert.is_firing() { theme.text() } else { theme.dim() };
        let name = item.notes.first().map_or("", String::as_str);
        let mark = match (screen.marked.is_empty(), screen.marked.contains(&item.key)) {
            (true, _) => "",
            (false, true) => "✓ ",
            (false, false) => "  ",
        };
        let name = format!("{mark}{name}");
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(STATE, alert.state.to_string(), state_style(theme, alert)),
                Cell::new(NAME, name, style),
                Cell::new(SOURCE, one_line(&alert.source), theme.dim()),
                Cell::new(COUNT, format!("×{}", alert.count), style),
                Cell::new(FIRST, time(app, alert.first_at), theme.dim()),
                Cell::new(LAST, time(app, alert.last_at), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            lines.extend(details(app, alert, width));
        }
        lines
    }

    fn footer(&self, app: &App, screen: &ListScreen, _: usize) -> Vec<Line<'static>> {
        if is_complete(rows(screen)) {
            return Vec::new();
        }
        let text = format!("the first {MAX_LISTED} are shown: there may be more");
        vec![Span::styled(text, app.ui.theme.dim()).into()]
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No alert passes the filter.".into()
        } else {
            "It has no alerts: they come from monitoring systems, by the routes for what they report."
                .into()
        }
    }

    fn enter(&self, _: &App, _: &ListScreen, _: &ListItem) -> Entered {
        Entered::Details
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(alert) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|alert| text(app, alert)).collect();
        let mut copies = vec![CopyText { key: 't', what: "this alert", text: text(app, alert) }];
        if let Some(url) = &alert.url {
            copies.push(CopyText { key: 'u', what: "the page of the sender", text: url.clone() });
        }
        copies.push(CopyText { key: 'a', what: "all that are listed", text: all.join("\n") });
        copies
    }
}
