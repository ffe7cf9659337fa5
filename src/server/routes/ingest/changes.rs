//! Records the changes that messages report.

use std::sync::Arc;

use super::{enqueue, storing_failed};
use crate::api::ErrorCode;
use crate::backend::change_reports::record_reports;
use crate::ingest::receivers::ChangeMessage;
use crate::model::Actor;
use crate::model::change::Change;
use crate::model::command::CommandKind;
use crate::server::error::{ApiError, ApiResult};
use crate::server::routes::administration::actor;
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// Records the changes in a message, in the name of the caller.
pub(super) async fn record_of(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    message: &ChangeMessage,
) -> ApiResult<Vec<Change>> {
    if !caller.token.scope.allows(CommandKind::RecordChange) {
        let text = "the token may not record changes: use one of scope ingest";
        return Err(ApiError::new(ErrorCode::NotAllowed, text));
    }
    let actor = actor(shared, caller).await?;
    record(shared, message, &actor).await
}

/// Records the changes in a message, in the name of an actor.
pub(super) async fn record(
    shared: &Arc<Shared>,
    message: &ChangeMessage,
    actor: &Actor,
) -> ApiResult<Vec<Change>> {
    let _queued = enqueue(shared)?;
    let directory = shared.directory().await?;
    let reports = message.complete(&directory, actor);
    let recorded = record_reports(&*shared.backend, &reports, actor).await;
    // Before the caller is answered, so that others find the write.
    shared.feed.record_write();
    recorded.map_err(storing_failed)
}
