//! The task that asks, with something kept: it begins with that, goes on from its cursor, and paces
//! itself.

use std::sync::Arc;
use std::time::Duration;

use redphone::backend::Backend;
use redphone::model::IncidentCommand;
use redphone::sync::{self, BackendUpdate, ConnectionState, Options, Snapshot};
use rstest::rstest;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::fixtures::{PATIENCE, Place};
use crate::support::far::Way;
use crate::support::requests::{ask, declare, declared};

struct Keeping {
    learnt: mpsc::UnboundedReceiver<BackendUpdate>,
    handle: sync::PollerHandle,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeping {
    async fn start(place: &Place) -> (Arc<redphone::sync::remote::Remote>, Self) {
        let remote = place.remote().await;
        let options =
            Options { me: "ines".into(), remote: Some(Arc::clone(&remote)), read_ahead: true };
        let (updates, learnt) = mpsc::unbounded_channel();
        let backend: Arc<dyn Backend> = Arc::clone(&remote) as Arc<dyn Backend>;
        let (handle, work) = sync::start(backend, options, updates);
        (remote, Self { learnt, handle, task: tokio::spawn(work) })
    }

    async fn until<T>(&mut self, wanted: impl Fn(&BackendUpdate) -> Option<T>) -> T {
        let found = async {
            loop {
                let update = self.learnt.recv().await.expect("it goes on");
                if let Some(found) = wanted(&update) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("it comes in time")
    }

    async fn rows(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        self.until(|update| match update {
            BackendUpdate::Snapshot(read) if wanted(&read.value) => Some(Arc::clone(&read.value)),
            _ => None,
        })
        .await
    }
}

fn live(update: &BackendUpdate) -> Option<()> {
    matches!(update, BackendUpdate::Connection(ConnectionState::Live { .. })).then_some(())
}

#[tokio::test]
async fn it_begins_with_what_is_kept_and_says_how_old_it_is() {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    kept.rows(|snapshot| snapshot.rows.len() == 1 && snapshot.counts.is_none()).await;
    drop(kept);
    drop(remote);

    place.far.set(Way::Cut);
    let (_remote, mut kept) = Keeping::start(&place).await;
    kept.until(|update| {
        matches!(update, BackendUpdate::Directory(directory) if directory.as_of.is_some())
            .then_some(())
    })
    .await;
    let rows = kept
        .until(|update| match update {
            BackendUpdate::Snapshot(rows) => Some(rows.clone()),
            _ => None,
        })
        .await;
    assert!(rows.as_of.is_some());
    let rows = rows.value;
    assert_eq!(rows.rows[0].title, "Cards fail");
    kept.until(|update| {
        matches!(update, BackendUpdate::Connection(ConnectionState::Failing { .. })).then_some(())
    })
    .await;
    let asked = place.far.asked("search").len();

    // It goes on from where it was: nothing is read anew but what has changed.
    declared(&*place.store, "Images fail").await;
    place.far.set(Way::Open);
    kept.handle.refresh();
    kept.rows(|snapshot| snapshot.rows.len() == 2).await;
    assert_eq!(place.far.asked("search").len(), asked);
}

#[tokio::test]
async fn what_waits_is_in_the_queue_at_once_and_has_its_number_when_it_arrives() {
    let place = Place::new().await;
    let known = declared(&*place.store, "Cards fail").await;
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    place.far.set(Way::Cut);
    let (new, declaration) = declare("Images fail");
    remote.enqueue(vec![declaration]).await.unwrap();
    remote.enqueue(vec![ask(known, IncidentCommand::Acknowledge)]).await.unwrap();
    kept.rows(|snapshot| {
        let row = |id| snapshot.rows.iter().find(|row| row.id == id);
        row(new).is_some_and(|row| row.number.is_none())
            && row(known).is_some_and(|row| row.acknowledged_at.is_some())
    })
    .await;
    place.far.set(Way::Open);
    remote.send_now().await.unwrap();
    kept.rows(|snapshot| {
        snapshot.rows.iter().any(|row| row.id == new && row.number.is_some())
            && snapshot.rows.len() == 2
    })
    .await;
}

#[tokio::test]
async fn an_incident_that_ends_while_it_waits_leaves_the_queue_and_comes_back_when_that_is_dropped()
{
    let place = Place::new().await;
    let known = declared(&*place.store, "Cards fail").await;
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    kept.rows(|snapshot| snapshot.rows.len() == 1).await;
    place.far.set(Way::Cut);
    let resolved = ask(known, crate::support::requests::resolve());
    remote.enqueue(vec![resolved.clone()]).await.unwrap();
    kept.rows(|snapshot| snapshot.rows.is_empty()).await;
    remote.drop_entry(resolved.id).await.unwrap();
    kept.rows(|snapshot| snapshot.rows.len() == 1).await;
}

#[tokio::test]
async fn what_was_sent_long_ago_does_not_bring_back_what_has_ended_since() {
    let place = Place::new().await;
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    let (id, declaration) = declare("Cards fail");
    remote.submit_and_wait(&declaration).await.unwrap();
    kept.rows(|snapshot| snapshot.rows.len() == 1).await;
    place.store.execute(&ask(id, crate::support::requests::resolve())).await.unwrap();
    kept.rows(|snapshot| snapshot.rows.is_empty()).await;
    drop((kept, remote));
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    let (_, declaration) = declare("Images fail");
    remote.submit_and_wait(&declaration).await.unwrap();
    let rows = kept.rows(|snapshot| !snapshot.rows.is_empty()).await;
    assert_eq!(rows.rows.len(), 1);
    assert_eq!(rows.rows[0].title, "Images fail");
}

#[tokio::test]
async fn where_questions_are_not_held_it_polls_and_says_so() {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    place.far.set(Way::NotHeld);
    let (_remote, mut kept) = Keeping::start(&place).await;
    let every = kept
        .until(|update| match update {
            BackendUpdate::Connection(ConnectionState::Polling { every, .. }) => Some(*every),
            _ => None,
        })
        .await;
    assert!(every >= Duration::from_secs(2) && every <= Duration::from_secs(30), "{every:?}");
    // A change made meanwhile comes with the next one.
    declared(&*place.store, "Images fail").await;
    kept.rows(|snapshot| snapshot.rows.len() == 2).await;
}

#[tokio::test]
async fn urgent_incidents_are_read_before_anybody_asks_for_them() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let (remote, mut kept) = Keeping::start(&place).await;
    kept.until(live).await;
    let read = async {
        place.far.until_answered("incident", 1).await;
        place.far.until_answered("timeline", 1).await;
        place.far.set(Way::Cut);
        // It is kept a moment after it was read.
        while remote.incident(id).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, read).await.expect("it is kept");
}

#[rstest]
#[case::with_nothing_kept(false)]
#[case::with_something_kept(true)]
#[tokio::test]
async fn what_waits_is_told_while_nothing_answers_and_who_wants_to_know_asks_anew(
    #[case] before: bool,
) {
    let place = Place::new().await;
    declared(&*place.store, "Cards fail").await;
    if before {
        let (_remote, mut kept) = Keeping::start(&place).await;
        kept.until(live).await;
        kept.rows(|snapshot| snapshot.counts.is_none()).await;
    }
    place.far.set(Way::Hangs);
    let (remote, mut kept) = Keeping::start(&place).await;
    let (new, declaration) = declare("Images fail");
    remote.enqueue(vec![declaration]).await.unwrap();
    let rows = kept.rows(|snapshot| snapshot.rows.iter().any(|row| row.id == new)).await;
    assert_eq!(rows.rows.len(), 1 + usize::from(before));
    kept.until(|update| match update {
        BackendUpdate::Outbox(listing) => listing.pending().next().map(|_| ()),
        _ => None,
    })
    .await;
    // The way is mended under the open question, which stays without an answer.
    place.far.set(Way::Open);
    let anew = async {
        loop {
            kept.handle.refresh();
            if timeout(Duration::from_millis(100), kept.until(live)).await.is_ok() {
                return;
            }
        }
    };
    timeout(Duration::from_secs(20), anew).await.expect("it asks anew");
}

#[tokio::test]
async fn what_reaches_the_remote_ends_the_wait_of_all_others() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    place.far.set(Way::Cut);
    let (remote, mut kept) = Keeping::start(&place).await;
    remote.enqueue(vec![ask(id, IncidentCommand::Acknowledge)]).await.unwrap();
    // Some failures in a row, so that the next try is far away.
    for _ in 0..3 {
        kept.until(|update| {
            matches!(update, BackendUpdate::Connection(ConnectionState::Failing { .. }))
                .then_some(())
        })
        .await;
    }
    place.far.set(Way::Open);
    // Somebody reads something: that is enough for the others.
    let _ = remote.incident(id).await;
    super::fixtures::all_sent(&remote).await;
    kept.until(live).await;
}
