//! First floor: where incidents live.
//!
//! [`Backend`] is small and is exactly what the wire carries, so that any backend can be served
//! and a served one is a backend again.

pub mod demo;
pub mod file;
pub mod http;
pub mod record;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::change::Suspect;
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::queue::{OpenCounts, Sort};
use crate::model::{
    Envelope, Event, Incident, IncidentId, IncidentNumber, PersonRef, Rejection, RejectionKind,
    Summary,
};

/// A place where incidents live.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What it is called and what it can carry out.
    async fn capabilities(&self) -> Result<Capabilities, BackendError>;

    /// What has changed since a cursor; `None` asks for all open incidents.
    ///
    /// Returns at once when there is something, else when there is or when `wait` has passed;
    /// then the delta is empty and its cursor is still good.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError>;

    /// A page of rows that pass a filter.
    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError>;

    /// One incident with what belongs to it.
    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError>;

    /// The incident of a number.
    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError>;

    /// A part of a timeline, in order.
    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError>;

    /// The measures of a window, up to `now`.
    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError>;

    /// Carries out a command. The same command again is answered with the first outcome.
    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError>;

    /// Carries out commands in their order, and says what became of each. One that is refused does
    /// not keep the others from being carried out.
    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        let mut results = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            results.push(self.execute(envelope).await);
        }
        results
    }

    /// The problems that are recorded, the last one first; at most 1000.
    async fn problems(&self) -> Result<Vec<Problem>, BackendError>;

    /// People, teams, services, policies and on-call schedules.
    async fn directory(&self) -> Result<Directory, BackendError>;
}

/// What a backend is called and can do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// For the state line, such as `local`.
    pub name: String,
    /// The commands it can carry out.
    pub verbs: BTreeSet<CommandKind>,
    /// Whether `changes` tells of a change as it happens.
    pub live: bool,
    /// Whom it takes the asker for; `None` where it believes what a command says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub me: Option<PersonRef>,
    /// Whether a command may say whom its asker takes the token to be of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks_person: bool,
}

/// A position in a backend's stream of changes. Only the backend that gave it knows its meaning.
///
/// On the wire it is a text: not every reader of JSON keeps all digits of such a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cursor(pub u64);

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(D::Error::custom("a cursor is a number in a text"));
        }
        // One that is larger than any is of another backend, as many that are not are.
        Ok(Self(text.parse().unwrap_or(u64::MAX)))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        Object::builder()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{1,20}$"))
            .description(Some("A position in the stream of changes."))
            .into()
    }
}

impl ToSchema for Cursor {}

/// What has changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delta {
    /// Where to ask on from.
    pub cursor: Cursor,
    /// `rows` are all open incidents, and what was known before is void.
    pub reset: bool,
    /// The rows that changed, as they are now; those no longer open among them.
    pub rows: Vec<Summary>,
    /// Whether the directory changed.
    pub directory: bool,
}

/// Which rows, in which order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// What they must pass, as it is written.
    #[serde(with = "filter_text")]
    pub filter: Filter,
    /// Handle of whoever asks, for `owner:me`.
    pub me: Option<String>,
    /// In which order. [`Sort::Urgent`] holds only among open incidents; else it means newest.
    pub sort: Sort,
    /// The most rows, from 1 to 1000.
    pub limit: u32,
    /// Where the page before ended; `None` for the first.
    pub after: Option<PageMark>,
    /// The time for ages and clocks.
    pub now: DateTime<Utc>,
}

/// Where a page ended. Only the backend that gave it knows its meaning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct PageMark(pub String);

/// A page of rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// For the next page; `None` on the last.
    pub next: Option<PageMark>,
    /// How many rows there are on all pages, where that is known without counting a history.
    pub total: Option<u64>,
    /// All open incidents, whatever the filter; on the first page of a search among open ones.
    pub counts: Option<OpenCounts>,
}

/// One incident with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    /// The record.
    pub incident: Incident,
    /// Changes suspected of causing it, nearest first; at most 10.
    pub suspects: Vec<Suspect>,
    /// Earlier incidents of the same fault or service, closest first; at most 5.
    pub similar: Vec<Similar>,
    /// The problem it links to.
    pub problem: Option<Problem>,
}

/// An earlier incident that is like another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Similar {
    /// Which.
    pub id: IncidentId,
    /// Its number.
    pub number: Option<IncidentNumber>,
    /// Its title.
    pub title: String,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
    /// How it was resolved, in a few words; empty while it is not.
    pub resolution: String,
    /// Whether it has the same fingerprint, not only the same service.
    pub same_fault: bool,
}

/// Which part of a timeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineRange {
    /// The last so many.
    Last(u32),
    /// All after a position; at most 1000.
    After(u32),
    /// The last so many before a position.
    Before(u32, u32),
}

/// What a command led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The incident it was about. A declaration whose alert was grouped names the open one.
    pub incident: Option<IncidentId>,
    /// Its row as it is now.
    pub row: Option<Summary>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The command had been carried out before.
    pub replayed: bool,
}

/// Why a backend did not do what it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BackendError {
    /// It refuses; a person must choose something else.
    #[error("{0}")]
    Rejected(Rejection),
    /// Somebody was first; nothing is left to do.
    #[error("{0}")]
    Conflict(Rejection),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Whoever asks may not do this, or this backend can't.
    #[error("{0}")]
    NotAllowed(String),
    /// Too much was asked for; it will listen again then.
    #[error("asked too often: it answers again at {}", until.format("%H:%M:%S UTC"))]
    Limited {
        /// From then on.
        until: DateTime<Utc>,
    },
    /// It did not answer; the same may work later.
    #[error("{0}")]
    Unreachable(String),
    /// What it holds or answers makes no sense.
    #[error("{0}")]
    Broken(String),
}

impl BackendError {
    /// Whether the same request may work later without anybody choosing something else.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Unreachable(_))
    }
}

impl From<Rejection> for BackendError {
    fn from(rejection: Rejection) -> Self {
        match rejection.kind {
            RejectionKind::Conflict => Self::Conflict(rejection),
            RejectionKind::NotFound => Self::NotFound(rejection.message),
            RejectionKind::Invalid | RejectionKind::NotNow => Self::Rejected(rejection),
        }
    }
}

/// A filter travels as people write it.
mod filter_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::filter::Filter;

    pub(super) fn serialize<S: Serializer>(filter: &Filter, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(filter)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Filter, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
