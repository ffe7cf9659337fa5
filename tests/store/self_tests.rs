//! Turns of a periodic task that one program performs for all that have the store open.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::{Backend, Ledger, TestClaim};
use redphone::model::signals::{TestChange, TestRecord};
use rstest::rstest;
use tempfile::tempdir;

use super::fixtures::open;

fn start() -> DateTime<Utc> {
    "2031-03-24T10:00:00Z".parse().unwrap()
}

/// Returns a claim of a turn each hour, at a number of seconds after the start.
fn claim(seconds: i64) -> TestClaim {
    let (every, now) = (TimeDelta::hours(1), start() + TimeDelta::seconds(seconds));
    TestClaim { name: "self-test".into(), every, now }
}

#[tokio::test]
async fn turn_is_claimed_once_by_two_programs() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, two) = (open(&path).await, open(&path).await);
    let first = one.claim_test(&claim(0)).await.unwrap();
    assert!(first.is_claimed && first.record.is_none());
    assert_eq!(first.next, start() + TimeDelta::hours(1));
    for store in [&one, &two] {
        let turn = store.claim_test(&claim(3599)).await.unwrap();
        assert!(!turn.is_claimed);
        assert_eq!(turn.next, start() + TimeDelta::hours(1));
    }
    assert!(two.claim_test(&claim(3600)).await.unwrap().is_claimed);
    assert!(!one.claim_test(&claim(3600)).await.unwrap().is_claimed);
    let other = TestClaim { name: "watch:b".into(), ..claim(0) };
    assert!(one.claim_test(&other).await.unwrap().is_claimed, "each name has its own turns");
}

#[tokio::test]
async fn many_programs_at_once_have_one_turn() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut stores = Vec::new();
    for _ in 0..6 {
        stores.push(open(&path).await);
    }
    let claims = stores.into_iter().map(|store| {
        tokio::spawn(async move { store.claim_test(&claim(0)).await.unwrap().is_claimed })
    });
    let mut claimed = 0;
    for claim in claims.collect::<Vec<_>>() {
        claimed += usize::from(claim.await.unwrap());
    }
    assert_eq!(claimed, 1);
}

#[rstest]
#[case::set_back_a_little(-600, false)]
#[case::set_back_by_a_year(-31_536_000, true)]
#[tokio::test]
async fn clock_that_was_set_back_stops_no_test(#[case] seconds: i64, #[case] expected: bool) {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    store.claim_test(&claim(0)).await.unwrap();
    assert_eq!(store.claim_test(&claim(seconds)).await.unwrap().is_claimed, expected);
}

#[tokio::test]
async fn outcome_is_read_by_the_next_turn() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    assert_eq!(store.self_tests().await.unwrap(), []);
    store.claim_test(&claim(0)).await.unwrap();
    let mut record = TestRecord::new("self-test", start());
    let spans = (TimeDelta::hours(1), TimeDelta::zero());
    let ended = (start() + TimeDelta::seconds(2)).trunc_subsecs(3);
    let change = record.note(Err("no level was called".into()), spans, ended);
    assert_eq!(change, Some(TestChange::Fails));
    store.record_test(&record).await.unwrap();
    assert_eq!(store.self_tests().await.unwrap(), [record.clone()]);

    let turn = store.claim_test(&claim(3600)).await.unwrap();
    assert_eq!(turn.record.as_ref(), Some(&record));
    let mut next = turn.record.unwrap();
    let change = next.note(Ok(()), spans, start() + TimeDelta::seconds(3602));
    assert_eq!(change, Some(TestChange::Succeeds));
}
