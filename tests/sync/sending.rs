//! When commands are sent, by which process and with whose token.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::sync::Reader;
use redphone::sync::remote::Submission;

use super::fixtures::{RemoteFixture, all_sent, until};
use super::outbox::note;
use crate::support::remote_stub::StubMode;
use crate::support::requests::declared;
use crate::support::wait::PATIENCE;

#[tokio::test]
async fn send_lock_that_is_never_released_is_ignored_in_the_end() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    drop(fixture.remote().await);
    // Another process was suspended in the middle of a request.
    let turn = std::fs::File::create(fixture.cache_folder().join("sending.lock")).unwrap();
    rustix::fs::flock(&turn, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut options = super::fixtures::options(fixture.folder.path(), "ines");
    options.lock_timeout = std::time::Duration::from_millis(300);
    let stub = Arc::clone(&fixture.stub) as Arc<dyn Backend>;
    let remote = redphone::sync::remote::Remote::open(stub, options).await.unwrap();
    remote.enqueue(vec![note(id, "a")]).await.unwrap();
    all_sent(&remote).await;
    remote.enqueue(vec![note(id, "b")]).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["a", "b"]);
}

#[tokio::test]
async fn send_lock_is_free_between_two_passes() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let (first, second) = (fixture.remote().await, fixture.remote().await);
    for (remote, text) in [(&first, "a"), (&second, "b"), (&first, "c")] {
        remote.enqueue(vec![note(id, text)]).await.unwrap();
        all_sent(remote).await;
    }
    let turn = std::fs::File::create(fixture.cache_folder().join("sending.lock")).unwrap();
    let acquired = async {
        while rustix::fs::flock(&turn, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, acquired).await.expect("it is free");
    assert_eq!(fixture.notes(id).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn command_is_not_sent_with_the_token_of_another_person() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.authenticate_as("ines");
    let (changes, tokens) = tokio::sync::watch::channel(0);
    let open = async || {
        let mut options = super::fixtures::options(fixture.folder.path(), "ines");
        options.token_changes = Some(tokens.clone());
        let stub = Arc::clone(&fixture.stub) as Arc<dyn Backend>;
        redphone::sync::remote::Remote::open(stub, options).await.unwrap()
    };
    let remote = open().await;
    remote.capabilities().await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    let hers = note(id, "by ines");
    remote.submit_and_wait(&hers).await.unwrap();
    // After a restart, the file has another token.
    drop(remote);
    fixture.stub.authenticate_as("tom");
    fixture.stub.set_mode(StubMode::Online);
    let remote = open().await;
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.me.as_deref() == Some("tom")).await;
    let why = "asked by ines, the token is tom's: it waits for one of ines";
    assert_eq!(listing.unsendable_reason(listing.get(hers.id).unwrap()).unwrap(), why);
    // Commands of tom do not wait for it.
    let his = note(id, "by tom");
    assert!(matches!(remote.submit_and_wait(&his).await.unwrap(), Submission::Done(_)));
    assert_eq!(fixture.notes(id).await, ["by tom"]);
    until(&remote, |listing| listing.counts().pending == 1).await;
    // Her token is back, without a restart.
    fixture.stub.authenticate_as("ines");
    changes.send_modify(|count| *count += 1);
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["by tom", "by ines"]);
    // A blocked command can be dropped.
    fixture.stub.set_mode(StubMode::Offline);
    let dropped = note(id, "dropped");
    remote.enqueue(vec![dropped.clone()]).await.unwrap();
    fixture.stub.authenticate_as("tom");
    changes.send_modify(|count| *count += 1);
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    until(&remote, |all| all.get(dropped.id).is_some_and(|e| all.unsendable_reason(e).is_some()))
        .await;
    assert_eq!(remote.drop_entry(dropped.id).await.unwrap(), 1);
}

#[tokio::test]
async fn rate_limited_remote_is_not_contacted_before_its_time() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let until_then = Utc::now() + TimeDelta::minutes(20);
    fixture.stub.set_mode(StubMode::RateLimited(until_then));
    remote.enqueue(vec![note(id, "later")]).await.unwrap();
    let listing = until(&remote, |listing| listing.entries.iter().any(|e| e.attempts == 1)).await;
    let next = listing.next_attempt().unwrap();
    assert!(next >= until_then && next < until_then + TimeDelta::minutes(2), "{next}");
    // Nor when another request succeeds meanwhile, nor for later commands.
    fixture.stub.set_mode(StubMode::Offline);
    let _ = remote.fetch_directory().await;
    fixture.stub.set_mode(StubMode::Online);
    let mut reached = remote.watch_reconnects();
    remote.fetch_directory().await.unwrap();
    reached.changed().await.unwrap();
    remote.enqueue(vec![note(id, "more")]).await.unwrap();
    assert!(remote.wait_until_settled(PATIENCE).await.next_attempt().unwrap() >= until_then);
    assert!(fixture.stub.arrived().is_empty());
    // Unless a person requests it.
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["later", "more"]);
}

#[tokio::test]
async fn failing_command_is_not_retried_at_every_other_success() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let bad = note(id, "bad");
    fixture.stub.poison(bad.id);
    remote.enqueue(vec![bad.clone()]).await.unwrap();
    until(&remote, |listing| listing.entries.iter().any(|e| e.attempts == 1)).await;
    // The remote may be unreachable as a whole: the first request that succeeds makes the command
    // be sent again.
    remote.fetch_directory().await.unwrap();
    until(&remote, |listing| listing.entries.iter().any(|e| e.attempts == 2)).await;
    let reached = remote.watch_reconnects();
    for _ in 0..20 {
        remote.fetch_directory().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(!reached.has_changed().unwrap());
    let listing = remote.watch_outbox().borrow().clone();
    assert!(listing.get(bad.id).unwrap().attempts <= 3, "{listing:#?}");
}

#[tokio::test]
async fn command_that_fails_its_request_does_not_block_the_others() {
    let fixture = RemoteFixture::new().await;
    let mut ids = Vec::new();
    for index in 0..6 {
        ids.push(declared(&*fixture.store, &format!("incident {index}")).await);
    }
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let notes: Vec<_> = ids.iter().map(|id| note(*id, "a")).collect();
    for envelope in &notes {
        remote.enqueue(vec![envelope.clone()]).await.unwrap();
    }
    fixture.stub.poison(notes[2].id);
    fixture.stub.fails_together();
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.pending().count() == 1).await;
    assert!(listing.get(notes[2].id).unwrap().is_pending());
}
