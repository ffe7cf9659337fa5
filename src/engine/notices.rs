//! Notifies people of subjects other than incidents, such as their shifts: each notice once, by
//! whichever program is first.
//!
//! A notice is a notification of the ledger like any other: it is stored when it is due, and then
//! claimed, sent and tried again by the delivery.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::changes::Changes;
use super::parts::Parts;
use super::settings::EngineSettings;
use super::turns::{self, Turns};
use crate::backend::{ActionItemSearch, BackendError, Cursor, Reminder};
use crate::model::directory::Directory;
use crate::model::maintenance::MaintenanceSearch;
use crate::model::notification::Notification;
use crate::model::signals::{
    Notice, days_of_notices, notices_of_action_items, notices_of_shifts, notices_of_windows,
};

/// The longest wait: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How often notices are computed again though nothing has changed.
const RECOMPUTED_AFTER: TimeDelta = TimeDelta::hours(1);
/// How often action items are read again.
const ITEMS_READ_AFTER: TimeDelta = TimeDelta::minutes(10);
/// How many pages of action items are read at most, and how many a page has.
const MAX_ITEM_PAGES: usize = 10;
const ITEM_PAGE: u32 = 1000;
/// The most maintenance windows that are read.
const MAX_WINDOWS: u32 = 500;

/// Follows the directory and the maintenance windows, and stores notices.
pub(super) struct Notices<'a> {
    engine: &'a Parts,
    /// The other parts, which are woken by new messages.
    changes: &'a Changes,
    cursor: Option<Cursor>,
    /// `None` until it was read.
    directory: Option<Directory>,
    /// The notices about shifts that are due now or in the coming day, and as of when.
    of_shifts: Option<(DateTime<Utc>, Vec<Notice>)>,
    /// The notices about action items that are due now or in the coming day, and as of when.
    of_items: Option<(DateTime<Utc>, Vec<Notice>)>,
}

impl<'a> Notices<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Changes) -> Self {
        Self { engine, changes, cursor: None, directory: None, of_shifts: None, of_items: None }
    }

    /// Runs until it is dropped.
    pub(super) fn run(self) -> impl Future<Output = Infallible> {
        let engine = self.engine;
        turns::run(self, engine)
    }
}

impl Turns for Notices<'_> {
    const PURPOSE: &'static str = "what people learn about their shifts";

    fn is_wanted(settings: &EngineSettings) -> bool {
        !settings.sender.channels().is_empty()
    }

    fn reset(&mut self) {
        (self.directory, self.of_shifts, self.of_items) = (None, None, None);
    }

    fn reconsider(&mut self) {
        (self.of_shifts, self.of_items) = (None, None);
    }

    /// Stores due notices, then waits for a change of the directory or for the next due time.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<(), BackendError> {
        if self.directory.is_none() {
            self.directory = Some(self.engine.backend.directory().await?);
            self.of_shifts = None;
        }
        let now = self.engine.clock.now();
        let with_stored = self.engine.with_stored(settings).await?;
        let of_windows = self.read_windows(settings, now).await?;
        let of_shifts = self.of_shifts(settings, now);
        let (next, waiting) = self.store_due(of_shifts, &with_stored, now).await?;
        if let Some((_, notices)) = &mut self.of_shifts {
            *notices = waiting;
        }
        let (next_of_windows, _) = self.store_due(of_windows, &with_stored, now).await?;
        let of_items = self.of_items(settings, now).await?;
        let (next_of_items, waiting) = self.store_due(of_items, &with_stored, now).await?;
        if let Some((_, notices)) = &mut self.of_items {
            *notices = waiting;
        }
        let next = next.into_iter().chain(next_of_windows).chain(next_of_items).min();
        let wait = next.map_or(MAX_WAIT, |next| {
            let wait = next.signed_duration_since(now).to_std().unwrap_or_default();
            (wait + Duration::from_millis(1)).min(MAX_WAIT)
        });
        let delta = self.engine.backend.changes(self.cursor, wait).await?;
        self.cursor = Some(delta.cursor);
        if delta.directory || delta.reset {
            self.directory = None;
        }
        Ok(())
    }
}

impl Notices<'_> {
    /// Returns the notices about shifts that are not stored yet.
    fn of_shifts(&mut self, settings: &EngineSettings, now: DateTime<Utc>) -> Vec<Notice> {
        let is_fresh = self
            .of_shifts
            .as_ref()
            .is_some_and(|(as_of, _)| *as_of <= now && now - *as_of < RECOMPUTED_AFTER);
        if !is_fresh && let Some(directory) = &self.directory {
            let notices = notices_of_shifts(directory, settings.signals.reminders, now);
            self.of_shifts = Some((now, notices));
        }
        self.of_shifts.as_ref().map(|(_, notices)| notices.clone()).unwrap_or_default()
    }

    /// Returns the notices about action items that are not stored yet, if the settings enable them.
    async fn of_items(
        &mut self,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<Vec<Notice>, BackendError> {
        let is_fresh = self
            .of_items
            .as_ref()
            .is_some_and(|(as_of, _)| *as_of <= now && now - *as_of < ITEMS_READ_AFTER);
        if !is_fresh && settings.signals.reminders.action_items {
            let notices = match self.read_items(settings, now).await {
                Ok(notices) => notices,
                Err(error) if error.is_temporary() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "nobody learns that action items are due");
                    Vec::new()
                }
            };
            self.of_items = Some((now, notices));
        }
        Ok(self.of_items.as_ref().map(|(_, notices)| notices.clone()).unwrap_or_default())
    }

    /// Reads the notices about the open action items that are due about now.
    async fn read_items(
        &self,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<Vec<Notice>, BackendError> {
        let (from, to) = days_of_notices(now);
        let first = ActionItemSearch::first(ITEM_PAGE);
        let mut search = ActionItemSearch { done: Some(false), due_before: Some(to), ..first };
        let mut notices = Vec::new();
        for _ in 0..MAX_ITEM_PAGES {
            let page = self.engine.backend.action_items(&search).await?;
            let rows = page.rows.iter().filter(|row| row.item.due.is_some_and(|day| day >= from));
            let items = rows.map(|row| (row.incident.label(), &row.item));
            notices.extend(notices_of_action_items(items, settings.signals.reminders, now));
            search.after = page.next;
            if search.after.is_none() {
                break;
            }
        }
        Ok(notices)
    }

    /// Reads the notices about maintenance windows, if the settings enable them.
    async fn read_windows(
        &self,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<Vec<Notice>, BackendError> {
        let reminders = settings.signals.reminders;
        if reminders.windows_s.is_none() {
            return Ok(Vec::new());
        }
        let search = MaintenanceSearch { ended: false, limit: MAX_WINDOWS, now };
        match self.engine.backend.maintenance(&search).await {
            Ok(windows) => Ok(notices_of_windows(&windows, reminders, now)),
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "nobody learns that maintenance windows end");
                Ok(Vec::new())
            }
        }
    }

    /// Stores the notices that are due. Returns when the next one is, and those that are not due yet.
    async fn store_due(
        &self,
        notices: Vec<Notice>,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<(Option<DateTime<Utc>>, Vec<Notice>), BackendError> {
        let channels = settings.sender.channels();
        let mut next: Option<DateTime<Utc>> = None;
        let mut waiting = Vec::new();
        for notice in notices {
            let notifications = notice.plan(&settings.contacts, now);
            // Another program may have the channels of the person.
            if !notifications.iter().any(|one| channels.contains(&one.channel)) {
                continue;
            }
            let Some(first) = notifications.first() else { continue };
            if first.due > now {
                next = Some(next.map_or(first.due, |next| next.min(first.due)));
                waiting.push(notice);
            } else if is_of_use(first, now) {
                let (kind, key) = (notice.kind, notice.key);
                let reminder = Reminder { kind, key, now, notifications };
                // Another program may have been first.
                if self.engine.ledger.remind(&reminder).await? {
                    self.changes.notify();
                }
            }
        }
        Ok((next, waiting))
    }
}

fn is_of_use(notification: &Notification, now: DateTime<Utc>) -> bool {
    notification.until.is_none_or(|until| until > now)
}
