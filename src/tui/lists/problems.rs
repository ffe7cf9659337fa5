//! The screen of problems, with the incidents that link to them.

use crate::backend::lists::{IncidentBrief, ProblemEntry, ProblemSearch};
use crate::model::problem::{Problem, ProblemState};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{DAY_WIDTH, MEDIUM, OWNER_WIDTH, day, one_line, today};
use crate::tui::problems::logic::text;
use crate::tui::problems::{lost, rows};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenRequest};
use crate::tui::widgets::formatting::pluralize;
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ProblemsScreen;

const STATE: &str = "STATE";
const TITLE: &str = "PROBLEM";
const COUNT: &str = "INCIDENTS";
const OPEN: &str = "OPEN";
const LOST: &str = "LOST";
const OWNER: &str = "OWNER";
const LAST: &str = "LAST";
const SERVICES: &str = "SERVICES";
const OPENED: &str = "SINCE";

/// The width from which on services and the day of the record are shown as well.
const VERY_WIDE: usize = 140;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(STATE, 11, 0),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(COUNT, 9, 48).right(),
            ColumnSpec::new(OPEN, 4, 60).right(),
            ColumnSpec::new(LOST, 6, MEDIUM).right(),
            ColumnSpec::new(OWNER, OWNER_WIDTH, 88),
            ColumnSpec::new(LAST, DAY_WIDTH, 104),
            ColumnSpec::new(SERVICES, 20, VERY_WIDE),
            ColumnSpec::new(OPENED, DAY_WIDTH, VERY_WIDE),
        ],
        room,
    )
}

/// Ranks problems by state, open work first, and the newest of each state first.
fn by_state(problem: &Problem) -> Rank {
    // Longer than any time that is recorded, in milliseconds.
    const STATE_STEP: i64 = 1 << 52;
    let state = i64::from(problem.state.rank()) * STATE_STEP;
    Rank::Number(state - problem.opened_at.timestamp_millis())
}

impl ScreenLogic for ProblemsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "service", "owner", "team"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["open first", "newest first", "most incidents first", "most time lost first", "by title"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Problems(ProblemSearch::first(limit)))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, entry): (usize, &ProblemEntry)| {
            let problem = &entry.problem;
            let mut terms = vec![("state", problem.state.to_string())];
            terms.extend(problem.services.iter().map(|service| ("service", service.clone())));
            terms.extend(problem.team.iter().map(|team| ("team", team.clone())));
            match &problem.owner {
                Some(owner) => {
                    terms.extend([("owner", owner.handle.clone()), ("owner", owner.name.clone())]);
                }
                None => terms.push(("owner", "none".to_owned())),
            }
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
                    by_state(problem),
                    Rank::latest_first(Some(problem.opened_at)),
                    Rank::Number(-i64::from(entry.incident_count)),
                    Rank::Number(-i64::try_from(entry.lost_s).unwrap_or(i64::MAX)),
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
        let owner = problem.owner.as_ref().map(|owner| one_line(&app.person_label(owner)));
        let owner = owner.unwrap_or_default();
        let services: Vec<_> =
            problem.services.iter().map(|name| app.service_label(name)).collect();
        let open = if entry.open_count == 0 { String::new() } else { entry.open_count.to_string() };
        vec![line(
            &columns(width),
            vec![
                Cell::new(STATE, problem.state.to_string(), style),
                Cell::new(TITLE, one_line(&problem.title), theme.text()),
                Cell::new(COUNT, count, theme.text()),
                Cell::new(OPEN, open, theme.strong()),
                Cell::new(LOST, lost(entry), theme.text()),
                Cell::new(OWNER, owner, theme.dim()),
                Cell::new(LAST, last.map_or_else(String::new, |last| last.to_string()), last_style),
                Cell::new(SERVICES, one_line(&services.join(", ")), theme.dim()),
                Cell::new(OPENED, day(app, problem.opened_at).to_string(), theme.dim()),
            ],
        )]
    }

    fn empty_text(&self, app: &App, _: &ListScreen) -> String {
        let new = app.ui.keymap.hint_suffix(Action::NewProblem, "records one");
        format!(
            "There are no problems: the causes of incidents, as they are recorded here, or when an \
             incident is linked to one{new}"
        )
    }

    /// Opens the problem with its incidents.
    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let entry = rows(screen).get(item.index);
        entry.map_or(Entered::Details, |entry| Entered::Problem(entry.problem.id))
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let numbers: Vec<String> = entry.incidents.iter().map(IncidentBrief::label).collect();
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|entry| text(app, entry)).collect();
        let mut copies = vec![CopyText { key: 't', what: "this problem", text: text(app, entry) }];
        if !numbers.is_empty() {
            let text = numbers.join(" ");
            copies.push(CopyText { key: 'n', what: "the numbers of its incidents", text });
        }
        copies.push(CopyText { key: 'a', what: "all that are listed", text: all.join("\n\n") });
        copies
    }
}
