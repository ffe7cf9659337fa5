//! Creates issues in trackers for action items, and reads their state.
//!
//! An issue is created once, over lost answers, restarts and any number of programs: one program at
//! a time has the claim of an item; it searches the tracker, records in the store that it is about
//! to create an issue, and creates it. After a creation whose outcome is unknown, nobody searches
//! before the tracker had time to show what it has created.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::clock::Clock;
use super::parts::{Parts, settings_changed};
use super::timed::wait_until;
use crate::backend::{Backend, BackendError, FollowUpClaim, FollowUpEnd, FollowUpRequest, Ledger};
use crate::model::follow_up::{FollowUp, FollowUpState, MAX_NOTE_CHARS};
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, Rejection,
};
use crate::outbound::SendError;
use crate::outbound::tracker::{ConfiguredTracker, FoundIssue, NewIssue, Trackers};

/// The name of the program that records the tracker's answers.
const ACTOR: &str = "tracker";
/// How long a tracker may need to show an issue that it has created. The searches of Jira lag behind.
const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(1);
/// The time limit of all requests about one item; less than the duration of a claim.
const WORK_LIMIT: Duration = Duration::from_mins(8);
/// The wait after a first failure. It doubles with each further one.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(30);
const MAX_RETRY: TimeDelta = TimeDelta::hours(1);
/// How much earlier than the incident's report an issue may seem to be created, by the tracker's clock.
const CLOCK_MARGIN: TimeDelta = TimeDelta::days(1);
/// The shortest wait, for due work that can't be claimed, and between changes.
const MIN_WAIT: Duration = Duration::from_millis(200);
/// The most items that are followed up before the settings are read again.
const MAX_PER_TURN: usize = 20;

/// Follows up the action items of a store while the settings have trackers.
pub(super) struct FollowUps<'a> {
    engine: &'a Parts,
    /// Woken by every change of the store.
    changes: &'a Notify,
}

impl<'a> FollowUps<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Notify) -> Self {
        Self { engine, changes }
    }

    /// Runs until it is dropped. Another engine then continues its work.
    pub(super) async fn run(self) -> Infallible {
        let Parts { backend, ledger, clock, .. } = self.engine;
        let worker = FollowUpWorker {
            backend: Arc::clone(backend),
            ledger: Arc::clone(ledger),
            clock: Arc::clone(clock),
        };
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let trackers = Arc::clone(&settings.borrow_and_update().trackers);
            if trackers.is_empty() {
                settings_changed(&mut settings).await;
                continue;
            }
            let (wait, failed) = match worker.turn(&trackers).await {
                Ok(next) => {
                    backoff.reset();
                    (wait_until(next, clock.now(), MIN_WAIT), false)
                }
                Err(error) => (backoff.wait_after(&error, "the follow-up of action items"), true),
            };
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = self.changes.notified(), if !failed => clock.sleep(MIN_WAIT).await,
                _ = settings.changed() => {}
            }
        }
    }
}

/// Creates issues and reads their states, one item after the other.
pub struct FollowUpWorker {
    /// The store, which records the trackers' answers.
    pub backend: Arc<dyn Backend>,
    /// The ledger of the same store.
    pub ledger: Arc<dyn Ledger>,
    /// The clock by which items are due.
    pub clock: Arc<dyn Clock>,
}

/// The reason why nothing more is done about an item now.
enum Trouble {
    /// The tracker was not reached, or has refused.
    Tracker(SendError),
    /// The store has failed, or does not allow it.
    Store(BackendError),
    /// Another program has the claim by now.
    ClaimLost,
    /// An issue may have been created just before, and may not be visible yet.
    Unsettled(DateTime<Utc>),
}

impl From<SendError> for Trouble {
    fn from(error: SendError) -> Self {
        Self::Tracker(error)
    }
}

impl From<BackendError> for Trouble {
    fn from(error: BackendError) -> Self {
        Self::Store(error)
    }
}

/// A claim with its tracker.
struct Work<'a> {
    claim: FollowUpClaim,
    tracker: &'a ConfiguredTracker,
    name: String,
}

impl FollowUpWorker {
    /// Follows up due items. Returns when the next item is due; `None` if there is none.
    ///
    /// # Errors
    /// The store fails. What was claimed is due again when the claim has ended.
    pub async fn turn(&self, trackers: &Trackers) -> Result<Option<DateTime<Utc>>, BackendError> {
        for _ in 0..MAX_PER_TURN {
            let now = self.clock.now();
            let request = FollowUpRequest { now, trackers: trackers.names(), limit: 1 };
            let claimed = self.ledger.claim_follow_ups(&request).await?;
            if claimed.claims.is_empty() {
                return Ok(claimed.next);
            }
            for claim in claimed.claims {
                let tracker = trackers.choose(claim.follow_up.tracker.as_deref());
                let tracker = tracker.map(|(name, tracker)| (name.to_owned(), tracker));
                if let Some((name, tracker)) = tracker {
                    self.follow_up(&Work { claim, tracker, name }).await?;
                }
            }
        }
        Ok(Some(self.clock.now()))
    }

    /// Follows up one item and ends its claim.
    async fn follow_up(&self, work: &Work<'_>) -> Result<(), BackendError> {
        let result = tokio::select! {
            biased;
            result = self.work(work) => result,
            () = self.clock.sleep(WORK_LIMIT) => {
                let reason = format!("{} did not answer within 8 min", work.name);
                Err(Trouble::Tracker(SendError::uncertain(reason)))
            }
        };
        let now = self.clock.now();
        let failures = work.claim.failures.saturating_add(1);
        let retry = |failures: u32| now + retry_wait(failures);
        let end = match result {
            Ok(()) => {
                let poll = TimeDelta::from_std(work.tracker.poll).unwrap_or(MAX_RETRY);
                FollowUpEnd {
                    next: now + poll,
                    failures: 0,
                    problem: None,
                    may_have_created: false,
                }
            }
            Err(Trouble::ClaimLost) => return Ok(()),
            Err(Trouble::Unsettled(next)) => FollowUpEnd {
                next,
                failures: work.claim.failures,
                problem: Some("the tracker may have made it: its answer was lost".to_owned()),
                may_have_created: true,
            },
            Err(Trouble::Store(error)) if error.is_temporary() => return Err(error),
            Err(Trouble::Store(error)) => {
                tracing::warn!(%error, "an action item can't be followed up");
                let problem = Some(error.to_string());
                FollowUpEnd { next: retry(failures), failures, problem, may_have_created: true }
            }
            Err(Trouble::Tracker(SendError::Permanent { reason })) if !has_issue(&work.claim) => {
                match self.refuse(work, &reason).await {
                    Err(error) if error.is_temporary() => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, "the refusal of a tracker is not recorded");
                    }
                    Ok(()) => {}
                }
                FollowUpEnd { next: now, failures: 0, problem: None, may_have_created: false }
            }
            Err(Trouble::Tracker(error)) => {
                tracing::warn!(tracker = work.name, %error, "a tracker can't be used");
                let wait = match &error {
                    SendError::Temporary { retry_after, .. } => *retry_after,
                    _ => None,
                };
                let requested = wait.and_then(|wait| TimeDelta::from_std(wait).ok());
                // An issue that was created just before may not be found earlier.
                let settled = if has_issue(&work.claim) { now } else { now + SETTLES_WITHIN };
                let requested = requested.map_or(now, |wait| now + wait);
                let next = retry(failures).max(requested).max(settled);
                let problem = Some(error.to_string());
                FollowUpEnd { next, failures, problem, may_have_created: true }
            }
        };
        if !self.ledger.finish_follow_up(&work.claim, &end).await? {
            tracing::warn!(tracker = work.name, "an action item was claimed by another program");
        }
        Ok(())
    }

    async fn work(&self, work: &Work<'_>) -> Result<(), Trouble> {
        match &work.claim.follow_up.issue {
            Some(issue) => {
                let reference = issue.reference.clone();
                self.read_state(work, &reference).await
            }
            None => self.make_issue(work).await,
        }
    }

    /// Finds or creates the issue, and records it.
    async fn make_issue(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let (claim, now) = (&work.claim, self.clock.now());
        // A time in the future was recorded before the clock was set back.
        if let Some(sent) = claim.sent_at
            && now < sent + SETTLES_WITHIN
            && now >= sent
        {
            return Err(Trouble::Unsettled(sent + SETTLES_WITHIN));
        }
        let incident = self.backend.incident(claim.incident).await?.incident;
        let Some(new) = new_issue(&incident, claim) else {
            return Err(Trouble::Tracker(SendError::permanent("there is no such action item")));
        };
        let tracker = &work.tracker.tracker;
        let since = incident.summary.reported_at - CLOCK_MARGIN;
        let found = if let Some(found) = tracker.find(new.item, since).await? {
            found
        } else {
            if !self.ledger.begin_follow_up(claim, self.clock.now()).await? {
                return Err(Trouble::ClaimLost);
            }
            tracker.create(&new).await?
        };
        self.record(work, follow_up_of(work, found)).await
    }

    /// Reads the state of the issue, and records it if it has changed.
    async fn read_state(&self, work: &Work<'_>, reference: &str) -> Result<(), Trouble> {
        let before = &work.claim.follow_up;
        let after = match work.tracker.tracker.read(reference).await? {
            Some(found) => follow_up_of(work, found),
            None => FollowUp { state: FollowUpState::Deleted, note: None, ..before.clone() },
        };
        if after == *before {
            return Ok(());
        }
        self.record(work, after).await
    }

    /// Records the tracker's answer, and that the item is done if the settings require that.
    async fn record(&self, work: &Work<'_>, follow_up: FollowUp) -> Result<(), Trouble> {
        let incident = work.claim.incident;
        let (item, is_done) = (follow_up.item, follow_up.state == FollowUpState::Done);
        self.execute(incident, IncidentCommand::RecordFollowUp { follow_up }).await?;
        if !is_done || !work.tracker.closes_items {
            return Ok(());
        }
        let record = self.backend.incident(incident).await?.incident;
        let open = record.review.actions.iter().find(|action| action.id == item && !action.done);
        match open.cloned() {
            Some(mut item) => {
                item.done = true;
                self.execute(incident, IncidentCommand::SetActionItem { item }).await?;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Records that the tracker makes no issue.
    async fn refuse(&self, work: &Work<'_>, reason: &str) -> Result<(), BackendError> {
        let follow_up = FollowUp {
            tracker: Some(work.name.clone()),
            state: FollowUpState::Refused,
            issue: None,
            note: Some(reason.chars().take(MAX_NOTE_CHARS).collect()),
            ..work.claim.follow_up.clone()
        };
        self.execute(work.claim.incident, IncidentCommand::RecordFollowUp { follow_up }).await
    }

    /// Executes a command. It is not an error if another program has done the same.
    async fn execute(
        &self,
        incident: IncidentId,
        command: IncidentCommand,
    ) -> Result<(), BackendError> {
        let envelope = Envelope {
            id: CommandId::new(),
            at: self.clock.now(),
            actor: Actor::Integration(ACTOR.to_owned()),
            command: Command::incident(incident, command),
            expected_seq: None,
        };
        match self.backend.execute(&envelope).await {
            Ok(_) => Ok(()),
            Err(BackendError::Rejected(why)) if why.rejection == Rejection::NothingToChange => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn has_issue(claim: &FollowUpClaim) -> bool {
    claim.follow_up.issue.is_some()
}

/// Returns how long to wait after failures that follow each other.
fn retry_wait(failures: u32) -> TimeDelta {
    let doublings = failures.saturating_sub(1).min(7);
    (FIRST_RETRY * 2_i32.pow(doublings)).min(MAX_RETRY)
}

/// Returns the known state of an issue after it was found.
fn follow_up_of(work: &Work<'_>, found: FoundIssue) -> FollowUp {
    FollowUp {
        item: work.claim.follow_up.item,
        tracker: Some(work.name.clone()),
        state: found.state,
        issue: Some(found.issue),
        note: Some(found.state_name).filter(|name| !name.is_empty()),
    }
}

/// Returns the issue to create; `None` if the record has no such action item.
fn new_issue(incident: &Incident, claim: &FollowUpClaim) -> Option<NewIssue> {
    let items = &incident.review.actions;
    let item = items.iter().find(|item| item.id == claim.follow_up.item)?;
    Some(NewIssue {
        item: item.id,
        text: item.text.clone(),
        incident: incident.summary.label(),
        incident_title: incident.summary.title.clone(),
        owner: item.owner.as_ref().map(|owner| owner.name.clone()),
        due: item.due,
        purpose: item.kind.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 30)]
    #[case(1, 30)]
    #[case(2, 60)]
    #[case(5, 480)]
    #[case(8, 3600)]
    #[case(u32::MAX, 3600)]
    fn wait_doubles_up_to_an_hour(#[case] failures: u32, #[case] seconds: i64) {
        assert_eq!(retry_wait(failures), TimeDelta::seconds(seconds));
    }
}
