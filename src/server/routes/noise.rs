//! Handlers of alerts that wait, and of checks that cry most.

use std::sync::Arc;

use axum::extract::State;
use chrono::{TimeDelta, Utc};

use super::incidents::{DEFAULT_ROWS, check_limit};
use crate::api::{path, query};
use crate::backend::{NoiseSearch, WaitingList};
use crate::model::noise::NoiseReport;
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::Query;
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// The default window.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);

/// Alerts that wait for others before an incident is declared
///
/// A rule of the settings may require several alerts within some time (`at_least` and `within`).
/// Until then they wait, listed with the last reported first. They are stored for a week.
#[utoipa::path(
    get, path = path::WAITING_ALERTS, operation_id = "waiting_alerts", tag = "changes",
    params(query::WaitingAlerts), security(("token" = [])),
    responses((status = 200, body = WaitingList, description = "The alerts"), ErrorResponses),
)]
pub(super) async fn waiting_alerts(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::WaitingAlerts>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    CachedJson::encode(&shared.backend.waiting_alerts(limit).await?).map(JsonResponse)
}

/// The checks with the most alerts
///
/// Counts the alerts that were last reported in the window, by their sender and the name of their
/// check: the number of reports, their incidents, how many of those led to work, and how long
/// people worked on them.
#[utoipa::path(
    get, path = path::NOISE, operation_id = "noise", tag = "incidents",
    params(query::Noise), security(("token" = [])),
    responses((status = 200, body = NoiseReport, description = "The checks"), ErrorResponses),
)]
pub(super) async fn noise(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::Noise>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    let to = query.to.unwrap_or_else(Utc::now);
    let from = query.from.or_else(|| to.checked_sub_signed(DEFAULT_WINDOW)).unwrap_or(to);
    if from > to {
        return Err(ApiError::rejected("from is after to: give an earlier time"));
    }
    let search = NoiseSearch { from, to, limit };
    CachedJson::encode(&shared.backend.noise(&search).await?).map(JsonResponse)
}
