//! Commands are durable before anything else, and are sent in order, once each.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use redphone::backend::{Backend, BackendError};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::Link;
use redphone::model::{Ask, EventBody, IncidentId};
use redphone::sync::remote::{Handed, State};

use crate::far::Way;
use crate::make::{ask, declaration, declare, declare_as, declared, resolve};
use crate::place::{Place, all_sent, until};

fn note(id: IncidentId, text: &str) -> redphone::model::Envelope {
    ask(id, Ask::AddNote { text: text.into() })
}

/// It is resolved, and the gate is answered.
async fn may_be_closed(place: &Place, id: IncidentId) {
    place.store.execute(&ask(id, resolve())).await.unwrap();
    for item in ClosingItem::ALL {
        let answer = Ask::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes };
        place.store.execute(&ask(id, answer)).await.unwrap();
    }
}

#[tokio::test]
async fn a_command_that_can_be_sent_is_answered() {
    let place = Place::new().await;
    let remote = place.remote().await;
    let (id, declaration) = declare("Cards fail");
    let Handed::Done(outcome) = remote.hand_over(&declaration).await.unwrap() else { panic!() };
    assert_eq!(outcome.incident, Some(id));
    assert!(outcome.row.unwrap().number.is_some());
    let listing = all_sent(&remote).await;
    assert_eq!(listing.sent().next().unwrap().label(), "INC-1");
}

#[tokio::test]
async fn what_was_asked_while_it_was_gone_is_sent_by_the_next_start() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let kept = remote.hand_over(&note(id, "seen")).await.unwrap();
    assert!(matches!(kept, Handed::Kept(why) if why.contains("no route")));
    drop(remote);
    place.far.set(Way::Open);
    let remote = place.remote().await;
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["seen"]);
}

#[tokio::test]
async fn a_command_whose_answer_was_lost_happens_once() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    place.far.set(Way::AnswersLost);
    let envelope = note(id, "once");
    assert!(matches!(remote.hand_over(&envelope).await.unwrap(), Handed::Kept(_)));
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    let State::Sent(outcome) = &listing.get(envelope.id).unwrap().state else { panic!() };
    assert!(outcome.replayed, "the first outcome is its answer");
    assert_eq!(place.notes(id).await, ["once"]);
    assert!(place.far.arrived().iter().filter(|sent| **sent == envelope.id).count() >= 2);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_ends_no_command() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    place.far.set(Way::AnswersOdd);
    let envelope = note(id, "once");
    let kept = remote.hand_over(&envelope).await.unwrap();
    assert_eq!(kept, Handed::Kept("what comes makes no sense".into()));
    assert!(remote.entry(envelope.id).await.unwrap().unwrap().next_at.is_some());
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(remote.listing().borrow().refused().count(), 0);
    assert_eq!(place.notes(id).await, ["once"]);
}

#[tokio::test]
async fn commands_about_one_incident_wait_for_each_other_and_others_do_not_wait_for_them() {
    let place = Place::new().await;
    let one = declared(&*place.store, "Cards fail").await;
    let other = declared(&*place.store, "Images fail").await;
    let remote = place.remote().await;
    let first = note(one, "first");
    place.far.poison(first.id);
    for envelope in [first.clone(), note(one, "second"), note(other, "third")] {
        remote.accept(vec![envelope]).await.unwrap();
    }
    until(&remote, |listing| listing.pending().count() == 2).await;
    assert_eq!(place.notes(other).await, ["third"]);
    assert_eq!(place.notes(one).await, Vec::<String>::new());
}

#[tokio::test]
async fn many_that_wait_are_sent_together() {
    let place = Place::new().await;
    let mut ids = Vec::new();
    for index in 0..40 {
        ids.push(declared(&*place.store, &format!("incident {index}")).await);
    }
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    for id in &ids {
        remote.accept(vec![note(*id, "a")]).await.unwrap();
        remote.accept(vec![note(*id, "b")]).await.unwrap();
    }
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    for id in &ids {
        assert_eq!(place.notes(*id).await, ["a", "b"]);
    }
    let batches = place.far.batches();
    assert_eq!(batches.iter().max(), Some(&40), "one of each incident: {batches:?}");
}

#[tokio::test]
async fn what_was_sent_is_known_also_when_it_is_not_listed_any_more_and_whatever_the_clock_did() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let all: Vec<_> = (0..70).map(|index| note(id, &format!("note {index}"))).collect();
    let (first, others) = all.split_at(1);
    remote.hand_over(&first[0]).await.unwrap();
    drop(remote);
    // It was answered while the clock was a day ahead.
    let file = rusqlite::Connection::open(place.kept().join("outbox.db")).unwrap();
    file.execute("UPDATE entry SET settled_at = settled_at + 86400000", []).unwrap();
    drop(file);
    let remote = place.remote().await;
    remote.accept(others.to_vec()).await.unwrap();
    let listing = all_sent(&remote).await;
    let sent: Vec<_> = listing.sent().map(|entry| entry.id).collect();
    let last: Vec<_> = all.iter().rev().take(50).map(|envelope| envelope.id).collect();
    assert_eq!(sent, last);
    let entry = remote.entry(first[0].id).await.unwrap().unwrap();
    assert!(matches!(entry.state, State::Sent(_)));
    assert!(remote.entry(note(id, "never").id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_turn_that_does_not_come_back_is_not_waited_for_for_ever() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    drop(place.remote().await);
    // Another process was stopped in the middle of a request.
    let turn = std::fs::File::create(place.kept().join("sending.lock")).unwrap();
    rustix::fs::flock(&turn, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut options = crate::place::options(place.folder.path(), "ines");
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
    tokio::time::timeout(crate::place::PATIENCE, taken).await.expect("it is free");
    assert_eq!(place.notes(id).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_refused_command_keeps_its_text_and_can_be_dropped_but_not_sent_in_vain() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let acknowledge = ask(id, Ask::Acknowledge);
    remote.accept(vec![acknowledge.clone()]).await.unwrap();
    place.store.execute(&ask(id, Ask::Acknowledge)).await.unwrap();
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 1).await;
    let refused = listing.get(acknowledge.id).unwrap();
    let why = refused.refusal().unwrap().to_string();
    assert!(why.starts_with("already acknowledged by Ines Moreau"), "{why}");
    let said = remote.retry(acknowledge.id).await.unwrap_err();
    assert_eq!(said, BackendError::NotAllowed("nothing is left to do: drop it".into()));
    // Across restarts.
    drop(remote);
    let remote = place.remote().await;
    assert_eq!(remote.listing().borrow().refused().count(), 1);
    assert_eq!(remote.drop_entry(acknowledge.id).await.unwrap(), 1);
    assert!(remote.listing().borrow().entries.is_empty());
}

#[tokio::test]
async fn what_follows_a_refused_command_of_its_chain_is_not_sent_and_goes_with_it_when_sent_again()
{
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    // It can't be closed before it is resolved.
    let chain = vec![ask(id, Ask::Close), note(id, "closed it")];
    remote.accept(chain.clone()).await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 2).await;
    let follows = listing.get(chain[1].id).unwrap();
    assert_eq!(follows.behind, Some(chain[0].id));
    let why = follows.refusal().unwrap().to_string();
    assert!(
        why.starts_with("not sent, because what comes before it was refused: resolve it"),
        "{why}"
    );
    assert_eq!(place.notes(id).await, Vec::<String>::new());
    // Other commands about it are sent all the same; of those refused it is said what came before.
    let reopen = ask(id, Ask::Reopen { reason: "x".into() });
    remote.accept(vec![reopen.clone()]).await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 3).await;
    assert!(listing.get(reopen.id).unwrap().behind.is_some());
    // Once it is resolved and the gate is answered, both are sent.
    may_be_closed(&place, id).await;
    remote.retry(chain[0].id).await.unwrap();
    let listing = all_sent(&remote).await;
    for envelope in &chain {
        let entry = listing.get(envelope.id).unwrap();
        assert!(matches!(entry.state, State::Sent(_)), "{entry:#?}");
        assert_eq!(entry.behind, None);
    }
    assert_eq!(place.notes(id).await, ["closed it"]);
}

#[tokio::test]
async fn what_needs_a_refused_declaration_is_held_and_sent_once_it_was_mended() {
    let place = Place::new().await;
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let ahead = redphone::model::command::Declaration {
        reported_at: Utc::now() + TimeDelta::hours(2),
        ..declaration("Cards fail")
    };
    let (id, declaration_ahead) = declare_as(ahead);
    remote.accept(vec![declaration_ahead.clone()]).await.unwrap();
    let waits = note(id, "first look");
    remote.accept(vec![waits.clone()]).await.unwrap();
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    let listing = until(&remote, |listing| listing.refused().count() == 1).await;
    let held = listing.get(waits.id).unwrap();
    assert!(held.is_pending());
    assert_eq!(listing.held_by(held).unwrap().id, declaration_ahead.id);
    assert_eq!(listing.dependent(listing.get(declaration_ahead.id).unwrap()), [waits.id]);
    // Written anew, about the same incident.
    let mended = ask(id, Ask::Declare(Box::new(declaration("Cards fail"))));
    remote.replace(declaration_ahead.id, vec![mended]).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["first look"]);
}

#[tokio::test]
async fn what_was_sent_again_elsewhere_is_not_sent_a_second_time_in_other_words() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let (one, other) = (place.remote().await, place.remote().await);
    let close = ask(id, Ask::Close);
    one.accept(vec![close.clone(), note(id, "closed it")]).await.unwrap();
    until(&one, |listing| listing.refused().count() == 2).await;
    may_be_closed(&place, id).await;
    let edited = || ask(id, Ask::Close);
    // It waits again, was sent, and was dropped.
    place.far.set(Way::Cut);
    one.retry(close.id).await.unwrap();
    let refused = |error: BackendError| {
        assert!(matches!(error, BackendError::Conflict(_)), "{error:?}");
        error.to_string()
    };
    let why = refused(other.replace(reopen.id, vec![edited()]).await.unwrap_err());
    assert!(why.starts_with("it is being sent again as it was"), "{why}");
    place.far.set(Way::Open);
    one.send_now().await.unwrap();
    all_sent(&one).await;
    let why = refused(other.replace(reopen.id, vec![edited()]).await.unwrap_err());
    assert!(why.starts_with("it was sent meanwhile as it was"), "{why}");
    let never = note(id, "never there");
    let why = refused(other.replace(never.id, vec![note(id, "b")]).await.unwrap_err());
    assert!(why.starts_with("it is not in the outbox any more"), "{why}");
    all_sent(&other).await;
    assert_eq!(place.notes(id).await, ["closed it"]);
    assert_eq!(other.listing().borrow().entries.len(), 2);
}

#[tokio::test]
async fn what_was_not_sent_because_of_a_refused_command_goes_with_what_takes_its_place() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let chain = vec![ask(id, Ask::Close), note(id, "first"), note(id, "second")];
    remote.accept(chain.clone()).await.unwrap();
    until(&remote, |listing| listing.refused().count() == 3).await;
    place.far.set(Way::Cut);
    let edited = note(id, "instead");
    remote.replace(chain[0].id, vec![edited.clone()]).await.unwrap();
    let listing = remote.listing().borrow().clone();
    assert_eq!(listing.refused().count(), 0);
    assert!(listing.entries.iter().all(|entry| entry.chain == edited.id), "{listing:#?}");
    assert!(listing.entries.iter().all(|entry| entry.behind.is_none()), "{listing:#?}");
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["instead", "first", "second"]);
}

#[tokio::test]
async fn what_needs_a_dropped_declaration_goes_with_it() {
    let place = Place::new().await;
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let (id, declaration) = declare("Cards fail");
    remote.accept(vec![declaration.clone()]).await.unwrap();
    remote.accept(vec![note(id, "first look")]).await.unwrap();
    assert_eq!(remote.drop_entry(declaration.id).await.unwrap(), 2);
    assert!(remote.listing().borrow().entries.is_empty());
}

#[tokio::test]
async fn what_follows_a_declaration_that_is_counted_in_another_is_about_that_one() {
    let place = Place::new().await;
    let keyed = redphone::model::command::Declaration {
        dedup_key: Some("disk/db-3".into()),
        ..declaration("Disk full")
    };
    let open = crate::make::declared_as(&*place.store, keyed.clone()).await;
    place.far.set(Way::Cut);
    let remote = place.remote().await;
    let (new, declaration) = declare_as(keyed);
    remote.accept(vec![declaration]).await.unwrap();
    remote.accept(vec![note(new, "cleaned up")]).await.unwrap();
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    assert_eq!(place.notes(open).await, ["cleaned up"]);
    // Its id stands for that one from now on, also after another start.
    let other = declared(&*place.store, "Images fail").await;
    drop(remote);
    let remote = place.remote().await;
    assert_eq!(remote.known_as(new).await.unwrap(), open);
    assert_eq!(remote.known_as(other).await.unwrap(), other);
    let link = Link::Incident { id: new, number: None };
    for envelope in [
        note(new, "full again"),
        ask(other, Ask::Link { link: link.clone() }),
        ask(other, Ask::Unlink { link }),
    ] {
        let Handed::Done(outcome) = remote.hand_over(&envelope).await.unwrap() else { panic!() };
        assert!(!outcome.events.is_empty());
    }
    assert_eq!(place.notes(open).await, ["cleaned up", "full again"]);
    let linked = place.events(other).await.into_iter().filter_map(|event| match event.body {
        EventBody::Linked { link: Link::Incident { id, .. } } => Some(id),
        _ => None,
    });
    assert_eq!(linked.collect::<Vec<_>>(), [open]);
}

#[tokio::test]
async fn what_one_person_asked_is_not_sent_with_the_token_of_another() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.takes_for("ines");
    let (changes, tokens) = tokio::sync::watch::channel(0);
    let open = async || {
        let mut options = crate::place::options(place.folder.path(), "ines");
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
    assert!(remote.settled(crate::place::PATIENCE).await.next_try().unwrap() >= until_then);
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

/// FNV-1a, as folders are named by.
fn hash(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[tokio::test]
async fn what_was_asked_by_another_name_of_the_same_api_is_sent_also_from_folders_of_before() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let url = "https://redphone.example";
    let open_in = async |folder: &std::path::Path, name: &str| {
        let mut options = crate::place::options(folder, "ines");
        options.named.name = name.into();
        let far = Arc::clone(&place.far) as Arc<dyn Backend>;
        redphone::sync::remote::Remote::open(far, options).await.unwrap()
    };
    let open = async |name: &str| open_in(place.folder.path(), name).await;
    let remotes = place.folder.path().join("remotes");
    std::fs::create_dir(&remotes).unwrap();
    place.far.set(Way::Cut);
    // Two folders of an earlier version, one by the host and one by a profile.
    for (name, prefix) in [("redphone.example", "redphone-example"), ("prod", "prod")] {
        let other = tempfile::TempDir::new_in(place.folder.path()).unwrap();
        let remote = open_in(other.path(), name).await;
        remote.accept(vec![note(id, name)]).await.unwrap();
        let folder = remote.outbox_file().parent().unwrap().to_owned();
        drop(remote);
        closed(&folder.join("outbox.db")).await;
        let earlier = remotes.join(format!("{prefix}-{:016x}", hash(&[name, url, "ines"])));
        std::fs::create_dir(&earlier).unwrap();
        std::fs::rename(folder.join("outbox.db"), earlier.join("outbox.db")).unwrap();
    }
    let remote = open("redphone.example").await;
    remote.accept(vec![note(id, "without a profile")]).await.unwrap();
    assert_eq!(remote.listing().borrow().counts().pending, 2);
    drop(remote);
    place.far.set(Way::Open);
    let remote = open("prod").await;
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    let mut notes = place.notes(id).await;
    notes.sort();
    assert_eq!(notes, ["prod", "redphone.example", "without a profile"]);
    drop(remote);
    // Nothing is taken over twice.
    assert_eq!(open("prod").await.listing().borrow().counts().pending, 0);
}

#[tokio::test]
async fn folder_and_files_are_only_for_their_owner() {
    let place = Place::new().await;
    let remote = place.remote().await;
    let (_, declaration) = declare("Cards fail");
    remote.hand_over(&declaration).await.unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.kept()), 0o700);
    for entry in std::fs::read_dir(place.kept()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// Waits until whoever had a file open has closed it.
async fn closed(path: &std::path::Path) {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::path::PathBuf::from(log);
    let closed = async {
        while log.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::place::PATIENCE, closed).await.expect("it is closed");
}

/// Writes something else into a file, once whoever had it open has closed it.
async fn damage(path: &std::path::Path) {
    closed(path).await;
    std::fs::write(path, vec![7_u8; 5000]).unwrap();
}

#[tokio::test]
async fn a_damaged_outbox_is_set_aside_and_named() {
    let place = Place::new().await;
    drop(place.remote().await);
    damage(&place.kept().join("outbox.db")).await;
    let remote = place.remote().await;
    let [warning] = remote.warnings() else { panic!("{:?}", remote.warnings()) };
    assert!(
        warning.contains("what it holds was not sent") && warning.contains(".aside-"),
        "{warning}"
    );
    let aside = std::fs::read_dir(place.kept()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        name.starts_with("outbox.db.aside-")
    });
    assert!(aside);
    // And it works again.
    let (_, declaration) = declare("Cards fail");
    assert!(matches!(remote.hand_over(&declaration).await.unwrap(), Handed::Done(_)));
}

#[tokio::test]
async fn what_another_version_wrote_keeps_nothing_else_from_being_sent() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let remote = place.remote().await;
    let sent = note(id, "sent");
    remote.hand_over(&sent).await.unwrap();
    place.far.set(Way::Cut);
    let odd = note(id, "odd");
    for envelope in [odd.clone(), note(id, "good")] {
        remote.accept(vec![envelope]).await.unwrap();
    }
    drop(remote);
    let file = rusqlite::Connection::open(place.kept().join("outbox.db")).unwrap();
    let change = |sql, id: redphone::model::CommandId| {
        assert_eq!(file.execute(sql, [id.as_bytes().to_vec()]).unwrap(), 1);
    };
    change("UPDATE entry SET answer = '{\"later\": 1}' WHERE id = ?", sent.id);
    change("UPDATE entry SET envelope = '{\"later\": 1}' WHERE id = ?", odd.id);
    drop(file);
    place.far.set(Way::Open);
    let remote = place.remote().await;
    let listing = all_sent(&remote).await;
    assert_eq!(place.notes(id).await, ["sent", "good"]);
    assert!(matches!(listing.get(sent.id).unwrap().state, State::Sent(_)));
    let refused = listing.get(odd.id).unwrap();
    let why = refused.refusal().unwrap().to_string();
    assert!(why.contains("written by another version"), "{why}");
    assert!(refused.is_hopeless().is_some());
    assert_eq!(remote.drop_entry(odd.id).await.unwrap(), 1);
    assert!(remote.listing().borrow().get(odd.id).is_none());
}

#[tokio::test]
async fn an_outbox_of_a_later_version_stays_and_a_damaged_cache_costs_nothing_else() {
    let place = Place::new().await;
    let remote = place.remote().await;
    let (_, declaration) = declare("Cards fail");
    place.far.set(Way::Cut);
    remote.accept(vec![declaration]).await.unwrap();
    drop(remote);
    damage(&place.kept().join("kept.db")).await;
    let remote = place.remote().await;
    assert!(remote.warnings()[0].contains("kept.db.aside-"), "{:?}", remote.warnings());
    assert_eq!(remote.listing().borrow().pending().count(), 1, "what waits is still there");
    drop(remote);
    let later = rusqlite::Connection::open(place.kept().join("outbox.db")).unwrap();
    later.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(later);
    // A newer program may have it open: it stays where it is.
    let refused = |why: &str| {
        assert!(why.contains("outbox.db") && why.ends_with(": update this one"), "{why}");
    };
    refused(&place.try_remote().await.unwrap_err());
    refused(&place.try_remote().await.unwrap_err());
    let file = rusqlite::Connection::open(place.kept().join("outbox.db")).unwrap();
    let left: i64 = file.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
    file.execute_batch("PRAGMA user_version = 2; PRAGMA application_id = 7").unwrap();
    drop(file);
    let why = place.try_remote().await.unwrap_err();
    assert!(why.ends_with("it belongs to another program: move it away"), "{why}");
}

#[tokio::test]
async fn a_damaged_outbox_is_not_moved_away_under_who_has_it_open() {
    let place = Place::new().await;
    drop(place.remote().await);
    let path = place.kept().join("outbox.db");
    damage(&path).await;
    let open = std::fs::File::create(place.kept().join("outbox.db.use")).unwrap();
    rustix::fs::flock(&open, rustix::fs::FlockOperation::LockShared).unwrap();
    let why = place.try_remote().await.unwrap_err();
    assert!(why.contains("another redphone has it open"), "{why}");
    assert_eq!(std::fs::read(&path).unwrap(), vec![7_u8; 5000]);
    drop(open);
    let remote = place.remote().await;
    let [aside] = &remote.set_aside()[..] else { panic!("{:?}", remote.set_aside()) };
    assert_eq!(std::fs::read(aside).unwrap(), vec![7_u8; 5000]);
}

#[tokio::test]
async fn a_place_is_opened_twice_at_once_on_one_thread() {
    let place = Place::new().await;
    let both = async { tokio::join!(place.remote(), place.remote(), place.remote()) };
    tokio::time::timeout(crate::place::PATIENCE, both).await.expect("nobody waits for ever");
}

#[tokio::test]
async fn as_a_backend_it_says_that_what_could_not_be_sent_is_kept() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.set(Way::Cut);
    let remote: Arc<dyn Backend> = place.remote().await;
    let error = remote.execute(&ask(id, resolve())).await.unwrap_err();
    assert!(error.is_temporary());
    assert!(error.to_string().contains("it is kept and sent as soon as"), "{error}");
}
