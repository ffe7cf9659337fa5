//! Claims end with a result, or with the process that has them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use chrono::Utc;
use redphone::backend::file::ReopeningStore;
use redphone::backend::{Claim, Ledger};
use redphone::model::notification::decision::AttemptResult;
use redphone::model::notification::{AttemptOutcome, NotificationState};

use super::super::fixtures::open;
use super::{Scene, attempts, ids, request, result};

/// The variable with the path of the store; set only for the process that is killed.
const STORE: &str = "REDPHONE_CLAIMS_STORE";

#[tokio::test]
async fn result_is_recorded_with_its_attempt() {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let claim = scene.claim(0).await.claims.remove(0);
    assert!(scene.finish(&claim, AttemptOutcome::Temporary, 2).await);
    let waits = scene.stored(planned.id);
    assert_eq!((waits.state, waits.next_try), (NotificationState::Waiting, Some(scene.at(7))));
    assert_eq!(scene.claim(2).await.next, Some(scene.at(7)));
    let claim = scene.claim(7).await.claims.remove(0);
    assert_eq!((claim.fence, claim.notification.attempts), (2, 2));
    assert!(scene.finish(&claim, AttemptOutcome::Accepted, 8).await);
    let sent = scene.stored(planned.id);
    assert_eq!((sent.state, sent.provider_id.as_deref()), (NotificationState::Sent, Some("m1")));
    let [first, second] = <[_; 2]>::try_from(attempts(&scene.path)).unwrap();
    assert_eq!((first.number, first.outcome), (1, AttemptOutcome::Temporary));
    assert_eq!((first.answer.as_str(), first.ended_at), ("503", Some(scene.at(2))));
    assert_eq!((second.number, second.outcome), (2, AttemptOutcome::Accepted));
    assert_eq!((second.began_at, second.provider_id.as_deref()), (scene.at(7), Some("m1")));
}

#[tokio::test]
async fn late_result_is_void() {
    let scene = Scene::new().await;
    let other = open(&scene.path).await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let first = scene.claim(0).await.claims.remove(0);
    // Another program can't finish an attempt that it has not claimed.
    let accepted = result(AttemptOutcome::Accepted, scene.at(1));
    assert!(!other.finish(&first, &accepted).await.unwrap());
    assert!(scene.finish(&first, AttemptOutcome::Temporary, 1).await);
    let second = scene.claim(6).await.claims.remove(0);
    assert!(!scene.finish(&first, AttemptOutcome::Accepted, 7).await);
    assert_eq!(scene.stored(planned.id).state, NotificationState::Sending);
    assert!(scene.finish(&second, AttemptOutcome::Accepted, 8).await);
    assert!(!scene.finish(&second, AttemptOutcome::Permanent, 9).await);
    assert_eq!(scene.stored(planned.id).state, NotificationState::Sent);
}

#[tokio::test]
async fn answer_is_cut_between_characters() {
    let scene = Scene::new().await;
    scene.plan(&[scene.page()]).await;
    let claim = scene.claim(0).await.claims.remove(0);
    let answer = format!("x{}", "é".repeat(2000));
    let failed = AttemptResult { answer, ..result(AttemptOutcome::Permanent, scene.at(1)) };
    assert!(scene.store.finish(&claim, &failed).await.unwrap());
    let [attempt] = <[_; 1]>::try_from(attempts(&scene.path)).unwrap();
    assert_eq!(attempt.answer.len(), 1023);
    let reason = scene.stored(claim.notification.id).reason;
    assert_eq!(reason.as_deref(), Some(attempt.answer.as_str()));
}

#[tokio::test]
async fn claims_of_a_closed_store_are_released() {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let other = open(&scene.path).await;
    assert_eq!(ids(&other.claim(&request(scene.start)).await.unwrap().claims), [planned.id]);
    assert_eq!(scene.store.release_dead(scene.at(1)).await.unwrap(), 0);
    assert!(scene.claim(1).await.others_claim);
    other.close().await;
    assert!(!scene.path.with_file_name("store.db-claims").exists());
    assert_eq!(scene.store.release_dead(scene.at(2)).await.unwrap(), 1);
    assert_eq!(scene.store.release_dead(scene.at(2)).await.unwrap(), 0);
    let after = scene.stored(planned.id);
    assert_eq!((after.state, after.perhaps_twice), (NotificationState::Waiting, true));
    let [attempt] = <[_; 1]>::try_from(attempts(&scene.path)).unwrap();
    assert_eq!(
        (attempt.outcome, attempt.ended_at),
        (AttemptOutcome::Interrupted, Some(scene.at(2)))
    );
    let claimed = scene.claim(7).await;
    assert_eq!((ids(&claimed.claims), claimed.others_claim), (vec![planned.id], false));
}

#[tokio::test]
async fn reopening_store_has_the_same_ledger() {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let store = ReopeningStore::new(open(&scene.path).await);
    assert_eq!(store.unplanned().await.unwrap().calls, []);
    let claim: Claim = store.claim(&request(scene.start)).await.unwrap().claims.remove(0);
    let accepted = result(AttemptOutcome::Accepted, scene.at(1));
    assert!(store.finish(&claim, &accepted).await.unwrap());
    assert_eq!(store.release_dead(scene.at(1)).await.unwrap(), 0);
    assert_eq!(scene.stored(planned.id).state, NotificationState::Sent);
}

/// The process that is killed: it claims due notifications and never finishes.
#[tokio::test]
async fn claiming_process_for_the_kill_test() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let store = open(Path::new(&path)).await;
    let claimed = store.claim(&request(Utc::now())).await.unwrap();
    println!("claimed {}", claimed.claims.len());
    std::future::pending::<()>().await;
}

fn start(path: &Path) -> Child {
    let test = "store::notifications::ends::claiming_process_for_the_kill_test";
    Process::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn killed_process_loses_its_claims_at_once() {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let mut child = start(&scene.path);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("claimed 1") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the process ended by itself");
    }
    let claimed = scene.claim(1).await;
    assert!(claimed.claims.is_empty() && claimed.others_claim, "{claimed:?}");
    assert_eq!(scene.store.release_dead(scene.at(1)).await.unwrap(), 0, "it is alive");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scene.store.release_dead(scene.at(2)).await.unwrap(), 1);
    let after = scene.stored(planned.id);
    assert_eq!((after.state, after.perhaps_twice), (NotificationState::Waiting, true));
    assert_eq!(ids(&scene.claim(7).await.claims), [planned.id]);
    let files = std::fs::read_dir(scene.path.with_file_name("store.db-claims")).unwrap();
    assert_eq!(files.count(), 1, "the file of the killed process is removed");
}

#[tokio::test]
async fn claims_of_a_program_that_hangs_are_released() {
    let scene = Scene::new().await;
    let planned = [scene.page(), scene.page()];
    scene.plan(&planned).await;
    let claims = scene.claim(0).await.claims;
    assert_eq!(claims.len(), 2);
    let other = open(&scene.path).await;
    assert!(other.claim(&request(scene.at(1))).await.unwrap().others_claim);
    assert_eq!(other.release_dead(scene.at(15 * 60)).await.unwrap(), 0);
    assert!(scene.finish(&claims[0], AttemptOutcome::Accepted, 60).await);
    assert_eq!(other.release_dead(scene.at(15 * 60 + 1)).await.unwrap(), 1);
    let waits = scene.stored(planned[1].id);
    assert_eq!((waits.state, waits.perhaps_twice), (NotificationState::Waiting, true));
    assert_eq!(scene.stored(planned[0].id).state, NotificationState::Sent);
    // The late result of the program that hung no longer counts.
    assert!(!scene.finish(&claims[1], AttemptOutcome::Accepted, 20 * 60).await);
    let again = other.claim(&request(scene.at(15 * 60 + 10))).await.unwrap();
    assert_eq!(ids(&again.claims), [planned[1].id]);
}
