//! The screen of action items over all incidents: overdue ones first.

use chrono::{Datelike, TimeDelta};

use crate::backend::lists::{ActionItemEntry, ActionItemSearch};
use crate::model::IncidentId;
use crate::model::command::CommandKind;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    DAY_WIDTH, MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, WIDE, add_terms, one_line, searched, today,
};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::formatting::pluralize;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ActionItemsScreen;

type Col = Column<ActionItemEntry>;

/// The width from which on the title of the incident has a column: below it the item's text needs
/// the room.
const INCIDENT_FROM: usize = 140;

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

fn due_cell(of: &RowContext<'_, ActionItemEntry>) -> Content {
    let (theme, item) = (of.app.ui.theme, &of.row.item);
    let due = item.due.map_or_else(String::new, |due| due.to_string());
    let due = if item.done { "done".to_owned() } else { due };
    let is_overdue = of.row.is_overdue(today(of.app));
    styled(due, if is_overdue { theme.past() } else { theme.dim() })
}

/// Returns the issue of an item with its state; empty without one.
fn issue(entry: &ActionItemEntry) -> String {
    entry.follow_up.as_ref().map(|follow_up| one_line(&follow_up.phrase())).unwrap_or_default()
}

fn issue_cell(of: &RowContext<'_, ActionItemEntry>) -> Content {
    let (theme, done) = (of.app.ui.theme, of.row.item.done);
    let follow_up = of.row.follow_up.as_ref();
    let proposes_done = follow_up.is_some_and(|follow_up| follow_up.proposes_done(done));
    styled(issue(of.row), if proposes_done { theme.near() } else { theme.dim() })
}

fn text_cell(of: &RowContext<'_, ActionItemEntry>) -> Content {
    let (theme, item) = (of.app.ui.theme, &of.row.item);
    styled(one_line(&item.text), if item.done { theme.dim() } else { theme.text() })
}

fn owner_cell(of: &RowContext<'_, ActionItemEntry>) -> Content {
    match &of.row.item.owner {
        Some(owner) => of.plain(of.app.person_label(owner)),
        None => styled("nobody", of.app.ui.theme.warning()),
    }
}

fn list_item(app: &App, entry: &ActionItemEntry) -> ListItem {
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
}

impl TableScreen for ActionItemsScreen {
    type Row = ActionItemEntry;

    const TERMS: &'static [&'static str] =
        &["owner", "state", "kind", "team", "service", "priority"];
    const ORDERS: &'static [&'static str] = &["by day", "by owner", "newest incident first"];
    const COLUMNS: &'static [Col] = &[
        Col::new("DUE", DAY_WIDTH, due_cell),
        Col::fill("ACTION ITEM", text_cell),
        Col::new("OWNER", OWNER_WIDTH, owner_cell).from(44),
        Col::new("KIND", 8, |of| of.dim(of.row.item.kind.to_string())).from(WIDE),
        Col::new("ISSUE", 18, issue_cell).from(WIDE).only_if(|row| row.follow_up.is_some()),
        Col::new("INC", NUMBER_WIDTH, |of| of.dim(of.row.incident.label())).from(MEDIUM),
        Col::new("INCIDENT", 30, |of| of.dim(one_line(&of.row.incident.title))).from(INCIDENT_FROM),
    ];
    const COPIED: &'static str = "this action item";
    const BULLET: &'static str = "- ";
    const HAS_DETAILS: bool = false;
    const EMPTY: &'static str =
        "There are no action items: they are written with the review of an incident";
    const EMPTY_ACTIONS: &'static [(Action, &'static str)] =
        &[(Action::Command(CommandKind::WriteReview), "on an incident opens it")];

    fn request(_: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::ActionItems(ActionItemSearch::first(limit)))
    }

    fn rows(screen: &ListScreen) -> &[ActionItemEntry] {
        match &screen.data {
            ScreenData::ActionItems(rows) => rows,
            _ => &[],
        }
    }

    fn items(app: &App, rows: &[ActionItemEntry]) -> Vec<ListItem> {
        items_of(rows, |entry| list_item(app, entry))
    }

    fn about(app: &App, screen: &ListScreen) -> Vec<String> {
        let (today, rows) = (today(app), Self::rows(screen));
        let overdue = rows.iter().filter(|entry| entry.is_overdue(today)).count();
        let open = rows.iter().filter(|entry| !entry.item.done).count();
        let mut about = Vec::new();
        if overdue > 0 {
            about.push(format!("{overdue} overdue"));
        }
        // Nothing is known before they were read.
        if screen.load.loaded_at.is_some() {
            about.push(pluralize(open as u64, "open item", "open items"));
        }
        about
    }

    fn incident(_: &App, entry: &ActionItemEntry) -> Option<IncidentId> {
        Some(entry.incident.id)
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

    fn parts(entry: &ActionItemEntry) -> Vec<CopyText> {
        let number = entry.incident.label();
        let mut parts = vec![CopyText { key: 'n', what: "the incident's number", text: number }];
        let issue = entry.follow_up.as_ref().and_then(|follow_up| follow_up.issue.as_ref());
        parts.extend(issue.map(|issue| CopyText {
            key: 'u',
            what: "the URL of its issue",
            text: one_line(&issue.url),
        }));
        parts
    }
}
