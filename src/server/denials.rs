//! Counts and logs requests that are refused because of their token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::metrics::Metrics;
use super::throttle::Throttle;
use super::tokens::Denied;
use crate::model::text::SafeText;

/// The reason why a request is not authenticated, as a label value and for the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum DenialReason {
    /// The request has no token.
    Missing,
    /// The header is not one `Bearer` token.
    Malformed,
    /// There is no such token.
    Unknown,
    /// The token has expired.
    Expired,
    /// The token was revoked.
    Revoked,
}

/// A denial as the access log has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Denial {
    /// The reason why the request was denied.
    pub reason: DenialReason,
    /// The public id of the token, if it is one of this server's.
    pub token_id: Option<String>,
}

impl From<&Denied> for Denial {
    fn from(denied: &Denied) -> Self {
        let (reason, token_id) = match denied {
            Denied::Unknown => (DenialReason::Unknown, None),
            Denied::Expired { id, .. } => (DenialReason::Expired, Some(id.clone())),
            Denied::Revoked { id, .. } => (DenialReason::Revoked, Some(id.clone())),
        };
        Self { reason, token_id }
    }
}

/// Counts denials, and logs each kind for each address once in a while.
#[derive(Debug)]
pub(super) struct Denials {
    metrics: Arc<Metrics>,
    throttle: Throttle<(DenialReason, Option<String>, Option<IpAddr>)>,
}

impl Denials {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, throttle: Throttle::new() }
    }

    /// Records a denied request from an address.
    pub(super) fn record(&self, denial: &Denial, peer: Option<IpAddr>) {
        let Denial { reason, token_id } = denial;
        let label = <&'static str>::from(*reason);
        self.metrics.record_denial(label);
        if let (DenialReason::Revoked, Some(id)) = (reason, token_id) {
            self.metrics.record_revoked_use(id);
        }
        // Probes and browsers send requests without any token.
        if *reason == DenialReason::Missing {
            return;
        }
        let key = (*reason, token_id.clone(), peer);
        let Some(more) = self.throttle.count(key, Instant::now()) else { return };
        let from = peer.map_or_else(|| "an unknown address".to_owned(), |peer| peer.to_string());
        let more = if more == 0 { String::new() } else { format!(", {more} more times before") };
        let token = token_id.as_ref().map(SafeText::from);
        match (reason, token) {
            (DenialReason::Revoked, Some(id)) => {
                tracing::warn!("the revoked token {id} was used from {from}{more}");
            }
            (DenialReason::Expired, Some(id)) => {
                tracing::warn!("the expired token {id} was used from {from}{more}");
            }
            (DenialReason::Malformed, _) => {
                tracing::warn!("a request from {from} has an Authorization that is no token{more}");
            }
            _ => tracing::warn!("a request from {from} has a token that is not known{more}"),
        }
    }
}
