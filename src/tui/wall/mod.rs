//! State of the wall display, in addition to the state of the panes.
//!
//! Nobody presses a key on a wall display for months. All its state is bounded, and everything that
//! moves (pages, the shift of the picture, a takeover) is a function of the time, so that a tick
//! needs no state.

mod outage;
mod takeover;
pub mod update;
pub mod view;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::TimelineRange;
use crate::model::directory::Directory;
use crate::model::filter::{Filter, Predicate};
use crate::model::queue::OpenCounts;
use crate::model::{Actor, Event, EventBody, IncidentId, IncidentNumber, Priority, Summary};
use crate::sync::ConnectionState;

use crate::tui::queue::Row;

pub use outage::{Loudness, Outage};
use takeover::Takeovers;
pub use takeover::{MAX_TAKEOVER, TAKEOVER_DURATION};

/// How long a page of the measures is shown by default.
pub const DEFAULT_ROTATE: Duration = Duration::from_secs(15);
/// The maximum number of entries on the ribbon.
pub const RIBBON: usize = 50;
/// The maximum number of timelines fetched for one snapshot, so that a storm of alerts does not
/// become a storm of requests.
pub const MAX_READS: usize = 12;
/// How many of the last events of each incident the ribbon starts with.
const INITIAL_EVENTS: u32 = 4;
/// The number of pages of the measures.
pub const PAGE_COUNT: usize = 4;
/// How often the picture moves by a cell.
pub const SHIFT_INTERVAL: TimeDelta = TimeDelta::minutes(4);
/// The positions of the picture in turn, each one cell away from the one before.
const SHIFTS: [(u16, u16); 6] = [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)];
/// The maximum shift of the picture, in columns and rows.
pub const MAX_SHIFT: (u16, u16) = (2, 1);
/// Settings of the wall display.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The user-visible name of the view; empty for all incidents.
    pub view: String,
    /// The filter that incidents must pass.
    pub filter: Filter,
    /// How long a page of the measures is shown.
    pub rotate: Duration,
    /// Whether a new P1 takes over the screen.
    pub takeover: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            view: String::new(),
            filter: Filter::default(),
            rotate: DEFAULT_ROTATE,
            takeover: true,
        }
    }
}

/// When the last P1 ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LastP1 {
    /// The time is still being fetched.
    Unknown,
    /// There has been no P1.
    Never,
    /// It ended at this time.
    Ended(DateTime<Utc>),
}

/// An entry on the ribbon: one event of an incident.
#[derive(Clone, Debug)]
pub struct RibbonEntry {
    /// When the event happened.
    pub at: DateTime<Utc>,
    /// The incident of the event.
    pub incident: IncidentRef,
    /// The event's sequence number on that incident's timeline.
    pub seq: u32,
    /// The event in one word.
    pub word: Cow<'static, str>,
    /// Details of the event.
    pub detail: String,
    /// The person or program that caused it.
    pub actor: Actor,
}

/// The ribbon's view of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncidentRef {
    /// The id of the incident.
    pub id: IncidentId,
    /// The incident's number; `None` until the store has assigned one.
    pub number: Option<IncidentNumber>,
    /// The priority of the incident.
    pub priority: Priority,
}

impl IncidentRef {
    /// Creates it from a row.
    pub(super) fn from_row(row: &Summary) -> Self {
        Self { id: row.id, number: row.number, priority: row.priority }
    }
}

/// The last state of an open incident that the ribbon has seen.
#[derive(Clone, Copy, Debug)]
struct TrackedIncident {
    incident: IncidentRef,
    /// Sequence number of the last event that was requested.
    seq: u32,
    /// The number of the last snapshot that contained it.
    snapshot_round: u64,
}

/// The state of the wall display.
#[derive(Debug)]
pub struct Wall {
    /// Its content and its appearance.
    pub settings: Settings,
    /// Whether there are no panes to return to.
    pub standalone: bool,
    /// The open P1 and P2 of the view, most urgent first.
    pub rows: Vec<Row>,
    /// Counts of the view's open incidents.
    pub counts: OpenCounts,
    /// When the last P1 ended.
    pub last_p1: LastP1,
    /// The last events, newest first.
    pub ribbon: VecDeque<RibbonEntry>,
    /// When a row next approaches its service level or misses it.
    pub next_change: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
    tracked: HashMap<IncidentId, TrackedIncident>,
    /// The number of the current snapshot.
    snapshot_round: u64,
    /// Whether a complete snapshot was seen. Incidents that appear later are new.
    initialized: bool,
    takeovers: Takeovers,
}

/// A request for events that the ribbon lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRequest {
    /// The incident whose events are missing.
    pub incident: IncidentRef,
    /// The part of the timeline to fetch.
    pub part: TimelineRange,
}

impl Wall {
    /// Creates a wall display without any data.
    #[must_use]
    pub fn new(settings: Settings, standalone: bool, at: DateTime<Utc>) -> Self {
        Self {
            settings,
            standalone,
            rows: Vec::new(),
            counts: OpenCounts::default(),
            last_p1: LastP1::Unknown,
            ribbon: VecDeque::new(),
            next_change: None,
            opened_at: at,
            tracked: HashMap::new(),
            snapshot_round: 0,
            initialized: false,
            takeovers: Takeovers::default(),
        }
    }

    /// Returns the filter for the view's P1s that have ended. Terms about a current state are
    /// omitted, because an ended incident does not match them.
    #[must_use]
    pub fn ended_p1_filter(&self) -> Filter {
        let is_lasting = |predicate: &Predicate| {
            matches!(
                predicate,
                Predicate::Text(_)
                    | Predicate::Service(_)
                    | Predicate::Team(_)
                    | Predicate::Primary(_)
                    | Predicate::Leading(_)
                    | Predicate::Category(_)
                    | Predicate::Source(_)
            )
        };
        let view =
            self.settings.filter.terms.iter().filter(|term| is_lasting(&term.predicate)).cloned();
        let mut filter: Filter = "p1 is:ended".parse().unwrap_or_default();
        filter.terms.extend(view);
        filter
    }

    /// Updates the tracked incidents. `all` holds the view's open incidents of any priority, each
    /// with the sequence number of its last event; `complete` is set once these are all there are.
    /// Returns the events that the ribbon lacks.
    pub(super) fn track(
        &mut self,
        all: &[(IncidentRef, u32)],
        complete: bool,
    ) -> Vec<EventRequest> {
        self.snapshot_round += 1;
        let mut requests: Vec<EventRequest> = Vec::new();
        for (incident, seq) in all {
            let round = self.snapshot_round;
            let tracked = self.tracked.entry(incident.id).or_insert(TrackedIncident {
                incident: *incident,
                seq: 0,
                snapshot_round: round,
            });
            if tracked.seq < *seq && self.initialized {
                requests.push(EventRequest {
                    incident: *incident,
                    part: TimelineRange::After(tracked.seq),
                });
            }
            *tracked = TrackedIncident { incident: *incident, seq: *seq, snapshot_round: round };
        }
        let (round, initialized) = (self.snapshot_round, self.initialized);
        self.tracked.retain(|_, tracked| {
            let is_missing = tracked.snapshot_round != round;
            if is_missing && initialized {
                requests.push(EventRequest {
                    incident: tracked.incident,
                    part: TimelineRange::After(tracked.seq),
                });
            }
            !is_missing
        });
        if requests.len() > MAX_READS {
            requests.sort_by_key(|request| request.incident.priority);
            requests.truncate(MAX_READS);
        }
        if !self.initialized && self.ribbon.is_empty() {
            let first = self.rows.iter().take(MAX_READS);
            requests.extend(first.map(|row| EventRequest {
                incident: IncidentRef::from_row(&row.summary),
                part: TimelineRange::Last(INITIAL_EVENTS),
            }));
        }
        self.initialized |= complete;
        requests
    }

    /// Starts takeovers for P1s that were not P1 in `before`, the previous rows.
    pub(super) fn start_takeovers(&mut self, before: &[Row], at: DateTime<Utc>) {
        let was_p1 = |id: IncidentId| {
            before.iter().any(|row| row.summary.id == id && row.summary.priority == Priority::P1)
        };
        let new: Vec<IncidentId> = self
            .rows
            .iter()
            .filter(|row| row.summary.priority == Priority::P1)
            .map(|row| row.summary.id)
            .filter(|id| !was_p1(*id))
            .collect();
        if self.initialized && self.settings.takeover {
            for incident in new {
                self.takeovers.start(incident, at);
            }
        }
        self.expire_takeovers(at);
    }

    /// Ends takeovers whose time is up, or whose incident is no longer among the rows.
    pub(super) fn expire_takeovers(&mut self, at: DateTime<Utc>) {
        let rows = &self.rows;
        self.takeovers.expire(at, |id| rows.iter().any(|row| row.summary.id == id));
    }

    /// Returns the rows of the P1s that have taken over the screen, newest first.
    pub fn takeover_rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.takeovers.ids().filter_map(|id| self.rows.iter().find(|row| row.summary.id == id))
    }

    /// Whether a new P1 has taken over the screen.
    #[must_use]
    pub fn has_takeover(&self) -> bool {
        !self.takeovers.is_empty()
    }

    /// Adds events to the ribbon, except those that it has already.
    pub(super) fn add_to_ribbon(
        &mut self,
        incident: IncidentRef,
        events: &[Event],
        directory: Option<&Directory>,
    ) {
        for event in events {
            // A repeated alert is not an action of a person.
            let is_repeat = matches!(event.body, EventBody::AlertRepeated { .. });
            let is_present = self
                .ribbon
                .iter()
                .any(|entry| entry.incident.id == incident.id && entry.seq == event.seq);
            if is_repeat || is_present {
                continue;
            }
            let index = self.ribbon.iter().position(|entry| entry.at <= event.at);
            let entry = RibbonEntry {
                at: event.at,
                incident,
                seq: event.seq,
                word: event.body.label(),
                detail: event.marked_detail(directory),
                actor: event.actor.clone(),
            };
            self.ribbon.insert(index.unwrap_or(self.ribbon.len()), entry);
            self.ribbon.truncate(RIBBON);
        }
    }

    /// Returns the index of the page of the measures that is shown.
    #[must_use]
    pub fn page(&self, now: DateTime<Utc>) -> usize {
        let turns = now.timestamp_millis().div_euclid(self.rotate_ms());
        usize::try_from(turns).map_or(0, |turns| turns % PAGE_COUNT)
    }

    fn rotate_ms(&self) -> i64 {
        i64::try_from(self.settings.rotate.as_millis()).unwrap_or(i64::MAX).max(1000)
    }

    /// Returns when the oldest open P1 was reported.
    #[must_use]
    pub fn p1_since(&self) -> Option<DateTime<Utc>> {
        let p1s = self.rows.iter().filter(|row| row.summary.priority == Priority::P1);
        p1s.map(|row| row.summary.reported_at).min()
    }

    /// Returns the outage of the backend connection, or `None` while data is fresh.
    #[must_use]
    pub fn outage(&self, connection: &ConnectionState, now: DateTime<Utc>) -> Option<Outage> {
        Outage::detect(connection, self.opened_at, now)
    }

    /// Returns when the picture next changes without input: each second during a takeover, else
    /// with the minute, the page, a service level, or the age of the data.
    #[must_use]
    pub fn next_tick(&self, connection: &ConnectionState, now: DateTime<Utc>) -> DateTime<Utc> {
        let ms = now.timestamp_millis();
        let next = |every: i64| {
            let at = ms - ms.rem_euclid(every) + every;
            DateTime::from_timestamp_millis(at).unwrap_or(now + TimeDelta::minutes(1))
        };
        if self.has_takeover() {
            return next(1000);
        }
        [next(60_000), next(self.rotate_ms())]
            .into_iter()
            .chain(Outage::change_times(connection, self.opened_at))
            .chain(self.next_change)
            .filter(|at| *at > now)
            .min()
            .unwrap_or(now + TimeDelta::minutes(1))
    }
}

/// Returns by how many columns and rows the picture is shifted, so that nothing burns in.
#[must_use]
pub fn burn_in_shift(now: DateTime<Utc>) -> (u16, u16) {
    let turns = now.timestamp().div_euclid(SHIFT_INTERVAL.num_seconds());
    // Times before 1970 do not occur.
    SHIFTS[usize::try_from(turns).map_or(0, |turns| turns % SHIFTS.len())]
}
