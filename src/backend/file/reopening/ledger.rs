//! The ledger of a store whose file may be replaced. Claims belong to the file that was open when they
//! were made: a result that comes after it was replaced is void.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::ReopeningStore;
use crate::backend::{
    BackendError, Claim, ClaimRequest, Claimed, ExpiredAlerts, FollowUpClaim, FollowUpClaims,
    FollowUpEnd, FollowUpRequest, Ledger, Plan, PublicationRecord, Reminder, SettledBudgets,
    SettledMaintenance, SettledSoaks, TestClaim, TestTurn, Unplanned,
};
use crate::model::notification::decision::AttemptResult;
use crate::model::notification::{AnswerLink, StoredContacts};
use crate::model::oncall::ScheduleCalendar;
use crate::model::signals::TestRecord;

#[async_trait]
impl Ledger for ReopeningStore {
    async fn unplanned(&self) -> Result<Unplanned, BackendError> {
        self.current_store().await?.0.unplanned().await
    }

    async fn plan(&self, plan: &Plan) -> Result<bool, BackendError> {
        self.store_to_write().await?.plan(plan).await
    }

    async fn remind(&self, reminder: &Reminder) -> Result<bool, BackendError> {
        self.store_to_write().await?.remind(reminder).await
    }

    async fn store_calendar(&self, calendar: &ScheduleCalendar) -> Result<(), BackendError> {
        self.store_to_write().await?.store_calendar(calendar).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, BackendError> {
        self.store_to_write().await?.claim(request).await
    }

    async fn finish(&self, claim: &Claim, result: &AttemptResult) -> Result<bool, BackendError> {
        self.store_to_write().await?.finish(claim, result).await
    }

    async fn release_dead(&self, now: DateTime<Utc>) -> Result<u64, BackendError> {
        self.store_to_write().await?.release_dead(now).await
    }

    async fn expire_alerts(
        &self,
        now: DateTime<Utc>,
        reported_since: DateTime<Utc>,
    ) -> Result<ExpiredAlerts, BackendError> {
        self.store_to_write().await?.expire_alerts(now, reported_since).await
    }

    async fn settle_soaks(
        &self,
        now: DateTime<Utc>,
        receives_since: DateTime<Utc>,
    ) -> Result<SettledSoaks, BackendError> {
        self.store_to_write().await?.settle_soaks(now, receives_since).await
    }

    async fn settle_budgets(&self, now: DateTime<Utc>) -> Result<SettledBudgets, BackendError> {
        self.store_to_write().await?.settle_budgets(now).await
    }

    async fn stored_contacts(&self) -> Result<Vec<StoredContacts>, BackendError> {
        self.current_store().await?.0.stored_contacts().await
    }

    async fn claim_test(&self, claim: &TestClaim) -> Result<TestTurn, BackendError> {
        self.store_to_write().await?.claim_test(claim).await
    }

    async fn record_test(&self, record: &TestRecord) -> Result<(), BackendError> {
        self.store_to_write().await?.record_test(record).await
    }

    async fn publications(&self, prefix: &str) -> Result<Vec<PublicationRecord>, BackendError> {
        self.current_store().await?.0.publications(prefix).await
    }

    async fn replace_publication(
        &self,
        before: Option<&PublicationRecord>,
        after: &PublicationRecord,
    ) -> Result<bool, BackendError> {
        self.store_to_write().await?.replace_publication(before, after).await
    }

    async fn remove_publications(
        &self,
        prefix: &str,
        before: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.store_to_write().await?.remove_publications(prefix, before).await
    }

    async fn settle_maintenance(
        &self,
        now: DateTime<Utc>,
    ) -> Result<SettledMaintenance, BackendError> {
        self.store_to_write().await?.settle_maintenance(now).await
    }

    async fn claim_follow_ups(
        &self,
        request: &FollowUpRequest,
    ) -> Result<FollowUpClaims, BackendError> {
        self.store_to_write().await?.claim_follow_ups(request).await
    }

    async fn begin_follow_up(
        &self,
        claim: &FollowUpClaim,
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        self.store_to_write().await?.begin_follow_up(claim, now).await
    }

    async fn finish_follow_up(
        &self,
        claim: &FollowUpClaim,
        end: &FollowUpEnd,
    ) -> Result<bool, BackendError> {
        self.store_to_write().await?.finish_follow_up(claim, end).await
    }

    async fn issue_links(
        &self,
        links: &[AnswerLink],
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        self.store_to_write().await?.issue_links(links, now).await
    }
}
