//! The screen of action items over all incidents: overdue ones first.

use chrono::{Datelike, TimeDelta};

use crate::backend::lists::{ActionItemEntry, ActionItemSearch};
use crate::model::follow_up::FollowUp;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    DAY_WIDTH, MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, WIDE, add_terms, number_cell, one_line, searched,
    today,
};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::formatting::pluralize;
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ActionItemsScreen;

const DUE: &str = "DUE";
const OWNER: &str = "OWNER";
const KIND: &str = "KIND";
const ITEM: &str = "ACTION ITEM";
const NUMBER: &str = "INC";
const INCIDENT: &str = "INCIDENT";
const ISSUE: &str = "ISSUE";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(DUE, DAY_WIDTH, 0),
            ColumnSpec::fill(ITEM),
            ColumnSpec::new(OWNER, OWNER_WIDTH, 44),
            ColumnSpec::new(KIND, 8, MEDIUM),
            ColumnSpec::new(ISSUE, 18, WIDE),
            ColumnSpec::new(NUMBER, NUMBER_WIDTH, MEDIUM),
            ColumnSpec::new(INCIDENT, 30, WIDE + 20),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[ActionItemEntry] {
    match &screen.data {
        ScreenData::ActionItems(rows) => rows,
        _ => &[],
    }
}

fn state(app: &App, entry: &ActionItemEntry) -> &'static str {
    let today = today(app);
    match entry.item.due {
        _ if entry.item.done => "done",
        Some(due) if due < today => "overdue",
        Some(due) if due <= today + TimeDelta::days(7) => "due within a week",
        Some(_) => "later",
        None => "without a day",
    }
}

/// Returns the issue of an item with its state; empty without one.
fn issue(entry: &ActionItemEntry) -> String {
    entry.follow_up.as_ref().map(|follow_up| one_line(&follow_up.phrase())).unwrap_or_default()
}

fn text(app: &App, entry: &ActionItemEntry) -> String {
    let item = &entry.item;
    let owner = item.owner.as_ref().map_or("nobody", |owner| &owner.name);
    let due = item.due.map_or_else(String::new, |due| format!(", due {due}"));
    let state = state(app, entry);
    let issue = match issue(entry) {
        issue if issue.is_empty() => issue,
        issue => format!(", {issue}"),
    };
    format!(
        "{} ({}, {}{due}, {state}{issue}) {} {}",
        one_line(&item.text),
        item.kind,
        one_line(owner),
        entry.incident.label(),
        one_line(&entry.incident.title)
    )
}

impl ScreenLogic for ActionItemsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["owner", "state", "kind", "team", "service", "priority"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["by day", "by owner", "newest incident first"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::ActionItems(ActionItemSearch::first(limit)))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, entry): (usize, &ActionItemEntry)| {
            let item = &entry.item;
            let mut terms = vec![("state", state(app, entry).to_owned())];
            terms.push(("kind", item.kind.to_string()));
            if let Some(owner) = &item.owner {
                terms.push(("owner", owner.handle.clone()));
                terms.push(("owner", owner.name.clone()));
            }
            add_terms(&mut terms, &entry.incident);
            let owner = item.owner.as_ref().map_or(Rank::Last, |owner| Rank::text(&owner.name));
            let day = item.due.map_or(i64::MAX, |due| i64::from(due.num_days_from_ce()));
            ListItem {
                key: format!("{} {}", entry.incident.id, item.id),
                index,
                text: format!("{} {} {}", item.text, searched(&entry.incident), issue(entry)),
                terms,
                ranks: vec![
                    Rank::Number(if item.done { i64::MAX } else { day.min(i64::MAX - 1) }),
                    owner,
                    Rank::latest_first(Some(entry.incident.reported_at)),
                ],
                section: Some(section(state(app, entry)).into()),
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let today = today(app);
        let overdue = rows(screen).iter().filter(|entry| entry.is_overdue(today)).count();
        let open = rows(screen).iter().filter(|entry| !entry.item.done).count();
        let mut about = Vec::new();
        if overdue > 0 {
            about.push(format!("{overdue} overdue"));
        }
        about.push(pluralize(open as u64, "open item", "open items"));
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
        let is_overdue = entry.is_overdue(today(app));
        let due = entry.item.due.map_or_else(String::new, |due| due.to_string());
        let due = if entry.item.done { "done".to_owned() } else { due };
        let due_style = if is_overdue { theme.past() } else { theme.dim() };
        let style = if entry.item.done { theme.dim() } else { theme.text() };
        let proposes_done = |follow_up: &FollowUp| follow_up.proposes_done(entry.item.done);
        let issue_style = match &entry.follow_up {
            Some(follow_up) if proposes_done(follow_up) => theme.near(),
            _ => theme.dim(),
        };
        let owner = match &entry.item.owner {
            Some(owner) => Cell::new(OWNER, app.person_label(owner), theme.text()),
            None => Cell::new(OWNER, "nobody", theme.warning()),
        };
        vec![line(
            &columns(width),
            vec![
                Cell::new(DUE, due, due_style),
                Cell::new(ITEM, one_line(&entry.item.text), style),
                owner,
                Cell::new(KIND, entry.item.kind.to_string(), theme.dim()),
                Cell::new(ISSUE, issue(entry), issue_style),
                number_cell(app, NUMBER, &entry.incident),
                Cell::new(INCIDENT, one_line(&entry.incident.title), theme.dim()),
            ],
        )]
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No action item passes the filter.".into()
        } else {
            "There are no action items. They are written with the review of an incident.".into()
        }
    }

    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match rows(screen).get(item.index) {
            Some(entry) => Entered::Incident(entry.incident.id),
            None => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|entry| format!("- {}", text(app, entry))).collect();
        let url = entry.follow_up.as_ref().and_then(|follow_up| follow_up.issue.as_ref());
        let url = url.map(|issue| one_line(&issue.url));
        let url = url.map(|text| CopyText { key: 'u', what: "the URL of its issue", text });
        let mut copies = vec![
            CopyText { key: 't', what: "this action item", text: text(app, entry) },
            CopyText { key: 'n', what: "the incident's number", text: entry.incident.label() },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ];
        copies.extend(url);
        copies
    }
}

/// Returns the heading of the items in a state.
fn section(state: &'static str) -> &'static str {
    match state {
        "overdue" => "Overdue",
        "due within a week" => "Due within a week",
        "later" => "Due later",
        "done" => "Done",
        _ => "Without a day",
    }
}
