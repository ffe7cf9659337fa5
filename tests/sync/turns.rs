//! When commands are sent, by whom and for whom.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::sync::remote::Handed;

use super::fixtures::{Place, all_sent, until};
use super::outbox::note;
use crate::support::far::Way;
use crate::support::requests::declared;

#[tokio::test]
async fn a_turn_that_does_not_come_back_is_not_waited_for_for_ever() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    drop(place.remote().await);
    // Another process was stopped in the middle of a request.
    let turn = std::fs::File::create(place.kept().join("sending.lock")).unwrap();
    rustix::fs::flock(&turn, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut options = super::fixtures::options(place.folder.path(), "ines");
    options.turn_patience = std::time::Duration::from_millis(300);
    let far = Arc::clone(&place.far) as Arc<dyn Backend>;
    let remote = redphone::sync::remote::Remote::open(far, options).await.unwrap();
    remote.accept(vec![note(id, "a")]).await.unwrap();
    all_sent(&remote).await;
    remote.accept(vec![note(id, "b")]).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["a", "b"]);
}

#[tokio::test]
async fn between_two_passes_nobody_has_the_turn() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let (first, second) = (place.remote().await, place.remote().await);
    for (remote, text) in [(&first, "a"), (&second, "b"), (&first, "c")] {
        remote.accept(vec![note(id, text)]).await.unwrap();
        all_sent(remote).await;
    }
    let turn = std::fs::File::create(place.kept().join("sending.lock")).unwrap();
    let taken = async {
        while rustix::fs::flock(&turn, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(super::fixtures::PATIENCE, taken).await.expect("it is free");
    assert_eq!(place.notes(id).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_one_person_asked_is_not_sent_with_the_token_of_another() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.takes_for("ines");
    let (changes, tokens) = tokio::sync::watch::channel(0);
    let open = async || {
        let mut options = super::fixtures::options(place.folder.path(), "ines");
        options.tokens = Some(tokens.clone());
        let far = Arc::clone(&place.far) as Arc<dyn Backend>;
        redphone::sync::remote::Remote::open(far, options).await.unwrap()
    };
    let remote = open().await;
    remote.capabilities().await.unwrap();
    place.far.set(Way::Cut);
    let hers = note(id, "by ines");
    remote.hand_over(&hers).await.unwrap();
    // Another start, and the token in the file is another one.
    drop(remote);
    place.far.takes_for("tom");
    place.far.set(Way::Open);
    let remote = open().await;
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.me.as_deref() == Some("tom")).await;
    let why = "asked by ines, the token is tom's: it waits for one of ines";
    assert_eq!(listing.of_another(listing.get(hers.id).unwrap()).unwrap(), why);
    // What tom asks does not wait for it.
    let his = note(id, "by tom");
    assert!(matches!(remote.hand_over(&his).await.unwrap(), Handed::Done(_)));
    assert_eq!(place.notes(id).await, ["by tom"]);
    assert_eq!(remote.listing().borrow().counts().pending, 1);
    // Her token again, without another start.
    place.far.takes_for("ines");
    changes.send_modify(|count| *count += 1);
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["by tom", "by ines"]);
    // One that is held can be dropped.
    place.far.set(Way::Cut);
    let dropped = note(id, "dropped");
    remote.accept(vec![dropped.clone()]).await.unwrap();
    place.far.takes_for("tom");
    changes.send_modify(|count| *count += 1);
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    until(&remote, |all| all.get(dropped.id).is_some_and(|e| all.of_another(e).is_some())).await;
    assert_eq!(remote.drop_entry(dropped.id).await.unwrap(), 1);
}

#[tokio::test]
async fn it_is_not_asked_before_it_listens_again() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let until_then = Utc::now() + TimeDelta::minutes(20);
    place.far.set(Way::Limited(until_then));
    remote.accept(vec![note(id, "later")]).await.unwrap();
    let listing = until(&remote, |listing| listing.entries.iter().any(|e| e.tries == 1)).await;
    let next = listing.next_try().unwrap();
    assert!(next >= until_then && next < until_then + TimeDelta::minutes(2), "{next}");
    // Nor when something else gets through meanwhile, nor for what is asked later.
    place.far.set(Way::Cut);
    let _ = remote.fresh_directory().await;
    place.far.set(Way::Open);
    let mut reached = remote.reached();
    remote.fresh_directory().await.unwrap();
    reached.changed().await.unwrap();
    remote.accept(vec![note(id, "more")]).await.unwrap();
    assert!(remote.settled(super::fixtures::PATIENCE).await.next_try().unwrap() >= until_then);
    assert!(place.far.arrived().is_empty());
    // Unless a person wants it.
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["later", "more"]);
}

#[tokio::test]
async fn a_command_that_always_fails_is_not_sent_whenever_something_else_gets_through() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let bad = note(id, "bad");
    place.far.poison(bad.id);
    remote.accept(vec![bad.clone()]).await.unwrap();
    until(&remote, |listing| listing.entries.iter().any(|e| e.tries == 1)).await;
    // It may be the way that is closed: the first time that is found to be open, it is tried again.
    remote.fresh_directory().await.unwrap();
    until(&remote, |listing| listing.entries.iter().any(|e| e.tries == 2)).await;
    let reached = remote.reached();
    for _ in 0..20 {
        remote.fresh_directory().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(!reached.has_changed().unwrap());
    let listing = remote.listing().borrow().clone();
    assert!(listing.get(bad.id).unwrap().tries <= 3, "{listing:#?}");
}

#[tokio::test]
async fn one_command_that_makes_a_request_fail_keeps_no_other_from_being_sent() {
    let place = Place::new().await;
    let mut ids = Vec::new();
    for index in 0..6 {
        ids.push(declared(&*place.store, &format!("incident {index}")).await);
    }
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let notes: Vec<_> = ids.iter().map(|id| note(*id, "a")).collect();
    for envelope in &notes {
        remote.accept(vec![envelope.clone()]).await.unwrap();
    }
    place.far.poison(notes[2].id);
    place.far.fails_together();
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.pending().count() == 1).await;
    assert!(listing.get(notes[2].id).unwrap().is_pending());
}
