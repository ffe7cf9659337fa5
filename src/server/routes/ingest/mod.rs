//! Handlers of messages with alerts, each in the form of the program that sends it.
//!
//! Their senders do not read an answer: they count its status and send the message again or not.
//! Alertmanager gives up a message that is refused with 4xx, also 429, so whatever may succeed later is
//! a 503 with `Retry-After`.

pub(super) mod alertmanager;
mod events;
pub(super) mod foreign;
mod goalert;
mod opsgenie;
mod prometheus;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use tokio::sync::SemaphorePermit;

use super::administration::actor;
use crate::api::ErrorCode;
use crate::backend::{BackendError, IngestOutcome};
use crate::ingest::IngestError;
use crate::model::alert::AlertGroup;
use crate::server::error::{ApiError, ApiResult};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// Stores the alerts of a message in the name of the caller. Each group is durable by itself, so a
/// sender that sends the message again after an error changes nothing of those that are stored.
async fn store_groups(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    groups: &[AlertGroup],
    sender: &'static str,
) -> ApiResult<Vec<IngestOutcome>> {
    let queued = enqueue(shared)?;
    store_queued(shared, caller, groups, sender, queued).await
}

/// Reserves room for a message that is to be stored.
fn enqueue(shared: &Shared) -> ApiResult<SemaphorePermit<'_>> {
    let message = "too many alerts are waiting to be stored: send the message again";
    shared.alert_permits.try_acquire().map_err(|_| ApiError::new(ErrorCode::Unreachable, message))
}

/// Stores the alerts of a message for which room is reserved, as [`store_groups`] does.
async fn store_queued(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    groups: &[AlertGroup],
    sender: &'static str,
    _queued: SemaphorePermit<'_>,
) -> ApiResult<Vec<IngestOutcome>> {
    let actor = actor(shared, caller).await?;
    let mut outcomes = Vec::with_capacity(groups.len());
    for group in groups {
        let result = shared.backend.ingest(group, &actor).await;
        // Before the caller is answered, so that others find what was written.
        shared.feed.record_write();
        shared.health.record_alerts(&result);
        let outcome = result.map_err(storing_failed)?;
        shared.metrics.record_alerts(sender, &outcome.alerts);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Returns the error for alerts that are not stored.
fn storing_failed(error: BackendError) -> ApiError {
    match error {
        // These may succeed later, once whoever runs the server has done something about it.
        BackendError::NotAllowed(_) | BackendError::Broken(_) | BackendError::Limited { .. } => {
            tracing::warn!("alerts can't be stored: {error}");
            let message = "alerts can't be stored now: send the message again";
            ApiError::new(ErrorCode::Unreachable, message)
        }
        error => error.into(),
    }
}

/// Returns the error for a message that can't be understood.
#[expect(clippy::unused_async, reason = "the message is to be stored, which waits")]
async fn not_understood(
    _shared: &Arc<Shared>,
    sender: &'static str,
    _content_type: Option<&str>,
    _body: &Bytes,
    error: &IngestError,
) -> ApiError {
    tracing::debug!(sender, %error, "a message can't be understood");
    ApiError::bad_request(error.to_string())
}

/// Returns the type of a body, as its sender says.
fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}
