//! The feed: events of all incidents, in the order in which they were recorded.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::{Actor, Event};

/// The order of a list by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeOrder {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
    /// In the order in which the store wrote them, which differs from the others if events were
    /// imported. Every page has a mark, also the last one: events that are written later follow it.
    Log,
}

/// A request for one page of the events of all incidents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FeedSearch {
    /// The time from which on the events were recorded; `None` for all.
    pub since: Option<DateTime<Utc>>,
    /// The time before which the events were recorded; `None` for all.
    pub until: Option<DateTime<Utc>>,
    /// The order, by the time at which they were recorded.
    pub order: TimeOrder,
    /// The team that is responsible for the incident now.
    pub team: Option<String>,
    /// The kinds of events, of [`crate::model::EventBody::KINDS`]; all if it is empty.
    pub kinds: Vec<String>,
    /// The handle of the person who caused them, or the name of a program.
    pub person: Option<String>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// An event with its incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FeedEntry {
    /// The incident on whose timeline the event is.
    pub incident: IncidentBrief,
    /// The event.
    pub event: Event,
    /// The position after the event, from which on the events can be read: as `since` of the next
    /// request. Only in the order in which they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<PageMark>,
}

impl FeedSearch {
    /// Returns the search for the latest events of all kinds.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self {
            since: None,
            until: None,
            order: TimeOrder::Newest,
            team: None,
            kinds: Vec::new(),
            person: None,
            limit,
            after: None,
        }
    }
}

impl ListSearch for FeedSearch {
    type Row = FeedEntry;
    const LIST: List = List::Feed;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &FeedEntry) -> bool {
        let recorded = row.event.recorded_at;
        self.since.is_none_or(|since| recorded >= since)
            && self.until.is_none_or(|until| recorded < until)
            && (self.kinds.is_empty()
                || self.kinds.iter().any(|kind| kind == row.event.body.kind()))
            && self.person.as_ref().is_none_or(|person| is_by(&row.event.actor, person))
            && self.team.as_ref().is_none_or(|team| {
                row.incident.team.as_ref().is_some_and(|name| is_same_name(name, team))
            })
    }

    fn compare(&self, a: &FeedEntry, b: &FeedEntry) -> Ordering {
        // Within a millisecond the log decides, which only a store has.
        let key = |row: &FeedEntry| (row.event.recorded_at, row.event.id, row.event.seq);
        match self.order {
            TimeOrder::Newest => key(b).cmp(&key(a)),
            TimeOrder::Oldest | TimeOrder::Log => key(a).cmp(&key(b)),
        }
    }

    fn identity(row: &FeedEntry) -> String {
        row.event.id.to_string()
    }
}

/// Returns whether an actor is the person with a handle, or the program with a name.
fn is_by(actor: &Actor, name: &str) -> bool {
    match actor {
        Actor::Person(person) => is_same_name(&person.handle, name),
        Actor::Integration(program) => is_same_name(program, name),
        Actor::Unknown(_) => false,
    }
}
