//! Backends, the first floor of the architecture: where incidents live.
//!
//! [`Backend`] is small and has exactly the operations that the wire carries. So any backend can be
//! served over HTTP, and a served backend can be used as a backend again.

pub mod administration;
pub(crate) mod certificate;
pub mod change_reports;
mod clock_offset;
mod command_kinds;
pub mod contacts;
mod cursor;
pub mod dead_letters;
pub mod demo;
mod error;
mod evidence;
pub mod file;
pub mod heartbeats;
pub mod http;
pub mod ingest;
pub mod ledger;
pub mod lists;
pub mod maintenance;
pub mod noise;
mod page_mark;
pub mod record;
pub mod report;
pub mod status_page;
mod store_mark;
mod unknown_services;
pub mod waiting;
pub(crate) mod watch;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use administration::{
    Administered, AdministrationRequest, AdministrationSearch, NoAdministration, Precondition,
};
pub use clock_offset::{ClockOffset, clock_sentence};
pub use command_kinds::CommandKinds;
pub use contacts::{ContactRequest, NoContacts};
pub use cursor::Cursor;
pub use dead_letters::{
    DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch, NewDeadLetter, NoDeadLetters,
};
pub use error::{BackendError, Cause, Missing};
pub use evidence::{MissingEvidence, NoEvidence};
pub use heartbeats::NoHeartbeats;
pub use ingest::{IngestEffect, IngestOutcome, NoIngest};
pub use ledger::{
    Claim, ClaimRequest, Claimed, ExpiredAlerts, FollowUpClaim, FollowUpClaims, FollowUpEnd,
    FollowUpRequest, Ledger, Plan, PublicationRecord, Reminder, SettledBudgets, SettledMaintenance,
    SettledSoaks, TestClaim, TestTurn, Unplanned,
};
pub use lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, IncidentBrief, List,
    ListSearch, NoSuchList, NoSuchProblem, NotificationEntry, NotificationSearch, ProblemEntry,
    ProblemSearch, ReviewEntry, ReviewSearch, ReviewState, Suspicion, TimeOrder,
};
pub use maintenance::NoMaintenance;
pub use noise::{NoNoise, NoiseSearch};
pub use page_mark::{InvalidPageMark, PageMark};
pub use store_mark::{InvalidMark, PutBack, StoreInfo, StoreMark};
pub use unknown_services::NoUnknownServices;
pub use waiting::{NoWaitingAlerts, WaitingList};

use crate::model::administration::AdministrationEvent;
use crate::model::alert::{Alert, AlertGroup};
use crate::model::change::{Change, Suspect};
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::evidence::EvidenceContent;
use crate::model::filter::Filter;
use crate::model::known_error::KnownError;
use crate::model::maintenance::{
    MaintenancePreview, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow, MutedEntry,
    MutedSearch, NewWindow,
};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::noise::NoiseReport;
use crate::model::notification::{AnswerLink, ContactTest, LinkDigest, PersonReach};
use crate::model::problem::Problem;
use crate::model::queue::{OpenCounts, Sort};
use crate::model::signals::{BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatRule, TestRecord};
pub use crate::model::similar::{RunbookUse, Similar, SimilarHint, SimilarIncidents};
use crate::model::stability::Soak;
use crate::model::unknown::read_entries;
use crate::model::unknown_service::UnknownService;
use crate::model::{
    Actor, ChangeId, Envelope, Event, Incident, IncidentId, IncidentNumber, PersonRef, ProblemId,
    Summary,
};

/// How many alerts are searched for those of a group.
const MAX_GROUP_ALERTS: u32 = 10_000;
/// How many pages of changes are searched for one of them.
const MAX_CHANGE_PAGES: usize = 10;
/// How many pages of problems are searched for one of them.
const MAX_PROBLEM_PAGES: usize = 10;

/// Stores incidents, carries out commands on them and reports what changed.
///
/// Implemented by the local store ([`file`](mod@file)), a remote API ([`http`]) and, over the local store,
/// the demo ([`demo`]).
#[async_trait]
pub trait Backend: Send + Sync {
    /// Returns the name of the backend and the commands that it can carry out.
    async fn capabilities(&self) -> Result<Capabilities, BackendError>;

    /// Returns what changed since the cursor `since`, or all open incidents if it is `None`.
    ///
    /// Returns at once if something has changed. Otherwise it waits for a change, at most for
    /// `wait` (a long poll). After that time the delta is empty; its cursor can be used again.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError>;

    /// Returns one page of the rows that match a filter.
    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError>;

    /// Returns one incident with its suspected changes, similar incidents and problem.
    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError>;

    /// Returns the id of the incident that has a number.
    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError>;

    /// Returns a part of a timeline, earliest event first.
    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError>;

    /// Returns the measures of a window, counted up to `now`.
    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError>;

    /// Returns the pages of the measures, counted up to `now`. A backend without them says so
    /// ([`NoSuchList`]).
    async fn pages(&self, _query: &PagesQuery, _now: DateTime<Utc>) -> Result<Pages, BackendError> {
        no_such_list(List::Pages)
    }

    /// Carries out a command. A command that was carried out before (same id) changes nothing and
    /// is answered with its first outcome; another command with that id is refused.
    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError>;

    /// Carries out commands in their order and returns the outcome of each. A rejected command does
    /// not prevent the others from being carried out.
    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        let mut results = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            results.push(self.execute(envelope).await);
        }
        results
    }

    /// Returns the recorded problems, newest first; at most 1000.
    async fn problems(&self) -> Result<Vec<Problem>, BackendError>;

    /// Returns one page of the events of all incidents.
    ///
    /// This list and the five below may have a page with fewer rows than the limit, even none, that
    /// is not the last: one read looks at a bounded number of records. A backend without such a
    /// list says so ([`NoSuchList`]), which is what the methods with a body do.
    async fn feed(&self, _search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        no_such_list(List::Feed)
    }

    /// Returns one page of the recorded changes, the one that starts last first.
    async fn recorded_changes(&self, _search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        no_such_list(List::Changes)
    }

    /// Returns a recorded change; `None` if none of the latest ones has this id.
    ///
    /// # Errors
    /// As [`Self::recorded_changes`].
    async fn recorded_change(&self, id: ChangeId) -> Result<Option<Change>, BackendError> {
        let mut search = ChangeSearch::first(lists::MAX_ROWS);
        for _ in 0..MAX_CHANGE_PAGES {
            let page = self.recorded_changes(&search).await?;
            let found = page.rows.into_iter().find(|change| change.id == id);
            if found.is_some() || page.next.is_none() {
                return Ok(found);
            }
            search.after = page.next;
        }
        Ok(None)
    }

    /// Returns one page of the reviews: unpublished ones first, and of those the newest incidents.
    async fn reviews(&self, _search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        no_such_list(List::Reviews)
    }

    /// Returns one page of the action items: open ones first, by the day on which they are due.
    async fn action_items(
        &self,
        _search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        no_such_list(List::ActionItems)
    }

    /// Returns one page of the problems, newest first, with the incidents that link to them.
    async fn linked_problems(
        &self,
        _search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        no_such_list(List::Problems)
    }

    /// Returns one problem with the incidents that link to it, newest first; at most
    /// [`lists::MAX_PROBLEM_INCIDENTS`]. A backend that does not read it by itself has those of the list.
    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let mut search = ProblemSearch::first(lists::MAX_ROWS);
        for _ in 0..MAX_PROBLEM_PAGES {
            let page = self.linked_problems(&search).await?;
            if let Some(found) = page.rows.into_iter().find(|entry| entry.problem.id == id) {
                return Ok(found);
            }
            search.after = page.next;
            if search.after.is_none() {
                break;
            }
        }
        Err(BackendError::not_found(NoSuchProblem(id)))
    }

    /// Returns what the changes on a page are suspected of; nothing of those that are suspected of
    /// nothing.
    async fn suspicions(&self, _search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        no_such_list(List::Suspicions)
    }

    /// Returns one page of the notifications, the one that was planned last first.
    async fn notifications(
        &self,
        _search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        no_such_list(List::Notifications)
    }

    /// Returns the people, teams, services, escalation policies and on-call schedules.
    async fn directory(&self) -> Result<Directory, BackendError>;

    /// Changes the directory, or records a change of a token. A request that was carried out before
    /// (same id) changes nothing and is answered with its first outcome.
    ///
    /// A backend without administration says so, which is what this method and the next one do.
    async fn administer(
        &self,
        _request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        Err(BackendError::not_allowed(NoAdministration { host: None }))
    }

    /// Returns one page of the changes of administration, the latest first.
    async fn administration_log(
        &self,
        _search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        Err(BackendError::not_allowed(NoAdministration { host: None }))
    }

    /// Stores the alerts of a message in the name of `actor`: declares an incident for a group that has
    /// none and fires, adds what is new to the open one, and ends it when all its alerts have ended.
    /// What is repeated changes only the rows of alerts. It returns once that is durable, and the same
    /// message may be sent again.
    ///
    /// A backend that has no alerts says so, which is what this method does.
    async fn ingest(
        &self,
        _group: &AlertGroup,
        _actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        Err(BackendError::not_allowed(NoIngest))
    }

    /// Stores a message that can't be understood, and returns its number once it is durable. A message
    /// that is stored already is counted. The oldest are removed when there are too many.
    ///
    /// A backend without such messages says so, which is what this method and the three below do.
    async fn add_dead_letter(&self, _new: &NewDeadLetter) -> Result<u64, BackendError> {
        Err(BackendError::not_allowed(NoDeadLetters))
    }

    /// Returns the messages that could not be understood, without their content, the one that arrived
    /// last first.
    async fn dead_letters(
        &self,
        _search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        Err(BackendError::not_allowed(NoDeadLetters))
    }

    /// Returns one of these messages with its content.
    async fn dead_letter(&self, _number: u64) -> Result<DeadLetterMessage, BackendError> {
        Err(BackendError::not_allowed(NoDeadLetters))
    }

    /// Removes one of these messages, and returns what was known of it.
    async fn remove_dead_letter(&self, _number: u64) -> Result<DeadLetter, BackendError> {
        Err(BackendError::not_allowed(NoDeadLetters))
    }

    /// Returns the alerts of an incident, firing ones first, and of those the one that was reported last
    /// first; at most `limit`. A backend that does not read them by themselves has the first of them, as
    /// they are in [`Detail`].
    async fn alerts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        let mut alerts = self.incident(incident).await?.alert_rows;
        alerts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(alerts)
    }

    /// Returns the incidents that resemble another one, the closest first, at most `limit`, with what
    /// their reviews say and which runbooks were followed. A backend that does not look for them by
    /// itself has those in [`Detail`].
    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        Ok(self.incident(incident).await?.similar_incidents(limit))
    }

    /// Stores a sign of life of a heartbeat in the name of `actor`, and ends the incident of the silence
    /// before it.
    ///
    /// A backend that has no heartbeats says so, which is what this method and the two below it do.
    async fn beat(
        &self,
        _name: &str,
        _at: DateTime<Utc>,
        _actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Returns the open incident that has the alerts of a group, as it is named in
    /// [`AlertGroup::key`]; `None` if there is none.
    async fn find_group(&self, group: &str) -> Result<Option<IncidentId>, BackendError> {
        let alerts = self.firing_alerts(MAX_GROUP_ALERTS).await?;
        Ok(alerts.into_iter().find(|alert| alert.group == group).map(|alert| alert.incident))
    }

    /// Returns the services that incidents or changes name and the directory does not have, the one that
    /// was named last first.
    ///
    /// A backend that lists none says so, which is what this method does.
    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        Err(BackendError::not_allowed(NoUnknownServices))
    }

    /// Returns the heartbeats that were received or are expected, by name. A store does not have their
    /// intervals, which are in the settings.
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Declares an incident for each heartbeat of the settings that has become silent at `now`, once
    /// among all programs. `started` is when the program began to receive them.
    async fn find_silent_heartbeats(
        &self,
        _rules: &[HeartbeatRule],
        _started: DateTime<Utc>,
        _now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Returns what came of the self-tests and of the servers that are watched, by name. A backend that
    /// tries none has none.
    async fn self_tests(&self) -> Result<Vec<TestRecord>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the maintenance windows that have not ended, those that mute now first and then by when
    /// they do next; after them, if they are wanted, those that have ended, the last one first.
    ///
    /// A backend that has none says so, which is what this method and the four below it do.
    async fn maintenance(
        &self,
        _search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Returns one maintenance window.
    async fn maintenance_window(&self, _id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Creates, changes or ends a maintenance window, and returns it. What it mutes or releases is done
    /// by then. A request that comes again changes nothing.
    async fn change_maintenance(
        &self,
        _request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Returns what a maintenance window would mute now.
    async fn preview_maintenance(
        &self,
        _window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Returns the incidents that are muted, and then those that were, the latest first.
    async fn muted(&self, _search: &MutedSearch) -> Result<Vec<MutedEntry>, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Returns the alerts that wait for others before an incident is declared, the one that was reported
    /// last first; at most `limit`.
    ///
    /// A backend without such alerts says so, which is what this method does.
    async fn waiting_alerts(&self, _limit: u32) -> Result<WaitingList, BackendError> {
        Err(BackendError::not_allowed(NoWaitingAlerts))
    }

    /// Counts the checks whose alerts were reported in a window, and what they led to.
    ///
    /// A backend that does not count them says so, which is what this method does.
    async fn noise(&self, _search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        Err(BackendError::not_allowed(NoNoise))
    }

    /// Returns the content of evidence, by the id that it has in the record of its incident.
    ///
    /// A backend that has none says so, which is what this method does.
    async fn evidence(&self, _id: Uuid) -> Result<EvidenceContent, BackendError> {
        Err(BackendError::not_allowed(NoEvidence))
    }

    /// Returns the alerts that fire in open incidents, the one that was reported last first; at most
    /// `limit`. A backend that has no alerts has none.
    async fn firing_alerts(&self, _limit: u32) -> Result<Vec<Alert>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the link whose token has this digest; `None` if there is none, or if the backend has no
    /// links.
    async fn find_link(&self, _digest: &LinkDigest) -> Result<Option<AnswerLink>, BackendError> {
        Ok(None)
    }

    /// Marks a link as used, unless it is marked already. What it does was carried out before that, by a
    /// command whose id follows from the link.
    async fn use_link(&self, _digest: &LinkDigest, _at: DateTime<Utc>) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns how everybody is reached who has contacts in the settings or in the store. Over an API the
    /// addresses of others are masked.
    ///
    /// A backend that has no contacts says so, which is what this method and the two below it do.
    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        Err(BackendError::not_allowed(NoContacts { host: None }))
    }

    /// Changes the contacts of a person, and returns how the person is reached then. A request that was
    /// carried out before (same id) changes nothing.
    async fn change_contacts(
        &self,
        _request: &ContactRequest,
    ) -> Result<PersonReach, BackendError> {
        Err(BackendError::not_allowed(NoContacts { host: None }))
    }

    /// Sends a test message over the contacts of a person, or over one of them, and returns what came of
    /// each.
    async fn test_contacts(
        &self,
        _person: &str,
        _contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        Err(BackendError::not_allowed(NoContacts { host: None }))
    }

    /// Returns the present position of the store; `None` if the backend does not tell which store it
    /// is.
    async fn store_mark(&self) -> Option<StoreMark> {
        None
    }

    /// Reports the highest position that a client has seen. A store that has given it and does not
    /// have it any more was put back from a copy, and begins a new generation.
    async fn report_seen(&self, _seen: &StoreMark) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns how far the clock of the backend is from that of this machine; `None` if it uses
    /// this machine's clock, or as long as that was not measured.
    fn clock_offset(&self) -> Option<ClockOffset> {
        None
    }

    /// Measures the clock of the backend, if it has one of its own and that was not measured yet.
    async fn measure_clock(&self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Finds out whether commands can be written, by a durable write that changes nothing. A
    /// backend that has no such write checks that it answers.
    async fn check_write(&self) -> Result<(), BackendError> {
        self.capabilities().await.map(drop)
    }

    /// Returns where the data lies on this machine; `None` for a backend that has none here.
    async fn storage(&self) -> Option<Storage> {
        None
    }

    /// Returns the public id of the token that requests are sent with, if there is one and it is
    /// known.
    fn token_id(&self) -> Option<String> {
        None
    }
}

/// Returns the error of a backend that has no such list.
fn no_such_list<T>(list: List) -> Result<T, BackendError> {
    Err(BackendError::not_allowed(NoSuchList { list, host: None }))
}

/// Where a backend has its data on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Storage {
    /// The path of the file.
    pub path: PathBuf,
    /// The size of the file and of those that belong to it, in bytes.
    pub bytes: u64,
}

/// The name of a backend, and what it can do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// The name that the state line shows, such as `local`.
    pub name: String,
    /// The kinds of commands that it can carry out for the requester. Those that this version does
    /// not define can't be sent by it.
    #[schema(value_type = BTreeSet<CommandKind>)]
    pub verbs: CommandKinds,
    /// Whether a request for changes that waits is answered as soon as something changes.
    pub live: bool,
    /// The person as whom it carries out commands; `None` if it uses the actor that a command
    /// names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub me: Option<PersonRef>,
    /// Whether a command may name the person to whom, as far as its requester knows, the token
    /// belongs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks_person: bool,
    /// Which store it is; absent if the backend does not tell that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreInfo>,
    /// Whether it calls the next level of an escalation policy by itself when nobody acknowledges an
    /// incident in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub escalates: bool,
}

/// What has changed since a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delta {
    /// The position up to which the changes reach, for the next request.
    pub cursor: Cursor,
    /// Whether `rows` are all open incidents, which replace everything that was fetched before.
    pub reset: bool,
    /// The rows that changed, in their present state. They include incidents that are no longer
    /// open.
    #[serde(deserialize_with = "read_entries")]
    pub rows: Vec<Summary>,
    /// Whether the directory changed.
    pub directory: bool,
}

/// A request for one page of rows: which rows, and in which order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The filter that rows must match; on the wire in the syntax that people type.
    #[serde(with = "filter_text")]
    pub filter: Filter,
    /// Handle of the requester, for `owner:me`.
    pub me: Option<String>,
    /// The order of the rows. [`Sort::Urgent`] orders open incidents only; in a search of the
    /// history it means newest first.
    pub sort: Sort,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
    /// The time at which ages and service level clocks are computed.
    pub now: DateTime<Utc>,
}

/// One page of the rows that a search finds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub struct Page<T> {
    /// The rows, in order.
    #[serde(deserialize_with = "read_entries")]
    pub rows: Vec<T>,
    /// The mark after which the next page begins; `None` on the last page.
    pub next: Option<PageMark>,
    /// The number of rows on all pages, if it is known without counting the history.
    pub total: Option<u64>,
    /// The counts of all open incidents, whatever the filter; only on the first page of a search of
    /// open incidents.
    pub counts: Option<OpenCounts>,
}

/// The most similar incidents that are returned at once.
pub const MAX_SIMILAR: u32 = 100;
/// The number of similar incidents if none is asked for.
pub const DEFAULT_SIMILAR: u32 = 10;

/// The most alerts that a [`Detail`] has.
pub const MAX_DETAIL_ALERTS: u32 = 100;

/// One incident with the records that are related to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    /// The complete record of the incident.
    pub incident: Incident,
    /// Changes suspected of causing it, nearest in time first; at most 10.
    #[serde(deserialize_with = "read_entries")]
    pub suspects: Vec<Suspect>,
    /// Earlier incidents with the same fault, texts that are alike, or the same service, closest first;
    /// at most 5.
    #[serde(deserialize_with = "read_entries")]
    pub similar: Vec<Similar>,
    /// The problem that the incident links to; `None` if it links to none.
    pub problem: Option<Problem>,
    /// The known errors that may be behind it and that it does not link to, the likeliest first; at most
    /// 3. Absent once it has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub known_errors: Vec<KnownError>,
    /// The recorded changes that it links to and that are not among the suspects; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub linked_changes: Vec<Change>,
    /// Its alerts, firing ones first, and of those the one that was reported last first; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub alert_rows: Vec<Alert>,
    /// How long its alerts are resolved, and must be before it may be resolved; absent if it needs no
    /// stability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
}

impl Detail {
    /// Returns the similar incidents that come with the record, at most `limit`.
    #[must_use]
    pub fn similar_incidents(&self, limit: u32) -> SimilarIncidents {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let similar = self.similar.iter().take(most).cloned().collect();
        SimilarIncidents::new(&self.incident.summary, similar)
    }
}

/// Selects a part of a timeline, by the sequence numbers of its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineRange {
    /// The last events, at most this many.
    Last(u32),
    /// The events after a sequence number, at most 1000.
    After(u32),
    /// The last events before a sequence number (first value), at most as many as the second value.
    Before(u32, u32),
}

/// What a command that was carried out led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The incident that the command is about. For a declaration that was grouped into an open
    /// incident, that is the open incident.
    pub incident: Option<IncidentId>,
    /// The row of that incident in its present state.
    pub row: Option<Summary>,
    /// The events that the command led to, in order.
    pub events: Vec<Event>,
    /// Whether the command had been carried out before, so that it changed nothing this time.
    pub replayed: bool,
}

/// Serializes a filter in the syntax that people type.
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
