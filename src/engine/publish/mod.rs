//! Automatic publications: the status page, public updates in other systems, and scheduled reports.
//!
//! A server publishes; panes do not. The page follows the changes of the store: it is read again
//! when an incident changes of which stakeholders were informed, when the directory or a
//! maintenance window does, and when a window begins or ends.

mod claims;
mod publishing;
mod records;
mod reports;
mod settings;
mod systems;
mod windows;

use std::convert::Infallible;
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub(super) use reports::Reports;
pub use settings::{NamedPublisher, PublishSettings};

use super::backoff::Backoff;
use super::parts::{Parts, settings_changed};
use super::settings::EngineSettings;
use crate::backend::status_page::read_status_page;
use crate::backend::{BackendError, Cursor, Delta};
use crate::model::status_page::{MaintenanceState, StatusPage, StatusPageSettings};
use crate::outbound::site::{REFRESHED_AFTER, write_site};

/// The longest time for which the page is not read again.
const MAX_WAIT: Duration = Duration::from_mins(10);
/// The shortest time.
const MIN_WAIT: Duration = Duration::from_millis(200);
/// The delay after a change before the page is read, to include concurrent changes.
const SETTLE: Duration = Duration::from_secs(1);

/// Publishes the status page of a store.
pub(super) struct Pages<'a> {
    engine: &'a Parts,
    /// Up to where the changes of the store are known.
    cursor: Option<Cursor>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine, cursor: None }
    }

    /// Runs until it is dropped. The next program searches for publications in progress.
    pub(super) async fn run(mut self) -> Infallible {
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            let Some(page) = current.publish.page() else {
                current.publish.shared.clear();
                self.cursor = None;
                settings_changed(&mut settings).await;
                continue;
            };
            let turn = tokio::select! {
                turn = self.turn(&page, &current) => turn,
                _ = settings.changed() => continue,
            };
            match turn {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    let wait = backoff.wait_after(&error, "the status page");
                    self.engine.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Publishes the current page, and waits until it may have changed.
    async fn turn(
        &mut self,
        page_settings: &StatusPageSettings,
        settings: &EngineSettings,
    ) -> Result<(), BackendError> {
        if self.cursor.is_none() {
            // The cursor is read before the page, so that no change is missed while the page is read.
            let delta = self.engine.backend.changes(None, Duration::ZERO).await?;
            self.cursor = Some(delta.cursor);
        }
        let now = self.engine.clock.now();
        let page = read_status_page(&*self.engine.backend, page_settings, now).await?;
        if page_settings.served {
            settings.publish.shared.set(page.files());
        } else {
            settings.publish.shared.clear();
        }
        if let Some(folder) = page_settings.directory.clone() {
            write(folder, page.clone()).await;
        }
        let mut next = next_change(&page);
        for publisher in &settings.publish.publishers {
            let retry = systems::publish(self.engine, publisher, &page).await?;
            next = next.into_iter().chain(retry).min();
        }
        self.wait_for_change(next).await
    }

    /// Waits until a time, or until something changes that the page may show.
    async fn wait_for_change(&mut self, until: Option<DateTime<Utc>>) -> Result<(), BackendError> {
        let clock = &self.engine.clock;
        let began = clock.now();
        let wait = until.map_or(MAX_WAIT, |until| {
            let wait = until.signed_duration_since(began).to_std().unwrap_or_default();
            (wait + Duration::from_millis(1)).clamp(MIN_WAIT, MAX_WAIT)
        });
        loop {
            let passed = clock.now().signed_duration_since(began).to_std().unwrap_or_default();
            let Some(rest) = wait.checked_sub(passed).filter(|rest| !rest.is_zero()) else {
                return Ok(());
            };
            let change = async {
                let delta = self.engine.backend.changes(self.cursor, rest).await?;
                let is_relevant = may_change_page(&delta);
                self.cursor = Some(delta.cursor);
                Ok::<bool, BackendError>(is_relevant)
            };
            let is_relevant = tokio::select! {
                is_relevant = change => is_relevant?,
                () = clock.sleep(rest) => return Ok(()),
            };
            if is_relevant {
                clock.sleep(SETTLE).await;
                return Ok(());
            }
        }
    }
}

/// Returns whether a change of the store may change the page.
fn may_change_page(delta: &Delta) -> bool {
    delta.reset || delta.directory || delta.rows.iter().any(|row| row.updated_at.is_some())
}

/// Returns when the page changes by time alone: when a window begins or ends, or when the page in
/// the folder must be written again, so that readers see that it is up to date.
fn next_change(page: &StatusPage) -> Option<DateTime<Utc>> {
    let boundaries = page.maintenance.iter().filter_map(|window| match window.state {
        MaintenanceState::Scheduled => Some(window.from),
        MaintenanceState::InProgress => Some(window.until),
        MaintenanceState::Completed => None,
    });
    boundaries.chain([page.made_at + REFRESHED_AFTER]).min()
}

/// Writes the page into a folder. What can't be written is tried again with the next change.
async fn write(folder: PathBuf, page: StatusPage) {
    let shown = folder.display().to_string();
    let written = tokio::task::spawn_blocking(move || write_site(&folder, &page)).await;
    match written {
        Ok(Ok(written)) if written.files > 0 => {
            tracing::info!(files = written.files, folder = shown, "the status page was written");
        }
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, folder = shown, "the status page can't be written");
        }
        Err(error) => tracing::error!(%error, "the status page was not written"),
    }
}
