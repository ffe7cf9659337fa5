//! The ledger of notifications, and the claims by which several programs share one.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::BackendError;
use crate::model::follow_up::FollowUp;
use crate::model::notification::decision::AttemptResult;
use crate::model::notification::{AnswerLink, Notification, ReminderKind, StoredContacts};
use crate::model::oncall::ScheduleCalendar;
use crate::model::signals::TestRecord;
use crate::model::{Event, IncidentId, Summary};

/// The ledger of notifications of a store that several programs may have open.
///
/// Every step is a conditional write, so that no program leads and none has to be found dead by a
/// time-out: a claim ends with the process that has it, and a result counts only with its fence.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Returns the recorded events that notify people and whose notifications have not been planned
    /// yet, the earliest first: calls of levels, requests for a role, updates for stakeholders,
    /// changes of priority and expected recovery, and resolutions. One read covers a bounded number
    /// of events.
    async fn unplanned(&self) -> Result<Unplanned, BackendError>;

    /// Stores the notifications that were planned for the events up to `plan.to`. Returns `false`,
    /// and stores nothing, if another program has planned from the same position.
    async fn plan(&self, plan: &Plan) -> Result<bool, BackendError>;

    /// Stores the notifications of a reminder. Returns `false`, and stores nothing, if the same one was
    /// stored before, by whichever program.
    async fn remind(&self, reminder: &Reminder) -> Result<bool, BackendError>;

    /// Claims notifications that are due, and settles those that are not needed any more.
    ///
    /// Messages to one contact beyond the limit ([`crate::model::notification::decision`]) wait, and
    /// are then claimed as one.
    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, BackendError>;

    /// Records the result of an attempt. Returns `false`, and changes nothing, if another program
    /// has the claim by now.
    async fn finish(&self, claim: &Claim, result: &AttemptResult) -> Result<bool, BackendError>;

    /// Ends the claims of processes that are no longer alive, and those without a result for much
    /// longer than an attempt may take: their process is stopped or hangs. Their attempts count as
    /// interrupted. Returns their number.
    async fn release_dead(&self, now: DateTime<Utc>) -> Result<u64, BackendError>;

    /// Ends the alerts that were to be reported again by `now` and were not, as if a message had
    /// resolved them. Only those count that were last reported at `reported_since` or later: for
    /// others it is not known whether a report was lost. At most a bounded number is ended per
    /// call. The default implementation is for a store without alerts.
    async fn expire_alerts(
        &self,
        _now: DateTime<Utc>,
        _reported_since: DateTime<Utc>,
    ) -> Result<ExpiredAlerts, BackendError> {
        Ok(ExpiredAlerts::default())
    }

    /// Resolves the incidents that alerts have moved to monitoring while nobody had acknowledged
    /// them, once none of their alerts has fired for the time that the settings require.
    /// `receives_since` is the time from which alerts are received: right after a start nothing is
    /// resolved, as alerts may have fired before. The default implementation is for a store without
    /// alerts.
    async fn settle_soaks(
        &self,
        _now: DateTime<Utc>,
        _receives_since: DateTime<Utc>,
    ) -> Result<SettledSoaks, BackendError> {
        Ok(SettledSoaks::default())
    }

    /// Declares incidents for error budgets whose burn rate has become too high, and ends those of
    /// budgets that have recovered, each once among all programs. The default implementation is for
    /// a ledger without objectives.
    async fn settle_budgets(&self, _now: DateTime<Utc>) -> Result<SettledBudgets, BackendError> {
        Ok(SettledBudgets::default())
    }

    /// Returns the contacts that people have set themselves. The default implementation is for a
    /// ledger without contacts.
    async fn stored_contacts(&self) -> Result<Vec<StoredContacts>, BackendError> {
        Ok(Vec::new())
    }

    /// Claims a turn of a periodic task that one program performs for all, such as a self-test, if
    /// the last turn is at least one interval ago. The default implementation, for a ledger without
    /// such tasks, grants none.
    async fn claim_test(&self, claim: &TestClaim) -> Result<TestTurn, BackendError> {
        Ok(TestTurn { record: None, is_claimed: false, next: claim.now + claim.every })
    }

    /// Stores the result of a turn.
    async fn record_test(&self, _record: &TestRecord) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns the last publications whose names begin with a text. The default implementation is
    /// for a ledger that publishes nothing.
    async fn publications(&self, _prefix: &str) -> Result<Vec<PublicationRecord>, BackendError> {
        Ok(Vec::new())
    }

    /// Replaces the record that was read. Returns `false`, and stores nothing, if another program
    /// has replaced it meanwhile, or if the ledger publishes nothing.
    async fn replace_publication(
        &self,
        _before: Option<&PublicationRecord>,
        _after: &PublicationRecord,
    ) -> Result<bool, BackendError> {
        Ok(false)
    }

    /// Removes the records whose names begin with a text and that were stored before a time.
    async fn remove_publications(
        &self,
        _prefix: &str,
        _before: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        Ok(())
    }

    /// Stores the content of a schedule's calendar, in place of the content read before. The
    /// default implementation, for a ledger without a directory, stores nothing.
    async fn store_calendar(&self, _calendar: &ScheduleCalendar) -> Result<(), BackendError> {
        Ok(())
    }

    /// Mutes the incidents that a maintenance window mutes from now on, and releases those that
    /// none mutes any more, each once among all programs. At most a bounded number is changed per
    /// call. The default implementation is for a store without maintenance windows.
    async fn settle_maintenance(
        &self,
        _now: DateTime<Utc>,
    ) -> Result<SettledMaintenance, BackendError> {
        Ok(SettledMaintenance::default())
    }

    /// Claims action items whose issue in a tracker must be created, or whose state must be read.
    /// The default implementation is for a ledger without action items.
    async fn claim_follow_ups(
        &self,
        _request: &FollowUpRequest,
    ) -> Result<FollowUpClaims, BackendError> {
        Ok(FollowUpClaims::default())
    }

    /// Records that an issue is about to be created, so that after a lost answer no other program
    /// creates another one without a search. Returns `false` if another program has the claim by
    /// now: then it must not be created.
    async fn begin_follow_up(
        &self,
        _claim: &FollowUpClaim,
        _now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        Ok(false)
    }

    /// Ends a claim. Returns `false`, and changes nothing, if another program has it by now.
    async fn finish_follow_up(
        &self,
        _claim: &FollowUpClaim,
        _end: &FollowUpEnd,
    ) -> Result<bool, BackendError> {
        Ok(false)
    }

    /// Stores links before the message that contains them is sent. Returns `false` if the ledger
    /// has no links, as the default implementation does: then messages have none either.
    async fn issue_links(
        &self,
        _links: &[AnswerLink],
        _now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        Ok(false)
    }
}

/// The last publication of a report, of the status page, or of a publisher.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicationRecord {
    /// The name of the publication, such as `report:weekly`.
    pub name: String,
    /// When the record was stored.
    pub at: DateTime<Utc>,
    /// Its progress, as JSON. A record is distinguished from the one before it by this text.
    pub body: String,
}

/// Which action items a program can follow up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FollowUpRequest {
    /// The present time.
    pub now: DateTime<Utc>,
    /// The names of the trackers in its settings; an empty one represents the default tracker.
    pub trackers: Vec<String>,
    /// The maximum number of claims.
    pub limit: u32,
}

/// The action items that a program follows up now.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FollowUpClaims {
    /// The claims, the one that is due longest first.
    pub claims: Vec<FollowUpClaim>,
    /// When the next one is due; `None` if none is.
    pub next: Option<DateTime<Utc>>,
}

/// The right to make the issue of an action item, or to read its state.
#[derive(Clone, PartialEq, Debug)]
pub struct FollowUpClaim {
    /// The incident of the action item.
    pub incident: IncidentId,
    /// The known state of the issue.
    pub follow_up: FollowUp,
    /// How often it was claimed; an end with another number is void.
    pub fence: i64,
    /// How many attempts before this one have failed, one after the other.
    pub failures: u32,
    /// When a program began to create the issue without receiving an answer.
    pub sent_at: Option<DateTime<Utc>>,
}

/// How a claim of an action item ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FollowUpEnd {
    /// When it is due again.
    pub next: DateTime<Utc>,
    /// How many attempts have failed, one after the other.
    pub failures: u32,
    /// The reason why the last attempt failed; `None` if it did not.
    pub problem: Option<String>,
    /// Whether an issue may have been created nevertheless.
    pub may_have_created: bool,
}

/// A periodic task that a program wants to perform for all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestClaim {
    /// The name of the record.
    pub name: String,
    /// The interval.
    pub every: TimeDelta,
    /// The present time.
    pub now: DateTime<Utc>,
}

/// Whether a program has a turn.
#[derive(Clone, PartialEq, Debug)]
pub struct TestTurn {
    /// The results of the turns before; `None` if there was none.
    pub record: Option<TestRecord>,
    /// Whether this program has the turn.
    pub is_claimed: bool,
    /// When the next turn is due.
    pub next: DateTime<Utc>,
}

/// The result of ending alerts that were not reported again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExpiredAlerts {
    /// How many were ended.
    pub count: u64,
    /// When the next one ends; `None` if none does.
    pub next: Option<DateTime<Utc>>,
}

/// The result for incidents that wait for their stable time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettledSoaks {
    /// How many were resolved.
    pub count: u64,
    /// When the next one is; `None` if none waits.
    pub next: Option<DateTime<Utc>>,
}

/// The result for error budgets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettledBudgets {
    /// The number of budgets whose burn rate has become too high.
    pub declared: u64,
    /// How many are not used too fast any more.
    pub ended: u64,
    /// When they are considered next; `None` if none is watched.
    pub next: Option<DateTime<Utc>>,
}

/// The numbers of muted and released incidents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettledMaintenance {
    /// How many incidents were muted, or are muted until another time.
    pub muted: u64,
    /// How many were released.
    pub released: u64,
    /// When a window next begins or ends; `None` if none does.
    pub next: Option<DateTime<Utc>>,
}

/// Calls of levels whose notifications have not been planned yet.
#[derive(Clone, PartialEq, Debug)]
pub struct Unplanned {
    /// The position in the log up to which everything was planned.
    pub from: i64,
    /// The position up to which `calls` are complete; `from` if nothing has happened since.
    pub to: i64,
    /// The events, each with the present row of its incident.
    pub calls: Vec<(Event, Summary)>,
    /// Whether there may be more after `to`.
    pub has_more: bool,
}

/// Notifications that were planned for a part of the log.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// [`Unplanned::from`].
    pub from: i64,
    /// [`Unplanned::to`].
    pub to: i64,
    /// The notifications. One with the event, person and contact of a stored one is left out.
    pub notifications: Vec<Notification>,
}

/// The notifications of a reminder that was not sent yet.
#[derive(Clone, PartialEq, Debug)]
pub struct Reminder {
    /// The kind of reminder.
    pub kind: ReminderKind,
    /// The identity among reminders of the kind.
    pub key: String,
    /// The present time.
    pub now: DateTime<Utc>,
    /// The notifications.
    pub notifications: Vec<Notification>,
}

/// The selection of notifications that a program can send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimRequest {
    /// The present time.
    pub now: DateTime<Utc>,
    /// The channels that its settings have. Others are left to other programs.
    pub channels: Vec<String>,
    /// The maximum number of claims.
    pub limit: u32,
}

/// The notifications that a program has claimed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Claimed {
    /// The claims, those of the highest priority first, and of these the ones that are due longest.
    pub claims: Vec<Claim>,
    /// When the next notification over one of the channels is due; `None` if none waits.
    pub next: Option<DateTime<Utc>>,
    /// Whether other processes have claims, which may end with them at any time.
    pub others_claim: bool,
}

/// The right to send a notification once.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// The notification, in the state [`Sending`](crate::model::notification::NotificationState::Sending),
    /// with the number of this attempt.
    pub notification: Notification,
    /// Notifications to the same contact that are sent as the same message.
    pub bundled: Vec<Notification>,
    /// How often the notification was claimed; a result with another number is void.
    pub fence: i64,
    /// The incident as it was when the claim was made; `None` for a notice, which is about none.
    pub incident: Option<Summary>,
}
