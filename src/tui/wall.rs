//! The wall display: what it knows beside the state of the panes, and what follows from the time.
//!
//! Nobody presses a key there for months. Whatever it keeps is bounded, and what moves (pages, the
//! shift of the picture, a take-over) is a function of the time, so that a tick needs no state.

mod outage;
mod takeover;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::TimelineRange;
use crate::model::filter::{Filter, Predicate};
use crate::model::queue::OpenCounts;
use crate::model::{Event, EventBody, IncidentId, IncidentNumber, Priority, Summary};
use crate::sync::ConnectionState;

use super::app::App;
use super::queue::Row;

pub use outage::{Loudness, Outage};
use takeover::Takeovers;
pub use takeover::{MAX_TAKEOVER, TAKEOVER_DURATION};

/// How long a page of the measures stays, unless it is set.
pub const DEFAULT_ROTATE: Duration = Duration::from_secs(15);
/// Entries of the ribbon that are kept.
pub const RIBBON: usize = 50;
/// Timelines that are read because of one snapshot: an alert storm must not become one of reads.
pub const READS: usize = 12;
/// The last events of each incident on the board that the ribbon starts with.
const INITIAL_EVENTS: u32 = 4;
/// Pages of the measures.
pub const PAGES: usize = 4;
/// The picture moves by a cell this often.
pub const SHIFT_INTERVAL: TimeDelta = TimeDelta::minutes(4);
/// Where the picture stands, one after the other: each a cell from the one before.
const SHIFTS: [(u16, u16); 6] = [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)];
/// The most that the picture is shifted, in columns and rows.
pub const MAX_SHIFT: (u16, u16) = (2, 1);
/// What the wall shows, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The view, as whoever looks would name it; empty for all incidents.
    pub view: String,
    /// What incidents must pass.
    pub filter: Filter,
    /// How long a page of the measures stays.
    pub rotate: Duration,
    /// Whether a new P1 takes the screen.
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
    /// It is not known yet.
    Unknown,
    /// There has been none.
    Never,
    /// Then.
    Ended(DateTime<Utc>),
}

/// An entry of the ribbon.
#[derive(Clone, Debug)]
pub struct RibbonEntry {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// To which incident.
    pub incident: IncidentRef,
    /// Its place on that incident's timeline.
    pub seq: u32,
    /// What happened, in a word.
    pub word: &'static str,
    /// More about it.
    pub detail: String,
    /// Who did it.
    pub actor: String,
}

/// What the ribbon says of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncidentRef {
    /// Which.
    pub id: IncidentId,
    /// Its number.
    pub number: Option<IncidentNumber>,
    /// Its priority.
    pub priority: Priority,
}

impl IncidentRef {
    /// As its row has it.
    pub(super) fn from_row(row: &Summary) -> Self {
        Self { id: row.id, number: row.number, priority: row.priority }
    }
}

/// What the ribbon knows of an incident.
#[derive(Clone, Copy, Debug)]
struct TrackedIncident {
    incident: IncidentRef,
    /// The last event that was asked for.
    seq: u32,
    /// The snapshot that last had it.
    snapshot_round: u64,
}

/// The wall display.
#[derive(Debug)]
pub struct Wall {
    /// What it shows, and how.
    pub settings: Settings,
    /// There are no panes to go back to.
    pub standalone: bool,
    /// The open P1 and P2 of the view, most urgent first.
    pub rows: Vec<Row>,
    /// The open incidents of the view.
    pub counts: OpenCounts,
    /// When the last P1 ended.
    pub last_p1: LastP1,
    /// What has happened, the last first.
    pub ribbon: VecDeque<RibbonEntry>,
    /// When a row next crosses its level or nears it.
    pub next_change: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
    tracked: HashMap<IncidentId, TrackedIncident>,
    /// Counts snapshots.
    snapshot_round: u64,
    /// All open incidents were known once: what comes after is new.
    initialized: bool,
    takeovers: Takeovers,
}

/// Events that the ribbon wants to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRequest {
    /// Of which incident.
    pub incident: IncidentRef,
    /// Which of them.
    pub part: TimelineRange,
}

impl Wall {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(settings: Settings, alone: bool, at: DateTime<Utc>) -> Self {
        Self {
            settings,
            standalone: alone,
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

    /// The filter for P1s of the view that have ended: what it says about a state now is left out.
    #[must_use]
    pub fn ended_p1_filter(&self) -> Filter {
        let lasting = |ask: &Predicate| {
            matches!(
                ask,
                Predicate::Text(_)
                    | Predicate::Service(_)
                    | Predicate::Team(_)
                    | Predicate::Category(_)
            )
        };
        let view =
            self.settings.filter.terms.iter().filter(|term| lasting(&term.predicate)).cloned();
        let mut filter: Filter = "p1 is:ended".parse().unwrap_or_default();
        filter.terms.extend(view);
        filter
    }

    /// Takes in what the view holds now: `all` that pass it, of any priority, with the last event of
    /// each. `complete` once these are all there are. Gives the events that the ribbon lacks.
    pub(super) fn track(
        &mut self,
        all: &[(IncidentRef, u32)],
        complete: bool,
    ) -> Vec<EventRequest> {
        self.snapshot_round += 1;
        let mut wanted: Vec<EventRequest> = Vec::new();
        for (of, seq) in all {
            let round = self.snapshot_round;
            let known = self.tracked.entry(of.id).or_insert(TrackedIncident {
                incident: *of,
                seq: 0,
                snapshot_round: round,
            });
            if known.seq < *seq && self.initialized {
                wanted.push(EventRequest { incident: *of, part: TimelineRange::After(known.seq) });
            }
            *known = TrackedIncident { incident: *of, seq: *seq, snapshot_round: round };
        }
        let (round, begun) = (self.snapshot_round, self.initialized);
        self.tracked.retain(|_, known| {
            let left = known.snapshot_round != round;
            if left && begun {
                wanted.push(EventRequest {
                    incident: known.incident,
                    part: TimelineRange::After(known.seq),
                });
            }
            !left
        });
        if wanted.len() > READS {
            wanted.sort_by_key(|wanted| wanted.incident.priority);
            wanted.truncate(READS);
        }
        if !self.initialized && self.ribbon.is_empty() {
            let first = self.rows.iter().take(READS);
            wanted.extend(first.map(|row| EventRequest {
                incident: IncidentRef::from_row(&row.summary),
                part: TimelineRange::Last(INITIAL_EVENTS),
            }));
        }
        self.initialized |= complete;
        wanted
    }

    /// Lets P1s take the screen that were none before. `before` are the rows until now.
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

    /// Time has passed: the screen is given back.
    pub(super) fn expire_takeovers(&mut self, at: DateTime<Utc>) {
        let rows = &self.rows;
        self.takeovers.expire(at, |id| rows.iter().any(|row| row.summary.id == id));
    }

    /// The P1s that have the screen, the last first.
    pub fn takeover_rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.takeovers.ids().filter_map(|id| self.rows.iter().find(|row| row.summary.id == id))
    }

    /// Whether a new P1 has the screen.
    #[must_use]
    pub fn has_takeover(&self) -> bool {
        !self.takeovers.is_empty()
    }

    /// Puts events on the ribbon.
    pub(super) fn add_to_ribbon(&mut self, of: IncidentRef, events: &[Event]) {
        for event in events {
            // The same alert again is nothing that anybody did.
            let again = matches!(event.body, EventBody::AlertRepeated { .. });
            let there = self.ribbon.iter().any(|m| m.incident.id == of.id && m.seq == event.seq);
            if again || there {
                continue;
            }
            let place = self.ribbon.iter().position(|m| m.at <= event.at);
            let moment = RibbonEntry {
                at: event.at,
                incident: of,
                seq: event.seq,
                word: event.body.label(),
                detail: event.body.detail(),
                actor: event.actor.name().to_owned(),
            };
            self.ribbon.insert(place.unwrap_or(self.ribbon.len()), moment);
            self.ribbon.truncate(RIBBON);
        }
    }

    /// The page of the measures that is shown.
    #[must_use]
    pub fn page(&self, now: DateTime<Utc>) -> usize {
        let turns = now.timestamp_millis().div_euclid(self.rotate_ms());
        usize::try_from(turns).map_or(0, |turns| turns % PAGES)
    }

    fn rotate_ms(&self) -> i64 {
        i64::try_from(self.settings.rotate.as_millis()).unwrap_or(i64::MAX).max(1000)
    }

    /// The open P1 that has lasted longest: since when.
    #[must_use]
    pub fn p1_since(&self) -> Option<DateTime<Utc>> {
        let p1s = self.rows.iter().filter(|row| row.summary.priority == Priority::P1);
        p1s.map(|row| row.summary.reported_at).min()
    }

    /// Since when data is old, and how loudly to say so; `None` while it is not.
    #[must_use]
    pub fn outage(&self, link: &ConnectionState, now: DateTime<Utc>) -> Option<Outage> {
        Outage::detect(link, self.opened_at, now)
    }

    /// When the picture changes by itself next. Each second while a new P1 has the screen; else with
    /// the minute, the page, a level, or the age of the data.
    #[must_use]
    pub fn next_tick(&self, app: &App, now: DateTime<Utc>) -> DateTime<Utc> {
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
            .chain(Outage::change_times(&app.connection, self.opened_at))
            .chain(self.next_change)
            .filter(|at| *at > now)
            .min()
            .unwrap_or(now + TimeDelta::minutes(1))
    }
}

/// By how many columns and rows the picture is shifted, so that nothing burns in.
#[must_use]
pub fn burn_in_shift(now: DateTime<Utc>) -> (u16, u16) {
    let turns = now.timestamp().div_euclid(SHIFT_INTERVAL.num_seconds());
    // Before 1970 nobody looks.
    SHIFTS[usize::try_from(turns).map_or(0, |turns| turns % SHIFTS.len())]
}
