//! The screen of contacts of the viewer and of other people.

use std::borrow::Cow;

use chrono::TimeDelta;
use ratatui::style::Style;

use crate::model::notification::{ContactReach, PersonReach};
use crate::model::time::format_duration;

use crate::tui::action::Action;
use crate::tui::contacts::row::ContactRow;
use crate::tui::contacts::{is_viewer, rows};
use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, WIDE, one_line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenRequest};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ContactsScreen;

type Col = Column<ContactRow>;

/// The text of the row of quiet hours in place of the name of a contact.
const QUIET: &str = "quiet hours";

const PERSON_WIDTH: usize = 10;
const CONTACT_WIDTH: usize = 12;
const CHANNEL_WIDTH: usize = 10;
const ADDRESS_WIDTH: usize = 24;

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

fn quiet_text(reach: &PersonReach) -> String {
    reach.quiet.as_ref().map_or_else(String::new, |quiet| {
        let zone = quiet.zone.as_deref().map(|zone| format!(" {zone}")).unwrap_or_default();
        one_line(&format!("what may wait is not sent from {} to {}{zone}", quiet.from, quiet.to))
    })
}

/// Creates the content of a cell of the contact, in the style of its person; empty in the row of
/// quiet hours.
fn contact_cell(
    of: &RowContext<'_, ContactRow>,
    text: impl FnOnce(&ContactReach) -> &str,
) -> Content {
    let text = of.row.contact.as_ref().map(|contact| one_line(text(contact)));
    text.map_or_else(Content::new, |text| styled(text, style(of)))
}

fn name_cell(of: &RowContext<'_, ContactRow>) -> Content {
    match &of.row.contact {
        Some(_) => contact_cell(of, |contact| &contact.contact),
        None => styled(QUIET, style(of)),
    }
}

fn when_cell(of: &RowContext<'_, ContactRow>) -> Content {
    let theme = of.app.ui.theme;
    match &of.row.contact {
        Some(contact) if contact.problem.is_some() => styled(when(contact), theme.past()),
        Some(contact) => of.dim(when(contact)),
        None => of.dim(quiet_text(&of.row.person)),
    }
}

/// Returns the style of a row: the viewer's own rows are highlighted.
fn style(of: &RowContext<'_, ContactRow>) -> Style {
    let theme = of.app.ui.theme;
    if is_viewer(of.app, &of.row.person) { theme.text() } else { theme.dim() }
}

fn item(app: &App, row: &ContactRow) -> ListItem {
    let person = &row.person.person;
    let (name, channel) = match &row.contact {
        Some(contact) => (contact.contact.as_str(), contact.channel.clone()),
        None => (QUIET, String::new()),
    };
    ListItem {
        key: format!("{person} {name}"),
        text: ContactsScreen::text(app, row),
        terms: vec![("person", person.clone()), ("channel", channel)],
        ranks: vec![Rank::Number(i64::from(!is_viewer(app, &row.person))), Rank::text(person)],
        ..ListItem::default()
    }
}

impl TableScreen for ContactsScreen {
    type Row = ContactRow;

    const TERMS: &'static [&'static str] = &["person", "channel"];
    const ORDERS: &'static [&'static str] = &["your own first", "by person"];
    const COLUMNS: &'static [Col] = &[
        Col::new("PERSON", PERSON_WIDTH, |of| styled(one_line(&of.row.person.person), style(of))),
        Col::new("CONTACT", CONTACT_WIDTH, name_cell),
        Col::new("CHANNEL", CHANNEL_WIDTH, |of| contact_cell(of, |contact| &contact.channel))
            .from(MEDIUM),
        Col::new("ADDRESS", ADDRESS_WIDTH, |of| contact_cell(of, |contact| &contact.address))
            .from(WIDE),
        Col::fill("WHEN", when_cell),
    ];
    const COPIED: &'static str = "this contact";
    const EMPTY: &'static str = "Nobody has a contact, in the settings or of their own";
    const EMPTY_ACTIONS: &'static [(Action, &'static str)] =
        &[(Action::AddContact, "adds one of yours")];

    fn request(_: &App, _: &ListScreen, _: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Contacts)
    }

    fn rows(screen: &ListScreen) -> &[ContactRow] {
        rows(screen)
    }

    fn items(app: &App, rows: &[ContactRow]) -> Vec<ListItem> {
        items_of(rows, |row| item(app, row))
    }

    fn about(app: &App, screen: &ListScreen) -> Vec<String> {
        // Nothing is known before they were read.
        if screen.load.loaded_at.is_none() {
            return Vec::new();
        }
        let contacts = rows(screen)
            .iter()
            .filter_map(|row| row.contact.as_ref().map(|contact| (&row.person, contact)));
        let own = contacts.clone().filter(|(person, _)| is_viewer(app, person)).count();
        let broken = contacts.filter(|(_, contact)| contact.problem.is_some()).count();
        let own = if own == 0 { "none of yours".to_owned() } else { format!("{own} of yours") };
        let mut about = vec![own];
        if broken > 0 {
            about.push(format!("{broken} can't be used"));
        }
        about
    }

    fn details(of: &RowContext<'_, ContactRow>) -> Vec<(Cow<'static, str>, String)> {
        let Some(contact) = &of.row.contact else { return Vec::new() };
        let origin = if contact.from_settings { "in the settings" } else { "in the store" };
        vec![
            ("Channel".into(), contact.channel.clone()),
            ("Kind".into(), contact.kind.clone().unwrap_or_default()),
            ("Address".into(), contact.address.clone()),
            ("Urgent".into(), times(&contact.urgent_after_s)),
            ("Rest".into(), times(&contact.rest_after_s)),
            ("Stored".into(), origin.to_owned()),
            ("Problem".into(), contact.problem.clone().unwrap_or_default()),
        ]
    }

    fn text(_: &App, row: &ContactRow) -> String {
        let person = one_line(&row.person.person);
        match &row.contact {
            Some(contact) => format!(
                "{person}  {}  {}  {}  {}",
                one_line(&contact.contact),
                one_line(&contact.channel),
                one_line(&contact.address),
                when(contact)
            ),
            None => format!("{person}  quiet  {}", quiet_text(&row.person)),
        }
    }
}
