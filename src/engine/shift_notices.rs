//! Sends people what they learn about their shifts: each notice once, by whichever program is first.
//!
//! A notice calls nobody and is about no incident, so that it is no notification of the ledger: what is
//! recorded is that it was given to a program that sends it. One whose program ends before that is lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::backoff::Backoff;
use super::clock::Clock;
use super::parts::Parts;
use super::settings::{EngineSettings, Sender};
use crate::backend::{BackendError, Cursor, Reminder};
use crate::model::Priority;
use crate::model::directory::Directory;
use crate::model::notification::{Contact, MessageKind};
use crate::model::signals::{ShiftNotice, shift_notices};
use crate::outbound::{OutboundMessage, SendError};

/// The longest wait: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How often notices are computed again though nothing has changed.
const RECOMPUTED_AFTER: TimeDelta = TimeDelta::hours(1);
/// For how long a notice that waited for the end of quiet hours is still sent.
const AFTER_QUIET: TimeDelta = TimeDelta::minutes(15);
/// How often a notice is tried to be sent.
const ATTEMPTS: u32 = 4;
/// The wait before the second attempt; it doubles with each one.
const FIRST_RETRY: Duration = Duration::from_secs(15);
/// The most notices that are being sent.
const MAX_SENDING: usize = 50;

/// Follows the directory and tells people about their shifts.
pub(super) struct ShiftNotices<'a> {
    engine: &'a Parts,
    cursor: Option<Cursor>,
    /// `None` until it was read.
    directory: Option<Directory>,
    /// What is due now or in the coming day, and as of when.
    notices: Option<(DateTime<Utc>, Vec<ShiftNotice>)>,
    sending: JoinSet<()>,
}

impl<'a> ShiftNotices<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        let sending = JoinSet::new();
        Self { engine, cursor: None, directory: None, notices: None, sending }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) -> Infallible {
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            if current.sender.channels().is_empty() {
                (self.directory, self.notices) = (None, None);
                // An error means that whoever runs the engine is gone, which ends this as well.
                if settings.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                continue;
            }
            let turn = tokio::select! {
                turn = self.turn(&current) => turn,
                _ = settings.changed() => {
                    self.notices = None;
                    continue;
                }
            };
            match turn {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    let wait = backoff.wait_after(&error, "what people learn about their shifts");
                    self.engine.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Sends what is due, then waits for a change of the directory or for what is due next.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<(), BackendError> {
        if self.directory.is_none() {
            self.directory = Some(self.engine.backend.directory().await?);
            self.notices = None;
        }
        let now = self.engine.clock.now();
        let with_stored = self.engine.with_stored(settings).await?;
        let next = self.send_due(&with_stored, now).await?;
        let wait = next.map_or(MAX_WAIT, |next| {
            let wait = next.signed_duration_since(now).to_std().unwrap_or_default();
            (wait + Duration::from_millis(1)).min(MAX_WAIT)
        });
        while self.sending.try_join_next().is_some() {}
        let delta = self.engine.backend.changes(self.cursor, wait).await?;
        self.cursor = Some(delta.cursor);
        if delta.directory || delta.reset {
            self.directory = None;
        }
        Ok(())
    }

    /// Sends what is due. Returns when the next notice is.
    async fn send_due(
        &mut self,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, BackendError> {
        let is_fresh = self
            .notices
            .as_ref()
            .is_some_and(|(as_of, _)| *as_of <= now && now - *as_of < RECOMPUTED_AFTER);
        if !is_fresh && let Some(directory) = &self.directory {
            let notices = shift_notices(directory, settings.signals.reminders, now);
            self.notices = Some((now, notices));
        }
        let Some((as_of, mut notices)) = self.notices.take() else { return Ok(None) };
        let mut next: Option<DateTime<Utc>> = None;
        let mut waiting = Vec::new();
        for notice in notices.drain(..) {
            let contacts = contacts(settings, &notice);
            let due = due(settings, &notice);
            if contacts.is_empty() {
                continue;
            }
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                waiting.push(notice);
                continue;
            }
            let until = notice.until.max(due + AFTER_QUIET);
            if until <= now || self.sending.len() >= MAX_SENDING {
                continue;
            }
            let reminder = Reminder {
                kind: notice.kind,
                key: notice.key.clone(),
                now,
                notifications: Vec::new(),
            };
            // Another program may have been first.
            if self.engine.ledger.remind(&reminder).await? {
                for contact in contacts {
                    self.send(settings, contact, &notice);
                }
            }
        }
        self.notices = Some((as_of, waiting));
        Ok(next)
    }

    /// Sends a notice in a task of its own, so that a broken channel delays no other.
    fn send(&mut self, settings: &EngineSettings, contact: Contact, notice: &ShiftNotice) {
        let message = OutboundMessage {
            id: Uuid::now_v7(),
            kind: MessageKind::Reminder,
            incident: None,
            text: notice.text.clone(),
            url: None,
            actions: Vec::new(),
            reply_to: None,
            bundled: 0,
            document: None,
        };
        let (sender, clock) = (Arc::clone(&settings.sender), Arc::clone(&self.engine.clock));
        let person = notice.person.handle.clone();
        self.sending.spawn(async move {
            if let Err(error) = send(sender.as_ref(), clock.as_ref(), &contact, &message).await {
                tracing::warn!(person, channel = contact.channel, "a notice was not sent: {error}");
            }
        });
    }
}

async fn send(
    sender: &dyn Sender,
    clock: &dyn Clock,
    contact: &Contact,
    message: &OutboundMessage,
) -> Result<(), SendError> {
    let mut wait = FIRST_RETRY;
    for attempt in 1..=ATTEMPTS {
        match sender.send(&contact.channel, &contact.address, message).await {
            Ok(_) => return Ok(()),
            // What may have arrived is not sent again: it calls nobody.
            Err(error @ SendError::Temporary { .. }) if attempt < ATTEMPTS => {
                tracing::debug!(%error, "a notice is tried again");
                clock.sleep(wait).await;
                wait *= 2;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the first contacts of a person, as far as this program has their channels.
fn contacts(settings: &EngineSettings, notice: &ShiftNotice) -> Vec<Contact> {
    let Some(person) = settings.contacts.of_person(&notice.person.handle) else {
        return Vec::new();
    };
    let plan = person.plan(Priority::P4);
    let first = plan.first().map(|(after_s, _)| *after_s);
    let channels = settings.sender.channels();
    plan.into_iter()
        .filter(|(after_s, contact)| Some(*after_s) == first && channels.contains(&contact.channel))
        .map(|(_, contact)| contact.clone())
        .collect()
}

/// Returns when a notice is sent: not in the quiet hours of the person.
fn due(settings: &EngineSettings, notice: &ShiftNotice) -> DateTime<Utc> {
    let person = settings.contacts.of_person(&notice.person.handle);
    let quiet = person.and_then(|person| person.quiet.as_ref());
    quiet.map_or(notice.due, |quiet| quiet.postpone(notice.due))
}
