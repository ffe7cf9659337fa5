//! Contacts: how people are reached, as a list in which the viewer sets their own and tries them.

pub mod form;
pub mod logic;
pub mod state;
pub mod update;

use crate::model::notification::{ContactReach, PersonReach};

use crate::tui::core::app::App;
use crate::tui::screens::{ListItem, ListScreen, ScreenData, ScreenKind};

/// What an item of the list is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row<'a> {
    /// A contact of a person.
    Contact(&'a PersonReach, &'a ContactReach),
    /// The quiet hours of a person, or that there are none.
    Quiet(&'a PersonReach),
}

impl<'a> Row<'a> {
    /// Returns the person.
    #[must_use]
    pub fn person(self) -> &'a PersonReach {
        match self {
            Self::Contact(person, _) | Self::Quiet(person) => person,
        }
    }
}

/// Returns all rows of the list: contacts and quiet hours of each person.
#[must_use]
pub fn rows(screen: &ListScreen) -> Vec<Row<'_>> {
    let ScreenData::Contacts(people) = &screen.data else { return Vec::new() };
    let of_person = |person| {
        let person: &PersonReach = person;
        let contacts = person.contacts.iter().map(move |contact| Row::Contact(person, contact));
        let quiet = person.quiet.as_ref().map(|_| Row::Quiet(person));
        contacts.chain(quiet).collect::<Vec<_>>()
    };
    people.iter().flat_map(of_person).collect()
}

/// Returns the list if it is what one sees.
#[must_use]
pub fn shown(app: &App) -> Option<&ListScreen> {
    app.screens.shown().filter(|screen| screen.kind == ScreenKind::Contacts)
}

/// Returns the row that is selected, if the list is what one sees.
#[must_use]
pub fn selected(app: &App) -> Option<Row<'_>> {
    let screen = shown(app)?;
    let item: &ListItem = screen.selected_item()?;
    rows(screen).get(item.index).copied()
}

/// Returns whether a person is the viewer.
#[must_use]
pub fn is_viewer(app: &App, person: &PersonReach) -> bool {
    person.person.eq_ignore_ascii_case(&app.session.me.handle)
}
