//! Commands of several clients to a server that is restarted several times, through a network with
//! all kinds of faults: each command is applied once, and all clients end with the same queue.
//!
//! `REDPHONE_FAULT_COMMANDS` sets the number of commands (80; the full run is 1,000).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::backend::http::{HttpBackend, Timeouts};
use redphone::backend::{Backend, BackendError, Outcome, TimelineRange};
use redphone::model::{
    CommandId, Envelope, IncidentCommand, IncidentId, PersonRef, Rules, Summary,
};
use redphone::sync::remote::{self, EntryState, Remote, RemoteKey};
use redphone::sync::{Mirror, Reader};
use rstest::rstest;
use tokio::sync::watch;

use crate::support::proxy::{Fault, Proxy};
use crate::support::requests::{ask, declare};
use crate::support::sample::Sample;
use crate::support::served::{Served, open};

const CLIENTS: usize = 4;
const SEED: u64 = 20_260_302;

/// The number of commands that a client enqueues together.
const TOGETHER: usize = 8;

/// The progress of the clients.
#[derive(Default)]
struct Progress {
    /// The number of commands that have an outcome.
    settled: usize,
    /// The number of clients whose commands all have an outcome.
    finished: usize,
}

/// Executes commands to their outcome, whatever faults occur.
#[async_trait]
trait Driver: Send + Sync {
    async fn settle(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>>;
}

/// Sends each command again until it has an outcome.
struct Again(Arc<HttpBackend>);

#[async_trait]
impl Driver for Again {
    async fn settle(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        let mut answers = Vec::new();
        for envelope in envelopes {
            answers.push(loop {
                match self.0.execute(envelope).await {
                    Err(error) if error.is_temporary() => rest(&error).await,
                    answer => break answer,
                }
            });
        }
        answers
    }
}

/// Puts commands into an outbox, which sends them together, and waits for their outcomes.
struct Outbox {
    remote: Arc<Remote>,
    /// The folder of the outbox.
    _folder: tempfile::TempDir,
}

impl Outbox {
    async fn open(backend: Arc<HttpBackend>, who: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = remote::Options {
            key: RemoteKey {
                name: "prod".into(),
                url: backend.address().to_string(),
                handle: who.into(),
            },
            folder: folder.path().to_owned(),
            rules: Rules::default(),
            answer_timeout: Duration::from_secs(1),
            sends: true,
            lock_timeout: Duration::from_secs(20),
            drafts: None,
            token_changes: Some(backend.token_changes()),
        };
        let remote = Remote::open(backend, options).await.unwrap();
        // If this request succeeds, the person of the token is known.
        let _ = remote.fetch_capabilities().await;
        Self { remote, _folder: folder }
    }

    async fn became(&self, id: CommandId) -> Option<Result<Outcome, BackendError>> {
        let entry = self.remote.entry(id).await.unwrap().expect("nobody drops anything");
        match entry.state {
            EntryState::Pending => None,
            EntryState::Sent(outcome) => Some(Ok(*outcome)),
            EntryState::Refused(error) => Some(Err(error)),
        }
    }
}

#[async_trait]
impl Driver for Outbox {
    async fn settle(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        for envelope in envelopes {
            self.remote.enqueue(vec![envelope.clone()]).await.unwrap();
        }
        let mut changed = self.remote.watch_outbox();
        let mut answers = Vec::new();
        for envelope in envelopes {
            answers.push(loop {
                if let Some(answer) = self.became(envelope.id).await {
                    break answer;
                }
                let moment = Duration::from_millis(50);
                if tokio::time::timeout(moment, changed.changed()).await.is_err() {
                    self.remote.send_now().await.unwrap();
                }
            });
        }
        answers
    }
}

/// Waits as long as the server requests, otherwise for a moment. A client has no event to wait for:
/// the server does not announce when it is ready again.
async fn rest(error: &BackendError) {
    let wait = match error {
        BackendError::Limited { until } => (*until - Utc::now()).to_std().unwrap_or_default(),
        _ => Duration::ZERO,
    };
    tokio::time::sleep(wait.max(Duration::from_millis(5))).await;
}

/// Returns the fault of a request. The same number always gives the same fault.
fn fault(number: u64) -> Fault {
    let mut random = ChaCha8Rng::seed_from_u64(SEED ^ number);
    match random.random_range(0..28_u32) {
        0 => Fault::Delay(Duration::from_millis(random.random_range(1..30))),
        1 => Fault::DropBefore,
        2 | 3 => Fault::DropAfter,
        4 => Fault::HalfBody,
        5 => Fault::Reset,
        6 => Fault::ResetAfter,
        7 => Fault::says("500 Internal Server Error", "", "text/plain", "oops"),
        8 => Fault::says("502 Bad Gateway", "", "text/html", "<h1>Bad gateway</h1>"),
        9 => Fault::says("429 Too Many Requests", "retry-after: 0\r\n", "text/html", ""),
        10 => Fault::says("503 Service Unavailable", "retry-after: 0\r\n", "text/html", ""),
        11 => Fault::Drip(400, Duration::from_millis(1)),
        12 => Fault::Skew(TimeDelta::hours(random.random_range(-3..4))),
        13 if number.is_multiple_of(8) => Fault::Stall,
        13 if number % 8 == 1 => Fault::Hang,
        _ => Fault::Pass,
    }
}

/// Returns a command of one client: a declaration, or a command on an incident that any client
/// declared.
fn command(random: &mut ChaCha8Rng, shared: &Mutex<Vec<IncidentId>>, text: String) -> Envelope {
    let mut ids = shared.lock().unwrap();
    if ids.len() < 4 || random.random_ratio(1, 12) {
        let (id, envelope) = declare(&text);
        ids.push(id);
        return envelope;
    }
    let which = ids[random.random_range(0..ids.len())];
    ask(
        which,
        match random.random_range(0..6_u32) {
            0 => IncidentCommand::Acknowledge,
            1 => IncidentCommand::Assign { to: Some(PersonRef::new("tom", "Tom Varga")) },
            _ => IncidentCommand::AddNote { text },
        },
    )
}

/// A client that follows the queue through the same network.
struct Follower {
    backend: Arc<HttpBackend>,
    mirror: Mirror,
    cursor: Option<redphone::backend::Cursor>,
}

impl Follower {
    /// Polls once and returns whether there were changes.
    async fn ask(&mut self, wait: Duration) -> bool {
        match self.backend.changes(self.cursor, wait).await {
            Ok(delta) => {
                self.cursor = Some(delta.cursor);
                let news = delta.reset || !delta.rows.is_empty();
                self.mirror.fold(delta);
                news
            }
            Err(error) => {
                assert!(error.is_temporary(), "{error}");
                rest(&error).await;
                true
            }
        }
    }

    fn rows(&self) -> Vec<Summary> {
        let mut rows: Vec<Summary> =
            self.mirror.snapshot().rows.iter().map(|row| (**row).clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }
}

#[rstest]
#[case::one_by_one(false)]
#[case::through_the_outbox(true)]
#[tokio::test]
async fn clients_apply_each_command_once_and_agree_on_the_queue(#[case] outbox: bool) {
    let sample = Sample::new("REDPHONE_FAULT_COMMANDS", 80);
    let commands = usize::try_from(sample.size()).unwrap();
    let mut server = Served::start().await;
    let proxy = Proxy::start(Some(server.address), |request| fault(request.number)).await;
    let second = Duration::from_secs(1);
    let timeouts = Timeouts {
        connect: second * 10,
        response: second,
        chunk: second,
        body: second * 10,
        ..Timeouts::default()
    };
    let shared = Arc::new(Mutex::new(Vec::new()));
    let progress = watch::Sender::new(Progress::default());
    let finished = Arc::new(AtomicU64::new(0));
    let mut working = Vec::new();
    let mut following = Vec::new();
    for number in 0..CLIENTS {
        let name = if number % 2 == 0 { "ines" } else { "tom" };
        let backend = Arc::new(server.client(&proxy.url(), name, timeouts));
        let driver: Arc<dyn Driver> = if outbox {
            Arc::new(Outbox::open(Arc::clone(&backend), name).await)
        } else {
            Arc::new(Again(Arc::clone(&backend)))
        };
        let together = if outbox { TOGETHER } else { 1 };
        let (shared, counted) = (Arc::clone(&shared), progress.clone());
        working.push(tokio::spawn(async move {
            let mut random = ChaCha8Rng::seed_from_u64(SEED + number as u64);
            let mut done = Vec::new();
            let rounds: Vec<usize> = (0..commands / CLIENTS).collect();
            for (index, rounds) in rounds.chunks(together).enumerate() {
                if index > 0 && sample.is_expired() {
                    break;
                }
                let mut next_command =
                    |round| command(&mut random, &shared, format!("{round} of {number}"));
                let envelopes: Vec<Envelope> = rounds.iter().map(&mut next_command).collect();
                let answers = driver.settle(&envelopes).await;
                counted.send_modify(|progress| progress.settled += answers.len());
                done.extend(envelopes.into_iter().zip(answers));
            }
            counted.send_modify(|progress| progress.finished += 1);
            done
        }));
        let finished = Arc::clone(&finished);
        following.push(tokio::spawn(async move {
            let mut follower = Follower { backend, mirror: Mirror::default(), cursor: None };
            while finished.load(Ordering::SeqCst) == 0 {
                follower.ask(second).await;
            }
            // Follow the queue until no more changes arrive.
            let mut quiet = 0;
            while quiet < 2 {
                quiet = if follower.ask(Duration::ZERO).await { 0 } else { quiet + 1 };
            }
            follower.rows()
        }));
    }
    // Meanwhile the server is restarted several times, after a shutdown or after a kill.
    let restarts = (commands / 40).clamp(2, 12);
    for restart in 1..=restarts {
        let at = commands / CLIENTS * CLIENTS * restart / (restarts + 1);
        let mut changes = progress.subscribe();
        let reached = |progress: &Progress| progress.settled >= at || progress.finished == CLIENTS;
        if changes.wait_for(reached).await.unwrap().finished == CLIENTS {
            break;
        }
        if restart % 2 == 0 {
            server.stop().await;
        } else {
            server.kill();
        }
        server.again().await;
    }
    let mut all = Vec::new();
    for task in working {
        all.extend(task.await.unwrap());
    }
    finished.store(1, Ordering::SeqCst);
    let mut queues = Vec::new();
    for task in following {
        queues.push(task.await.unwrap());
    }
    server.stop().await;
    check(&server, &all, &queues).await;
}

/// Checks the store: it has every executed command once, and no other.
async fn check(
    server: &Served,
    all: &[(Envelope, Result<Outcome, BackendError>)],
    queues: &[Vec<Summary>],
) {
    let store = open(server.store()).await;
    let truth = store.changes(None, Duration::ZERO).await.unwrap();
    let mut rows = truth.rows;
    rows.sort_by_key(|row| row.id);
    for queue in queues {
        assert!(*queue == rows, "a client ended with another queue");
    }
    let mut applied: HashMap<CommandId, usize> = HashMap::new();
    for row in &rows {
        let mut after = 0;
        loop {
            let part = store.timeline(row.id, TimelineRange::After(after)).await.unwrap();
            let Some(last) = part.last() else { break };
            after = last.seq;
            for event in &part {
                *applied.entry(event.command).or_default() += 1;
            }
        }
    }
    let mut done = 0;
    for (envelope, answer) in all {
        let times = applied.remove(&envelope.id).unwrap_or(0);
        match answer {
            Ok(outcome) => {
                done += 1;
                assert_eq!(times, outcome.events.len(), "{envelope:?}");
                assert!(times == 1 || outcome.events.is_empty(), "{envelope:?}: {outcome:?}");
            }
            Err(error) => {
                assert!(!error.is_temporary() && times == 0, "{envelope:?}: {error}");
            }
        }
    }
    assert!(applied.is_empty(), "nobody asked for {applied:?}");
    assert!(done * 2 > all.len(), "{done} of {} were done", all.len());
    store.close().await;
}
