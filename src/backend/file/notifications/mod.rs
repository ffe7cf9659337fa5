//! The ledger of notifications, by the tables of `0009_notifications.sql`.
//!
//! Each step is one conditional transaction, so that several programs share the ledger without a
//! leader. A read comes first, so that a step without work costs no write.

mod claim;
mod claimant;
mod due;
mod finish;
mod plan;
mod remind;
mod state;
mod table;
pub(super) mod transfer;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use due::Outlook;
use finish::Ending;
pub(super) use state::LedgerState;
pub(super) use table::{NO_INCIDENT, has_notifications, parse_attempt, parse_notification};

use super::calendars;
use super::error::StoreResult;
use super::store::FileStore;
use super::writer_guard::WriterGuard;
use crate::backend::{
    BackendError, Claim, ClaimRequest, Claimed, ExpiredAlerts, FollowUpClaim, FollowUpClaims,
    FollowUpEnd, FollowUpRequest, Ledger, Plan, PublicationRecord, Reminder, SettledBudgets,
    SettledMaintenance, SettledSoaks, TestClaim, TestTurn, Unplanned,
};
use crate::model::notification::decision::AttemptResult;
use crate::model::notification::{AnswerLink, StoredContacts};
use crate::model::oncall::ScheduleCalendar;
use crate::model::signals::TestRecord;

/// After which time a claim ends although its process lives: that is stopped or hangs, as every attempt
/// ends earlier.
const STALLED_AFTER: TimeDelta = TimeDelta::minutes(15);
/// The first version of the schema that has the tables.
const FIRST_VERSION: i64 = 9;

impl FileStore {
    /// Returns whether the store has the tables; one of an earlier version that is only read has none.
    fn has_ledger(&self) -> bool {
        self.inner.version >= FIRST_VERSION
    }

    /// Ends a step: rolls its transaction back if it has failed or changed nothing (`None`), and
    /// wakes waiters for changes otherwise.
    pub(super) async fn end_step<T>(
        &self,
        mut writer: WriterGuard<'_>,
        done: StoreResult<Option<T>>,
    ) -> StoreResult<Option<T>> {
        let has_changed = matches!(done, Ok(Some(_)));
        if !has_changed {
            writer.roll_back().await;
        }
        drop(writer);
        if has_changed {
            self.inner.watcher.wake();
        }
        done
    }
}

#[async_trait]
impl Ledger for FileStore {
    async fn unplanned(&self) -> Result<Unplanned, BackendError> {
        if !self.has_ledger() {
            return Ok(Unplanned { from: 0, to: 0, calls: Vec::new(), has_more: false });
        }
        let scanned = self.inner.ledger.scanned();
        self.with_path_context(async {
            let now = self.inner.options.clock.now();
            plan::read_unplanned(&mut *self.acquire_reader().await?, scanned, now).await
        })
        .await
    }

    async fn plan(&self, plan: &Plan) -> Result<bool, BackendError> {
        self.check_writable()?;
        let is_stored = if plan::is_negligible(plan) {
            true
        } else {
            let (store, plan) = (self.clone(), plan.clone());
            self.run_to_completion(async move {
                store.check_same_file()?;
                let mut writer = store.lock_writer().await;
                let done = plan::store_plan(&mut writer.conn, &plan).await;
                Ok(store.end_step(writer, done).await?.is_some())
            })
            .await?
        };
        if is_stored {
            self.inner.ledger.remember_scanned(plan.to);
        }
        Ok(is_stored)
    }

    async fn remind(&self, reminder: &Reminder) -> Result<bool, BackendError> {
        self.check_writable()?;
        let is_stored = self.with_path_context(async {
            remind::is_stored(&mut *self.acquire_reader().await?, reminder).await
        });
        if is_stored.await? {
            return Ok(false);
        }
        let (store, reminder) = (self.clone(), reminder.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let done = remind::store_reminder(&mut writer.conn, &reminder).await;
            Ok(store.end_step(writer, done).await?.is_some())
        })
        .await
    }

    async fn store_calendar(&self, calendar: &ScheduleCalendar) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, calendar) = (self.clone(), calendar.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let done = calendars::store_calendar(&mut writer.conn, &calendar).await;
            store.end_step(writer, done).await.map(drop)
        })
        .await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, BackendError> {
        self.check_writable()?;
        let state = &self.inner.ledger;
        let outlook: Outlook = self
            .with_path_context(async {
                let mut reader = self.acquire_reader().await?;
                due::read_outlook(&mut reader, request, state.claimant_id()).await
            })
            .await?;
        let nothing =
            Claimed { claims: Vec::new(), next: outlook.next, others_claim: outlook.others_claim };
        if !outlook.is_due {
            return Ok(nothing);
        }
        let own = state.require_claimant(self.path()).map_err(BackendError::unreachable)?;
        let (store, request) = (self.clone(), request.clone());
        let claimed = self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let done = claim::claim_due(&mut writer.conn, &request, own).await;
            store.end_step(writer, done).await
        });
        Ok(claimed.await?.unwrap_or(nothing))
    }

    async fn finish(&self, claim: &Claim, result: &AttemptResult) -> Result<bool, BackendError> {
        self.check_writable()?;
        let Some(own) = self.inner.ledger.claimant_id() else { return Ok(false) };
        let (store, claim, result) = (self.clone(), claim.clone(), result.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let done = finish::finish_claim(&mut writer.conn, own, &claim, &result).await;
            Ok(store.end_step(writer, done).await?.is_some())
        })
        .await
    }

    async fn release_dead(&self, now: DateTime<Utc>) -> Result<u64, BackendError> {
        if !self.has_ledger() {
            return Ok(0);
        }
        let claimants = self.with_path_context(async {
            finish::read_claimants(&mut *self.acquire_reader().await?).await
        });
        let own = self.inner.ledger.claimant_id();
        let stalled = (now - STALLED_AFTER).timestamp_millis();
        let mut endings = Vec::new();
        for (claimant, began) in claimants.await? {
            if Some(claimant) == own {
                continue;
            }
            if !claimant::is_alive(self.path(), claimant).map_err(BackendError::unreachable)? {
                let reason = "the program that sent it ended before the outcome was clear";
                endings.push(Ending { claimant, began_before: i64::MAX, reason });
            } else if began < stalled {
                let reason = "the program that sent it did not say what came of it";
                endings.push(Ending { claimant, began_before: stalled, reason });
            }
        }
        if endings.is_empty() {
            return Ok(0);
        }
        self.check_writable()?;
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let done = finish::release(&mut writer.conn, &endings, now).await;
            Ok(store.end_step(writer, done).await?.unwrap_or(0))
        })
        .await
    }

    async fn expire_alerts(
        &self,
        now: DateTime<Utc>,
        reported_since: DateTime<Utc>,
    ) -> Result<ExpiredAlerts, BackendError> {
        self.end_expired(now, reported_since).await
    }

    async fn settle_soaks(
        &self,
        now: DateTime<Utc>,
        receives_since: DateTime<Utc>,
    ) -> Result<SettledSoaks, BackendError> {
        self.end_soaks(now, receives_since).await
    }

    async fn settle_budgets(&self, now: DateTime<Utc>) -> Result<SettledBudgets, BackendError> {
        self.end_burns(now).await
    }

    async fn stored_contacts(&self) -> Result<Vec<StoredContacts>, BackendError> {
        self.read_stored_contacts().await
    }

    async fn claim_test(&self, claim: &TestClaim) -> Result<TestTurn, BackendError> {
        self.claim_self_test(claim).await
    }

    async fn record_test(&self, record: &TestRecord) -> Result<(), BackendError> {
        self.store_self_test(record).await
    }

    async fn publications(&self, prefix: &str) -> Result<Vec<PublicationRecord>, BackendError> {
        self.read_publications(prefix).await
    }

    async fn replace_publication(
        &self,
        before: Option<&PublicationRecord>,
        after: &PublicationRecord,
    ) -> Result<bool, BackendError> {
        self.swap_publication(before, after).await
    }

    async fn remove_publications(
        &self,
        prefix: &str,
        before: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.prune_publications(prefix, before).await
    }

    async fn settle_maintenance(
        &self,
        now: DateTime<Utc>,
    ) -> Result<SettledMaintenance, BackendError> {
        self.settle_all(now).await
    }

    async fn claim_follow_ups(
        &self,
        request: &FollowUpRequest,
    ) -> Result<FollowUpClaims, BackendError> {
        self.claim_due_follow_ups(request).await
    }

    async fn begin_follow_up(
        &self,
        claim: &FollowUpClaim,
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        self.note_creation(claim, now).await
    }

    async fn finish_follow_up(
        &self,
        claim: &FollowUpClaim,
        end: &FollowUpEnd,
    ) -> Result<bool, BackendError> {
        self.end_follow_up(claim, end).await
    }

    async fn issue_links(
        &self,
        links: &[AnswerLink],
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        self.store_links(links, now).await
    }
}
