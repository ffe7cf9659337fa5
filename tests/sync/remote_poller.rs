//! The poller over a remote with a cache: it starts with cached data, continues from its cursor, and
//! paces itself.

use std::sync::Arc;
use std::time::Duration;

use redphone::backend::Backend;
use redphone::model::IncidentCommand;
use redphone::sync::{self, BackendUpdate, ConnectionState, Options, Snapshot};
use rstest::rstest;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::fixtures::RemoteFixture;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declare, declared};
use crate::support::wait::PATIENCE;

struct RunningPoller {
    learnt: mpsc::UnboundedReceiver<BackendUpdate>,
    handle: sync::PollerHandle,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for RunningPoller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RunningPoller {
    async fn start(fixture: &RemoteFixture) -> (Arc<redphone::sync::remote::Remote>, Self) {
        let remote = fixture.remote().await;
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
async fn poller_starts_with_cached_rows_and_their_age() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    poller.rows(|snapshot| snapshot.rows.len() == 1 && snapshot.counts.is_none()).await;
    drop(poller);
    drop(remote);

    fixture.stub.set_mode(StubMode::Offline);
    let (_remote, mut poller) = RunningPoller::start(&fixture).await;
    poller
        .until(|update| {
            matches!(update, BackendUpdate::Directory(directory) if directory.as_of.is_some())
                .then_some(())
        })
        .await;
    let rows = poller
        .until(|update| match update {
            BackendUpdate::Snapshot(rows) => Some(rows.clone()),
            _ => None,
        })
        .await;
    assert!(rows.as_of.is_some());
    assert_eq!(rows.value.rows[0].title, "Cards fail");
    poller
        .until(|update| {
            matches!(update, BackendUpdate::Connection(ConnectionState::Failing { .. }))
                .then_some(())
        })
        .await;
    let searches_before = fixture.stub.request_times("search").len();

    // The poller continues from its cursor: only changes are fetched.
    declared(&*fixture.store, "Images fail").await;
    fixture.stub.set_mode(StubMode::Online);
    poller.handle.refresh();
    poller.rows(|snapshot| snapshot.rows.len() == 2).await;
    assert_eq!(fixture.stub.request_times("search").len(), searches_before);
}

#[tokio::test]
async fn pending_declaration_shows_at_once_and_gets_its_number_later() {
    let fixture = RemoteFixture::new().await;
    let existing = declared(&*fixture.store, "Cards fail").await;
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    fixture.stub.set_mode(StubMode::Offline);
    let (new, declaration) = declare("Images fail");
    remote.enqueue(vec![declaration]).await.unwrap();
    remote.enqueue(vec![ask(existing, IncidentCommand::Acknowledge)]).await.unwrap();
    poller
        .rows(|snapshot| {
            let row = |id| snapshot.rows.iter().find(|row| row.id == id);
            row(new).is_some_and(|row| row.number.is_none())
                && row(existing).is_some_and(|row| row.acknowledged_at.is_some())
        })
        .await;
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    poller
        .rows(|snapshot| {
            snapshot.rows.iter().any(|row| row.id == new && row.number.is_some())
                && snapshot.rows.len() == 2
        })
        .await;
}

#[tokio::test]
async fn dropping_a_pending_resolution_returns_the_incident() {
    let fixture = RemoteFixture::new().await;
    let existing = declared(&*fixture.store, "Cards fail").await;
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    poller.rows(|snapshot| snapshot.rows.len() == 1).await;
    fixture.stub.set_mode(StubMode::Offline);
    let resolved = ask(existing, crate::support::requests::resolve());
    remote.enqueue(vec![resolved.clone()]).await.unwrap();
    poller.rows(|snapshot| snapshot.rows.is_empty()).await;
    remote.drop_entry(resolved.id).await.unwrap();
    poller.rows(|snapshot| snapshot.rows.len() == 1).await;
}

#[tokio::test]
async fn old_sent_command_does_not_reopen_an_ended_incident() {
    let fixture = RemoteFixture::new().await;
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    let (id, declaration) = declare("Cards fail");
    remote.submit_and_wait(&declaration).await.unwrap();
    poller.rows(|snapshot| snapshot.rows.len() == 1).await;
    fixture.store.execute(&ask(id, crate::support::requests::resolve())).await.unwrap();
    poller.rows(|snapshot| snapshot.rows.is_empty()).await;
    drop((poller, remote));
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    let (_, declaration) = declare("Images fail");
    remote.submit_and_wait(&declaration).await.unwrap();
    let rows = poller.rows(|snapshot| !snapshot.rows.is_empty()).await;
    assert_eq!(rows.rows.len(), 1);
    assert_eq!(rows.rows[0].title, "Images fail");
}

#[tokio::test]
async fn poller_polls_and_says_so_without_long_polling() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::NoLongPoll);
    let (_remote, mut poller) = RunningPoller::start(&fixture).await;
    let every = poller
        .until(|update| match update {
            BackendUpdate::Connection(ConnectionState::Polling { every, .. }) => Some(*every),
            _ => None,
        })
        .await;
    assert!(every >= Duration::from_secs(2) && every <= Duration::from_secs(30), "{every:?}");
    // A change made meanwhile arrives with the next poll.
    declared(&*fixture.store, "Images fail").await;
    poller.rows(|snapshot| snapshot.rows.len() == 2).await;
}

#[tokio::test]
async fn urgent_incidents_are_prefetched() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    poller.until(live).await;
    let read = async {
        fixture.stub.until_answered("incident", 1).await;
        fixture.stub.until_answered("timeline", 1).await;
        fixture.stub.set_mode(StubMode::Offline);
        // The cache is written a moment after the read.
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
async fn pending_commands_are_published_while_nothing_answers(#[case] before: bool) {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "Cards fail").await;
    if before {
        let (_remote, mut poller) = RunningPoller::start(&fixture).await;
        poller.until(live).await;
        poller.rows(|snapshot| snapshot.counts.is_none()).await;
    }
    fixture.stub.set_mode(StubMode::Hanging);
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    let (new, declaration) = declare("Images fail");
    remote.enqueue(vec![declaration]).await.unwrap();
    let rows = poller.rows(|snapshot| snapshot.rows.iter().any(|row| row.id == new)).await;
    assert_eq!(rows.rows.len(), 1 + usize::from(before));
    poller
        .until(|update| match update {
            BackendUpdate::Outbox(listing) => listing.pending().next().map(|_| ()),
            _ => None,
        })
        .await;
    // The network recovers during the pending request, which gets no answer.
    fixture.stub.set_mode(StubMode::Online);
    let live_again = async {
        loop {
            poller.handle.refresh();
            if timeout(Duration::from_millis(100), poller.until(live)).await.is_ok() {
                return;
            }
        }
    };
    timeout(PATIENCE, live_again).await.expect("it asks anew");
}

#[tokio::test]
async fn successful_request_ends_the_backoff_of_all_others() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    fixture.stub.set_mode(StubMode::Offline);
    let (remote, mut poller) = RunningPoller::start(&fixture).await;
    remote.enqueue(vec![ask(id, IncidentCommand::Acknowledge)]).await.unwrap();
    // After some failures in a row, the next attempt is far away.
    for _ in 0..3 {
        poller
            .until(|update| {
                matches!(update, BackendUpdate::Connection(ConnectionState::Failing { .. }))
                    .then_some(())
            })
            .await;
    }
    fixture.stub.set_mode(StubMode::Online);
    // One successful read ends the backoff of all requests.
    let _ = remote.incident(id).await;
    super::fixtures::all_sent(&remote).await;
    poller.until(live).await;
}
