//! Following links of a record: incidents, suspected changes, problems, runbooks and pages; and the
//! way back.

pub mod layout;
pub mod trail;
pub mod update;
pub mod view;

use std::ops::Range;

use uuid::Uuid;

use crate::model::change::{Change, Suspect};
use crate::model::{IncidentId, ProblemId};

use crate::tui::core::pane::Pane;

/// Where something leads that a record names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    /// Another incident: its record is opened.
    Incident(IncidentId),
    /// A suspected change: its record is shown.
    Suspect(Box<Suspect>),
    /// A linked change that is not suspected: its record is shown.
    LinkedChange(Box<Change>),
    /// A linked change that is not recorded: only its title is known.
    Change(String),
    /// A problem, with its title: its record is shown.
    Problem(ProblemId, String),
    /// The alerts of an incident: their list is opened.
    Alerts(IncidentId),
    /// The incidents that resemble an incident: their list is opened.
    Similar(IncidentId),
    /// The review of an incident, as it will be read.
    Review(IncidentId),
    /// Evidence, by its id and name: its text is read and shown.
    Evidence(Uuid, String),
    /// A page elsewhere: its address is copied.
    Url(String),
    /// The runbook: the list of its commands is opened.
    Runbook,
}

/// Something that the detail names and that leads somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DetailLink {
    /// The lines of the detail that name it.
    pub lines: Range<usize>,
    /// Where it leads.
    pub destination: Destination,
}

/// A link that the viewer has chosen: its position among all, and its destination. The destination
/// decides when the record changes meanwhile.
pub type ChosenLink = (usize, Destination);

/// A record that the viewer came from, with its view state.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    pub id: IncidentId,
    pub detail_top: usize,
    pub timeline_top: usize,
    pub chosen: Option<ChosenLink>,
    pub focus: Pane,
    /// Whether the record was open, or the panes beside the queue showed it.
    pub record: bool,
    pub zoomed: bool,
}

/// The links of the visible record, and the records that the viewer came from.
#[derive(Clone, Debug, Default)]
pub struct Follow {
    /// The links in the lines of the detail, from top to bottom.
    pub links: Vec<DetailLink>,
    /// The link that was chosen; `None`: the first one on the screen.
    pub chosen: Option<ChosenLink>,
    /// The records from which a link was followed, the latest last.
    pub trail: Vec<Stop>,
    /// The pane from which the first record was opened, and whether it was zoomed, if that is not the
    /// queue.
    pub origin: Option<(Pane, bool)>,
    /// The record to which the viewer returns, until it is shown.
    pub returning: Option<Stop>,
}

impl Follow {
    /// Forgets the records that the viewer came from: they read another one of the queue.
    pub fn forget(&mut self) {
        self.trail.clear();
        self.origin = None;
        self.returning = None;
    }

    /// Returns the position of the chosen link among the current ones.
    #[must_use]
    pub fn chosen_index(&self) -> Option<usize> {
        let (index, destination) = self.chosen.as_ref()?;
        let leads_there = |link: &DetailLink| link.destination == *destination;
        if self.links.get(*index).is_some_and(leads_there) {
            return Some(*index);
        }
        self.links.iter().position(leads_there)
    }
}

/// A record without a timeline that is shown over the panes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkedPage {
    /// Where the link leads that was followed.
    pub destination: Destination,
    /// Index of the first line on the screen.
    pub top: usize,
}
