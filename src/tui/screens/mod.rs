//! List screens: they fill the screen in place of the panes, and behave like the queue. This folder
//! contains their common parts; each list has a folder of its own, behind `ScreenLogic`.

pub mod columns;
pub mod filter;
pub mod item;
pub mod layout;
pub mod logic;
pub mod registry;
pub mod table;
pub mod update;
pub mod view;
pub mod wrong_key;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::backend::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, NoiseSearch, PageMark,
    ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, SimilarIncidents, Suspicion,
};
use crate::model::alert::Alert;
use crate::model::change::Change;
use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow};
use crate::model::noise::NoiseReport;
use crate::model::unknown_service::UnknownService;
use crate::model::{IncidentId, IncidentNumber, ProblemId};

use crate::tui::contacts::row::ContactRow;
use filter::{FilterError, ItemFilter};

pub use item::{ListItem, Rank};

/// The kinds of screens.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScreenKind {
    OnCall,
    Feed,
    Handoff,
    Reviews,
    ActionItems,
    Problems,
    /// One problem, with the incidents that link to it.
    Problem,
    Changes,
    Notifications,
    Contacts,
    Maintenance,
    Noise,
    /// Services that the directory does not have.
    Services,
    /// The alerts of one incident.
    Alerts,
    /// The incidents that resemble one.
    Similar,
    /// The incidents of a fault that recurs.
    FaultGroup,
}

impl ScreenKind {
    /// Returns the title of the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnCall => "On call",
            Self::Feed => "Feed",
            Self::Handoff => "Handoff",
            Self::Reviews => "Reviews",
            Self::ActionItems => "Action items",
            Self::Problems => "Problems",
            Self::Problem => "Problem",
            Self::Changes => "Changes",
            Self::Notifications => "Notifications",
            Self::Contacts => "Contacts",
            Self::Maintenance => "Maintenance",
            Self::Noise => "Noise",
            Self::Services => "Unknown services",
            Self::Alerts => "Alerts",
            Self::Similar => "Similar",
            Self::FaultGroup => "Recurring fault",
        }
    }
}

/// The data that a screen shows from the backend.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum ScreenData {
    /// No data was read yet, or the screen shows data that the panes already have.
    #[default]
    Nothing,
    /// Events of all incidents.
    Feed(Vec<FeedEntry>),
    /// The events and the changes of a shift, and the action items that are due.
    Handoff(Vec<FeedEntry>, Vec<Change>, Vec<ActionItemEntry>),
    /// Reviews of incidents.
    Reviews(Vec<ReviewEntry>),
    /// Action items of all incidents.
    ActionItems(Vec<ActionItemEntry>),
    /// Problems with their incidents.
    Problems(Vec<ProblemEntry>),
    /// Recorded changes, and the suspicions against them.
    Changes(Vec<Change>, Vec<Suspicion>),
    /// Notifications of people.
    Notifications(Vec<NotificationEntry>),
    /// How people are reached.
    Contacts(Vec<ContactRow>),
    /// Maintenance windows.
    Maintenance(Vec<MaintenanceWindow>),
    /// The checks with the most alerts.
    Noise(NoiseReport),
    /// Services that the directory does not have.
    Services(Vec<UnknownService>),
    /// Alerts of an incident.
    Alerts(Vec<Alert>),
    /// Incidents that resemble one, or have the same fault.
    Similar(SimilarIncidents),
}

impl ScreenData {
    /// Appends a later page of the same list.
    pub fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Feed(rows), Self::Feed(more)) => rows.extend(more),
            (Self::Reviews(rows), Self::Reviews(more)) => rows.extend(more),
            (Self::ActionItems(rows), Self::ActionItems(more)) => rows.extend(more),
            (Self::Problems(rows), Self::Problems(more)) => rows.extend(more),
            (Self::Changes(rows, of), Self::Changes(more, of_more)) => {
                rows.extend(more);
                of.extend(of_more);
            }
            (Self::Notifications(rows), Self::Notifications(more)) => rows.extend(more),
            (this, more) => *this = more,
        }
    }

    /// Returns the beginning of a list that was read again, followed by the rest that was read
    /// before; `None` if the two don't match, or there is no rest.
    #[must_use]
    pub fn followed_by(&self, before: &Self) -> Option<Self> {
        let (Self::Feed(rows), Self::Feed(before)) = (self, before) else { return None };
        let last = rows.last()?;
        // Events are never changed: the rest begins after the last one of the beginning.
        let end = before.iter().position(|entry| entry.event.id == last.event.id)?;
        let rest = before.get(end + 1..).filter(|rest| !rest.is_empty())?;
        Some(Self::Feed([&rows[..], rest].concat()))
    }
}

/// A list that a screen reads from the backend.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ScreenRequest {
    Feed(FeedSearch),
    /// All events and changes of a shift, and the action items that are due; it has no pages.
    Handoff(FeedSearch, ChangeSearch, ActionItemSearch),
    Reviews(ReviewSearch),
    ActionItems(ActionItemSearch),
    Problems(ProblemSearch),
    /// One problem with its incidents; it has no pages.
    Problem(ProblemId),
    Changes(ChangeSearch),
    Notifications(NotificationSearch),
    /// How everybody is reached; it has no pages.
    Contacts,
    /// Maintenance windows, at most a number of them; they have no pages.
    Maintenance(MaintenanceSearch),
    /// The checks with the most alerts; they have no pages.
    Noise(NoiseSearch),
    /// Services that the directory does not have; they have no pages.
    Services,
    /// The first alerts of an incident, at most a number of them; they have no pages.
    Alerts(IncidentId, u32),
    /// The incidents that resemble one, at most a number of them; they have no pages.
    Similar(IncidentId, u32),
    /// The incidents of the fault of one, itself first, at most a number of others; they have no pages.
    FaultGroup(IncidentNumber, u32),
}

impl ScreenRequest {
    /// Returns the request for the page after a mark.
    #[must_use]
    pub fn after(self, mark: PageMark) -> Self {
        match self {
            Self::Feed(search) => Self::Feed(FeedSearch { after: Some(mark), ..search }),
            Self::Handoff(..)
            | Self::Noise(..)
            | Self::Alerts(..)
            | Self::Similar(..)
            | Self::FaultGroup(..)
            | Self::Problem(_)
            | Self::Contacts
            | Self::Maintenance(_)
            | Self::Services => self,
            Self::Reviews(search) => Self::Reviews(ReviewSearch { after: Some(mark), ..search }),
            Self::ActionItems(search) => {
                Self::ActionItems(ActionItemSearch { after: Some(mark), ..search })
            }
            Self::Problems(search) => Self::Problems(ProblemSearch { after: Some(mark), ..search }),
            Self::Changes(search) => Self::Changes(ChangeSearch { after: Some(mark), ..search }),
            Self::Notifications(search) => {
                Self::Notifications(NotificationSearch { after: Some(mark), ..search })
            }
        }
    }
}

/// The fetched part of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct ScreenPage {
    /// The rows.
    pub data: ScreenData,
    /// Where the list continues, if it does.
    pub next: Option<PageMark>,
}

/// How reading a list went.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoadState {
    /// The number of the pending request, and whether it is for a later page.
    pub in_flight: Option<(u64, bool)>,
    /// When the rows were read.
    pub loaded_at: Option<DateTime<Utc>>,
    /// As of when they are true, if that is not then.
    pub as_of: Option<DateTime<Utc>>,
    /// The reason why the last request failed, and since when requests fail.
    pub error: Option<(String, DateTime<Utc>)>,
    /// Whether a timer will read the list again.
    pub reload_due: bool,
    /// Where the list continues after the fetched rows.
    pub next: Option<PageMark>,
}

/// A screen that is open.
#[derive(Clone, PartialEq, Debug)]
pub struct ListScreen {
    /// The kind of screen.
    pub kind: ScreenKind,
    /// The incident of the screen, if it has one.
    pub incident: Option<IncidentId>,
    /// The number of that incident, where only that is known.
    pub number: Option<IncidentNumber>,
    /// The problem of the screen, if it has one.
    pub problem: Option<ProblemId>,
    /// Whether the form of a problem opens as soon as the list was read.
    pub opens_form: bool,
    /// The fetched data.
    pub data: ScreenData,
    /// How reading went.
    pub load: LoadState,
    /// The items that pass the filter, in order.
    pub items: Vec<ListItem>,
    /// The number of items without the filter.
    pub total: usize,
    /// Index of the selected item.
    pub selected: usize,
    /// Index of the first line on the screen.
    pub top: usize,
    /// The filter as it was typed.
    pub filter_text: String,
    /// The filter in force.
    pub filter: ItemFilter,
    /// The errors of the filter.
    pub filter_errors: Vec<FilterError>,
    /// While a filter is typed: the one that it replaces.
    pub filter_before: Option<String>,
    /// Index of the order in force.
    pub order: usize,
    /// The key of the item whose details are shown below it.
    pub expanded: Option<String>,
    /// The keys of the items that are marked.
    pub marked: BTreeSet<String>,
    /// The distance by which the shown span of time was moved, in steps of the screen.
    pub offset: i32,
}

impl ListScreen {
    /// Creates a screen before anything has been read for it.
    #[must_use]
    pub fn new(kind: ScreenKind) -> Self {
        Self {
            kind,
            incident: None,
            number: None,
            problem: None,
            opens_form: false,
            data: ScreenData::default(),
            load: LoadState::default(),
            items: Vec::new(),
            total: 0,
            selected: 0,
            top: 0,
            filter_text: String::new(),
            filter: ItemFilter::default(),
            filter_errors: Vec::new(),
            filter_before: None,
            order: 0,
            expanded: None,
            marked: BTreeSet::new(),
            offset: 0,
        }
    }

    /// Returns the selected item.
    #[must_use]
    pub fn selected_item(&self) -> Option<&ListItem> {
        self.items.get(self.selected)
    }

    /// Returns whether an item shows its details.
    #[must_use]
    pub fn is_expanded(&self, item: &ListItem) -> bool {
        self.expanded.as_ref() == Some(&item.key)
    }

    /// Returns whether a filter is being typed.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.filter_before.is_some()
    }
}

/// The screen that is open in place of the panes, if one is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Screens {
    /// The open screen.
    pub open: Option<Box<ListScreen>>,
    /// The incident that was opened from the screen and is read in its place.
    pub read_incident: Option<IncidentId>,
    /// The screen from which the open one was opened, with the incident that was read in its place.
    pub behind: Option<Box<(ListScreen, Option<IncidentId>)>>,
    /// The number of the last request.
    pub last_request: u64,
    /// When the viewer last saw the feed of this backend; `None` before that was read, and the
    /// first time.
    pub last_visit: Option<DateTime<Utc>>,
    /// Whether the feed was open after the last message.
    pub feed_open: bool,
}

impl Screens {
    /// Returns the screen if it is visible.
    #[must_use]
    pub fn shown(&self) -> Option<&ListScreen> {
        self.open.as_deref().filter(|_| self.read_incident.is_none())
    }

    /// Returns the screen, to change it, if it is visible.
    pub fn shown_mut(&mut self) -> Option<&mut ListScreen> {
        self.open.as_deref_mut().filter(|_| self.read_incident.is_none())
    }

    /// Returns whether a filter of the screen is being typed.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.shown().is_some_and(ListScreen::is_typing)
    }
}
