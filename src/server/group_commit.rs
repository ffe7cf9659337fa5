//! Queue of commands for the backend: commands that arrive while it is busy are sent in one group.
//!
//! A backend that makes each write durable does so once for the group. Callers are answered only
//! after that. A command is carried out even if its caller has disconnected.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::change_feed::ChangeFeed;
use super::health::Health;
use super::limits::BodyPermit;
use super::metrics::Metrics;
use crate::backend::{Backend, BackendError, Outcome};
use crate::model::Envelope;

/// When a group has this many commands, no further job is added. The last job may exceed it.
const MAX_GROUP: usize = 500;
/// Number of jobs that may be queued before callers wait for a place in the queue.
const QUEUE_CAPACITY: usize = 1024;

type Outcomes = Vec<Result<Outcome, BackendError>>;

/// Handle to the worker that sends commands to the backend.
#[derive(Clone, Debug)]
pub(super) struct CommandQueue {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    envelopes: Vec<Envelope>,
    /// Whether no command follows one that is refused.
    stops: bool,
    reply: oneshot::Sender<Outcomes>,
    /// The memory of the request body, released when the backend has carried out the commands.
    permit: Option<BodyPermit>,
}

impl CommandQueue {
    /// Starts the worker. It ends when the last `CommandQueue` is dropped.
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        feed: Arc<ChangeFeed>,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Self {
        let (jobs, receiver) = mpsc::channel(QUEUE_CAPACITY);
        tokio::spawn(Worker { backend, feed, metrics, health }.run(receiver));
        Self { jobs }
    }

    /// Carries out commands in their order and returns an outcome for each. `permit` is the memory of
    /// the request body, if the request still has it.
    pub(super) async fn execute(
        &self,
        envelopes: Vec<Envelope>,
        permit: Option<BodyPermit>,
    ) -> Outcomes {
        self.queue(envelopes, false, permit).await
    }

    /// Carries out the commands of one request in their order, up to the first that is refused, and
    /// returns the outcomes up to that one; see [`Backend::execute_in_order`].
    pub(super) async fn execute_in_order(
        &self,
        envelopes: Vec<Envelope>,
        permit: Option<BodyPermit>,
    ) -> Outcomes {
        // Nothing follows a single command, which can share a group.
        let stops = envelopes.len() > 1;
        self.queue(envelopes, stops, permit).await
    }

    async fn queue(
        &self,
        envelopes: Vec<Envelope>,
        stops: bool,
        permit: Option<BodyPermit>,
    ) -> Outcomes {
        let count = envelopes.len();
        let (reply, outcomes) = oneshot::channel();
        if self.jobs.send(Job { envelopes, stops, reply, permit }).await.is_ok()
            && let Ok(outcomes) = outcomes.await
        {
            return outcomes;
        }
        vec![Err(backend_failed()); count]
    }
}

/// Returns the error for a command that may or may not have been carried out. If it is sent again,
/// it takes effect only once.
fn backend_failed() -> BackendError {
    BackendError::Unreachable("the backend failed: send the command again as it is".into())
}

/// Sends groups of commands to the backend.
struct Worker {
    backend: Arc<dyn Backend>,
    feed: Arc<ChangeFeed>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl Worker {
    async fn run(self, mut receiver: mpsc::Receiver<Job>) {
        let mut waiting = None;
        loop {
            let first = match waiting.take() {
                Some(job) => Some(job),
                None => receiver.recv().await,
            };
            let Some(first) = first else { return };
            let stops = first.stops;
            let mut count = first.envelopes.len();
            let mut jobs = vec![first];
            while !stops
                && count < MAX_GROUP
                && let Ok(next) = receiver.try_recv()
            {
                // Where one ends with a refusal, the commands of others must not.
                if next.stops {
                    waiting = Some(next);
                    break;
                }
                count += next.envelopes.len();
                jobs.push(next);
            }
            let mut envelopes = Vec::with_capacity(count);
            let mut replies = Vec::with_capacity(jobs.len());
            let mut permits = Vec::with_capacity(jobs.len());
            for job in jobs {
                replies.push((job.envelopes.len(), job.reply));
                envelopes.extend(job.envelopes);
                permits.push(job.permit);
            }
            let mut outcomes = self.execute_group(envelopes, stops).await.into_iter();
            drop(permits);
            for (count, reply) in replies {
                let mut job_outcomes: Outcomes = outcomes.by_ref().take(count).collect();
                if !stops {
                    job_outcomes.resize(count, Err(backend_failed()));
                }
                // The caller may have disconnected.
                reply.send(job_outcomes).ok();
            }
        }
    }

    async fn execute_group(&self, envelopes: Vec<Envelope>, stops: bool) -> Outcomes {
        let kinds: Vec<_> = envelopes.iter().map(|envelope| envelope.command.kind()).collect();
        let backend = Arc::clone(&self.backend);
        // A separate task, so that a panic in the backend fails these commands and no others.
        let task = tokio::spawn(async move {
            if stops {
                backend.execute_in_order(&envelopes).await
            } else {
                backend.execute_all(&envelopes).await
            }
        });
        let outcomes = match task.await {
            Ok(outcomes) => {
                self.health.record(&outcomes);
                outcomes
            }
            Err(_) => vec![Err(backend_failed()); kinds.len()],
        };
        // Before the callers are answered, so that they find their own writes.
        self.feed.record_write();
        for (kind, outcome) in kinds.into_iter().zip(&outcomes) {
            self.metrics.record_command(kind, outcome);
        }
        outcomes
    }
}
