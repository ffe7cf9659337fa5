//! Commands on their way to the backend: what arrives while it is busy goes to it together.
//!
//! A backend that has to make each write durable does so once for all of them. Nobody is answered
//! before that, and a command is carried out even if whoever sent it has gone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::change_feed::Hub;
use super::extract::Room;
use super::metrics::Metrics;
use crate::backend::{Backend, BackendError, Outcome};
use crate::model::Envelope;

/// The most commands that go together, besides the last batch that still fits.
const TOGETHER: usize = 500;
/// Requests that may wait for their turn before others wait to be heard.
const WAITING: usize = 1024;

type Outcomes = Vec<Result<Outcome, BackendError>>;

/// The way to the backend.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    envelopes: Vec<Envelope>,
    done: oneshot::Sender<Outcomes>,
    /// What they take in memory is counted until the backend is done with them.
    room: Room,
}

impl Gather {
    /// Begins to hand commands over; ends when the last sender is gone.
    pub(super) fn new(backend: Arc<dyn Backend>, hub: Arc<Hub>, metrics: Arc<Metrics>) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        tokio::spawn(Hands { backend, hub, metrics }.over(waiting));
        Self { jobs }
    }

    /// Carries commands out, in their order; an outcome for each.
    pub(super) async fn execute(&self, envelopes: Vec<Envelope>, room: Room) -> Outcomes {
        let count = envelopes.len();
        let (done, outcomes) = oneshot::channel();
        if self.jobs.send(Job { envelopes, done, room }).await.is_ok()
            && let Ok(outcomes) = outcomes.await
        {
            return outcomes;
        }
        vec![Err(failed()); count]
    }
}

/// A command may have been carried out or not: sent again, it is carried out once.
fn failed() -> BackendError {
    BackendError::Unreachable("the backend failed: send the command again as it is".into())
}

/// Where commands go, and who hears of it.
struct Hands {
    backend: Arc<dyn Backend>,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

impl Hands {
    async fn over(self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.recv().await {
            let mut count = first.envelopes.len();
            let mut jobs = vec![first];
            while count < TOGETHER
                && let Ok(next) = waiting.try_recv()
            {
                count += next.envelopes.len();
                jobs.push(next);
            }
            let mut envelopes = Vec::with_capacity(count);
            let mut answers = Vec::with_capacity(jobs.len());
            let mut rooms = Vec::with_capacity(jobs.len());
            for job in jobs {
                answers.push((job.envelopes.len(), job.done));
                envelopes.extend(job.envelopes);
                rooms.push(job.room);
            }
            let mut outcomes = self.carry_out(envelopes).await.into_iter();
            drop(rooms);
            for (count, done) in answers {
                let mut own: Outcomes = outcomes.by_ref().take(count).collect();
                own.resize(count, Err(failed()));
                // Whoever asked may have gone.
                done.send(own).ok();
            }
        }
    }

    async fn carry_out(&self, envelopes: Vec<Envelope>) -> Outcomes {
        let verbs: Vec<_> = envelopes.iter().map(|envelope| envelope.command.kind()).collect();
        let backend = Arc::clone(&self.backend);
        // A task of its own, so that a panic in a backend ends these commands and no others.
        let work = tokio::spawn(async move { backend.execute_all(&envelopes).await });
        let outcomes = work.await.unwrap_or_else(|_| vec![Err(failed()); verbs.len()]);
        // Before anybody is answered, so that they find what they wrote.
        self.hub.wrote();
        for (verb, outcome) in verbs.into_iter().zip(&outcomes) {
            self.metrics.command(verb, outcome);
        }
        outcomes
    }
}
