//! The screen of contacts: how the viewer is reached, and how others are.

use chrono::TimeDelta;

use crate::model::notification::ContactReach;
use crate::model::time::format_duration;

use crate::tui::contacts::{Row, is_viewer, rows};
use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, detail, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ContactsScreen;

const PERSON: &str = "PERSON";
const CONTACT: &str = "CONTACT";
const CHANNEL: &str = "CHANNEL";
const ADDRESS: &str = "ADDRESS";
const WHEN: &str = "WHEN";

const PERSON_WIDTH: usize = 10;
const CONTACT_WIDTH: usize = 12;
const CHANNEL_WIDTH: usize = 10;
const ADDRESS_WIDTH: usize = 24;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(PERSON, PERSON_WIDTH, 0),
            ColumnSpec::new(CONTACT, CONTACT_WIDTH, 0),
            ColumnSpec::new(CHANNEL, CHANNEL_WIDTH, MEDIUM),
            ColumnSpec::new(ADDRESS, ADDRESS_WIDTH, WIDE),
            ColumnSpec::fill(WHEN),
        ],
        room,
    )
}

fn times(waits: &[i64]) -> String {
    let text = |wait: &i64| match wait {
        0 => "at once".to_owned(),
        wait => {
            format!("after {}", format_duration(TimeDelta::try_seconds(*wait).unwrap_or_default()))
        }
    };
    if waits.is_empty() {
        return "never".to_owned();
    }
    waits.iter().map(text).collect::<Vec<_>>().join(" and ")
}

fn when(contact: &ContactReach) -> String {
    let (urgent, rest) = (times(&contact.urgent_after_s), times(&contact.rest_after_s));
    let origin = if contact.from_settings { " · in the settings" } else { "" };
    match &contact.problem {
        Some(problem) => one_line(problem),
        None => format!("urgent {urgent}, rest {rest}{origin}"),
    }
}

fn text(row: Row<'_>) -> String {
    let person = one_line(&row.person().person);
    match row {
        Row::Contact(_, contact) => format!(
            "{person}  {}  {}  {}  {}",
            one_line(&contact.contact),
            one_line(&contact.channel),
            one_line(&contact.address),
            when(contact)
        ),
        Row::Quiet(reach) => format!("{person}  quiet  {}", quiet_text(reach)),
    }
}

fn quiet_text(reach: &crate::model::notification::PersonReach) -> String {
    reach.quiet.as_ref().map_or_else(String::new, |quiet| {
        let zone = quiet.zone.as_deref().map(|zone| format!(" {zone}")).unwrap_or_default();
        one_line(&format!("what may wait is not sent from {} to {}{zone}", quiet.from, quiet.to))
    })
}

impl ScreenLogic for ContactsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["person", "channel"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["your own first", "by person"]
    }

    fn request(&self, _: &App, _: &ListScreen, _: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Contacts)
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, row): (usize, Row<'_>)| {
            let person = row.person();
            let (name, channel) = match row {
                Row::Contact(_, contact) => (contact.contact.clone(), contact.channel.clone()),
                Row::Quiet(_) => ("quiet hours".to_owned(), String::new()),
            };
            let is_own = is_viewer(app, person);
            ListItem {
                key: format!("{} {name}", person.person),
                index,
                text: text(row),
                terms: vec![("person", person.person.clone()), ("channel", channel)],
                ranks: vec![Rank::Number(i64::from(!is_own)), Rank::text(&person.person)],
                section: None,
                ..ListItem::default()
            }
        };
        rows(screen).into_iter().enumerate().map(item).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let rows = rows(screen);
        let is_own =
            |row: &&Row<'_>| matches!(row, Row::Contact(..)) && is_viewer(app, row.person());
        let own = rows.iter().filter(is_own).count();
        let broken = rows.iter().filter(|row| match row {
            Row::Contact(_, contact) => contact.problem.is_some(),
            Row::Quiet(_) => false,
        });
        let broken = broken.count();
        let own = if own == 0 { "none of yours".to_owned() } else { format!("{own} of yours") };
        let mut about = vec![own];
        if broken > 0 {
            about.push(format!("{broken} can't be used"));
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
        let rows = rows(screen);
        let Some(row) = rows.get(item.index).copied() else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let person = row.person();
        let style = if is_viewer(app, person) { theme.text() } else { theme.dim() };
        let cells = match row {
            Row::Contact(_, contact) => {
                let is_broken = contact.problem.is_some();
                let when_style = if is_broken { theme.past() } else { theme.dim() };
                vec![
                    Cell::new(PERSON, one_line(&person.person), style),
                    Cell::new(CONTACT, one_line(&contact.contact), style),
                    Cell::new(CHANNEL, one_line(&contact.channel), style),
                    Cell::new(ADDRESS, one_line(&contact.address), style),
                    Cell::new(WHEN, when(contact), when_style),
                ]
            }
            Row::Quiet(_) => vec![
                Cell::new(PERSON, one_line(&person.person), style),
                Cell::new(CONTACT, "quiet hours".to_owned(), style),
                Cell::new(WHEN, quiet_text(person), theme.dim()),
            ],
        };
        let mut lines = vec![line(&columns(width), cells)];
        if screen.is_expanded(item)
            && let Row::Contact(_, contact) = row
        {
            lines.extend(detail(app, "Channel", &contact.channel, width));
            lines.extend(detail(app, "Kind", contact.kind.as_deref().unwrap_or_default(), width));
            lines.extend(detail(app, "Address", &contact.address, width));
            lines.extend(detail(app, "Urgent", &times(&contact.urgent_after_s), width));
            lines.extend(detail(app, "Rest", &times(&contact.rest_after_s), width));
            let origin = if contact.from_settings { "in the settings" } else { "in the store" };
            lines.extend(detail(app, "Stored", origin, width));
            let problem = contact.problem.as_deref().unwrap_or_default();
            lines.extend(detail(app, "Problem", problem, width));
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No contact passes the filter.".into()
        } else {
            "Nobody has a contact: add your own here, or [[contacts]] to the settings file of the \
             program that sends."
                .into()
        }
    }

    fn enter(&self, _: &App, _: &ListScreen, _: &ListItem) -> Entered {
        Entered::Details
    }

    fn copies(&self, _: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let rows = rows(screen);
        let Some(row) = item.and_then(|item| rows.get(item.index)) else { return Vec::new() };
        let listed = screen.items.iter().filter_map(|item| rows.get(item.index));
        let all: Vec<String> = listed.map(|row| text(*row)).collect();
        vec![
            CopyText { key: 't', what: "this contact", text: text(*row) },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
