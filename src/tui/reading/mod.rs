//! State of the detail and timeline panes: the incident that was read, and the lines laid out from
//! it.

pub mod focus;
pub mod remote_activity;
pub mod update;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::backend::Detail;
use crate::model::{Event, IncidentId};

use crate::tui::action::Action;
use crate::tui::core::computed::{CommonInputs, Computed, Identity};
use crate::tui::core::zone::Clock;
use crate::tui::theme::Theme;
use crate::tui::timeline::TimelineView;
use crate::tui::widgets::text::Line;

/// An incident that was read, with the data that detail and timeline show of it.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct LoadedIncident {
    pub id: IncidentId,
    /// The record, with the data that the backend returns along with it.
    pub detail: Arc<Detail>,
    /// Events in order. The first may have a later position than 1: earlier ones are read on
    /// demand.
    pub events: Arc<Vec<Event>>,
    /// Position of the row's last event when the incident was requested.
    pub requested_seq: u32,
    /// When the record and its events were fetched, if they come from the cache.
    pub as_of: Option<DateTime<Utc>>,
}

/// The inputs of the lines of the detail.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DetailInputs {
    /// The record; `None` while none is loaded.
    pub detail: Option<Identity>,
    /// The text in place of a record that is not loaded.
    pub placeholder: Option<String>,
    /// Whether the incident is shown as it was at an earlier event.
    pub is_travelling: bool,
    /// The record at that event and the event's time, once it is known.
    pub past: Option<(Identity, DateTime<Utc>)>,
    /// The notifications about it, once they were read.
    pub notified: Option<Identity>,
    /// Width of the pane in terminal cells.
    pub width: usize,
    /// Whether the pane has no border.
    pub is_bare: bool,
    /// Whether the record fills the screen: texts are not truncated then.
    pub has_screen: bool,
    pub common: CommonInputs,
}

/// The inputs of the lines of the timeline.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineInputs {
    /// The record and its events; `None` while none is loaded.
    pub shown: Option<(Identity, Identity)>,
    /// The commands in the outbox: their events are marked.
    pub outbox: Option<Identity>,
    /// Width of the pane in terminal cells.
    pub width: usize,
    /// The name of the zone of the times, which the first line of a pane without a border has.
    pub zone: Option<String>,
    /// The date of today: its times are shown without a date.
    pub day: NaiveDate,
    pub clock: Clock,
    pub theme: Theme,
    /// Position of the viewed event, where the incident is shown as it was at that event.
    pub as_of: Option<u32>,
    /// Which events are shown, and in which order.
    pub view: TimelineView,
}

/// The inputs that decide which verbs an incident refuses.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisabledInputs {
    /// The record; `None` while none is loaded.
    pub detail: Option<Identity>,
    pub common: CommonInputs,
}

/// State of the detail and timeline panes.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The incident to be read. It follows the selection until the person moves to detail or
    /// timeline.
    pub target: Option<IncidentId>,
    /// The incident on the screen. It may be another than `target` for a moment, while that is
    /// read.
    pub shown: Option<LoadedIncident>,
    /// Incidents that were read before, the latest first.
    pub cache: VecDeque<LoadedIncident>,
    /// The incident that is being read, and the position of its row's last event at the request.
    pub loading: Option<(IncidentId, u32)>,
    /// Position of the last event of incidents without a row among the open ones, as the backend
    /// reported it; only of those that are visible or worked on, until their records have been
    /// read.
    pub reported: Vec<(IncidentId, u32)>,
    /// The incident that could not be read, and why.
    pub failed: Option<(IncidentId, String)>,
    /// Position of the last event that was announced to the viewer, by incident.
    pub announced: VecDeque<(IncidentId, u32)>,
    /// Targets of the open form, list or question that are being read, and the position of their
    /// rows' last event at the request.
    pub loading_targets: Vec<(IncidentId, u32)>,
    /// Whether earlier events are being read.
    pub loading_earlier: bool,
    /// Whether reading earlier events has failed.
    pub earlier_failed: bool,
    /// The number of the last timer that waits for the selection to rest.
    pub rest_seq: u64,
    /// Whether the selection has moved since it last rested.
    pub moving: bool,
    /// Verbs that the incident on the screen refuses.
    pub disabled: Computed<DisabledInputs, Vec<Action>>,
    /// Lines of the detail pane, laid out for its width.
    pub detail_lines: Computed<DetailInputs, Vec<Line<'static>>>,
    /// Lines of the timeline pane, laid out for its width.
    pub timeline_lines: Computed<TimelineInputs, Vec<Line<'static>>>,
    /// Line of the viewed event, where the incident is shown as it was at that event.
    pub timeline_mark: Option<usize>,
    /// Index of the first line of the detail on the screen.
    pub detail_top: usize,
    /// Index of the first line of the timeline on the screen.
    pub timeline_top: usize,
}
