//! Commands on their way to the backend: what arrives while it is busy goes to it together.
//!
//! A backend that has to make each write durable does so once for all of them. Nobody is answered
//! before that, and a command is carried out even if whoever sent it has gone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::change_feed::ChangeFeed;
use super::limits::BodyPermit;
use super::metrics::Metrics;
use crate::backend::{Backend, BackendError, Outcome};
use crate::model::Envelope;

/// The most commands that go together, besides the last batch that still fits.
const MAX_GROUP: usize = 500;
/// Requests that may wait for their turn before others wait to be heard.
const QUEUE_CAPACITY: usize = 1024;

type Outcomes = Vec<Result<Outcome, BackendError>>;

/// The way to the backend.
#[derive(Clone, Debug)]
pub(super) struct CommandQueue {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    envelopes: Vec<Envelope>,
    reply: oneshot::Sender<Outcomes>,
    /// What they take in memory is counted until the backend is done with them.
    permit: BodyPermit,
}

impl CommandQueue {
    /// Begins to hand commands over; ends when the last sender is gone.
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        hub: Arc<ChangeFeed>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE_CAPACITY);
        tokio::spawn(Worker { backend, feed: hub, metrics }.run(waiting));
        Self { jobs }
    }

    /// Carries commands out, in their order; an outcome for each.
    pub(super) async fn execute(&self, envelopes: Vec<Envelope>, room: BodyPermit) -> Outcomes {
        let count = envelopes.len();
        let (done, outcomes) = oneshot::channel();
        if self.jobs.send(Job { envelopes, reply: done, permit: room }).await.is_ok()
            && let Ok(outcomes) = outcomes.await
        {
            return outcomes;
        }
        vec![Err(backend_failed()); count]
    }
}

/// A command may have been carried out or not: sent again, it is carried out once.
fn backend_failed() -> BackendError {
    BackendError::Unreachable("the backend failed: send the command again as it is".into())
}

/// Where commands go, and who hears of it.
struct Worker {
    backend: Arc<dyn Backend>,
    feed: Arc<ChangeFeed>,
    metrics: Arc<Metrics>,
}

impl Worker {
    async fn run(self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.recv().await {
            let mut count = first.envelopes.len();
            let mut jobs = vec![first];
            while count < MAX_GROUP
                && let Ok(next) = waiting.try_recv()
            {
                count += next.envelopes.len();
                jobs.push(next);
            }
            let mut envelopes = Vec::with_capacity(count);
            let mut answers = Vec::with_capacity(jobs.len());
            let mut rooms = Vec::with_capacity(jobs.len());
            for job in jobs {
                answers.push((job.envelopes.len(), job.reply));
                envelopes.extend(job.envelopes);
                rooms.push(job.permit);
            }
            let mut outcomes = self.execute_group(envelopes).await.into_iter();
            drop(rooms);
            for (count, done) in answers {
                let mut own: Outcomes = outcomes.by_ref().take(count).collect();
                own.resize(count, Err(backend_failed()));
                // Whoever asked may have gone.
                done.send(own).ok();
            }
        }
    }

    async fn execute_group(&self, envelopes: Vec<Envelope>) -> Outcomes {
        let verbs: Vec<_> = envelopes.iter().map(|envelope| envelope.command.kind()).collect();
        let backend = Arc::clone(&self.backend);
        // A task of its own, so that a panic in a backend ends these commands and no others.
        let work = tokio::spawn(async move { backend.execute_all(&envelopes).await });
        let outcomes = work.await.unwrap_or_else(|_| vec![Err(backend_failed()); verbs.len()]);
        // Before anybody is answered, so that they find what they wrote.
        self.feed.record_write();
        for (verb, outcome) in verbs.into_iter().zip(&outcomes) {
            self.metrics.record_command(verb, outcome);
        }
        outcomes
    }
}
