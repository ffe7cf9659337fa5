//! Maintenance windows, and their effect.
//!
//! Windows are rows of the table `maintenance`. Their effect is a mark on incidents, set and
//! removed by the commands `mute` and `unmute` ([`settle`]): when an incident is declared
//! ([`declared`]), when a window is changed or ended, and when a window begins or ends.

mod declared;
mod settle;
mod table;

use chrono::{DateTime, Utc};
use sqlx::Row;
use uuid::Uuid;

use super::alerts::read_alerts;
use super::command_identity::RequestIdentity;
use super::error::{StoreResult, reject_bad_field};
use super::read::summary_at;
use super::sql::Batch;
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{BackendError, Outcome, SettledMaintenance};
use crate::model::alert::Alert;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::maintenance::{
    MaintenanceChange, MaintenancePreview, MaintenanceRefusal, MaintenanceRequest,
    MaintenanceSearch, MaintenanceWindow, MutedEntry, MutedSearch, NewWindow, WindowState,
};
use crate::model::rejection::Rejection;
use crate::model::time::recorded_time;
use crate::model::{CommandId, Rules};

pub(super) use table::{
    CachedWindows, WINDOW_BODIES, has_maintenance, parse_window, put_imported, read_records,
};

/// The first version of the schema that has the tables.
const FIRST_VERSION: i64 = 12;
/// The maximum number of rows per read.
const MAX_PAGE: u32 = 1000;
/// The most windows that have not ended.
const MAX_CURRENT: usize = 1000;
/// How many windows the directory has.
const MAX_IN_DIRECTORY: usize = 200;
/// The maximum number of an incident's alerts in a preview.
const MAX_PREVIEWED: u32 = 10_000;

impl FileStore {
    /// Reads the windows that have not ended, by when they mute next, and those that have.
    pub(super) async fn read_maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        check_limit(search.limit)?;
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        let mut windows = self
            .with_path_context(async {
                let conn = &mut *self.acquire_reader().await?;
                let mut windows = table::read_current(conn, search.now).await?;
                if search.ended {
                    windows.extend(table::read_ended(conn, search.now, search.limit).await?);
                }
                Ok(windows)
            })
            .await?;
        windows.sort_by_cached_key(|window| order_key(window, search.now));
        if !search.ended {
            windows.retain(|window| window.state(search.now) != WindowState::Ended);
        }
        windows.truncate(usize::try_from(search.limit).unwrap_or(usize::MAX));
        Ok(windows)
    }

    /// Reads the windows that the directory has: those that mute now or will do so next.
    pub(super) async fn read_directory_windows(
        &self,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        let limit = u32::try_from(MAX_IN_DIRECTORY).unwrap_or(MAX_PAGE);
        let now = self.inner.options.clock.now();
        let search = MaintenanceSearch { ended: false, limit, now };
        self.read_maintenance(&search).await
    }

    /// Reads one window.
    pub(super) async fn read_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        let window = if self.inner.version < FIRST_VERSION {
            None
        } else {
            self.with_path_context(async {
                table::read_window(&mut *self.acquire_reader().await?, id).await
            })
            .await?
        };
        window.ok_or_else(|| refuse(MaintenanceRefusal::NotFound))
    }

    /// Returns the alerts and incidents that a window would mute now.
    pub(super) async fn preview(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        window.filter.check().map_err(|bad| BackendError::rejected(bad.into(), Utc::now()))?;
        let actor = crate::model::Actor::Integration(settle::ACTOR.to_owned());
        let window = window.clone().into_window(Uuid::nil(), actor, Utc::now());
        self.with_path_context(async {
            let conn = &mut *self.acquire_reader().await?;
            let rows = Batch::new(
                "SELECT key, row FROM incident WHERE facets < 320 ORDER BY facets, key DESC",
            );
            let mut preview = MaintenancePreview::default();
            for row in rows.fetch_all(conn).await? {
                let incident = summary_at(&row, 1)?;
                let alerts = read_alerts(conn, row.try_get(0)?, MAX_PREVIEWED).await?;
                let firing: Vec<Alert> = alerts.into_iter().filter(Alert::is_firing).collect();
                preview.add(&window, &incident, &firing);
            }
            Ok(preview)
        })
        .await
    }

    /// Reads the incidents that are muted, or were muted last by a window, the latest first.
    pub(super) async fn read_muted(
        &self,
        search: &MutedSearch,
    ) -> Result<Vec<MutedEntry>, BackendError> {
        check_limit(search.limit)?;
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        self.with_path_context(async {
            let conn = &mut *self.acquire_reader().await?;
            let mut batch = Batch::new(
                "SELECT i.row FROM muted m JOIN incident i ON i.key = m.incident
                    WHERE ?1 IS NULL OR m.maintenance = ?1
                    ORDER BY m.ended IS NOT NULL, m.at DESC, m.incident DESC LIMIT ?2",
            );
            batch
                .arg(search.window.map(|window| window.as_bytes().to_vec()))
                .arg(i64::from(search.limit));
            let mut entries = Vec::new();
            for row in batch.fetch_all(conn).await? {
                let row = summary_at(&row, 0)?;
                let Some(mute) = row.muted else { continue };
                entries.push(MutedEntry {
                    incident: row.id,
                    number: row.number,
                    title: row.title,
                    priority: row.priority,
                    status: row.status,
                    mute,
                });
            }
            Ok(entries)
        })
        .await
    }

    /// Creates, changes or ends a window, and mutes and releases incidents accordingly in the same
    /// transaction.
    pub(super) async fn store_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        self.check_writable()?;
        let (store, request) = (self.clone(), request.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            store.reserve_for(settle::MAX_COMMANDS);
            let done = Box::pin(change(&mut writer, &rules, &request)).await;
            match &done {
                Ok(Changed { outcomes, is_stored: true, .. }) => {
                    writer.on_commit();
                    store.record_issued(&writer, outcomes.iter());
                }
                Ok(_) => writer.roll_back().await,
                Err(_) => {
                    writer.roll_back().await;
                    writer.clear_caches();
                }
            }
            drop(writer);
            let Changed { window, is_stored, .. } = done?;
            if is_stored {
                store.inner.watcher.wake();
            }
            Ok(window)
        })
        .await
    }

    /// Mutes and releases incidents as due; see
    /// [`Ledger::settle_maintenance`](crate::backend::Ledger::settle_maintenance).
    pub(super) async fn settle_all(
        &self,
        now: DateTime<Utc>,
    ) -> Result<SettledMaintenance, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(SettledMaintenance::default());
        }
        // A step that has nothing to do costs no write.
        let (windows, is_due) = self
            .with_path_context(async {
                let conn = &mut *self.acquire_reader().await?;
                let windows = table::read_current(conn, now).await?;
                Ok((windows, !settle::find_due(conn, now).await?.is_empty()))
            })
            .await?;
        let next = windows.iter().filter_map(|window| window.next_boundary(now)).min();
        let mut settled = SettledMaintenance { muted: 0, released: 0, next };
        if !is_due {
            return Ok(settled);
        }
        self.check_writable()?;
        let store = self.clone();
        let outcomes = self
            .run_to_completion(async move {
                store.check_same_file()?;
                let mut writer = store.lock_writer().await;
                let rules = store.rules();
                store.reserve_for(settle::MAX_COMMANDS);
                let done = Box::pin(settle_in_transaction(&mut writer, &rules, now)).await;
                if let Ok((outcomes, _)) = &done {
                    writer.on_commit();
                    store.record_issued(&writer, outcomes.iter());
                } else {
                    writer.roll_back().await;
                    writer.clear_caches();
                }
                drop(writer);
                store.inner.watcher.wake();
                done
            })
            .await?;
        let (outcomes, has_more) = outcomes;
        for outcome in &outcomes {
            let is_muted = outcome.row.as_ref().is_some_and(crate::model::Summary::is_muted);
            *(if is_muted { &mut settled.muted } else { &mut settled.released }) += 1;
        }
        if has_more && !outcomes.is_empty() {
            settled.next = Some(now);
        }
        Ok(settled)
    }
}

/// Mutes and releases incidents as due in a transaction of its own. Also returns whether there are
/// more.
async fn settle_in_transaction(
    writer: &mut Writer,
    rules: &Rules,
    now: DateTime<Utc>,
) -> StoreResult<(Vec<Outcome>, bool)> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let due = settle::find_due(&mut writer.conn, now).await?;
    let has_more = due.len() > settle::MAX_COMMANDS;
    let outcomes = settle::carry_out(writer, rules, due, now).await?;
    writer.run_and_read_log(Batch::new("COMMIT;")).await?;
    Ok((outcomes, has_more))
}

/// Returns the position of a window in lists: active ones first, then future ones, the next one
/// first, and then ended ones, the last one first.
fn order_key(window: &MaintenanceWindow, now: DateTime<Utc>) -> (u8, i64, Uuid) {
    match window.state(now) {
        WindowState::Active(occurrence) => (0, occurrence.until.timestamp_millis(), window.id),
        WindowState::Planned(occurrence) => (1, occurrence.from.timestamp_millis(), window.id),
        WindowState::Ended => {
            let end = window.last_end().unwrap_or(window.until);
            (2, end.timestamp_millis().saturating_neg(), window.id)
        }
    }
}

/// The result of a request.
struct Changed {
    window: MaintenanceWindow,
    /// The outcomes of the commands that followed.
    outcomes: Vec<Outcome>,
    /// Whether the transaction was committed; otherwise it is still open.
    is_stored: bool,
}

fn refuse(refusal: MaintenanceRefusal) -> BackendError {
    BackendError::rejected(Rejection::Maintenance(refusal), Utc::now())
}

fn check_limit(limit: u32) -> Result<(), BackendError> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(());
    }
    let bad = BadField::new("limit", FieldProblem::RowCount { max: MAX_PAGE });
    Err(BackendError::rejected(bad.into(), Utc::now()))
}

async fn change(
    writer: &mut Writer,
    rules: &Rules,
    request: &MaintenanceRequest,
) -> StoreResult<Changed> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let stored = table::read_window(&mut writer.conn, request.id).await?;
    let current = table::read_current_bodies(&mut writer.conn, request.at).await?.len();
    let identity = identity(request)?;
    if let Some(identity) = &identity
        && identity.is_repeated(&mut writer.conn).await?
        && let Some(window) = &stored
    {
        let window = window.clone();
        return Ok(Changed { window, outcomes: Vec::new(), is_stored: false });
    }
    let (window, is_stored) = changed_window(stored, request)?;
    if !is_stored {
        return Ok(Changed { window, outcomes: Vec::new(), is_stored });
    }
    window.check().and_then(|()| window.check_zone()).map_err(reject_bad_field)?;
    if window.revision == 1 && current >= MAX_CURRENT {
        let problem = FieldProblem::TooManyEntries { count: current + 1, max: MAX_CURRENT };
        return Err(reject_bad_field(BadField::new("maintenance", problem)));
    }
    let mut batch = Batch::default();
    table::put_window(&mut batch, &window, request.at)?;
    if let Some(identity) = identity {
        identity.put(&mut batch);
    }
    batch.run(&mut writer.conn).await?;
    let due = settle::find_due(&mut writer.conn, request.at).await?;
    let outcomes = settle::carry_out(writer, rules, due, request.at).await?;
    writer.run_and_read_log(Batch::new("COMMIT;")).await?;
    Ok(Changed { window, outcomes, is_stored })
}

/// Returns what the id of a request is bound to that creates a window.
fn identity(request: &MaintenanceRequest) -> StoreResult<Option<RequestIdentity>> {
    let MaintenanceChange::Create(new) = &request.change else { return Ok(None) };
    let new = normalized(new.clone());
    RequestIdentity::new(CommandId(request.id), "maintenance", &new, &request.actor).map(Some)
}

/// Returns the window that a request leads to, and whether that is a change.
fn changed_window(
    stored: Option<MaintenanceWindow>,
    request: &MaintenanceRequest,
) -> Result<(MaintenanceWindow, bool), BackendError> {
    let at = recorded_time(request.at);
    let stored = match (stored, &request.change) {
        (None, MaintenanceChange::Create(new)) => {
            let new = normalized(new.clone());
            return Ok((new.into_window(request.id, request.actor.clone(), at), true));
        }
        (Some(stored), MaintenanceChange::Create(new)) => {
            // The same request again, also after the window was ended or its repetition was changed.
            if NewWindow::from(&stored) == normalized(new.clone()) {
                return Ok((stored, false));
            }
            return Err(BackendError::rejected(Rejection::IdReused, Utc::now()));
        }
        (None, _) => return Err(refuse(MaintenanceRefusal::NotFound)),
        (Some(stored), _) => stored,
    };
    let has_ended = stored.ended_at.is_some();
    match &request.change {
        MaintenanceChange::End if has_ended || stored.state(at) == WindowState::Ended => {
            return Ok((stored, false));
        }
        MaintenanceChange::Change(new)
            if !has_ended && NewWindow::from(&stored) == normalized(new.clone()) =>
        {
            return Ok((stored, false));
        }
        _ => {}
    }
    if let Some(ended_at) = stored.ended_at {
        return Err(refuse(MaintenanceRefusal::Ended { at: ended_at }));
    }
    if let Some(expected) = request.expected.filter(|expected| *expected != stored.revision) {
        let current = stored.revision;
        return Err(refuse(MaintenanceRefusal::ChangedMeanwhile { expected, current }));
    }
    let mut window = stored;
    window.revision = window.revision.saturating_add(1);
    window.updated_at = Some(at);
    match &request.change {
        MaintenanceChange::Change(new) => {
            let new = normalized(new.clone());
            let NewWindow { title, filter, from, until, recurrence, comment, .. } = new;
            (window.title, window.filter, window.comment) = (title, filter, comment);
            (window.from, window.until, window.recurrence) = (from, until, recurrence);
            (window.mutes_people, window.public_text) = (new.mutes_people, new.public_text);
        }
        MaintenanceChange::End => window.ended_at = Some(at),
        MaintenanceChange::Create(_) => {}
    }
    Ok((window, true))
}

/// Returns a window with times as they are stored, and its title on one line.
fn normalized(mut window: NewWindow) -> NewWindow {
    window.from = recorded_time(window.from);
    window.until = recorded_time(window.until);
    window.title = window.title.trim().to_owned();
    window
}
