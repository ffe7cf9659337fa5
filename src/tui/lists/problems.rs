//! The screen of problems, with the incidents that link to them.

use crate::backend::lists::{IncidentBrief, ProblemEntry, ProblemSearch};
use crate::model::problem::ProblemState;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{DAY_WIDTH, MEDIUM, WIDE, day, detail, one_line, today};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::formatting::pluralize;
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ProblemsScreen;

const STATE: &str = "STATE";
const TITLE: &str = "PROBLEM";
const COUNT: &str = "INCIDENTS";
const LAST: &str = "LAST";
const SERVICES: &str = "SERVICES";
const OPENED: &str = "SINCE";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(STATE, 11, 0),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(COUNT, 9, 48).right(),
            ColumnSpec::new(LAST, DAY_WIDTH, MEDIUM),
            ColumnSpec::new(SERVICES, 20, WIDE),
            ColumnSpec::new(OPENED, DAY_WIDTH, WIDE),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[ProblemEntry] {
    match &screen.data {
        ScreenData::Problems(rows) => rows,
        _ => &[],
    }
}

fn text(entry: &ProblemEntry) -> String {
    let problem = &entry.problem;
    let mut text = format!("{} ({})", one_line(&problem.title), problem.state);
    for (name, part) in [("cause", &problem.cause), ("workaround", &problem.workaround)] {
        if !part.trim().is_empty() {
            text.extend(["\n", name, ": ", &one_line(part)]);
        }
    }
    for incident in &entry.incidents {
        text.extend(["\n", &incident.label(), " ", &one_line(&incident.title)]);
    }
    text
}

impl ScreenLogic for ProblemsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "service"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["newest first", "most incidents first", "by title"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Problems(ProblemSearch::first(limit)))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, entry): (usize, &ProblemEntry)| {
            let problem = &entry.problem;
            let mut terms = vec![("state", problem.state.to_string())];
            terms.extend(problem.services.iter().map(|service| ("service", service.clone())));
            let incidents: Vec<String> = entry
                .incidents
                .iter()
                .map(|incident| format!("{} {}", incident.label(), incident.title))
                .collect();
            ListItem {
                key: problem.id.to_string(),
                index,
                text: format!(
                    "{} {} {} {} {}",
                    problem.title,
                    problem.cause,
                    problem.workaround,
                    problem.services.join(" "),
                    incidents.join(" ")
                ),
                terms,
                ranks: vec![
                    Rank::latest_first(Some(problem.opened_at)),
                    Rank::Number(-i64::from(entry.incident_count)),
                    Rank::text(&problem.title),
                ],
                section: None,
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, _: &App, screen: &ListScreen) -> Vec<String> {
        let count = |state: ProblemState| {
            rows(screen).iter().filter(|entry| entry.problem.state == state).count()
        };
        let mut about = Vec::new();
        match count(ProblemState::Open) {
            0 => {}
            open => about.push(format!("{open} open")),
        }
        match count(ProblemState::KnownError) {
            0 => {}
            known => about.push(pluralize(known as u64, "known error", "known errors")),
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
        let Some(entry) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let problem = &entry.problem;
        let style = match problem.state {
            ProblemState::Open => theme.near(),
            _ => theme.dim(),
        };
        let last = entry.incidents.first().map(|incident| day(app, incident.reported_at));
        let is_recent = last.is_some_and(|last| last == today(app));
        let last_style = if is_recent { theme.strong() } else { theme.dim() };
        let count = if entry.incident_count == 0 {
            String::new()
        } else {
            entry.incident_count.to_string()
        };
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(STATE, problem.state.to_string(), style),
                Cell::new(TITLE, one_line(&problem.title), theme.text()),
                Cell::new(COUNT, count, theme.text()),
                Cell::new(LAST, last.map_or_else(String::new, |last| last.to_string()), last_style),
                Cell::new(SERVICES, one_line(&problem.services.join(", ")), theme.dim()),
                Cell::new(OPENED, day(app, problem.opened_at).to_string(), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            lines.extend(detail(app, "Cause", &problem.cause, width));
            lines.extend(detail(app, "Workaround", &problem.workaround, width));
            lines.extend(detail(app, "Services", &problem.services.join(", "), width));
            for incident in &entry.incidents {
                let name = format!("{} {}", incident.label(), incident.priority);
                let text = format!("{} ({})", incident.title, day(app, incident.reported_at));
                lines.extend(detail(app, &name, &text, width));
            }
            let more = entry
                .incident_count
                .saturating_sub(u32::try_from(entry.incidents.len()).unwrap_or(u32::MAX));
            if more > 0 {
                lines.extend(detail(app, "Incidents", &format!("{more} more"), width));
            }
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No problem passes the filter.".into()
        } else {
            "There are no problems: the causes of incidents, as they are recorded when an incident \
             is linked to one."
                .into()
        }
    }

    /// Shows the details. Where they are shown, the latest incident is opened.
    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let entry = rows(screen).get(item.index);
        match entry.and_then(|entry| entry.incidents.first()) {
            Some(incident) if screen.is_expanded(item) => Entered::Incident(incident.id),
            _ => Entered::Details,
        }
    }

    fn copies(&self, _: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let numbers: Vec<String> = entry.incidents.iter().map(IncidentBrief::label).collect();
        vec![
            CopyText { key: 't', what: "this problem", text: text(entry) },
            CopyText { key: 'n', what: "the numbers of its incidents", text: numbers.join(" ") },
        ]
    }
}
