//! What is read of one incident, and the lines that detail and timeline make of it.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::NaiveDate;
use ratatui::text::Line;

use crate::backend::Detail;
use crate::model::{Event, IncidentId};

use super::super::action::Action;
use super::super::theme::Theme;
use super::super::zone::Clock;

/// One incident as detail and timeline show it.
#[derive(Clone, Debug)]
pub struct LoadedIncident {
    /// Which.
    pub id: IncidentId,
    /// The record and what belongs to it.
    pub detail: Arc<Detail>,
    /// Its events, in order; the first may be later than 1.
    pub events: Arc<Vec<Event>>,
    /// The row's last event when it was asked for.
    pub requested_seq: u32,
}

/// What the lines of a timeline were made from: they are long, and made anew only when this changes.
#[derive(Clone, Debug)]
pub struct TimelineInputs {
    /// The events.
    pub events: Arc<Vec<Event>>,
    /// The record they belong to.
    pub detail: Arc<Detail>,
    /// Columns.
    pub width: usize,
    /// The day it was then.
    pub day: NaiveDate,
    /// The zone of its times.
    pub clock: Clock,
    /// Its colours.
    pub theme: Theme,
    /// The event that is the last one, where it is shown as it was.
    pub as_of: Option<u32>,
}

/// Detail and timeline.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What is to be read: the selection, until somebody goes to detail or timeline.
    pub target: Option<IncidentId>,
    /// What is on the screen. It may be behind the target for a moment.
    pub shown: Option<LoadedIncident>,
    /// Read before, the last first.
    pub cache: VecDeque<LoadedIncident>,
    /// Being read, and the last event that its row told of.
    pub loading: Option<(IncidentId, u32)>,
    /// What could not be read, and why.
    pub failed: Option<(IncidentId, String)>,
    /// Up to which event others' changes were told, by incident.
    pub announced: VecDeque<(IncidentId, u32)>,
    /// Targets of what is open that are being read, and the last event that their rows told of.
    pub loading_targets: Vec<(IncidentId, u32)>,
    /// Earlier events are being read.
    pub loading_earlier: bool,
    /// They could not be.
    pub earlier_failed: bool,
    /// The number of the last rest timer.
    pub rest_seq: u64,
    /// Whether the selection has moved since it last rested.
    pub moving: bool,
    /// Verbs that what is on the screen refuses.
    pub disabled: Vec<Action>,
    /// Lines of the detail pane, made for its width.
    pub detail_lines: Vec<Line<'static>>,
    /// Lines of the timeline pane, made for its width.
    pub timeline_lines: Vec<Line<'static>>,
    /// The line of the event that the incident is shown as of.
    pub timeline_mark: Option<usize>,
    /// What those were made from.
    pub timeline_inputs: Option<TimelineInputs>,
    /// First line of the detail on the screen.
    pub detail_top: usize,
    /// First line of the timeline on the screen.
    pub timeline_top: usize,
}
