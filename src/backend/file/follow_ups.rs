//! Which program makes the issue of an action item in a tracker, or reads its state, by the columns of
//! `follow_up` that no event fills.
//!
//! A claim expires, so that the death of a program need not be detected. Its fence number
//! invalidates later steps of a program whose claim has expired. An issue must not be created
//! twice, so its creation is recorded before it begins. A program that claims the item after that
//! searches the tracker first.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::json_column::parse_json;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{BackendError, FollowUpClaim, FollowUpClaims, FollowUpEnd, FollowUpRequest};
use crate::model::IncidentId;
use crate::model::follow_up::FollowUp;
use crate::model::text::truncate;

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 13;
/// How long a claim lasts. All that is done with one takes less.
const CLAIM: TimeDelta = TimeDelta::minutes(10);
/// After which time a follow-up that can't be read is considered again.
const UNREADABLE_AGAIN: TimeDelta = TimeDelta::days(1);
/// The greatest width of a stored problem, in columns.
const MAX_PROBLEM_WIDTH: usize = 300;

impl FileStore {
    /// Returns whether the store has the table; one of an earlier version that is only read has none.
    pub(super) fn has_follow_ups(&self) -> bool {
        self.inner.version >= FIRST_VERSION
    }

    /// Claims the follow-ups that are due.
    pub(super) async fn claim_due_follow_ups(
        &self,
        request: &FollowUpRequest,
    ) -> Result<FollowUpClaims, BackendError> {
        if !self.has_follow_ups() || request.trackers.is_empty() {
            return Ok(FollowUpClaims::default());
        }
        let next = self.with_path_context(async {
            read_next(&mut *self.acquire_reader().await?, request).await
        });
        let next = next.await?;
        if next.is_none_or(|next| next > request.now) {
            return Ok(FollowUpClaims { claims: Vec::new(), next });
        }
        self.check_writable()?;
        let (store, request) = (self.clone(), request.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let claims = claim_due(&mut writer.conn, &request).await;
            if claims.is_err() {
                writer.roll_back().await;
            }
            claims
        })
        .await
    }

    /// Records that the issue of a claim is about to be created.
    pub(super) async fn note_creation(
        &self,
        claim: &FollowUpClaim,
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        let mut batch = Batch::new("UPDATE follow_up SET sent = ?");
        batch.arg(now.timestamp_millis());
        self.change_claimed(batch, claim).await
    }

    /// Ends a claim.
    pub(super) async fn end_follow_up(
        &self,
        claim: &FollowUpClaim,
        end: &FollowUpEnd,
    ) -> Result<bool, BackendError> {
        let mut batch =
            Batch::new("UPDATE follow_up SET claimed = 0, next = ?, attempts = ?, problem = ?");
        let problem = end.problem.as_deref();
        batch
            .arg(end.next.timestamp_millis())
            .arg(i64::from(end.failures))
            .arg(problem.map(|problem| truncate(problem, MAX_PROBLEM_WIDTH).into_string()));
        if !end.may_have_created {
            batch.sql(", sent = NULL");
        }
        self.change_claimed(batch, claim).await
    }

    /// Runs an update of the row of a claim; returns whether the claim was still valid.
    async fn change_claimed(
        &self,
        mut batch: Batch,
        claim: &FollowUpClaim,
    ) -> Result<bool, BackendError> {
        self.check_writable()?;
        batch.sql(
            " WHERE item = ? AND incident = (SELECT key FROM incident WHERE id = ?) AND fence = ?
                RETURNING 1",
        );
        batch
            .arg(claim.follow_up.item.to_string())
            .arg(claim.incident.0.as_bytes().to_vec())
            .arg(claim.fence);
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            Ok(batch.fetch_optional(&mut writer.conn).await?.is_some())
        })
        .await
    }
}

/// Adds the condition that a follow-up is for one of the trackers of a program.
fn add_trackers(batch: &mut Batch, request: &FollowUpRequest) {
    batch.sql(" AND tracker IN (");
    for (index, tracker) in request.trackers.iter().enumerate() {
        batch.sql(if index == 0 { "?" } else { ", ?" }).arg(tracker.clone());
    }
    batch.sql(")");
}

/// Returns the latest end of a claim, in milliseconds since 1970. A later one was made before the
/// clock was set back, and is void.
fn longest_claim(request: &FollowUpRequest) -> i64 {
    (request.now + CLAIM).timestamp_millis()
}

/// Reads when the next follow-up is due.
async fn read_next(
    conn: &mut SqliteConnection,
    request: &FollowUpRequest,
) -> StoreResult<Option<DateTime<Utc>>> {
    let mut batch = Batch::one_off(
        "SELECT min(CASE WHEN claimed > ? THEN next ELSE max(next, claimed) END)
            FROM follow_up WHERE state < 2",
    );
    batch.arg(longest_claim(request));
    add_trackers(&mut batch, request);
    let row = batch.fetch_optional(conn).await?;
    let next: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(next.and_then(DateTime::from_timestamp_millis))
}

/// Claims the follow-ups that are due in a transaction.
async fn claim_due(
    conn: &mut SqliteConnection,
    request: &FollowUpRequest,
) -> StoreResult<FollowUpClaims> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let now = request.now.timestamp_millis();
    let mut batch = Batch::one_off(
        "SELECT f.incident, i.id, f.item, f.fence, f.attempts, f.sent, f.body FROM follow_up f
            JOIN incident i ON i.key = f.incident
            WHERE f.state < 2 AND f.next <= ? AND (f.claimed <= ? OR f.claimed > ?)",
    );
    batch.arg(now).arg(now).arg(longest_claim(request));
    add_trackers(&mut batch, request);
    batch.sql(" ORDER BY f.next, f.incident, f.item LIMIT ?").arg(i64::from(request.limit));
    let mut claims = Vec::new();
    let mut changed = Batch::one_off("");
    for row in batch.fetch_all(conn).await? {
        let (incident, item): (i64, String) = (row.try_get(0)?, row.try_get(2)?);
        let fence: i64 = row.try_get::<i64, _>(3)?.saturating_add(1);
        let follow_up: StoreResult<FollowUp> = parse_json(row.try_get(6)?, "a follow-up");
        let next = match follow_up {
            Ok(follow_up) => {
                let sent: Option<i64> = row.try_get(5)?;
                claims.push(FollowUpClaim {
                    incident: IncidentId::from_slice(row.try_get(1)?)
                        .ok_or_else(|| StoreError::content("an incident's id"))?,
                    follow_up,
                    fence,
                    failures: u32::try_from(row.try_get::<i64, _>(4)?).unwrap_or(u32::MAX),
                    sent_at: sent.and_then(DateTime::from_timestamp_millis),
                });
                None
            }
            Err(error) => {
                tracing::error!(%error, "an action item can't be followed up");
                Some((request.now + UNREADABLE_AGAIN).timestamp_millis())
            }
        };
        changed
            .sql(
                "UPDATE follow_up SET fence = ?, claimed = ?, next = coalesce(?, next)
                    WHERE incident = ? AND item = ?;",
            )
            .arg(fence)
            .arg(longest_claim(request))
            .arg(next)
            .arg(incident)
            .arg(item);
    }
    changed.sql("COMMIT;");
    changed.run(conn).await?;
    let next = read_next(conn, request).await?;
    Ok(FollowUpClaims { claims, next })
}
