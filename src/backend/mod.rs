//! Backends, the first floor of the architecture: where incidents live.
//!
//! [`Backend`] is small and has exactly the operations that the wire carries. So any backend can be
//! served over HTTP, and a served backend can be used as a backend again.

pub mod administration;
mod answers;
mod capabilities;
pub(crate) mod certificate;
pub mod change_reports;
mod clock_offset;
mod command_kinds;
pub mod contacts;
mod cursor;
pub mod dead_letters;
pub mod demo;
mod detail;
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
mod search;
pub mod status_page;
mod store_mark;
mod unknown_services;
mod unreadable;
pub mod waiting;
pub(crate) mod watch;
mod workaround_line;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use administration::{
    Administered, AdministrationRequest, AdministrationSearch, NoAdministration, Precondition,
};
pub use answers::{Delta, Outcome, TimelineRange};
pub use capabilities::{Capabilities, Storage};
pub use clock_offset::{ClockOffset, clock_sentence};
pub use command_kinds::CommandKinds;
pub use contacts::{ContactRequest, NoContacts};
pub use cursor::Cursor;
pub use dead_letters::{
    DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch, NewDeadLetter, NoDeadLetters,
};
pub use detail::{DEFAULT_SIMILAR, Detail, MAX_DETAIL_ALERTS, MAX_SIMILAR};
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
pub use search::{Page, Search};
pub use store_mark::{InvalidMark, PutBack, StoreInfo, StoreMark};
pub use unknown_services::NoUnknownServices;
pub use unreadable::unreadable_sentence;
pub use waiting::{NoWaitingAlerts, WaitingList};

use crate::model::administration::AdministrationEvent;
use crate::model::alert::{Alert, AlertGroup};
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::evidence::EvidenceContent;
use crate::model::maintenance::{
    MaintenancePreview, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow, MutedEntry,
    MutedSearch, NewWindow,
};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::noise::NoiseReport;
use crate::model::notification::{AnswerLink, ContactTest, LinkDigest, PersonReach};
use crate::model::problem::Problem;
use crate::model::signals::{
    BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatEdit, HeartbeatFault, HeartbeatRule,
    TestRecord,
};
pub use crate::model::similar::{RunbookUse, Similar, SimilarHint, SimilarIncidents};
use crate::model::unknown_service::UnknownService;
use crate::model::{
    Actor, ChangeId, Envelope, Event, IncidentId, IncidentNumber, ProblemId, Summary,
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
    /// Returns immediately if something has changed. Otherwise it waits for a change, at most for
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

    /// Returns the pages of the measures, counted up to `now`. A backend without them returns
    /// [`NoSuchList`].
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

    /// Carries out the commands of one request in their order, up to the first that is refused or
    /// fails. Returns the outcomes up to that one, which is the last.
    ///
    /// A store does it in one transaction: after a crash, all commands up to the refused one were
    /// carried out or none.
    async fn execute_in_order(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        let mut results = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let result = self.execute(envelope).await;
            let is_last = result.is_err();
            results.push(result);
            if is_last {
                break;
            }
        }
        results
    }

    /// Returns the recorded problems, newest first; at most 1000.
    async fn problems(&self) -> Result<Vec<Problem>, BackendError>;

    /// Returns one page of the events of all incidents.
    ///
    /// This list and the five below may have a page with fewer rows than the limit, even none, that
    /// is not the last: one read covers a bounded number of records. A backend without such a list
    /// returns [`NoSuchList`], as the default implementations do.
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

    /// Returns one page of the problems with the incidents that link to them: by state, open ones first,
    /// and in each state the newest first.
    async fn linked_problems(
        &self,
        _search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        no_such_list(List::Problems)
    }

    /// Returns one problem with the incidents that link to it, newest first; at most
    /// [`lists::MAX_PROBLEM_INCIDENTS`]. The default implementation uses the list of problems.
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

    /// Returns the suspicions against the changes on a page, without entries for changes that have
    /// none.
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
    /// The default implementations of this method and the next one are for a backend without
    /// administration.
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

    /// Stores the alerts of a message in the name of `actor`: declares an incident for a group that
    /// has none and fires, adds new alerts to the open one, and ends it when all its alerts have
    /// ended. A repeated report changes only the rows of alerts. It returns once that is durable,
    /// and the same message may be sent again.
    ///
    /// The default implementation is for a backend without alerts.
    async fn ingest(
        &self,
        _group: &AlertGroup,
        _actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        Err(BackendError::not_allowed(NoIngest))
    }

    /// Stores a message that can't be understood, and returns its number once it is durable. A
    /// message that is stored already is counted. The oldest are removed when the maximum is
    /// exceeded.
    ///
    /// The default implementations of this method and the three below are for a backend without
    /// such messages.
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

    /// Removes one of these messages, and returns its description.
    async fn remove_dead_letter(&self, _number: u64) -> Result<DeadLetter, BackendError> {
        Err(BackendError::not_allowed(NoDeadLetters))
    }

    /// Returns the alerts of an incident, firing ones first, and of those the last reported first;
    /// at most `limit`. The default implementation returns those in [`Detail`], which are the first
    /// ones.
    async fn alerts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        let mut alerts = self.incident(incident).await?.alert_rows;
        alerts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(alerts)
    }

    /// Returns the incidents that resemble another one, the closest first, at most `limit`, with
    /// the findings of their reviews and the runbooks that were followed. The default
    /// implementation returns those in [`Detail`].
    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        Ok(self.incident(incident).await?.similar_incidents(limit))
    }

    /// Stores a received heartbeat in the name of `actor`, and ends the incident of the silence
    /// before it.
    ///
    /// The default implementations of this method and the two below are for a backend without
    /// heartbeats.
    async fn beat(
        &self,
        _name: &str,
        _at: DateTime<Utc>,
        _actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Returns the open incident that has the alerts of a group with an [`AlertGroup::key`]; `None`
    /// if there is none.
    async fn find_group(&self, group: &str) -> Result<Option<IncidentId>, BackendError> {
        let alerts = self.firing_alerts(MAX_GROUP_ALERTS).await?;
        Ok(alerts.into_iter().find(|alert| alert.group == group).map(|alert| alert.incident))
    }

    /// Returns the services that incidents or changes name and the directory does not have, the
    /// last named first.
    ///
    /// The default implementation is for a backend that lists none.
    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        Err(BackendError::not_allowed(NoUnknownServices))
    }

    /// Returns the heartbeats that were received or are expected, by name. A store does not have their
    /// intervals, which are in the settings.
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Changes what another program says of a heartbeat beside the settings, and returns it as it is then.
    async fn edit_heartbeat(
        &self,
        _name: &str,
        _edit: &HeartbeatEdit,
        _at: DateTime<Utc>,
    ) -> Result<Result<Heartbeat, HeartbeatFault>, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Declares an incident for each heartbeat of the settings that has become silent at `now`, or that a
    /// program has defined, once among all programs. `started` is when the program began to receive them.
    async fn find_silent_heartbeats(
        &self,
        _rules: &[HeartbeatRule],
        _started: DateTime<Utc>,
        _now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        Err(BackendError::not_allowed(NoHeartbeats))
    }

    /// Returns the results of the self-tests and of the monitored servers, by name. The default
    /// implementation returns none.
    async fn self_tests(&self) -> Result<Vec<TestRecord>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the maintenance windows that have not ended, those that mute now first and then by when
    /// they do next; after them, if they are wanted, those that have ended, the last one first.
    ///
    /// The default implementations of this method and the four below are for a backend without
    /// maintenance windows.
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

    /// Creates, changes or ends a maintenance window, and returns it after incidents have been
    /// muted or released. A repeated request changes nothing.
    async fn change_maintenance(
        &self,
        _request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        Err(BackendError::not_allowed(NoMaintenance))
    }

    /// Returns the alerts and incidents that a maintenance window would mute now.
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

    /// Returns the alerts that wait for others before an incident is declared, the last reported
    /// first; at most `limit`.
    ///
    /// The default implementation is for a backend without such alerts.
    async fn waiting_alerts(&self, _limit: u32) -> Result<WaitingList, BackendError> {
        Err(BackendError::not_allowed(NoWaitingAlerts))
    }

    /// Counts the checks whose alerts were reported in a window, and the results of those alerts.
    ///
    /// The default implementation is for a backend that does not count them.
    async fn noise(&self, _search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        Err(BackendError::not_allowed(NoNoise))
    }

    /// Returns the content of evidence, by the id that it has in the record of its incident.
    ///
    /// The default implementation is for a backend without evidence.
    async fn evidence(&self, _id: Uuid) -> Result<EvidenceContent, BackendError> {
        Err(BackendError::not_allowed(NoEvidence))
    }

    /// Returns the alerts that fire in open incidents, the one that was reported last first; at most
    /// `limit`. A backend that has no alerts has none.
    async fn firing_alerts(&self, _limit: u32) -> Result<Vec<Alert>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the alerts of the groups whose keys begin with `prefix`, which ends with a colon; of them only
    /// those with a key, if one is given. The one that was reported first last is the first; at most `limit`.
    /// A backend that has no alerts has none.
    async fn alerts_of_groups(
        &self,
        _prefix: &str,
        _key: Option<&str>,
        _limit: u32,
    ) -> Result<Vec<Alert>, BackendError> {
        Ok(Vec::new())
    }

    /// Returns the link whose token has this digest; `None` if there is none, or if the backend has no
    /// links.
    async fn find_link(&self, _digest: &LinkDigest) -> Result<Option<AnswerLink>, BackendError> {
        Ok(None)
    }

    /// Marks a link as used, unless it is marked already. Its action was carried out before, by a
    /// command whose id follows from the link.
    async fn use_link(&self, _digest: &LinkDigest, _at: DateTime<Utc>) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns the contacts of everybody who has some in the settings or in the store. Over an API
    /// the addresses of other people are masked.
    ///
    /// The default implementations of this method and the two below are for a backend without
    /// contacts.
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

    /// Sends a test message over the contacts of a person, or over one of them, and returns the
    /// outcome of each.
    async fn test_contacts(
        &self,
        _person: &str,
        _contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        Err(BackendError::not_allowed(NoContacts { host: None }))
    }

    /// Returns the current position of the store; `None` if the backend does not identify its
    /// store.
    async fn store_mark(&self) -> Option<StoreMark> {
        None
    }

    /// Reports the highest position that a client has seen. A store that has issued it and no
    /// longer has it was restored from a copy, and begins a new generation.
    async fn report_seen(&self, _seen: &StoreMark) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns the difference between the clock of the backend and that of this machine; `None` if
    /// it uses this machine's clock, or as long as the difference was not measured.
    fn clock_offset(&self) -> Option<ClockOffset> {
        None
    }

    /// Returns the highest number of entries of one answer that could not be read, and were left out:
    /// those of a later version.
    fn unreadable_count(&self) -> usize {
        0
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

    /// Returns where the data is stored on this machine; `None` for a remote backend.
    async fn storage(&self) -> Option<Storage> {
        None
    }

    /// Returns the public id of the token that requests are sent with, if there is one and its id
    /// is known.
    fn token_id(&self) -> Option<String> {
        None
    }
}

/// Returns the error of a backend that has no such list.
fn no_such_list<T>(list: List) -> Result<T, BackendError> {
    Err(BackendError::not_allowed(NoSuchList { list, host: None }))
}
