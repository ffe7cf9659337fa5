//! Claims of notifications that are due.

use std::mem;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::due::{ContactLimits, Due, DueRows, read_due, read_outlook};
use super::table::{FOR_ROOM, StoredNotification, put_attempt, state_number};
use crate::backend::file::directory_table::read_directory;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::backend::{Claim, ClaimRequest, Claimed};
use crate::model::Summary;
use crate::model::notification::decision::{
    PageDecision, decide_notice, decide_page, throttle_rank,
};
use crate::model::notification::{Attempt, AttemptOutcome, MessageKind, NotificationState};
use crate::model::oncall::Cover;

/// How long until a notification is considered again if its incident does not define the time:
/// usually an event of the incident comes first.
const CONSIDERED_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// Claims due notifications in a transaction. `None`, with the transaction still open, if nothing
/// has changed.
pub(super) async fn claim_due(
    conn: &mut SqliteConnection,
    request: &ClaimRequest,
    own: Uuid,
) -> StoreResult<Option<Claimed>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let DueRows { due, unreadable, has_more } = read_due(conn, request).await?;
    let mut changed = Batch::one_off("");
    let mut sendable = Vec::new();
    let is_about_cover = |due: &Due| due.stored.notification.cover.is_some();
    let covers = if due.iter().any(is_about_cover) {
        read_directory(conn).await?.map(|directory| directory.covers).unwrap_or_default()
    } else {
        Vec::new()
    };
    for position in unreadable {
        changed
            .sql("UPDATE notification SET state = ?, next_try = NULL WHERE position = ?;")
            .arg(state_number(NotificationState::Failed))
            .arg(position);
    }
    for Due { stored, incident } in due {
        sendable.extend(settle(&mut changed, request, (stored, incident), &covers)?);
    }
    let claims = choose(conn, &mut changed, request, sendable).await?;
    let claims: Vec<Claim> = claims
        .into_iter()
        .map(|chosen| chosen.claim(&mut changed, request.now, own))
        .collect::<StoreResult<_>>()?;
    if changed.is_empty() {
        return Ok(None);
    }
    changed.run(conn).await?;
    let outlook = read_outlook(conn, request, Some(own)).await?;
    Batch::new("COMMIT;").run(conn).await?;
    let next = if has_more { Some(request.now) } else { outlook.next };
    Ok(Some(Claimed { claims, next, others_claim: outlook.others_claim }))
}

/// A notification to be sent, with its incident unless it is a notice.
type Sendable = (StoredNotification, Option<Summary>);

/// Returns a notification to be sent. One that is not needed any more, or must wait for its
/// incident, is changed and not returned.
fn settle(
    changed: &mut Batch,
    request: &ClaimRequest,
    (mut stored, incident): Sendable,
    covers: &[Cover],
) -> StoreResult<Option<Sendable>> {
    let now = request.now;
    let decision = match &incident {
        _ if stored.notification.is_notice() => decide_notice(&stored.notification, covers, now),
        Some(incident) => decide_page(&stored.notification, incident, now),
        None => PageDecision::Cancel("the store has no such incident"),
    };
    let notification = &mut stored.notification;
    match decision {
        PageDecision::Send => {
            // A program without the channel only settles notifications that are not sent any more.
            let has_channel = request.channels.contains(&notification.channel);
            return Ok(has_channel.then_some((stored, incident)));
        }
        PageDecision::Cancel(reason) => {
            notification.state = NotificationState::Cancelled;
            notification.next_try = None;
            notification.updated_at = now;
            notification.reason = Some(reason.to_owned());
            stored.waits_for = None;
        }
        PageDecision::Hold(until) => {
            notification.next_try = Some(until.unwrap_or(now + CONSIDERED_AGAIN));
            let reason = if until.is_some() { "snoozed" } else { "paused" };
            notification.reason = Some(format!("the incident is {reason}"));
            stored.waits_for = incident.map(|incident| i64::from(incident.seq));
        }
    }
    stored.put(changed)?;
    Ok(None)
}

/// A message to be claimed.
struct Chosen {
    stored: StoredNotification,
    bundled: Vec<StoredNotification>,
    incident: Option<Summary>,
}

/// Chooses the messages to send now, within the limits of the contacts. Messages that exceed them
/// are postponed.
async fn choose(
    conn: &mut SqliteConnection,
    changed: &mut Batch,
    request: &ClaimRequest,
    sendable: Vec<Sendable>,
) -> StoreResult<Vec<Chosen>> {
    let now = request.now;
    let max = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut limits = ContactLimits::read(conn, &sendable, now).await?;
    let mut chosen: Vec<Chosen> = Vec::new();
    for (mut stored, incident) in sendable {
        let priority = incident.as_ref().map(|incident| incident.priority);
        let rank = throttle_rank(stored.notification.kind, priority);
        let limit = limits.of(&stored);
        if let Some(bundle) = limit.bundle.and_then(|at| chosen.get_mut(at)) {
            bundle.add(stored, incident);
        } else if !limit.has_room(rank) {
            stored.notification.next_try = Some(limit.room_at(rank, now));
            stored.notification.reason =
                Some("the contact was sent several messages just before".to_owned());
            stored.waits_for = Some(FOR_ROOM);
            stored.put(changed)?;
        } else if chosen.len() < max {
            limit.count(rank, now);
            limit.bundle = limit.is_bundling.then_some(chosen.len());
            chosen.push(Chosen { stored, bundled: Vec::new(), incident });
        }
    }
    Ok(chosen)
}

impl Chosen {
    /// Adds a notification to the message. A page leads it, as it has to wake its person and to be answered,
    /// unless the message begins with a page or with a reminder about something more urgent.
    fn add(&mut self, mut stored: StoredNotification, incident: Option<Summary>) {
        let wakes = match (self.stored.notification.kind, &self.incident, &incident) {
            (MessageKind::Page, ..) => true,
            (MessageKind::Reminder, Some(first), Some(second)) => {
                first.priority.rank() < second.priority.rank()
            }
            _ => false,
        };
        if stored.notification.kind == MessageKind::Page && !wakes {
            mem::swap(&mut self.stored, &mut stored);
            self.incident = incident;
        }
        self.bundled.push(stored);
    }

    /// Adds the statements that claim the message for the open store `own`.
    fn claim(self, changed: &mut Batch, now: DateTime<Utc>, own: Uuid) -> StoreResult<Claim> {
        let Self { mut stored, mut bundled, incident } = self;
        stored.notification.attempts += 1;
        stored.sent = Some(now.timestamp_millis());
        mark_as_sending(&mut stored, now, own);
        stored.put(changed)?;
        let attempt = Attempt {
            notification: stored.notification.id,
            number: stored.notification.attempts,
            began_at: now,
            ended_at: None,
            outcome: AttemptOutcome::Running,
            provider_id: None,
            answer: String::new(),
            extra: <_>::default(),
        };
        put_attempt(changed, &attempt)?;
        for other in &mut bundled {
            mark_as_sending(other, now, own);
            other.notification.bundled_into = Some(stored.notification.id);
            other.put(changed)?;
        }
        Ok(Claim {
            notification: stored.notification,
            bundled: bundled.into_iter().map(|other| other.notification).collect(),
            fence: stored.fence,
            incident,
        })
    }
}

fn mark_as_sending(stored: &mut StoredNotification, now: DateTime<Utc>, own: Uuid) {
    let notification = &mut stored.notification;
    notification.state = NotificationState::Sending;
    notification.next_try = None;
    notification.updated_at = now;
    notification.reason = None;
    notification.bundled_into = None;
    stored.waits_for = None;
    stored.claimant = Some(own);
    stored.fence += 1;
}
