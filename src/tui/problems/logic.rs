//! The screen of one problem: its properties, and the incidents that link to it.

use chrono::{DateTime, Utc};

use crate::backend::lists::{IncidentBrief, ProblemEntry};
use crate::model::ProblemId;
use crate::model::command::CommandKind;
use crate::model::problem::Problem;
use crate::model::text::{truncate, wrap};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    DAY_WIDTH, MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, PRIORITY_WIDTH, WIDE, add_terms, day,
    number_cell, one_line, priority_cell, searched,
};
use crate::tui::problems::{lost, rows};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ProblemScreen;

const NUMBER: &str = "INC";
const PRIORITY: &str = "P";
const DAY: &str = "REPORTED";
const STATUS: &str = "STATUS";
const TITLE: &str = "TITLE";
const OWNER: &str = "OWNER";

const STATUS_WIDTH: usize = 13;
/// The width of the labels above the incidents, with a blank.
const LABEL_WIDTH: usize = 12;
/// How many lines of a text are shown above the incidents.
const MAX_LINES: usize = 3;
/// How many edits are shown, the latest.
const MAX_EDITS: usize = 2;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(NUMBER, NUMBER_WIDTH, 0),
            ColumnSpec::new(PRIORITY, PRIORITY_WIDTH, 0),
            ColumnSpec::new(DAY, DAY_WIDTH, 56),
            ColumnSpec::new(STATUS, STATUS_WIDTH, MEDIUM),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(OWNER, OWNER_WIDTH, WIDE),
        ],
        room,
    )
}

/// Returns the problem that the screen is about.
fn entry(screen: &ListScreen) -> Option<&ProblemEntry> {
    rows(screen).first()
}

fn incidents(screen: &ListScreen) -> &[IncidentBrief] {
    entry(screen).map_or(&[], |entry| &entry.incidents)
}

fn minute(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns the properties of a problem, each with its name.
fn facts(app: &App, problem: &Problem) -> Vec<(&'static str, String)> {
    let services: Vec<_> = problem.services.iter().map(|name| app.service_label(name)).collect();
    let owner = problem.owner.as_ref().map(|owner| app.person_label(owner).into_owned());
    let team = problem.team.as_deref().map(|team| app.team_label(team).into_owned());
    let mut state = problem.state.to_string();
    if let Some(removed) = problem.removed_at {
        state = format!("{state} {}", day(app, removed));
    }
    let parts = [
        Some(state),
        Some(owner.unwrap_or_else(|| "nobody sees to it".to_owned())),
        team,
        problem.category.map(|category| category.to_string()),
        Some(format!("since {}", day(app, problem.opened_at))),
    ];
    let state = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let cause = if problem.cause.trim().is_empty() {
        "not known yet".to_owned()
    } else {
        problem.cause.clone()
    };
    let mut facts = vec![
        ("State", state),
        ("Services", services.join(" · ")),
        ("Cause", cause),
        ("Workaround", problem.workaround.clone()),
    ];
    let edits = problem.edits.iter().rev().take(MAX_EDITS);
    facts.extend(edits.map(|edit| {
        let by = app.actor_label(&edit.by);
        ("Edit", format!("{} {by}: {}", minute(app, edit.at), edit.text()))
    }));
    facts
}

/// Returns everything about a problem and its incidents as text.
pub(in crate::tui) fn text(app: &App, entry: &ProblemEntry) -> String {
    let problem = &entry.problem;
    let mut text = format!("{} ({})", one_line(&problem.title), problem.state);
    for (name, part) in facts(app, problem) {
        if name != "State" && !part.trim().is_empty() {
            text.extend(["\n", name, ": ", &one_line(&part)]);
        }
    }
    for incident in &entry.incidents {
        text.extend(["\n", &incident.label(), " ", &one_line(&incident.title)]);
    }
    text
}

impl ScreenLogic for ProblemScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["status", "team", "service", "priority"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["newest first", "most urgent first", "by title"]
    }

    fn request(&self, _: &App, screen: &ListScreen, _: u32) -> Option<ScreenRequest> {
        screen.problem.map(ScreenRequest::Problem)
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, incident): (usize, &IncidentBrief)| {
            let mut terms = vec![("status", incident.status.to_string())];
            add_terms(&mut terms, incident);
            ListItem {
                key: incident.id.to_string(),
                index,
                text: searched(incident),
                terms,
                ranks: vec![
                    Rank::latest_first(Some(incident.reported_at)),
                    Rank::Number(i64::try_from(incident.priority.index()).unwrap_or(i64::MAX)),
                    Rank::text(&incident.title),
                ],
                section: None,
                ..ListItem::default()
            }
        };
        incidents(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, _: &App, screen: &ListScreen) -> Vec<String> {
        let Some(entry) = entry(screen) else { return Vec::new() };
        let mut about = vec![one_line(&entry.problem.title)];
        match entry.incident_count {
            0 => {}
            1 => about.push("1 incident".to_owned()),
            count => about.push(format!("{count} incidents")),
        }
        if entry.open_count > 0 {
            about.push(format!("{} open", entry.open_count));
        }
        let lost = lost(entry);
        if !lost.is_empty() {
            about.push(format!("{lost} lost"));
        }
        about
    }

    fn context_lines(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let theme = app.ui.theme;
        let Some(entry) = entry(screen) else { return Vec::new() };
        // The border has room for the beginning of the title only.
        let title = wrap(one_line(&entry.problem.title), width).into_iter();
        let mut lines: Vec<Line<'static>> =
            title.map(|part| Span::styled(part, theme.strong()).into()).collect();
        let room = width.saturating_sub(LABEL_WIDTH).max(10);
        for (name, text) in facts(app, &entry.problem) {
            let text = one_line(&text);
            if text.is_empty() {
                continue;
            }
            let mut label = name;
            let mut all = wrap(&text, room);
            if all.len() > MAX_LINES {
                all.truncate(MAX_LINES);
                all[MAX_LINES - 1] =
                    truncate(format!("{} …", all[MAX_LINES - 1]), room).into_owned();
            }
            for part in all {
                lines.push(Line::from(vec![
                    Span::styled(format!("{label:<LABEL_WIDTH$}"), theme.dim()),
                    Span::styled(part, theme.text()),
                ]));
                label = "";
            }
        }
        let key = app.ui.keymap.main_key(Action::EditProblem);
        if let Some(key) = key {
            let text = format!("{:<LABEL_WIDTH$}{key} changes it", "");
            lines.push(Line::from(Span::styled(text, theme.dim())));
        }
        lines.push(Line::default());
        lines
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
        let Some(incident) = incidents(screen).get(item.index) else {
            return vec![Line::default()];
        };
        let theme = app.ui.theme;
        let style = if incident.status.is_open() { theme.strong() } else { theme.text() };
        let owner = incident.assignee.as_ref().map(|person| one_line(&app.person_label(person)));
        vec![line(
            &columns(width),
            vec![
                number_cell(app, NUMBER, incident),
                priority_cell(app, PRIORITY, incident.priority),
                Cell::new(DAY, day(app, incident.reported_at).to_string(), theme.dim()),
                Cell::new(STATUS, incident.status.to_string(), theme.dim()),
                Cell::new(TITLE, one_line(&incident.title), style),
                Cell::new(OWNER, owner.unwrap_or_default(), theme.dim()),
            ],
        )]
    }

    fn empty_text(&self, app: &App, screen: &ListScreen) -> String {
        if entry(screen).is_none() {
            return "There is no such problem any more.".into();
        }
        let link = Action::Command(CommandKind::Link);
        let link = app.ui.keymap.hint_suffix(link, "on an incident links it");
        format!("No incident links to it{link}")
    }

    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match incidents(screen).get(item.index) {
            Some(incident) => Entered::Incident(incident.id),
            None => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, _: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = entry(screen) else { return Vec::new() };
        let numbers: Vec<String> = entry.incidents.iter().map(IncidentBrief::label).collect();
        let id: ProblemId = entry.problem.id;
        let mut copies = vec![CopyText { key: 't', what: "this problem", text: text(app, entry) }];
        if !numbers.is_empty() {
            let text = numbers.join(" ");
            copies.push(CopyText { key: 'n', what: "the numbers of its incidents", text });
        }
        copies.push(CopyText { key: 'i', what: "its id", text: id.to_string() });
        copies
    }
}
