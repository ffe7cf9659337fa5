//! The last run of each self-test and each monitored server, and its result.
//!
//! A turn is claimed by a conditional write, so that one program tries for all that have the store open.

use chrono::{DateTime, TimeDelta};
use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{BackendError, TestClaim, TestTurn};
use crate::model::signals::TestRecord;

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 12;
/// How long the result of a test that the settings no longer have is remembered.
const REMEMBERED: TimeDelta = TimeDelta::days(800);

impl FileStore {
    /// Reads the results of all tests, by name.
    pub(super) async fn read_self_tests(&self) -> Result<Vec<TestRecord>, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        self.with_path_context(async {
            let mut reader = self.acquire_reader().await?;
            let rows = Batch::new("SELECT body FROM self_test ORDER BY name")
                .fetch_all(&mut reader)
                .await?;
            rows.iter().map(|row| parse_json(row.try_get(0)?, "a self-test")).collect()
        })
        .await
    }

    /// Claims a turn, if the last one is long enough ago.
    pub(super) async fn claim_self_test(
        &self,
        claim: &TestClaim,
    ) -> Result<TestTurn, BackendError> {
        self.check_writable()?;
        let turn = self.with_path_context(async {
            read_turn(&mut *self.acquire_reader().await?, claim).await
        });
        let turn = turn.await?;
        if !turn.is_claimed {
            return Ok(turn);
        }
        let (store, claim) = (self.clone(), claim.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let turn = store_claim(&mut writer.conn, &claim).await;
            if !turn.as_ref().is_ok_and(|turn| turn.is_claimed) {
                writer.roll_back().await;
            }
            turn
        })
        .await
    }

    /// Stores the result of a test.
    pub(super) async fn store_self_test(&self, record: &TestRecord) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, record) = (self.clone(), record.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let mut batch = Batch::new("UPDATE self_test SET body = ? WHERE name = ?");
            batch.arg(encode_json(&record)?).arg(record.name.clone());
            batch.run(&mut writer.conn).await
        })
        .await
    }
}

/// Reads whether a turn is due.
async fn read_turn(conn: &mut SqliteConnection, claim: &TestClaim) -> StoreResult<TestTurn> {
    let mut batch = Batch::new("SELECT at, body FROM self_test WHERE name = ?");
    batch.arg(claim.name.clone());
    let TestClaim { now, every, .. } = *claim;
    let Some(row) = batch.fetch_optional(conn).await? else {
        return Ok(TestTurn { record: None, is_claimed: true, next: now + every });
    };
    let record: TestRecord = parse_json(row.try_get(1)?, "a self-test")?;
    let at = DateTime::from_timestamp_millis(row.try_get(0)?).unwrap_or(DateTime::UNIX_EPOCH);
    // A turn that is ahead is from before the clock was set back.
    let is_due = at + every <= now || at > now + every;
    let next = if is_due { now + every } else { at + every };
    Ok(TestTurn { record: Some(record), is_claimed: is_due, next })
}

/// Claims a turn in a transaction, which is still open if another program was first.
async fn store_claim(conn: &mut SqliteConnection, claim: &TestClaim) -> StoreResult<TestTurn> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let turn = read_turn(conn, claim).await?;
    if !turn.is_claimed {
        return Ok(turn);
    }
    let mut record = turn.record.clone().unwrap_or_else(|| TestRecord::new(&claim.name, claim.now));
    record.began_at = claim.now;
    let mut batch =
        Batch::one_off("INSERT OR REPLACE INTO self_test (name, at, body) VALUES (?, ?, ?);");
    batch
        .arg(claim.name.clone())
        .arg(claim.now.timestamp_millis())
        .arg(encode_json(&record)?)
        .sql("DELETE FROM self_test WHERE at < ?;")
        .arg((claim.now - REMEMBERED).timestamp_millis())
        .sql("COMMIT;");
    batch.run(conn).await?;
    Ok(turn)
}
