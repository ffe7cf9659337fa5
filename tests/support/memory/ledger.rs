//! A ledger in memory, built on the model's own decisions. Several claimants share it, each of which
//! can end as a killed process does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{
    BackendError, Claim, ClaimRequest, Claimed, Ledger, Plan, Reminder, TestClaim, TestTurn,
    Unplanned,
};
use redphone::model::Summary;
use redphone::model::notification::decision::{
    AttemptResult, PageDecision, THROTTLE_MESSAGES, THROTTLE_WINDOW, apply_result, decide_notice,
    decide_page, throttle_rank,
};
use redphone::model::notification::{AttemptOutcome, Notification, NotificationState};
use redphone::model::oncall::Cover;
use redphone::model::signals::TestRecord;
use uuid::Uuid;

use super::Memory;

/// How many positions of the log one read looks at.
const RANGE: usize = 20;
/// After which time a page about a paused incident is decided again.
const AFTER_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// A notification with the additional fields of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    pub notification: Notification,
    pub fence: i64,
    /// Whether it has waited because its contact was sent too much.
    pub was_throttled: bool,
    claimant: Option<u64>,
    /// The notification with which it is being sent.
    leader: Option<Uuid>,
}

/// A claim as it was made.
#[derive(Clone, Debug)]
pub struct ClaimRecord {
    pub notification: Uuid,
    pub channel: String,
    pub at: DateTime<Utc>,
    /// When it was due.
    pub next_try: DateTime<Utc>,
    /// Whether it calls somebody to help with an acknowledged incident.
    pub after_acknowledgement: bool,
    pub incident: Option<Summary>,
}

/// A fault of a ledger, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Pages continue after the acknowledgement or the end.
    IgnoresEnd,
    /// Pages continue while the incident is snoozed or paused.
    IgnoresHold,
    /// People without a contact are skipped in silence.
    SkipsUnreachable,
    /// A channel that hangs stops the others.
    WaitsForSlowChannel,
    /// The claims of a killed process stay.
    ReleasesNothing,
    /// Notifications are lost when they are planned.
    LosesPlans,
}

/// When a message was begun, and its rank.
type RankedStart = (DateTime<Utc>, usize);

/// The state that all claimants share.
#[derive(Default)]
pub struct Book {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    planned_to: usize,
    /// Kinds and keys of the reminders.
    reminders: BTreeSet<(String, String)>,
    entries: Vec<Entry>,
    index: BTreeMap<Uuid, usize>,
    /// Entries of which something becomes yet.
    live: BTreeSet<usize>,
    /// When messages to each contact were begun, with their ranks.
    begun: BTreeMap<(String, String), Vec<RankedStart>>,
    claims: Vec<ClaimRecord>,
    alive: BTreeSet<u64>,
    /// When each test was tried last, and what came of it.
    tests: BTreeMap<String, (DateTime<Utc>, TestRecord)>,
    failing: Option<BackendError>,
    /// The error of whatever writes.
    failing_writes: Option<BackendError>,
    fault: Option<Fault>,
}

impl Book {
    /// Returns an empty ledger with a fault.
    pub fn with_fault(fault: Option<Fault>) -> Self {
        Self { state: Mutex::new(State { fault, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a ledger for a claimant that lives from now on.
    pub fn open(self: &Arc<Self>, memory: &Arc<Memory>, claimant: u64) -> MemoryLedger {
        self.state().alive.insert(claimant);
        MemoryLedger { book: Arc::clone(self), memory: Arc::clone(memory), claimant }
    }

    /// Ends a claimant, as the end of its process does.
    pub fn end(&self, claimant: u64) {
        self.state().alive.remove(&claimant);
    }

    /// Makes all requests fail with this error; `None` makes them succeed again.
    pub fn fail(&self, with: Option<BackendError>) {
        self.state().failing = with;
    }

    /// Makes all requests that write fail with this error; `None` makes them succeed again.
    pub fn fail_writes(&self, with: Option<BackendError>) {
        self.state().failing_writes = with;
    }

    /// Adds what another ledger has, each notification with whether it has waited for its contact.
    pub fn load(&self, notifications: Vec<(Notification, bool)>, claims: Vec<ClaimRecord>) {
        let mut state = self.state();
        for (notification, was_throttled) in notifications {
            state.add(&notification);
            if let Some(entry) = state.entries.last_mut() {
                entry.was_throttled = was_throttled;
            }
        }
        state.claims.extend(claims);
    }

    /// Returns all notifications, in the order in which they were planned.
    pub fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    /// Returns all claims, in their order.
    pub fn claims(&self) -> Vec<ClaimRecord> {
        self.state().claims.clone()
    }
}

/// The ledger as one claimant has it open.
pub struct MemoryLedger {
    book: Arc<Book>,
    memory: Arc<Memory>,
    claimant: u64,
}

impl State {
    fn check(&self) -> Result<(), BackendError> {
        self.failing.clone().map_or(Ok(()), Err)
    }

    fn check_writable(&self) -> Result<(), BackendError> {
        self.check()?;
        self.failing_writes.clone().map_or(Ok(()), Err)
    }

    /// Returns the waiting entries of channels that are due, the earliest first.
    fn due(&self, request: &ClaimRequest) -> Vec<usize> {
        let mut due: Vec<(DateTime<Utc>, usize)> =
            self.waiting(&request.channels).filter(|(at, _)| *at <= request.now).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, index)| index).collect()
    }

    fn waiting(&self, channels: &[String]) -> impl Iterator<Item = (DateTime<Utc>, usize)> {
        self.live.iter().filter_map(move |index| {
            let Notification { state, channel, next_try, .. } = &self.entries[*index].notification;
            let is_waiting = *state == NotificationState::Waiting && channels.contains(channel);
            next_try.filter(|_| is_waiting).map(|at| (at, *index))
        })
    }

    /// Decides an entry that is due. Returns whether it is to be sent.
    fn decide(
        &mut self,
        index: usize,
        row: Option<&Summary>,
        (covers, now): (&[Cover], DateTime<Utc>),
    ) -> bool {
        let notification = &mut self.entries[index].notification;
        let decision = match row {
            _ if notification.is_notice() => decide_notice(notification, covers, now),
            Some(row) => decide_page(notification, row, now),
            None => panic!("an incident"),
        };
        match decision {
            PageDecision::Send => return true,
            PageDecision::Hold(_) if self.fault == Some(Fault::IgnoresHold) => return true,
            PageDecision::Cancel(_) if self.fault == Some(Fault::IgnoresEnd) => return true,
            PageDecision::Hold(until) => {
                notification.next_try = Some(until.unwrap_or(now + AFTER_PAUSE));
            }
            PageDecision::Cancel(reason) => {
                notification.state = NotificationState::Cancelled;
                notification.next_try = None;
                notification.reason = Some(reason.to_owned());
                notification.updated_at = now;
                self.live.remove(&index);
            }
        }
        false
    }

    fn is_slow_channel_busy(&self) -> bool {
        self.live.iter().any(|index| {
            let one = &self.entries[*index].notification;
            one.channel == "slow" && one.state == NotificationState::Sending
        })
    }

    /// Returns until when a contact is sent nothing more.
    fn throttled_until(
        &self,
        index: usize,
        rank: usize,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let begun = self.begun.get(&contact_of(&self.entries[index].notification))?;
        // A time further ahead is from before the clock was set back.
        let is_recent =
            |at: &&DateTime<Utc>| **at + THROTTLE_WINDOW > now && **at < now + THROTTLE_WINDOW;
        // Less urgent messages do not count.
        let counted = begun.iter().filter(|(_, other)| *other <= rank).map(|(at, _)| at);
        let recent: Vec<_> = counted.filter(is_recent).collect();
        let first = recent.len().checked_sub(THROTTLE_MESSAGES)?;
        Some(*recent[first] + THROTTLE_WINDOW)
    }

    fn start(&mut self, index: usize, claimant: u64, leader: Option<Uuid>, now: DateTime<Utc>) {
        let entry = &mut self.entries[index];
        entry.claimant = Some(claimant);
        entry.leader = leader;
        entry.fence += 1;
        entry.notification.state = NotificationState::Sending;
        entry.notification.next_try = None;
        entry.notification.attempts += 1;
        entry.notification.updated_at = now;
    }

    fn apply(&mut self, index: usize, result: &AttemptResult) {
        let entry = &mut self.entries[index];
        apply_result(&mut entry.notification, result);
        entry.claimant = None;
        if let Some(leader) = entry.leader.take()
            && entry.notification.state == NotificationState::Sent
        {
            entry.notification.state = NotificationState::Bundled;
            entry.notification.bundled_into = Some(leader);
        }
        if entry.notification.state.is_final() {
            self.live.remove(&index);
        }
    }
}

impl State {
    /// Stores a planned notification.
    fn add(&mut self, notification: &Notification) {
        let index = self.entries.len();
        if !notification.state.is_final() {
            self.live.insert(index);
        }
        self.index.insert(notification.id, index);
        let notification = notification.clone();
        let (fence, was_throttled, claimant, leader) = (0, false, None, None);
        self.entries.push(Entry { notification, fence, was_throttled, claimant, leader });
    }
}

fn contact_of(notification: &Notification) -> (String, String) {
    (notification.person.handle.clone(), notification.contact.clone())
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn unplanned(&self) -> Result<Unplanned, BackendError> {
        let state = self.book.state();
        state.check()?;
        let journal = self.memory.journal_after(state.planned_to);
        let has_more = journal.len() > RANGE;
        let to = state.planned_to + journal.len().min(RANGE);
        let calls = journal
            .into_iter()
            .take(RANGE)
            .filter_map(|event| {
                let row = self.memory.row(event.incident)?;
                Some((event, row))
            })
            .collect();
        let position = |count: usize| i64::try_from(count).expect("a short log");
        Ok(Unplanned { from: position(state.planned_to), to: position(to), calls, has_more })
    }

    async fn plan(&self, plan: &Plan) -> Result<bool, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        if i64::try_from(state.planned_to).ok() != Some(plan.from) {
            return Ok(false);
        }
        let fault = state.fault;
        let is_stored = |one: &&Notification| match fault {
            Some(Fault::SkipsUnreachable) => !one.contact.is_empty(),
            Some(Fault::LosesPlans) => one.contact != "good",
            _ => true,
        };
        for notification in plan.notifications.iter().filter(is_stored) {
            state.add(notification);
        }
        state.planned_to = usize::try_from(plan.to).expect("a position");
        Ok(true)
    }

    async fn remind(&self, reminder: &Reminder) -> Result<bool, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        let key = (reminder.kind.to_string(), reminder.key.clone());
        let is_new = state.reminders.insert(key);
        for notification in reminder.notifications.iter().filter(|_| is_new) {
            state.add(notification);
        }
        Ok(is_new)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        let state = &mut *state;
        let now = request.now;
        if state.fault == Some(Fault::WaitsForSlowChannel) && state.is_slow_channel_busy() {
            let next = Some(now + TimeDelta::seconds(1));
            return Ok(Claimed { claims: Vec::new(), next, others_claim: false });
        }
        let mut claims = Vec::new();
        let mut claimed = BTreeSet::new();
        let covers = self.memory.directory_now().covers;
        for index in state.due(request) {
            if claims.len() >= request.limit as usize {
                break;
            }
            let notification = state.entries[index].notification.clone();
            let row = self.memory.row(notification.incident);
            if claimed.contains(&index) || !state.decide(index, row.as_ref(), (&covers, now)) {
                continue;
            }
            let rank = throttle_rank(notification.kind, row.as_ref().map(|row| row.priority));
            if let Some(until) = state.throttled_until(index, rank, now) {
                state.entries[index].was_throttled = true;
                state.entries[index].notification.next_try = Some(until);
                continue;
            }
            let contact = contact_of(&notification);
            let mut bundled = Vec::new();
            if state.entries[index].was_throttled {
                for other in state.due(request) {
                    let entry = &state.entries[other];
                    let is_bundled = other != index
                        && entry.was_throttled
                        && contact_of(&entry.notification) == contact;
                    let incident = entry.notification.incident;
                    let row = self.memory.row(incident);
                    if is_bundled && state.decide(other, row.as_ref(), (&covers, now)) {
                        state.start(other, self.claimant, Some(notification.id), now);
                        claimed.insert(other);
                        bundled.push(state.entries[other].notification.clone());
                    }
                }
            }
            state.claims.push(ClaimRecord {
                notification: notification.id,
                channel: notification.channel.clone(),
                at: now,
                next_try: notification.next_try.expect("it is due"),
                after_acknowledgement: notification.after_acknowledgement,
                incident: row.clone(),
            });
            state.begun.entry(contact).or_default().push((now, rank));
            state.start(index, self.claimant, None, now);
            let entry = &state.entries[index];
            let (notification, fence) = (entry.notification.clone(), entry.fence);
            claims.push(Claim { notification, bundled, fence, incident: row });
        }
        let next = state.waiting(&request.channels).map(|(at, _)| at).min();
        let of_others = |index: &usize| {
            state.entries[*index].claimant.is_some_and(|claimant| claimant != self.claimant)
        };
        let others_claim = state.live.iter().any(of_others);
        Ok(Claimed { claims, next, others_claim })
    }

    async fn finish(&self, claim: &Claim, result: &AttemptResult) -> Result<bool, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        let index = state.index[&claim.notification.id];
        let entry = &state.entries[index];
        if entry.claimant != Some(self.claimant) || entry.fence != claim.fence {
            return Ok(false);
        }
        state.apply(index, result);
        for bundled in &claim.bundled {
            let index = state.index[&bundled.id];
            state.apply(index, result);
        }
        Ok(true)
    }

    async fn claim_test(&self, claim: &TestClaim) -> Result<TestTurn, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        let TestClaim { name, every, now } = claim;
        let before = state.tests.get(name).cloned();
        let is_claimed = before.as_ref().is_none_or(|(at, _)| *at + *every <= *now);
        let next = before.as_ref().filter(|_| !is_claimed).map_or(*now, |(at, _)| *at) + *every;
        let record = before.map(|(_, record)| record);
        if is_claimed {
            let stored = record.clone().unwrap_or_else(|| TestRecord::new(name, *now));
            state.tests.insert(name.clone(), (*now, stored));
        }
        Ok(TestTurn { record, is_claimed, next })
    }

    async fn record_test(&self, record: &TestRecord) -> Result<(), BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        if let Some((_, stored)) = state.tests.get_mut(&record.name) {
            *stored = record.clone();
        }
        Ok(())
    }

    async fn release_dead(&self, now: DateTime<Utc>) -> Result<u64, BackendError> {
        let mut state = self.book.state();
        state.check_writable()?;
        if state.fault == Some(Fault::ReleasesNothing) {
            return Ok(0);
        }
        let is_dead = |index: &usize| {
            state.entries[*index].claimant.is_some_and(|claimant| !state.alive.contains(&claimant))
        };
        let dead: Vec<usize> = state.live.iter().copied().filter(is_dead).collect();
        let result = AttemptResult {
            ended_at: now,
            outcome: AttemptOutcome::Interrupted,
            provider_id: None,
            answer: "the program ended".into(),
            retry_after: None,
        };
        for index in &dead {
            state.apply(*index, &result);
        }
        Ok(dead.len() as u64)
    }
}
