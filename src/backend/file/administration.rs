//! Carries out changes of administration, and reads those that were made.

use chrono::Utc;

use super::administration_table::{put_event, read_event, read_page};
use super::command_identity::{RequestIdentity, requester_text};
use super::directory_table::{put_directory, read_directory};
use super::error::{StoreError, StoreResult, reject_bad_field};
use super::sql::Batch;
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{
    Administered, AdministrationRequest, AdministrationSearch, BackendError, Page, PageMark,
};
use crate::model::administration::{AdministrationEvent, Applied, ApplyError, SettingsDirectory};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::check;
use crate::model::rejection::Rejection;

/// The greatest number of changes on a page.
const MAX_PAGE: u32 = 1000;

impl FileStore {
    /// Carries out a change of administration in a transaction.
    pub(super) async fn change_directory(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        self.check_writable()?;
        let (store, request) = (self.clone(), request.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let result = administer(&mut writer, &store, &request).await;
            if result.as_ref().map_or(true, |done| done.event.is_none() || done.replayed) {
                writer.roll_back().await;
            }
            drop(writer);
            store.inner.watcher.wake();
            result
        })
        .await
    }

    /// Reads one page of the changes of administration, the latest first.
    pub(super) async fn read_administration_log(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        self.with_path_context(async {
            if !(1..=MAX_PAGE).contains(&search.limit) {
                let problem = FieldProblem::RowCount { max: MAX_PAGE };
                return Err(reject_bad_field(BadField::new("limit", problem)));
            }
            let before = match &search.after {
                None => i64::MAX,
                Some(PageMark::Administration(position)) => *position,
                Some(_) => {
                    return Err(reject_bad_field(BadField::new(
                        "after",
                        FieldProblem::ForeignPage,
                    )));
                }
            };
            read_page(&mut *self.acquire_reader().await?, search, before).await
        })
        .await
    }
}

/// Begins a transaction and carries out a request. The transaction is committed if something has
/// changed or the id of the request was bound; otherwise it is still open.
async fn administer(
    writer: &mut Writer,
    store: &FileStore,
    request: &AdministrationRequest,
) -> StoreResult<Administered> {
    let options = &store.inner.options;
    let refuse = |rejection: Rejection| BackendError::rejected(rejection, Utc::now());
    check::time("at", request.at).map_err(reject_bad_field)?;
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let stored = read_directory(&mut writer.conn).await?.unwrap_or_default();
    let file = options.overlay_file.as_ref().map(|file| file.display().to_string());
    let settings = SettingsDirectory {
        directory: &options.overlay,
        file: file.as_deref().unwrap_or("of this program"),
    };
    if let Some(earlier) = read_event(&mut writer.conn, request.id).await? {
        // The change is recorded with the spelling of the directory.
        let is_same = request.change == earlier.change
            || request
                .change
                .apply(&stored, settings, request.at)
                .is_ok_and(|applied| applied.change == earlier.change);
        if !is_same || requester_text(&request.actor) != requester_text(&earlier.actor) {
            return Err(refuse(Rejection::IdReused).into());
        }
        return Ok(Administered { event: Some(earlier), replayed: true });
    }
    let identity =
        RequestIdentity::new(request.id, "administration", &request.change, &request.actor)?;
    if identity.is_repeated(&mut writer.conn).await? {
        // Its record is too old to be stored still.
        return Ok(Administered { event: None, replayed: true });
    }
    let applied =
        request.change.apply(&stored, settings, request.at).map_err(|error| match error {
            ApplyError::Refused(rejection) => StoreError::from(refuse(*rejection)),
            ApplyError::Directory(error) => StoreError::invalid(error),
        })?;
    request
        .check_expected(applied.before.as_ref())
        .map_err(|refusal| StoreError::from(refuse(Rejection::Administration(refusal))))?;
    let Applied { directory, change, before } = applied;
    if directory.is_none() && change.subject().is_some() {
        identity.commit_unchanged(&mut writer.conn).await?;
        return Ok(Administered { event: None, replayed: false });
    }
    let event = AdministrationEvent {
        id: request.id,
        at: request.at,
        actor: request.actor.clone(),
        change,
        before,
        extra: <_>::default(),
    };
    let mut batch = Batch::default();
    if let Some(directory) = &directory {
        put_directory(&mut batch, directory)?;
    }
    put_event(&mut batch, &event)?;
    identity.put(&mut batch);
    batch.sql("COMMIT;");
    batch.run(&mut writer.conn).await?;
    Ok(Administered { event: Some(event), replayed: false })
}
